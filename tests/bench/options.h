/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of the load generator: numbers only, key=value. */
#ifndef TESTS_BENCH_OPTIONS_H
#define TESTS_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
#define OPTION(name, default, text) uint64_t name;
#include "tests/bench/options.def"
#undef OPTION
};

extern struct options options;

/* Fills `options`; what is not understood or makes no sense ends the program with the usage. */
void options_read(int argc, char **argv);

#endif
