/* SPDX-License-Identifier: Apache-2.0 */
/* A window of the lowest numbers is gathered from all places where a queue has entries: rows in
 * memory, what is on its way from the log, and a copy of the page of the index that has the first
 * of the cold ones.  Then those that are not in memory are read.  Meanwhile they may go, or be
 * copied elsewhere: where they lie is looked up when they are asked for, and what is gone by then
 * is passed over. */
#include "queue/peek.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/readback.h"
#include "queue/queue.h"
#include "queue/store.h"

enum {
	WINDOW = 64,
	READ_BYTES = 1 << 20,        /* of bodies in one go */
	LEAVES = 4,                  /* pages of the index looked through in one go */
};

struct seen {
	struct peeked entry;         /* message NULL: it is to be read */
	uint64_t body_bytes;
};

struct peek {
	struct list link;            /* on the store's list */
	struct store *store;
	const uint64_t *numbers;
	size_t n_numbers;
	uint64_t next, below;        /* what is looked for */
	uint64_t known;              /* all below was looked for in the window */
	struct seen seen[WINDOW];    /* ... of which those before at were handed out */
	size_t n, at;
	struct message *given;
	struct trail_leaf *leaves;   /* one for each lane */
	unsigned n_leaves;
	enum { PEEK_RESTS, PEEK_READS_LEAF, PEEK_READS } doing;
	struct trail_leaf *coming;   /* the leaf that is read ... */
	struct log_fetch fetch;
	log_position fetch_at;
	struct readback readback;
	size_t slots[READBACK_MOST];   /* ... or what of the window */
	bool left;                   /* nobody wants it any more: it goes when that is back */
};

struct peek *peek_new(struct store *s, uint64_t from, uint64_t below)
{
	struct peek *p = mem_zalloc(sizeof *p);
	p->store = s;
	p->next = from;
	p->below = below;
	p->readback.owner = p;
	list_push(&s->peeks, &p->link);
	return p;
}

void peek_only(struct peek *p, const uint64_t *numbers, size_t n)
{
	p->numbers = numbers;
	p->n_numbers = n;
}

static void drop_last(struct peek *p)
{
	struct message **m = &p->seen[--p->n].entry.message;
	if (*m)
		message_drop(m);
}

static void drop_window(struct peek *p)
{
	while (p->n > p->at)
		drop_last(p);
	if (p->given)
		message_drop(&p->given);
	p->n = p->at = 0;
}

static void destroy(struct peek *p)
{
	drop_window(p);
	for (unsigned i = 0; i < p->n_leaves; i++)
		trail_leaf_free(&p->leaves[i]);
	mem_free(p->leaves);
	log_fetch_free(&p->fetch);
	readback_free(&p->readback);
	list_remove(&p->link);
	mem_free(p);
}

void peek_free(struct peek **pp)
{
	struct peek *p = *pp;
	*pp = NULL;
	if (p && p->doing == PEEK_RESTS)
		destroy(p);
	else if (p)
		p->left = true;
}

void peeks_end(struct store *s)
{
	while (!list_empty(&s->peeks))
		destroy(list_entry(s->peeks.next, struct peek, link));
}

/* ---- the window ---- */

/* The first number that is wanted and not below; UINT64_MAX: there is none. */
static uint64_t wanted_from(const struct peek *p, uint64_t seq)
{
	size_t low = 0, high = p->n_numbers;
	if (!p->numbers)
		return seq;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (p->numbers[mid] < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->n_numbers ? p->numbers[low] : UINT64_MAX;
}

/* Beyond what the window has room for. */
static bool is_beyond(const struct peek *p, uint64_t seq)
{
	return seq >= p->known || (p->n == WINDOW && seq > p->seen[WINDOW - 1].entry.seq);
}

/* False: nothing with a higher number is of use either. */
static bool add(struct peek *p, struct seen s)
{
	size_t at = p->n;
	if (is_beyond(p, s.entry.seq))
		return false;
	if (wanted_from(p, s.entry.seq) != s.entry.seq)
		return true;
	while (at > 0 && p->seen[at - 1].entry.seq > s.entry.seq)
		at--;
	if (at > 0 && p->seen[at - 1].entry.seq == s.entry.seq)
		return true;
	if (p->n == WINDOW)
		drop_last(p);
	memmove(&p->seen[at + 1], &p->seen[at], (p->n++ - at) * sizeof s);
	p->seen[at] = s;
	if (s.entry.message)
		message_ref(s.entry.message);
	return true;
}

static struct seen seen_entry(const struct queue *q, const struct entry *e, uint64_t body_bytes)
{
	bool again = e->redelivered || e->seq < q->live->redelivered_below;
	return (struct seen){ { .message = e->message, .seq = e->seq, .redelivered = again,
	                        .at = e->at, .kept = e->kept }, body_bytes };
}

static void add_row(struct peek *p, const struct queue *q, const struct row *row, bool waits)
{
	const struct entry *e = row_from(row, p->next);
	while (e) {
		uint64_t bytes = e->message ? e->message->body_bytes : 0;
		struct seen s = seen_entry(q, e, bytes);
		s.entry.waits = waits;
		if (!add(p, s))
			return;
		e = row_from(row, wanted_from(p, e->seq + 1));
	}
}

static void add_loading(struct peek *p, const struct queue *q, const struct lane *l)
{
	struct entry e;
	uint64_t bytes;
	for (uint64_t seq = p->next; fetch_from(l, seq, &e, &bytes); seq = e.seq + 1)
		if (!add(p, seen_entry(q, &e, bytes)))
			return;
}

static void add_aside(struct peek *p, const struct queue *q)
{
	struct groups_walk w = { 0 };
	struct entry e;
	while (groups_next(q->live->groups, &w, &e))
		if (e.seq >= p->next)
			add(p, seen_entry(q, &e, e.message->body_bytes));
}

/* ---- the index ---- */

static void load_leaf(struct peek *p, struct trail_leaf *leaf, log_position at)
{
	p->doing = PEEK_READS_LEAF;
	p->coming = leaf;
	p->fetch_at = at;
	p->fetch = (struct log_fetch){ .owner = p, .kind = FETCH_PEEK, .at = &p->fetch_at, .n = 1 };
	log_fetch(p->store->log, &p->fetch);
}

/* Of the page that the leaf is a copy of.  False: nothing behind it is of use. */
static bool add_leaf(struct peek *p, const struct queue *q, uint16_t lane, struct trail_leaf *leaf)
{
	const struct trail *t = &queue_lane(q, lane)->cold;
	struct trail_entry e;
	while (trail_leaf_next(leaf, &e)) {
		if (e.seq < p->next || !trail_has(t, e.seq))
			continue;
		struct entry entry = { .seq = e.seq, .at = e.at, .kept = e.kept };
		struct seen s = seen_entry(q, &entry, e.body_bytes);
		s.entry.lane = lane;
		if (!add(p, s))
			return false;
	}
	return true;
}

/* What lies behind a page that is not at hand is not known. */
static void add_cold(struct peek *p, const struct queue *q, uint16_t lane)
{
	const struct trail *t = &queue_lane(q, lane)->cold;
	struct trail_leaf *leaf = &p->leaves[lane];
	log_position at = 0;
	uint64_t seq = p->next;
	if (t->count == 0)
		return;
	for (int i = 0; i < LEAVES; i++, seq = leaf->last + 1) {
		enum trail_where where = trail_seek(t, seq, leaf, &at);
		if (where == TRAIL_NOWHERE || (where == TRAIL_HERE && !add_leaf(p, q, lane, leaf)))
			return;
		if (where == TRAIL_SHELVED) {
			seq = leaf->first > seq ? leaf->first : seq;
			break;
		}
	}
	p->known = seq < p->known ? seq : p->known;
	if (at && seq <= p->next && p->doing == PEEK_RESTS && at < p->store->durable)
		load_leaf(p, leaf, at);
}

static void take_leaf(struct peek *p)
{
	const struct log_found *f = &p->fetch.found[0];
	bool taken = !f->error && f->type == RECORD_PAGE && trail_leaf_take(p->coming, f->body);
	if (!taken)   /* the queue says so when it comes to need it */
		p->next = p->coming->last + 1;
	log_fetch_free(&p->fetch);
	p->fetch = (struct log_fetch){ 0 };
	p->doing = PEEK_RESTS;
}

/* ---- gathering ---- */

static void add_lane(struct peek *p, const struct queue *q, uint16_t lane)
{
	const struct lane *l = queue_lane(q, lane);
	add_row(p, q, &l->head, false);
	add_row(p, q, &l->tail, false);
	add_row(p, q, &l->returned, false);
	add_loading(p, q, l);
	add_cold(p, q, lane);
}

/* What was put in before it was known that something lies between. */
static void cut(struct peek *p)
{
	while (p->n && p->seen[p->n - 1].entry.seq >= p->known)
		drop_last(p);
}

static void gather(struct peek *p, const struct queue *q)
{
	const struct live *live = q->live;
	drop_window(p);
	p->next = wanted_from(p, p->next);
	p->known = p->below;
	if (p->n_leaves < live->n_levels + 1) {
		p->leaves = mem_realloc(p->leaves, (live->n_levels + 1) * sizeof *p->leaves);
		while (p->n_leaves < live->n_levels + 1)
			p->leaves[p->n_leaves++] = (struct trail_leaf){ 0 };
	}
	for (unsigned i = 0; i <= live->n_levels; i++)
		add_lane(p, q, (uint16_t)i);
	if (live->aside)
		add_aside(p, q);
	add_row(p, q, &live->later, true);
	add_row(p, q, &live->held, true);
	cut(p);
}

/* ---- reading ---- */

/* Where the record is by now; 0: it is gone. */
static log_position place_of(const struct log *l, log_position at)
{
	while (at && !log_holds(l, at))
		at = log_where(l, at);
	return at;
}

/* What one reading brings of what is not in memory, and what stands before and between; the window
 * ends there. */
static void ask(struct peek *p)
{
	struct store *s = p->store;
	log_position reach = 0;
	uint64_t bytes = 0;
	size_t i = p->at;
	struct readback *h = &p->readback;
	for (h->n = 0; i < p->n && bytes < READ_BYTES; i++) {
		struct seen *e = &p->seen[i];
		log_position at = e->entry.message ? 0 : place_of(s->log, e->entry.at);
		if (!at)
			continue;
		if (at >= s->durable || (h->n && (at <= h->at[h->n - 1] || at >= reach)))
			break;
		reach = h->n ? reach : log_reach(s->log, at);
		p->slots[h->n] = i;
		h->at[h->n++] = at;
		bytes += e->body_bytes;
	}
	p->known = i < p->n ? p->seen[i].entry.seq : p->known;
	cut(p);
	if (h->n == 0)
		return;
	p->doing = PEEK_READS;
	readback_ask(s, h, FETCH_PEEK);
}

static void take_messages(struct peek *p)
{
	struct readback *h = &p->readback;
	for (const struct log_found *f; (f = readback_next(p->store, h));) {
		struct seen *e = &p->seen[p->slots[h->done]];
		if (!f->error && !p->left)
			e->entry.message = store_message(p->store, e->entry.at, f->type, f->body,
			                                 buf_slice(&h->body));
	}
	if (readback_is_over(h))
		p->doing = PEEK_RESTS;
}

void peek_take(struct peek *p)
{
	if (p->doing == PEEK_READS_LEAF)
		take_leaf(p);
	else
		take_messages(p);
	if (p->left && p->doing == PEEK_RESTS)
		destroy(p);
}

bool peek_is_busy(const struct peek *p)
{
	return p->doing != PEEK_RESTS;
}

/* ---- handing out ---- */

static bool take_seen(struct peek *p, struct peeked *out)
{
	while (p->at < p->n) {
		*out = p->seen[p->at++].entry;
		p->next = out->seq + 1;
		p->given = out->message;
		if (out->message)
			return true;
	}
	return false;
}

enum peek_answer peek_next(struct peek *p, struct queue *q, struct peeked *out)
{
	if (p->given)
		message_drop(&p->given);
	if (p->doing != PEEK_RESTS)
		return PEEK_LATER;
	if (take_seen(p, out))
		return PEEK_ENTRY;
	p->next = p->n || p->known <= p->next ? p->next : p->known;
	if (p->next >= p->below || !queue_is_live(q))
		return PEEK_END;
	gather(p, q);
	if (p->next >= p->below || (p->n == 0 && p->known == p->below && p->doing == PEEK_RESTS))
		return PEEK_END;
	if (p->doing == PEEK_RESTS && p->n)
		ask(p);
	if (p->doing == PEEK_RESTS && take_seen(p, out))
		return PEEK_ENTRY;
	return PEEK_LATER;
}
