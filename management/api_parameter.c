/* SPDX-License-Identifier: Apache-2.0 */
/* Runtime parameters over HTTP: .../COMPONENT/VHOST/NAME, and global ones. */
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/api.h"

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
	else if (!http_sees(r->user, v))
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

static struct parameter *find(const struct http_response *r)
{
	const struct vhost *v = vhost_of_path(r);
	return v ? parameters_find(&v->parameters, r->parts[0], r->parts[2]) : NULL;
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
	struct roster_row row = { .broker = r->host->broker,
		                      .vhost = vhost_of_path(r),
		                      .parameter = find(r) };
	if (!may_look(r, out))
		return CALL_DONE;
	return api_one(r, out, ROSTER_PARAMETERS, row.parameter ? &row : NULL);
}

enum call_state api_parameter_put(struct http_response *r, struct buf *out)
{
	static const char *const keys[] = { "component", "vhost", "name", NULL };
	static const char *const needed[] = { "value", NULL };
	if (!r->begun && (!may_change(r, out) || !http_read_body(r, out) ||
	                  !api_has_keys(r, out, needed)))
		return CALL_DONE;
	return api_take(r, out, "parameters", keys, !r->begun && find(r));
}

/* v NULL: a global one. */
static enum call_state clear(struct http_response *r, struct buf *out, struct vhost *v,
                             struct slice component, struct slice name)
{
	struct broker *b = r->host->broker;
	if (!parameters_clear(v ? &v->parameters : &b->parameters, component, name, &r->wait_for))
		return http_not_found(r, out);
	report_parameter_cleared(b, v, component, name);
	if (v)
		policing_review(v);
	return CALL_WAITS;
}

enum call_state api_parameter_delete(struct http_response *r, struct buf *out)
{
	struct vhost *v = r->begun ? NULL : vhost_of_path(r);
	if (!r->begun && !may_change(r, out))
		return CALL_DONE;
	if (v && clear(r, out, v, r->parts[0], r->parts[2]) == CALL_DONE)
		return CALL_DONE;
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
	if (!r->begun && clear(r, out, NULL, slice_of("", 0), r->parts[0]) == CALL_DONE)
		return CALL_DONE;
	return http_durably(r, 204);
}
