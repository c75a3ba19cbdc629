/* SPDX-License-Identifier: Apache-2.0 */
/* The forty scenarios with rabbitmq-c.  usage: drive PORT [NUMBER ...]
 *
 * A scenario is a function that leaves by EXPECT when something is not as it should be.  Its
 * session has one connection with a confirm channel 1 and a plain channel 2. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <amqp.h>
#include <amqp_tcp_socket.h>

#define STR(s) amqp_cstring_bytes(s)
#define NONE amqp_empty_bytes
#define EMPTY amqp_empty_table
#define LENGTH(array) (int)(sizeof(array) / sizeof(*(array)))
#define EXPECT(cond)                                                                               \
	do {                                                                                           \
		if (!(cond)) {                                                                             \
			snprintf(trouble, sizeof(trouble), "line %d: %s", __LINE__, #cond);                    \
			return false;                                                                          \
		}                                                                                          \
	} while (0)

enum { FRAME_MAX = 131072, NAME = 256, LIMIT_S = 60 };

typedef amqp_connection_state_t peer;

static int port;
static char trouble[400];
static uint64_t published;
static struct timeval patience = { 30, 0 };
static struct timeval fifth_s = { 0, 200000 };

static bool broker(const char *verb)
{
	char command[4096];

	snprintf(command, sizeof(command), "%s/../broker.sh %s", getenv("INTEROP_HERE"), verb);
	return system(command) == 0;
}

static amqp_rpc_reply_t login(peer *c, const char *vhost, const char *password, int heartbeat)
{
	*c = amqp_new_connection();
	amqp_socket_t *socket = amqp_tcp_socket_new(*c);
	if (amqp_socket_open(socket, "127.0.0.1", port)) {
		fprintf(stderr, "no broker on port %d\n", port);
		exit(2);
	}
	amqp_set_rpc_timeout(*c, &patience);
	amqp_table_entry_t notify = { .key = STR("consumer_cancel_notify"),
		                          .value = { .kind = AMQP_FIELD_KIND_BOOLEAN,
		                                     .value.boolean = 1 } };
	amqp_table_entry_t capabilities = { .key = STR("capabilities"),
		                                .value = { .kind = AMQP_FIELD_KIND_TABLE,
		                                           .value.table = { 1, &notify } } };
	amqp_table_t properties = { 1, &capabilities };
	return amqp_login_with_properties(*c, vhost, 0, FRAME_MAX, heartbeat, &properties,
	                                  AMQP_SASL_METHOD_PLAIN, "guest", password);
}

static peer enter(void)
{
	peer c;

	login(&c, "/", "guest", 0);
	amqp_channel_open(c, 1);
	amqp_confirm_select(c, 1);
	amqp_channel_open(c, 2);
	published = 0;
	return c;
}

static void leave(peer c)
{
	amqp_connection_close(c, 200);
	amqp_destroy_connection(c);
}

static const char *fresh(char *name)
{
	static int count;

	snprintf(name, NAME, "m-%d-%d", (int)getpid(), count++);
	return name;
}

/* A private queue; its name is written to q. */
static bool private_with(peer c, char *q, amqp_table_t arguments)
{
	amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, NONE, 0, 0, 1, 0, arguments);

	if (!ok)
		return false;
	snprintf(q, NAME, "%.*s", (int)ok->queue.len, (char *)ok->queue.bytes);
	return true;
}

static bool private(peer c, char *q)
{
	return private_with(c, q, EMPTY);
}

static bool durable(peer c, char *q)
{
	return amqp_queue_declare(c, 1, STR(fresh(q)), 0, 1, 0, 0, EMPTY) != NULL;
}

static bool exchange(peer c, char *x, const char *kind)
{
	return amqp_exchange_declare(c, 1, STR(fresh(x)), STR(kind), 0, 0, 1, 0, EMPTY) != NULL;
}

static bool bind_with(peer c, const char *q, const char *x, const char *key, amqp_table_t table)
{
	return amqp_queue_bind(c, 1, STR(q), STR(x), STR(key), table) != NULL;
}

static bool bind_to(peer c, const char *q, const char *x, const char *key)
{
	return bind_with(c, q, x, key, EMPTY);
}

/* The queue holds this many messages and has this many consumers. */
static bool counts(peer c, const char *q, unsigned messages, unsigned consumers)
{
	amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 2, STR(q), 1, 0, 0, 0, EMPTY);

	return ok && ok->message_count == messages && ok->consumer_count == consumers;
}

/* Reads until a method that came by itself; false unless it is this one. */
static bool await(peer c, amqp_method_number_t method, amqp_method_t *out)
{
	amqp_frame_t frame;

	do {
		if (amqp_simple_wait_frame_noblock(c, &frame, &patience) != AMQP_STATUS_OK)
			return false;
	} while (frame.frame_type != AMQP_FRAME_METHOD);
	*out = frame.payload.method;
	return out->id == method;
}

/* Everything published is confirmed, each once and in order, some together. */
static bool confirmed(peer c, uint64_t from, uint64_t to)
{
	amqp_method_t m;

	for (uint64_t next = from; next <= to;) {
		EXPECT(await(c, AMQP_BASIC_ACK_METHOD, &m));
		amqp_basic_ack_t *ack = m.decoded;
		EXPECT(ack->delivery_tag >= next && (ack->multiple || ack->delivery_tag == next));
		next = ack->delivery_tag + 1;
		amqp_maybe_release_buffers(c);
	}
	return true;
}

static bool send_bytes(peer c, const char *x, const char *key, amqp_bytes_t body,
                       amqp_basic_properties_t *properties)
{
	EXPECT(!amqp_basic_publish(c, 1, STR(x), STR(key), 0, 0, properties, body));
	published++;
	return confirmed(c, published, published);
}

static bool put(peer c, const char *x, const char *key, const char *body)
{
	return send_bytes(c, x, key, STR(body), NULL);
}

static bool put_all(peer c, const char *q, const char *words)
{
	char body[2] = "";

	for (; *words; words++) {
		body[0] = *words;
		if (!put(c, "", q, body))
			return false;
	}
	return true;
}

/* Publishes the numbers from 0 to n - 1 and waits for the confirms. */
static bool fill(peer c, const char *x, const char *key, int n)
{
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2 };
	char body[16];

	for (int i = 0; i < n; i++) {
		snprintf(body, sizeof(body), "%d", i);
		if (amqp_basic_publish(c, 1, STR(x), STR(key), 0, 0, &p, STR(body)))
			return false;
	}
	published += (uint64_t)n;
	return confirmed(c, published - (uint64_t)n + 1, published);
}

struct letter {
	uint64_t tag;
	bool redelivered;
	unsigned left;
	amqp_message_t message;
};

/* Takes one message; false when the queue is empty. */
static bool get(peer c, int channel, const char *q, bool no_ack, struct letter *out)
{
	amqp_rpc_reply_t r = amqp_basic_get(c, (amqp_channel_t)channel, STR(q), no_ack);

	if (r.reply_type != AMQP_RESPONSE_NORMAL || r.reply.id != AMQP_BASIC_GET_OK_METHOD)
		return false;
	amqp_basic_get_ok_t *ok = r.reply.decoded;
	out->tag = ok->delivery_tag;
	out->redelivered = ok->redelivered;
	out->left = ok->message_count;
	r = amqp_read_message(c, (amqp_channel_t)channel, &out->message, 0);
	return r.reply_type == AMQP_RESPONSE_NORMAL;
}

static bool is(amqp_bytes_t bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

/* Takes a message and keeps it unacked; it is this one. */
static bool hold(peer c, int channel, const char *q, const char *body, bool redelivered,
                 uint64_t *tag)
{
	struct letter l;

	if (!get(c, channel, q, false, &l))
		return false;
	bool right = is(l.message.body, body) && l.redelivered == redelivered;
	*tag = l.tag;
	amqp_destroy_message(&l.message);
	return right;
}

/* What the queue holds is these words, and nothing more. */
static bool holds(peer c, const char *q, const char *words)
{
	char all[2048] = "";
	struct letter l;

	while (get(c, 2, q, true, &l)) {
		size_t n = strlen(all);
		snprintf(all + n, sizeof(all) - n, "%s%.*s", n ? " " : "", (int)l.message.body.len,
		         (char *)l.message.body.bytes);
		amqp_destroy_message(&l.message);
		amqp_maybe_release_buffers(c);
	}
	return strcmp(all, words) == 0;
}

/* The last call on this channel closed it with this code, or waiting shows that something has. */
static bool refused(peer c, int channel, int code)
{
	amqp_rpc_reply_t r = amqp_get_rpc_reply(c);
	amqp_method_t m = r.reply;

	if (r.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
		EXPECT(await(c, AMQP_CHANNEL_CLOSE_METHOD, &m));
	EXPECT(m.id == AMQP_CHANNEL_CLOSE_METHOD);
	int got = ((amqp_channel_close_t *)m.decoded)->reply_code;
	amqp_channel_close_ok_t ok = { 0 };
	amqp_send_method(c, (amqp_channel_t)channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	amqp_maybe_release_buffers(c);
	EXPECT(got == code);
	return amqp_channel_open(c, (amqp_channel_t)channel) != NULL;
}

static bool consume_as(peer c, int channel, const char *q, bool no_ack, bool exclusive, char *tag)
{
	amqp_basic_consume_ok_t *ok = amqp_basic_consume(c, (amqp_channel_t)channel, STR(q), NONE, 0,
	                                                 no_ack, exclusive, EMPTY);
	if (ok && tag)
		snprintf(tag, NAME, "%.*s", (int)ok->consumer_tag.len, (char *)ok->consumer_tag.bytes);
	return ok != NULL;
}

static bool consume(peer c, const char *q, bool no_ack)
{
	return consume_as(c, 1, q, no_ack, false, NULL);
}

/* The next delivery is this number; its tag is returned, or zero. */
static uint64_t take(peer c, int number)
{
	amqp_envelope_t e;
	char body[16];

	snprintf(body, sizeof(body), "%d", number);
	if (amqp_consume_message(c, &e, &patience, 0).reply_type != AMQP_RESPONSE_NORMAL)
		return 0;
	uint64_t tag = is(e.message.body, body) ? e.delivery_tag : 0;
	amqp_destroy_envelope(&e);
	amqp_maybe_release_buffers(c);
	return tag;
}

static bool take_all(peer c, int from, int to)
{
	for (int i = from; i < to; i++)
		EXPECT(take(c, i));
	return true;
}

static bool quiet(peer c)
{
	amqp_envelope_t e;
	amqp_rpc_reply_t r = amqp_consume_message(c, &e, &fifth_s, 0);

	return r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	       r.library_error == AMQP_STATUS_TIMEOUT;
}

static amqp_table_entry_t text_entry(const char *key, const char *value)
{
	amqp_table_entry_t e = { .key = STR(key), .value.kind = AMQP_FIELD_KIND_UTF8 };
	e.value.value.bytes = STR(value);
	return e;
}

static amqp_table_entry_t int_entry(const char *key, int value)
{
	amqp_table_entry_t e = { .key = STR(key), .value.kind = AMQP_FIELD_KIND_I32 };
	e.value.value.i32 = value;
	return e;
}

/* ---- connections and topology ---- */

/* The value of this key; one of kind zero when there is none. */
static amqp_field_value_t find(const amqp_table_t *table, amqp_bytes_t key)
{
	for (int i = 0; i < table->num_entries; i++) {
		amqp_bytes_t found = table->entries[i].key;
		if (found.len == key.len && memcmp(found.bytes, key.bytes, key.len) == 0)
			return table->entries[i].value;
	}
	return (amqp_field_value_t){ 0 };
}

static bool has_text(const amqp_table_t *table, const char *key)
{
	amqp_field_value_t v = find(table, STR(key));

	return v.kind == AMQP_FIELD_KIND_UTF8 && v.value.bytes.len;
}

static bool connect_(peer unused)
{
	peer c;

	(void)unused;
	EXPECT(login(&c, "/", "guest", 30).reply_type == AMQP_RESPONSE_NORMAL);
	EXPECT(amqp_get_heartbeat(c) == 30);
	amqp_table_t *about = amqp_get_server_properties(c);
	EXPECT(has_text(about, "product") && has_text(about, "version"));
	EXPECT(amqp_channel_open(c, 1));
	EXPECT(amqp_channel_close(c, 1, 200).reply_type == AMQP_RESPONSE_NORMAL);
	EXPECT(amqp_connection_close(c, 200).reply_type == AMQP_RESPONSE_NORMAL);
	amqp_destroy_connection(c);
	return true;
}

static bool not_let_in(const char *vhost, const char *password, int code)
{
	peer c;
	amqp_rpc_reply_t r = login(&c, vhost, password, 0);

	EXPECT(r.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION);
	EXPECT(r.reply.id == AMQP_CONNECTION_CLOSE_METHOD);
	EXPECT(((amqp_connection_close_t *)r.reply.decoded)->reply_code == code);
	amqp_destroy_connection(c);
	return true;
}

static bool login_refused(peer c)
{
	(void)c;
	return not_let_in("/", "wrong", 403);
}

static bool vhost_unknown(peer c)
{
	(void)c;
	return not_let_in("nope", "guest", 530);
}

static bool channels(peer c)
{
	for (int i = 3; i < 53; i++)
		EXPECT(amqp_channel_open(c, (amqp_channel_t)i));
	for (int i = 3; i < 53; i++)
		EXPECT(amqp_queue_declare(c, (amqp_channel_t)i, NONE, 0, 0, 1, 0, EMPTY));
	for (int i = 3; i < 53; i++)
		EXPECT(amqp_channel_close(c, (amqp_channel_t)i, 200).reply_type == AMQP_RESPONSE_NORMAL);
	return true;
}

static bool queue_declare(peer c)
{
	char q[NAME], tag[NAME];

	EXPECT(durable(c, q) && put_all(c, q, "ab") && counts(c, q, 2, 0));
	EXPECT(amqp_queue_delete(c, 1, STR(q), 0, 0));
	EXPECT(private(c, q) && strncmp(q, "amq.gen-", 8) == 0);
	EXPECT(amqp_queue_declare(c, 1, STR(fresh(q)), 0, 0, 0, 1, EMPTY));
	EXPECT(consume_as(c, 1, q, false, false, tag) && counts(c, q, 0, 1));
	EXPECT(amqp_basic_cancel(c, 1, STR(tag)));
	amqp_queue_declare(c, 1, STR(q), 1, 0, 0, 0, EMPTY);
	return refused(c, 1, 404);
}

static bool queue_mismatch(peer c)
{
	char q[NAME];

	EXPECT(durable(c, q));
	amqp_queue_declare(c, 1, STR(q), 0, 0, 0, 0, EMPTY);
	EXPECT(refused(c, 1, 406));
	return amqp_queue_delete(c, 2, STR(q), 0, 0) != NULL;
}

static bool queue_purge_delete(peer c)
{
	char q[NAME];

	EXPECT(durable(c, q) && put_all(c, q, "abc"));
	amqp_queue_purge_ok_t *purged = amqp_queue_purge(c, 1, STR(q));
	EXPECT(purged && purged->message_count == 3);
	EXPECT(put_all(c, q, "de"));
	amqp_queue_delete(c, 2, STR(q), 0, 1);
	EXPECT(refused(c, 2, 406));
	EXPECT(amqp_channel_open(c, 3) && amqp_basic_qos(c, 3, 0, 1, 0));
	EXPECT(consume_as(c, 3, q, false, false, NULL));
	amqp_queue_delete(c, 2, STR(q), 1, 0);
	EXPECT(refused(c, 2, 406));
	EXPECT(amqp_channel_close(c, 3, 200).reply_type == AMQP_RESPONSE_NORMAL);
	amqp_queue_delete_ok_t *deleted = amqp_queue_delete(c, 1, STR(q), 0, 0);
	return deleted && deleted->message_count == 2;
}

static bool exchange_declare(peer c)
{
	static const char *const kinds[] = { "direct", "fanout", "topic", "headers" };
	char x[NAME];

	for (int i = 0; i < LENGTH(kinds); i++) {
		fresh(x);
		for (int twice = 0; twice < 2; twice++)
			EXPECT(amqp_exchange_declare(c, 1, STR(x), STR(kinds[i]), 0, 1, 0, 0, EMPTY));
		EXPECT(amqp_exchange_delete(c, 1, STR(x), 0));
		amqp_exchange_declare(c, 2, STR(x), STR(kinds[i]), 1, 1, 0, 0, EMPTY);
		EXPECT(refused(c, 2, 404));
	}
	return amqp_exchange_declare(c, 1, STR("amq.topic"), STR("topic"), 1, 1, 0, 0, EMPTY) != NULL;
}

static bool exchange_mismatch(peer c)
{
	char x[NAME];

	EXPECT(exchange(c, x, "direct"));
	amqp_exchange_declare(c, 1, STR(x), STR("fanout"), 0, 0, 1, 0, EMPTY);
	return refused(c, 1, 406);
}

/* ---- routing ---- */

static bool direct(peer c)
{
	char q[2][NAME], other[NAME];

	for (int i = 0; i < 2; i++)
		EXPECT(private(c, q[i]) && bind_to(c, q[i], "amq.direct", q[i]));
	for (int i = 0; i < 2; i++)
		EXPECT(put(c, "amq.direct", q[i], q[i]));
	EXPECT(put(c, "amq.direct", fresh(other), "lost"));
	return holds(c, q[0], q[0]) && holds(c, q[1], q[1]);
}

static bool fanout(peer c)
{
	char x[NAME], q[3][NAME];

	EXPECT(exchange(c, x, "fanout"));
	for (int i = 0; i < 3; i++)
		EXPECT(private(c, q[i]) && bind_to(c, q[i], x, ""));
	EXPECT(fill(c, x, "any", 5));
	return holds(c, q[0], "0 1 2 3 4") && holds(c, q[1], "0 1 2 3 4") &&
	       holds(c, q[2], "0 1 2 3 4");
}

static bool topic(peer c)
{
	static const char *const keys[] = { "a.b.c", "a.c",   "z",       "q.r.z",
		                                "k",     "k.l.m", "a.b.c.d", "" };
	char q[NAME];

	EXPECT(private(c, q) && bind_to(c, q, "amq.topic", "a.*.c"));
	EXPECT(bind_to(c, q, "amq.topic", "#.z") && bind_to(c, q, "amq.topic", "k.#"));
	for (int i = 0; i < LENGTH(keys); i++)
		EXPECT(put(c, "amq.topic", keys[i], keys[i]));
	return holds(c, q, "a.b.c z q.r.z k k.l.m");
}

static bool headers(peer c)
{
	char both[NAME], either[NAME];
	amqp_table_entry_t all[] = { text_entry("kind", "report"), int_entry("size", 7),
		                         text_entry("x-match", "all") };
	amqp_table_entry_t any[] = { all[0], all[1], text_entry("x-match", "any") };
	amqp_table_entry_t other = int_entry("size", 8);
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_HEADERS_FLAG };
	static const char *const bodies[] = { "none", "one", "two" };

	EXPECT(private(c, both) && private(c, either));
	EXPECT(bind_with(c, both, "amq.headers", "", (amqp_table_t){ 3, all }));
	EXPECT(bind_with(c, either, "amq.headers", "", (amqp_table_t){ 3, any }));
	for (int i = 2; i >= 0; i--) {
		p.headers = (amqp_table_t){ i, all };
		EXPECT(send_bytes(c, "amq.headers", "", STR(bodies[i]), &p));
	}
	p.headers = (amqp_table_t){ 1, &other };
	EXPECT(send_bytes(c, "amq.headers", "", STR("other"), &p));
	return holds(c, both, "two") && holds(c, either, "two one");
}

static bool exchange_bind(peer c)
{
	char outer[NAME], inner[NAME], q[NAME];

	EXPECT(exchange(c, outer, "topic") && exchange(c, inner, "fanout") && private(c, q));
	EXPECT(amqp_exchange_bind(c, 1, STR(inner), STR(outer), STR("in.#"), EMPTY));
	EXPECT(bind_to(c, q, inner, "") && put(c, outer, "in.a", "in") && put(c, outer, "out", "out"));
	EXPECT(holds(c, q, "in"));
	return amqp_exchange_unbind(c, 1, STR(inner), STR(outer), STR("in.#"), EMPTY) != NULL;
}

static bool alternate(peer c)
{
	char spill[NAME], x[NAME], lost[NAME];

	EXPECT(exchange(c, spill, "fanout") && private(c, lost) && bind_to(c, lost, spill, ""));
	amqp_table_entry_t entry = text_entry("alternate-exchange", spill);
	amqp_table_t arguments = { 1, &entry };
	EXPECT(amqp_exchange_declare(c, 1, STR(fresh(x)), STR("direct"), 0, 0, 0, 0, arguments));
	EXPECT(put(c, x, "nowhere", "spilt") && holds(c, lost, "spilt"));
	return amqp_exchange_delete(c, 1, STR(x), 0) != NULL;
}

static bool unbind(peer c)
{
	char q[NAME];

	EXPECT(private(c, q) && bind_to(c, q, "amq.direct", q) && put(c, "amq.direct", q, "before"));
	EXPECT(amqp_queue_unbind(c, 1, STR(q), STR("amq.direct"), STR(q), EMPTY));
	return put(c, "amq.direct", q, "after") && holds(c, q, "before");
}

static bool default_exchange(peer c)
{
	char q[NAME];

	EXPECT(private(c, q) && put(c, "", q, "x"));
	amqp_rpc_reply_t r = amqp_basic_get(c, 2, STR(q), true);
	EXPECT(r.reply_type == AMQP_RESPONSE_NORMAL && r.reply.id == AMQP_BASIC_GET_OK_METHOD);
	amqp_basic_get_ok_t *ok = r.reply.decoded;
	EXPECT(ok->exchange.len == 0 && is(ok->routing_key, q));
	amqp_message_t m;
	EXPECT(amqp_read_message(c, 2, &m, 0).reply_type == AMQP_RESPONSE_NORMAL);
	EXPECT(is(m.body, "x"));
	amqp_destroy_message(&m);
	return true;
}

/* ---- messages ---- */

static bool properties(peer c)
{
	char q[NAME];
	struct letter l;
	amqp_table_entry_t header = text_entry("a", "b");
	amqp_basic_properties_t p = {
		._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
		          AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
		          AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG |
		          AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_EXPIRATION_FLAG |
		          AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_TYPE_FLAG |
		          AMQP_BASIC_USER_ID_FLAG | AMQP_BASIC_APP_ID_FLAG,
		.content_type = STR("text/plain"),
		.content_encoding = STR("utf-8"),
		.headers = { 1, &header },
		.delivery_mode = 2,
		.priority = 3,
		.correlation_id = STR("c"),
		.reply_to = STR("r"),
		.expiration = STR("60000"),
		.message_id = STR("m"),
		.timestamp = 1700000000,
		.type = STR("t"),
		.user_id = STR("guest"),
		.app_id = STR("a"),
	};

	EXPECT(private(c, q) && send_bytes(c, "", q, STR("x"), &p) && get(c, 1, q, true, &l));
	amqp_basic_properties_t *got = &l.message.properties;
	EXPECT(got->_flags == p._flags && is(got->content_type, "text/plain"));
	EXPECT(is(got->content_encoding, "utf-8") && is(got->headers.entries[0].key, "a"));
	EXPECT(is(got->headers.entries[0].value.value.bytes, "b") && got->delivery_mode == 2);
	EXPECT(got->priority == 3 && is(got->correlation_id, "c") && is(got->reply_to, "r"));
	EXPECT(is(got->expiration, "60000") && is(got->message_id, "m") && is(got->type, "t"));
	EXPECT(got->timestamp == 1700000000 && is(got->user_id, "guest") && is(got->app_id, "a"));
	amqp_destroy_message(&l.message);
	return true;
}

static amqp_table_entry_t entry(const char *key, amqp_field_value_t value)
{
	return (amqp_table_entry_t){ STR(key), value };
}

static bool table_like(const amqp_table_t *got, const amqp_table_t *sent);

static bool value_like(const amqp_field_value_t *got, const amqp_field_value_t *sent)
{
	EXPECT(got->kind == sent->kind);
	switch (sent->kind) {
	case AMQP_FIELD_KIND_BOOLEAN:
		return !got->value.boolean == !sent->value.boolean;
	case AMQP_FIELD_KIND_I8:
		return got->value.i8 == sent->value.i8;
	case AMQP_FIELD_KIND_I32:
		return got->value.i32 == sent->value.i32;
	case AMQP_FIELD_KIND_I64:
		return got->value.i64 == sent->value.i64;
	case AMQP_FIELD_KIND_TIMESTAMP:
		return got->value.u64 == sent->value.u64;
	case AMQP_FIELD_KIND_F32:
		return memcmp(&got->value.f32, &sent->value.f32, sizeof(float)) == 0;
	case AMQP_FIELD_KIND_F64:
		return memcmp(&got->value.f64, &sent->value.f64, sizeof(double)) == 0;
	case AMQP_FIELD_KIND_UTF8:
	case AMQP_FIELD_KIND_BYTES:
		return got->value.bytes.len == sent->value.bytes.len &&
		       memcmp(got->value.bytes.bytes, sent->value.bytes.bytes, sent->value.bytes.len) == 0;
	case AMQP_FIELD_KIND_TABLE:
		return table_like(&got->value.table, &sent->value.table);
	case AMQP_FIELD_KIND_ARRAY:
		EXPECT(got->value.array.num_entries == sent->value.array.num_entries);
		for (int i = 0; i < sent->value.array.num_entries; i++)
			EXPECT(value_like(&got->value.array.entries[i], &sent->value.array.entries[i]));
		return true;
	default:
		return sent->kind == AMQP_FIELD_KIND_VOID;
	}
}

static bool table_like(const amqp_table_t *got, const amqp_table_t *sent)
{
	EXPECT(got->num_entries == sent->num_entries);
	for (int i = 0; i < sent->num_entries; i++) {
		amqp_field_value_t v = find(got, sent->entries[i].key);
		EXPECT(value_like(&v, &sent->entries[i].value));
	}
	return true;
}

#define VALUE(KIND, member, ...)                                                                   \
	((amqp_field_value_t){ .kind = AMQP_FIELD_KIND_##KIND, .value.member = __VA_ARGS__ })

static bool header_types(peer c)
{
	char q[NAME];
	struct letter l;
	amqp_table_entry_t deeper = int_entry("deeper", -1);
	amqp_table_entry_t deep = entry("deep", VALUE(TABLE, table, { 1, &deeper }));
	amqp_field_value_t items[] = { VALUE(I32, i32, 1), VALUE(UTF8, bytes, STR("a")),
		                           VALUE(TABLE, table, { 1, &deep }) };
	amqp_table_entry_t all[] = {
		text_entry("text", "gr\xc3\xbcn"),
		entry("small", VALUE(I8, i8, -3)),
		entry("int", VALUE(I32, i32, 1 << 20)),
		entry("large", VALUE(I64, i64, INT64_C(1) << 40)),
		entry("float", VALUE(F32, f32, 0.5f)),
		entry("double", VALUE(F64, f64, 0.25)),
		entry("yes", VALUE(BOOLEAN, boolean, 1)),
		entry("no", VALUE(BOOLEAN, boolean, 0)),
		entry("time", VALUE(TIMESTAMP, u64, 1700000000)),
		entry("bytes", VALUE(BYTES, bytes, { 2, "\0\xff" })),
		entry("empty", VALUE(VOID, boolean, 0)),
		entry("table", VALUE(TABLE, table, { 1, &deep })),
		entry("array", VALUE(ARRAY, array, { LENGTH(items), items })),
	};
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_HEADERS_FLAG,
		                          .headers = { LENGTH(all), all } };

	EXPECT(private(c, q) && send_bytes(c, "", q, STR("x"), &p) && get(c, 1, q, true, &l));
	EXPECT(table_like(&l.message.properties.headers, &p.headers));
	amqp_destroy_message(&l.message);
	return true;
}

static bool bodies(peer c)
{
	static char body[1048577];
	const size_t sizes[] = { 0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, sizeof(body) };
	char q[NAME];
	struct letter l;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7 % 251);
	EXPECT(private(c, q));
	for (int i = 0; i < LENGTH(sizes); i++) {
		EXPECT(send_bytes(c, "", q, (amqp_bytes_t){ sizes[i], body }, NULL));
		EXPECT(get(c, 1, q, true, &l) && l.message.body.len == sizes[i]);
		EXPECT(sizes[i] == 0 || memcmp(l.message.body.bytes, body, sizes[i]) == 0);
		amqp_destroy_message(&l.message);
	}
	return true;
}

static bool confirm(peer c)
{
	char q[NAME];

	return private(c, q) && fill(c, "", q, 1000) && counts(c, q, 1000, 0);
}

static bool confirm_mixed(peer c)
{
	char q[NAME], other[NAME];
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG };

	EXPECT(private(c, q));
	for (int i = 0; i < 1000; i++) {
		p.delivery_mode = (uint8_t)(1 + i % 2);
		const char *key = i % 10 ? q : fresh(other);
		EXPECT(!amqp_basic_publish(c, 1, NONE, STR(key), 0, 0, &p, STR("x")));
	}
	EXPECT(confirmed(c, 1, 1000));
	return counts(c, q, 900, 0);
}

static bool mandatory(peer c)
{
	amqp_method_t m;
	amqp_message_t message;
	char q[NAME];

	EXPECT(!amqp_basic_publish(c, 1, NONE, STR(fresh(q)), 1, 0, NULL, STR("nobody")));
	EXPECT(await(c, AMQP_BASIC_RETURN_METHOD, &m));
	EXPECT(((amqp_basic_return_t *)m.decoded)->reply_code == 312);
	EXPECT(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
	EXPECT(is(message.body, "nobody") && confirmed(c, 1, 1));
	amqp_destroy_message(&message);
	EXPECT(private(c, q));
	EXPECT(!amqp_basic_publish(c, 1, NONE, STR(q), 1, 0, NULL, STR("x")));
	return confirmed(c, 2, 2);
}

static bool exchange_missing(peer c)
{
	char x[NAME], q[NAME];

	EXPECT(private(c, q) && put(c, "", q, "on"));
	EXPECT(!amqp_basic_publish(c, 2, STR(fresh(x)), NONE, 0, 0, NULL, STR("x")));
	EXPECT(refused(c, 2, 404));
	return put(c, "", q, "and") && holds(c, q, "on and");
}

static bool get_one(peer c)
{
	char q[NAME];
	struct letter l;

	EXPECT(private(c, q) && !get(c, 1, q, false, &l) && put_all(c, q, "abc"));
	EXPECT(get(c, 1, q, false, &l) && is(l.message.body, "a") && l.left == 2);
	amqp_destroy_message(&l.message);
	return !amqp_basic_ack(c, 1, l.tag, 0);
}

/* ---- consumers ---- */

static bool consume_all(peer c)
{
	char q[NAME];

	EXPECT(private(c, q) && fill(c, "", q, 1000) && amqp_basic_qos(c, 1, 0, 50, 0));
	EXPECT(consume(c, q, false));
	for (int i = 0; i < 1000; i++) {
		uint64_t tag = take(c, i);
		EXPECT(tag && !amqp_basic_ack(c, 1, tag, 0));
	}
	EXPECT(amqp_basic_qos(c, 1, 0, 50, 0));
	return counts(c, q, 0, 1);
}

static bool no_ack(peer c)
{
	char q[NAME];

	EXPECT(private(c, q) && fill(c, "", q, 1000) && consume(c, q, true));
	return take_all(c, 0, 1000) && counts(c, q, 0, 1);
}

static bool prefetch(peer c)
{
	char q[NAME];

	EXPECT(private(c, q) && fill(c, "", q, 30) && amqp_basic_qos(c, 1, 0, 10, 0));
	EXPECT(consume(c, q, false) && take_all(c, 0, 10) && quiet(c));
	EXPECT(!amqp_basic_ack(c, 1, 5, 1));
	return take_all(c, 10, 15) && quiet(c);
}

static bool prefetch_global(peer c)
{
	char q[NAME];

	EXPECT(private(c, q) && fill(c, "", q, 30) && amqp_basic_qos(c, 1, 0, 10, 1));
	EXPECT(consume(c, q, false) && consume(c, q, false));
	EXPECT(take_all(c, 0, 10) && quiet(c) && !amqp_basic_ack(c, 1, 0, 1));
	return take_all(c, 10, 20) && quiet(c);
}

static bool nack_requeue(peer c)
{
	char q[NAME];
	uint64_t tag;

	EXPECT(private(c, q) && put_all(c, q, "ab") && hold(c, 1, q, "a", false, &tag));
	EXPECT(!amqp_basic_nack(c, 1, tag, 0, 1));
	return hold(c, 1, q, "a", true, &tag);
}

static bool reject(peer c)
{
	char q[NAME];
	uint64_t tag;

	EXPECT(private(c, q) && put_all(c, q, "ab") && hold(c, 1, q, "a", false, &tag));
	EXPECT(!amqp_basic_reject(c, 1, tag, 0));
	return holds(c, q, "b");
}

static bool ack_multiple(peer c)
{
	static const char *const words[] = { "a", "b", "c", "d" };
	char q[NAME];
	uint64_t tags[4];

	EXPECT(private(c, q) && put_all(c, q, "abcd") && amqp_channel_open(c, 3));
	for (int i = 0; i < 4; i++)
		EXPECT(hold(c, 3, q, words[i], false, &tags[i]));
	EXPECT(!amqp_basic_ack(c, 3, tags[2], 1));
	EXPECT(amqp_channel_close(c, 3, 200).reply_type == AMQP_RESPONSE_NORMAL);
	return holds(c, q, "d"); /* the fourth came back */
}

static bool recover(peer c)
{
	char q[NAME];
	uint64_t tag;

	EXPECT(private(c, q) && put_all(c, q, "ab"));
	EXPECT(hold(c, 1, q, "a", false, &tag) && hold(c, 1, q, "b", false, &tag));
	EXPECT(amqp_basic_recover(c, 1, 1));
	return hold(c, 1, q, "a", true, &tag) && hold(c, 1, q, "b", true, &tag);
}

static bool ack_unknown(peer c)
{
	EXPECT(!amqp_basic_ack(c, 1, 99, 0));
	return refused(c, 1, 406);
}

static bool cancel(peer c)
{
	char q[NAME], consumer[NAME];

	EXPECT(private(c, q) && fill(c, "", q, 1));
	EXPECT(consume_as(c, 1, q, false, false, consumer));
	uint64_t tag = take(c, 0);
	EXPECT(tag && amqp_basic_cancel(c, 1, STR(consumer)));
	EXPECT(put(c, "", q, "b") && quiet(c) && !amqp_basic_ack(c, 1, tag, 0));
	return holds(c, q, "b");
}

static bool cancel_notify(peer c)
{
	char q[NAME], consumer[NAME];
	amqp_method_t m;

	EXPECT(private(c, q) && consume_as(c, 1, q, false, false, consumer));
	EXPECT(amqp_queue_delete(c, 2, STR(q), 0, 0));
	EXPECT(await(c, AMQP_BASIC_CANCEL_METHOD, &m));
	return is(((amqp_basic_cancel_t *)m.decoded)->consumer_tag, consumer);
}

static bool exclusive(peer c)
{
	char q[NAME];
	peer second = enter();

	EXPECT(private(c, q) && consume_as(c, 1, q, false, true, NULL));
	consume_as(c, 2, q, false, false, NULL);
	EXPECT(refused(c, 2, 403));
	amqp_queue_declare(second, 1, STR(q), 1, 0, 0, 0, EMPTY);
	EXPECT(refused(second, 1, 405));
	leave(second);
	return true;
}

static bool tx(peer c)
{
	char q[NAME];
	uint64_t tag;

	EXPECT(private(c, q) && amqp_channel_open(c, 3) && amqp_tx_select(c, 3));
	EXPECT(!amqp_basic_publish(c, 3, NONE, STR(q), 0, 0, NULL, STR("no")));
	EXPECT(amqp_tx_rollback(c, 3));
	EXPECT(!amqp_basic_publish(c, 3, NONE, STR(q), 0, 0, NULL, STR("yes")));
	EXPECT(holds(c, q, "") && amqp_tx_commit(c, 3));
	EXPECT(hold(c, 3, q, "yes", false, &tag));
	EXPECT(!amqp_basic_ack(c, 3, tag, 0) && amqp_tx_commit(c, 3));
	amqp_channel_close(c, 3, 200);
	return holds(c, q, "");
}

static bool dead_letter(peer c)
{
	char dead[NAME], q[NAME];
	amqp_envelope_t e;

	EXPECT(private(c, dead));
	amqp_table_entry_t how[] = { int_entry("x-message-ttl", 50),
		                         text_entry("x-dead-letter-exchange", ""),
		                         text_entry("x-dead-letter-routing-key", dead) };
	EXPECT(private_with(c, q, (amqp_table_t){ 3, how }) && put(c, "", q, "late"));
	EXPECT(consume(c, dead, true));
	EXPECT(amqp_consume_message(c, &e, &patience, 0).reply_type == AMQP_RESPONSE_NORMAL);
	amqp_field_value_t deaths = find(&e.message.properties.headers, STR("x-death"));
	EXPECT(is(e.message.body, "late") && deaths.kind == AMQP_FIELD_KIND_ARRAY);
	EXPECT(deaths.value.array.num_entries == 1);
	amqp_table_t *death = &deaths.value.array.entries[0].value.table;
	EXPECT(is(find(death, STR("queue")).value.bytes, q));
	EXPECT(is(find(death, STR("reason")).value.bytes, "expired"));
	EXPECT(find(death, STR("count")).value.i64 == 1);
	amqp_destroy_envelope(&e);
	return true;
}

static bool restart(peer c)
{
	char q[NAME], x[NAME], want[2048] = "";
	amqp_frame_t frame;

	EXPECT(durable(c, q));
	EXPECT(amqp_exchange_declare(c, 1, STR(fresh(x)), STR("topic"), 0, 1, 0, 0, EMPTY));
	EXPECT(bind_to(c, q, x, "a.#") && fill(c, x, "a.b", 100));
	EXPECT(broker("crash") && broker("start"));
	EXPECT(amqp_simple_wait_frame_noblock(c, &frame, &patience) == AMQP_STATUS_CONNECTION_CLOSED ||
	       amqp_simple_wait_frame_noblock(c, &frame, &patience) == AMQP_STATUS_SOCKET_ERROR);
	peer again = enter();
	EXPECT(put(again, x, "a.c", "last"));
	for (int i = 0; i < 100; i++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "%d ", i);
	strcat(want, "last");
	EXPECT(holds(again, q, want));
	EXPECT(amqp_queue_delete(again, 1, STR(q), 0, 0) && amqp_exchange_delete(again, 1, STR(x), 0));
	leave(again);
	return true;
}

/* The scenarios in the order of their numbers. */
static const struct test {
	const char *name;
	bool (*run)(peer c);
} tests[] = {
	{ "connect", connect_ },
	{ "login-refused", login_refused },
	{ "vhost-unknown", vhost_unknown },
	{ "channels", channels },
	{ "queue-declare", queue_declare },
	{ "queue-mismatch", queue_mismatch },
	{ "queue-purge-delete", queue_purge_delete },
	{ "exchange-declare", exchange_declare },
	{ "exchange-mismatch", exchange_mismatch },
	{ "direct", direct },
	{ "fanout", fanout },
	{ "topic", topic },
	{ "headers", headers },
	{ "exchange-bind", exchange_bind },
	{ "alternate", alternate },
	{ "unbind", unbind },
	{ "default-exchange", default_exchange },
	{ "properties", properties },
	{ "header-types", header_types },
	{ "bodies", bodies },
	{ "confirm", confirm },
	{ "confirm-mixed", confirm_mixed },
	{ "mandatory", mandatory },
	{ "exchange-missing", exchange_missing },
	{ "get", get_one },
	{ "consume", consume_all },
	{ "no-ack", no_ack },
	{ "prefetch", prefetch },
	{ "prefetch-global", prefetch_global },
	{ "nack-requeue", nack_requeue },
	{ "reject", reject },
	{ "ack-multiple", ack_multiple },
	{ "recover", recover },
	{ "ack-unknown", ack_unknown },
	{ "cancel", cancel },
	{ "cancel-notify", cancel_notify },
	{ "exclusive", exclusive },
	{ "tx", tx },
	{ "dead-letter", dead_letter },
	{ "restart", restart },
};

/* What of a scenario the client cannot do; NULL if it can do all. */
static const char *lacks(const struct test *t)
{
	return t->run == restart ? "leaves it to its user to connect again" : NULL;
}

static bool chosen(int number, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (atoi(argv[i]) == number)
			return true;
	}
	return argc == 2;
}

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: drive PORT [NUMBER ...]\n");
		return 2;
	}
	port = atoi(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < LENGTH(tests); i++) {
		if (!chosen(i + 1, argc, argv))
			continue;
		alarm(LIMIT_S); /* what hangs ends the run */
		snprintf(trouble, sizeof(trouble), "not as expected");
		peer c = enter();
		bool ok = tests[i].run(c);
		if (ok && lacks(&tests[i]))
			printf("part %02d %s: %s\n", i + 1, tests[i].name, lacks(&tests[i]));
		else if (ok)
			printf("ok %02d %s\n", i + 1, tests[i].name);
		else
			printf("FAIL %02d %s: %s\n", i + 1, tests[i].name, trouble);
		failed += !ok;
		leave(c);
	}
	return failed ? 1 : 0;
}
