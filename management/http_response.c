/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_CONNECTION

#include "management/http_response.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/logline.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "broker/access.h"
#include "broker/link.h"
#include "broker/manage.h"
#include "broker/user.h"
#include "management/http_peer.h"
#include "management/http_route.h"
#include "management/http_user.h"
#include "management/json.h"
#include "management/multipart.h"
#include "management/parsing.h"

static const char json_type[] = "application/json";

void *http_keep(struct http_response *r, size_t n, void end(void *kept))
{
	if (!r->kept) {
		r->kept = mem_zalloc(n);
		r->end = end;
	}
	return r->kept;
}

/* ---- what handlers say ---- */

enum call_state http_status(struct http_response *r, unsigned status)
{
	r->status = status;
	r->type = NULL;
	return CALL_DONE;
}

/* One of the tags that are separated by commas, weak ones too, or any. */
static bool names_tag(struct slice list, struct slice tag)
{
	while (list.n) {
		struct slice one = slice_cut(&list, ',');
		while (one.n && (one.p[0] == ' ' || one.p[0] == '\t'))
			slice_take(&one, 1);
		while (one.n && (one.p[one.n - 1] == ' ' || one.p[one.n - 1] == '\t'))
			one.n--;
		if (slice_is(one, "*"))
			return true;
		if (slice_starts(one, "W/"))
			slice_take(&one, 2);
		if (one.n == tag.n + 2 && one.p[0] == '"' && one.p[one.n - 1] == '"' &&
		    memcmp(one.p + 1, tag.p, tag.n) == 0)
			return true;
	}
	return false;
}

bool http_is_known(struct http_response *r, struct slice tag)
{
	buf_printf(&r->headers, "etag: \"%.*s\"\r\n", SLICE_ARG(tag));
	if (!names_tag(r->request->if_none_match, tag))
		return false;
	http_status(r, 304);
	return true;
}

static void put_refusal(struct http_response *r, struct buf *out, unsigned status,
                        const char *error, struct slice reason)
{
	r->status = status;
	r->type = json_type;
	buf_printf(out, "{\"error\":\"%s\",\"reason\":", error);
	cell_put_json(out, cell_slice(reason));
	buf_u8(out, '}');
}

static void refuse(struct http_response *r, struct buf *out, unsigned status, const char *error,
                   const char *format, va_list args)
{
	char text[1024];
	int n = vsnprintf(text, sizeof text, format, args);
	put_refusal(r, out, status, error,
	            slice_of(text, n < (int)sizeof text ? (size_t)n : sizeof text - 1));
}

enum call_state http_refuse(struct http_response *r, struct buf *out, unsigned status,
                            const char *error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	refuse(r, out, status, error, format, args);
	va_end(args);
	return CALL_DONE;
}

enum call_state http_bad_request(struct http_response *r, struct buf *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	refuse(r, out, 400, "bad_request", format, args);
	va_end(args);
	return CALL_DONE;
}

enum call_state http_not_found(struct http_response *r, struct buf *out)
{
	return http_refuse(r, out, 404, "Object Not Found", "Not Found");
}

enum call_state http_durably(struct http_response *r, unsigned status)
{
	const struct broker *b = r->host->broker;
	bool done = manage_is_durable(b, r->wait_for) && rights_are_reviewed(b) &&
	            (!r->vhost || policing_is_done(r->vhost));
	return done ? http_status(r, status) : CALL_WAITS;
}

/* ---- the body of the request ---- */

bool http_read_body(struct http_response *r, struct buf *out)
{
	struct slice text = r->request->body;
	const char *why;
	bool read = r->parsing ? json_take(parsing_root(r->parsing, &why), &r->body_room, &r->body)
	                       : json_read(text.n ? text : slice_str("{}"), &r->body_room, &r->body);
	if (read && r->body.letter == 'F')
		return true;
	http_bad_request(r, out, "not_json");
	return false;
}

static bool has(const struct http_response *r, const char *key, struct field *out)
{
	return table_find(r->body.bytes, key, out);
}

struct slice http_text(const struct http_response *r, const char *key)
{
	struct field f;
	return has(r, key, &f) && f.letter == 'S' ? f.bytes : slice_of(NULL, 0);
}

struct slice http_table(const struct http_response *r, const char *key)
{
	struct field f;
	return has(r, key, &f) && f.letter == 'F' ? f.bytes : slice_of(NULL, 0);
}

/* Older clients write "true". */
bool http_flag(const struct http_response *r, const char *key, bool otherwise)
{
	struct field f;
	if (!has(r, key, &f) || (f.letter != 't' && f.letter != 'S'))
		return otherwise;
	return f.letter == 't' ? f.boolean : slice_is(f.bytes, "true");
}

/* rabbitmqadmin writes "5", and "-1" where there is to be no limit. */
static bool read_integer(struct slice text, int64_t *out)
{
	bool negative = slice_starts(text, "-");
	uint64_t n;
	slice_take(&text, negative);
	if (!quantity_count(text, &n))
		return false;
	*out = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

bool http_number(const struct http_response *r, const char *key, int64_t *out)
{
	struct field f;
	if (has(r, key, &f) && f.letter == 'S')
		return read_integer(f.bytes, out);
	if (!has(r, key, &f) || !field_is_integer(&f))
		return false;
	*out = f.integer;
	return true;
}

static bool form_next(struct slice *form, const char *key, struct buf *out)
{
	while (form->n) {
		struct slice value = slice_cut(form, '&'), name = slice_cut(&value, '=');
		buf_clear(out);
		if (slice_is(name, key) && http_route_decode(value, true, out))
			return true;
	}
	return false;
}

bool http_form_find(struct slice form, const char *key, struct buf *out)
{
	return form_next(&form, key, out);
}

struct slice http_query_next(struct http_response *r, const char *key, struct slice *rest)
{
	if (!form_next(rest, key, &r->query_room))
		return slice_of(NULL, 0);
	return r->query_room.len ? buf_slice(&r->query_room) : slice_of("", 0);
}

struct slice http_query(struct http_response *r, const char *key)
{
	struct slice rest = r->request->query;
	return http_query_next(r, key, &rest);
}

/* ---- who asks ---- */

static bool read_credentials(struct slice header, struct buf *room, struct login *out)
{
	if (!slice_starts(header, "Basic ") && !slice_starts(header, "basic "))
		return false;
	slice_take(&header, 6);
	if (!base64_read(room, header))
		return false;
	struct slice both = buf_slice(room);
	const uint8_t *colon = both.n ? memchr(both.p, ':', both.n) : NULL;
	if (!colon)
		return false;
	out->user = slice_take(&both, (size_t)(colon - both.p));
	slice_take(&both, 1);
	out->password = both;
	return true;
}

static void challenge(struct http_response *r)
{
	buf_printf(&r->headers, "www-authenticate: Basic realm=\"RabbitMQ Management\"\r\n");
}

/* What counts for who asks: from where, and as whom. */
static bool must_wait(struct http_response *r, struct slice address, const struct login *login,
                      struct buf *out)
{
	uint64_t ms = attempts_wait_ms(&r->host->broker->attempts, ATTEMPT_HTTP, address, login->user,
	                               r->now_ms);
	uint64_t s = (ms + 999) / 1000;
	if (!ms)
		return false;
	buf_printf(&r->headers, "retry-after: %" PRIu64 "\r\n", s);
	http_refuse(r, out, 429, "too_many_attempts",
	            "Too many failed logins; the next one is looked at in %" PRIu64 " s", s);
	return true;
}

static void note_attempt(struct http_response *r, struct slice address, const struct login *login)
{
	attempts_note(&r->host->broker->attempts, ATTEMPT_HTTP, address, login->user, r->user != NULL,
	              r->now_ms);
}

struct user *http_log_in(struct http_response *r, const struct login *login, struct buf *out)
{
	struct slice address = slice_str(r->peer->name);
	const char *why;
	uint16_t port;
	connection_name_address(r->peer->name, false, &address, &port);
	if (must_wait(r, address, login, out))
		return NULL;
	r->user = access_check(r->host->broker, login, r->peer->loopback, &why);
	note_attempt(r, address, login);
	if (r->user)
		return r->user;
	challenge(r);
	log_warning("%s: HTTP access denied: user '%.*s'%s", r->peer->name, SLICE_ARG(login->user),
	            why);
	http_refuse(r, out, 401, "not_authorized", "Login failed");
	return NULL;
}

/* By the header of the request. */
static bool log_in(struct http_response *r, struct buf *out)
{
	struct buf room = { 0 };
	struct login login = { slice_str(""), slice_str("") };
	if (!r->request->authorization.p) {
		challenge(r);
		http_status(r, 401);
		return false;
	}
	read_credentials(r->request->authorization, &room, &login);
	if (http_log_in(r, &login, out))
		r->user_name = mem_own(r->user->name);
	if (room.len)
		explicit_bzero(room.p, room.len);
	buf_free(&room);
	return r->user != NULL;
}

static bool has_tag(struct http_response *r, const char *tag, const char *why, struct buf *out)
{
	if (!http_user_is(r->user, tag))
		http_refuse(r, out, 401, "not_authorised", "%s", why);
	return r->status != 401;
}

static bool find_vhost(struct http_response *r, struct buf *out)
{
	r->vhost = vhost_find(r->host->broker, r->parts[0]);
	r->in_vhost = r->vhost != NULL;
	if (!r->vhost)
		http_not_found(r, out);
	return r->in_vhost;
}

static bool may_enter(struct http_response *r, bool to_look, struct buf *out)
{
	if (!find_vhost(r, out))
		return false;
	bool may = to_look ? http_user_sees(r->user, r->vhost) : http_user_enters(r->user, r->vhost);
	if (!may)
		http_refuse(r, out, 401, "not_authorised", "User not authorised to access virtual host");
	return may;
}

/* Who may scrape is said by the configuration. */
static enum http_audience audience(const struct http_response *r)
{
	enum http_audience who = r->route->who;
	if (who != FOR_SCRAPERS)
		return who;
	return r->host->scrapers_log_in ? FOR_MONITORING : FOR_ANYBODY;
}

/* Whether who asks may; the refusal goes to out. */
static bool has_rights(struct http_response *r, struct buf *out)
{
	if (audience(r) == FOR_ANYBODY)
		return true;
	if (!has_tag(r, "management", "Not management user", out))
		return false;
	switch (audience(r)) {
	case FOR_VHOST: return may_enter(r, false, out);
	case FOR_VIEW: return may_enter(r, true, out);
	case FOR_POLICY:
		return has_tag(r, "policymaker", "Not policymaker", out) && may_enter(r, false, out);
	case FOR_POLICYMAKER: return has_tag(r, "policymaker", "Not policymaker", out);
	case FOR_MONITORING: return has_tag(r, "monitoring", "Not monitor user", out);
	case FOR_ADMINISTRATOR: return has_tag(r, "administrator", "Not administrator user", out);
	case FOR_ADMINISTRATOR_THERE:
		return has_tag(r, "administrator", "Not administrator user", out) && find_vhost(r, out);
	default: return true;
	}
}

static bool may(struct http_response *r, struct buf *out)
{
	return audience(r) == FOR_ANYBODY || (log_in(r, out) && has_rights(r, out));
}

/* ---- beginning ---- */

static void put_allowed(struct http_response *r, unsigned allowed)
{
	const char *between = "";
	buf_printf(&r->headers, "allow: ");
	for (unsigned a = HTTP_ACTION_HEAD; a < HTTP_ACTION_OTHER; a <<= 1) {
		if (!(allowed & a))
			continue;
		buf_printf(&r->headers, "%s%s", between, http_action_name((enum http_action)a));
		between = ", ";
	}
	buf_printf(&r->headers, "\r\n");
}

/* What is behind the prefix, which begins with a slash; false: it is elsewhere. */
static bool strip(struct slice *path, const char *prefix)
{
	size_t n = strlen(prefix);
	n -= prefix[n - 1] == '/';
	if (path->n < n || memcmp(path->p, prefix, n) != 0)
		return false;
	slice_take(path, n);
	return path->n == 0 || path->p[0] == '/';
}

/* What lies within the part of all paths that is this service's, from its slash on. */
static bool is_within(const struct http_response *r, struct slice *path)
{
	const char *prefix = r->host->path_prefix;
	if (r->peer->service != HTTP_API)
		return strip(path, r->host->metrics_path);
	return !prefix || !prefix[0] || (strip(path, prefix) && path->n > 0);
}

/* Pages of other sites that may look at what is answered here, with the user's credentials (Fetch
 * standard, CORS protocol): only those that are named.  What they want to send is told first. */
static void put_cors(struct http_response *r)
{
	const struct http_request *q = r->request;
	struct slice named = slice_str(r->host->cors_origins ? r->host->cors_origins : "");
	if (!q->origin.n || !slice_has_word(named, ' ', q->origin))
		return;
	buf_printf(&r->headers,
	           "access-control-allow-origin: %.*s\r\naccess-control-allow-credentials: true\r\n",
	           SLICE_ARG(q->origin));
	if (q->action != HTTP_ACTION_OPTIONS)
		return;
	buf_printf(&r->headers,
	           "access-control-allow-methods: HEAD, GET, POST, PUT, DELETE, OPTIONS\r\n"
	           "access-control-max-age: 1800\r\n");
	if (q->wanted_headers.n)
		buf_printf(&r->headers, "access-control-allow-headers: %.*s\r\n",
		           SLICE_ARG(q->wanted_headers));
}

/* Finds who is to answer; false, and the answer, when nobody is. */
static bool find_route(struct http_response *r, struct buf *out)
{
	struct slice parts[HTTP_PATH_PARTS_MAX];
	size_t n;
	unsigned allowed = 0;
	struct slice path = r->request->path;
	bool within = is_within(r, &path);
	r->prefix_bytes = r->request->path.n - path.n;
	if (!http_route_cut(path, &r->path, parts, &n)) {
		http_bad_request(r, out, "the path makes no sense");
		return false;
	}
	if (within)
		r->route = http_route_find(r->peer->service, r->request->action, parts, n, r->parts,
		                           &allowed);
	if (r->route)
		return true;
	if (!allowed)
		http_not_found(r, out);
	else
		http_status(r, r->request->action == HTTP_ACTION_OPTIONS ? 200 : 405);
	if (allowed)
		put_allowed(r, allowed);
	return false;
}

struct http_response *http_response_new(struct host *h, const struct http_request *request,
                                        const struct http_peer *peer, uint64_t now_ms,
                                        bool *welcome)
{
	struct http_response *r = mem_zalloc(sizeof *r);
	r->host = h;
	r->request = request;
	r->peer = peer;
	r->now_ms = now_ms;
	r->status = 200;
	r->type = json_type;
	put_cors(r);
	*welcome = find_route(r, &r->room) && may(r, &r->room);
	if (!*welcome)
		r->route = NULL;
	return r;
}

void http_response_free(struct http_response **response)
{
	struct http_response *r = *response;
	if (!r)
		return;
	proxy_close(&r->proxy, r->now_ms);
	rows_end(&r->rows);
	if (r->end)
		r->end(r->kept);
	mem_free(r->kept);
	parsing_end(&r->parsing);
	mem_disown(r->user_name);
	buf_free(&r->path);
	buf_free(&r->headers);
	buf_free(&r->body_room);
	buf_free(&r->query_room);
	buf_free(&r->room);
	mem_free(r);
	*response = NULL;
}

/* ---- going on ---- */

/* Who asks, and where, may have gone since the head or the last piece; what was changed is told of
 * all the same. */
static bool find_again(struct http_response *r)
{
	bool changed = r->begun && r->request->action & (HTTP_ACTION_PUT | HTTP_ACTION_DELETE);
	const struct broker *b = r->host->broker;
	if (r->user_name.n)
		r->user = user_find(b, r->user_name);
	if (r->in_vhost)
		r->vhost = vhost_find(b, r->parts[0]);
	bool whole = (r->user || !r->user_name.n) && (r->vhost || !r->in_vhost);
	r->cut = !whole && !changed;
	return !r->cut;
}

/* What was allowed at the head may not be any more; and who looks on sees no more then. */
static bool may_still(struct http_response *r, struct buf *out)
{
	if (r->begun && r->request->action != HTTP_ACTION_GET)
		return true;
	bool may = has_rights(r, out);
	r->cut = !may && r->begun;
	if (r->cut)
		buf_clear(out);
	return may;
}

/* A large body is read as JSON before the handler is called. */
static bool is_body_read(struct http_response *r)
{
	const struct http_request *q = r->request;
	if (!r->parsing && q->body.n > PARSING_ASIDE_BYTES)
		r->parsing = parsing_new(r->host->aside, q->body_room, q->body,
		                         multipart_boundary(q->content_type));
	return !r->parsing || parsing_is_done(r->parsing);
}

enum call_state http_response_pull(struct http_response *r, uint64_t now_ms, struct buf *out)
{
	struct broker *b = r->host->broker;
	r->now_ms = now_ms;
	if (!r->route) {             /* refused */
		buf_append_slice(out, buf_slice(&r->room));
		return CALL_DONE;
	}
	if (!find_again(r))
		return http_status(r, 401);
	if (!is_body_read(r))
		return CALL_WAITS;
	if (!may_still(r, out))
		return CALL_DONE;
	manage_now(b, now_ms);
	b->events.actor = r->user ? (const char *)r->user->name.p : NULL;
	enum call_state state = r->route->handle(r, out);
	b->events.actor = NULL;
	r->begun = true;
	return state;
}

bool http_is_quiet(struct http_response *r, const struct buf *out)
{
	enum { ALIVE_MS = 15000 };
	bool due = !out->len && r->begun && r->now_ms >= r->told_ms + ALIVE_MS;
	if (due || out->len || !r->begun)
		r->told_ms = r->now_ms;
	return due;
}
