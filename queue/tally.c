/* SPDX-License-Identifier: Apache-2.0 */
/* What is not in memory is known of three places: the cold stretch of a lane, what is on its way
 * back to it, and unacked entries that were let go of.  All else is. */
#include "queue/tally.h"

#include "queue/fetch.h"
#include "queue/queue.h"

struct portion tally_unacked(const struct queue *q)
{
	const struct live *l = q->live;
	if (l->stream)
		return (struct portion){ 0 };
	return (struct portion){ l->unacked - l->dead.n, l->unacked_bytes - l->dead.bytes };
}

struct portion tally_all(const struct queue *q)
{
	const struct live *l = q->live;
	struct portion unacked = tally_unacked(q);
	return (struct portion){ queue_ready(q) + unacked.n + l->dead.n,
		                     l->ready_bytes + unacked.bytes + l->dead.bytes };
}

struct tally tally_of(const struct queue *q)
{
	const struct live *l = q->live;
	struct portion unacked = tally_unacked(q), kept = { 0 };
	if (!l->stream) {
		kept = l->ready_kept;
		portion_add(&kept, l->unacked_kept.n, l->unacked_kept.bytes);
	}
	return (struct tally){ .ready = queue_ready(q),
		                   .unacked = unacked.n,
		                   .held = l->dead.n,
		                   .lent = l->unacked - l->later.count - l->dead.n,
		                   .ready_bytes = l->ready_bytes,
		                   .unacked_bytes = unacked.bytes,
		                   .held_bytes = l->dead.bytes,
		                   .persistent = kept.n,
		                   .persistent_bytes = kept.bytes };
}

struct portion tally_ready_ram(const struct queue *q)
{
	const struct live *live = q->live;
	struct portion p = { live->aside, live->ready_bytes };
	for (unsigned i = 0; i <= live->n_levels; i++) {
		const struct lane *l = queue_lane(q, (uint16_t)i);
		portion_add(&p, lane_count(l) - l->n_loading - l->cold.count,
		            -(l->cold.body_bytes + fetch_loading_bytes(l)));
	}
	return p;
}

struct portion tally_unacked_ram(const struct queue *q)
{
	const struct live *live = q->live;
	struct portion p = tally_unacked(q);
	portion_add(&p, live->dead_away.n - live->unacked_away.n,
	            live->dead_away.bytes - live->unacked_away.bytes);
	return p;
}

struct portion tally_ram(const struct queue *q)
{
	struct portion p = tally_all(q), away = tally_paged_out(q);
	portion_add(&p, -away.n, -away.bytes);
	return p;
}

/* What is ready and not in memory, and what is neither. */
struct portion tally_paged_out(const struct queue *q)
{
	const struct live *live = q->live;
	struct portion p = live->unacked_away, ram = tally_ready_ram(q);
	portion_add(&p, queue_ready(q) - ram.n, live->ready_bytes - ram.bytes);
	return p;
}
