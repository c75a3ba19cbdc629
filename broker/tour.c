/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/tour.h"

#include "base/die.h"
#include "broker/state.h"

void tour_begin(struct tour *t, struct broker *b, enum roster_kind kind)
{
	*t = (struct tour){ .broker = b, .kind = kind, .inside = !roster_lies_in_vhosts(kind) };
	roster_begin(t->inside ? &t->roster : &t->vhosts, b, NULL,
	             t->inside ? kind : ROSTER_VHOSTS);
}

void tour_begin_in(struct tour *t, struct vhost *v, enum roster_kind kind)
{
	*t = (struct tour){ .broker = v->broker, .kind = kind, .inside = true, .unannounced = true };
	must(roster_lies_in_vhosts(kind));
	roster_begin(&t->roster, v->broker, v, kind);
}

void tour_begin_from(struct tour *t, struct vhost *v, struct exchange *source)
{
	*t = (struct tour){ .broker = v->broker, .kind = ROSTER_BINDINGS, .inside = true };
	roster_begin_from(&t->roster, v, source);
}

void tour_begin_to(struct tour *t, struct vhost *v, struct destination to)
{
	*t = (struct tour){ .broker = v->broker, .kind = ROSTER_BINDINGS, .inside = true };
	roster_begin_to(&t->roster, v, to);
}

void tour_end(struct tour *t)
{
	roster_end(&t->roster);
	roster_end(&t->vhosts);
	t->inside = false;
}

void tour_go_on(struct tour *t)
{
	roster_go_on(&t->roster);
	roster_go_on(&t->vhosts);
}

void tour_pass(struct tour *t, uint64_t n)
{
	roster_pass(&t->roster, n);
}

void tour_skip(struct tour *t)
{
	roster_end(&t->roster);
	t->inside = false;
}

static enum tour_answer answer(enum roster_answer a, enum tour_answer row)
{
	return a == ROSTER_ROW ? row : a == ROSTER_END ? TOUR_END : TOUR_NOT_YET;
}

enum tour_answer tour_next(struct tour *t, struct roster_row *out)
{
	if (t->unannounced) {
		t->unannounced = false;
		*out = (struct roster_row){ .broker = t->broker, .vhost = t->roster.vhost };
		return TOUR_VHOST;
	}
	if (t->inside) {
		enum roster_answer a = roster_next(&t->roster, out);
		if (a != ROSTER_END || !t->vhosts.broker)
			return answer(a, TOUR_ROW);
		tour_skip(t);
	}
	if (!t->vhosts.broker)
		return TOUR_END;
	enum roster_answer a = roster_next(&t->vhosts, out);
	if (a == ROSTER_ROW) {
		t->inside = true;
		roster_begin(&t->roster, t->broker, vhost_find(t->broker, out->vhost->name), t->kind);
	}
	return answer(a, TOUR_VHOST);
}
