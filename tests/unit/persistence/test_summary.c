/* SPDX-License-Identifier: Apache-2.0 */
/* A log that is gathered by way of summaries of its stretches is the same as one that is gathered
 * record by record. */
#include "persistence/summary.h"

#include <check.h>

Suite *suite_persistence_summary(void);

enum { QUEUES = 4, RECORDS = 3000 };

struct dice {
	uint64_t state;
};

static unsigned roll(struct dice *d, unsigned sides)
{
	d->state = d->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(d->state >> 33) % sides;
}

/* What is made up goes to both. */
static struct summary direct, pieces, stretch;
static struct buf body;
static log_position at;
static uint64_t next_seq[QUEUES + 1];

static void set_up(void)
{
	summary_init(&direct, true);
	summary_init(&pieces, true);
	summary_init(&stretch, false);
	at = 4096;
	for (int i = 0; i <= QUEUES; i++)
		next_seq[i] = 1;
}

static void tear_down(void)
{
	summary_free(&direct);
	summary_free(&pieces);
	summary_free(&stretch);
	buf_free(&body);
}

static void add(uint8_t type)
{
	struct log_record r = { .type = type, .at = at, .body = buf_slice(&body) };
	ck_assert(summary_add(&direct, &r));
	ck_assert(summary_add(&stretch, &r));
	at += 8 * (body.len / 8 + 3);
	buf_clear(&body);
}

static void end_of_stretch(void)
{
	struct buf bytes = { 0 };
	struct slice catalog;
	summary_write(&bytes, &stretch);
	ck_assert(summary_merge(&pieces, buf_slice(&bytes), &catalog));
	summary_clear(&stretch);
	buf_free(&bytes);
}

static void publish(struct dice *d, const struct record_target *from, bool chunked)
{
	struct record_target t[QUEUES];
	struct record_publish r = { .targets = t, .body_bytes = roll(d, 300),
		                        .expires = roll(d, 100) == 0 };
	for (uint32_t q = 1; q <= QUEUES; q++)
		if (roll(d, 2) || (q == QUEUES && r.n_targets == 0))
			t[r.n_targets++] = (struct record_target){ q, next_seq[q]++ };
	if (chunked) {
		r.chunks = 1 + roll(d, 3);
		r.body_bytes = 0;
		for (uint32_t i = 0; i < r.chunks; i++) {
			size_t n = 1 + roll(d, 100);
			memset(buf_reserve(&body, n), 'c', n);
			body.len = n;
			r.body_bytes += n;
			add(RECORD_CHUNK);
			if (roll(d, 5) == 0)
				end_of_stretch();
		}
	}
	if (from)
		record_move_encode(&body, from, &r);
	else
		record_publish_encode(&body, &r);
	if (!chunked) {
		memset(buf_reserve(&body, r.body_bytes), 'b', r.body_bytes);
		body.len += r.body_bytes;
	}
	add(from ? RECORD_MOVE : RECORD_PUBLISH);
}

static void ack(struct dice *d, uint32_t q)
{
	uint64_t first = 1 + roll(d, (unsigned)next_seq[q]);
	uint64_t count = 1 + roll(d, 5);
	if (first >= next_seq[q])
		return;
	count = first + count > next_seq[q] ? next_seq[q] - first : count;
	struct record_range r = { first, count };
	record_ack_encode(&body, q, &r, 1);
	add(RECORD_ACK);
}

static void step(struct dice *d)
{
	uint32_t q = 1 + roll(d, QUEUES);
	struct record_target from = { q, 1 + roll(d, (unsigned)next_seq[q]) };
	switch (roll(d, 20)) {
	case 0 ... 8: publish(d, NULL, roll(d, 10) == 0); break;
	case 9 ... 16: ack(d, q); break;
	case 17: publish(d, from.seq < next_seq[q] ? &from : NULL, false); break;
	case 18:
		record_delivered_encode(&body, &(struct record_delivered){ q, next_seq[q] });
		add(RECORD_DELIVERED);
		break;
	default: end_of_stretch();
	}
}

static void expect_same(uint32_t id)
{
	struct summary_queue *a = summary_queue(&direct, id), *b = summary_queue(&pieces, id);
	struct trail_entry x, y;
	ck_assert_uint_eq(a->next_seq, b->next_seq);
	ck_assert_uint_eq(a->delivered_below, b->delivered_below);
	ck_assert_int_eq(a->expires, b->expires);
	ck_assert_uint_eq(a->put.body_bytes, b->put.body_bytes);
	for (;;) {
		summary_squeeze(a);
		summary_squeeze(b);
		bool more = trail_pop(&a->put, &x);
		ck_assert_int_eq(trail_pop(&b->put, &y), more);
		if (!more)
			break;
		ck_assert_msg(x.seq == y.seq && x.at == y.at && x.body_bytes == y.body_bytes,
		              "queue %u: %llu and %llu", id, (unsigned long long)x.seq,
		              (unsigned long long)y.seq);
	}
}

START_TEST(stretches_are_as_good_as_records)
{
	struct dice d = { (uint64_t)_i };
	for (int i = 0; i < RECORDS; i++)
		step(&d);
	end_of_stretch();
	for (uint32_t q = 1; q <= QUEUES; q++)
		expect_same(q);
}
END_TEST

START_TEST(catalog_records_come_back_in_order)
{
	struct buf bytes = { 0 };
	struct slice catalog;
	struct log_record r;
	for (int i = 0; i < 3; i++) {
		buf_printf(&body, "record %d", i);
		add(i == 1 ? RECORD_UNDEFINE : RECORD_DEFINE);
	}
	summary_write(&bytes, &stretch);
	ck_assert(summary_merge(&pieces, buf_slice(&bytes), &catalog));
	for (int i = 0; i < 3; i++) {
		ck_assert(summary_next_record(&catalog, &r));
		ck_assert_uint_eq(r.type, i == 1 ? RECORD_UNDEFINE : RECORD_DEFINE);
		ck_assert_uint_eq(r.body.n, 8);
		ck_assert_uint_eq(r.body.p[7], '0' + i);
	}
	ck_assert(!summary_next_record(&catalog, &r) && catalog.n == 0);
	buf_free(&bytes);
}
END_TEST

START_TEST(cut_bytes_are_no_summary)
{
	struct dice d = { 9 };
	struct buf bytes = { 0 };
	struct slice catalog;
	for (int i = 0; i < 100; i++)
		publish(&d, NULL, false);
	summary_clear(&stretch);
	for (int i = 0; i < 20; i++)
		publish(&d, NULL, false);
	summary_write(&bytes, &stretch);
	for (size_t n = 0; n < bytes.len; n++)
		if (summary_merge(&pieces, slice_of(bytes.p, n), &catalog))
			ck_abort_msg("%zu bytes of %zu are taken", n, bytes.len);
	ck_assert(summary_merge(&pieces, buf_slice(&bytes), &catalog));
	buf_free(&bytes);
}
END_TEST

Suite *suite_persistence_summary(void)
{
	Suite *s = suite_create("persistence/summary");
	TCase *t = tcase_create("summary");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, stretches_are_as_good_as_records, 1, 6);
	tcase_add_test(t, catalog_records_come_back_in_order);
	tcase_add_test(t, cut_bytes_are_no_summary);
	suite_add_tcase(s, t);
	return s;
}
