/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_CHANNEL

#include "broker/patience.h"

#include "amqp/table.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/refuse.h"
#include "broker/settle.h"
#include "queue/queue.h"

enum {
	TURN_BUDGET = 4096,   /* deliveries taken back in one turn */
	FEW = 64,             /* so many that are acked may stay noted */
	LATE_MAX = 65536,     /* of one channel */
};

struct patience_due {
	uint64_t at_ms, tag;
	uint64_t ms;              /* what was allowed, for the sentence */
};

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
	return list_entry(a, struct channel, patience.node)->patience.due_ms <
	       list_entry(b, struct channel, patience.node)->patience.due_ms;
}

void patience_heap_init(struct heap *h)
{
	heap_init(h, sooner);
}

void patience_init(struct patience *p)
{
	*p = (struct patience){ 0 };
	heap_node_init(&p->node);
}

void patience_free(struct channel *ch)
{
	struct patience *p = &ch->patience;
	if (heap_linked(&p->node))
		heap_remove(&ch->broker->patience, &p->node);
	mem_free(p->dues);
	patience_init(p);
}

uint64_t patience_of_queue(const struct broker *b, const struct queue *q)
{
	int64_t ms = q->settings->patience_ms;
	return ms >= 0 ? (uint64_t)ms : b->options.consumer_timeout_ms;
}

static void review(const struct broker *b, struct list *consumers)
{
	struct field f;
	list_each(it, consumers) {
		struct consumer *c = list_entry(it, struct consumer, turn);
		if (!table_find(c->arguments, "x-consumer-timeout", &f))
			c->patience_ms = patience_of_queue(b, c->queue);
	}
}

void patience_review(const struct broker *b, struct queue *q)
{
	review(b, &q->live->rotation.able);
	review(b, &q->live->rotation.waiting);
}

/* ---- the heap of a channel ---- */

static void sift_up(struct patience *p, size_t at, struct patience_due d)
{
	for (; at > 0 && p->dues[(at - 1) / 2].at_ms > d.at_ms; at = (at - 1) / 2)
		p->dues[at] = p->dues[(at - 1) / 2];
	p->dues[at] = d;
}

static void sift_down(struct patience *p, size_t at, struct patience_due d)
{
	for (size_t child; (child = 2 * at + 1) < p->n; at = child) {
		if (child + 1 < p->n && p->dues[child + 1].at_ms < p->dues[child].at_ms)
			child++;
		if (p->dues[child].at_ms >= d.at_ms)
			break;
		p->dues[at] = p->dues[child];
	}
	p->dues[at] = d;
}

static struct patience_due pop(struct patience *p)
{
	struct patience_due top = p->dues[0];
	if (--p->n)
		sift_down(p, 0, p->dues[p->n]);
	return top;
}

/* The acked ones go: what is noted stays within twice of what is out. */
static void sweep(struct channel *ch)
{
	struct patience *p = &ch->patience;
	size_t kept = 0;
	for (size_t i = 0; i < p->n; i++)
		if (unacked_has(&ch->unacked, p->dues[i].tag))
			p->dues[kept++] = p->dues[i];
	p->n = kept;
	for (size_t i = kept / 2; i > 0; i--)
		sift_down(p, i - 1, p->dues[i - 1]);
}

static void make_room(struct channel *ch)
{
	struct patience *p = &ch->patience;
	if (p->n < p->cap)
		return;
	if (p->n > 2 * ch->unacked.count + FEW)
		sweep(ch);
	if (p->n > p->cap / 2 || p->cap == 0) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->dues = mem_realloc(p->dues, p->cap * sizeof *p->dues);
	}
}

/* ---- the heap of the broker ---- */

static void place_in_heap(struct channel *ch)
{
	struct patience *p = &ch->patience;
	struct heap *h = &ch->broker->patience;
	bool there = heap_linked(&p->node);
	if (p->n)
		p->due_ms = p->dues[0].at_ms;
	if (p->n && there)
		heap_move(h, &p->node);
	else if (p->n)
		heap_push(h, &p->node);
	else if (there)
		heap_remove(h, &p->node);
	if (p->n == 0) {
		mem_free(p->dues);
		p->dues = NULL;
		p->cap = 0;
	}
}

void patience_note(struct channel *ch, uint64_t tag, uint64_t ms)
{
	struct patience *p = &ch->patience;
	struct patience_due d = { .at_ms = ch->broker->now_ms + ms, .tag = tag, .ms = ms };
	make_room(ch);
	sift_up(p, p->n++, d);
	if (p->n == 1 || d.at_ms < p->due_ms)
		place_in_heap(ch);
}

/* ---- too late ---- */

static void close_channel(struct channel *ch, uint64_t ms)
{
	channel_refuse(ch,
	               refuse(ch->broker, &PRECONDITION_FAILED,
	                      "delivery acknowledgement on channel %u timed out. Timeout value used: "
	                      "%llu ms. This timeout value can be configured, see consumers doc guide "
	                      "to learn more", ch->number, (unsigned long long)ms),
	               0);
}

/* The consumer goes first, so that the message does not come straight back to it. */
static void take_back(struct channel *ch, const struct delivery *d, const struct patience_due *due)
{
	struct consumer *c = d->consumer;
	if (!c || !ch->connection->can_cancel_notify || ch->patience.n_late == LATE_MAX) {
		close_channel(ch, due->ms);
		return;
	}
	if (!c->cancelled) {
		log_warning("conn=%llu channel %u: consumer '%.*s' has not acknowledged delivery %llu "
		            "within %llu ms: cancelled", (unsigned long long)ch->connection->number,
		            ch->number, SLICE_ARG(c->tag), (unsigned long long)due->tag,
		            (unsigned long long)due->ms);
		consuming_expel(c);
	}
	settle_late(ch, due->tag);
}

/* One that is acked in a transaction that is still open is looked at again: a rollback would leave
 * it unacked. */
static void look_at(struct channel *ch, const struct patience_due *due)
{
	const struct delivery *d = unacked_get(&ch->unacked, due->tag);
	if (d && d->held)
		patience_note(ch, due->tag, due->ms);
	else if (d && d->queue)
		take_back(ch, d, due);
}

static void run_channel(struct channel *ch, int *budget)
{
	struct patience *p = &ch->patience;
	uint64_t now = ch->broker->now_ms;
	for (; p->n && p->dues[0].at_ms <= now && *budget; --*budget) {
		struct patience_due due = pop(p);
		look_at(ch, &due);
	}
	place_in_heap(ch);
	channel_wake_consumers(ch);
}

void patience_run(struct broker *b)
{
	int budget = TURN_BUDGET;
	for (struct heap_node *n; budget && (n = heap_top(&b->patience));) {
		struct channel *ch = list_entry(n, struct channel, patience.node);
		if (ch->patience.due_ms > b->now_ms)
			return;
		run_channel(ch, &budget);
	}
}

uint64_t patience_deadline(const struct broker *b)
{
	const struct heap_node *n = heap_top(&b->patience);
	return n ? list_entry(n, struct channel, patience.node)->patience.due_ms : UINT64_MAX;
}
