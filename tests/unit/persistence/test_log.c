/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "base/endian.h"
#include "persistence/catalog.h"
#include "persistence/format.h"
#include "persistence/log_file.h"
#include "tests/sim/disk_sim.h"

Suite *suite_persistence_log(void);

enum { SEGMENT = 64 << 10 };

static struct disk *disk;
static struct log *engine;
static struct buf why;
static uint64_t now_ms;

static bool syncs = true;

static int reopen(void)
{
	struct log_file_options o = { .disk = disk, .segment_bytes = SEGMENT, .sync = syncs,
		                          .entropy = 42 };
	buf_clear(&why);
	int error = disk->ops->lock(disk);
	return error ? error : log_file_open(&engine, &o, &why);
}

/* Reads all records; their types as a string of digits in out. 0 or -errno. */
static int scan(char *out)
{
	struct log_record r;
	int more;
	while ((more = log_next(engine, &r, &why)) > 0)
		*out++ = (char)('0' + r.type);
	*out = 0;
	return more;
}

static void set_up(void)
{
	char none[8];
	disk = disk_sim_new(1, 0);
	now_ms = 1000;
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(none), 0);
	ck_assert_str_eq(none, "");
}

static void let_go(void)
{
	if (engine)
		log_close(engine);
	engine = NULL;
	disk->ops->destroy(disk);
}

static void tear_down(void)
{
	syncs = true;
	let_go();
	disk_sim_free(disk);
	buf_free(&why);
}

static log_position add(uint8_t type, size_t bytes, bool urgent)
{
	static const uint8_t zeros[SEGMENT];
	struct slice body = slice_of(zeros, bytes);
	return log_append(engine, type, urgent, &body, 1);
}

static struct log_report poll_now(void)
{
	struct log_report r;
	log_poll(engine, &r);
	return r;
}

static void work(void)
{
	log_submit(engine, now_ms);
	while (log_file_step(engine))
		;
}

static void flush(void)
{
	log_position end = add(9, 1, true);
	for (int i = 0; i < 100 && poll_now().durable <= end; i++)
		work();
	ck_assert_uint_gt(poll_now().durable, end);
}

static void lose_power(enum disk_sim_loss loss)
{
	disk_sim_crash_at(disk, disk_sim_operations(disk) + 1);
	let_go();
	disk_sim_reboot(disk, loss);
}

START_TEST(nothing_is_durable_before_its_sync)
{
	log_position at = add(1, 10, true);
	ck_assert_uint_le(poll_now().durable, at);
	log_submit(engine, now_ms);
	ck_assert_uint_le(poll_now().durable, at);
	work();
	ck_assert_uint_gt(poll_now().durable, at);
}
END_TEST

START_TEST(what_was_durable_comes_back_in_order)
{
	char got[16];
	add(1, 10, true);
	add(2, 2000, true);
	add(3, 0, true);
	flush();
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "1239");
	ck_assert(!engine->was_clean);
}
END_TEST

START_TEST(a_clean_close_is_remembered)
{
	char got[16];
	add(1, 10, false);
	let_go();
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "1");
	ck_assert(engine->was_clean);
}
END_TEST

START_TEST(lazy_records_wait_for_a_while_and_no_longer)
{
	log_position at = add(1, 10, false);
	work();
	ck_assert_uint_le(poll_now().durable, at);
	ck_assert_uint_eq(log_deadline(engine), now_ms + 11);
	now_ms = log_deadline(engine);
	work();
	ck_assert_uint_gt(poll_now().durable, at);
}
END_TEST

START_TEST(a_segment_without_references_is_given_up_from_the_front)
{
	struct log_extent oldest;
	struct log_stats s;
	log_position first = add(1, 1000, true);
	log_retain(engine, first, 1, 0);
	for (int i = 0; i < 40; i++) {
		add(2, 4000, true);
		flush();
	}
	ck_assert(log_oldest(engine, &oldest));
	ck_assert_uint_eq(oldest.live, 1);
	log_release(engine, first, 0);
	while (log_oldest(engine, &oldest) && oldest.live == 0)
		log_trim(engine, oldest.to);
	work();
	log_stats(engine, &s);
	ck_assert_uint_eq(s.segments, 1);
	lose_power(DISK_SIM_LOSES_ALL);
	char got[256];
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_uint_lt(strlen(got), 40);
}
END_TEST

START_TEST(damage_to_what_was_durable_is_refused_with_file_and_offset)
{
	char got[64], name[32];
	for (int i = 0; i < 4; i++)
		flush();
	lose_power(DISK_SIM_LOSES_ALL);
	snprintf(name, sizeof name, "w%016llx.seg", FORMAT_FIRST_LSN);
	ck_assert(disk_sim_flip(disk, name, FORMAT_SEGMENT_HEAD + DISK_BLOCK + 70, 3));
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), -EUCLEAN);
	buf_u8(&why, 0);
	ck_assert_ptr_nonnull(strstr((char *)why.p, name));
	ck_assert_ptr_nonnull(strstr((char *)why.p, "offset 8192"));
}
END_TEST

START_TEST(a_torn_tail_is_cut_and_the_log_goes_on)
{
	char got[64];
	flush();
	add(1, 9000, true);
	log_submit(engine, now_ms);
	disk_sim_crash_at(disk, disk_sim_operations(disk) + 1);
	while (log_file_step(engine))
		;
	let_go();
	disk_sim_reboot(disk, DISK_SIM_TEARS);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_int_eq(got[0], '9');
	flush();
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_int_eq(got[strlen(got) - 1], '9');
}
END_TEST

START_TEST(a_failed_sync_ends_the_log)
{
	log_position at = add(1, 10, true);
	log_submit(engine, now_ms);
	disk_sim_fail_sync(disk);
	while (log_file_step(engine))
		;
	ck_assert_int_eq(poll_now().failed, EIO);
	work();
	ck_assert_uint_le(poll_now().durable, at);
}
END_TEST

/* What a failed sync has dropped is still seen by the next process; once that has given it out it
 * must be there for good. */
START_TEST(what_a_start_has_read_outlives_the_next_power_cut)
{
	char got[16];
	flush();
	add(1, 10, true);
	log_submit(engine, now_ms);
	disk_sim_fail_sync(disk);
	while (log_file_step(engine))
		;
	lose_power(DISK_SIM_KEEPS_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "91");
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "91");
}
END_TEST

START_TEST(a_full_disk_presses_and_is_waited_out)
{
	flush();
	disk_sim_set_room(disk, 1);
	for (int i = 0; i < 40; i++) {
		add(2, 4000, true);
		work();
		poll_now();
	}
	log_position last = add(3, 1, true);
	work();
	ck_assert(poll_now().pressed);
	ck_assert_int_eq(poll_now().failed, 0);
	ck_assert_uint_le(poll_now().durable, last);
	disk_sim_set_room(disk, 0);
	for (int i = 0; i < 100 && poll_now().durable <= last; i++) {
		now_ms += 100;
		work();
	}
	ck_assert_uint_gt(poll_now().durable, last);
	ck_assert(!poll_now().pressed);
}
END_TEST

START_TEST(files_of_two_stores_are_refused)
{
	uint8_t block[DISK_BLOCK];
	struct segment_head h = { .store = 1, .epoch = 1, .base = FORMAT_FIRST_LSN + (1 << 20),
		                      .prev_base = FORMAT_FIRST_LSN };
	flush();
	let_go();
	ck_assert_int_eq(disk->ops->lock(disk), 0);
	int file = disk->ops->open(disk, "w0000000000101000.seg", true, SEGMENT);
	format_segment_encode(block, &h);
	ck_assert_int_eq(disk->ops->write(disk, file, 0, block, sizeof block), 0);
	disk->ops->destroy(disk);
	ck_assert_int_eq(reopen(), -EUCLEAN);
}
END_TEST

START_TEST(many_segments_are_recycled_not_made)
{
	struct log_extent oldest;
	struct log_stats s;
	for (int i = 0; i < 400; i++) {
		add(2, 4000, true);
		flush();
		while (log_oldest(engine, &oldest))
			log_trim(engine, oldest.to);
		work();
	}
	log_stats(engine, &s);
	ck_assert_uint_eq(s.segments, 1);
	ck_assert_uint_le(s.disk_bytes, 4 * SEGMENT);
}
END_TEST

/* Whatever a power cut leaves of batches that were never synced, it is a shorter log, not a damaged
 * one: also over the end of a segment. */
START_TEST(without_syncs_a_power_cut_shortens_the_log)
{
	char got[256];
	let_go();
	disk_sim_free(disk);
	syncs = false;
	disk = disk_sim_new((uint64_t)_i, 0);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	for (int i = 0; i < 60; i++) {
		add(5, 3000, true);
		for (int k = 0; k < 2; k++) {
			work();
			poll_now();
		}
	}
	lose_power(_i % 2 ? DISK_SIM_REORDERS : DISK_SIM_TEARS);
	ck_assert_msg(reopen() == 0, "%.*s", (int)why.len, (char *)why.p);
	ck_assert_msg(scan(got) == 0, "%.*s", (int)why.len, (char *)why.p);
}
END_TEST

/* ---- summaries ---- */

static bool has_file(const char *name)
{
	int handle = disk->ops->open(disk, name, false, 0);
	if (handle >= 0)
		disk->ops->close(disk, handle);
	return handle >= 0;
}

/* Three records that each take a segment. */
static void fill_three(void)
{
	for (int i = 0; i < 3; i++)
		add(5, 60000, true);
	for (int i = 0; i < 4; i++) {
		work();
		poll_now();
	}
}

/* A summary is type 255, which scan shows as a slash. */
START_TEST(full_segments_are_summarised_and_the_last_is_read)
{
	char got[64];
	fill_three();
	ck_assert(has_file("w0000000000001000.sum"));
	lose_power(DISK_SIM_KEEPS_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "//5");
}
END_TEST

START_TEST(a_damaged_summary_is_done_without_and_made_again)
{
	char got[64];
	fill_three();
	ck_assert(disk_sim_flip(disk, "w0000000000001000.sum", 40 + (unsigned)_i * 13, 2));
	lose_power(DISK_SIM_KEEPS_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "5/5");
	work();
	lose_power(DISK_SIM_KEEPS_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "//5");
}
END_TEST

START_TEST(a_segment_with_a_record_that_does_not_read_has_no_summary)
{
	char got[64];
	add(9, 60000, true);
	fill_three();
	let_go();
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_str_eq(got, "9///");
}
END_TEST

START_TEST(a_summary_goes_with_its_segment)
{
	struct log_extent oldest;
	fill_three();
	ck_assert(has_file("w0000000000001000.sum"));
	ck_assert(log_oldest(engine, &oldest));
	log_trim(engine, oldest.to);
	work();
	ck_assert(!has_file("w0000000000001000.sum"));
}
END_TEST

/* ---- reading back ---- */

/* Bytes that tell where they belong: a record of n bytes begins with its number. */
static log_position add_numbered(uint8_t type, uint32_t number, size_t bytes)
{
	static uint8_t body[SEGMENT];
	memset(body, (int)number, bytes);
	memcpy(body, &number, sizeof number);
	struct slice part = slice_of(body, bytes);
	return log_append(engine, type, true, &part, 1);
}

static struct log_fetch fetch;

static void read_back(const log_position *at, size_t n)
{
	fetch = (struct log_fetch){ .owner = &fetch, .at = at, .n = n };
	log_fetch(engine, &fetch);
	ck_assert_ptr_null(log_fetched(engine));
	work();
	ck_assert_ptr_eq(log_fetched(engine), &fetch);
	ck_assert_ptr_null(log_fetched(engine));
}

static void expect_numbered(size_t i, uint8_t type, uint32_t number, size_t bytes)
{
	uint32_t got;
	const struct log_found *r = &fetch.found[i];
	ck_assert_int_eq(r->error, 0);
	ck_assert_uint_eq(r->type, type);
	ck_assert_uint_eq(r->body.n, bytes);
	memcpy(&got, r->body.p, sizeof got);
	ck_assert_uint_eq(got, number);
	for (size_t k = sizeof got; k < bytes; k++)
		ck_assert_uint_eq(r->body.p[k], number & 0xFF);
}

static size_t size_of(uint32_t number)
{
	return number % 5 == 0 ? 9000 : 4 + number * 37 % 700;
}

START_TEST(records_are_read_back_from_every_segment_and_batch)
{
	enum { N = 200 };
	log_position at[N], all[N];
	for (uint32_t i = 0; i < N; i++) {
		at[i] = add_numbered(1, i, size_of(i));
		log_retain(engine, at[i], 1, 0);
		if (i % 7 == 0)
			flush();
	}
	flush();
	size_t rounds = 0;
	struct log_stats s;
	log_stats(engine, &s);
	ck_assert_uint_eq(s.fetched + s.reads + s.read_bytes, 0);
	for (uint32_t first = 0; first < N; rounds++) {
		size_t n = 0;
		log_position reach = log_reach(engine, at[first]);
		while (first + n < N && at[first + n] < reach) {
			all[n] = at[first + n];
			n++;
		}
		read_back(all, n);
		for (size_t i = 0; i < n; i++)
			expect_numbered(i, 1, first + (uint32_t)i, size_of(first + (uint32_t)i));
		log_fetch_free(&fetch);
		first += (uint32_t)n;
	}
	ck_assert_uint_gt(rounds, 3);
	log_stats(engine, &s);
	ck_assert_uint_eq(s.fetched, N);
	ck_assert_uint_ge(s.reads, rounds);
	ck_assert_uint_ge(s.read_bytes, s.reads * DISK_BLOCK);
}
END_TEST

START_TEST(a_run_of_chunks_is_followed_over_batches_and_segments)
{
	enum { N = 40 };
	log_position at = add_numbered(2, 0, 5000);
	for (uint32_t i = 1; i < N; i++) {
		add_numbered(i + 1 < N ? 2 : 1, i, 5000);
		if (i % 3 == 0)
			work();
	}
	flush();
	for (uint32_t i = 0; i < N; i++) {
		read_back(&at, 1);
		expect_numbered(0, i + 1 < N ? 2 : 1, i, 5000);
		at = fetch.found[0].next;
		ck_assert_int_eq(at == 0, i + 1 == N);
		log_fetch_free(&fetch);
	}
}
END_TEST

START_TEST(a_record_that_rotted_is_told_and_its_neighbours_are_read)
{
	log_position at[3];
	for (uint32_t i = 0; i < 3; i++)
		at[i] = add_numbered(1, i, 100);
	flush();
	ck_assert(disk_sim_flip(disk, "w0000000000001000.seg", at[1] + 20, 3));
	read_back(at, 3);
	expect_numbered(0, 1, 0, 100);
	ck_assert_int_eq(fetch.found[1].error, -EUCLEAN);
	expect_numbered(2, 1, 2, 100);
	log_fetch_free(&fetch);
}
END_TEST

START_TEST(a_segment_is_not_recycled_while_it_is_read)
{
	struct log_extent oldest;
	log_position at = add_numbered(1, 1, 100);
	for (int i = 0; i < 20; i++) {
		add(2, 4000, true);
		flush();
	}
	fetch = (struct log_fetch){ .owner = &fetch, .at = &at, .n = 1 };
	log_fetch(engine, &fetch);
	while (log_oldest(engine, &oldest))
		log_trim(engine, oldest.to);
	for (int i = 0; i < 20; i++)
		add(2, 4000, true);
	work();
	ck_assert_ptr_eq(log_fetched(engine), &fetch);
	expect_numbered(0, 1, 1, 100);
	log_fetch_free(&fetch);
}
END_TEST

/* ---- holes ---- */

/* Five segments or so; where the third begins. */
static log_position fill_segments(void)
{
	struct log_extent third;
	log_retain(engine, add(RECORD_SPILL, 100, true), 1, 0);
	for (int i = 0; i < 60; i++) {
		log_position at = add(RECORD_SPILL, 4000, true);
		log_retain(engine, at, 1, 0);
		if (i < 10 || i > 34)
			continue;
		log_release(engine, at, 0);
	}
	flush();
	work();
	ck_assert(log_hollow(engine, &third));
	return third.from;
}

static void define_hole(struct log_extent hole)
{
	uint8_t key[8], value[8];
	struct buf body = { 0 };
	put_le64(key, hole.from);
	put_le64(value, hole.to);
	record_define_encode(&body, &(struct record_define){ CATALOG_HOLE, slice_of(key, 8),
	                                                     slice_of(value, 8) });
	struct slice part = buf_slice(&body);
	log_append(engine, RECORD_DEFINE, true, &part, 1);
	buf_free(&body);
	flush();
}

static void drop_hollow(bool say)
{
	struct log_extent hole;
	struct slice what;
	log_position from = fill_segments();
	ck_assert(log_hollow(engine, &hole) && hole.from == from);
	ck_assert_int_eq(log_survey(engine, from, &what), LOG_SURVEY_LATER);
	work();
	ck_assert_int_eq(log_survey(engine, from, &what), LOG_SURVEY_THERE);
	if (say)
		define_hole(hole);
	ck_assert(log_holds(engine, from + FORMAT_BATCH_HEAD));
	ck_assert(log_drop(engine, from));
	ck_assert(!log_holds(engine, from + FORMAT_BATCH_HEAD));
	ck_assert(log_holds(engine, FORMAT_FIRST_LSN + FORMAT_BATCH_HEAD));
	work();
}

START_TEST(a_hole_that_was_said_is_skipped)
{
	char got[256];
	drop_hollow(true);
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), 0);
	ck_assert_ptr_nonnull(strchr(got, '0' + RECORD_ABORT));
}
END_TEST

START_TEST(a_hole_that_nobody_said_is_damage)
{
	char got[256];
	drop_hollow(false);
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), -EUCLEAN);
	buf_u8(&why, 0);
	ck_assert_ptr_nonnull(strstr((char *)why.p, "what was before it is missing"));
}
END_TEST

/* A hole is no excuse for what is damaged before it. */
START_TEST(damage_in_front_of_a_hole_is_refused)
{
	char got[256], name[32];
	drop_hollow(true);
	lose_power(DISK_SIM_LOSES_ALL);
	snprintf(name, sizeof name, "w%016llx.sum", FORMAT_FIRST_LSN);
	ck_assert(disk_sim_flip(disk, name, 70, 3));
	snprintf(name, sizeof name, "w%016llx.seg", FORMAT_FIRST_LSN);
	ck_assert(disk_sim_flip(disk, name, FORMAT_SEGMENT_HEAD + DISK_BLOCK + 70, 3));
	ck_assert_int_eq(reopen(), 0);
	ck_assert_int_eq(scan(got), -EUCLEAN);
}
END_TEST

/* What begins inside a transaction goes after the segment where that begins, not before. */
START_TEST(the_rest_of_a_transaction_is_not_hollow)
{
	struct log_extent x;
	log_position first = add(1, 100, true);
	log_retain(engine, first, 1, 0);
	add(RECORD_BEGIN, 0, true);
	for (int i = 0; i < 20; i++)
		add(RECORD_SPILL, 4000, true);
	add(RECORD_COMMIT, 0, true);
	for (int i = 0; i < 5; i++)
		flush();
	ck_assert(!log_hollow(engine, &x));
	for (int i = 0; i < 40; i++)
		add(RECORD_SPILL, 4000, true);
	flush();
	ck_assert(log_hollow(engine, &x));
	ck_assert_uint_gt(x.from, FORMAT_FIRST_LSN + SEGMENT - FORMAT_SEGMENT_HEAD);
}
END_TEST

Suite *suite_persistence_log(void)
{
	Suite *s = suite_create("persistence/log");
	TCase *t = tcase_create("file engine");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_is_durable_before_its_sync);
	tcase_add_test(t, what_was_durable_comes_back_in_order);
	tcase_add_test(t, a_clean_close_is_remembered);
	tcase_add_test(t, lazy_records_wait_for_a_while_and_no_longer);
	tcase_add_test(t, a_segment_without_references_is_given_up_from_the_front);
	tcase_add_test(t, damage_to_what_was_durable_is_refused_with_file_and_offset);
	tcase_add_test(t, a_torn_tail_is_cut_and_the_log_goes_on);
	tcase_add_test(t, a_failed_sync_ends_the_log);
	tcase_add_test(t, what_a_start_has_read_outlives_the_next_power_cut);
	tcase_add_test(t, a_full_disk_presses_and_is_waited_out);
	tcase_add_test(t, files_of_two_stores_are_refused);
	tcase_add_test(t, many_segments_are_recycled_not_made);
	tcase_add_loop_test(t, without_syncs_a_power_cut_shortens_the_log, 1, 30);
	tcase_add_test(t, full_segments_are_summarised_and_the_last_is_read);
	tcase_add_loop_test(t, a_damaged_summary_is_done_without_and_made_again, 0, 3);
	tcase_add_test(t, a_segment_with_a_record_that_does_not_read_has_no_summary);
	tcase_add_test(t, a_summary_goes_with_its_segment);
	tcase_add_test(t, records_are_read_back_from_every_segment_and_batch);
	tcase_add_test(t, a_run_of_chunks_is_followed_over_batches_and_segments);
	tcase_add_test(t, a_record_that_rotted_is_told_and_its_neighbours_are_read);
	tcase_add_test(t, a_segment_is_not_recycled_while_it_is_read);
	tcase_add_test(t, a_hole_that_was_said_is_skipped);
	tcase_add_test(t, a_hole_that_nobody_said_is_damage);
	tcase_add_test(t, damage_in_front_of_a_hole_is_refused);
	tcase_add_test(t, the_rest_of_a_transaction_is_not_hollow);
	suite_add_tcase(s, t);
	return s;
}
