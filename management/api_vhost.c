/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual hosts over HTTP, and their limits. */
#include "base/die.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "broker/vhost.h"
#include "management/api.h"
#include "management/limits.h"
#include "management/object.h"

static struct vhost *find(const struct http_response *r)
{
	return vhost_find(r->host->broker, r->parts[0]);
}

enum call_state api_vhosts(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_VHOSTS, NULL);
}

enum call_state api_vhost(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker, .vhost = r->vhost };
	return api_one(r, out, ROSTER_VHOSTS, &row);
}

/* What is not said of one that is there stays as it is. */
static void add_unsaid(struct http_response *r, const struct vhost *v)
{
	const struct {
		const char *key;
		struct slice value;
	} all[] = {
		{ "description", v->about.description },
		{ "tags", v->about.tags },
		{ "default_queue_type", v->about.queue_type },
	};
	struct field f;
	if (table_find(r->body.bytes, "metadata", &f))
		return;
	buf_clear(&r->room);
	buf_append_slice(&r->room, r->body.bytes);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!table_find(r->body.bytes, all[i].key, &f))
			table_put(&r->room, slice_str(all[i].key),
			          &(struct field){ .letter = 'S', .bytes = all[i].value });
	r->body.bytes = buf_slice(&r->room);
}

/* Who makes one may do everything in it. */
static void grant_all(struct http_response *r, struct vhost *v)
{
	const struct slice texts[RIGHTS] = { slice_str(".*"), slice_str(".*"), slice_str(".*") };
	struct pattern_fault fault;
	must(grant_set(r->user, v, slice_of(NULL, 0), texts, &fault, &r->wait_for));
}

enum call_state api_vhost_put(struct http_response *r, struct buf *out)
{
	static const char *const keys[] = { "name", NULL };
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	struct vhost *before = r->begun ? NULL : find(r);
	if (before)
		add_unsaid(r, before);
	enum call_state state = api_take(r, out, "vhosts", keys, before != NULL);
	struct vhost *v = find(r);
	if (v && r->status < 300)
		v->tracing = http_flag(r, "tracing", v->tracing);
	if (r->begun || before || !v)
		return state;
	grant_all(r, v);
	return http_durably(r, 201);
}

enum call_state api_vhost_delete(struct http_response *r, struct buf *out)
{
	struct vhost *v = r->begun ? NULL : find(r);
	if (!r->begun && !v)
		return http_not_found(r, out);
	if (v && v->about.is_protected)
		return http_refuse(r, out, 412, "precondition_failed",
		                   "Cannot delete this virtual host: it is protected from deletion. To "
		                   "lift the protection, inspect and update its metadata");
	if (v)
		r->wait_for = vhost_remove(v);
	return http_durably(r, 204);
}

static enum call_state set_protected(struct http_response *r, struct buf *out, bool on)
{
	struct vhost *v = r->begun ? NULL : find(r);
	struct vhost_about about = v ? v->about : VHOST_PLAIN;
	if (!r->begun && !v)
		return http_not_found(r, out);
	about.is_protected = on;
	if (v)
		r->wait_for = vhost_change(v, &about);
	return http_durably(r, 204);
}

enum call_state api_vhost_protection(struct http_response *r, struct buf *out)
{
	const struct vhost *v = find(r);
	if (!v)
		return http_not_found(r, out);
	object_open(out, NULL);
	object_put(out, "protected_from_deletion", cell_boolean(v->about.is_protected));
	object_close(out);
	return CALL_DONE;
}

enum call_state api_vhost_protect(struct http_response *r, struct buf *out)
{
	return set_protected(r, out, true);
}

enum call_state api_vhost_lay_open(struct http_response *r, struct buf *out)
{
	return set_protected(r, out, false);
}

/* It runs, or it is not there. */
enum call_state api_vhost_start(struct http_response *r, struct buf *out)
{
	return find(r) ? http_status(r, 204) : http_not_found(r, out);
}

/* ---- limits ---- */

enum call_state api_vhost_limits(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_VHOST_LIMITS, NULL);
}

static void of_vhost(struct http_response *r)
{
	rows_match(&r->rows, "vhost", r->parts[0]);
}

enum call_state api_vhost_limits_of(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_VHOST_LIMITS, of_vhost);
}

/* Nothing is wrong with them: they are in force. */
static void set_limits(struct http_response *r, struct slice limits, struct buf *wrong)
{
	struct vhost *v = find(r);
	struct vhost_about about = v->about;
	if (!limits_read_vhost(limits, &about, wrong))
		return;
	r->wait_for = vhost_change(v, &about);
	report_vhost_limits(v, limits);
}

enum call_state api_vhost_limit_put(struct http_response *r, struct buf *out)
{
	return api_limit(r, out, find(r) != NULL, set_limits);
}

enum call_state api_vhost_limit_delete(struct http_response *r, struct buf *out)
{
	return api_limit(r, out, find(r) != NULL, set_limits);
}
