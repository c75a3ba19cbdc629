/* SPDX-License-Identifier: Apache-2.0 */
/* Rates and samples of the HTTP API, on the fake clock. */
#include "broker/channel.h"
#include "management/http_request.h"
#include "management/stats.h"
#include "management/ticker.h"
#include "queue/queue.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_stats(void);

enum { STEP_MS = 5000 };

static struct talk talk;
static struct buf room;

static bool call(struct method m, uint32_t answer)
{
	return talk_call(&talk, 1, m, answer, NULL);
}

static void set_up_numbers(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 1 << 20;
	in.options.heartbeat_s = 0;
	in.now_ms = 1000000;
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&talk, &in));
	ck_assert(call((struct method){ .id = METHOD_queue_declare,
	                                .queue_declare = { .queue = slice_str("q") } },
	               METHOD_queue_declare_ok));
	browser_open(&browser, &in, true);
}

static void tear_down_numbers(void)
{
	broker_check(in.broker);
	talk_free(&talk);
	tear_down();
	buf_free(&room);
}

static void publish(int n)
{
	for (int i = 0; i < n; i++)
		talk_publish(&talk, 1, slice_of("", 0), slice_str("q"), false, false, slice_str("0123"));
}

static void ask(const char *target)
{
	assert_asked(200, "GET", target, NULL);
}

static void has(const char *text)
{
	ck_assert_msg(strstr(browser_body(&browser), text), "no %s in %.1500s", text,
	              browser_body(&browser));
}

static void lacks(const char *text)
{
	ck_assert_msg(!strstr(browser_body(&browser), text), "%s in %.1500s", text,
	              browser_body(&browser));
}

START_TEST(what_never_moved_has_no_statistics)
{
	ask("/api/queues/%2F/q");
	lacks("message_stats");
	ask("/api/exchanges/%2F/amq.topic");
	lacks("message_stats");
}
END_TEST

START_TEST(counters_are_exact_at_once)
{
	publish(4);
	ask("/api/vhosts?columns=message_stats.publish");
	has("\"publish\":4");
	publish(3);
	ask("/api/connections?columns=message_stats.publish");
	has("\"publish\":7");
	ask("/api/queues/%2F/q?columns=messages,message_stats");
	has("\"messages\":7");
	has("\"message_stats\":{\"publish\":7,\"publish_details\":{\"rate\":0");
	ask("/api/exchanges/%2F/amq.default?columns=message_stats");
	has("\"publish_in\":7,");
	has("\"publish_out\":7,");
	ask("/api/overview");
	has("\"message_stats\":{\"publish\":7,");
	ask("/api/channels?columns=message_stats.publish");
	has("\"publish\":7");
	ask("/api/connections?columns=message_stats.publish,recv_oct");
	has("\"publish\":7");
	lacks("\"recv_oct\":0");
}
END_TEST

START_TEST(a_rate_is_that_of_the_last_step)
{
	publish(1);
	inside_pass(&in, STEP_MS);
	publish(50);
	inside_pass(&in, STEP_MS);
	ask("/api/queues/%2F/q?columns=messages_details,message_stats.publish_details.rate");
	has("\"messages_details\":{\"rate\":10");
	has("\"publish_details\":{\"rate\":10");
	inside_pass(&in, STEP_MS);
	ask("/api/queues/%2F/q?columns=messages_details,message_stats.publish_details");
	has("\"messages_details\":{\"rate\":0");
	has("\"publish_details\":{\"rate\":0");
}
END_TEST

START_TEST(what_was_sampled_is_forgotten)
{
	for (int i = 0; i < 3; i++) {
		publish(50);
		inside_pass(&in, STEP_MS);
	}
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/reset/other", NULL), 404);
	ask("/api/queues/%2F/q?columns=message_stats.publish_details");
	has("\"publish_details\":{\"rate\":10");
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/reset/leveret", NULL), 204);
	ask("/api/queues/%2F/q?columns=message_stats.publish,message_stats.publish_details"
	    "&msg_rates_age=60&msg_rates_incr=5");
	has("\"publish\":150,\"publish_details\":{\"rate\":0.0,\"samples\":[{\"sample\":150,");
	lacks("\"sample\":100,");
	publish(25);
	inside_pass(&in, STEP_MS);
	ask("/api/queues/%2F/q?columns=message_stats.publish_details"
	    "&msg_rates_age=60&msg_rates_incr=5");
	has("{\"rate\":5.0,\"samples\":[{\"sample\":175,");
	has("},{\"sample\":150,");
	lacks("\"sample\":100,");
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/reset", NULL), 204);
	ask("/api/overview");
	has("\"publish\":175,\"publish_details\":{\"rate\":0.0}");
}
END_TEST

/* Clients read them without looking whether they are there. */
START_TEST(a_queue_that_never_moved_has_a_length)
{
	inside_pass(&in, 2 * STEP_MS);
	ask("/api/queues/%2F/q?columns=messages_details,message_stats&lengths_age=10&lengths_incr=5");
	has("{\"messages_details\":{\"rate\":0.0,\"samples\":[{\"sample\":0,\"timestamp\":");
	has("\"avg\":0.0,\"avg_rate\":0.0}}");
}
END_TEST

START_TEST(samples_are_the_newest_first)
{
	for (int i = 1; i <= 3; i++) {
		publish(10);
		inside_pass(&in, STEP_MS);
	}
	ask("/api/queues/%2F/q?columns=message_stats.publish_details"
	    "&msg_rates_age=10&msg_rates_incr=5");
	has("\"samples\":[{\"sample\":30,\"timestamp\":");
	has("},{\"sample\":20,\"timestamp\":");
	has("},{\"sample\":10,\"timestamp\":");
	has("\"avg\":20");
	has("\"avg_rate\":2");
	lacks("\"sample\":0");
	ask("/api/queues/%2F/q?lengths_age=10&lengths_incr=5");
	has("\"messages_ready_details\":{\"rate\":2.0,\"samples\":[{\"sample\":30,");
	ask("/api/overview?lengths_age=10&lengths_incr=5&msg_rates_age=10&msg_rates_incr=5");
	has("\"messages_details\":{\"rate\":2.0,\"samples\":[{\"sample\":30,");
	has("\"publish_details\":{\"rate\":2.0,\"samples\":[{\"sample\":30,");
	ask("/api/nodes?node_stats_age=10&node_stats_incr=5");
	has("\"sockets_used_details\":{\"rate\":0.0,\"samples\":[{\"sample\":1,");
}
END_TEST

START_TEST(samples_are_as_many_as_are_wanted_and_no_more_than_500)
{
	ck_assert_uint_eq(browser_ask(&browser, "GET",
	                              "/api/queues?lengths_age=2505&lengths_incr=5", NULL), 400);
	has("invalid_range_parameters");
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/overview?msg_rates_age=60", NULL), 400);
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/overview?msg_rates_age=9999999999999999"
	                              "&msg_rates_incr=1", NULL), 400);
	ask("/api/queues?lengths_age=2500&lengths_incr=5");
}
END_TEST

/* Ten minutes of an object, a day of the broker. */
START_TEST(the_broker_remembers_a_day)
{
	for (int i = 0; i < 360; i++) {
		publish(1);
		inside_pass(&in, 60000);
	}
	const struct sampling *s = &in.broker->sampling;
	uint64_t last = sampling_last(in.broker), publish = STATS_OF(publish);
	ck_assert_uint_eq(sampling_at(in.broker, &s->motion, publish, last), 360);
	uint64_t an_hour_ago = sampling_at(in.broker, &s->motion, publish, last - 12 * 60);
	ck_assert(an_hour_ago >= 300 && an_hour_ago <= 301);
	ck_assert_uint_le(sampling_at(in.broker, &s->motion, publish, last - 12 * 350), 20);
	ask("/api/overview?msg_rates_age=21600&msg_rates_incr=3600");
	has("\"samples\":[{\"sample\":34");   /* at the last whole hour */
	has("},{\"sample\":28");
	ck_assert_uint_lt(s->pool.bytes, 100000);
	ck_assert_uint_lt(s->own_pool.bytes, 700000);
}
END_TEST

START_TEST(at_rest_nothing_is_done)
{
	publish(1);
	inside_pass(&in, 2 * STEP_MS);
	ck_assert_uint_ne(sampling_deadline(in.broker), in.now_ms);
	ck_assert_uint_eq(sampling_deadline(in.broker), UINT64_MAX);
	ck_assert(list_empty(&in.broker->store.stirred));
}
END_TEST

START_TEST(who_leaves_takes_its_samples_along)
{
	publish(1);
	inside_pass(&in, STEP_MS);
	ck_assert_uint_gt(in.broker->sampling.pool.bytes, 0);
	inside_hang_up(&talk.peer);
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/queues/%2F/q", NULL), 204);
	inside_pass(&in, 20 * 60 * 1000);
	publish(0);
	ask("/api/overview");
	has("\"queue_deleted\":1,");
	has("\"channel_closed\":");
}
END_TEST

START_TEST(queues_are_sorted_by_their_rates)
{
	ck_assert_uint_eq(browser_ask(&browser, "PUT", "/api/queues/%2F/a", "{}"), 201);
	publish(50);
	inside_pass(&in, STEP_MS);
	ask("/api/queues?sort=message_stats.publish_details.rate&sort_reverse=true&columns=name");
	ck_assert_str_eq(browser_body(&browser), "[{\"name\":\"q\"},{\"name\":\"a\"}]");
	ask("/api/queues?sort=message_stats.publish_details.rate&columns=name");
	ck_assert_str_eq(browser_body(&browser), "[{\"name\":\"a\"},{\"name\":\"q\"}]");
}
END_TEST

START_TEST(a_virtual_host_is_the_sum_of_its_channels_and_queues_at_once)
{
	publish(5);
	ask("/api/vhosts/%2F?columns=message_stats.publish,messages,messages_ready");
	has("\"messages\":5");
	has("\"messages_ready\":5");
	has("\"publish\":5");
	publish(1);
	ask("/api/vhosts?columns=message_stats.publish,messages");
	has("\"messages\":6");
	has("\"publish\":6");
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/queues/%2F/q/contents", NULL), 204);
	ask("/api/vhosts/%2F?columns=messages");
	has("\"messages\":0");
}
END_TEST

START_TEST(a_virtual_host_has_samples_of_what_no_channel_did)
{
	ck_assert_uint_eq(browser_ask(&browser, "PUT", "/api/queues/%2F/brief",
	                              "{\"arguments\":{\"x-message-ttl\":7000}}"), 201);
	for (int i = 0; i < 4; i++)
		talk_publish(&talk, 1, slice_of("", 0), slice_str("brief"), false, false,
		             slice_str("0123"));
	inside_pass(&in, STEP_MS);
	ask("/api/vhosts/%2F?columns=messages,messages_details.rate");
	has("\"messages\":4");
	inside_pass(&in, 8000);
	ask("/api/vhosts/%2F?columns=messages,messages_details&lengths_age=10&lengths_incr=5");
	has("\"messages\":0");
	has("\"samples\":[{\"sample\":0,");
}
END_TEST

START_TEST(dates_are_those_of_the_calendar)
{
	static const struct {
		uint64_t wall_s;
		const char *text;
	} days[] = {
		{ 951782395, "2000-02-28T23:59:55.000" }, { 951782400, "2000-02-29T00:00:00.000" },
		{ 951868800, "2000-03-01T00:00:00.000" }, { 1709164800, "2024-02-29T00:00:00.000" },
		{ 1767225600, "2026-01-01T00:00:00.000" }, { 1798761595, "2026-12-31T23:59:55.000" },
	};
	struct broker *b = in.broker;
	publish(1);
	inside_pass(&in, 4 * STEP_MS);
	uint64_t since = sampling_wall_ms(b, connection_channel(talk.peer.connection, 1)->motion.moved);
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		b->options.wall_ms += days[i].wall_s * 1000 - since;
		ask("/api/channels?columns=idle_since");
		has(days[i].text);
		since = days[i].wall_s * 1000;
	}
}
END_TEST

START_TEST(who_rests_says_since_when)
{
	publish(1);
	ask("/api/queues/%2F/q");
	lacks("idle_since");
	inside_pass(&in, 4 * STEP_MS);
	ask("/api/queues/%2F/q?columns=idle_since");
	ck_assert_str_eq(browser_body(&browser), "{\"idle_since\":\"1970-01-01T00:16:45.000+00:00\"}");
	ask("/api/channels?columns=idle_since");
	has("1970-01-01T00:16:45");
}
END_TEST

START_TEST(a_queue_alone_has_its_consumers)
{
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str("q"),
		                                   .consumer_tag = slice_str("mine") } };
	ck_assert_uint_eq(browser_ask(&browser, "PUT", "/api/queues/%2F/other", "{}"), 201);
	ask("/api/queues/%2F/q");
	has("\"consumer_details\":[]}");
	has("\"consumer_capacity\":0.0");
	ck_assert(call(m, METHOD_basic_consume_ok));
	ask("/api/queues/%2F/q");
	has("\"incoming\":[],\"owner_pid_details\":{},\"deliveries\":[],\"consumer_details\":[{");
	has("\"consumer_tag\":\"mine\"");
	has("\"consumer_capacity\":1.0");
	ask("/api/queues/%2F/other");
	has("\"consumer_details\":[]}");
	ask("/api/queues/%2F/q?columns=name");
	ck_assert_str_eq(browser_body(&browser), "{\"name\":\"q\"}");
}
END_TEST

static void consume(const char *queue, const char *tag, bool no_ack)
{
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue), .no_ack = no_ack,
		                                   .consumer_tag = slice_str(tag) } };
	ck_assert(call(m, METHOD_basic_consume_ok));
}

static void ack(uint64_t tag)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = tag } };
	talk_send(&talk, 1, &m);
}

START_TEST(deliveries_are_those_of_the_consumers_that_are_there)
{
	struct method m = { .id = METHOD_basic_cancel,
		                .basic_cancel = { .consumer_tag = slice_str("late") } };
	ck_assert_uint_eq(browser_ask(&browser, "PUT", "/api/queues/%2F/other", "{}"), 201);
	consume("other", "elsewhere", true);
	consume("q", "mine", false);
	publish(3);
	ack(1);
	ask("/api/queues/%2F/q");
	has("\"deliveries\":[{\"stats\":{\"ack\":1,\"deliver\":3,\"deliver_no_ack\":0,"
	    "\"deliver_get\":3,\"redeliver\":0},\"consumer_tag\":\"mine\",");
	inside_pass(&in, STEP_MS);   /* what was gathered counts on */
	ack(2);
	consume("q", "late", true);
	publish(2);
	ask("/api/queues/%2F/q");
	has("{\"stats\":{\"ack\":2,\"deliver\":4,");
	has("{\"stats\":{\"ack\":0,\"deliver\":0,\"deliver_no_ack\":1,\"deliver_get\":1,");
	lacks("elsewhere");
	ck_assert(call(m, METHOD_basic_cancel_ok));
	ask("/api/queues/%2F/q");
	lacks("late");
}
END_TEST

static void publish_as(const char *queue, bool persistent, const char *body)
{
	talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, persistent,
	             slice_str(body));
}

#define SIZES "message_bytes,message_bytes_ready,message_bytes_unacknowledged," \
	"message_bytes_ram,message_bytes_persistent,message_bytes_paged_out"
#define NUMBERS "messages_ready_ram,messages_unacknowledged_ram,messages_ram,messages_persistent," \
	"messages_paged_out"

START_TEST(a_queue_says_what_of_it_is_where)
{
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("d") } };
	ck_assert_uint_eq(browser_ask(&browser, "PUT", "/api/queues/%2F/d", "{\"durable\":true}"), 201);
	publish_as("d", true, "four");
	publish_as("d", false, "and nine.");
	publish_as("d", true, "five.");
	ck_assert(call(get, METHOD_basic_get_ok));
	ask("/api/queues/%2F/d?columns=" SIZES);
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"message_bytes\":18,\"message_bytes_ready\":14,"
	                 "\"message_bytes_unacknowledged\":4,\"message_bytes_ram\":18,"
	                 "\"message_bytes_persistent\":9,\"message_bytes_paged_out\":0}");
	ask("/api/queues/%2F/d?columns=" NUMBERS);
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"messages_ready_ram\":2,\"messages_unacknowledged_ram\":1,"
	                 "\"messages_ram\":3,\"messages_persistent\":2,\"messages_paged_out\":0}");
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/queues/%2F/d/contents", NULL), 204);
	ask("/api/queues/%2F/d?columns=" SIZES);
	has("\"message_bytes\":4,\"message_bytes_ready\":0,\"message_bytes_unacknowledged\":4,");
	has("\"message_bytes_persistent\":4,");
	ack(1);
	ask("/api/queues/%2F/d?columns=" SIZES);
	has("\"message_bytes\":0,\"message_bytes_ready\":0,\"message_bytes_unacknowledged\":0,");
	has("\"message_bytes_persistent\":0,");
}
END_TEST

START_TEST(of_a_stream_only_what_is_known_is_said)
{
	ck_assert_uint_eq(browser_ask(&browser, "PUT", "/api/queues/%2F/s",
	                              "{\"durable\":true,"
	                              "\"arguments\":{\"x-queue-type\":\"stream\"}}"), 201);
	publish_as("s", true, "four");
	ask("/api/queues/%2F/s?columns=" SIZES "," NUMBERS);
	ck_assert_str_eq(browser_body(&browser), "{\"message_bytes\":4,\"message_bytes_ready\":4}");
}
END_TEST

START_TEST(an_exclusive_queue_says_whose_it_is)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("mine"), .exclusive = true } };
	char owner[200];
	ck_assert(call(m, METHOD_queue_declare_ok));
	ask("/api/queues/%2F/mine");
	snprintf(owner, sizeof owner, "\"owner_pid_details\":{\"name\":\"%s\"",
	         talk.peer.connection->name);
	has(owner);
}
END_TEST

START_TEST(the_oldest_message_says_when_it_is_from)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str("q") } };
	struct props p = { .flags = PROP_timestamp, .timestamp = 1234567890, .body_bytes = 1 };
	talk_content(&talk, 1, &m, &p, slice_str("x"));
	publish(1);
	ask("/api/queues/%2F/q");
	has("\"head_message_timestamp\":1234567890");
}
END_TEST

/* ---- as they move ---- */

static const char *subscribe(const char *topics)
{
	buf_clear(&room);
	buf_printf(&room, "GET /api/stream?topics=%s HTTP/1.1\r\nHost: h\r\n"
	           "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n\r\n", topics);
	http_take(browser.http, buf_slice(&room));
	return browser_watch(&browser);
}

START_TEST(what_changes_is_told_each_second)
{
	publish(3);
	const char *seen = subscribe("queue:%2F/q,overview");
	ck_assert_ptr_nonnull(strstr(seen, "content-type: text/event-stream"));
	ck_assert_ptr_nonnull(strstr(seen, "event: queue\ndata: {\"vhost\":\"/\",\"name\":\"q\","
	                                   "\"publish\":3,\"deliver_no_ack\":0,"));
	ck_assert_ptr_nonnull(strstr(seen, "event: overview\ndata: {\"publish\":3,"));
	ck_assert_ptr_null(strstr(browser_watch(&browser), "event"));
	publish(1);
	inside_pass(&in, TICKER_MS - 1);
	ck_assert_ptr_null(strstr(browser_watch(&browser), "event"));
	inside_pass(&in, 1);
	seen = browser_watch(&browser);
	ck_assert_ptr_nonnull(strstr(seen, "\"name\":\"q\",\"publish\":4,\"messages_ready\":4,"
	                                   "\"timestamp\":1001000}\n\n"));
	inside_pass(&in, TICKER_MS);
	ck_assert_ptr_null(strstr(browser_watch(&browser), "queue"));
	ck_assert(call((struct method){ .id = METHOD_queue_delete,
	                                .queue_delete = { .queue = slice_str("q") } },
	               METHOD_queue_delete_ok));
	inside_pass(&in, TICKER_MS);
	ck_assert_ptr_nonnull(strstr(browser_watch(&browser), "event: gone\n"
	                                      "data: {\"vhost\":\"/\",\"name\":\"q\"}\n"));
	inside_pass(&in, TICKER_MS);
	ck_assert_ptr_null(strstr(browser_watch(&browser), "gone"));
	inside_pass(&in, 16000);
	ck_assert_ptr_nonnull(strstr(browser_watch(&browser), ":\n\n"));
	ck_assert_uint_eq(browser.host.n_tickers, 1);
	http_free(&browser.http);
	ck_assert_uint_eq(browser.host.n_tickers, 0);
}
END_TEST

START_TEST(a_queue_that_has_not_moved_since_the_start_has_its_messages)
{
	assert_asked(201, "PUT", "/api/queues/%2F/d", "{\"durable\":true}");
	publish_by("amq.default", "d", "{\"delivery_mode\":2}", "m", "string");
	browser_close(&browser);
	talk_free(&talk);
	inside_pass(&in, 10);
	inside_crash(&in, DISK_SIM_LOSES_ALL);
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&talk, &in));
	browser_open(&browser, &in, true);
	ck_assert_ptr_nonnull(strstr(subscribe("queue:%2F/d"), "\"publish\":0,"));
	ck_assert_ptr_nonnull(strstr((const char *)browser.output.p, "\"messages_ready\":1,"));
	browser_close(&browser);
	browser_open(&browser, &in, true);
	ck_assert_ptr_nonnull(strstr(subscribe("overview"), "\"messages_ready\":1,"));
	browser_close(&browser);
	browser_open(&browser, &in, true);
	ask("/api/vhosts/%2F?columns=messages");
	has("\"messages\":1");
	ask("/api/queues/%2F/d?columns=messages_persistent,message_bytes_persistent");
	has("\"messages_persistent\":1,\"message_bytes_persistent\":1");
	assert_asked(204, "DELETE", "/api/queues/%2F/d", NULL);
	ask("/api/vhosts/%2F?columns=messages");
	has("\"messages\":0");
}
END_TEST

/* ---- latencies ---- */

#define LATENCIES_OF(age, incr) \
	"/api/nodes/leveret/latencies?node_stats_age=" age "&node_stats_incr=" incr

/* So many confirms of 3 ms, and one of a fifth of a second. */
static void confirm_some(uint64_t n, bool and_one)
{
	publish(1);
	count_confirm_ms(in.broker, 3, n);
	if (and_one)
		count_confirm_ms(in.broker, 200, 1);
	inside_pass(&in, STEP_MS);
}

START_TEST(a_sample_has_the_percentiles_of_its_step)
{
	confirm_some(100, false);
	confirm_some(99, true);
	inside_pass(&in, STEP_MS);
	ask(LATENCIES_OF("10", "5"));
	has("\"confirm\":{\"count\":200,");
	has("\"samples\":[{\"timestamp\":1015000,\"count\":0,"
	    "\"p50_us\":null,\"p99_us\":null,\"max_us\":null},"
	    "{\"timestamp\":1010000,\"count\":100,"
	    "\"p50_us\":3515,\"p99_us\":5000,\"max_us\":250000},"
	    "{\"timestamp\":1005000,\"count\":100,"
	    "\"p50_us\":3500,\"p99_us\":4970,\"max_us\":5000}]}");
	ask(LATENCIES_OF("10", "10"));
	has("\"count\":200,\"p50_us\":3508,\"p99_us\":4985,\"max_us\":250000}");
	ck_assert_uint_eq(browser_ask(&browser, "GET", LATENCIES_OF("10", "0"), NULL), 400);
	has("invalid_range_parameters");
}
END_TEST

static int times(const char *text)
{
	int n = 0;
	for (const char *at = browser_body(&browser); (at = strstr(at, text)); at++)
		n++;
	return n;
}

START_TEST(latencies_of_a_day_are_remembered)
{
	for (int i = 0; i < 24 * 60; i++) {
		confirm_some(1, i % 600 == 0);
		inside_pass(&in, 60000 - STEP_MS);
	}
	ask(LATENCIES_OF("86400", "3600"));
	ck_assert_int_ge(times("\"timestamp\":"), 3 * 23);   /* all but turns: nobody counts them */
	ck_assert_int_eq(times("\"max_us\":250000}"), 3);
	ck_assert_int_eq(times("\"count\":60,\"p50_us\":3500,"), 20);
}
END_TEST

/* They are of a driver that turns anyway; nobody is woken for them. */
START_TEST(turns_are_sampled_while_nothing_moves)
{
	struct histogram turns;
	inside_pass(&in, 2 * STEP_MS);
	histogram_init(&turns, &scale_microseconds);
	broker_note_turns(in.broker, &turns);
	histogram_add(&turns, 40, 10);
	inside_pass(&in, STEP_MS);
	histogram_add(&turns, 400000, 10);
	ck_assert_uint_eq(sampling_deadline(in.broker), UINT64_MAX);
	inside_pass(&in, STEP_MS);
	ask(LATENCIES_OF("5", "5"));
	has("\"loop_turn\":{\"count\":20,");
	has("\"count\":10,\"p50_us\":375000,\"p99_us\":497500,\"max_us\":500000},");
	has("\"count\":10,\"p50_us\":25,\"p99_us\":50,\"max_us\":50}]");
	broker_note_turns(in.broker, NULL);
}
END_TEST

START_TEST(latencies_are_forgotten_with_the_rest)
{
	confirm_some(100, true);
	ck_assert_uint_eq(browser_ask(&browser, "DELETE", "/api/reset", NULL), 204);
	ask(LATENCIES_OF("10", "5"));
	has("\"confirm\":{\"count\":101,");
	lacks("\"max_us\":250000}");
	confirm_some(10, false);
	ask(LATENCIES_OF("10", "5"));
	has("\"count\":10,\"p50_us\":3500,");
	lacks("\"max_us\":250000}");
}
END_TEST

START_TEST(topics_are_few_and_known)
{
	static const char *const bad[] = {
		"", "queues", "queue:", "queue:%2F", "queue:%2F/", "queue:%25zz/q", "overview,,overview",
		"overview,overview,overview,overview,overview,overview,overview,overview,overview,"
		"overview,overview,overview,overview,overview,overview,overview,overview",
	};
	char target[400];
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(target, sizeof target, "/api/stream?topics=%s", bad[i]);
		ck_assert_msg(browser_ask(&browser, "GET", target, NULL) == 400, "%s", bad[i]);
		ck_assert_uint_eq(browser.host.n_tickers, 0);
	}
	browser.host.n_tickers = TICKERS_MAX;
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/stream?topics=overview", NULL), 503);
	browser.host.n_tickers = 0;
}
END_TEST

Suite *suite_management_stats(void)
{
	Suite *s = suite_create("management_stats");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up_numbers, tear_down_numbers);
	tcase_add_test(t, what_never_moved_has_no_statistics);
	tcase_add_test(t, counters_are_exact_at_once);
	tcase_add_test(t, a_rate_is_that_of_the_last_step);
	tcase_add_test(t, what_was_sampled_is_forgotten);
	tcase_add_test(t, a_queue_that_never_moved_has_a_length);
	tcase_add_test(t, samples_are_the_newest_first);
	tcase_add_test(t, samples_are_as_many_as_are_wanted_and_no_more_than_500);
	tcase_add_test(t, the_broker_remembers_a_day);
	tcase_add_test(t, at_rest_nothing_is_done);
	tcase_add_test(t, who_leaves_takes_its_samples_along);
	tcase_add_test(t, queues_are_sorted_by_their_rates);
	tcase_add_test(t, a_virtual_host_is_the_sum_of_its_channels_and_queues_at_once);
	tcase_add_test(t, a_virtual_host_has_samples_of_what_no_channel_did);
	tcase_add_test(t, dates_are_those_of_the_calendar);
	tcase_add_test(t, who_rests_says_since_when);
	tcase_add_test(t, a_queue_alone_has_its_consumers);
	tcase_add_test(t, deliveries_are_those_of_the_consumers_that_are_there);
	tcase_add_test(t, a_queue_says_what_of_it_is_where);
	tcase_add_test(t, of_a_stream_only_what_is_known_is_said);
	tcase_add_test(t, an_exclusive_queue_says_whose_it_is);
	tcase_add_test(t, the_oldest_message_says_when_it_is_from);
	tcase_add_test(t, what_changes_is_told_each_second);
	tcase_add_test(t, a_queue_that_has_not_moved_since_the_start_has_its_messages);
	tcase_add_test(t, topics_are_few_and_known);
	tcase_add_test(t, a_sample_has_the_percentiles_of_its_step);
	tcase_add_test(t, latencies_of_a_day_are_remembered);
	tcase_add_test(t, turns_are_sampled_while_nothing_moves);
	tcase_add_test(t, latencies_are_forgotten_with_the_rest);
	suite_add_tcase(s, t);
	return s;
}
