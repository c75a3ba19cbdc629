/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue has while it is used: begun by what it gets, kept while there is any of it, given
 * back by looks, and shared by all that are at rest. */
#include "queue/live.h"

#include <signal.h>
#include <string.h>

#include "amqp/table.h"
#include "base/die.h"
#include "tests/unit/queue/fixture.h"

Suite *suite_queue_live(void);

enum { ROUND_MS = 1000, LOOKS_A_TURN = 1000, MANY = 2 * LOOKS_A_TURN + 500 };

static struct store store;
static struct queue *queue;
static struct buf arguments;
static struct live as_it_was;
static uint64_t now_ms;

static void set_up(void)
{
	now_ms = ROUND_MS;
	as_it_was = live_none;
	store_init(&store, NULL, UINT64_MAX);
	queue = queue_in(&store, 0, slice_str(""));
}

static void tear_down(void)
{
	if (queue) {
		queue_check(queue);
		queue_delete(&queue);
	}
	store_free(&store);
	buf_free(&arguments);
	ck_assert_mem_eq(&as_it_was, &live_none, sizeof live_none);
}

static void with_arguments(void)
{
	queue_delete(&queue);
	queue = queue_in(&store, 0, buf_slice(&arguments));
}

/* A whole one. */
static void round_of_looks(void)
{
	now_ms += ROUND_MS;
	do
		live_turn(&store, now_ms);
	while (store.looks.left);
}

static struct entry take(struct queue *q)
{
	struct entry e;
	ck_assert(queue_take(q, &e));
	return e;
}

static void use_once(struct queue *q)
{
	put(q, 1);
	queue_settle(q, take(q));
}

/* However often it is looked at. */
static void stays_live(void)
{
	for (int i = 0; i < 5; i++)
		round_of_looks();
	ck_assert(queue_is_live(queue));
}

static void goes_to_rest(void)
{
	round_of_looks();
	round_of_looks();
	ck_assert(!queue_is_live(queue));
}

/* ---- beginning and ending ---- */

START_TEST(a_new_queue_has_nothing)
{
	ck_assert(!queue_is_live(queue));
	ck_assert_uint_eq(queue_ready(queue), 0);
	ck_assert_uint_eq(store.looks.n, 0);
	ck_assert_uint_eq(live_deadline(&store, now_ms), UINT64_MAX);
}
END_TEST

START_TEST(a_message_begins)
{
	put(queue, 1);
	ck_assert(queue_is_live(queue));
	ck_assert_uint_eq(store.looks.n, 1);
	stays_live();
	queue_settle(queue, take(queue));
	goes_to_rest();
	ck_assert_uint_eq(store.looks.n, 0);
}
END_TEST

START_TEST(it_stays_while_something_is_unacked)
{
	put(queue, 1);
	struct entry e = take(queue);
	stays_live();
	queue_return(queue, e);
	stays_live();
	queue_settle(queue, take(queue));
	goes_to_rest();
}
END_TEST

START_TEST(it_stays_while_somebody_consumes)
{
	struct consumer c = { .queue = queue };
	live_begin(queue);
	rotation_add(&queue->live->rotation, &c);
	stays_live();
	rotation_wait(&queue->live->rotation, &c);
	stays_live();
	rotation_remove(&queue->live->rotation, &c);
	goes_to_rest();
}
END_TEST

START_TEST(it_stays_while_it_has_a_lease)
{
	struct settings lease = settings_none;
	lease.lease_ms = 60000;
	queue_set_policy(queue, &lease);
	live_begin(queue);
	stays_live();
	queue_set_policy(queue, &settings_none);
	goes_to_rest();
}
END_TEST

START_TEST(it_stays_while_a_channel_waits)
{
	struct list channel;
	list_init(&channel);
	live_begin(queue);
	list_push(&queue->live->parked, &channel);
	stays_live();
	list_remove(&channel);
	goes_to_rest();
}
END_TEST

START_TEST(it_stays_while_it_has_something_to_do)
{
	struct list runnable;
	list_init(&runnable);
	live_begin(queue);
	list_push(&runnable, &queue->live->runnable);
	stays_live();
	list_pop(&runnable);
	goes_to_rest();
}
END_TEST

START_TEST(it_stays_while_a_group_is_held)
{
	table_put_str(&arguments, "x-group-header", "key");
	with_arguments();
	use_once(queue);
	struct groups *gs = queue->live->groups;
	map_put(&gs->by_hash, slice_str("key"), gs);
	stays_live();
	map_remove(&gs->by_hash, slice_str("key"));
	goes_to_rest();
	put(queue, 2);
	ck_assert_ptr_nonnull(queue->live->groups);
}
END_TEST

/* It stands in the broker's heap of deadlines, which may name a queue too early. */
static bool never_less(const struct heap_node *a, const struct heap_node *b)
{
	(void)a;
	(void)b;
	return false;
}

START_TEST(it_leaves_where_it_stands_for_nothing)
{
	struct heap heap;
	heap_init(&heap, never_less);
	use_once(queue);
	queue->live->deadline_in = &heap;
	heap_push(&heap, &queue->live->deadline);
	list_push(&store.deep, &queue->live->deep);
	goes_to_rest();
	ck_assert_uint_eq(heap.len, 0);
	ck_assert(list_empty(&store.deep));
	heap_free(&heap);
}
END_TEST

START_TEST(a_queue_may_be_deleted_at_rest)
{
	use_once(queue);
	goes_to_rest();
	ck_assert_uint_eq(queue_purge(queue), 0);
	queue_delete(&queue);
	ck_assert_uint_eq(store.looks.n, 0);
}
END_TEST

START_TEST(deleted_it_stays_until_all_is_settled)
{
	struct queue *deleted = queue;
	put(queue, 1);
	struct entry e = take(queue);
	queue_delete(&queue);
	ck_assert_uint_eq(store.looks.n, 0);
	round_of_looks();
	ck_assert(queue_is_live(deleted));
	queue_settle(deleted, e);
}
END_TEST

/* ---- rounds ---- */

START_TEST(who_had_a_message_since_the_last_round_is_spared)
{
	for (int i = 0; i < 5; i++) {
		use_once(queue);
		round_of_looks();
		ck_assert(queue_is_live(queue));
	}
	round_of_looks();
	ck_assert(!queue_is_live(queue));
}
END_TEST

START_TEST(a_quiet_moment_spares_nobody)
{
	use_once(queue);
	live_rest(&store);
	ck_assert_uint_eq(live_deadline(&store, now_ms), now_ms);
	live_turn(&store, now_ms);
	ck_assert(!queue_is_live(queue));
	put(queue, 2);
	live_rest(&store);
	live_turn(&store, now_ms);
	ck_assert(queue_is_live(queue));
	queue_settle(queue, take(queue));
}
END_TEST

START_TEST(many_are_looked_at_over_some_turns)
{
	static struct queue *many[MANY];
	for (int i = 0; i < MANY; i++)
		use_once(many[i] = queue_in(&store, 0, slice_str("")));
	live_rest(&store);
	for (int left = MANY; left > 0;) {
		ck_assert_uint_eq(live_deadline(&store, now_ms), now_ms);
		live_turn(&store, now_ms);
		left -= left < LOOKS_A_TURN ? left : LOOKS_A_TURN;
		ck_assert_uint_eq(store.looks.n, left);
		if (left == 500)   /* they go while others are looked at */
			for (int i = MANY - 250; i < MANY; i++, left--)
				queue_delete(&many[i]);
	}
	ck_assert_uint_eq(live_deadline(&store, now_ms), UINT64_MAX);
	for (int i = 0; i < MANY - 250; i++)
		queue_delete(&many[i]);
}
END_TEST

/* The broker is woken for a round only when that may find something. */
START_TEST(a_round_is_due_when_something_happened)
{
	struct consumer c = { .queue = queue };
	live_begin(queue);
	rotation_add(&queue->live->rotation, &c);
	use_once(queue);
	live_turn(&store, now_ms += ROUND_MS);
	ck_assert_uint_eq(live_deadline(&store, now_ms), now_ms + ROUND_MS);
	live_turn(&store, now_ms += ROUND_MS);
	ck_assert_uint_eq(live_deadline(&store, now_ms), UINT64_MAX);
	rotation_remove(&queue->live->rotation, &c);
	live_turn(&store, now_ms + ROUND_MS / 2);
	ck_assert(queue_is_live(queue));
	ck_assert_uint_eq(live_deadline(&store, now_ms + ROUND_MS / 2), now_ms + ROUND_MS);
	live_turn(&store, now_ms += ROUND_MS);
	ck_assert(!queue_is_live(queue));
}
END_TEST

/* ---- at rest ---- */

/* All that is asked of a queue that may be empty; tear_down looks at the shared one. */
START_TEST(who_reads_need_not_ask)
{
	struct settings policy = settings_none;
	struct entry e;
	uint64_t bytes;
	size_t n;
	policy.ttl_ms = 100;
	policy.max_length = 0;
	for (int i = 0; i < 2; i++) {
		ck_assert(!queue_take(queue, &e) && !queue_take_lowest(queue, &e));
		ck_assert(!queue_take_due(queue, INT64_MAX - 1, &e, &bytes));
		ck_assert_int_eq(queue_deadline(queue), QUEUE_NO_DEADLINE);
		ck_assert_int_eq(queue_cool(queue, 0), COOLED_NOTHING);
		ck_assert_uint_eq(queue_purge(queue), 0);
		ck_assert(!queue_is_over(queue));
		ck_assert(!lane_is_cold(queue_wanted(queue)) && !lane_count(queue_front(queue)));
		ck_assert_ptr_null(lane_coolable(queue_front(queue), &n));
		ck_assert_ptr_null(rotation_first(&queue->live->rotation));
		ck_assert(!queue_is_live(queue));
		queue_check(queue);
		queue_set_policy(queue, &policy);
	}
	table_put_int(&arguments, "x-max-priority", 9);
	table_put_str(&arguments, "x-group-header", "key");
	with_arguments();
	ck_assert(!queue_take(queue, &e) && !queue_take_lowest(queue, &e));
	ck_assert_uint_eq(queue_ready(queue), 0);
	queue_check(queue);
}
END_TEST

/* Whatever a sanitizer does with it otherwise. */
START_TEST(who_writes_without_having_begun_ends_the_process)
{
	signal(SIGSEGV, SIG_DFL);
	queue->live->unacked++;
}
END_TEST

START_TEST(a_policy_changes_for_a_queue_at_rest)
{
	struct settings policy = settings_none;
	policy.max_length = 2;
	queue_set_policy(queue, &policy);
	ck_assert(!queue_is_live(queue));
	ck_assert_ptr_eq(queue->settings, &policy);   /* nothing of its own */
	put(queue, 1), put(queue, 2), put(queue, 3);
	ck_assert(queue_is_over(queue));
	queue_purge(queue);
	table_put_int(&arguments, "x-max-length", 1);
	with_arguments();
	queue_set_policy(queue, &policy);
	ck_assert_uint_eq(queue->settings->max_length, 1);
	queue_set_policy(queue, &settings_none);
	ck_assert_uint_eq(queue->settings->max_length, 1);
}
END_TEST

START_TEST(a_name_may_be_as_long_as_any)
{
	char name[255];
	memset(name, 'n', sizeof name);
	table_put_int(&arguments, "x-max-length", 7);
	struct queue_spec spec = { .name = slice_of(name, sizeof name),
		                       .arguments = buf_slice(&arguments) };
	struct queue *q = queue_new(&store, &spec);
	ck_assert(slice_eq(queue_name(q), spec.name));
	ck_assert(slice_eq(queue_arguments(q), spec.arguments));
	ck_assert_uint_eq(q->settings->max_length, 7);
	queue_delete(&q);
}
END_TEST

/* ---- again and again ---- */

static void expect(uint64_t number, bool redelivered)
{
	struct entry e = take(queue);
	ck_assert_uint_eq(number_of(e.message), number);
	ck_assert_int_eq(e.redelivered, redelivered);
	queue_settle(queue, e);
}

START_TEST(what_comes_afterwards_is_as_new)
{
	table_put_int(&arguments, "x-max-priority", 3);
	with_arguments();
	for (uint64_t n = 1; n <= 10; n++) {
		put(queue, 10 * n), put(queue, 10 * n + 1);
		queue_return(queue, take(queue));
		expect(10 * n, true);
		expect(10 * n + 1, false);
		ck_assert_uint_eq(queue->next_seq, 2 * n + 1);
		goes_to_rest();
	}
}
END_TEST

/* With few messages, so that it is often at rest. */
START_TEST(whenever_it_is_looked_at_nothing_is_lost)
{
	struct dice d = { (uint64_t)_i };
	struct entry out[3];
	uint64_t next = 1, first = 1;
	unsigned n_out = 0, rests = 0;
	for (int step = 0; step < 5000; step++) {
		switch (dice_roll(&d, 8)) {
		case 0 ... 1:
			if (next - first < 3)
				put(queue, next++);
			break;
		case 2 ... 3:
			if (first + n_out < next && n_out < 3)
				out[n_out++] = take(queue);
			break;
		case 4:
			if (n_out)
				queue_return(queue, out[--n_out]);
			break;
		case 5 ... 6:
			for (unsigned i = 0; i < n_out; i++) {
				ck_assert_uint_eq(number_of(out[i].message), first + i);
				queue_settle(queue, out[i]);
			}
			first += n_out;
			n_out = 0;
			break;
		default:
			live_rest(&store);
			live_turn(&store, now_ms);
			ck_assert_int_eq(queue_is_live(queue), first < next);
			rests += first == next;
		}
		ck_assert_uint_eq(queue_ready(queue) + n_out, next - first);
		ck_assert_uint_eq(queue->live->unacked, n_out);
	}
	ck_assert_uint_gt(rests, 50);
	while (n_out)
		queue_settle(queue, out[--n_out]);
}
END_TEST

static TCase *cases(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);
	tcase_add_checked_fixture(c, set_up, tear_down);
	suite_add_tcase(s, c);
	return c;
}

Suite *suite_queue_live(void)
{
	Suite *s = suite_create("queue_live");
	TCase *c = cases(s, "beginning and ending");
	tcase_add_test(c, a_new_queue_has_nothing);
	tcase_add_test(c, a_message_begins);
	tcase_add_test(c, it_stays_while_something_is_unacked);
	tcase_add_test(c, it_stays_while_somebody_consumes);
	tcase_add_test(c, it_stays_while_it_has_a_lease);
	tcase_add_test(c, it_stays_while_a_channel_waits);
	tcase_add_test(c, it_stays_while_it_has_something_to_do);
	tcase_add_test(c, it_stays_while_a_group_is_held);
	tcase_add_test(c, it_leaves_where_it_stands_for_nothing);
	tcase_add_test(c, a_queue_may_be_deleted_at_rest);
	tcase_add_test(c, deleted_it_stays_until_all_is_settled);
	c = cases(s, "rounds");
	tcase_add_test(c, who_had_a_message_since_the_last_round_is_spared);
	tcase_add_test(c, a_quiet_moment_spares_nobody);
	tcase_add_test(c, many_are_looked_at_over_some_turns);
	tcase_add_test(c, a_round_is_due_when_something_happened);
	c = cases(s, "at rest");
	tcase_add_test(c, who_reads_need_not_ask);
	tcase_add_test_raise_signal(c, who_writes_without_having_begun_ends_the_process, SIGSEGV);
	tcase_add_test(c, a_policy_changes_for_a_queue_at_rest);
	tcase_add_test(c, a_name_may_be_as_long_as_any);
	c = cases(s, "again and again");
	tcase_add_test(c, what_comes_afterwards_is_as_new);
	tcase_add_loop_test(c, whenever_it_is_looked_at_nothing_is_lost, 1, 5);
	return s;
}
