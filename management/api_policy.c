/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of users and operators over HTTP: .../VHOST/NAME. */
#include "broker/manage.h"
#include "broker/vhost.h"
#include "management/api.h"

static enum roster_kind roster_of(enum policy_kind kind)
{
	return kind == POLICY_OPERATOR ? ROSTER_OPERATOR_POLICIES : ROSTER_POLICIES;
}

static enum call_state one(struct http_response *r, struct buf *out, enum policy_kind kind)
{
	struct roster_row row = { .broker = r->host->broker,
		                      .vhost = r->vhost,
		                      .policy = policies_find(&r->vhost->policies, kind, r->parts[1]) };
	return api_one(r, out, roster_of(kind), row.policy ? &row : NULL);
}

static enum call_state put(struct http_response *r, struct buf *out, enum policy_kind kind)
{
	static const char *const keys[] = { "vhost", "name", NULL };
	static const char *const needed[] = { "pattern", "definition", NULL };
	if (!r->begun && (!http_read_body(r, out) || !api_has_keys(r, out, needed)))
		return CALL_DONE;
	bool was_there = !r->begun && policies_find(&r->vhost->policies, kind, r->parts[1]);
	return api_take(r, out, kind == POLICY_OPERATOR ? "operator_policies" : "policies", keys,
	                was_there);
}

static enum call_state delete(struct http_response *r, struct buf *out, enum policy_kind kind)
{
	if (!r->begun && !policing_clear(r->vhost, kind, r->parts[1], &r->wait_for))
		return http_not_found(r, out);
	return http_durably(r, 204);
}

enum call_state api_policies(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_POLICIES, NULL);
}

enum call_state api_policy(struct http_response *r, struct buf *out)
{
	return one(r, out, POLICY_USER);
}

enum call_state api_policy_put(struct http_response *r, struct buf *out)
{
	return put(r, out, POLICY_USER);
}

enum call_state api_policy_delete(struct http_response *r, struct buf *out)
{
	return delete(r, out, POLICY_USER);
}

enum call_state api_operator_policies(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_OPERATOR_POLICIES, NULL);
}

enum call_state api_operator_policy(struct http_response *r, struct buf *out)
{
	return one(r, out, POLICY_OPERATOR);
}

enum call_state api_operator_policy_put(struct http_response *r, struct buf *out)
{
	return put(r, out, POLICY_OPERATOR);
}

enum call_state api_operator_policy_delete(struct http_response *r, struct buf *out)
{
	return delete(r, out, POLICY_OPERATOR);
}
