/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/place.h"

#include "base/die.h"
#include "queue/queue.h"
#include "queue/store.h"

static bool is_kept(const struct queue *q, const struct message *m)
{
	return m->persistent && queue_is_logged(q);
}

/* Logs the message for those of the queues that keep it, a bounded number at a time. */
static log_position log_targets(struct store *s, struct message *m,
                                const struct record_target *from, struct queue *const *queues,
                                size_t n)
{
	struct record_target targets[1024];
	size_t used = 0;
	log_position wait_for = 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_kept(queues[i], m))
			continue;
		targets[used++] = (struct record_target){ queues[i]->id, queues[i]->next_seq };
		if (used == ARRAY_LEN(targets)) {
			wait_for = store_publish(s, m, from, targets, used);
			used = 0;
		}
	}
	return used ? store_publish(s, m, from, targets, used) : wait_for;
}

struct placed place_moved(struct store *s, struct message *m, const struct record_target *from,
                          struct queue *const *queues, size_t n)
{
	must(message_is_whole(m));
	struct placed placed = { .queues = n };
	if (m->persistent)
		placed.wait_for = log_targets(s, m, from, queues, n);
	for (size_t i = 0; i < n; i++)
		queue_push(queues[i], queue_number(queues[i]), m);
	return placed;
}

struct placed place(struct store *s, struct message *m, struct queue *const *queues, size_t n)
{
	return place_moved(s, m, NULL, queues, n);
}
