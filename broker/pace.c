/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/pace.h"

#include "base/buf.h"
#include "broker/ledger.h"
#include "broker/link.h"
#include "broker/refuse.h"
#include "broker/user.h"
#include "broker/vhost.h"

enum { RATE_MAX = 1000000000, PAUSE_MAX_MS = 1000 };

static int64_t bounded(int64_t per_s)
{
	return per_s < RATE_MAX ? per_s : RATE_MAX;
}

/* A rate a second is as many thousandths a millisecond. */
static void fill(struct pace *p, int64_t per_s, uint64_t now_ms)
{
	uint64_t passed = now_ms - p->at_ms;
	p->at_ms = now_ms;
	if (per_s && passed >= (uint64_t)(p->lacking / per_s + 1))
		p->lacking = 0;
	else
		p->lacking -= (int64_t)passed * per_s;
}

void pace_take(struct pace *p, int64_t per_s, uint64_t now_ms)
{
	if (per_s < 0)
		return;
	fill(p, bounded(per_s), now_ms);
	p->lacking += 1000;
}

bool pace_is_overdrawn(const struct pace *p, int64_t per_s)
{
	return per_s >= 0 && p->lacking > bounded(per_s) * 1000;
}

uint64_t pace_wait_ms(struct pace *p, int64_t per_s, uint64_t now_ms)
{
	if (per_s < 0)
		return 0;
	per_s = bounded(per_s);
	fill(p, per_s, now_ms);
	int64_t over = p->lacking - per_s * 500;
	if (over <= 0)
		return 0;
	return per_s ? (uint64_t)((over + per_s - 1) / per_s) : UINT64_MAX;
}

bool pace_allows(struct connection *c)
{
	struct user *u = c->account;
	struct vhost *v = c->vhost;
	uint64_t now = c->broker->now_ms;
	bool fast = false;
	if (u && u->about.max_rate != LEDGER_NO_LIMIT) {
		pace_take(&u->pace, u->about.max_rate, now);
		fast = pace_is_overdrawn(&u->pace, u->about.max_rate);
	}
	if (v && v->about.max_rate != LEDGER_NO_LIMIT) {
		pace_take(&v->pace, v->about.max_rate, now);
		fast |= pace_is_overdrawn(&v->pace, v->about.max_rate);
	}
	return !fast && !(v && v->quota.full);
}

/* Never for long: limits change. */
uint64_t pace_wait_of(struct connection *c)
{
	struct user *u = c->account;
	struct vhost *v = c->vhost;
	uint64_t now = c->broker->now_ms;
	uint64_t of_user = u ? pace_wait_ms(&u->pace, u->about.max_rate, now) : 0;
	uint64_t of_vhost = v ? pace_wait_ms(&v->pace, v->about.max_rate, now) : 0;
	uint64_t wait = of_user > of_vhost ? of_user : of_vhost;
	bool long_wait = wait > PAUSE_MAX_MS || (v && quota_is_full(v));
	return long_wait ? PAUSE_MAX_MS : wait;
}

void pace_reason(const struct connection *c, struct buf *out)
{
	const struct user *u = c->account;
	if (u && pace_is_overdrawn(&u->pace, u->about.max_rate))
		buf_printf(out, "rate limit for user '%.*s'", SLICE_ARG(u->name));
	else if (c->vhost && c->vhost->quota.full)
		buf_printf(out, "byte limit for vhost '%.*s'", SLICE_ARG(c->vhost->name));
	else if (c->vhost)
		buf_printf(out, "rate limit for vhost '%.*s'", SLICE_ARG(c->vhost->name));
	refusal_fit(out);
}
