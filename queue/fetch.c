/* SPDX-License-Identifier: Apache-2.0 */
/* A fetch takes its entries off the cold part of a lane and brings them back to the end of its
 * head, in order: one that is done waits for those before it.  One that is of a single entry that
 * its queue has given up already (a recall) brings it back to who asked, in order too.  A body that
 * the log holds in several records is put together record by record.
 *
 * A record that does not verify loses its message and nothing else: the operator is told. */
#define LOGLINE_CATEGORY LOGLINE_QUEUE

#include "queue/fetch.h"

#include <errno.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "queue/peek.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/shelf.h"
#include "queue/store.h"
#include "queue/stretch.h"

enum {
	QUEUE_FETCHES = 4,           /* of one queue at a time */
	ALL_FETCHES = 64,
	UNIT_LEAST = 16 << 10,       /* bytes of one fetch, depending on what memory may be used */
	UNIT_MOST = 1 << 20,
	READER_UNIT = 128 << 10,     /* of a stream's reader: what comes back is a part of a turn */
	READ_LEAST = 12 << 10,       /* what reading a record that lies alone costs */
	MANY = 2 * QUEUE_FETCHES,    /* fetches under way: more than two queues are read */
};

struct loaded {
	struct entry entry;
	uint64_t body_bytes;
	bool taken;                  /* the queue does not want it any more */
};

struct fetch {
	struct list on_lane, on_store;   /* of a recall: on its queue's list, then on the store's */
	struct queue *queue;         /* NULL: what comes back is not wanted any more */
	struct lane *lane;           /* of the queue; NULL: it is a recall */
	unsigned why;                /* ... for that */
	struct reader *reader;       /* ... or it is for that one; NULL: it is not, or not any more */
	bool reads;                  /* it is, or was */
	struct stretch *stretch;     /* ... and for others; NULL: it is not */
	struct log_fetch log;
	log_position *at;
	struct loaded *entries;
	uint64_t bytes;              /* bodies of those, for a lane, that are not taken */
	size_t n, n_taken;
	bool done;

	struct log_fetch part;       /* the next record of a body in several */
	log_position part_at;
	size_t parted;               /* the entry whose body that is */
	struct buf body;
};

static struct fetch *of_link(struct list *on_lane)
{
	return list_entry(on_lane, struct fetch, on_lane);
}

static void destroy(struct fetch *f)
{
	list_remove(&f->on_lane);
	list_remove(&f->on_store);
	log_fetch_free(&f->log);
	log_fetch_free(&f->part);
	buf_free(&f->body);
	mem_free(f->at);
	mem_free(f->entries);
	mem_free(f);
}

/* ---- asking ---- */

/* What one of so many may read at a time: a share of what messages may take. */
static uint64_t unit_bytes(const struct store *s, uint64_t n)
{
	uint64_t unit = s->memory_budget / (4 * (n + 1));
	return unit < UNIT_LEAST ? UNIT_LEAST : unit > UNIT_MOST ? UNIT_MOST : unit;
}

/* Where the record is now. */
static log_position place_of(const struct log *l, log_position at)
{
	while (!log_holds(l, at)) {
		at = log_where(l, at);
		must(at);
	}
	return at;
}

/* Several queues are read at once: their records may lie side by side. */
static bool many_read(const struct store *s)
{
	return s->n_fetching >= MANY || s->to_fetch[0].len || s->to_fetch[1].len;
}

static struct live *of_node(const struct heap_node *n)
{
	return list_entry(n, struct live, to_fetch);
}

/* What one fetch may read. */
struct reach {
	log_position to;             /* in one go */
	uint64_t unit;               /* bytes */
	uint64_t spread;             /* how far it may go where records lie apart */
};

/* Whether another queue in this sweep reads there, or has just done so. */
static bool is_shared(const struct store *s, log_position at, uint64_t spread)
{
	const struct heap_node *next = heap_top(&s->to_fetch[s->sweep]);
	if (at >= s->shared_at && at - s->shared_at < spread)
		return true;
	return next && of_node(next)->to_fetch_at >= at && of_node(next)->to_fetch_at - at < spread;
}

static struct reach reach_of(const struct store *s, log_position first)
{
	uint64_t spread = s->window_bytes / 2;
	if (!many_read(s) || !is_shared(s, first, spread))
		spread = UINT64_MAX;
	return (struct reach){ log_reach(s->log, first), unit_bytes(s, s->n_fetching), spread };
}

static void take_entry(struct fetch *f, struct lane *l, log_position at)
{
	struct trail_entry e = { 0 };
	lane_load(l, &e);
	f->at[f->n] = at;
	struct entry entry = { .seq = e.seq, .at = e.at, .kept = e.kept };
	f->entries[f->n++] = (struct loaded){ entry, e.body_bytes, false };
	f->bytes += e.body_bytes;
}

/* Takes entries off the cold stretch: what one fetch can read, and not much more than a unit.
 * Where they lie apart and other queues are read there too, they keep together: true. */
static bool take_entries(struct fetch *f, struct lane *l)
{
	struct store *s = f->queue->store;
	log_position before = 0;
	uint64_t cost = 0;
	size_t apart = 0;
	struct trail_entry e;
	struct reach reach = { 0 };
	while (f->n < LOG_FETCH_RECORDS && trail_is_ready(&l->cold)) {
		trail_peek(&l->cold, &e);
		log_position at = place_of(s->log, e.at);
		if (f->n == 0)
			reach = reach_of(s, at);
		if (f->n && (at < before || at >= reach.to || cost >= reach.unit))
			break;
		bool alone = !f->n || at - before >= READ_LEAST;
		if (f->n && alone && at - f->at[0] > reach.spread)
			break;
		uint64_t least = alone ? READ_LEAST : at - before;
		cost += e.body_bytes > least ? e.body_bytes : least;
		apart += alone;
		before = at;
		take_entry(f, l, at);
	}
	bool shared = reach.spread != UINT64_MAX && 2 * apart > f->n;
	if (shared)
		s->shared_at = f->at[0];
	return shared;
}

static void begin(struct queue *q)
{
	struct store *s = q->store;
	struct fetch *f = mem_zalloc(sizeof *f);
	struct lane *l = queue_wanted(q);
	uint64_t most = l->cold.count < LOG_FETCH_RECORDS ? l->cold.count : LOG_FETCH_RECORDS;
	f->queue = q;
	f->lane = l;
	f->at = mem_alloc(most * sizeof *f->at);
	f->entries = mem_alloc(most * sizeof *f->entries);
	bool shared = take_entries(f, l);
	list_push(&l->loading, &f->on_lane);
	list_push(&s->fetching, &f->on_store);
	s->n_fetching++;
	q->live->n_fetches++;
	q->live->fetch_unit = f->n;
	f->log = (struct log_fetch){ .owner = f, .shared = shared, .at = f->at, .n = f->n };
	log_fetch(s->log, &f->log);
}

static bool wants_more(struct queue *q)
{
	const struct lane *l = queue_wanted(q);
	uint32_t most = many_read(q->store) ? 1 : QUEUE_FETCHES;
	return trail_is_ready(&l->cold) && q->live->n_fetches < most &&
	       l->head.count + l->n_loading < 3 * (uint64_t)q->live->fetch_unit + 1;
}

/* A page of the index that has to come back first, but is not durable yet. */
static bool waits_for_shelf(struct queue *q)
{
	const struct trail *t = &queue_wanted(q)->cold;
	return t->count && !trail_is_ready(t) && !t->coming;
}

/* ---- turns ---- */

static bool lies_before(const struct heap_node *a, const struct heap_node *b)
{
	return of_node(a)->to_fetch_at < of_node(b)->to_fetch_at;
}

void fetch_init(struct store *s)
{
	heap_init(&s->to_fetch[0], lies_before);
	heap_init(&s->to_fetch[1], lies_before);
}

/* In the next sweep: who has had a turn in this one does not get another. */
static void wait_for_turn(struct queue *q)
{
	struct store *s = q->store;
	struct trail_entry e;
	struct live *live = q->live;
	if (heap_linked(&live->to_fetch))
		return;
	const struct trail *t = &queue_wanted(q)->cold;
	bool ready = trail_is_ready(t) && trail_peek(t, &e);
	live->to_fetch_at = ready ? place_of(s->log, e.at) : 0;
	live->to_fetch_in = !s->sweep;
	heap_push(&s->to_fetch[live->to_fetch_in], &live->to_fetch);
}

void fetch_leave(struct queue *q)
{
	struct live *live = q->live;
	if (heap_linked(&live->to_fetch))
		heap_remove(&q->store->to_fetch[live->to_fetch_in], &live->to_fetch);
}

void fetch_ahead(struct queue *q)
{
	struct store *s = q->store;
	shelf_fetch(s, q);
	while (wants_more(q) && !many_read(s))
		begin(q);
	if (wants_more(q) || waits_for_shelf(q))
		wait_for_turn(q);
}

/* Each is asked once: it may have to go on waiting. */
void fetch_feed(struct store *s)
{
	if (s->to_fetch[s->sweep].len == 0)
		s->sweep = !s->sweep;
	struct heap *h = &s->to_fetch[s->sweep];
	for (size_t n = h->len; n && s->n_fetching < ALL_FETCHES; n--) {
		struct queue *q = of_node(heap_pop(h))->queue;
		shelf_fetch(s, q);
		if (wants_more(q))
			begin(q);
		else if (waits_for_shelf(q))
			wait_for_turn(q);
	}
}

/* ---- what comes back ---- */

static void lose(struct fetch *f, size_t i, int error)
{
	const struct queue *q = f->queue;
	log_error("queue '%.*s': the message at log position %llu cannot be read back and is lost: "
	          "%s", SLICE_ARG(queue_name(q)), (unsigned long long)f->entries[i].entry.at,
	          error == -EUCLEAN ? "it is damaged" : strerror(-error));
}

static void ask_part(struct fetch *f, struct store *s, size_t i, log_position at)
{
	f->parted = i;
	f->part_at = at;
	f->part = (struct log_fetch){ .owner = f, .at = &f->part_at, .n = 1 };
	log_fetch(s->log, &f->part);
}

/* While it was read for somebody; what is left of its body may be gone. */
static bool is_forgotten(const struct fetch *f, const struct entry *e)
{
	return f->reads && stream_has_lost(f->queue, e->seq);
}

/* One record of entry i; true when a further one was asked for. */
static bool take_record(struct fetch *f, struct store *s, size_t i, const struct log_found *r)
{
	struct entry *e = &f->entries[i].entry;
	if (!f->queue || f->entries[i].taken || is_forgotten(f, e)) {
		buf_free(&f->body);
		return false;
	}
	if (r->error) {
		lose(f, i, r->error);
	} else if (r->type == RECORD_CHUNK && r->next) {
		buf_append_slice(&f->body, r->body);
		ask_part(f, s, i, r->next);
		return true;
	} else {
		e->message = store_message(s, e->at, r->type, r->body, buf_slice(&f->body));
		if (!e->message)
			lose(f, i, -EUCLEAN);
	}
	buf_free(&f->body);
	return false;
}

static void take_from(struct fetch *f, struct store *s, size_t first)
{
	for (size_t i = first; i < f->n; i++)
		if (take_record(f, s, i, &f->log.found[i]))
			return;
	f->done = true;
	log_fetch_free(&f->log);
}

static void take_part(struct fetch *f, struct store *s)
{
	struct log_found r = f->part.found[0];
	struct log_fetch read = f->part;
	bool more = take_record(f, s, f->parted, &r);
	log_fetch_free(&read);
	if (!more)
		f->part = (struct log_fetch){ 0 };
	if (!more)
		take_from(f, s, f->parted + 1);
}

/* Entries whose message is lost are at their end. */
static void deliver_to_lane(struct fetch *f)
{
	struct queue *q = f->queue;
	for (size_t i = 0; i < f->n; i++) {
		if (f->entries[i].taken)
			continue;
		if (f->entries[i].entry.message)
			lane_push_head(f->lane, f->entries[i].entry);
		else
			queue_drop(q, f->entries[i].entry, f->entries[i].body_bytes, true);
	}
	list_remove(&f->on_lane);
	const struct fetch *still = list_first(&f->lane->loading, struct fetch, on_lane);
	lane_loaded(f->lane, f->n - f->n_taken, still ? still->entries[0].entry.seq : 0);
	q->live->n_fetches--;
}

static void drop_messages(struct fetch *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->entries[i].entry.message)
			message_drop(&f->entries[i].entry.message);
}

/* Those of a queue that are done, up to the first that is not, are whoever asked's. */
static void hand_over(struct store *s, struct queue *q)
{
	struct list *recalls = &q->live->recalls;
	while (!list_empty(recalls) && of_link(recalls->next)->done) {
		struct list *first = list_pop(recalls);
		list_push(&s->recalled, first);
	}
}

/* Those that could not be read are passed over. */
static void give_to_reader(struct store *s, struct fetch *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!f->entries[i].entry.message)
			continue;
		row_push(&f->reader->ahead, f->entries[i].entry);
		if (f->stretch)
			stretch_add(f->stretch, f->entries[i].entry);
	}
	if (f->stretch)
		stretch_done(f->stretch);
	reader_took(f->reader);
	store_wake(s, f->queue);
	destroy(f);
}

static void finish(struct store *s, struct fetch *f)
{
	struct queue *q = f->queue;
	if (f->reader) {
		give_to_reader(s, f);
		return;
	}
	if (q && !f->lane) {
		hand_over(s, q);
		return;
	}
	if (!q) {
		destroy(f);
		return;
	}
	struct list *loading = &f->lane->loading;
	while (!list_empty(loading) && of_link(loading->next)->done) {
		struct fetch *first = of_link(loading->next);
		deliver_to_lane(first);
		if (first != f)
			destroy(first);
	}
	store_wake(s, q);
	if (!list_linked(&f->on_lane))
		destroy(f);
}

static void take_messages(struct store *s, struct log_fetch *back)
{
	struct fetch *f = back->owner;
	if (back == &f->log)
		take_from(f, s, 0);
	else
		take_part(f, s);
	if (!f->done)
		return;
	if (f->lane || f->reads)
		s->n_fetching--;
	finish(s, f);
}

void fetch_collect(struct store *s, log_position durable)
{
	struct log_fetch *back;
	s->durable = durable;
	while (s->log && (back = log_fetched(s->log))) {
		switch (back->kind) {
		case FETCH_MESSAGES: take_messages(s, back); break;
		case FETCH_COPIES: relocation_take(s); break;
		case FETCH_REPLAY: replay_take(s); break;
		case FETCH_LEAF: reader_take_leaf(back->owner); break;
		case FETCH_PEEK: peek_take(back->owner); break;
		default: shelf_take(s, back->owner); break;
		}
	}
	streams_show(s);
	fetch_feed(s);
}

void fetch_forget(struct queue *q, struct lane *l, bool acked)
{
	uint64_t n = l->n_loading;
	for (struct list *p; (p = list_pop(&l->loading));) {
		struct fetch *f = of_link(p);
		for (size_t i = 0; i < f->n; i++)
			if (!f->entries[i].taken)
				queue_drop(q, f->entries[i].entry, f->entries[i].body_bytes, acked);
		f->queue = NULL;
		if (f->done)
			destroy(f);
	}
	lane_loaded(l, n, 0);
}

/* ---- for readers ---- */

static void read_entries(struct fetch *f, struct reader *r, size_t most)
{
	struct store *s = f->queue->store;
	uint64_t unit = unit_bytes(s, s->n_readers);
	uint64_t bytes = unit < READER_UNIT ? unit : READER_UNIT;
	struct trail_entry e;
	log_position reach = 0;
	while (f->n < most && bytes && reader_peek(r, &e)) {
		log_position at = place_of(s->log, e.at);
		if (f->n && (at < f->at[f->n - 1] || at >= reach))
			return;
		reach = f->n ? reach : log_reach(s->log, at);
		struct entry entry = { .seq = e.seq, .at = e.at };
		f->at[f->n] = at;
		f->entries[f->n++] = (struct loaded){ entry, e.body_bytes, false };
		bytes -= e.body_bytes < bytes ? e.body_bytes : bytes;
		reader_pass(r);
	}
}

struct fetch *fetch_read(struct reader *r, size_t most)
{
	struct store *s = r->queue->store;
	struct fetch *f = mem_zalloc(sizeof *f);
	list_init(&f->on_lane);
	f->queue = r->queue;
	f->reader = r;
	f->reads = true;
	f->at = mem_alloc(most * sizeof *f->at);
	f->entries = mem_alloc(most * sizeof *f->entries);
	read_entries(f, r, most);
	if (most > 1)
		f->stretch = stretch_begin(r->queue, f->entries[0].entry.seq,
		                           f->entries[f->n - 1].entry.seq + 1);
	list_push(&s->fetching, &f->on_store);
	s->n_fetching++;
	f->log = (struct log_fetch){ .owner = f, .at = f->at, .n = f->n };
	log_fetch(s->log, &f->log);
	return f;
}

void fetch_unread(struct fetch *f)
{
	if (f->stretch)
		stretch_drop(f->stretch);
	store_wake(f->queue->store, f->queue);
	f->queue = NULL;
	f->reader = NULL;
}

/* ---- single entries ---- */

/* The first that has that number or a higher one. */
static size_t first_loading(const struct fetch *f, uint64_t seq)
{
	size_t low = 0, high = f->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (f->entries[mid].entry.seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct loaded *find_loading(struct fetch *f, uint64_t seq)
{
	size_t low = first_loading(f, seq);
	bool there = low < f->n && f->entries[low].entry.seq == seq && !f->entries[low].taken;
	return there ? &f->entries[low] : NULL;
}

bool fetch_loads(const struct lane *l, uint64_t seq)
{
	list_each(it, &l->loading)
		if (find_loading(of_link(it), seq))
			return true;
	return false;
}

uint64_t fetch_loading_bytes(const struct lane *l)
{
	uint64_t n = 0;
	list_each(it, &l->loading)
		n += of_link(it)->bytes;
	return n;
}

bool fetch_from(const struct lane *l, uint64_t seq, struct entry *out, uint64_t *body_bytes)
{
	list_each(it, &l->loading) {
		const struct fetch *f = of_link(it);
		for (size_t i = first_loading(f, seq); i < f->n; i++) {
			if (f->entries[i].taken)
				continue;
			*out = f->entries[i].entry;
			*body_bytes = f->entries[i].body_bytes;
			return true;
		}
	}
	return false;
}

bool fetch_take(struct lane *l, uint64_t seq, struct entry *out)
{
	list_each(it, &l->loading) {
		struct fetch *f = of_link(it);
		struct loaded *e = find_loading(f, seq);
		if (!e)
			continue;
		*out = e->entry;
		f->bytes -= e->body_bytes;
		*e = (struct loaded){ .entry = { .seq = seq, .at = e->entry.at }, .taken = true };
		f->n_taken++;
		lane_take_loading(l);
		return true;
	}
	return false;
}

void fetch_recall(struct queue *q, struct entry e, uint64_t body_bytes, unsigned why)
{
	struct store *s = q->store;
	struct fetch *f = mem_zalloc(sizeof *f);
	list_init(&f->on_store);
	f->queue = q;
	f->why = why;
	f->entries = mem_alloc(sizeof *f->entries);
	f->entries[0] = (struct loaded){ e, body_bytes, false };
	f->n = 1;
	f->done = e.message != NULL;
	list_push(&q->live->recalls, &f->on_lane);
	list_push(&s->fetching, &f->on_store);
	q->live->n_recalls++;
	if (f->done) {
		hand_over(s, q);
		return;
	}
	portion_add(&q->live->unacked_away, 1, body_bytes);
	if (why >= RECALL_HELD)
		portion_add(&q->live->dead_away, 1, body_bytes);
	f->at = mem_alloc(sizeof *f->at);
	f->at[0] = place_of(s->log, e.at);
	f->log = (struct log_fetch){ .owner = f, .at = f->at, .n = 1 };
	log_fetch(s->log, &f->log);
}

/* It is off its queue's list. */
static void recall_ends(struct fetch *f)
{
	struct live *live = f->queue->live;
	uint64_t less = -f->entries[0].body_bytes;
	bool held = f->why >= RECALL_HELD;
	queue_stir(f->queue);
	live->n_recalls--;
	if (f->at)
		portion_add(&live->unacked_away, UINT64_MAX, less);
	if (f->at && held)
		portion_add(&live->dead_away, UINT64_MAX, less);
	if (held)
		portion_add(&live->dead, UINT64_MAX, less);
}

bool fetch_recalled(struct store *s, struct recalled *out)
{
	struct list *l = list_pop(&s->recalled);
	if (!l)
		return false;
	struct fetch *f = of_link(l);
	recall_ends(f);
	*out = (struct recalled){ f->queue, f->entries[0].entry, f->entries[0].body_bytes, f->why };
	destroy(f);
	return true;
}

/* The queue gives the entry up; what is still being read is thrown away when it comes. */
static void abandon(struct fetch *f)
{
	struct queue *q = f->queue;
	struct entry e = f->entries[0].entry;
	list_remove(&f->on_lane);
	recall_ends(f);
	f->entries[0].entry.message = NULL;
	f->queue = NULL;
	queue_give_up(q, e, f->entries[0].body_bytes);
}

/* What waited behind them is handed over. */
uint64_t fetch_forget_retries(struct queue *q)
{
	uint64_t n = 0;
	list_each_safe(it, &q->live->recalls) {
		struct fetch *f = of_link(it);
		if (f->why != RECALL_RETRY)
			continue;
		n++;
		abandon(f);
		if (f->done)
			destroy(f);
	}
	hand_over(q->store, q);
	return n;
}

void fetch_abandon(struct store *s)
{
	list_each(it, &s->fetching) {
		struct fetch *f = list_entry(it, struct fetch, on_store);
		if (f->queue && !f->lane && !f->reads)
			abandon(f);
	}
}

void fetch_end(struct store *s)
{
	heap_free(&s->to_fetch[0]);
	heap_free(&s->to_fetch[1]);
	for (struct list *p; (p = list_pop(&s->fetching));) {
		struct fetch *f = list_entry(p, struct fetch, on_store);
		drop_messages(f);
		destroy(f);
	}
}
