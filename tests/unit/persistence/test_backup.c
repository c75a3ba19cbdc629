/* SPDX-License-Identifier: Apache-2.0 */
/* Backups of a log that goes on, on disks that forget.  The simulated disk itself sees to it that
 * nothing is linked that is not durable, and that nobody writes to what is linked. */
#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "base/endian.h"
#include "base/mem.h"
#include "persistence/log_file.h"
#include "tests/sim/disk_sim.h"

Suite *suite_persistence_backup(void);

enum { SEGMENT = 64 << 10, RECORD = 5000, SPILL = 11 };

static struct disk *disk, *other;
static struct log *engine;
static struct buf why;
static uint64_t now_ms, number;
static uint32_t n;
static log_position at[1000];

static int open_log(struct disk *d, struct log **out)
{
	struct log_file_options o = { .disk = d, .segment_bytes = SEGMENT, .sync = true,
		                          .whole = true, .entropy = 42 };
	buf_clear(&why);
	int error = d->ops->lock(d);
	return error ? error : log_file_open(out, &o, &why);
}

/* The records, which are numbered from `first` on without a gap: how many. -errno: refused. */
static int scan(struct log *l, uint32_t first)
{
	struct log_record r;
	int more, count = 0;
	while ((more = log_next(l, &r, &why)) > 0) {
		if (r.type != SPILL)
			continue;
		ck_assert_uint_eq(get_le32(r.body.p), first + (uint32_t)count);
		count++;
	}
	return more < 0 ? more : count;
}

static void start(void)
{
	ck_assert_int_eq(open_log(disk, &engine), 0);
	ck_assert_int_ge(scan(engine, 0), 0);
}

static void set_up(void)
{
	disk = disk_sim_new(1, 0);
	other = disk_sim_new(2, 0);
	now_ms = 1000;
	n = 0;
	start();
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
	let_go();
	disk_sim_free(disk);
	disk_sim_free(other);
	buf_free(&why);
}

static bool is_far(int i)
{
	return i % 2;
}

static void set_beside(int i)
{
	disk_sim_set_beside(disk, other, is_far(i));
}

static void add(uint32_t count)
{
	static uint8_t body[RECORD];
	struct slice part = slice_of(body, sizeof body);
	while (count--) {
		put_le32(body, n);
		at[n++] = log_append(engine, SPILL, true, &part, 1);
		log_retain(engine, at[n - 1], 1, 0);
	}
}

static void turn(void)
{
	struct log_report r;
	log_submit(engine, ++now_ms);
	log_file_step(engine);
	log_file_backup_step(engine);
	log_poll(engine, &r);
}

static void settle(void)
{
	struct log_report r;
	log_position end = log_end(engine);
	do {
		turn();
		log_poll(engine, &r);
	} while (r.durable < end && !r.failed);
	for (int i = 0; i < 200; i++)
		turn();
}

static struct log_backup look(void)
{
	struct log_backup b;
	ck_assert(log_backed_up(engine, number, &b));
	return b;
}

/* To its end; more records come meanwhile. */
static struct log_backup back_up(void)
{
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	for (int i = 0; i < 2000 && !look().over; i++) {
		if (i < 60)
			add(1);
		turn();
	}
	ck_assert(look().over);
	return look();
}

static int records_there(void)
{
	struct log *l = NULL;
	int error = open_log(other, &l);
	int count = error ? error : scan(l, 0);
	if (!error)
		log_close(l);
	other->ops->destroy(other);
	return count;
}

START_TEST(it_holds_what_was_appended_before_and_nothing_else)
{
	set_beside(_i);
	add(100);
	struct log_backup b = back_up();
	ck_assert_int_eq(b.error, 0);
	ck_assert_uint_eq(b.files, b.all_files);
	ck_assert_uint_ge(b.files, 8);
	ck_assert_uint_eq(b.bytes, b.all_bytes);
	ck_assert_int_eq(b.copies, is_far(_i));
	ck_assert_uint_gt(n, 100);
	settle();
	ck_assert_int_eq(records_there(), 100);
	let_go();
	start();
}
END_TEST

START_TEST(of_an_empty_log_it_is_an_empty_log)
{
	set_beside(_i);
	ck_assert_int_eq(back_up().error, 0);
	ck_assert_int_eq(records_there(), 0);
}
END_TEST

/* Nothing was appended behind the cut: the last segment of both is one file. */
START_TEST(both_start_on_the_last_segment)
{
	set_beside(_i);
	add(30);
	settle();
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	settle();
	ck_assert(look().over && look().error == 0);
	disk_sim_crash_at(disk, disk_sim_operations(disk) + 1);
	let_go();
	disk_sim_reboot(disk, DISK_SIM_LOSES_ALL);
	ck_assert_int_eq(open_log(disk, &engine), 0);
	ck_assert_int_eq(scan(engine, 0), 30);
	ck_assert_int_eq(records_there(), 30);
	ck_assert_int_eq(records_there(), 30);
}
END_TEST

static unsigned segments_named;

static void count_segment(void *to, const char *file)
{
	(void)to;
	segments_named += file[0] == 'w' && strstr(file, ".seg") != NULL;
}

static unsigned segments(struct disk *d)
{
	segments_named = 0;
	d->ops->list(d, count_segment, NULL);
	return segments_named;
}

static unsigned spares_named;

static void count_spare(void *to, const char *file)
{
	(void)to;
	if (strncmp(file, "spare", 5) != 0)
		return;
	ck_assert_int_eq(disk->ops->links(disk, file), 1);
	spares_named++;
}

static unsigned spares(void)
{
	spares_named = 0;
	disk->ops->list(disk, count_spare, NULL);
	return spares_named;
}

static void release(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		log_release(engine, at[i], 0);
}

static void trim(void)
{
	struct log_extent e;
	while (log_oldest(engine, &e) && e.live == 0)
		log_trim(engine, e.to);
}

/* What is given up while it is being taken stays until it was taken. */
START_TEST(what_it_takes_is_kept_for_it)
{
	set_beside(_i);
	add(100);
	settle();
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	release(0, 100);
	trim();
	unsigned before = segments(disk);
	struct log_report r;
	for (int i = 0; i < 3; i++) {
		log_submit(engine, ++now_ms);
		log_poll(engine, &r);
	}
	ck_assert_uint_eq(segments(disk), before);
	for (int i = 0; i < 2000 && !look().over; i++)
		turn();
	ck_assert_int_eq(look().error, 0);
	settle();
	ck_assert_uint_le(segments(disk), 2);
	ck_assert_int_eq(records_there(), 100);
}
END_TEST

/* Only what was copied may be used again; what was linked is removed. */
START_TEST(what_is_linked_is_not_recycled)
{
	set_beside(_i);
	add(100);
	ck_assert_int_eq(back_up().error, 0);
	release(0, 100);
	trim();
	settle();
	if (is_far(_i))
		ck_assert_uint_gt(spares(), 2);
	else
		ck_assert_uint_le(spares(), 2);
	add(200);
	settle();
	release(100, n);
	trim();
	settle();
	ck_assert_int_eq(records_there(), 100);
}
END_TEST

/* However a file came to a second name, as a spare it is not written to either. */
START_TEST(a_spare_with_two_names_is_not_used)
{
	char name[32];
	disk_sim_set_beside(disk, other, false);
	add(100);
	settle();
	release(0, 90);
	trim();
	settle();
	unsigned linked = 0;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "spare-%u.seg", i);
		linked += disk->ops->link(disk, name, other) == 0;
	}
	ck_assert_uint_ge(linked, 3);
	add(200);
	settle();
}
END_TEST

START_TEST(one_at_a_time)
{
	uint64_t second;
	struct log_backup b;
	set_beside(_i);
	add(20);
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	ck_assert_int_eq(log_backup(engine, "/there", &second), -EBUSY);
	settle();
	ck_assert(look().over && look().error == 0);
	ck_assert_int_eq(log_backup(engine, "/there", &second), 0);
	settle();
	ck_assert(!log_backed_up(engine, number, &b));
	ck_assert(log_backed_up(engine, second, &b));
	ck_assert_int_eq(b.error, -ENOTEMPTY);
	ck_assert_ptr_nonnull(strstr(b.why, "must be empty"));
	ck_assert_int_eq(records_there(), 20);
}
END_TEST

START_TEST(no_room_for_copies_leaves_nothing_behind)
{
	disk_sim_set_room(other, 5 * SEGMENT);
	disk_sim_set_beside(disk, other, true);
	add(100);
	struct log_backup b = back_up();
	ck_assert_int_eq(b.error, -ENOSPC);
	ck_assert_uint_eq(segments(other), 0);
	disk_sim_set_room(other, 0);
	uint32_t had = n;
	ck_assert_int_eq(back_up().error, 0);
	ck_assert_int_eq(records_there(), (int)had);
}
END_TEST

/* Else the two would wait for each other: the cut for room, the room for what is pinned. */
START_TEST(on_a_full_disk_none_is_begun)
{
	struct log_report r = { 0 };
	set_beside(_i);
	disk_sim_set_room(disk, 8 * SEGMENT);
	while (!r.full) {
		add(1);
		turn();
		log_poll(engine, &r);
	}
	add(2);
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	uint32_t had = n;
	for (int i = 0; i < 300; i++)
		turn();
	ck_assert(look().over);
	ck_assert_int_eq(look().error, -ENOSPC);
	ck_assert_ptr_nonnull(strstr(look().why, "little room"));
	for (uint32_t i = 0; i < had; i++) {
		release(i, i + 1);
		trim();
		for (int k = 0; k < 20; k++)
			turn();
	}
	settle();
	log_poll(engine, &r);
	ck_assert(!r.full);
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	settle();
	ck_assert(look().over && look().error == 0);
}
END_TEST

START_TEST(the_log_may_be_closed_meanwhile)
{
	set_beside(_i / 8);
	add(100);
	settle();
	ck_assert_int_eq(log_backup(engine, "/there", &number), 0);
	for (int i = 0; i < _i % 8; i++)
		turn();
	bool over = look().over;
	let_go();
	int count = records_there();
	ck_assert(count == 100 || (!over && (count == -EUCLEAN || count == 0)));
	start();
}
END_TEST

/* The power of the other disk goes at each of its operations: what opens there is whole. */
static bool crash_at(uint64_t operation, int i, enum disk_sim_loss loss)
{
	set_up();
	set_beside(i);
	add(40);
	settle();
	disk_sim_crash_at(other, operation);
	struct log_backup b = back_up();
	bool went = disk_sim_is_down(other);
	ck_assert(went || b.error == 0);
	disk_sim_reboot(other, loss);
	bool something = segments(other) > 0;
	int count = records_there();
	bool whole = count == 40, refused = count == -EUCLEAN;
	if (!whole && !refused && something)
		ck_abort_msg("operation %d: %d records of 40", (int)operation, count);
	ck_assert(whole || b.error);
	tear_down();
	return went;
}

START_TEST(an_interrupted_backup_does_not_open)
{
	uint64_t operation = 1;
	while (crash_at(operation, _i / DISK_SIM_LOSS_KINDS,
	                (enum disk_sim_loss)(_i % DISK_SIM_LOSS_KINDS)))
		operation++;
	ck_assert_uint_gt(operation, 8);
}
END_TEST

/* ... or one of them fails: it says so, and the log goes on. */
static bool fail_at(uint64_t operation, int i)
{
	set_up();
	set_beside(i);
	add(40);
	settle();
	disk_sim_fault_at(other, operation, EIO);
	struct log_backup b = back_up();
	bool faulted = disk_sim_faulted(other);
	disk_sim_fault_at(other, 0, 0);
	ck_assert(b.error == 0 || (faulted && b.error == -EIO));
	bool something = segments(other) > 0;
	int count = records_there();
	ck_assert(count == 40 || (b.error && (count == -EUCLEAN || !something)));
	add(10);
	settle();
	tear_down();
	return faulted;
}

START_TEST(a_fault_over_there_is_no_fault_here)
{
	uint64_t operation = 1;
	while (fail_at(operation, _i))
		operation++;
	ck_assert_uint_gt(operation, 8);
}
END_TEST

Suite *suite_persistence_backup(void)
{
	Suite *s = suite_create("persistence_backup");
	TCase *t = tcase_create("all"), *alone = tcase_create("faults");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, it_holds_what_was_appended_before_and_nothing_else, 0, 2);
	tcase_add_loop_test(t, of_an_empty_log_it_is_an_empty_log, 0, 2);
	tcase_add_loop_test(t, both_start_on_the_last_segment, 0, 2);
	tcase_add_loop_test(t, what_it_takes_is_kept_for_it, 0, 2);
	tcase_add_loop_test(t, what_is_linked_is_not_recycled, 0, 2);
	tcase_add_test(t, a_spare_with_two_names_is_not_used);
	tcase_add_loop_test(t, one_at_a_time, 0, 2);
	tcase_add_test(t, no_room_for_copies_leaves_nothing_behind);
	tcase_add_loop_test(t, on_a_full_disk_none_is_begun, 0, 2);
	tcase_add_loop_test(t, the_log_may_be_closed_meanwhile, 0, 16);
	tcase_add_loop_test(alone, an_interrupted_backup_does_not_open, 0, 2 * DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(alone, a_fault_over_there_is_no_fault_here, 0, 2);
	suite_add_tcase(s, t);
	suite_add_tcase(s, alone);
	return s;
}
