/* SPDX-License-Identifier: Apache-2.0 */
/* Runtime parameters over HTTP: .../COMPONENT/VHOST/NAME, and global ones. */
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/api.h"
#include "management/removal.h"

/* ---- of a virtual host ---- */

static struct vhost *vhost_of_path(const struct http_response *r)
{
	return vhost_find(r->host->broker, r->parts[1]);
}

/* The virtual host is the second part here: the route has not looked it up.  False, which was said
 * then. */
static bool may_look(struct http_response *r, struct buf *out)
{
	const struct vhost *v = vhost_of_path(r);
	if (!v)
		http_not_found(r, out);
	else if (!http_user_sees(r->user, v))
		http_refuse(r, out, 401, "not_authorised", "User not authorised to access virtual host");
	return r->status == 200;
}

/* What the operator lays down is not for who makes policies. */
static bool may_change(struct http_response *r, struct buf *out)
{
	const struct vhost *v = vhost_of_path(r);
	bool operators = slice_is(r->parts[0], "operator_policy") ||
	                 slice_is(r->parts[0], "vhost-limits");
	if (!v)
		http_not_found(r, out);
	else if (operators && !http_user_is(r->user, "administrator"))
		http_refuse(r, out, 401, "not_authorised", "Not administrator user");
	else if (!grant_find(r->user, v, slice_of(NULL, 0)))
		http_refuse(r, out, 401, "not_authorised", "User not authorised to access virtual host");
	return r->status == 200;
}

/* What the path names, as in a list; false: there is none. */
static bool find(const struct http_response *r, struct roster_row *out)
{
	const struct vhost *v = vhost_of_path(r);
	*out = (struct roster_row){ .broker = r->host->broker, .vhost = v };
	if (!v)
		return false;
	if (slice_is(r->parts[0], "vhost-limits"))
		return slice_is(r->parts[2], "limits") && ledger_vhost_is_limited(&v->about);
	if (slice_is(r->parts[0], "operator_policy"))
		out->policy = policies_find(&v->policies, POLICY_OPERATOR, r->parts[2]);
	else
		out->parameter = parameters_find(&v->parameters, r->parts[0], r->parts[2]);
	return out->policy || out->parameter;
}

enum call_state api_parameters(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_PARAMETERS, NULL);
}

static void of_component(struct http_response *r)
{
	rows_match(&r->rows, "component", r->parts[0]);
}

enum call_state api_parameters_of(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_PARAMETERS, of_component);
}

static void of_component_there(struct http_response *r)
{
	of_component(r);
	rows_match(&r->rows, "vhost", r->parts[1]);
}

enum call_state api_parameters_there(struct http_response *r, struct buf *out)
{
	if (!r->begun && !vhost_of_path(r))
		return http_not_found(r, out);
	return api_list(r, out, ROSTER_PARAMETERS, of_component_there);
}

enum call_state api_parameter(struct http_response *r, struct buf *out)
{
	struct roster_row row;
	bool found = find(r, &row);
	if (!may_look(r, out))
		return CALL_DONE;
	return api_one(r, out, ROSTER_PARAMETERS, found ? &row : NULL);
}

enum call_state api_parameter_put(struct http_response *r, struct buf *out)
{
	static const char *const keys[] = { "component", "vhost", "name", NULL };
	static const char *const needed[] = { "value", NULL };
	struct roster_row row;
	if (!r->begun && (!may_change(r, out) || !http_read_body(r, out) ||
	                  !api_has_keys(r, out, needed)))
		return CALL_DONE;
	return api_take(r, out, "parameters", keys, !r->begun && find(r, &row));
}

enum call_state api_parameter_delete(struct http_response *r, struct buf *out)
{
	struct removal removal = { .broker = r->host->broker };
	struct designation d;
	struct roster_row row;
	if (r->begun)
		return http_durably(r, 204);
	if (!may_change(r, out))
		return CALL_DONE;
	if (!find(r, &row))
		return http_not_found(r, out);
	removal_designate(&row, "parameters", &d);
	removal_remove(&removal, &row, &d);
	r->wait_for = removal.wait_for;
	removal_end(&removal);
	return http_durably(r, 204);
}

/* ---- global ones ---- */

static struct parameter *find_global(const struct http_response *r)
{
	return parameters_find(&r->host->broker->parameters, slice_of("", 0), r->parts[0]);
}

enum call_state api_global_parameters(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_GLOBAL_PARAMETERS, NULL);
}

enum call_state api_global_parameter(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker, .parameter = find_global(r) };
	return api_one(r, out, ROSTER_GLOBAL_PARAMETERS, row.parameter ? &row : NULL);
}

enum call_state api_global_parameter_put(struct http_response *r, struct buf *out)
{
	static const char *const keys[] = { "name", NULL }, *const needed[] = { "value", NULL };
	if (!r->begun && (!http_read_body(r, out) || !api_has_keys(r, out, needed)))
		return CALL_DONE;
	return api_take(r, out, "global_parameters", keys, !r->begun && find_global(r));
}

enum call_state api_global_parameter_delete(struct http_response *r, struct buf *out)
{
	static const struct slice none = { (const uint8_t *)"", 0 };
	struct broker *b = r->host->broker;
	if (!r->begun && !parameters_clear(&b->parameters, none, r->parts[0], &r->wait_for))
		return http_not_found(r, out);
	if (!r->begun)
		report_parameter_cleared(b, NULL, none, r->parts[0]);
	return http_durably(r, 204);
}
