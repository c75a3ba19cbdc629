/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "persistence/record.h"

Suite *suite_persistence_record(void);

static const struct record_target targets[] = { { 1, 1 },
	                                            { 7, 1ull << 40 },
	                                            { UINT32_MAX, UINT64_MAX } };

static struct buf a_publish(void)
{
	struct buf b = { 0 };
	struct record_publish r = { .targets = targets, .n_targets = 3,
		                        .exchange = slice_str("amq.topic"),
		                        .key = slice_str("a.b.c"), .header = slice_str("header bytes"),
		                        .body_bytes = 4 };
	record_publish_encode(&b, &r);
	buf_append(&b, "body", 4);
	return b;
}

START_TEST(a_publish_comes_back)
{
	struct buf b = a_publish();
	struct record_publish got;
	struct record_target t;
	ck_assert(record_publish_decode(buf_slice(&b), &got));
	ck_assert(slice_is(got.exchange, "amq.topic") && slice_is(got.key, "a.b.c"));
	ck_assert(slice_is(got.header, "header bytes") && slice_is(got.body, "body"));
	ck_assert_uint_eq(got.n_targets, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert(record_target_next(&got.packed_targets, &t));
		ck_assert_uint_eq(t.queue, targets[i].queue);
		ck_assert_uint_eq(t.seq, targets[i].seq);
	}
	ck_assert(!record_target_next(&got.packed_targets, &t));
	buf_free(&b);
}
END_TEST

START_TEST(no_truncation_of_a_publish_is_read_past_its_end)
{
	struct buf b = a_publish();
	struct record_publish got;
	for (size_t n = 0; n < b.len; n++)
		ck_assert_msg(!record_publish_decode(slice_of(b.p, n), &got), "%zu of %zu", n, b.len);
	buf_free(&b);
}
END_TEST

static struct buf a_numbered_publish(void)
{
	struct buf b = { 0 };
	struct record_publish r = { .targets = targets, .n_targets = 3,
		                        .publisher = slice_str("p"), .sequence = UINT64_MAX,
		                        .timed = true, .due_ms = 5, .header = slice_str("h") };
	record_publish_encode(&b, &r);
	return b;
}

START_TEST(a_publish_says_who_numbered_it)
{
	struct buf b = a_numbered_publish();
	struct record_publish got;
	ck_assert(record_publish_decode(buf_slice(&b), &got));
	ck_assert(slice_is(got.publisher, "p") && slice_is(got.header, "h"));
	ck_assert(got.sequence == UINT64_MAX && got.timed && got.due_ms == 5);
	for (size_t n = 0; n < b.len; n++)
		ck_assert_msg(!record_publish_decode(slice_of(b.p, n), &got), "%zu of %zu", n, b.len);
	buf_free(&b);
	b = a_publish();
	ck_assert(record_publish_decode(buf_slice(&b), &got) && got.publisher.n == 0);
	buf_free(&b);
}
END_TEST

START_TEST(a_publisher_comes_back)
{
	static const struct record_range refused[] = { { 3, 2 }, { 9, 1 } };
	struct buf b = { 0 };
	struct record_publisher r = { .queue = 7, .name = slice_str("name"), .sequence = 1ull << 40,
		                          .refused = refused, .n_refused = 2 }, got;
	struct record_range one;
	record_publisher_encode(&b, &r);
	ck_assert(record_publisher_decode(buf_slice(&b), &got));
	ck_assert(got.queue == 7 && got.sequence == 1ull << 40 && slice_is(got.name, "name"));
	for (int i = 0; i < 2; i++) {
		ck_assert(record_range_next(&got.packed_refused, &one));
		ck_assert(one.first == refused[i].first && one.count == refused[i].count);
	}
	ck_assert(!record_range_next(&got.packed_refused, &one));
	for (size_t n = 0, whole = b.len - 4; n < b.len; n++)   /* a range takes two octets here */
		ck_assert_int_eq(record_publisher_decode(slice_of(b.p, n), &got),
		                 n >= whole && (n - whole) % 2 == 0);
	buf_clear(&b);
	r.name = slice_str("");
	record_publisher_encode(&b, &r);
	ck_assert(!record_publisher_decode(buf_slice(&b), &got));
	buf_free(&b);
}
END_TEST

START_TEST(ack_ranges_come_back)
{
	static const struct record_range ranges[] = { { 1, 3 }, { 5, 1 }, { 1000000, 4000000000u } };
	struct buf b = { 0 };
	struct record_ack a;
	struct record_range r;
	record_ack_encode(&b, 12, ranges, 3);
	ck_assert(record_ack_decode(buf_slice(&b), &a));
	ck_assert_uint_eq(a.queue, 12);
	for (int i = 0; i < 3; i++) {
		ck_assert(record_range_next(&a.gone, &r));
		ck_assert_uint_eq(r.first, ranges[i].first);
		ck_assert_uint_eq(r.count, ranges[i].count);
	}
	ck_assert(!record_range_next(&a.gone, &r));
	buf_free(&b);
}
END_TEST

START_TEST(cut_ack_ranges_are_fewer_or_refused)
{
	static const struct record_range ranges[] = { { 1, 3 }, { 500, 100 } };
	struct buf b = { 0 };
	struct record_ack a;
	struct record_range r;
	record_ack_encode(&b, 12, ranges, 2);
	for (size_t n = 0; n < b.len; n++) {
		if (!record_ack_decode(slice_of(b.p, n), &a))
			continue;
		if (record_range_next(&a.gone, &r))
			ck_assert(r.first == 1 && r.count == 3);
		ck_assert(!record_range_next(&a.gone, &r));
	}
	buf_free(&b);
}
END_TEST

START_TEST(define_and_delivered_come_back)
{
	struct buf b = { 0 };
	struct record_define d = { 3, slice_str("key"), slice_str("value") }, got;
	struct record_delivered v = { 9, 1ull << 50 }, seen;
	record_define_encode(&b, &d);
	ck_assert(record_define_decode(buf_slice(&b), &got));
	ck_assert_uint_eq(got.kind, 3);
	ck_assert(slice_is(got.key, "key") && slice_is(got.value, "value"));
	buf_clear(&b);
	record_delivered_encode(&b, &v);
	ck_assert(record_delivered_decode(buf_slice(&b), &seen));
	ck_assert_uint_eq(seen.queue, 9);
	ck_assert_uint_eq(seen.below, 1ull << 50);
	buf_free(&b);
}
END_TEST

Suite *suite_persistence_record(void)
{
	Suite *s = suite_create("persistence/record");
	TCase *t = tcase_create("bytes");
	tcase_add_test(t, a_publish_comes_back);
	tcase_add_test(t, no_truncation_of_a_publish_is_read_past_its_end);
	tcase_add_test(t, a_publish_says_who_numbered_it);
	tcase_add_test(t, a_publisher_comes_back);
	tcase_add_test(t, ack_ranges_come_back);
	tcase_add_test(t, cut_ack_ranges_are_fewer_or_refused);
	tcase_add_test(t, define_and_delivered_come_back);
	suite_add_tcase(s, t);
	return s;
}
