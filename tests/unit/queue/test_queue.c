/* SPDX-License-Identifier: Apache-2.0 */
/* A queue without a log: order, what is redelivered, counts, deadlines, its end, and all of it
 * against a model. */
#include "amqp/table.h"
#include "tests/unit/queue/fixture.h"

Suite *suite_queue_queue(void);

static struct store store;
static struct queue *queue;
static struct buf arguments;

static void set_up(void)
{
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
}

static void put_all(uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n <= to; n++)
		put(queue, n);
}

static struct entry take(uint64_t wanted)
{
	struct entry e;
	ck_assert(queue_take(queue, &e));
	ck_assert_uint_eq(number_of(e.message), wanted);
	return e;
}

static void finish(uint64_t wanted, bool redelivered)
{
	struct entry e = take(wanted);
	ck_assert_int_eq(e.redelivered, redelivered);
	queue_settle(queue, e);
}

START_TEST(first_in_is_first_out)
{
	struct entry e;
	put_all(1, 300);
	ck_assert_uint_eq(queue_ready(queue), 300);
	for (uint64_t n = 1; n <= 300; n++)
		finish(n, false);
	ck_assert(!queue_take(queue, &e));
	ck_assert_uint_eq(queue->live->unacked, 0);
	ck_assert_uint_eq(queue->live->ready_bytes, 0);
}
END_TEST

START_TEST(what_comes_back_is_first_again_and_says_so)
{
	put_all(1, 4);
	struct entry one = take(1), two = take(2);
	ck_assert_uint_eq(queue->live->unacked, 2);
	queue_return(queue, two);
	queue_return(queue, one);
	ck_assert_uint_eq(queue->live->unacked, 0);
	finish(1, true);
	finish(2, true);
	finish(3, false);
	finish(4, false);
}
END_TEST

START_TEST(it_comes_back_between_its_neighbours)
{
	put_all(1, 6);
	struct entry one = take(1), two = take(2), three = take(3);
	queue_return(queue, two);
	put(queue, 7);
	finish(2, true);
	queue_return(queue, three);
	queue_return(queue, one);
	finish(1, true);
	finish(3, true);
	finish(4, false);
}
END_TEST

START_TEST(redelivered_is_said_of_the_entry_and_not_of_the_message)
{
	struct queue *other = queue_in(&store, 0, slice_str(""));
	struct message *m = letter(1);
	struct entry e;
	queue_push(queue, queue_number(queue), m);
	queue_push(other, queue_number(other), m);
	ck_assert_uint_eq(m->refs, 3);
	message_drop(&m);
	queue_return(queue, take(1));
	finish(1, true);
	ck_assert(queue_take(other, &e));
	ck_assert(!e.redelivered);
	queue_settle(other, e);
	queue_delete(&other);
}
END_TEST

START_TEST(bytes_are_counted_while_they_are_ready)
{
	put_all(1, 3);
	ck_assert_uint_eq(queue->live->ready_bytes, 24);
	struct entry e = take(1);
	ck_assert_uint_eq(queue->live->ready_bytes, 16);
	queue_return(queue, e);
	ck_assert_uint_eq(queue->live->ready_bytes, 24);
	ck_assert_uint_eq(queue_purge(queue), 3);
	ck_assert_uint_eq(queue->live->ready_bytes, 0);
}
END_TEST

START_TEST(a_purge_leaves_what_is_out)
{
	put_all(1, 5);
	struct entry e = take(1);
	ck_assert_uint_eq(queue_purge(queue), 4);
	ck_assert_uint_eq(queue_purge(queue), 0);
	ck_assert_uint_eq(queue->live->unacked, 1);
	queue_return(queue, e);
	put(queue, 6);
	finish(1, true);
	finish(6, false);
}
END_TEST

START_TEST(moved_is_gone_like_settled)
{
	put_all(1, 2);
	struct entry e = take(1);
	struct message *kept = message_ref(e.message);
	queue_moved(queue, e);
	ck_assert_uint_eq(kept->refs, 1);
	ck_assert_uint_eq(queue->live->unacked, 0);
	message_drop(&kept);
	finish(2, false);
}
END_TEST

/* ---- the end of a queue ---- */

START_TEST(deleting_drops_what_is_ready)
{
	put_all(1, 100);
	struct entry e = take(1);
	struct message *kept = message_ref(e.message);
	queue_return(queue, e);
	queue_delete(&queue);
	ck_assert_ptr_null(queue);
	ck_assert_uint_eq(kept->refs, 1);
	message_drop(&kept);
}
END_TEST

START_TEST(a_deleted_queue_waits_for_what_is_out)
{
	struct queue *deleted = queue;
	put_all(1, 4);
	struct entry one = take(1), two = take(2), three = take(3);
	struct message *kept = message_ref(two.message);
	queue_delete(&queue);
	ck_assert(deleted->deleted);
	ck_assert_uint_eq(deleted->live->unacked, 3);
	queue_settle(deleted, one);
	queue_return(deleted, two);
	ck_assert_uint_eq(kept->refs, 1);
	ck_assert_uint_eq(queue_ready(deleted), 0);
	queue_moved(deleted, three);
	message_drop(&kept);
}
END_TEST

/* ---- arguments and deadlines ---- */

static void with_arguments(void)
{
	queue_delete(&queue);
	queue = queue_in(&store, 0, buf_slice(&arguments));
}

static void put_at(int64_t now_ms, const char *expiration)
{
	struct message *m = letter_to("k", 1, false, expiration);
	m->published_ms = now_ms;
	queue_push(queue, queue_number(queue), m);
	message_drop(&m);
}

START_TEST(arguments_are_read)
{
	table_put_int(&arguments, "x-message-ttl", 5000);
	table_put_str(&arguments, "x-dead-letter-exchange", "dead");
	table_put_str(&arguments, "x-dead-letter-routing-key", "");
	with_arguments();
	ck_assert_int_eq(queue->settings->ttl_ms, 5000);
	ck_assert(slice_is(queue->settings->dead_exchange, "dead"));
	ck_assert(queue->settings->dead_key.p && queue->settings->dead_key.n == 0);
}
END_TEST

START_TEST(without_arguments_nothing_expires)
{
	put_at(1000, NULL);
	ck_assert_int_eq(queue->settings->ttl_ms, -1);
	ck_assert_ptr_null(queue->settings->dead_exchange.p);
	ck_assert_ptr_null(queue->settings->dead_key.p);
	ck_assert_int_eq(queue_deadline(queue), QUEUE_NO_DEADLINE);
}
END_TEST

/* The entry with that number, 0 for none, is due by then. */
static void expect_due(int64_t due_ms, uint64_t seq)
{
	struct entry e;
	uint64_t body_bytes;
	ck_assert_int_eq(queue_take_due(queue, due_ms, &e, &body_bytes), seq != 0);
	if (!seq)
		return;
	ck_assert_uint_eq(e.seq, seq);
	ck_assert_uint_eq(body_bytes, e.message->body_bytes);
	queue_settle(queue, e);
}

START_TEST(the_sooner_of_queue_and_message_decides)
{
	table_put_int(&arguments, "x-message-ttl", 500);
	with_arguments();
	ck_assert_int_eq(queue_deadline(queue), QUEUE_NO_DEADLINE);
	put_at(1000, "300");
	put_at(1000, "700");
	put_at(1100, NULL);
	ck_assert_int_eq(queue_deadline(queue), 1300);
	expect_due(1299, 0);
	expect_due(1300, 1);
	expect_due(1499, 0);
	expect_due(1500, 2);
	ck_assert_int_eq(queue_deadline(queue), 1600);
}
END_TEST

START_TEST(a_message_may_expire_where_the_queue_says_nothing)
{
	put_at(1000, NULL);
	put_at(1000, "0");
	put_at(1000, NULL);
	ck_assert_int_eq(queue_deadline(queue), 1000);
	expect_due(1000, 2);
	ck_assert_int_eq(queue_deadline(queue), QUEUE_NO_DEADLINE);
	ck_assert_uint_eq(queue_ready(queue), 2);
}
END_TEST

START_TEST(a_returned_message_keeps_its_deadline)
{
	table_put_int(&arguments, "x-message-ttl", 500);
	with_arguments();
	put_at(1000, NULL);
	put_at(2000, NULL);
	struct entry e = take(1);
	ck_assert_int_eq(queue_deadline(queue), 2500);
	queue_return(queue, e);
	ck_assert_int_eq(queue_deadline(queue), 1500);
}
END_TEST

/* ---- the model ---- */

enum { GONE, READY, OUT, MODEL = 3000 };

static struct {
	uint8_t where;
	bool redelivered;
	struct entry entry;
} model[MODEL];

static size_t put_so_far;

static size_t count(uint8_t where)
{
	size_t n = 0;
	for (size_t i = 0; i < put_so_far; i++)
		n += model[i].where == where;
	return n;
}

/* The i-th that is somewhere, counted from the front. */
static size_t pick(uint8_t where, size_t i)
{
	size_t at = 0;
	for (; model[at].where != where || i > 0; at++)
		i -= model[at].where == where;
	return at;
}

static void model_take(void)
{
	if (count(READY) == 0) {
		struct entry none;
		ck_assert(!queue_take(queue, &none));
		return;
	}
	size_t at = pick(READY, 0);
	model[at].entry = take(at);
	ck_assert_int_eq(model[at].entry.redelivered, model[at].redelivered);
	model[at].where = OUT;
}

static void model_give(struct dice *d, bool back)
{
	size_t n = count(OUT);
	if (n == 0)
		return;
	size_t at = pick(OUT, dice_roll(d, (unsigned)n));
	(back ? queue_return : queue_settle)(queue, model[at].entry);
	model[at].where = back ? READY : GONE;
	model[at].redelivered = true;
}

static void model_purge(void)
{
	ck_assert_uint_eq(queue_purge(queue), count(READY));
	for (size_t i = 0; i < put_so_far; i++)
		if (model[i].where == READY)
			model[i].where = GONE;
}

START_TEST(any_order_of_steps_as_the_model_says)
{
	struct dice d = { (uint64_t)_i };
	memset(model, 0, sizeof model);
	put_so_far = 0;
	for (int step = 0; step < 5000; step++) {
		unsigned what = dice_roll(&d, 1000);
		if (what == 0)
			model_purge();
		else if (what < 400 && put_so_far < MODEL)
			put(queue, put_so_far), model[put_so_far++].where = READY;
		else if (what < 700)
			model_take();
		else
			model_give(&d, what < 850);
		ck_assert_uint_eq(queue_ready(queue), count(READY));
		ck_assert_uint_eq(queue->live->unacked, count(OUT));
		if (step % 100 == 0)
			queue_check(queue);
	}
	while (count(OUT))
		model_give(&d, true);
}
END_TEST

static void order_cases(Suite *s)
{
	TCase *c = tcase_create("order");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, first_in_is_first_out);
	tcase_add_test(c, what_comes_back_is_first_again_and_says_so);
	tcase_add_test(c, it_comes_back_between_its_neighbours);
	tcase_add_test(c, redelivered_is_said_of_the_entry_and_not_of_the_message);
	tcase_add_test(c, bytes_are_counted_while_they_are_ready);
	tcase_add_test(c, a_purge_leaves_what_is_out);
	tcase_add_test(c, moved_is_gone_like_settled);
	tcase_add_loop_test(c, any_order_of_steps_as_the_model_says, 1, 5);
	suite_add_tcase(s, c);
}

static void end_cases(Suite *s)
{
	TCase *c = tcase_create("end");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, deleting_drops_what_is_ready);
	tcase_add_test(c, a_deleted_queue_waits_for_what_is_out);
	tcase_add_test(c, arguments_are_read);
	tcase_add_test(c, without_arguments_nothing_expires);
	tcase_add_test(c, the_sooner_of_queue_and_message_decides);
	tcase_add_test(c, a_message_may_expire_where_the_queue_says_nothing);
	tcase_add_test(c, a_returned_message_keeps_its_deadline);
	suite_add_tcase(s, c);
}

Suite *suite_queue_queue(void)
{
	Suite *s = suite_create("queue/queue");
	order_cases(s);
	end_cases(s);
	return s;
}
