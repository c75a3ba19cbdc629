/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs called on a broker inside the test, with clients that talk to it meanwhile. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>

#include "amqp/table.h"
#include "broker/roster.h"
#include "broker/state.h"
#include "management/call.h"
#include "queue/queue.h"
#include "tests/sim/talk.h"

Suite *suite_management_call(void);

static struct inside in;
static struct talk talk;
static struct host host;
static struct buf output, error, why;
static unsigned pieces, pulls;

static void set_up(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 1 << 20;
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&talk, &in));
	host = (struct host){ .broker = in.broker,
		                  .version = "9.9",
		                  .data_dir = "/data",
		                  .listeners = "here",
		                  .pid = 7 };
}

static void tear_down(void)
{
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&output);
	buf_free(&error);
	buf_free(&why);
}

/* Arguments up to a NULL. */
static struct call *begin(const char *first, va_list more)
{
	struct request r = { 0 };
	struct buf bytes = { 0 };
	for (const char *a = first; a; a = va_arg(more, const char *))
		r.arguments[r.n++] = slice_str(a);
	ck_assert(request_encode(&bytes, &r));
	buf_clear(&output);
	buf_clear(&error);
	pieces = pulls = 0;
	return call_new(&host, &bytes);
}

/* One pull; the pieces go where they belong. */
static enum call_state step(struct call *c, uint32_t *code)
{
	struct buf out = { 0 };
	enum call_state state = call_pull(c, in.now_ms, &out);
	pulls++;
	struct slice rest = buf_slice(&out);
	struct answer_piece p;
	while (answer_decode(&rest, &p) == REQUEST_OK) {
		if (p.kind == ANSWER_END)
			*code = p.code;
		else
			buf_append_slice(p.kind == ANSWER_ERROR ? &error : &output, p.bytes);
		pieces++;
	}
	ck_assert_uint_eq(rest.n, 0);
	ck_assert_uint_lt(out.len, 64 << 10);
	buf_free(&out);
	return state;
}

static uint32_t finish(struct call *c)
{
	uint32_t code = 999;
	for (int i = 0; step(c, &code) != CALL_DONE; i++) {
		ck_assert_int_lt(i, 10000);
		inside_pass(&in, 1);
	}
	call_free(&c);
	return code;
}

static uint32_t run(const char *first, ...)
{
	va_list more;
	va_start(more, first);
	struct call *c = begin(first, more);
	va_end(more);
	return finish(c);
}

static struct call *start(const char *first, ...)
{
	va_list more;
	va_start(more, first);
	struct call *c = begin(first, more);
	va_end(more);
	return c;
}

static const char *said(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return (const char *)b->p;
}

#define assert_said(text) ck_assert_str_eq(said(&output), text)

static void declare(const char *queue, bool durable)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .durable = durable } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, NULL));
}

static void delete(const char *queue)
{
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = slice_str(queue) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_delete_ok, NULL));
}

static void publish(const char *queue)
{
	talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, true, slice_str("body"));
	inside_pass(&in, 1);
}

START_TEST(a_list_has_a_banner_and_headers_unless_it_is_asked_not_to)
{
	declare("eco.q", true);
	publish("eco.q");
	ck_assert_uint_eq(run("list_queues", NULL), 0);
	assert_said("Timeout: 60.0 seconds ...\nListing queues for vhost / ...\nname\tmessages\n"
	            "eco.q\t1\n");
	ck_assert_uint_eq(run("list_queues", "-q", "durable", "name", NULL), 0);
	assert_said("durable\tname\ntrue\teco.q\n");
	ck_assert_uint_eq(run("-q", "list_queues", "--no-table-headers", NULL), 0);
	assert_said("eco.q\t1\n");
	ck_assert_uint_eq(run("list_queues", "-p", "/", "--formatter", "json", NULL), 0);
	assert_said("[\n{\"name\":\"eco.q\",\"messages\":1}\n]\n");
	ck_assert_uint_eq(run("--vhost=/", "--formatter=json", "list_queues", "--", "name", NULL), 0);
	assert_said("[\n{\"name\":\"eco.q\"}\n]\n");
}
END_TEST

START_TEST(other_forms_of_a_list)
{
	declare("a,\"b", true);
	declare("grün", true);
	publish("grün");
	ck_assert_uint_eq(run("list_queues", "--formatter", "csv", NULL), 0);
	assert_said("name,messages\n\"a,\"\"b\",0\ngrün,1\n");
	ck_assert_uint_eq(run("list_queues", "--formatter=csv", "--no-table-headers", "name", NULL), 0);
	assert_said("\"a,\"\"b\"\ngrün\n");
	ck_assert_uint_eq(run("list_queues", "--formatter", "json_stream", NULL), 0);
	assert_said("{\"name\":\"a,\\\"b\",\"messages\":0}\n{\"name\":\"grün\",\"messages\":1}\n");
	ck_assert_uint_eq(run("list_queues", "--formatter", "pretty_table", "-q", NULL), 0);
	assert_said("┌──────┬──────────┐\n"
	            "│ name │ messages │\n"
	            "├──────┼──────────┤\n"
	            "│ a,\"b │ 0        │\n"
	            "├──────┼──────────┤\n"
	            "│ grün │ 1        │\n"
	            "└──────┴──────────┘\n");
	ck_assert_uint_eq(run("list_queues", "--formatter", "pretty_table", "-s", "messages", NULL), 0);
	assert_said("┌───┐\n│ 0 │\n├───┤\n│ 1 │\n└───┘\n");
	ck_assert_uint_eq(run("list_queues", "-q", "--formatter", "erlang", NULL), 0);
	assert_said("[[{name,<<\"a,\\\"b\">>},{messages,0}],\n"
	            " [{name,<<\"grün\"/utf8>>},{messages,1}]]\n");
	ck_assert_uint_eq(run("list_policies", "-q", "--formatter", "erlang", NULL), 0);
	assert_said("[]\n");
	ck_assert_uint_eq(run("list_queues", "--formatter", "sonnet", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("list_queues", "--formatter", NULL), CALL_EXIT_USAGE);
}
END_TEST

START_TEST(lists_that_are_made_row_by_row_have_all_forms)
{
	ck_assert_uint_eq(run("rank_queues", "-s", "--formatter", "json", NULL), 0);
	assert_said("[\n{\"vhost\":\"\",\"name\":\"0 queues\",\"messages\":0,"
	            "\"messages_unacknowledged\":0,\"message_bytes_ready\":0,\"consumers\":0,"
	            "\"publish\":0,\"deliver_get\":0,\"ack\":0}\n]\n");
	ck_assert_uint_eq(run("list_unresponsive_queues", "-q", "--formatter=pretty_table", NULL), 0);
	assert_said("┌──────┐\n│ name │\n└──────┘\n");
	ck_assert_uint_eq(run("list_unresponsive_queues", "-s", "--formatter=pretty_table", NULL), 0);
	assert_said("┌──┐\n└──┘\n");
	ck_assert_uint_eq(run("list_unresponsive_queues", "--formatter", "json", NULL), 0);
	assert_said("[\n]\n");
	declare("long", true);
	for (int i = 0; i < 100; i++)
		publish("long");
	ck_assert_uint_eq(run("peek", "--formatter=pretty_table", "--count=100", "long", NULL), 0);
	ck_assert_ptr_nonnull(strstr(said(&output), "┬───────┬"));
	ck_assert_ptr_nonnull(strstr(said(&output), "│ 99       │ ready"));
	ck_assert_uint_eq(run("peek", "-q", "--formatter=csv", "--count=1", "long", NULL), 0);
	ck_assert_ptr_nonnull(strstr(said(&output), "sequence,state,redelivered,exchange,"));
	ck_assert_uint_eq(run("list_unacked", "-q", "--formatter=json", "long", NULL), 0);
	assert_said("[\n]\n");
}
END_TEST

START_TEST(what_is_measured_may_go_or_grow_meanwhile)
{
	char name[16];
	uint32_t code;
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "q%03d", i);
		declare(name, false);
	}
	struct call *c = start("list_queues", "-s", "name", "--formatter", "pretty_table", NULL);
	ck_assert_int_eq(step(c, &code), CALL_MORE);
	ck_assert_uint_eq(output.len, 0);
	delete("q000");
	declare("a name that is longer", false);
	ck_assert_uint_eq(finish(c), 0);
	ck_assert_ptr_null(strstr(said(&output), "q000"));
	ck_assert_ptr_nonnull(strstr(said(&output), "│ a name that is longer │\n"));
	ck_assert_ptr_nonnull(strstr(said(&output), "│ q599"));
}
END_TEST

START_TEST(what_is_not_understood_is_said_and_changes_nothing)
{
	declare("q", true);
	ck_assert_uint_eq(run("list_queue", NULL), CALL_EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(said(&error), "Command 'list_queue' not found."));
	ck_assert_uint_eq(run("list_queues", "nam", "messages", "mess", NULL), CALL_EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(said(&error), "Info key(s) nam,mess are not supported"));
	ck_assert_ptr_nonnull(strstr(said(&error), "given:\n\tlist_queues nam messages mess"));
	ck_assert_uint_eq(output.len, 0);
	ck_assert_uint_eq(run("delete_queue", "--if-emty", "q", NULL), CALL_EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(said(&error), "--if-emty"));
	ck_assert_uint_eq(run("delete_queue", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("delete_queue", "q", "r", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("delete_queue", "q", "-p", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("list_queues", "--formatter", "sonnet", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("delete_queue", "q", "-p", "other", NULL), CALL_EXIT_DATA);
	ck_assert_str_eq(said(&error), "Error:\nVirtual host 'other' does not exist\n");
	ck_assert_uint_eq(run("", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("-q", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("--", "-q", NULL), CALL_EXIT_USAGE);
	ck_assert_uint_eq(run("list_queues", "-q", "--no-table-headers", "name", NULL), 0);
	assert_said("q\n");
	ck_assert_uint_eq(run("list_queues", "", NULL), CALL_EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(said(&error), "Info key(s)  are not supported"));
}
END_TEST

static void make_many(int n)
{
	char name[16];
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "q%05d", i);
		declare(name, false);
	}
}

static unsigned lines(void)
{
	unsigned n = 0;
	for (size_t i = 0; i < output.len; i++)
		n += output.p[i] == '\n';
	return n;
}

START_TEST(a_long_list_comes_in_pieces)
{
	make_many(2000);
	ck_assert_uint_eq(run("list_queues", "-s", "name", NULL), 0);
	ck_assert_uint_eq(lines(), 2000);
	ck_assert_uint_ge(pieces, 4);
}
END_TEST

/* Every queue that is there all the time is listed once, whatever goes between two pieces. */
START_TEST(what_goes_meanwhile_does_not_matter)
{
	uint32_t code = 999;
	char name[16];
	make_many(1100);
	struct call *c = start("list_queues", "-s", "name", NULL);
	ck_assert_int_eq(step(c, &code), CALL_MORE);
	for (int i = 495; i < 505; i++) {
		snprintf(name, sizeof name, "q%05d", i);
		delete(name);
	}
	ck_assert_uint_eq(finish(c), 0);
	for (int i = 0; i < 1100; i++) {
		snprintf(name, sizeof name, "q%05d\n", i);
		const char *first = strstr(said(&output), name);
		bool gone = i >= 500 && i < 505;
		ck_assert_int_eq(first == NULL, gone);
		ck_assert(gone || !strstr(first + 1, name));
	}
}
END_TEST

START_TEST(a_list_may_be_left_in_the_middle)
{
	uint32_t code;
	make_many(1100);
	struct call *c = start("list_bindings", NULL);
	ck_assert_int_eq(step(c, &code), CALL_MORE);
	call_free(&c);
	delete("q00500");
	ck_assert_uint_eq(run("list_bindings", "-s", NULL), 0);
	ck_assert_uint_eq(lines(), 1099);
}
END_TEST

static void bind(const char *queue, const char *exchange, const char *key)
{
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = slice_str(queue),
		                                .exchange = slice_str(exchange),
		                                .routing_key = slice_str(key) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_bind_ok, NULL));
}

static void declare_exchange(const char *name)
{
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str(name),
		                                      .type = slice_str("topic") } };
	ck_assert(talk_call(&talk, 1, m, METHOD_exchange_declare_ok, NULL));
}

static void delete_exchange(const char *name)
{
	struct method m = { .id = METHOD_exchange_delete,
		                .exchange_delete = { .exchange = slice_str(name) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_exchange_delete_ok, NULL));
}

START_TEST(bindings_of_the_default_exchange_are_bindings)
{
	declare("q", true);
	bind("q", "amq.topic", "a.*");
	ck_assert_uint_eq(run("list_bindings", "-s", NULL), 0);
	assert_said("\texchange\tq\tqueue\tq\t[]\namq.topic\texchange\tq\tqueue\ta.*\t[]\n");
}
END_TEST

/* The exchange whose bindings are being listed goes. */
START_TEST(an_exchange_may_go_from_under_a_list)
{
	uint32_t code = 999;
	char key[16];
	declare("q", true);
	declare_exchange("x");
	declare_exchange("y");
	bind("q", "y", "last");
	for (int i = 0; i < 700; i++) {
		snprintf(key, sizeof key, "k%d", i);
		bind("q", "x", key);
	}
	struct call *c = start("list_bindings", "-s", NULL);
	ck_assert_int_eq(step(c, &code), CALL_MORE);
	delete_exchange("x");
	ck_assert_uint_eq(finish(c), 0);
	ck_assert_uint_eq(lines(), 501);
	ck_assert_ptr_nonnull(strstr(said(&output), "\ny\texchange\tq\tqueue\tlast\t[]\n"));
}
END_TEST

static void consume(const char *queue, const char *tag)
{
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue),
		                                   .consumer_tag = slice_str(tag) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_basic_consume_ok, NULL));
}

START_TEST(connections_channels_and_consumers)
{
	declare("q", true);
	consume("q", "one");
	consume("q", "two");
	publish("q");
	ck_assert_uint_eq(run("list_connections", "-s", "user", "state", "channels", NULL), 0);
	assert_said("guest\trunning\t1\n");
	ck_assert_uint_eq(run("list_channels", "-s", NULL), 0);
	assert_said("1.1\tguest\t2\t1\n");
	ck_assert_uint_eq(run("list_consumers", "-s", NULL), 0);
	assert_said("q\t1.1\tone\ttrue\t0\ttrue\t[]\nq\t1.1\ttwo\ttrue\t0\ttrue\t[]\n");
	ck_assert_uint_eq(run("list_queues", "-s", "messages_ready", "messages_unacknowledged",
	                      "messages", "consumers", NULL), 0);
	assert_said("0\t1\t1\t2\n");
}
END_TEST

static void publish_numbered(const char *queue, const char *publisher, int number)
{
	struct buf headers = { 0 };
	table_put_str(&headers, "x-publisher-id", publisher);
	table_put_int(&headers, "x-publisher-sequence", number);
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str(queue) } };
	struct props p = { .flags = PROP_headers, .headers = buf_slice(&headers) };
	talk_content(&talk, 1, &m, &p, slice_str("body"));
	buf_free(&headers);
}

START_TEST(publishers_and_how_far_they_have_come)
{
	declare("q", true);
	declare("r", true);
	publish("q");
	publish_numbered("q", "one", 3);
	publish_numbered("r", "other", 1);
	publish_numbered("q", "one", 7);
	publish_numbered("r", "one", 8);
	ck_assert_uint_eq(run("list_publishers", "-s", NULL), 0);
	assert_said("q\tone\t7\t7\nr\tother\t1\t1\nr\tone\t8\t8\n");
	ck_assert_uint_eq(run("add_vhost", "red", NULL), 0);
	ck_assert_uint_eq(run("list_publishers", "-s", "-p", "red", NULL), 0);
	assert_said("");
	ck_assert_uint_eq(run("delete_queue", "r", NULL), 0);
	ck_assert_uint_eq(run("list_publishers", "-s", "publisher", NULL), 0);
	assert_said("one\n");
}
END_TEST

START_TEST(a_closed_connection_is_told_why)
{
	struct heard h;
	ck_assert_uint_eq(run("close_connection", "2", "no such", NULL), CALL_EXIT_DATA);
	ck_assert_uint_eq(run("close_connection", "<1>", "go home", NULL), 0);
	inside_pass(&in, 1);
	ck_assert(talk_expect(&talk, METHOD_connection_close, &h, NULL, NULL));
	ck_assert_uint_eq(h.method.connection_close.reply_code, 320);
	ck_assert(slice_is(h.method.connection_close.reply_text, "CONNECTION_FORCED - go home"));
	ck_assert_uint_eq(run("close_all_connections", "-q", "all", NULL), 0);
	assert_said("Closed 0 connections\n");
}
END_TEST

/* Its walk is at a queue of it, and at the list of virtual hosts. */
START_TEST(a_virtual_host_may_go_while_it_is_listed)
{
	uint32_t code = 999;
	char name[16];
	ck_assert_uint_eq(run("add_vhost", "red", NULL), 0);
	ck_assert_uint_eq(run("set_permissions", "-p", "red", "guest", ".*", ".*", ".*", NULL), 0);
	talk_free(&talk);
	ck_assert(talk_open_at(&talk, &in, "red"));
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "q%d", i);
		declare(name, true);
	}
	struct call *queues = start("list_queues", "-p", "red", NULL);
	struct call *bindings = start("list_bindings", "-p", "red", NULL);
	ck_assert_int_eq(step(queues, &code), CALL_MORE);
	ck_assert_int_eq(step(bindings, &code), CALL_MORE);
	ck_assert_uint_eq(run("delete_vhost", "red", NULL), 0);
	inside_pass(&in, 100);
	broker_check(in.broker);
	ck_assert_uint_eq(finish(queues), 0);
	ck_assert_uint_eq(finish(bindings), 0);
	ck_assert_uint_eq(run("list_vhosts", "-s", NULL), 0);
	assert_said("/\n");
}
END_TEST

START_TEST(connections_are_closed_by_virtual_host)
{
	struct talk other;
	ck_assert_uint_eq(run("add_vhost", "red", NULL), 0);
	ck_assert_uint_eq(run("set_permissions", "-p", "red", "guest", ".*", ".*", ".*", NULL), 0);
	ck_assert(talk_open_at(&other, &in, "red"));
	ck_assert_uint_eq(run("close_all_connections", "-p", "red", "out", NULL), 0);
	assert_said("Closing all connections to vhost red, reason: out...\nClosed 1 connections\n");
	ck_assert_uint_eq(run("close_all_connections", "-p", "blue", "out", NULL), CALL_EXIT_DATA);
	ck_assert_uint_eq(run("close_all_connections", "--global", "-q", "out", NULL), 0);
	assert_said("Closed 1 connections\n");
	talk_free(&other);
}
END_TEST

/* What is passed over, counted or closed is so a piece at a time, too. */
START_TEST(what_is_passed_over_is_in_pieces_as_well)
{
	char name[16];
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .type = slice_str("direct"), .no_wait = true } };
	for (int i = 0; i < 9000; i++) {
		snprintf(name, sizeof name, "x%05d", i);
		m.exchange_declare.exchange = slice_str(name);
		talk_send(&talk, 1, &m);
	}
	ck_assert_uint_eq(run("list_bindings", "-s", NULL), 0);
	ck_assert_uint_eq(output.len, 0);
	ck_assert_uint_gt(pulls, 2);
	make_many(5000);
	ck_assert_uint_eq(run("status", NULL), 0);
	ck_assert_uint_eq(pulls, 1);   /* nobody looks at each */
	ck_assert_ptr_nonnull(strstr(said(&output), "Queue count: 5000\n"));
	ck_assert_ptr_nonnull(strstr(said(&output), "Exchange count: 900"));
}
END_TEST

static unsigned live(struct talk *all, unsigned n)
{
	unsigned alive = 0;
	for (unsigned i = 0; i < n; i++) {
		struct heard h;
		bool closed = false;
		while (talk_read(&all[i], &h))
			closed |= h.method.id == METHOD_connection_close;
		alive += !closed;
	}
	return alive;
}

START_TEST(many_connections_are_closed_in_pieces)
{
	static struct talk all[200], late;
	uint32_t code = 999;
	for (unsigned i = 0; i < 200; i++)
		ck_assert(talk_open(&all[i], &in));
	struct call *c = start("close_all_connections", "--global", "-q", "out", NULL);
	ck_assert_int_eq(step(c, &code), CALL_MORE);
	inside_pass(&in, 1);
	ck_assert_uint_gt(live(all, 200), 50);
	ck_assert(talk_open(&late, &in));
	ck_assert_uint_eq(finish(c), 0);
	assert_said("Closed 201 connections\n");
	ck_assert_uint_eq(live(&late, 1), 1);
	for (unsigned i = 0; i < 200; i++)
		talk_free(&all[i]);
	talk_free(&late);
}
END_TEST

/* More than may be looked at for one piece. */
START_TEST(rights_are_given_in_all_of_many_virtual_hosts)
{
	log_position wait_for;
	for (int i = 0; i < ROSTER_LOOKS + 100; i++) {
		char name[16];
		snprintf(name, sizeof name, "v%d", i);
		vhost_add(in.broker, slice_str(name), &VHOST_PLAIN, &wait_for);
	}
	ck_assert_uint_eq(run("set_permissions_globally", "guest", "a", "b", "c", NULL), 0);
	ck_assert_uint_eq(run("list_permissions", "-s", "-p", "v4099", NULL), 0);
	assert_said("guest\ta\tb\tc\n");
	ck_assert_uint_eq(run("list_permissions", "-s", "-p", "/", NULL), 0);
	assert_said("guest\ta\tb\tc\n");
}
END_TEST

START_TEST(virtual_hosts_are_listed)
{
	ck_assert_uint_eq(run("add_vhost", "--tags", " a ,, b", "red", NULL), 0);
	assert_said("Adding vhost \"red\" ...\n");
	ck_assert_uint_eq(run("list_vhosts", NULL), 0);
	assert_said("Listing vhosts ...\nname\n/\nred\n");
	ck_assert_uint_eq(run("list_vhosts", "--formatter", "json", "name", "tags", "tracing",
	                      "cluster_state", "default_queue_type", NULL), 0);
	assert_said("[\n{\"name\":\"/\",\"tags\":[],\"tracing\":false,\"cluster_state\":"
	            "{\"leveret\":\"running\"},\"default_queue_type\":\"classic\"}\n"
	            ",{\"name\":\"red\",\"tags\":[\"a\",\"b\"],\"tracing\":false,\"cluster_state\":"
	            "{\"leveret\":\"running\"},\"default_queue_type\":\"classic\"}\n]\n");
}
END_TEST

START_TEST(a_queue_is_purged_and_deleted)
{
	declare("q", true);
	publish("q");
	publish("q");
	ck_assert_uint_eq(run("delete_queue", "--if-empty", "q", NULL), CALL_EXIT_USAGE);
	ck_assert_str_eq(said(&error), "Error:\nQueue is not empty\n");
	ck_assert_uint_eq(run("purge_queue", "q", NULL), 0);
	assert_said("Purging queue 'q' in vhost '/' ...\n");
	publish("q");
	consume("q", "one");
	ck_assert_uint_eq(run("delete_queue", "--if-unused", "q", NULL), CALL_EXIT_USAGE);
	ck_assert_str_eq(said(&error), "Error:\nQueue is in use\n");
	ck_assert_uint_eq(run("delete_queue", "q", NULL), 0);
	ck_assert_uint_eq(run("delete_queue", "q", NULL), CALL_EXIT_USAGE);
	ck_assert_str_eq(said(&error), "Error:\nQueue not found\n");
	ck_assert_uint_eq(run("purge_queue", "q", NULL), CALL_EXIT_DATA);
}
END_TEST

/* As a client it hears of the end only when a loss of power cannot undo it. */
START_TEST(a_delete_waits_for_the_disk)
{
	uint32_t code = 999;
	declare("q", true);
	in.held = true;
	struct call *c = start("delete_queue", "q", NULL);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(step(c, &code), CALL_WAITS);
		inside_pass(&in, 1);
	}
	inside_let_go(&in);
	ck_assert_uint_eq(finish(c), 0);
}
END_TEST

/* What another broker finds on the disk that a backup was made to: ready messages, -1: no such
 * queue. */
static int there(struct disk *d, const char *queue)
{
	struct inside second;
	struct talk t;
	struct heard h;
	inside_init(&second);
	second.durable = true;
	second.segment_bytes = 1 << 20;
	second.disk = d;
	ck_assert_msg(inside_start(&second, &why), "%.*s", (int)why.len, (char *)why.p);
	ck_assert(talk_open(&t, &second));
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .passive = true } };
	talk_send(&t, 1, &m);
	bool found = talk_expect(&t, METHOD_queue_declare_ok, &h, NULL, NULL);
	int ready = found ? (int)h.method.queue_declare_ok.message_count : -1;
	talk_free(&t);
	inside_crash(&second, DISK_SIM_KEEPS_ALL);
	return ready;
}

static void take(const char *queue)
{
	struct heard h;
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str(queue) } };
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, &h));
	struct method ack = { .id = METHOD_basic_ack,
		                  .basic_ack = { .delivery_tag = h.method.basic_get_ok.delivery_tag } };
	talk_send(&talk, 1, &ack);
}

START_TEST(a_backup_is_what_was_there_when_it_was_asked_for)
{
	uint32_t code = 999;
	struct disk *other = disk_sim_new(9, 0);
	disk_sim_set_beside(in.disk, other, _i);
	declare("q", true);
	declare("gone", true);
	for (int i = 0; i < 20; i++)
		publish("q");
	take("q");
	delete("gone");
	struct call *c = start("backup", "/other", NULL);
	ck_assert_int_eq(step(c, &code), CALL_WAITS);
	ck_assert_uint_eq(run("backup", "/third", NULL), CALL_EXIT_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(said(&error), "another backup is being made"));
	take("q");
	declare("new", true);
	publish("q");
	ck_assert_uint_eq(finish(c), 0);
	ck_assert_ptr_nonnull(strstr(said(&output), "Backup complete: 1 segments, 0 MB, "));
	ck_assert_int_eq(there(other, "q"), 19);
	ck_assert_int_eq(there(other, "gone"), -1);
	ck_assert_int_eq(there(other, "new"), -1);
	ck_assert_uint_eq(run("backup", "/other", NULL), CALL_EXIT_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(said(&error), "must be empty"));
	ck_assert_uint_eq(run("backup", "other", NULL), CALL_EXIT_USAGE);
	disk_sim_free(other);
}
END_TEST

START_TEST(the_broker_as_a_whole)
{
	ck_assert_uint_eq(run("ping", NULL), 0);
	assert_said("Will ping the broker in /data\nPing succeeded\n");
	ck_assert_uint_eq(run("version", NULL), 0);
	assert_said("9.9\n");
	ck_assert_uint_eq(run("status", NULL), 0);
	ck_assert_ptr_nonnull(strstr(said(&output), "OS PID: 7\n"));
	ck_assert_uint_eq(run("status", "--formatter=json", NULL), 0);
	ck_assert_ptr_nonnull(strstr(said(&output), "{\"runtime\":{\"pid\":7,"));
	ck_assert_uint_eq(run("stop", NULL), 0);
	ck_assert(host.stop);
}
END_TEST

/* 1 MB of code out of 4 MB; what nobody counts is the rest. */
START_TEST(memory_is_told_by_the_parts_that_there_are)
{
	broker_note_resources(in.broker, 4 << 20, UINT64_MAX);
	host.code_bytes = 1 << 20;
	ck_assert_uint_eq(run("memory_breakdown", "-q", NULL), 0);
	ck_assert_ptr_nonnull(strstr(said(&output), "code: 0.0010 gb (25.00%)\n"));
	ck_assert_uint_eq(run("memory_breakdown", "--formatter=json", NULL), 0);
	unsigned long long parts[4];
	int n = sscanf(said(&output),
	               "{\"binary\":{\"bytes\":%llu,\"percentage\":%*f},"
	               "\"msg_index\":{\"bytes\":%llu,\"percentage\":%*f},"
	               "\"code\":{\"bytes\":%llu,\"percentage\":%*f},"
	               "\"other_system\":{\"bytes\":%llu,",
	               &parts[0], &parts[1], &parts[2], &parts[3]);
	ck_assert_int_eq(n, 4);
	ck_assert_uint_eq(parts[2], 1 << 20);
	ck_assert_uint_eq(parts[0] + parts[1] + parts[2] + parts[3], 4 << 20);
}
END_TEST

static struct call *follow(void)
{
	uint32_t code;
	struct call *c = start("consume_event_stream", NULL);
	ck_assert_int_ne(step(c, &code), CALL_DONE);
	return c;
}

START_TEST(some_places_are_kept_from_those_who_follow)
{
	struct call *all[CALL_FOLLOWERS_MAX];
	for (int i = 0; i < CALL_FOLLOWERS_MAX; i++)
		all[i] = follow();
	ck_assert_uint_eq(run("consume_event_stream", NULL), CALL_EXIT_UNAVAILABLE);
	ck_assert_str_eq(said(&error), "Error:\n8 others follow something already\n");
	declare("q", false);
	ck_assert_uint_eq(run("tail", "q", NULL), CALL_EXIT_UNAVAILABLE);
	call_free(&all[0]);
	all[0] = follow();
	for (int i = 0; i < CALL_FOLLOWERS_MAX; i++)
		call_free(&all[i]);
	ck_assert_uint_eq(host.n_followers, 0);
}
END_TEST

/* In the queue that the caller has for them. */
static uint64_t waiting_events(void)
{
	const struct vhost *v = vhost_find(in.broker, slice_str("/"));
	uint64_t n = 0;
	for (const struct list *l = v->topology.all_queues.list.next;
	     l != &v->topology.all_queues.list; l = l->next) {
		const struct queue *q = list_entry(l, struct queue, link);
		if (slice_starts(queue_name(q), "amq.gen-"))
			n += queue_ready(q);
	}
	return n;
}

enum { AT_HAND = 400 };

/* It is the queue that holds them. */
START_TEST(who_is_slow_to_hear_of_events_has_few_of_them_at_hand)
{
	uint32_t code;
	in.broker->options.outbox_max_bytes = 64 << 10;
	struct call *c = follow();
	inside_pass(&in, 1);
	step(c, &code);
	make_many(2000);
	for (int i = 0; i < 12; i++) {
		inside_pass(&in, 1);
		ck_assert_int_eq(step(c, &code), CALL_MORE);
		ck_assert_uint_gt(lines() + waiting_events(), 2000 - AT_HAND);
	}
	for (int i = 0; i < 30; i++) {
		inside_pass(&in, 1);
		step(c, &code);
	}
	ck_assert_uint_eq(lines(), 2000);
	call_free(&c);
}
END_TEST

Suite *suite_management_call(void)
{
	Suite *s = suite_create("management_call");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_list_has_a_banner_and_headers_unless_it_is_asked_not_to);
	tcase_add_test(t, other_forms_of_a_list);
	tcase_add_test(t, lists_that_are_made_row_by_row_have_all_forms);
	tcase_add_test(t, what_is_measured_may_go_or_grow_meanwhile);
	tcase_add_test(t, what_is_not_understood_is_said_and_changes_nothing);
	tcase_add_test(t, a_long_list_comes_in_pieces);
	tcase_add_test(t, what_goes_meanwhile_does_not_matter);
	tcase_add_test(t, a_list_may_be_left_in_the_middle);
	tcase_add_test(t, bindings_of_the_default_exchange_are_bindings);
	tcase_add_test(t, an_exchange_may_go_from_under_a_list);
	tcase_add_test(t, connections_channels_and_consumers);
	tcase_add_test(t, publishers_and_how_far_they_have_come);
	tcase_add_test(t, a_closed_connection_is_told_why);
	tcase_add_test(t, a_virtual_host_may_go_while_it_is_listed);
	tcase_add_test(t, connections_are_closed_by_virtual_host);
	tcase_add_test(t, what_is_passed_over_is_in_pieces_as_well);
	tcase_add_test(t, many_connections_are_closed_in_pieces);
	tcase_add_test(t, virtual_hosts_are_listed);
	tcase_add_test(t, rights_are_given_in_all_of_many_virtual_hosts);
	tcase_add_test(t, a_queue_is_purged_and_deleted);
	tcase_add_test(t, a_delete_waits_for_the_disk);
	tcase_add_loop_test(t, a_backup_is_what_was_there_when_it_was_asked_for, 0, 2);
	tcase_add_test(t, the_broker_as_a_whole);
	tcase_add_test(t, memory_is_told_by_the_parts_that_there_are);
	tcase_add_test(t, some_places_are_kept_from_those_who_follow);
	tcase_add_test(t, who_is_slow_to_hear_of_events_has_few_of_them_at_hand);
	suite_add_tcase(s, t);
	return s;
}
