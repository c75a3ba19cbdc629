/* SPDX-License-Identifier: Apache-2.0 */
/* A run: it goes on until its time is over, its counts are reached, or somebody ends it. */
#ifndef TOOLS_PERF_RUN_H
#define TOOLS_PERF_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* True when all are to end. */
extern atomic_bool run_over;

/* Waits as long as a pace demands: n were done since began_us at so many a second (-1: no pace). */
void run_pace(int64_t n, uint64_t began_us, int64_t rate);

/* What threads do; they return when they are done or the run is over. */
void *producer_run(void *number);
void *consumer_run(void *number);

#endif
