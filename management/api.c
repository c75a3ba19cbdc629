/* SPDX-License-Identifier: Apache-2.0 */
#include "management/api.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "broker/link.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/vhost.h"
#include "management/definitions.h"
#include "management/http_peer.h"
#include "management/row_field.h"

/* ---- lists ---- */

enum { PAGE_SIZE = 100, PAGE_MAX = 1000000 };

/* False when it is no number, which was said then; what is not said stays. */
static bool read_number(struct http_response *r, const char *key, uint64_t most, uint64_t *n,
                        struct buf *out)
{
	struct slice s = http_query(r, key);
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || v > most)
			v = most + 1;
		else
			v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (!s.p)
		return true;
	if (s.n == 0 || v == 0 || v > most) {
		http_bad_request(r, out, "%s has to be a number from 1 to %" PRIu64, key, most);
		return false;
	}
	*n = v;
	return true;
}

static bool read_page(struct http_response *r, struct buf *out)
{
	uint64_t page = 0, size = PAGE_SIZE;
	if (!read_number(r, "page", PAGE_MAX, &page, out) ||
	    !read_number(r, "page_size", ROWS_PAGE_MAX, &size, out))
		return false;
	if (page)
		rows_page(&r->rows, page, size);
	return true;
}

static bool read_name(struct http_response *r, struct buf *out)
{
	struct buf why = { 0 };
	bool is_pattern = api_asks(r, "use_regex");
	struct slice name = http_query(r, "name");
	bool ok = !name.n || rows_name(&r->rows, name, is_pattern, &why);
	if (!ok)
		http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
	return ok;
}

static bool read_order(struct http_response *r, struct buf *out)
{
	bool reverse = api_asks(r, "sort_reverse");
	struct slice path = http_query(r, "sort");
	if (!path.n || rows_sort(&r->rows, path, reverse))
		return true;
	http_bad_request(r, out, "there is nothing called '%.*s' to sort by", SLICE_ARG(path));
	return false;
}

/* One number of a family; 0: it is none. */
static uint64_t read_seconds(struct http_response *r, enum stats_family f, const char *what)
{
	char key[32];
	snprintf(key, sizeof key, "%s_%s", stats_family_name(f), what);
	struct slice s = http_query(r, key);
	uint64_t n = 0;
	for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && n < UINT32_MAX; i++)
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	return n;
}

bool api_spans(struct http_response *r, struct buf *out)
{
	for (unsigned f = 0; f < STATS_FAMILIES; f++) {
		uint64_t age = read_seconds(r, f, "age"), incr = read_seconds(r, f, "incr");
		if (!age && !incr)
			continue;
		if (!age || !incr || age / incr > STATS_SAMPLES_MAX) {
			http_bad_request(r, out, "invalid_range_parameters");
			return false;
		}
		r->spans.of[f] = (struct stats_span){ 1000 * age, 1000 * incr };
	}
	r->rows.spans = &r->spans;
	return true;
}

static bool read_query(struct http_response *r, struct buf *out)
{
	if (!api_spans(r, out))
		return false;
	if (!read_order(r, out) || !read_page(r, out) || !read_name(r, out))
		return false;
	struct slice columns = http_query(r, "columns");
	if (columns.n)
		rows_choose(&r->rows, columns);
	return true;
}

enum call_state api_list(struct http_response *r, struct buf *out, enum roster_kind kind,
                         void prepare(struct http_response *r))
{
	struct rows *w = &r->rows;
	if (!r->begun) {
		rows_begin(w, r->host, kind);
		w->vhost = r->in_vhost ? r->parts[0] : r->request->vhost;
		if (prepare)
			prepare(r);
		if (!read_query(r, out))
			return CALL_DONE;
	}
	if (rows_go_on(w, r->user, out))
		return CALL_MORE;
	if (w->busy)
		return http_refuse(r, out, 503, "service_unavailable", "%s", w->trouble);
	return w->trouble ? http_bad_request(r, out, "%s", w->trouble) : CALL_DONE;
}

bool api_begin_one(struct http_response *r, struct buf *out, enum roster_kind kind,
                   const struct roster_row *row)
{
	if (!row) {
		http_not_found(r, out);
		return false;
	}
	rows_begin(&r->rows, r->host, kind);
	if (!api_spans(r, out))
		return false;
	struct slice columns = http_query(r, "columns");
	if (columns.n)
		rows_choose(&r->rows, columns);
	rows_put_open(&r->rows, row, out);
	return true;
}

void api_begin_rows(struct http_response *r, struct buf *out, const char *key,
                    enum roster_kind kind)
{
	buf_printf(out, ",\"%s\":", key);
	rows_end(&r->rows);
	rows_begin(&r->rows, r->host, kind);
}

enum call_state api_one(struct http_response *r, struct buf *out, enum roster_kind kind,
                        const struct roster_row *row)
{
	if (api_begin_one(r, out, kind, row))
		buf_u8(out, '}');
	return CALL_DONE;
}

/* ---- names ---- */

/* As it stands in the path, what a star of the route stands for. */
static struct slice part_of_path(const struct http_response *r, size_t star)
{
	struct slice path = r->request->path, route = slice_str(r->route->path);
	if (path.n && path.p[0] == '/')
		slice_take(&path, 1);
	while (route.n) {
		struct slice part = slice_cut(&path, '/'), word = slice_cut(&route, '/');
		if (slice_is(word, "*") && star-- == 0)
			return part;
	}
	return slice_of("", 0);
}

/* The second one with blanks for its plus signs, and plus signs where they are encoded; the query
 * room is free for it. */
static struct slice with_blanks(struct http_response *r)
{
	buf_clear(&r->query_room);
	http_route_decode(part_of_path(r, 1), true, &r->query_room);
	return buf_slice(&r->query_room);
}

struct queue *api_queue_named(struct http_response *r, struct slice *name)
{
	struct queue *q = topology_queue(&r->vhost->topology, *name);
	return q ? q : topology_queue(&r->vhost->topology, with_blanks(r));
}

struct exchange *api_exchange_named(struct http_response *r, struct slice *name)
{
	if (slice_is(*name, "amq.default"))
		*name = slice_of("", 0);
	return topology_exchange(&r->vhost->topology, *name);
}

bool api_is_here(const struct http_response *r)
{
	return slice_is(r->parts[0], r->host->broker->options.cluster_name);
}

bool api_asks(struct http_response *r, const char *key)
{
	return slice_is(http_query(r, key), "true");
}

void api_put_part(struct buf *out, struct slice s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
	for (size_t i = 0; i < s.n; i++)
		if (memchr(plain, s.p[i], sizeof plain - 1))
			buf_u8(out, s.p[i]);
		else
			buf_printf(out, "%%%02X", s.p[i]);
}

/* ---- as definitions ---- */

/* As RabbitMQ complains of what is missing. */
bool api_has_keys(struct http_response *r, struct buf *out, const char *const *keys)
{
	struct buf missing = { 0 };
	struct field f;
	for (; *keys; keys++)
		if (!table_find(r->body.bytes, *keys, &f))
			buf_printf(&missing, "%s{key_missing,%s}", missing.len ? "," : "[", *keys);
	if (missing.len)
		http_bad_request(r, out, "%.*s]", SLICE_ARG(buf_slice(&missing)));
	buf_free(&missing);
	return r->status == 200;
}

/* RabbitMQ keeps these as runtime parameters, and begins what it says of wrong ones so. */
static const char *complaint(const char *section)
{
	static const char *const sections[] = { "parameters", "policies", "operator_policies" };
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (strcmp(section, sections[i]) == 0)
			return "Validation failed\n\n";
	return "";
}

/* Of equal keys the last counts: the rights were looked up for those of the path. */
static bool take(struct http_response *r, struct buf *out, const char *section,
                 const char *const *keys)
{
	struct buf object = { 0 }, why = { 0 };
	buf_append_slice(&object, r->body.bytes);
	for (size_t i = 0; keys[i]; i++)
		table_put(&object, slice_str(keys[i]),
		          &(struct field){ .letter = 'S', .bytes = r->parts[i] });
	bool taken = definitions_take(r->host->broker, section, buf_slice(&object), &r->wait_for,
	                              &why);
	if (!taken)
		http_bad_request(r, out, "%s%.*s", complaint(section), SLICE_ARG(buf_slice(&why)));
	buf_free(&object);
	buf_free(&why);
	return taken;
}

enum call_state api_take(struct http_response *r, struct buf *out, const char *section,
                         const char *const *keys, bool was_there)
{
	if (!r->begun) {
		r->count = was_there;
		if (!take(r, out, section, keys))
			return CALL_DONE;
	}
	return http_durably(r, r->count ? 204 : 201);
}

/* ---- limits ---- */

/* What is said of one limit: its value, or with DELETE that there is none. */
static bool read_limit(struct http_response *r, struct buf *out, int64_t *most)
{
	*most = LEDGER_NO_LIMIT;
	if (r->request->action == HTTP_ACTION_DELETE)
		return true;
	if (!http_read_body(r, out))
		return false;
	if (!http_number(r, "value", most))
		http_bad_request(r, out, "value should be a number");
	return r->status == 200;
}

enum call_state api_limit(struct http_response *r, struct buf *out, bool is_there,
                          void set(struct http_response *r, struct slice limits,
                                   struct buf *wrong))
{
	struct buf object = { 0 }, wrong = { 0 };
	int64_t most;
	if (r->begun)
		return http_durably(r, 204);
	if (!read_limit(r, out, &most))
		return CALL_DONE;
	if (!is_there)
		return http_not_found(r, out);
	table_put(&object, r->parts[1], &(struct field){ .letter = 'l', .integer = most });
	set(r, buf_slice(&object), &wrong);
	if (wrong.len)
		http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&wrong)));
	buf_free(&object);
	buf_free(&wrong);
	return r->status == 200 ? http_durably(r, 204) : CALL_DONE;
}

/* ---- as the user ---- */

void api_open(struct http_response *r)
{
	char name[160];
	snprintf(name, sizeof name, "%s", r->peer->name);
	proxy_open(&r->proxy, r->host->broker, r->user, r->vhost, name, r->now_ms);
}

/* "PRECONDITION_FAILED - inequivalent arg ...": what stands behind the name. */
static struct slice sentence(struct slice text)
{
	const uint8_t *dash = memmem(text.p, text.n, " - ", 3);
	if (!dash)
		return text;
	slice_take(&text, (size_t)(dash + 3 - text.p));
	return text;
}

static enum call_state refused(struct http_response *r, struct buf *out, uint16_t code,
                               struct slice text)
{
	text = sentence(text);
	if (code == 404)
		return http_not_found(r, out);
	if (code == 403)
		return http_refuse(r, out, 401, "not_authorised", "%.*s", SLICE_ARG(text));
	return http_bad_request(r, out, "%.*s", SLICE_ARG(text));
}

enum call_state api_refuse(struct http_response *r, struct buf *out, const struct refusal *why)
{
	return refused(r, out, why->code, buf_slice(&r->host->broker->text));
}

struct channel *api_client(struct http_response *r, struct buf *out, enum call_state *state)
{
	struct proxy_word word;
	if (!r->proxy.connection)
		api_open(r);
	struct channel *ch = connection_channel(r->proxy.connection, PROXY_CHANNEL);
	if (!ch)
		api_hear(r, out, &word, state);
	return ch;
}

bool api_hear(struct http_response *r, struct buf *out, struct proxy_word *word,
              enum call_state *state)
{
	const struct method *m = &word->method;
	while (proxy_hear(&r->proxy, word, r->now_ms)) {
		switch (m->id) {
		case METHOD_channel_open_ok: break;
		case METHOD_channel_close:
			*state = refused(r, out, m->channel_close.reply_code, m->channel_close.reply_text);
			return false;
		case METHOD_connection_close:
			*state = refused(r, out, m->connection_close.reply_code,
			                 m->connection_close.reply_text);
			return false;
		default: return true;
		}
	}
	*state = CALL_WAITS;
	return false;
}

enum call_state api_say(struct http_response *r, struct buf *out, const struct method *m,
                        unsigned status)
{
	struct proxy_word word;
	enum call_state state;
	if (!r->proxy.connection) {
		if (!method_fits(m))
			return http_bad_request(r, out, "a name has more than 255 bytes");
		api_open(r);
		proxy_say(&r->proxy, m, r->now_ms);
	}
	return api_hear(r, out, &word, &state) ? http_status(r, status) : state;
}
