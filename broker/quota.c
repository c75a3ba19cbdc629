/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/quota.h"

#include "base/logline.h"
#include "broker/state.h"
#include "queue/queue.h"

enum { QUEUES_A_TURN = 1000, LOOK_MS = 500 };

void quota_init(struct quota *q)
{
	list_init(&q->counting);
	list_init(&q->round.link);
}

static bool is_limited(const struct vhost *v)
{
	return v->about.max_bytes != LEDGER_NO_LIMIT;
}

/* ---- counting ---- */

static void set_full(struct vhost *v, bool was, bool full)
{
	v->quota.full = full;
	if (full && !was)
		log_warning("vhost '%.*s' holds %llu bytes of messages, and may hold %lld: who publishes "
		            "waits", SLICE_ARG(v->name), (unsigned long long)v->quota.counted,
		            (long long)v->about.max_bytes);
	else if (was && !full)
		log_notice("vhost '%.*s' has room for messages again", SLICE_ARG(v->name));
}

/* What was placed meanwhile may have been found, too: it counts twice then, until the next time. */
static void finish(struct vhost *v, bool was)
{
	struct quota *q = &v->quota;
	uint64_t max = (uint64_t)v->about.max_bytes;
	walk_end(&q->round);
	list_remove(&q->counting);
	q->counted = q->found;
	q->known = true;
	q->at_ms = v->broker->now_ms;
	set_full(v, was, is_limited(v) && q->counted + q->placed >= max - max / 10);
}

static uint64_t bytes_in(const struct queue *q)
{
	return q ? q->live->ready_bytes + q->live->dead.bytes + bytes_in(q->live->retained) : 0;
}

static uint64_t bytes_at(const struct quota *q, struct list *place)
{
	return bytes_in(q->in_exchanges ? list_entry(place, struct exchange, link)->waiting
	                                : list_entry(place, struct queue, link));
}

/* False at the end. */
static bool next_place(struct vhost *v)
{
	struct quota *q = &v->quota;
	struct list *place = walk_here(&q->round);
	if (place) {
		walk_on(&q->round);
		q->found += bytes_at(q, place);
	} else if (!q->in_exchanges) {
		walk_end(&q->round);
		walk_begin(&q->round, &v->topology.walks, &v->topology.all_exchanges.list);
		q->in_exchanges = true;
	} else {
		return false;
	}
	return true;
}

static void count_some(struct vhost *v, bool was)
{
	int n = 0;
	while (n < QUEUES_A_TURN && next_place(v))
		n++;
	if (n < QUEUES_A_TURN)
		finish(v, was);
}

static void count(struct vhost *v)
{
	struct quota *q = &v->quota;
	bool was = q->full;
	if (list_linked(&q->counting))
		return;
	q->found = q->placed = 0;
	q->in_exchanges = false;
	q->full = true;
	walk_begin(&q->round, &v->topology.walks, &v->topology.all_queues.list);
	list_push(&v->broker->counting, &q->counting);
	count_some(v, was);
}

void quotas_turn(struct broker *b)
{
	list_each_safe(it, &b->counting)
		count_some(list_entry(it, struct vhost, quota.counting), true);
}

/* ---- what others ask ---- */

void quota_placed(struct queue *const *queues, size_t n, uint64_t body_bytes)
{
	struct vhost *v = n ? vhost_of(queues[0]) : NULL;
	if (!v || !is_limited(v))
		return;
	struct quota *q = &v->quota;
	q->placed += n * body_bytes;
	for (size_t i = 0; i < n; i++)
		if (queues[i]->live->retained)
			q->placed += body_bytes;
	if (!q->full && (!q->known || q->counted + q->placed >= (uint64_t)v->about.max_bytes))
		count(v);
}

bool quota_is_full(struct vhost *v)
{
	struct quota *q = &v->quota;
	if (q->full && v->broker->now_ms - q->at_ms >= LOOK_MS)
		count(v);
	return q->full;
}

void quota_review(struct vhost *v)
{
	v->quota.known = false;
	v->quota.full &= is_limited(v);
}

void quota_forget(struct quota *q)
{
	walk_end(&q->round);
	list_remove(&q->counting);
}
