/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about limits of virtual hosts and users. */
#include "amqp/table.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/call.h"
#include "management/limits.h"
#include "management/verbs.h"

/* Reads an object; false, which was said then: it is none. */
static bool read_object(struct call *c, struct slice text, struct buf *room, struct field *out)
{
	if (!call_json(c, text, room, out))
		return false;
	if (out->letter != 'F')
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Validation failed\n\nlimits must be a dictionary\n");
	return out->letter == 'F';
}

static enum call_state outcome(struct call *c, struct buf *why)
{
	if (why->len)
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Validation failed\n\n%.*s",
		          SLICE_ARG(buf_slice(why)));
	buf_free(why);
	return c->code ? CALL_DONE : CALL_WAITS;
}

/* ---- of a virtual host ---- */

static const struct slice component = { (const uint8_t *)"vhost-limits", 12 };
static const struct slice name = { (const uint8_t *)"limits", 6 };

/* All at once: those that are not named are lifted. */
void call_limit(struct call *c, struct vhost *v, struct slice text, struct buf *why)
{
	struct buf room = { 0 };
	struct field object;
	struct vhost_about about = v->about;
	ledger_vhost_lift(&about);
	if (read_object(c, text, &room, &object) && limits_read_vhost(object.bytes, &about, why)) {
		c->wait_for = vhost_change(v, &about);
		report_parameter_set(v->broker, v, component, name, buf_slice(&room));
		report_vhost_limits(v, object.bytes);
	}
	buf_free(&room);
}

void call_lift(struct call *c, struct vhost *v)
{
	struct vhost_about about = v->about;
	ledger_vhost_lift(&about);
	c->wait_for = vhost_change(v, &about);
	report_parameter_cleared(v->broker, v, component, name);
	report_vhost_limits(v, slice_of(NULL, 0));
}

static enum call_state set_vhost(struct call *c, struct buf *out)
{
	struct buf why = { 0 };
	call_banner(c, out, "Setting vhost limits to \"%.*s\" for vhost \"%.*s\" ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v)
		call_limit(c, v, c->arguments[0], &why);
	return outcome(c, &why);
}

enum call_state verb_set_vhost_limits(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_vhost);
}

static enum call_state clear_vhost(struct call *c, struct buf *out)
{
	call_banner(c, out, "Clearing vhost \"%.*s\" limits ...", SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v)
		call_lift(c, v);
	return v ? CALL_WAITS : CALL_DONE;
}

enum call_state verb_clear_vhost_limits(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_vhost);
}

/* ---- of a user ---- */

/* Those that are not named stay. */
static enum call_state set_user(struct call *c, struct buf *out)
{
	struct buf room = { 0 }, why = { 0 };
	struct field object;
	call_banner(c, out, "Setting user limits to \"%.*s\" for user \"%.*s\" ...",
	            SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[0]));
	struct user *u = call_user(c);
	struct user_about about = u ? u->about : USER_PLAIN;
	if (u && read_object(c, c->arguments[1], &room, &object) &&
	    limits_read_user(object.bytes, &about, &why)) {
		c->wait_for = user_change(u, &about);
		report_user_limits(u, object.bytes);
	}
	buf_free(&room);
	return outcome(c, &why);
}

enum call_state verb_set_user_limits(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_user);
}

static enum call_state clear_user(struct call *c, struct buf *out)
{
	bool all = slice_is(c->arguments[1], "all");
	call_banner(c, out, "Clearing %s%.*s%s limits for user \"%.*s\" ...", all ? "" : "\"",
	            SLICE_ARG(c->arguments[1]), all ? "" : "\"", SLICE_ARG(c->arguments[0]));
	struct user *u = call_user(c);
	struct user_about about = u ? u->about : USER_PLAIN;
	if (u && limits_lift_user(c->arguments[1], &about))
		c->wait_for = user_change(u, &about);
	return CALL_WAITS;
}

enum call_state verb_clear_user_limits(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_user);
}
