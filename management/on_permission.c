/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about what users may do. */
#include "base/die.h"
#include "broker/manage.h"
#include "broker/roster.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/call.h"
#include "management/verbs.h"

static enum call_state grant(struct call *c, struct slice exchange,
                             const struct slice texts[RIGHTS])
{
	struct user *u = call_user(c);
	struct vhost *v = u ? call_vhost(c) : NULL;
	struct pattern_fault fault;
	if (v && !grant_set(u, v, exchange, texts, &fault, &c->wait_for))
		return call_fail(c, CALL_EXIT_SOFTWARE, "invalid regular expression: %s, at byte %zu",
		                 fault.text, fault.at);
	return CALL_WAITS;
}

static enum call_state set(struct call *c, struct buf *out)
{
	call_banner(c, out, "Setting permissions for user \"%.*s\" in vhost \"%.*s\" ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	return grant(c, slice_of(NULL, 0), &c->arguments[1]);
}

enum call_state verb_set_permissions(struct call *c, struct buf *out)
{
	return call_durably(c, out, set);
}

enum { GRANTS_A_PULL = 64 };

static void end(void *kept)
{
	roster_end(kept);
}

/* A few at a time.  The first one that is no pattern ends it before any was set. */
enum call_state verb_set_permissions_globally(struct call *c, struct buf *out)
{
	struct roster *vhosts = call_keep(c, sizeof *vhosts, end);
	struct roster_row row;
	enum roster_answer a = ROSTER_ROW;
	if (!c->begun) {
		call_banner(c, out, "Setting permissions for user \"%.*s\" in all virtual hosts ...",
		            SLICE_ARG(c->arguments[0]));
		roster_begin(vhosts, c->host->broker, NULL, ROSTER_VHOSTS);
	}
	if (!call_user(c))
		return CALL_DONE;
	roster_go_on(vhosts);
	for (int n = 0; n < GRANTS_A_PULL && (a = roster_next(vhosts, &row)) == ROSTER_ROW; n++) {
		c->vhost = row.vhost->name;
		if (grant(c, slice_of(NULL, 0), &c->arguments[1]) == CALL_DONE)
			return CALL_DONE;
	}
	if (a != ROSTER_END)
		return CALL_MORE;
	return manage_is_durable(c->host->broker, c->wait_for) ? CALL_DONE : CALL_WAITS;
}

static enum call_state clear(struct call *c, struct buf *out)
{
	call_banner(c, out, "Clearing permissions for user \"%.*s\" in vhost \"%.*s\" ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	struct user *u = call_user(c);
	struct vhost *v = u ? call_vhost(c) : NULL;
	struct grant *g = v ? grant_find(u, v, slice_of(NULL, 0)) : NULL;
	if (g)
		c->wait_for = grant_remove(g);
	return CALL_WAITS;
}

enum call_state verb_clear_permissions(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear);
}

/* ---- topics ---- */

static enum call_state set_topic(struct call *c, struct buf *out)
{
	struct slice texts[RIGHTS] = { slice_of("", 0), c->arguments[2], c->arguments[3] };
	call_banner(c, out, "Setting topic permissions on \"%.*s\" for user \"%.*s\" in vhost "
	                    "\"%.*s\" ...",
	            SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (c->arguments[1].n > 255)
		return call_refuse(c, "the name of an exchange has at most 255 bytes");
	return grant(c, c->arguments[1], texts);
}

enum call_state verb_set_topic_permissions(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_topic);
}

/* Of one exchange, or of all in the virtual host. */
static log_position drop_topics(struct user *u, const struct vhost *v, struct slice exchange)
{
	log_position last = 0;
	list_each_safe(it, &u->topic_grants) {
		struct grant *g = list_entry(it, struct grant, on_user);
		if (g->vhost == v && (!exchange.p || slice_eq(exchange, g->exchange)))
			last = grant_remove(g);
	}
	return last;
}

static enum call_state clear_topic(struct call *c, struct buf *out)
{
	struct slice exchange = c->n > 1 ? c->arguments[1] : slice_of(NULL, 0);
	if (exchange.p)
		call_banner(c, out, "Clearing topic permissions on \"%.*s\" for user \"%.*s\" in vhost "
		                    "\"%.*s\" ...",
		            SLICE_ARG(exchange), SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	else
		call_banner(c, out, "Clearing topic permissions for user \"%.*s\" in vhost \"%.*s\" ...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	struct user *u = call_user(c);
	struct vhost *v = u ? call_vhost(c) : NULL;
	if (v)
		c->wait_for = drop_topics(u, v, exchange);
	return CALL_WAITS;
}

enum call_state verb_clear_topic_permissions(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_topic);
}
