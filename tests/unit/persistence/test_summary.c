/* SPDX-License-Identifier: Apache-2.0 */
/* A log that is gathered by way of summaries of its stretches is the same as one that is gathered
 * record by record, and both say what a simple model says is left. */
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

/* The model: where each message lies, 0: it is gone. */
static log_position place[QUEUES + 1][2 * RECORDS];
static uint64_t due[QUEUES + 1][2 * RECORDS];   /* 0: never */
static struct buf earlier;               /* struct summary_moved: where messages lay before */
static bool timed;

static void set_up(void)
{
	summary_init(&direct, true);
	summary_init(&pieces, true);
	summary_init(&stretch, false);
	at = 4096;
	memset(place, 0, sizeof place);
	for (int i = 0; i <= QUEUES; i++)
		next_seq[i] = 1;
}

static void tear_down(void)
{
	summary_free(&direct);
	summary_free(&pieces);
	summary_free(&stretch);
	buf_free(&body);
	buf_free(&earlier);
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

/* When the message of a record is due, 0: never. */
static void give_time(struct dice *d, struct record_publish *r)
{
	r->timed = timed && roll(d, 3) == 0;
	r->wall_ms = 1000000 + roll(d, 1000);
	r->due_ms = r->timed ? 1 + roll(d, 100000) : 0;
}

static void publish(struct dice *d, const struct record_target *from, bool chunked)
{
	struct record_target t[QUEUES];
	struct record_publish r = { .targets = t, .body_bytes = roll(d, 300),
		                        .expires = roll(d, 100) == 0 };
	give_time(d, &r);
	for (uint32_t q = 1; q <= QUEUES; q++)
		if (roll(d, 2) || (q == QUEUES && r.n_targets == 0))
			t[r.n_targets++] = (struct record_target){ q, next_seq[q]++ };
	log_position first = chunked ? at : 0;
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
		place[from->queue][from->seq] = 0;
	for (size_t i = 0; i < r.n_targets; i++) {
		place[t[i].queue][t[i].seq] = first ? first : at;
		due[t[i].queue][t[i].seq] = r.timed ? r.wall_ms + r.due_ms : 0;
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
	memset(place[q] + first, 0, count * sizeof place[q][0]);
	record_ack_encode(&body, q, &r, 1);
	add(RECORD_ACK);
}

/* Copied forward, for one or two of the queues that have a message of that number. */
static void relocate(struct dice *d)
{
	struct record_target t[QUEUES];
	struct record_publish r = { .targets = t, .body_bytes = roll(d, 300), .died = roll(d, 2) };
	uint64_t seq = 1 + roll(d, (unsigned)next_seq[1]);
	for (uint32_t q = 1; q <= QUEUES && r.n_targets < 2; q++) {
		if (seq >= next_seq[q] || !place[q][seq])
			continue;
		struct summary_moved was = { .queue = q, .seq = seq, .at = place[q][seq] };
		buf_append(&earlier, &was, sizeof was);
		place[q][seq] = at;
		t[r.n_targets++] = (struct record_target){ q, seq };
	}
	if (r.n_targets == 0)
		return;
	give_time(d, &r);
	for (size_t i = 0; i < r.n_targets; i++)
		due[t[i].queue][seq] = r.timed ? r.wall_ms + r.due_ms : 0;
	record_publish_encode(&body, &r);
	memset(buf_reserve(&body, r.body_bytes), 'b', r.body_bytes);
	body.len += r.body_bytes;
	add(RECORD_RELOCATE);
}

static void step(struct dice *d)
{
	uint32_t q = 1 + roll(d, QUEUES);
	struct record_target from = { q, 1 + roll(d, (unsigned)next_seq[q]) };
	switch (roll(d, 21)) {
	case 0 ... 8: publish(d, NULL, roll(d, 10) == 0); break;
	case 9 ... 16: ack(d, q); break;
	case 17: publish(d, from.seq < next_seq[q] ? &from : NULL, false); break;
	case 18:
		record_delivered_encode(&body, &(struct record_delivered){ q, next_seq[q] });
		add(RECORD_DELIVERED);
		break;
	case 19: relocate(d); break;
	default: end_of_stretch();
	}
}

struct left {
	struct trail trail;
	struct dues dues;
	struct ranges gone;
	struct buf superseded;
};

static void read_left(struct summary *s, uint32_t id, struct left *out)
{
	*out = (struct left){ 0 };
	trail_init(&out->trail);
	dues_init(&out->dues);
	summary_left(summary_queue(s, id), &out->trail, &out->dues, &out->gone, &out->superseded);
}

static void left_free(struct left *l)
{
	trail_free(&l->trail);
	dues_free(&l->dues);
	ranges_free(&l->gone);
	buf_free(&l->superseded);
}

static uint64_t expect_next(struct left *l, uint64_t seq, log_position where)
{
	struct trail_entry e;
	ck_assert(trail_pop(&l->trail, &e));
	ck_assert_msg(e.seq == seq && e.at == where, "%llu at %llu instead of %llu at %llu",
	              (unsigned long long)e.seq, (unsigned long long)e.at, (unsigned long long)seq,
	              (unsigned long long)where);
	return e.body_bytes;
}

static void expect_due(struct left *l, uint64_t seq, log_position where, uint64_t due_ms)
{
	struct due d;
	if (!due_ms)
		return;
	ck_assert(dues_pop(&l->dues, &d));
	ck_assert_uint_eq(d.seq, seq);
	ck_assert_uint_eq(d.at, where);
	ck_assert_int_eq(d.when_ms, (int64_t)due_ms);
}

static bool is_superseded(const struct left *l, log_position where)
{
	for (size_t i = 0; i < l->superseded.len; i += sizeof where)
		if (memcmp(l->superseded.p + i, &where, sizeof where) == 0)
			return true;
	return false;
}

/* Of what is left, every place that it has moved from. */
static void expect_superseded(const struct left *l, uint32_t id)
{
	struct summary_moved was;
	for (size_t i = 0; i < earlier.len; i += sizeof was) {
		memcpy(&was, earlier.p + i, sizeof was);
		if (was.queue == id && place[id][was.seq])
			ck_assert(is_superseded(l, was.at));
	}
}

static void expect_same(uint32_t id)
{
	struct summary_queue *a = summary_queue(&direct, id), *b = summary_queue(&pieces, id);
	ck_assert_uint_eq(a->next_seq, b->next_seq);
	ck_assert_uint_eq(a->delivered_below, b->delivered_below);
	ck_assert_int_eq(a->expires, b->expires);
	struct left x, y;
	read_left(&direct, id, &x);
	read_left(&pieces, id, &y);
	expect_superseded(&x, id);
	expect_superseded(&y, id);
	for (uint64_t seq = 1; seq < next_seq[id]; seq++) {
		ck_assert_int_eq(ranges_hold(&x.gone, seq), place[id][seq] == 0);
		ck_assert_int_eq(ranges_hold(&y.gone, seq), place[id][seq] == 0);
		if (!place[id][seq])
			continue;
		uint64_t bytes = expect_next(&x, seq, place[id][seq]);
		ck_assert_uint_eq(expect_next(&y, seq, place[id][seq]), bytes);
		ck_assert(!is_superseded(&x, place[id][seq]) && !is_superseded(&y, place[id][seq]));
		expect_due(&x, seq, place[id][seq], due[id][seq]);
		expect_due(&y, seq, place[id][seq], due[id][seq]);
	}
	ck_assert_uint_eq(x.trail.count + y.trail.count, 0);
	ck_assert_uint_eq(x.dues.count + y.dues.count, 0);
	left_free(&x);
	left_free(&y);
}

START_TEST(stretches_are_as_good_as_records)
{
	struct dice d = { (uint64_t)_i };
	timed = _i % 2;
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

static void note_all(struct sequences *to, struct slice catalog)
{
	struct log_record r;
	struct record_publisher p;
	while (summary_next_record(&catalog, &r)) {
		ck_assert(r.type == RECORD_PUBLISHER && record_publisher_decode(r.body, &p));
		sequences_note(to, r.at, &p);
	}
}

/* A number of a publisher, with a message or alone. */
static void say_number(struct dice *d, uint64_t number)
{
	struct record_range refused[2] = { { 1, 1 }, { 3, 1 + roll(d, 9) } };
	struct record_target t[2] = { { 1, next_seq[1]++ }, { 2, next_seq[2]++ } };
	struct record_publish m = { .targets = t, .n_targets = 2, .sequence = number };
	struct record_publisher p = { .queue = 1 + roll(d, 2), .sequence = number,
		                          .refused = refused, .n_refused = roll(d, 3) };
	m.publisher = p.name = slice_str(roll(d, 2) ? "one" : "other");
	bool alone = roll(d, 3) == 0;
	if (alone)
		record_publisher_encode(&body, &p);
	else
		record_publish_encode(&body, &m);
	add(alone ? RECORD_PUBLISHER : RECORD_PUBLISH);
}

static void expect_equal(const struct sequences *a, const struct sequences *b)
{
	size_t cursor = 0;
	ck_assert_uint_eq(a->by_key.count, b->by_key.count);
	for (const struct sequence *x; (x = map_next(&a->by_key, &cursor));) {
		const struct sequence *y = map_get(&b->by_key, slice_of(x->key, 4 + (size_t)x->name_n));
		ck_assert(y && x->at == y->at && x->last == y->last && x->queue == y->queue);
		ck_assert(slice_eq(buf_slice(&x->refused), buf_slice(&y->refused)));
	}
}

START_TEST(publishers_are_said_once_and_as_they_were_last)
{
	struct dice d = { (uint64_t)_i };
	struct sequences directly = { 0 }, by_summaries = { 0 };
	struct buf bytes = { 0 };
	struct slice catalog;
	for (uint64_t i = 1; i <= 500; i++) {
		say_number(&d, i);
		note_all(&directly, buf_slice(&direct.catalog));
		buf_clear(&direct.catalog);
		if (i % 500 && roll(&d, 50))
			continue;
		buf_clear(&bytes);
		ck_assert_uint_le(stretch.publishers.by_key.count, 4);
		summary_write(&bytes, &stretch);
		ck_assert(summary_merge(&pieces, buf_slice(&bytes), &catalog));
		note_all(&by_summaries, catalog);
		summary_clear(&stretch);
	}
	ck_assert_uint_eq(directly.by_key.count, 4);
	expect_equal(&directly, &by_summaries);
	sequences_free(&directly);
	sequences_free(&by_summaries);
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
	tcase_add_loop_test(t, publishers_are_said_once_and_as_they_were_last, 0, 5);
	tcase_add_test(t, cut_bytes_are_no_summary);
	suite_add_tcase(s, t);
	return s;
}
