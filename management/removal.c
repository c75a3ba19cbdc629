/* SPDX-License-Identifier: Apache-2.0 */
#include "management/removal.h"

#include "base/die.h"
#include "base/mem.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "queue/queue.h"

/* ---- what it is called ---- */

static void designate_parameter(const struct roster_row *r, struct designation *out)
{
	if (r->policy) {
		out->name = r->policy->name;
		out->other = slice_str("operator_policy");
	} else if (r->parameter) {
		out->name = r->parameter->name;
		out->other = r->parameter->component;
	} else {
		out->name = slice_str("limits");
		out->other = slice_str("vhost-limits");
	}
}

static bool designate_binding(const struct binding *b, struct designation *out)
{
	if (!b || (b->queue && b->queue->exclusive))
		return false;
	out->name = b->source->name;
	out->to = b->queue ? queue_name(b->queue) : b->exchange->name;
	out->key = b->key;
	out->identity = binding_identity(b->queue, out->to, b->key, b->arguments);
	return true;
}

bool removal_designate(const struct roster_row *row, const char *section,
                       struct designation *out)
{
	*out = (struct designation){ .section = section };
	if (row->vhost && strcmp(section, "vhosts") != 0)
		out->vhost = row->vhost->name;
	if (row->grant) {
		out->name = row->grant->user->name;
		out->other = row->grant->exchange;
	} else if (strcmp(section, "parameters") == 0) {
		designate_parameter(row, out);
	} else if (strcmp(section, "bindings") == 0) {
		return designate_binding(row->binding, out);
	} else if (row->queue) {
		out->name = queue_name(row->queue);
		return !row->queue->exclusive;
	} else if (row->exchange) {
		out->name = row->exchange->name;
		return !row->exchange->predeclared;
	} else {
		must(row->policy || row->parameter || row->user || row->vhost);
		out->name = row->policy ? row->policy->name
		            : row->parameter ? row->parameter->name
		            : row->user      ? row->user->name
		                             : row->vhost->name;
	}
	return true;
}

/* ---- whether it may go ---- */

static struct designation vhost_named(struct slice name)
{
	return (struct designation){ .section = "vhosts", .name = name };
}

/* When nothing is removed in the end its queues are there still, and were looked at. */
static const char *objection_of_vhost(const struct removal *r, const struct vhost *v)
{
	struct designation d = vhost_named(v->name);
	bool unseen = !r->dry || !r->has_queues;
	if (v->about.is_protected)
		return "it is protected from deletion";
	if (names_has(&r->kept, &d) || (unseen && v->topology.queues.count && !r->force))
		return "it has queues";
	return NULL;
}

const char *removal_objection(struct removal *r, const struct roster_row *row,
                              const struct designation *d)
{
	const char *lost = row->queue && !row->binding && !r->force ? manage_loses(row->queue) : NULL;
	struct designation vhost = vhost_named(d->vhost);
	if (strcmp(d->section, "vhosts") == 0)
		return objection_of_vhost(r, row->vhost);
	if (strcmp(d->section, "users") == 0)
		return slice_eq(d->name, r->actor) ? "it is who asks" : NULL;
	if (lost)
		names_add(&r->kept, &vhost);
	return lost;
}

/* ---- its end ---- */

static log_position unbind(struct vhost *v, const struct binding *b)
{
	struct binding_spec spec = { .source = b->source, .queue = b->queue, .exchange = b->exchange,
		                         .key = b->key, .arguments = b->arguments };
	return manage_unbind(v, &spec);
}

static log_position lift_limits(struct vhost *v)
{
	must(v);
	struct vhost_about about = v->about;
	ledger_vhost_lift(&about);
	return vhost_change(v, &about);
}

/* v NULL: a global one. */
static log_position clear_parameter(struct removal *r, struct vhost *v, const struct parameter *p)
{
	log_position at = 0;
	struct parameters *of = v ? &v->parameters : &r->broker->parameters;
	struct slice component = v ? p->component : slice_of("", 0);
	report_parameter_cleared(r->broker, v, component, p->name);
	parameters_clear(of, component, p->name, &at);
	if (v)
		policing_review(v);
	return at;
}

/* Under a name that outlives it. */
static log_position clear_policy(struct vhost *v, bool of_operator, const struct policy *p)
{
	log_position at = 0;
	struct slice name = mem_own(p->name);
	policing_clear(v, of_operator ? POLICY_OPERATOR : POLICY_USER, name, &at);
	mem_disown(name);
	return at;
}

static log_position remove_row(struct removal *r, const struct roster_row *row,
                               const struct designation *d, struct vhost *v)
{
	bool is_parameter = strcmp(d->section, "parameters") == 0;
	if (row->grant)
		return grant_remove(grant_find(row->grant->user, v, row->grant->exchange));
	if (row->policy)
		return clear_policy(v, is_parameter, row->policy);
	if (row->parameter)
		return clear_parameter(r, is_parameter ? v : NULL, row->parameter);
	if (is_parameter)
		return lift_limits(v);
	if (row->binding)
		return unbind(v, row->binding);
	if (row->queue)
		return manage_delete(r->broker, topology_queue(&v->topology, d->name));
	if (row->exchange)
		return manage_delete_exchange(v, topology_exchange(&v->topology, d->name));
	return row->user ? user_remove(user_find(r->broker, d->name)) : vhost_remove(v);
}

void removal_remove(struct removal *r, const struct roster_row *row, const struct designation *d)
{
	struct vhost *v = row->vhost ? vhost_find(r->broker, row->vhost->name) : NULL;
	log_position at = remove_row(r, row, d, v);
	r->wait_for = at > r->wait_for ? at : r->wait_for;
}

void removal_end(struct removal *r)
{
	names_free(&r->kept);
}
