/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/place.h"

#include "base/die.h"
#include "queue/queue.h"
#include "queue/store.h"

static bool is_kept(const struct queue *q, const struct message *m)
{
	return m->persistent && queue_is_logged(q);
}

enum { STRETCH = 1024 };

/* One record for those of the queues that keep the message; each stretch has one of its own, which
 * its entries retain. */
static log_position place_stretch(struct store *s, struct message *m,
                                  const struct record_target *from, struct queue *const *queues,
                                  size_t n)
{
	struct record_target targets[STRETCH];
	size_t used = 0;
	log_position wait_for = 0;
	for (size_t i = 0; i < n; i++)
		if (is_kept(queues[i], m))
			targets[used++] = (struct record_target){ queues[i]->id, queues[i]->next_seq };
	if (used)
		wait_for = store_publish(s, m, from, targets, used);
	for (size_t i = 0; i < n; i++)
		queue_push(queues[i], queue_number(queues[i]), m);
	return wait_for;
}

struct placed place_moved(struct store *s, struct message *m, const struct record_target *from,
                          struct queue *const *queues, size_t n)
{
	must(message_is_whole(m));
	struct placed placed = { .queues = n };
	for (size_t at = 0; at < n; at += STRETCH) {
		size_t left = n - at;
		log_position wait_for =
			place_stretch(s, m, from, queues + at, left < STRETCH ? left : STRETCH);
		placed.wait_for = wait_for ? wait_for : placed.wait_for;
	}
	return placed;
}

struct placed place(struct store *s, struct message *m, struct queue *const *queues, size_t n)
{
	return place_moved(s, m, NULL, queues, n);
}
