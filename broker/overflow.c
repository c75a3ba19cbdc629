/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/overflow.h"

#include "broker/consuming.h"
#include "broker/dead.h"
#include "queue/message.h"
#include "queue/queue.h"

static bool refuses(struct broker *b, const struct message *m, struct queue *q, bool deliver)
{
	if (q->settings->overflow <= OVERFLOW_DROP_HEAD || queue_has_room(q, m->body_bytes))
		return false;
	if (deliver)
		consuming_run(b, q);
	return !queue_has_room(q, m->body_bytes);
}

size_t overflow_part(struct broker *b, const struct message *m, struct route_set *routed,
                     bool deliver)
{
	size_t n = routed->n;
	for (size_t i = 0; i < n;) {
		struct queue *q = routed->queues[i];
		if (!refuses(b, m, q, deliver)) {
			i++;
			continue;
		}
		routed->queues[i] = routed->queues[--n];
		routed->queues[n] = q;
	}
	return routed->n - n;
}

/* A message that is not in memory is on its way then: the queue is noted again when it is here.
 * True when it stopped because no more may go in this turn. */
static bool trim(struct broker *b, struct queue *q)
{
	struct entry e;
	if (q->live->stream) {
		stream_trim(q, &b->trims);
		return b->trims == 0 && stream_is_over(q);
	}
	if (queue_is_over(q))
		consuming_run(b, q);
	while (queue_is_over(q)) {
		if (b->trims == 0)
			return true;
		if (!queue_take_lowest(q, &e))
			return false;
		dead_letter(b, q, e, DEATH_MAXLEN);
		b->trims--;
	}
	return false;
}

void overflow_trim(struct broker *b)
{
	for (struct list *l; b->trims && (l = list_pop(&b->overfull));) {
		struct queue *q = list_entry(l, struct live, overfull)->queue;
		if (trim(b, q) && !list_linked(&q->live->overfull))
			list_push(&b->overfull, &q->live->overfull);
	}
}
