/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_QUEUE

#include "queue/shelf.h"

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/queue.h"
#include "queue/store.h"

enum {
	PAGES_AT_ONCE = 16,          /* shelved; the next ones when these are durable */
	RELEASES_A_TURN = 10000,     /* half a millisecond */
};

/* A page on its way back, or to another place. */
struct shelf_load {
	struct list link;
	struct log_fetch log;
	log_position at;
	struct trail *trail;         /* NULL: nobody wants it any more */
	struct queue *queue;         /* whose trail it is; NULL: of a buried one */
	bool moves;
};

struct buried {
	struct list link;
	struct row head, tail;   /* of a lane: hot entries */
	struct trail trail;          /* cold ones */
};

/* ---- putting away ---- */

/* Urgent: it cannot come back before it is durable. */
static log_position write_page(struct store *s, struct slice bytes)
{
	log_position at = log_append(s->log, RECORD_PAGE, true, &bytes, 1);
	log_retain(s->log, at, 1, bytes.n);
	return at;
}

void shelf_look(struct store *s, struct queue *q)
{
	struct slice bytes;
	if (!list_linked(&q->live->long_trail) && trail_shelvable(&q->live->lane.cold, &bytes))
		list_push(&s->long_trails, &q->live->long_trail);
}

static void put_away(struct store *s)
{
	struct slice bytes;
	unsigned n = 0;
	if (s->durable < s->shelved_to)
		return;
	while (n < PAGES_AT_ONCE && !list_empty(&s->long_trails)) {
		struct queue *q = list_entry(s->long_trails.next, struct live, long_trail)->queue;
		if (!trail_shelvable(&q->live->lane.cold, &bytes)) {
			list_remove(&q->live->long_trail);
			continue;
		}
		trail_shelve(&q->live->lane.cold, write_page(s, bytes));
		if (!list_linked(&q->live->shelved))
			list_push(&s->shelved, &q->live->shelved);
		n++;
	}
	if (n)
		s->shelved_to = log_end(s->log);
}

/* ---- coming back ---- */

static void ask(struct store *s, struct trail *t, struct queue *q, log_position at, bool moves)
{
	struct shelf_load *load = mem_zalloc(sizeof *load);
	load->at = at;
	load->trail = t;
	load->queue = q;
	load->moves = moves;
	load->log =
		(struct log_fetch){ .owner = load, .kind = FETCH_PAGE, .at = &load->at, .n = 1 };
	list_push(&s->shelf_loads, &load->link);
	log_fetch(s->log, &load->log);
}

static void fetch(struct store *s, struct trail *t, struct queue *q)
{
	log_position at = trail_wants(t);
	if (!at || at >= s->durable || t->coming)
		return;
	t->coming = true;
	ask(s, t, q, at, false);
}

void shelf_fetch(struct store *s, struct queue *q)
{
	fetch(s, &q->live->lane.cold, q);
}

/* The messages are not lost: their ends are not logged, and a start finds them. */
static void lose_page(struct shelf_load *load)
{
	struct trail *t = load->trail;
	if (load->queue)
		queue_stir(load->queue);
	uint64_t before = t->body_bytes, n = trail_lose_page(t);
	if (!load->queue)
		return;
	live_remove_some_ready(load->queue->live, n, before - t->body_bytes);
	log_error("queue '%.*s': a page of its index at log position %llu cannot be read back; %llu "
	          "messages are out of reach until the next start", SLICE_ARG(queue_name(load->queue)),
	          (unsigned long long)load->at, (unsigned long long)n);
}

static void come_back(struct store *s, struct shelf_load *load, const struct log_found *f)
{
	struct trail *t = load->trail;
	log_position at = trail_wants(t);
	must(at);
	t->coming = false;
	bool ok = !f->error && f->type == RECORD_PAGE && trail_unshelve(t, f->body);
	if (ok)
		log_release(s->log, at, f->body.n);
	else
		lose_page(load);
	if (load->queue && load->queue->live->stream)
		store_wake(s, load->queue);
	else if (load->queue)
		fetch_ahead(load->queue);
}

static void go_elsewhere(struct store *s, struct shelf_load *load, const struct log_found *f)
{
	struct trail *t = load->trail;
	bool there = trail_find_shelf(t, load->at, load->at + 1) == load->at;
	if (f->error || f->type != RECORD_PAGE || !there)
		return;
	trail_move_shelf(t, load->at, write_page(s, f->body));
	log_release(s->log, load->at, f->body.n);
}

void shelf_take(struct store *s, struct shelf_load *load)
{
	list_remove(&load->link);
	if (load->trail && load->moves)
		go_elsewhere(s, load, &load->log.found[0]);
	else if (load->trail)
		come_back(s, load, &load->log.found[0]);
	if (load->moves)
		s->shelf_moves = false;
	log_fetch_free(&load->log);
	mem_free(load);
}

bool shelf_move(struct store *s, log_position from, log_position to)
{
	list_each_safe(it, &s->shelved) {
		struct queue *q = list_entry(it, struct live, shelved)->queue;
		struct trail *t = &q->live->lane.cold;
		log_position at = trail_find_shelf(t, from, to);
		if (!trail_has_shelves(t))
			list_remove(it);
		if (!at || at >= s->durable)
			continue;
		s->shelf_moves = true;
		ask(s, t, q, at, true);
		return true;
	}
	return false;
}

void shelf_thin(struct store *s, struct queue *q, const struct trail_leaf *leaf)
{
	struct trail *t = &q->live->lane.cold;
	struct trail_emptied old;
	buf_clear(&s->scratch);
	if (!trail_thin_shelf(t, leaf, &s->scratch, &old))
		return;
	trail_move_shelf(t, old.at, write_page(s, buf_slice(&s->scratch)));
	shelf_release(s, old);
}

void shelf_release(struct store *s, struct trail_emptied emptied)
{
	if (emptied.at)
		log_release(s->log, emptied.at, emptied.bytes);
}

/* ---- burying ---- */

static void redirect(struct store *s, const struct trail *from, struct trail *to)
{
	list_each(it, &s->shelf_loads) {
		struct shelf_load *load = list_entry(it, struct shelf_load, link);
		if (load->trail != from)
			continue;
		load->trail = load->moves ? NULL : to;
		load->queue = NULL;
	}
}

void shelf_bury(struct store *s, struct lane *l)
{
	struct trail *t = &l->cold;
	if (lane_count(l) == 0 && !trail_has_shelves(t))
		return;
	struct buried *b = mem_alloc(sizeof *b);
	list_init(&b->link);
	trail_init(&b->trail);
	b->trail.coming = t->coming;
	t->coming = false;
	trail_join(&b->trail, t);
	redirect(s, t, &b->trail);
	lane_detach(l, &b->head, &b->tail);
	list_push(&s->buried, &b->link);
}

static void drop_entry(struct store *s, struct entry *e)
{
	if (s->log && e->at)
		log_release(s->log, e->at, e->message->body_bytes);
	message_drop(&e->message);
}

static bool pop_hot(struct buried *b, struct entry *out)
{
	return row_pop(&b->head, out) || row_pop(&b->tail, out);
}

static bool is_hot(const struct buried *b)
{
	return b->head.count || b->tail.count;
}

static void release(struct store *s, struct buried *b, unsigned *n)
{
	struct trail_entry c;
	struct entry e;
	for (; *n && s->log && trail_is_ready(&b->trail) && trail_pop(&b->trail, &c); --*n)
		log_release(s->log, c.at, c.body_bytes);
	for (; *n && pop_hot(b, &e); --*n)
		drop_entry(s, &e);
	if (s->log)
		fetch(s, &b->trail, NULL);
}

static void destroy(struct buried *b)
{
	struct entry e;
	list_remove(&b->link);
	trail_free(&b->trail);
	while (pop_hot(b, &e))
		message_drop(&e.message);
	mem_free(b);
}

/* Without a log too: messages that were only in memory. */
static void let_go(struct store *s)
{
	unsigned n = RELEASES_A_TURN;
	list_each_safe(it, &s->buried) {
		struct buried *b = list_entry(it, struct buried, link);
		release(s, b, &n);
		if (b->trail.count == 0 && !trail_has_shelves(&b->trail) && !is_hot(b))
			destroy(b);
	}
}

/* ---- the whole ---- */

void shelf_turn(struct store *s)
{
	if (s->log)
		put_away(s);
	let_go(s);
}

bool shelf_is_busy(const struct store *s)
{
	list_each(it, &s->buried) {
		const struct buried *b = list_entry(it, struct buried, link);
		if (trail_is_ready(&b->trail) || is_hot(b))
			return true;
	}
	return !list_empty(&s->long_trails) && s->durable >= s->shelved_to;
}

/* A page that was to go elsewhere may be gone by now, and the trail with it. */
static void forget_move(const struct store *s, const struct queue *q)
{
	list_each(it, &s->shelf_loads) {
		struct shelf_load *load = list_entry(it, struct shelf_load, link);
		if (load->queue == q && load->moves)
			load->trail = NULL;
	}
}

void shelf_forget(struct queue *q)
{
	if (q->store->shelf_moves)
		forget_move(q->store, q);
	list_remove(&q->live->long_trail);
	list_remove(&q->live->shelved);
}

void shelf_end(struct store *s)
{
	while (!list_empty(&s->buried))
		destroy(list_entry(s->buried.next, struct buried, link));
	for (struct list *p; (p = list_pop(&s->shelf_loads));) {
		struct shelf_load *load = list_entry(p, struct shelf_load, link);
		log_fetch_free(&load->log);
		mem_free(load);
	}
}
