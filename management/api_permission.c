/* SPDX-License-Identifier: Apache-2.0 */
/* What users may do, over HTTP: .../VHOST/USER, and of topics .../VHOST/USER/EXCHANGE. */
#include "broker/manage.h"
#include "broker/user.h"
#include "broker/vhost.h"
#include "management/api.h"

static const char *const path_keys[] = { "vhost", "user", NULL };

/* NULL: none. */
static struct grant *find(const struct http_response *r, struct slice exchange)
{
	struct vhost *v = vhost_find(r->host->broker, r->parts[0]);
	struct user *u = user_find(r->host->broker, r->parts[1]);
	return u && v ? grant_find(u, v, exchange) : NULL;
}

static void of_user(struct http_response *r)
{
	rows_match(&r->rows, "user", r->parts[0]);
}

static void of_vhost(struct http_response *r)
{
	rows_match(&r->rows, "vhost", r->parts[0]);
}

static void of_both(struct http_response *r)
{
	rows_match(&r->rows, "vhost", r->parts[0]);
	rows_match(&r->rows, "user", r->parts[1]);
}

static enum call_state of_known_user(struct http_response *r, struct buf *out,
                                     enum roster_kind kind)
{
	if (!r->begun && !user_find(r->host->broker, r->parts[0]))
		return http_not_found(r, out);
	return api_list(r, out, kind, of_user);
}

/* ---- permissions ---- */

enum call_state api_permissions(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_PERMISSIONS, NULL);
}

enum call_state api_permissions_of_user(struct http_response *r, struct buf *out)
{
	return of_known_user(r, out, ROSTER_PERMISSIONS);
}

enum call_state api_permissions_in_vhost(struct http_response *r, struct buf *out)
{
	if (!r->begun && !vhost_find(r->host->broker, r->parts[0]))
		return http_not_found(r, out);
	return api_list(r, out, ROSTER_PERMISSIONS, of_vhost);
}

enum call_state api_permission(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker,
		                      .vhost = vhost_find(r->host->broker, r->parts[0]),
		                      .grant = find(r, slice_of(NULL, 0)) };
	return api_one(r, out, ROSTER_PERMISSIONS, row.grant ? &row : NULL);
}

enum call_state api_permission_put(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "configure", "write", "read", NULL };
	if (!r->begun && (!http_read_body(r, out) || !api_has_keys(r, out, needed)))
		return CALL_DONE;
	return api_take(r, out, "permissions", path_keys,
	                !r->begun && find(r, slice_of(NULL, 0)));
}

enum call_state api_permission_delete(struct http_response *r, struct buf *out)
{
	struct grant *g = r->begun ? NULL : find(r, slice_of(NULL, 0));
	if (!r->begun && !g)
		return http_not_found(r, out);
	if (g)
		r->wait_for = grant_remove(g);
	return http_durably(r, 204);
}

/* ---- of topics ---- */

enum call_state api_topic_permissions(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_TOPIC_PERMISSIONS, NULL);
}

enum call_state api_topic_permissions_of_user(struct http_response *r, struct buf *out)
{
	return of_known_user(r, out, ROSTER_TOPIC_PERMISSIONS);
}

enum call_state api_topic_permissions_in_vhost(struct http_response *r, struct buf *out)
{
	if (!r->begun && !vhost_find(r->host->broker, r->parts[0]))
		return http_not_found(r, out);
	return api_list(r, out, ROSTER_TOPIC_PERMISSIONS, of_vhost);
}

/* Has the user any in the virtual host? */
static bool has_topic_grants(const struct http_response *r)
{
	const struct vhost *v = vhost_find(r->host->broker, r->parts[0]);
	const struct user *u = user_find(r->host->broker, r->parts[1]);
	if (!u || !v)
		return false;
	list_each(it, &u->topic_grants)
		if (list_entry(it, struct grant, on_user)->vhost == v)
			return true;
	return false;
}

enum call_state api_topic_permissions_of(struct http_response *r, struct buf *out)
{
	if (!r->begun && !has_topic_grants(r))
		return http_not_found(r, out);
	return api_list(r, out, ROSTER_TOPIC_PERMISSIONS, of_both);
}

enum call_state api_topic_permission_put(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "exchange", "write", "read", NULL };
	if (!r->begun && (!http_read_body(r, out) || !api_has_keys(r, out, needed)))
		return CALL_DONE;
	bool was_there = !r->begun && find(r, http_text(r, "exchange"));
	return api_take(r, out, "topic_permissions", path_keys, was_there);
}

/* Of one exchange, or of all: how many there were. */
static uint64_t remove_all(struct http_response *r, struct slice exchange)
{
	const struct vhost *v = vhost_find(r->host->broker, r->parts[0]);
	struct user *u = user_find(r->host->broker, r->parts[1]);
	uint64_t n = 0;
	if (!u || !v)
		return 0;
	list_each_safe(it, &u->topic_grants) {
		struct grant *g = list_entry(it, struct grant, on_user);
		if (g->vhost != v || (exchange.p && !slice_eq(exchange, g->exchange)))
			continue;
		r->wait_for = grant_remove(g);
		n++;
	}
	return n;
}

static enum call_state delete(struct http_response *r, struct buf *out, struct slice exchange)
{
	if (!r->begun && !remove_all(r, exchange))
		return http_not_found(r, out);
	return http_durably(r, 204);
}

enum call_state api_topic_permissions_delete(struct http_response *r, struct buf *out)
{
	return delete(r, out, slice_of(NULL, 0));
}

enum call_state api_topic_permission_delete(struct http_response *r, struct buf *out)
{
	return delete(r, out, r->parts[2]);
}
