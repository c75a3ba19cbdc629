/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in over HTTP: that a password is right, what was tried, and hashes of passwords.  There
 * are no sessions: each request says who asks, and no cookie is given or looked at. */
#include "base/mem.h"
#include "broker/access.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/api.h"
#include "management/object.h"

enum call_state api_auth(struct http_response *r, struct buf *out)
{
	(void)r;
	object_open(out, NULL);
	object_put(out, "oauth_enabled", cell_boolean(false));
	object_close(out);
	return CALL_DONE;
}

/* A form, as a page has it: RabbitMQ's answer is a word of JSON. */
enum call_state api_login(struct http_response *r, struct buf *out)
{
	struct buf name = { 0 }, password = { 0 };
	bool said = http_form_find(r->request->body, "username", &name) &&
	            http_form_find(r->request->body, "password", &password);
	struct login login = { buf_slice(&name), buf_slice(&password) };
	if (!said)
		http_bad_request(r, out, "username and password have to be said, as a form");
	else if (http_log_in(r, &login, out))
		buf_printf(out, "\"ok\"");
	if (password.len)
		explicit_bzero(password.p, password.len);
	buf_free(&name);
	buf_free(&password);
	return CALL_DONE;
}

/* ---- attempts ---- */

static void put_count(struct buf *out, const struct attempt_count *c)
{
	object_put(out, "auth_attempts", cell_number(c->succeeded + c->failed));
	object_put(out, "auth_attempts_failed", cell_number(c->failed));
	object_put(out, "auth_attempts_succeeded", cell_number(c->succeeded));
}

enum call_state api_attempts(struct http_response *r, struct buf *out)
{
	if (!api_is_here(r))
		return http_not_found(r, out);
	object_open_list(out, NULL);
	for (int i = 0; i < ATTEMPT_PROTOCOLS; i++) {
		object_open(out, NULL);
		object_put(out, "protocol", cell_text(attempts_protocol((enum attempt_protocol)i)));
		put_count(out, &r->host->broker->attempts.totals[i]);
		object_close(out);
	}
	object_close_list(out);
	return CALL_DONE;
}

enum call_state api_attempts_by_source(struct http_response *r, struct buf *out)
{
	if (!api_is_here(r))
		return http_not_found(r, out);
	object_open_list(out, NULL);
	list_each(it, &r->host->broker->attempts.latest) {
		const struct attempt_source *s = list_entry(it, struct attempt_source, link);
		object_open(out, NULL);
		object_put(out, "remote_address", cell_slice(s->address));
		object_put(out, "username", cell_slice(s->user));
		object_put(out, "protocol", cell_text(attempts_protocol(s->protocol)));
		put_count(out, &s->count);
		object_close(out);
	}
	object_close_list(out);
	return CALL_DONE;
}

enum call_state api_attempts_reset(struct http_response *r, struct buf *out)
{
	if (!api_is_here(r))
		return http_not_found(r, out);
	attempts_reset(&r->host->broker->attempts);
	return http_status(r, 204);
}

/* ---- hashes ---- */

enum call_state api_hash_password(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "password", NULL };
	struct password p;
	if (!http_read_body(r, out) || !api_has_keys(r, out, needed))
		return CALL_DONE;
	struct slice text = http_text(r, "password");
	if (!text.n)
		return http_bad_request(r, out, "password must be a string that is not empty");
	user_hash(r->host->broker, &p, text);
	password_print(&r->room, &p);
	object_open(out, NULL);
	object_put(out, "ok", cell_slice(buf_slice(&r->room)));
	object_close(out);
	return CALL_DONE;
}

/* What stands in a path stands in logs of proxies and histories of shells. */
enum call_state api_hash_password_of_path(struct http_response *r, struct buf *out)
{
	return http_refuse(r, out, 404, "not_found",
	                   "A password has no place in a path: it is hashed for who sends it as "
	                   "{\"password\": ...} with POST to /api/auth/hash_password");
}
