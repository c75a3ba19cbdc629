/* SPDX-License-Identifier: Apache-2.0 */
/* Single messages over HTTP, published and taken. */
#include <inttypes.h>

#include "base/base64.h"
#include "management/api.h"
#include "management/showing.h"

/* ---- publishing ---- */

/* The body of the message; false when it was refused. */
static bool read_payload(struct http_response *r, struct buf *out, struct slice *payload)
{
	struct slice encoding = http_text(r, "payload_encoding");
	*payload = http_text(r, "payload");
	if (slice_is(encoding, "string"))
		return true;
	buf_clear(&r->room);
	if (!slice_is(encoding, "base64"))
		http_bad_request(r, out, "unsupported encoding: %.*s", SLICE_ARG(encoding));
	else if (!base64_read(&r->room, *payload))
		http_bad_request(r, out, "payload is no base64");
	*payload = buf_slice(&r->room);
	return r->status == 200;
}

static bool begin_publish(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "routing_key", "properties", "payload",
		                                  "payload_encoding", NULL };
	struct slice exchange = r->parts[1], payload;
	struct props props;
	if (!api_exchange_named(r, &exchange)) {
		http_not_found(r, out);
		return false;
	}
	if (!http_read_body(r, out) || !api_has_keys(r, out, needed) || !read_payload(r, out, &payload))
		return false;
	showing_read_props(http_table(r, "properties"), &props);
	struct method confirms = { .id = METHOD_confirm_select };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = exchange,
		                                   .routing_key = http_text(r, "routing_key"),
		                                   .mandatory = true } };
	if (m.basic_publish.routing_key.n > 255) {
		http_bad_request(r, out, "routing_key has more than 255 bytes");
		return false;
	}
	api_open(r);
	proxy_say(&r->proxy, &confirms, r->now_ms);
	proxy_publish(&r->proxy, &m, &props, payload, r->now_ms);
	return true;
}

/* It is answered when the message is safe. count: it came back. */
enum call_state api_publish(struct http_response *r, struct buf *out)
{
	struct proxy_word word;
	enum call_state state;
	if (!r->begun && !begin_publish(r, out))
		return CALL_DONE;
	while (api_hear(r, out, &word, &state)) {
		r->count |= word.method.id == METHOD_basic_return || word.method.id == METHOD_basic_nack;
		if (word.method.id != METHOD_basic_ack && word.method.id != METHOD_basic_nack)
			continue;
		buf_printf(out, "{\"routed\":%s}", r->count ? "false" : "true");
		return CALL_DONE;
	}
	return state;
}

/* ---- taking ---- */

enum how { REQUEUE, TAKE, REJECT_REQUEUE, REJECT };

static bool read_how(const struct http_response *r, enum how *out)
{
	static const char *const names[] = { "ack_requeue_true", "ack_requeue_false",
		                                 "reject_requeue_true", "reject_requeue_false" };
	struct slice said = http_text(r, "ackmode");
	for (int i = 0; i < 4; i++) {
		*out = (enum how)i;
		if (slice_is(said, names[i]))
			return true;
	}
	return false;
}

static void put_payload(const struct http_response *r, struct buf *out, struct slice body)
{
	int64_t most;
	if (http_number(r, "truncate", &most) && most >= 0 && (uint64_t)most < body.n)
		body.n = (size_t)most;
	showing_put_payload(out, body, slice_is(http_text(r, "encoding"), "base64"));
	buf_u8(out, '}');
}

static void put_message(const struct http_response *r, struct buf *out,
                        const struct proxy_word *word)
{
	const struct basic_get_ok *ok = &word->method.basic_get_ok;
	buf_printf(out, "%s{\"payload_bytes\":%zu,\"redelivered\":%s,\"exchange\":",
	           r->count ? "," : "", word->body.n, ok->redelivered ? "true" : "false");
	cell_put_json(out, cell_slice(ok->exchange));
	buf_printf(out, ",\"routing_key\":");
	cell_put_json(out, cell_slice(ok->routing_key));
	buf_printf(out, ",\"message_count\":%" PRIu32 ",\"properties\":", ok->message_count);
	showing_put_props(out, word->header);
	buf_u8(out, ',');
	put_payload(r, out, word->body);
}

static void ask_one(struct http_response *r, enum how how)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = r->parts[1], .no_ack = how == TAKE } };
	proxy_say(&r->proxy, &m, r->now_ms);
}

/* All that were taken go where they are to go. */
static void settle(struct http_response *r, enum how how)
{
	struct method m = { .id = METHOD_basic_nack,
		                .basic_nack = { .multiple = true, .requeue = how != REJECT } };
	if (r->count && how != TAKE)
		proxy_say(&r->proxy, &m, r->now_ms);
}

static bool begin_get(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "ackmode", "count", "encoding", NULL };
	enum how how;
	int64_t count;
	if (!http_read_body(r, out) || !api_has_keys(r, out, needed))
		return false;
	if (!read_how(r, &how) || !http_number(r, "count", &count) || count < 1) {
		http_bad_request(r, out, "ackmode or count makes no sense");
		return false;
	}
	api_open(r);
	ask_one(r, how);
	return true;
}

/* One at a time, as the peer takes them.  wanted goes down as count goes up. */
enum call_state api_queue_get(struct http_response *r, struct buf *out)
{
	struct proxy_word word;
	enum call_state state;
	enum how how;
	int64_t most = 0;
	if (!r->begun && !begin_get(r, out))
		return CALL_DONE;
	if (!read_how(r, &how) || !http_number(r, "count", &most))
		return CALL_DONE;
	if (!api_hear(r, out, &word, &state))
		return state;
	bool got = word.method.id == METHOD_basic_get_ok;
	if (r->count == 0)
		buf_u8(out, '[');
	if (got) {
		put_message(r, out, &word);
		r->count++;
	}
	if (got && r->count < (uint64_t)most) {
		ask_one(r, how);
		return CALL_MORE;
	}
	settle(r, how);
	buf_u8(out, ']');
	return CALL_DONE;
}
