/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a run: a line for each interval, the summary, CSV, JSON, and a page with
 * charts. */
#ifndef TOOLS_PERF_REPORT_H
#define TOOLS_PERF_REPORT_H

#include "tools/perf/meter.h"

/* Figures of an interval, or of the whole run. */
struct stretch {
	double at_s, seconds; /* when it ended, since the run began; how long it was */
	uint64_t n[COUNTS];
	struct meter_reading latency, confirm;
};

/* From one reading to a later one, in a run that began then. */
void stretch_between(struct stretch *out, const struct reading *from, const struct reading *to,
                     uint64_t began_us);

/* Opens what options ask for. */
void report_begin(void);

/* An interval is over. */
void report_interval(const struct stretch *s);

/* The run is over. */
void report_end(const struct stretch *whole);

#endif
