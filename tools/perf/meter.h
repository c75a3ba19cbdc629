/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted while a run goes on: by many threads, read by one.  Times are kept in classes,
 * eight for each power of two, so that a quantile is an eighth too high at most. */
#ifndef TOOLS_PERF_METER_H
#define TOOLS_PERF_METER_H

#include <stdatomic.h>
#include <stdint.h>

enum { METER_CLASSES = 8 * 48 };

struct meter {
	_Atomic uint64_t n, total_us;
	_Atomic uint64_t classes[METER_CLASSES];
};

enum { COUNT_SENT, COUNT_RECEIVED, COUNT_CONFIRMED, COUNT_NACKED, COUNT_RETURNED, COUNTS };

struct counts {
	_Atomic uint64_t n[COUNTS];
	struct meter latency; /* from publish to delivery ... */
	struct meter confirm; /* ... and to confirm */
};

extern struct counts counts;

static inline void count(unsigned what, uint64_t n)
{
	atomic_fetch_add_explicit(&counts.n[what], n, memory_order_relaxed);
}

/* Something took so long. */
void meter_add(struct meter *m, uint64_t us);

/* How it stood at a moment. */
struct reading {
	uint64_t at_us;
	uint64_t n[COUNTS];
	struct meter_reading {
		uint64_t n, total_us, classes[METER_CLASSES];
	} latency, confirm;
};

void meter_read(struct reading *out);

/* What came since an earlier reading. */
void meter_since(struct meter_reading *out, const struct meter_reading *now,
                 const struct meter_reading *then);

/* So many of a hundred took no longer; 0 when there were none. */
uint64_t meter_quantile_us(const struct meter_reading *m, double percent);

/* The monotonic clock, which all processes of a machine share. */
uint64_t meter_now_us(void);

#endif
