/* SPDX-License-Identifier: Apache-2.0 */
/* The last words of leveret-perf. */
#ifndef TOOLS_PERF_SAY_H
#define TOOLS_PERF_SAY_H

enum { PERF_OK, PERF_FAILED, PERF_USAGE };

/* The command line makes no sense. */
_Noreturn void say_usage(const char *form, ...) __attribute__((format(printf, 1, 2)));

/* The run cannot go on. */
_Noreturn void say_failed(const char *form, ...) __attribute__((format(printf, 1, 2)));

#endif
