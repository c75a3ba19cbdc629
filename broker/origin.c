/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/origin.h"

#include "amqp/table.h"
#include "queue/queue.h"
#include "queue/store.h"

#define FAR_S (INT64_MAX / 4000)

bool origin_read_text(struct slice text, int64_t wall_ms, struct origin *out)
{
	int64_t age_ms;
	if (slice_is(text, "first"))
		out->kind = ORIGIN_FIRST;
	else if (slice_is(text, "last"))
		out->kind = ORIGIN_LAST;
	else if (slice_is(text, "next"))
		out->kind = ORIGIN_NEXT;
	else if (settings_age(text, &age_ms))
		*out = (struct origin){ .kind = ORIGIN_TIME, .wall_ms = wall_ms - age_ms };
	else
		return false;
	return true;
}

bool origin_read(const struct field *f, int64_t wall_ms, struct origin *out)
{
	if (f->letter == 'S')
		return origin_read_text(f->bytes, wall_ms, out);
	if (f->letter == 'T')
		*out = (struct origin){ .kind = ORIGIN_TIME,
			                    .wall_ms = f->timestamp < FAR_S ? 1000 * (int64_t)f->timestamp
			                                                    : 1000 * FAR_S };
	else if (field_is_integer(f) && f->integer >= 0)
		*out = (struct origin){ .kind = ORIGIN_NUMBER, .number = (uint64_t)f->integer };
	else
		return false;
	return true;
}

/* The numbers of a stream begin at 1, its offsets at 0. */
uint64_t origin_number(const struct queue *q, const struct origin *o)
{
	uint64_t first = stream_first(q), next = q->live->stream->visible, high = next;
	switch (o->kind) {
	case ORIGIN_FIRST: return first;
	case ORIGIN_LAST: return next > first ? next - 1 : next;
	case ORIGIN_NUMBER: return o->number + 1;
	case ORIGIN_TIME:
		trail_since(&q->live->lane.cold, o->wall_ms > 0 ? (uint64_t)o->wall_ms : 1, &first, &high);
		return first;
	default: return next;
	}
}
