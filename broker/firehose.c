/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/firehose.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "broker/channel.h"
#include "queue/message.h"
#include "queue/queue.h"

enum { KEY_MAX = 255 };

static bool is_wanted(const struct channel *ch, const struct message *m)
{
	const struct exchange *x = topology_exchange(&ch->vhost->topology,
	                                             slice_str(FIREHOSE_EXCHANGE));
	return !list_empty(&x->bindings) && !slice_is(message_exchange(m), FIREHOSE_EXCHANGE);
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
			if (key.letter == 'S')
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
 * ones, cannot be told of in a table around them. */
static void add(struct channel *ch, const struct message *m, struct slice key,
                struct buf *headers)
{
	if (!table_check(buf_slice(headers))) {
		buf_free(headers);
		return;
	}
	struct buf header = { 0 };
	struct props p = { .class_id = CLASS_BASIC,
		               .flags = PROP_headers,
		               .headers = buf_slice(headers),
		               .body_bytes = m->body_bytes };
	props_encode(&header, &p);
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
	for (size_t i = 0; i < routed->n; i++)
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
