/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/publishers.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/walk.h"
#include "queue/queue.h"
#include "queue/retention.h"
#include "queue/store.h"

/* Those of one queue. */
struct publishers {
	const struct queue *queue;
	struct map by_name;
	struct list by_use;
};

static struct slice key_of(const struct queue *const *q)
{
	return slice_of(q, sizeof *q);
}

static struct publishers *of(const struct queue *q)
{
	return map_get(&q->store->publishers, key_of(&q));
}

static struct publishers *publishers_of(const struct queue *q)
{
	struct publishers *all = of(q);
	if (all)
		return all;
	all = mem_zalloc(sizeof *all);
	all->queue = q;
	list_init(&all->by_use);
	map_put(&q->store->publishers, key_of(&all->queue), all);
	return all;
}

static void forget(struct publishers *all, struct publisher *p)
{
	struct store *s = p->queue->store;
	map_remove(&all->by_name, publisher_name(p));
	walks_leave(&s->publisher_walks, &p->link);
	list_remove(&p->link);
	list_remove(&p->by_use);
	list_remove(&p->on_log);
	ranges_free(&p->refused);
	mem_free(p);
}

static struct publisher *least_used(const struct publishers *all)
{
	return list_entry(all->by_use.next, struct publisher, by_use);
}

static struct publisher *add(struct queue *q, struct slice id)
{
	struct publishers *all = publishers_of(q);
	if (all->by_name.count == PUBLISHERS_MOST)
		forget(all, least_used(all));
	struct publisher *p = mem_zalloc(sizeof *p + id.n);
	must(id.n && id.n <= PUBLISHER_ID_MAX);
	p->queue = q;
	p->name_n = (uint8_t)id.n;
	memcpy(p->name, id.p, id.n);
	list_init(&p->on_log);
	list_push(&q->store->all_publishers, &p->link);
	list_push(&all->by_use, &p->by_use);
	map_put(&all->by_name, publisher_name(p), p);
	return p;
}

struct publisher *publishers_find(const struct queue *q, struct slice id)
{
	const struct publishers *all = of(q);
	return all ? map_get(&all->by_name, id) : NULL;
}

struct publisher *publishers_get(struct queue *q, struct slice id)
{
	struct publisher *p = publishers_find(q, id);
	return p ? p : add(q, id);
}

void publishers_drop(struct queue *q)
{
	struct publishers *all = of(q);
	if (!all)
		return;
	while (!list_empty(&all->by_use))
		forget(all, least_used(all));
	map_free(&all->by_name);
	map_remove(&q->store->publishers, key_of(&all->queue));
	mem_free(all);
}

/* ---- numbers ---- */

bool publisher_has(const struct publisher *p, uint64_t sequence)
{
	return sequence <= p->highest && !(p->refused.n && ranges_hold(&p->refused, sequence));
}

/* The last may have come in a transaction. */
log_position publisher_safe(const struct publisher *p)
{
	return p->at ? log_later(p->at, p->queue->store->committed_at) : 0;
}

uint64_t publisher_complete(const struct publisher *p)
{
	struct record_range r;
	bool misses = ranges_first(&p->refused, &r) && r.first <= p->highest;
	return misses ? r.first - 1 : p->highest;
}

static void forget_some_refused(struct publisher *p)
{
	if (p->refused.n > PUBLISHER_REFUSED_MOST)
		ranges_shift(&p->refused);
}

/* There may be a range on either side of it. */
static void allow(struct publisher *p, uint64_t sequence)
{
	ranges_remove(&p->refused, (struct record_range){ sequence, 1 });
	forget_some_refused(p);
}

void publisher_accept(struct publisher *p, uint64_t sequence, bool kept)
{
	if (p->refused.n)
		allow(p, sequence);
	if (sequence > p->highest)
		p->highest = sequence;
	if (kept && sequence > p->logged)
		p->logged = sequence;
	list_remove(&p->by_use);
	list_push(&of(p->queue)->by_use, &p->by_use);
}

/* Nothing above the highest was accepted: so what is between counts as refused, too, and a burst of
 * refusals is one range. */
static void disallow(struct publisher *p, uint64_t sequence)
{
	ranges_add(&p->refused, (struct record_range){ p->highest + 1, sequence - p->highest });
	forget_some_refused(p);
}

bool publisher_is_to_tell(const struct publisher *p, uint64_t sequence)
{
	return p->refused.n || p->logged != sequence;
}

/* ---- the log ---- */

void publisher_logged(struct publisher *p, log_position at)
{
	p->at = at;
	list_remove(&p->on_log);
	list_push(&p->queue->store->publishers_on_log, &p->on_log);
}

static size_t refused_by(const struct publisher *p, struct record_range *out)
{
	struct ranges_walk w = { 0 };
	size_t n = 0;
	while (n < PUBLISHER_REFUSED_MOST && ranges_next(&p->refused, &w, &out[n]))
		n++;
	return n;
}

static log_position write_down(const struct publisher *p)
{
	struct record_range refused[PUBLISHER_REFUSED_MOST];
	return store_publisher(p->queue->store,
	                       &(struct record_publisher){ .queue = p->queue->id,
	                                                   .name = publisher_name(p),
	                                                   .sequence = p->logged,
	                                                   .refused = refused,
	                                                   .n_refused = refused_by(p, refused) });
}

void publisher_tell(struct publisher *p)
{
	write_down(p);
}

/* It is written at once: whoever hears of it may send a higher number first, after a crash, too. */
log_position publisher_refuse(struct publisher *p, uint64_t sequence, bool kept)
{
	if (sequence <= p->highest)
		return 0;
	disallow(p, sequence);
	if (kept)
		publisher_logged(p, write_down(p));
	return kept ? p->at : 0;
}

bool publishers_refresh(struct store *s, log_position upto, size_t max)
{
	for (struct list *l; (l = s->publishers_on_log.next) != &s->publishers_on_log; max--) {
		struct publisher *p = list_entry(l, struct publisher, on_log);
		if (p->at >= upto)
			return true;
		if (max == 0)
			return false;
		publisher_logged(p, write_down(p));
	}
	return true;
}

/* ---- recovery ---- */

static struct sequence **pointers(const struct publishers_found *f, size_t *n)
{
	struct sequence **all = mem_alloc((f->sequences.by_key.count + 1) * sizeof *all);
	size_t cursor = 0;
	*n = 0;
	while ((all[*n] = map_next(&f->sequences.by_key, &cursor)))
		++*n;
	return all;
}

static int by_queue_latest_first(const void *a, const void *b)
{
	const struct sequence *const *x = a, *const *y = b;
	if ((*x)->queue != (*y)->queue)
		return (*x)->queue < (*y)->queue ? -1 : 1;
	return (*x)->at > (*y)->at ? -1 : (*x)->at < (*y)->at;
}

static int by_position(const void *a, const void *b)
{
	const struct sequence *const *x = a, *const *y = b;
	return (*x)->at < (*y)->at ? -1 : (*x)->at > (*y)->at;
}

/* Of each queue only so many of the last can count. */
static void forget_some_found(struct publishers_found *f)
{
	size_t n, seen = 0;
	uint32_t queue = 0;
	struct sequence **all = pointers(f, &n);
	qsort(all, n, sizeof *all, by_queue_latest_first);
	for (size_t i = 0; i < n; i++) {
		seen = all[i]->queue == queue ? seen + 1 : 1;
		queue = all[i]->queue;
		if (seen > PUBLISHERS_MOST)
			sequences_forget(&f->sequences, all[i]);
	}
	mem_free(all);
	f->most = 2 * f->sequences.by_key.count;
}

bool publishers_read(struct publishers_found *f, const struct log_record *r)
{
	struct record_publisher p;
	if (!record_publisher_decode(r->body, &p))
		return false;
	sequences_note(&f->sequences, r->at, &p);
	if (f->sequences.by_key.count > f->most + 2 * PUBLISHERS_MOST)
		forget_some_found(f);
	return true;
}

static void restore(struct queue *q, const struct sequence *found)
{
	struct record_publisher r;
	struct publisher *p = publishers_get(q, sequence_name(found));
	sequence_record(found, &r);
	p->highest = p->logged = r.sequence;
	for (size_t i = 0; i < r.n_refused; i++)
		ranges_add(&p->refused, r.refused[i]);
	publisher_logged(p, found->at);
}

/* In order of the log, which is that of their use. */
void publishers_recover(struct store *s, struct publishers_found *f)
{
	size_t n;
	struct sequence **all = pointers(f, &n);
	qsort(all, n, sizeof *all, by_position);
	for (size_t i = 0; i < n; i++) {
		struct queue *q = store_queue(s, all[i]->queue);
		if (q && !retention_is(q))
			restore(q, all[i]);
	}
	mem_free(all);
	sequences_free(&f->sequences);
}

/* ---- checks ---- */

static void check(const struct publisher *p)
{
	must(publishers_find(p->queue, publisher_name(p)) == p);
	must(p->logged <= p->highest && (p->at != 0) == list_linked(&p->on_log));
	must(p->refused.n <= PUBLISHER_REFUSED_MOST);
}

void publishers_check(const struct store *s)
{
	log_position at = 0;
	list_each (it, &s->all_publishers)
		check(list_entry(it, struct publisher, link));
	list_each (it, &s->publishers_on_log) {
		const struct publisher *p = list_entry(it, struct publisher, on_log);
		must(p->at >= at);
		at = p->at;
	}
}
