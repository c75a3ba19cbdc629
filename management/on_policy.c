/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about policies. */
#include <inttypes.h>

#include "amqp/table.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/term.h"
#include "management/call.h"
#include "management/verbs.h"

/* False when it was refused. */
static bool read_priority(struct call *c, int64_t *out)
{
	struct slice s = c->options.priority;
	bool minus = s.n > 1 && s.p[0] == '-';
	int64_t n = 0;
	size_t i = minus;
	for (; i < s.n && i < 18 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (s.p[i] - '0');
	*out = minus ? -n : n;
	if (i == s.n && (s.n || !s.p))
		return true;
	call_refuse(c, "Invalid options for this command:\n--priority : %.*s", SLICE_ARG(s));
	return false;
}

/* False when it was refused. */
static bool read_definition(struct call *c, struct slice text, struct buf *room, struct field *out)
{
	struct buf term = { 0 };
	if (!call_json(c, text, room, out))
		return false;
	if (out->letter == 'F')
		return true;
	term_put(&term, out);
	call_fail(c, CALL_EXIT_UNAVAILABLE,
	          "Validation failed\n\ndefinition must be a dictionary: %.*s\n",
	          SLICE_ARG(buf_slice(&term)));
	buf_free(&term);
	return false;
}

static void set_for(struct call *c, struct vhost *v, enum policy_kind kind, int64_t priority)
{
	struct buf room = { 0 }, why = { 0 };
	struct slice said = c->options.apply_to;
	struct field definition;
	if (read_definition(c, c->arguments[2], &room, &definition)) {
		struct policy_spec spec = { .name = c->arguments[0],
			                        .pattern = c->arguments[1],
			                        .apply_to = said.p ? said : slice_str("all"),
			                        .definition = definition.bytes,
			                        .priority = priority };
		if (!policing_set(v, kind, &spec, &c->wait_for, &why))
			call_fail(c, CALL_EXIT_UNAVAILABLE, "Validation failed\n\n%.*s",
			          SLICE_ARG(buf_slice(&why)));
	}
	buf_free(&room);
	buf_free(&why);
}

static enum call_state set(struct call *c, enum policy_kind kind, struct buf *out)
{
	int64_t priority;
	if (!read_priority(c, &priority))
		return CALL_DONE;
	call_banner(c, out,
	            "Setting %s \"%.*s\" for pattern \"%.*s\" to \"%.*s\" with priority \"%" PRIi64
	            "\" for vhost \"%.*s\" ...",
	            kind == POLICY_OPERATOR ? "operator policy override" : "policy",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[2]),
	            priority, SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v)
		set_for(c, v, kind, priority);
	return c->code ? CALL_DONE : CALL_WAITS;
}

static enum call_state clear(struct call *c, enum policy_kind kind, struct buf *out)
{
	call_banner(c, out, "Clearing %s \"%.*s\" on vhost \"%.*s\" ...",
	            kind == POLICY_OPERATOR ? "operator policy" : "policy", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v && !policing_clear(v, kind, c->arguments[0], &c->wait_for))
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Parameter does not exist");
	return c->code ? CALL_DONE : CALL_WAITS;
}

static enum call_state set_users(struct call *c, struct buf *out)
{
	return set(c, POLICY_USER, out);
}

enum call_state verb_set_policy(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_users);
}

static enum call_state set_operators(struct call *c, struct buf *out)
{
	return set(c, POLICY_OPERATOR, out);
}

enum call_state verb_set_operator_policy(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_operators);
}

static enum call_state clear_users(struct call *c, struct buf *out)
{
	return clear(c, POLICY_USER, out);
}

enum call_state verb_clear_policy(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_users);
}

static enum call_state clear_operators(struct call *c, struct buf *out)
{
	return clear(c, POLICY_OPERATOR, out);
}

enum call_state verb_clear_operator_policy(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_operators);
}
