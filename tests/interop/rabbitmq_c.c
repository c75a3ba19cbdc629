/* SPDX-License-Identifier: Apache-2.0 */
/* What a RabbitMQ user does with rabbitmq-c, case by case.  usage: rabbitmq_c PORT BROKER_SCRIPT
 *
 * A case is a function that leaves by EXPECT when something is not as it should be.  Its session
 * has one connection with a confirm channel 1 and a second channel 2. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <amqp.h>
#include <amqp_tcp_socket.h>

#define STR(s) amqp_cstring_bytes(s)
#define NONE amqp_empty_bytes
#define EMPTY amqp_empty_table
#define EXPECT(cond)                                                                               \
	do {                                                                                           \
		if (!(cond)) {                                                                             \
			snprintf(trouble, sizeof(trouble), "line %d: %s", __LINE__, #cond);                    \
			return false;                                                                          \
		}                                                                                          \
	} while (0)

typedef amqp_connection_state_t peer;

static int port;
static const char *script;
static char trouble[200];
static struct timeval patience = { 30, 0 };
static struct timeval fifth_s = { 0, 200000 };

static bool broker(const char *verb)
{
	char command[4096];

	snprintf(command, sizeof(command), "%s %s", script, verb);
	return system(command) == 0;
}

static amqp_rpc_reply_t login(peer *c, const char *vhost, const char *user, const char *password)
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
	return amqp_login_with_properties(*c, vhost, 0, 131072, 0, &properties, AMQP_SASL_METHOD_PLAIN,
	                                  user, password);
}

static void leave(peer c)
{
	amqp_connection_close(c, 200);
	amqp_destroy_connection(c);
}

static bool fine(peer c)
{
	return amqp_get_rpc_reply(c).reply_type == AMQP_RESPONSE_NORMAL;
}

static peer enter(void)
{
	peer c;

	login(&c, "/", "guest", "guest");
	amqp_channel_open(c, 1);
	amqp_confirm_select(c, 1);
	amqp_channel_open(c, 2);
	return c;
}

/* A private queue; its name is written to q. */
static bool private(peer c, char *q)
{
	amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, NONE, 0, 0, 1, 0, EMPTY);

	if (!ok)
		return false;
	snprintf(q, 256, "%.*s", (int)ok->queue.len, (char *)ok->queue.bytes);
	return true;
}

static bool durable(peer c, const char *q)
{
	return amqp_queue_declare(c, 1, STR(q), 0, 1, 0, 0, EMPTY) != NULL;
}

static bool bind_to(peer c, const char *q, const char *exchange, const char *key,
                    amqp_table_t arguments)
{
	return amqp_queue_bind(c, 1, STR(q), STR(exchange), STR(key), arguments) != NULL;
}

/* Reads until a frame of channel 1 that has this method; false after half a minute. */
static bool await(peer c, amqp_method_number_t method, amqp_method_t *out)
{
	amqp_frame_t frame;

	for (;;) {
		if (amqp_simple_wait_frame_noblock(c, &frame, &patience) != AMQP_STATUS_OK)
			return false;
		if (frame.frame_type != AMQP_FRAME_METHOD)
			continue;
		*out = frame.payload.method;
		return frame.payload.method.id == method;
	}
}

/* Waits until the broker has confirmed everything up to this tag. */
static bool confirmed(peer c, uint64_t tag)
{
	amqp_method_t m;

	do {
		if (!await(c, AMQP_BASIC_ACK_METHOD, &m))
			return false;
	} while (((amqp_basic_ack_t *)m.decoded)->delivery_tag < tag);
	return true;
}

static uint64_t published;

static bool put(peer c, const char *exchange, const char *key, const char *body,
                amqp_basic_properties_t *properties)
{
	if (amqp_basic_publish(c, 1, STR(exchange), STR(key), 0, 0, properties, STR(body)))
		return false;
	return confirmed(c, ++published);
}

struct letter {
	uint64_t tag;
	bool redelivered;
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
	r = amqp_read_message(c, (amqp_channel_t)channel, &out->message, 0);
	return r.reply_type == AMQP_RESPONSE_NORMAL;
}

static bool is(amqp_bytes_t bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

/* What the queue holds is these words, and nothing more. */
static bool holds(peer c, const char *q, const char *words)
{
	char all[1024] = "";
	struct letter l;

	while (get(c, 2, q, true, &l)) {
		size_t n = strlen(all);
		snprintf(all + n, sizeof(all) - n, "%s%.*s", n ? " " : "", (int)l.message.body.len,
		         (char *)l.message.body.bytes);
		amqp_destroy_message(&l.message);
	}
	return strcmp(all, words) == 0;
}

/* The last call closed its channel, or waiting shows that it did, with this code and a text that
 * holds these words. */
static bool closed(peer c, int code, const char *words)
{
	amqp_rpc_reply_t r = amqp_get_rpc_reply(c);
	amqp_method_t m = r.reply;

	if (r.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION && !await(c, AMQP_CHANNEL_CLOSE_METHOD, &m))
		return false;
	if (m.id != AMQP_CHANNEL_CLOSE_METHOD)
		return false;
	amqp_channel_close_t *close = m.decoded;
	bool right = close->reply_code == code &&
	             memmem(close->reply_text.bytes, close->reply_text.len, words, strlen(words));
	if (!right)
		fprintf(stderr, "%d %.*s\n", close->reply_code, (int)close->reply_text.len,
		        (char *)close->reply_text.bytes);
	amqp_channel_close_ok_t ok = { 0 };
	amqp_send_method(c, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	amqp_maybe_release_buffers(c);
	amqp_channel_open(c, 1);
	return right && fine(c);
}

/* ---- routing ---- */

static bool direct(peer c)
{
	char q[256];

	EXPECT(private(c, q) && strncmp(q, "amq.gen-", 8) == 0);
	EXPECT(amqp_exchange_declare(c, 1, STR("c.direct"), STR("direct"), 0, 0, 1, 0, EMPTY));
	EXPECT(bind_to(c, q, "c.direct", "one", EMPTY) && bind_to(c, q, "c.direct", "two", EMPTY));
	EXPECT(put(c, "c.direct", "one", "one", NULL) && put(c, "c.direct", "two", "two", NULL) &&
	       put(c, "c.direct", "three", "three", NULL));
	EXPECT(holds(c, q, "one two"));
	return true;
}

static bool fanout(peer c)
{
	char q[3][256];

	EXPECT(amqp_exchange_declare(c, 1, STR("c.fanout"), STR("fanout"), 0, 1, 0, 0, EMPTY));
	for (int i = 0; i < 3; i++)
		EXPECT(private(c, q[i]) && bind_to(c, q[i], "c.fanout", "", EMPTY));
	EXPECT(put(c, "c.fanout", "any", "all", NULL));
	for (int i = 0; i < 3; i++)
		EXPECT(holds(c, q[i], "all"));
	EXPECT(amqp_exchange_delete(c, 1, STR("c.fanout"), 0));
	return true;
}

static bool topic(peer c)
{
	static const char *const keys[] = { "a.b.c", "a.c", "z", "q.z", "k", "k.l.m", "a.b.c.d" };
	char q[256];

	EXPECT(private(c, q));
	EXPECT(bind_to(c, q, "amq.topic", "a.*.c", EMPTY) && bind_to(c, q, "amq.topic", "#.z", EMPTY) &&
	       bind_to(c, q, "amq.topic", "k.#", EMPTY));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		EXPECT(put(c, "amq.topic", keys[i], keys[i], NULL));
	EXPECT(holds(c, q, "a.b.c z q.z k k.l.m"));
	return true;
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

static bool headers(peer c)
{
	char both[256], either[256];
	amqp_table_entry_t all[] = { text_entry("kind", "report"), int_entry("size", 7),
		                         text_entry("x-match", "all") };
	amqp_table_entry_t any[] = { all[0], all[1], text_entry("x-match", "any") };
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_HEADERS_FLAG };

	EXPECT(private(c, both) && private(c, either));
	EXPECT(bind_to(c, both, "amq.headers", "", (amqp_table_t){ 3, all }));
	EXPECT(bind_to(c, either, "amq.headers", "", (amqp_table_t){ 3, any }));
	p.headers = (amqp_table_t){ 2, all };
	EXPECT(put(c, "amq.headers", "", "two", &p));
	p.headers = (amqp_table_t){ 1, all };
	EXPECT(put(c, "amq.headers", "", "one", &p));
	p.headers = EMPTY;
	EXPECT(put(c, "amq.headers", "", "none", &p));
	EXPECT(holds(c, both, "two") && holds(c, either, "two one"));
	return true;
}

static bool exchange_to_exchange_and_alternate(peer c)
{
	char q[256], lost[256];
	amqp_table_entry_t alternate = text_entry("alternate-exchange", "c.spill");
	amqp_table_t arguments = { 1, &alternate };

	EXPECT(private(c, q) && private(c, lost));
	EXPECT(amqp_exchange_declare(c, 1, STR("c.spill"), STR("fanout"), 0, 0, 1, 0, EMPTY));
	EXPECT(bind_to(c, lost, "c.spill", "", EMPTY));
	EXPECT(amqp_exchange_declare(c, 1, STR("c.source"), STR("topic"), 0, 0, 1, 0, arguments));
	EXPECT(amqp_exchange_declare(c, 1, STR("c.inner"), STR("fanout"), 0, 0, 1, 1, EMPTY));
	EXPECT(amqp_exchange_bind(c, 1, STR("c.inner"), STR("c.source"), STR("in.#"), EMPTY));
	EXPECT(bind_to(c, q, "c.inner", "", EMPTY));
	EXPECT(put(c, "c.source", "in.a", "in", NULL) && put(c, "c.source", "out", "out", NULL));
	EXPECT(holds(c, q, "in") && holds(c, lost, "out"));
	amqp_basic_publish(c, 1, STR("c.inner"), STR(""), 0, 0, NULL, STR("x"));
	EXPECT(closed(c, 403, "ACCESS_REFUSED - cannot publish to internal exchange 'c.inner'"));
	return true;
}

/* ---- messages ---- */

static bool properties_come_back(peer c)
{
	char q[256];
	struct letter l;
	amqp_table_entry_t header = text_entry("mine", "yes");
	amqp_basic_properties_t p = {
		._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG |
		          AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG |
		          AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG,
		.content_type = STR("text/plain"),
		.headers = { 1, &header },
		.delivery_mode = 2,
		.priority = 3,
		.correlation_id = STR("c"),
		.timestamp = 1700000000,
	};

	EXPECT(private(c, q) && put(c, "", q, "x", &p) && get(c, 1, q, true, &l));
	amqp_basic_properties_t *got = &l.message.properties;
	EXPECT(got->_flags == p._flags && is(got->content_type, "text/plain"));
	EXPECT(got->delivery_mode == 2 && got->priority == 3 && got->timestamp == 1700000000);
	EXPECT(is(got->correlation_id, "c") && got->headers.num_entries == 1);
	EXPECT(is(got->headers.entries[0].key, "mine"));
	EXPECT(is(got->headers.entries[0].value.value.bytes, "yes"));
	amqp_destroy_message(&l.message);
	return true;
}

static bool large_bodies(peer c)
{
	static const size_t sizes[] = { 0, 1, 131064, 131065, 3 << 20 };
	char q[256];
	struct letter l;
	char *body = calloc(1, 3 << 20);

	EXPECT(body && private(c, q));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		amqp_bytes_t bytes = { sizes[i], body };
		EXPECT(!amqp_basic_publish(c, 1, NONE, STR(q), 0, 0, NULL, bytes));
		EXPECT(confirmed(c, ++published) && get(c, 1, q, true, &l));
		EXPECT(l.message.body.len == sizes[i]);
		amqp_destroy_message(&l.message);
	}
	free(body);
	return true;
}

static bool mandatory_returns(peer c)
{
	amqp_method_t m;
	amqp_message_t message;

	EXPECT(!amqp_basic_publish(c, 1, NONE, STR("c.nobody"), 1, 0, NULL, STR("nobody")));
	EXPECT(await(c, AMQP_BASIC_RETURN_METHOD, &m));
	amqp_basic_return_t *r = m.decoded;
	EXPECT(r->reply_code == 312 && is(r->reply_text, "NO_ROUTE"));
	EXPECT(amqp_read_message(c, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
	EXPECT(is(message.body, "nobody") && confirmed(c, ++published));
	amqp_destroy_message(&message);
	return true;
}

static bool take(peer c, const char *body, uint64_t tag)
{
	amqp_envelope_t e;
	amqp_rpc_reply_t r = amqp_consume_message(c, &e, &patience, 0);

	EXPECT(r.reply_type == AMQP_RESPONSE_NORMAL);
	EXPECT(is(e.message.body, body) && e.delivery_tag == tag);
	amqp_destroy_envelope(&e);
	return true;
}

static bool quiet(peer c)
{
	amqp_envelope_t e;
	amqp_rpc_reply_t r = amqp_consume_message(c, &e, &fifth_s, 0);

	return r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	       r.library_error == AMQP_STATUS_TIMEOUT;
}

static bool fill(peer c, const char *exchange, const char *key, int first, int n)
{
	amqp_basic_properties_t p = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2 };
	char body[16];

	for (int i = first; i < first + n; i++) {
		snprintf(body, sizeof(body), "%d", i);
		if (amqp_basic_publish(c, 1, STR(exchange), STR(key), 0, 0, &p, STR(body)))
			return false;
	}
	published += (uint64_t)n;
	return confirmed(c, published);
}

static bool prefetch(peer c)
{
	char q[256];

	EXPECT(private(c, q) && fill(c, "", q, 0, 20) && amqp_basic_qos(c, 1, 0, 3, 0));
	EXPECT(amqp_basic_consume(c, 1, STR(q), NONE, 0, 0, 0, EMPTY));
	EXPECT(take(c, "0", 1) && take(c, "1", 2) && take(c, "2", 3) && quiet(c));
	EXPECT(!amqp_basic_ack(c, 1, 2, 1));
	EXPECT(take(c, "3", 4) && take(c, "4", 5) && quiet(c));
	return true;
}

static bool consumer_sees_all_in_order(peer c)
{
	char body[16];

	EXPECT(durable(c, "c.order") && fill(c, "", "c.order", 0, 2000));
	EXPECT(amqp_basic_qos(c, 1, 0, 50, 0));
	EXPECT(amqp_basic_consume(c, 1, STR("c.order"), NONE, 0, 0, 0, EMPTY));
	for (int i = 0; i < 2000; i++) {
		snprintf(body, sizeof(body), "%d", i);
		EXPECT(take(c, body, (uint64_t)i + 1) && !amqp_basic_ack(c, 1, (uint64_t)i + 1, 0));
	}
	EXPECT(amqp_queue_delete(c, 2, STR("c.order"), 0, 0));
	return true;
}

static bool nack_requeues_in_place(peer c)
{
	char q[256];
	struct letter l[4];

	EXPECT(private(c, q) && fill(c, "", q, 0, 4));
	for (int i = 0; i < 3; i++)
		EXPECT(get(c, 1, q, false, &l[i]));
	EXPECT(!amqp_basic_nack(c, 1, l[1].tag, 0, 1));
	EXPECT(get(c, 1, q, false, &l[3]) && is(l[3].message.body, "1"));
	EXPECT(l[3].redelivered && !l[1].redelivered);
	EXPECT(!amqp_basic_reject(c, 1, l[3].tag, 0) && !amqp_basic_nack(c, 1, 0, 1, 1));
	amqp_basic_recover(c, 1, 1);
	EXPECT(holds(c, q, "0 2 3"));
	for (int i = 0; i < 4; i++)
		amqp_destroy_message(&l[i].message);
	return true;
}

static bool unacked_come_back_when_the_channel_goes(peer c)
{
	char q[256];
	struct letter l;

	EXPECT(private(c, q) && put(c, "", q, "x", NULL));
	EXPECT(get(c, 2, q, false, &l) && !l.redelivered);
	amqp_destroy_message(&l.message);
	amqp_channel_close(c, 2, 200);
	EXPECT(get(c, 1, q, false, &l) && l.redelivered);
	amqp_destroy_message(&l.message);
	amqp_basic_recover(c, 1, 1);
	EXPECT(get(c, 1, q, true, &l) && l.redelivered);
	amqp_destroy_message(&l.message);
	return true;
}

static bool transactions(peer c)
{
	char q[256];
	struct letter l;

	EXPECT(private(c, q) && amqp_channel_open(c, 3) && amqp_tx_select(c, 3));
	EXPECT(!amqp_basic_publish(c, 3, NONE, STR(q), 0, 0, NULL, STR("no")));
	EXPECT(amqp_tx_rollback(c, 3));
	EXPECT(!amqp_basic_publish(c, 3, NONE, STR(q), 0, 0, NULL, STR("yes")));
	EXPECT(holds(c, q, "") && amqp_tx_commit(c, 3));
	EXPECT(get(c, 3, q, false, &l) && is(l.message.body, "yes"));
	amqp_destroy_message(&l.message);
	EXPECT(!amqp_basic_ack(c, 3, l.tag, 0) && amqp_tx_rollback(c, 3));
	EXPECT(!amqp_basic_ack(c, 3, l.tag, 0) && amqp_tx_commit(c, 3));
	amqp_channel_close(c, 3, 200);
	EXPECT(holds(c, q, ""));
	return true;
}

/* ---- lives ---- */

static bool counts_and_purge(peer c)
{
	char q[256];

	EXPECT(private(c, q) && fill(c, "", q, 0, 5));
	amqp_queue_declare_ok_t *ok = amqp_queue_declare(c, 1, STR(q), 1, 0, 1, 0, EMPTY);
	EXPECT(ok && ok->message_count == 5 && ok->consumer_count == 0);
	amqp_queue_purge_ok_t *purged = amqp_queue_purge(c, 1, STR(q));
	EXPECT(purged && purged->message_count == 5);
	return true;
}

static bool cancel_notify(peer c)
{
	amqp_method_t m;

	EXPECT(amqp_queue_declare(c, 1, STR("c.cancel"), 0, 0, 0, 0, EMPTY));
	EXPECT(amqp_basic_consume(c, 1, STR("c.cancel"), STR("me"), 0, 0, 0, EMPTY));
	EXPECT(amqp_queue_delete(c, 2, STR("c.cancel"), 0, 0));
	EXPECT(await(c, AMQP_BASIC_CANCEL_METHOD, &m));
	EXPECT(is(((amqp_basic_cancel_t *)m.decoded)->consumer_tag, "me"));
	return true;
}

static bool exclusive_queues_go_with_their_connection(peer c)
{
	char q[256];
	peer owner = enter();

	EXPECT(private(owner, q));
	amqp_queue_declare(c, 1, STR(q), 1, 0, 0, 0, EMPTY);
	EXPECT(closed(c, 405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue"));
	leave(owner);
	amqp_queue_declare(c, 1, STR(q), 1, 0, 0, 0, EMPTY);
	EXPECT(closed(c, 404, "NOT_FOUND - no queue 'amq.gen-"));
	return true;
}

static bool auto_delete_queues_go_with_their_last_consumer(peer c)
{
	EXPECT(amqp_queue_declare(c, 1, STR("c.auto"), 0, 0, 0, 1, EMPTY));
	EXPECT(amqp_basic_consume(c, 1, STR("c.auto"), STR("t"), 0, 0, 0, EMPTY));
	EXPECT(amqp_basic_cancel(c, 1, STR("t")));
	amqp_queue_declare(c, 1, STR("c.auto"), 1, 0, 0, 0, EMPTY);
	EXPECT(closed(c, 404, "NOT_FOUND - no queue 'c.auto' in vhost '/'"));
	return true;
}

/* ---- refusals ---- */

static bool errors(peer c)
{
	amqp_basic_publish(c, 1, STR("nope"), NONE, 0, 0, NULL, STR("x"));
	EXPECT(closed(c, 404, "NOT_FOUND - no exchange 'nope' in vhost '/'"));
	amqp_basic_get(c, 1, STR("nope"), 1);
	EXPECT(closed(c, 404, "NOT_FOUND - no queue 'nope' in vhost '/'"));
	EXPECT(amqp_queue_declare(c, 1, STR("c.plain"), 0, 0, 1, 0, EMPTY));
	amqp_queue_declare(c, 1, STR("c.plain"), 0, 1, 1, 0, EMPTY);
	EXPECT(closed(c, 406,
	              "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'c.plain' in vhost "
	              "'/': received 'true' but current is 'false'"));
	amqp_basic_ack(c, 1, 99, 0);
	EXPECT(closed(c, 406, "PRECONDITION_FAILED - unknown delivery tag 99"));
	amqp_exchange_declare(c, 1, STR("amq.mine"), STR("direct"), 0, 0, 0, 0, EMPTY);
	EXPECT(closed(c, 403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix"));
	amqp_exchange_declare(c, 1, STR("amq.direct"), STR("fanout"), 0, 1, 0, 0, EMPTY);
	EXPECT(closed(c, 406, "inequivalent arg 'type' for exchange 'amq.direct' in vhost '/'"));
	amqp_tx_commit(c, 1);
	EXPECT(closed(c, 406, "PRECONDITION_FAILED - channel is not transactional"));
	return true;
}

static bool refused_login(const char *vhost, const char *user, const char *password, int code,
                          const char *words)
{
	peer c;
	amqp_rpc_reply_t r = login(&c, vhost, user, password);

	EXPECT(r.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION);
	EXPECT(r.reply.id == AMQP_CONNECTION_CLOSE_METHOD);
	amqp_connection_close_t *close = r.reply.decoded;
	EXPECT(close->reply_code == code);
	EXPECT(memmem(close->reply_text.bytes, close->reply_text.len, words, strlen(words)));
	amqp_destroy_connection(c);
	return true;
}

static bool bad_logins(peer c)
{
	static const char said[] = "ACCESS_REFUSED - Login was refused using authentication mechanism "
							   "PLAIN. For details see the broker logfile.";

	(void)c;
	return refused_login("/", "guest", "wrong", 403, said) &&
	       refused_login("/", "nobody", "guest", 403, said) &&
	       refused_login("nope", "guest", "guest", 530, "NOT_ALLOWED - vhost nope not found");
}

static bool closed_whole(peer c, int code, const char *words)
{
	amqp_method_t m;

	EXPECT(await(c, AMQP_CONNECTION_CLOSE_METHOD, &m));
	amqp_connection_close_t *close = m.decoded;
	EXPECT(close->reply_code == code);
	EXPECT(memmem(close->reply_text.bytes, close->reply_text.len, words, strlen(words)));
	amqp_connection_close_ok_t ok = { 0 };
	EXPECT(!amqp_send_method(c, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok));
	return true;
}

static bool connection_errors(peer c)
{
	EXPECT(!amqp_basic_publish(c, 1, NONE, STR("q"), 0, 1, NULL, STR("x")));
	return closed_whole(c, 540, "NOT_IMPLEMENTED - immediate=true");
}

/* ---- crash and stop ---- */

static bool crash_keeps_what_was_confirmed(peer c)
{
	char want[1024] = "";

	EXPECT(durable(c, "c.kept"));
	EXPECT(amqp_exchange_declare(c, 1, STR("c.keep"), STR("topic"), 0, 1, 0, 0, EMPTY));
	EXPECT(bind_to(c, "c.kept", "c.keep", "a.#", EMPTY));
	EXPECT(amqp_queue_declare(c, 1, STR("c.fleeting"), 0, 0, 0, 0, EMPTY));
	EXPECT(fill(c, "c.keep", "a.b", 0, 100) && put(c, "c.keep", "a.b", "transient", NULL));
	EXPECT(broker("crash") && broker("start"));
	peer again = enter();
	published = 0;
	EXPECT(fill(again, "c.keep", "a.c", 100, 1));
	for (int i = 0; i <= 100; i++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "%s%d", i ? " " : "", i);
	EXPECT(holds(again, "c.kept", want));
	EXPECT(amqp_queue_delete(again, 1, STR("c.kept"), 0, 0));
	EXPECT(amqp_exchange_delete(again, 1, STR("c.keep"), 0));
	amqp_queue_declare(again, 1, STR("c.fleeting"), 1, 0, 0, 0, EMPTY);
	EXPECT(closed(again, 404, "no queue"));
	leave(again);
	return true;
}

static bool stopping_says_so(peer c)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(broker("stop") ? 0 : 1);
	EXPECT(child > 0);
	EXPECT(closed_whole(c, 320, "CONNECTION_FORCED - broker forced connection closure"));
	EXPECT(waitpid(child, &status, 0) == child && status == 0);
	EXPECT(broker("start"));
	return true;
}

struct test {
	const char *name;
	bool (*run)(peer c);
};

#define CASE(name)                                                                                 \
	{                                                                                              \
#name, name                                                                                \
	}
static const struct test tests[] = {
	CASE(direct),
	CASE(fanout),
	CASE(topic),
	CASE(headers),
	CASE(exchange_to_exchange_and_alternate),
	CASE(properties_come_back),
	CASE(large_bodies),
	CASE(mandatory_returns),
	CASE(prefetch),
	CASE(consumer_sees_all_in_order),
	CASE(nack_requeues_in_place),
	CASE(unacked_come_back_when_the_channel_goes),
	CASE(transactions),
	CASE(counts_and_purge),
	CASE(cancel_notify),
	CASE(exclusive_queues_go_with_their_connection),
	CASE(auto_delete_queues_go_with_their_last_consumer),
	CASE(errors),
	CASE(bad_logins),
	CASE(connection_errors),
	CASE(crash_keeps_what_was_confirmed),
	CASE(stopping_says_so),
};

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: rabbitmq_c PORT BROKER_SCRIPT\n");
		return 2;
	}
	port = atoi(argv[1]);
	script = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		published = 0;
		peer c = enter();
		bool ok = tests[i].run(c);
		if (ok)
			printf("ok %s\n", tests[i].name);
		else
			printf("FAIL %s: %s\n", tests[i].name, trouble);
		failed += !ok;
		leave(c);
	}
	return failed ? 1 : 0;
}
