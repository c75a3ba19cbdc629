/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/firehose.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "broker/channel.h"
#include "queue/message.h"
#include "queue/queue.h"

enum {
	KEY_MAX = 255,
	NAMES_MAX_BYTES = 128 << 10, /* of keys, or of queues, in a copy */
};

/* Under which exchange a copy died, its headers say for good. */
static bool was_made_here(const struct message *m)
{
	struct field f;
	return slice_is(message_exchange(m), FIREHOSE_EXCHANGE) ||
	       (m->died &&
	        table_find(props_headers(message_header(m)), "x-first-death-exchange", &f) &&
	        f.letter == 'S' && slice_is(f.bytes, FIREHOSE_EXCHANGE));
}

static bool is_wanted(const struct channel *ch, const struct message *m)
{
	const struct exchange *x = topology_exchange(&ch->vhost->topology,
	                                             slice_str(FIREHOSE_EXCHANGE));
	return !list_empty(&x->bindings) && !was_made_here(m);
}

static void put_slice(struct buf *out, const char *key, struct slice value)
{
	struct field f = { .letter = 'S', .bytes = value };
	table_put(out, slice_str(key), &f);
}

/* ---- what is said of the message ---- */

static void put_element(struct buf *array, struct slice value)
{
	struct field f = { .letter = 'S', .bytes = value };
	table_put(array, slice_of(NULL, 0), &f);
}

static void put_array(struct buf *out, const char *key, struct buf *array)
{
	struct field f = { .letter = 'A', .bytes = buf_slice(array) };
	table_put(out, slice_str(key), &f);
	buf_free(array);
}

/* Those of the header CC too. */
static void put_keys(struct buf *out, const struct message *m, const struct props *p)
{
	struct buf keys = { 0 };
	struct field cc, key;
	put_element(&keys, message_key(m));
	if (p->flags & PROP_headers && table_find(p->headers, "CC", &cc) && cc.letter == 'A')
		for (struct table_walk w = table_walk(cc.bytes); array_next(&w, &key);)
			if (key.letter == 'S' && keys.len < NAMES_MAX_BYTES)
				put_element(&keys, key.bytes);
	put_array(out, "routing_keys", &keys);
}

static void put_properties(struct buf *out, const struct props *p)
{
	const struct {
		uint16_t flag;
		const char *name;
		struct slice value;
	} strings[] = {
		{ PROP_content_type, "content_type", p->content_type },
		{ PROP_content_encoding, "content_encoding", p->content_encoding },
		{ PROP_correlation_id, "correlation_id", p->correlation_id },
		{ PROP_reply_to, "reply_to", p->reply_to },
		{ PROP_expiration, "expiration", p->expiration },
		{ PROP_message_id, "message_id", p->message_id },
		{ PROP_type, "type", p->type },
		{ PROP_user_id, "user_id", p->user_id },
		{ PROP_app_id, "app_id", p->app_id },
		{ PROP_cluster_id, "cluster_id", p->cluster_id },
	};
	struct buf table = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		if (p->flags & strings[i].flag)
			put_slice(&table, strings[i].name, strings[i].value);
	if (p->flags & PROP_headers)
		table_put_table(&table, "headers", p->headers);
	if (p->flags & PROP_delivery_mode)
		table_put_int(&table, "delivery_mode", p->delivery_mode);
	if (p->flags & PROP_priority)
		table_put_int(&table, "priority", p->priority);
	if (p->flags & PROP_timestamp)
		table_put_int(&table, "timestamp", (int64_t)p->timestamp);
	table_put_table(out, "properties", buf_slice(&table));
	buf_free(&table);
}

static void put_headers(struct buf *out, const struct channel *ch, const struct message *m,
                        const struct props *p)
{
	put_slice(out, "exchange_name", message_exchange(m));
	put_keys(out, m, p);
	put_properties(out, p);
	table_put_str(out, "node", ch->broker->options.cluster_name);
	put_slice(out, "vhost", ch->vhost->name);
	table_put_str(out, "connection", ch->connection->name);
	table_put_int(out, "channel", ch->number);
	table_put_str(out, "user", ch->connection->user);
}

/* ---- as much of it as there is room for ---- */

/* What is left out, each with those before. */
enum { ALL, NO_HEADERS, NO_PROPERTIES, FEW_NAMES };

static void put_all_but(struct buf *out, struct slice table, const char *without)
{
	struct table_walk w = table_walk(table);
	struct slice key;
	struct field f;
	while (table_next(&w, &key, &f))
		if (!slice_is(key, without))
			table_put(out, key, &f);
}

/* Those that begin within so many bytes. */
static struct slice first_names(struct slice array, size_t most)
{
	struct table_walk w = table_walk(array);
	struct field f;
	while ((size_t)(w.rest.p - array.p) < most && array_next(&w, &f))
		;
	return slice_of(array.p, array.n - w.rest.n);
}

static void reduce(struct buf *out, struct slice headers, int less, size_t max)
{
	struct table_walk w = table_walk(headers);
	struct buf properties = { 0 };
	struct slice key;
	struct field f;
	while (table_next(&w, &key, &f)) {
		if (slice_is(key, "properties") && f.letter == 'F') {
			if (less == NO_HEADERS)
				put_all_but(&properties, f.bytes, "headers");
			f.bytes = buf_slice(&properties);
		} else if (f.letter == 'A' && less == FEW_NAMES && !slice_is(key, "x-death")) {
			f.bytes = first_names(f.bytes, max / 6);
		}
		table_put(out, key, &f);
	}
	buf_free(&properties);
}

/* How nested the headers are and how many counts as well. */
static bool has_room(const struct buf *header, const struct buf *headers, size_t max)
{
	return header->len <= max && table_check(buf_slice(headers));
}

static bool encode_fitting(struct buf *header, struct props p, size_t max)
{
	struct slice all = p.headers;
	struct buf headers = { 0 };
	bool fits = false;
	for (int less = ALL; !fits && less <= FEW_NAMES; less++) {
		buf_clear(&headers);
		buf_clear(header);
		if (less == ALL)
			buf_append_slice(&headers, all);
		else
			reduce(&headers, all, less, max);
		p.headers = buf_slice(&headers);
		props_encode(header, &p);
		fits = has_room(header, &headers, max);
	}
	buf_free(&headers);
	return fits;
}

bool firehose_fit(struct buf *header, const struct message *m, size_t max)
{
	struct props p;
	return was_made_here(m) && props_decode(message_header(m), &p) &&
	       encode_fitting(header, p, max);
}

/* ---- the copy ---- */

/* As much of it as a routing key may be long. */
static struct slice key_of(char room[KEY_MAX], const char *what, struct slice name)
{
	size_t n = strlen(what), most = KEY_MAX - n;
	memcpy(room, what, n);
	memcpy(room + n, name.p, name.n < most ? name.n : most);
	return slice_of(room, n + (name.n < most ? name.n : most));
}

/* With the headers so far, which go with it.  What has as many headers as there may be, or as deep
 * ones, has none in a table around them. */
static void add(struct channel *ch, const struct message *m, struct slice key,
                struct buf *headers)
{
	struct buf header = { 0 };
	struct props p = { .class_id = CLASS_BASIC,
		               .flags = PROP_headers,
		               .headers = buf_slice(headers),
		               .body_bytes = m->body_bytes };
	bool fits = encode_fitting(&header, p, ch->broker->options.frame_max - FRAME_OVERHEAD_BYTES);
	must(fits);
	struct message *copy =
		message_copy(m, slice_str(FIREHOSE_EXCHANGE), key, buf_slice(&header));
	copy->persistent = copy->died = copy->expires = false;
	event_add(ch->broker, &ch->vhost->topology, &copy);
	buf_free(&header);
	buf_free(headers);
}

void firehose_publish(struct channel *ch, const struct message *m, const struct route_set *routed)
{
	struct buf headers = { 0 }, queues = { 0 };
	struct props p;
	char room[KEY_MAX];
	if (!is_wanted(ch, m))
		return;
	bool whole = props_decode(message_header(m), &p);
	must(whole);
	put_headers(&headers, ch, m, &p);
	for (size_t i = 0; i < routed->n && queues.len < NAMES_MAX_BYTES; i++)
		put_element(&queues, queue_name(routed->queues[i]));
	put_array(&headers, "routed_queues", &queues);
	add(ch, m, key_of(room, "publish.", message_exchange(m)), &headers);
}

void firehose_deliver(struct channel *ch, const struct queue *q, const struct entry *e)
{
	struct buf headers = { 0 };
	struct props p;
	char room[KEY_MAX];
	if (!is_wanted(ch, e->message))
		return;
	bool whole = props_decode(message_header(e->message), &p);
	must(whole);
	put_headers(&headers, ch, e->message, &p);
	table_put_int(&headers, "redelivered", e->redelivered);
	add(ch, e->message, key_of(room, "deliver.", queue_name(q)), &headers);
}
