/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about runtime parameters.  Of the components that RabbitMQ has, those that it keeps
 * policies in have verbs of their own; one is ours. */
#include "amqp/table.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/verbs.h"

/* Global parameters have none. */
static const struct slice no_component = { (const uint8_t *)"", 0 };

static enum call_state outcome(const struct call *c)
{
	return c->code ? CALL_DONE : CALL_WAITS;
}

static bool refuses_policy(struct call *c, const char *what)
{
	struct slice component = c->arguments[0];
	if (!slice_is(component, "policy") && !slice_is(component, "operator_policy"))
		return false;
	call_fail(c, CALL_EXIT_UNAVAILABLE, "policies may not be %s using this method", what);
	return true;
}

/* ---- of a virtual host ---- */

static bool is_limits(const struct call *c)
{
	return slice_is(c->arguments[0], "vhost-limits") && slice_is(c->arguments[1], "limits");
}

/* Appends why there is no such parameter, if there is none. */
static void judge(const struct call *c, const struct field *value, struct buf *why)
{
	struct slice component = c->arguments[0], name = c->arguments[1];
	bool limits = slice_is(component, "vhost-limits");
	if (!limits && !slice_is(component, POLICING_COMPONENT))
		buf_printf(why, "component %.*s not found\n", SLICE_ARG(component));
	else if (limits || !slice_is(name, POLICING_MERGE))
		buf_printf(why, "component %.*s has no parameter %.*s\n", SLICE_ARG(component),
		           SLICE_ARG(name));
	else if (value->letter != 't')
		buf_printf(why, "%.*s should be boolean\n", SLICE_ARG(name));
}

/* v NULL: a global one. */
static void set_valid(struct call *c, struct vhost *v, struct slice component, struct slice name,
                      struct slice value)
{
	struct broker *b = c->host->broker;
	struct parameters *p = v ? &v->parameters : &b->parameters;
	if (parameters_set(p, component, name, value, &c->wait_for))
		report_parameter_set(b, v, component, name, value);
	else
		call_fail(c, CALL_EXIT_UNAVAILABLE,
		          "Validation failed\n\nthere are %d parameters already, or the name has more than "
		          "%d bytes\n",
		          PARAMETERS_MAX, PARAMETER_NAME_MAX);
}

static void set_for(struct call *c, struct vhost *v)
{
	struct buf room = { 0 }, why = { 0 };
	struct field value;
	if (is_limits(c))
		call_limit(c, v, c->arguments[2], &why);
	else if (call_json(c, c->arguments[2], &room, &value))
		judge(c, &value, &why);
	if (why.len)
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Validation failed\n\n%.*s",
		          SLICE_ARG(buf_slice(&why)));
	else if (!c->code && !is_limits(c))
		set_valid(c, v, c->arguments[0], c->arguments[1], buf_slice(&room));
	policing_review(v);
	buf_free(&room);
	buf_free(&why);
}

static enum call_state set(struct call *c, struct buf *out)
{
	call_banner(c, out,
	            "Setting runtime parameter \"%.*s\" for component \"%.*s\" to \"%.*s\" in vhost "
	            "\"%.*s\" ...",
	            SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[0]), SLICE_ARG(c->arguments[2]),
	            SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v && !refuses_policy(c, "set"))
		set_for(c, v);
	return outcome(c);
}

enum call_state verb_set_parameter(struct call *c, struct buf *out)
{
	return call_durably(c, out, set);
}

/* v NULL: a global one. */
static void clear_in(struct call *c, struct vhost *v, struct slice component, struct slice name)
{
	struct broker *b = c->host->broker;
	struct parameters *p = v ? &v->parameters : &b->parameters;
	if (parameters_clear(p, component, name, &c->wait_for))
		report_parameter_cleared(b, v, component, name);
	else
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Parameter does not exist");
}

static enum call_state clear(struct call *c, struct buf *out)
{
	call_banner(c, out,
	            "Clearing runtime parameter \"%.*s\" for component \"%.*s\" on vhost \"%.*s\" ...",
	            SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v && is_limits(c) && ledger_vhost_is_limited(&v->about)) {
		call_lift(c, v);
	} else if (v && !refuses_policy(c, "cleared")) {
		clear_in(c, v, c->arguments[0], c->arguments[1]);
		policing_review(v);
	}
	return outcome(c);
}

enum call_state verb_clear_parameter(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear);
}

/* ---- global ones ---- */

static enum call_state set_global(struct call *c, struct buf *out)
{
	struct buf room = { 0 };
	struct field value;
	call_banner(c, out, "Setting global runtime parameter \"%.*s\" to \"%.*s\" ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->arguments[1]));
	if (call_json(c, c->arguments[1], &room, &value))
		set_valid(c, NULL, no_component, c->arguments[0], buf_slice(&room));
	buf_free(&room);
	return outcome(c);
}

enum call_state verb_set_global_parameter(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_global);
}

/* It is a global parameter, as RabbitMQ keeps it. */
static enum call_state set_cluster_name(struct call *c, struct buf *out)
{
	struct field name = { .letter = 'S', .bytes = c->arguments[0] };
	struct buf value = { 0 };
	call_banner(c, out, "Setting cluster name to %.*s ...", SLICE_ARG(name.bytes));
	table_put(&value, slice_of(NULL, 0), &name);
	if (name.bytes.n)
		set_valid(c, NULL, no_component, slice_str("cluster_name"), buf_slice(&value));
	else
		call_fail(c, CALL_EXIT_UNAVAILABLE, "the name should not be empty");
	buf_free(&value);
	return outcome(c);
}

enum call_state verb_set_cluster_name(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_cluster_name);
}

static enum call_state clear_global(struct call *c, struct buf *out)
{
	call_banner(c, out, "Clearing global runtime parameter \"%.*s\" ...",
	            SLICE_ARG(c->arguments[0]));
	clear_in(c, NULL, no_component, c->arguments[0]);
	return outcome(c);
}

enum call_state verb_clear_global_parameter(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_global);
}
