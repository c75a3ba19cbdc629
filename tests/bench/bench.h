/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the load generator share. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "tests/wire/wire.h"

enum { MAX_PEERS = 64, MAX_QUEUES = 8000, NAME_BYTES = 32, WINDOW_MAX = 100000 };

/* Ends the program: there is nothing to measure. */
_Noreturn void bench_give_up(const struct wire *w, const char *what);

/* A call that must be answered. */
void bench_call(struct wire *w, const struct method *m, uint32_t answer);

#endif
