/* SPDX-License-Identifier: Apache-2.0 */
#include "management/row_stats.h"

#include "broker/channel.h"
#include "exchange/exchange.h"
#include "management/stats.h"
#include "queue/queue.h"

static const struct motion *motion_of(enum roster_kind kind, const struct roster_row *r)
{
	switch (kind) {
	case ROSTER_QUEUES: return r->queue->motion;
	case ROSTER_EXCHANGES: return r->exchange->motion;
	case ROSTER_CHANNELS: return &r->channel->motion;
	case ROSTER_CONNECTIONS: return &r->connection->motion;
	default: return &r->vhost->motion;
	}
}

static struct cell number(enum roster_kind kind, const struct roster_row *r, uint64_t measures)
{
	const struct motion *m = motion_of(kind, r);
	return m ? cell_number(sampling_now(r->broker, m, measures)) : cell_absent();
}

/* A queue that has not moved since the start has its length all the same. */
static struct cell still(const struct roster_row *r, uint64_t measures, struct buf *room)
{
	uint64_t now[MEASURES], value = 0;
	sampling_measure_queue(r->broker, r->queue, now);
	for (size_t i = 0; i < MEASURES; i++)
		value += measures >> i & 1 ? now[i] : 0;
	stats_put_still(room, r->broker, value, measures, r->spans);
	return cell_json(buf_slice(room));
}

static struct cell details(enum roster_kind kind, const struct roster_row *r, uint64_t measures,
                           struct buf *room)
{
	const struct motion *m = motion_of(kind, r);
	if (!m && kind == ROSTER_QUEUES && stats_family_of(measures) == STATS_LENGTHS)
		return still(r, measures, room);
	if (!m)
		return cell_absent();
	stats_put_rates(room, r->broker, m, measures, r->spans);
	return cell_json(buf_slice(room));
}

/* In thousandths, to be sorted by. */
static struct cell rate(enum roster_kind kind, const struct roster_row *r, uint64_t measures)
{
	return cell_integer((int64_t)(1e3 * sampling_rate(r->broker, motion_of(kind, r), measures)));
}

#define SAMPLED(kind, path, name, measures)                                           \
	struct cell row_stats_##name##_details(const struct roster_row *r, struct buf *room) \
	{                                                                                 \
		return details(ROSTER_##kind, r, measures, room);                             \
	}                                                                                 \
	struct cell row_stats_##name##_rate(const struct roster_row *r, struct buf *room) \
	{                                                                                 \
		(void)room;                                                                   \
		return rate(ROSTER_##kind, r, measures);                                      \
	}
#define RATED(kind, path, name, measures)                                             \
	SAMPLED(kind, path, name, measures)                                               \
	struct cell row_stats_##name(const struct roster_row *r, struct buf *room)        \
	{                                                                                 \
		(void)room;                                                                   \
		return number(ROSTER_##kind, r, measures);                                    \
	}
#define FIELD(kind, path, column)
#define OWN(kind, path, value)
#include "management/fields.def"
