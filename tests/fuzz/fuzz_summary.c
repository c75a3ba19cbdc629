/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the bytes of a summary.  What is taken in can be walked to its end; what is not
 * leaves nothing dangling. */
#include "persistence/summary.h"
#include "tests/fuzz/fuzz.h"

static void drain(struct summary_queue *q)
{
	struct trail_entry e;
	uint64_t n = q->put.count;
	summary_squeeze(q);
	must(q->put.count <= n);
	for (n = q->put.count; trail_pop(&q->put, &e); n--)
		must(e.at % 8 == 0 && n > 0);
	must(n == 0);
	struct due d;
	for (n = q->dues.count; dues_pop(&q->dues, &d); n--)
		must(n > 0 && d.when_ms >= 0);
	must(n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct summary s;
	struct slice catalog = { 0 };
	struct log_record r;
	summary_init(&s, true);
	if (summary_merge(&s, slice_of(data, size), &catalog)) {
		must(fuzz_inside(catalog, slice_of(data, size)));
		while (summary_next_record(&catalog, &r))
			must(fuzz_inside(r.body, slice_of(data, size)));
		size_t cursor = 0;
		for (struct summary_queue *q; (q = map_next(&s.queues, &cursor));)
			drain(q);
	}
	summary_free(&s);
	return 0;
}
