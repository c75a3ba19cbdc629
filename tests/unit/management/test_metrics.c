/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus is told: the text, the endpoints, who may ask, and long lists in pieces. */
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/histogram.h"
#include "broker/link.h"
#include "management/exposition.h"
#include "management/metrics.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_metrics(void);

static void set_up_metrics(void)
{
	set_up();
	browser_visit(&browser, HTTP_METRICS, true);
}

static void assert_put(struct buf *out, const char *text)
{
	buf_u8(out, '\0');
	ck_assert_str_eq((const char *)out->p, text);
	buf_free(out);
}

/* ---- the text ---- */

START_TEST(labels_are_escaped)
{
	struct buf out = { 0 };
	exposition_name(&out, "a_", "b");
	exposition_label(&out, "k", slice_str("back\\slash \"quoted\" new\nline \xc3\xa4"));
	exposition_label(&out, "bad", slice_str("\xff\xc3 \xe2\x82 \xf5\x80\x80\x80"));
	exposition_value(&out, UINT64_MAX, 1);
	assert_put(&out, "a_b{k=\"back\\\\slash \\\"quoted\\\" new\\nline \xc3\xa4\","
	                 "bad=\"?? ?? ????\"} 18446744073709551615\n");
}
END_TEST

START_TEST(parts_are_told_as_wholes)
{
	struct buf out = { 0 };
	exposition_name(&out, "t", "");
	exposition_value(&out, 61005, 1000);
	exposition_name(&out, "t", "");
	exposition_value(&out, 7, 1000000);
	exposition_name(&out, "t", "");
	exposition_value(&out, 155, 100);
	assert_put(&out, "t 61.005\nt 0.000007\nt 1.55\n");
}
END_TEST

START_TEST(a_histogram_counts_upwards)
{
	static const struct scale scale = { 3, { 100, 1000, 1000000 } };
	struct buf out = { 0 };
	struct histogram h;
	histogram_init(&h, &scale);
	histogram_add(&h, 0, 1);
	histogram_add(&h, 100, 1);
	histogram_add(&h, 101, 3);
	histogram_add(&h, 1000001, 1);
	exposition_histogram(&out, "h", "", &h, 1);
	assert_put(&out, "h_bucket{le=\"100.0\"} 2\nh_bucket{le=\"1000.0\"} 5\n"
	                 "h_bucket{le=\"1e+06\"} 5\nh_bucket{le=\"+Inf\"} 6\n"
	                 "h_sum 1000404\nh_count 6\n");
}
END_TEST

/* ---- endpoints ---- */

static unsigned ask(const char *who, const char *method, const char *target)
{
	return browser_ask_as(&browser, who, method, target, NULL);
}

START_TEST(each_endpoint_says_which_it_is)
{
	static const char *const views[][2] = {
		{ "/metrics", "aggregated" },
		{ "/metrics/", "aggregated" },
		{ "/metrics/per-object", "per-object" },
		{ "/metrics/detailed?family=queue_metrics", "detailed" },
		{ "/metrics/memory-breakdown", "memory-breakdown" },
	};
	char line[64];
	for (size_t i = 0; i < ARRAY_LEN(views); i++) {
		ck_assert_uint_eq(ask(NULL, "GET", views[i][0]), 200);
		snprintf(line, sizeof line, "rabbitmq_endpoint=\"%s\"} 1\n", views[i][1]);
		ck_assert_msg(says(line), "%s", browser_body(&browser));
		ck_assert(has_line("content-type: text/plain; version=0.0.4\r\n"));
	}
}
END_TEST

START_TEST(metrics_and_the_api_are_apart)
{
	ck_assert_uint_eq(ask("guest:guest", "GET", "/api/overview"), 404);
	ck_assert_uint_eq(ask(NULL, "GET", "/"), 404);
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/nothing"), 404);
	ck_assert_uint_eq(ask(NULL, "GET", "/metricsmore"), 404);
	ck_assert_uint_eq(ask(NULL, "POST", "/metrics"), 405);
	ck_assert_uint_eq(ask(NULL, "HEAD", "/metrics"), 200);
	browser_visit(&browser, HTTP_API, true);
	ck_assert_uint_eq(ask("guest:guest", "GET", "/metrics"), 404);
}
END_TEST

START_TEST(the_path_is_the_configurations)
{
	browser.host.metrics_path = "/deep/down/";
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 404);
	ck_assert_uint_eq(ask(NULL, "GET", "/deep/down"), 200);
	ck_assert_uint_eq(ask(NULL, "GET", "/deep/down/per-object"), 200);
	browser.host.metrics_path = "/";
	ck_assert_uint_eq(ask(NULL, "GET", "/"), 200);
	ck_assert_uint_eq(ask(NULL, "GET", "/per-object"), 200);
}
END_TEST

START_TEST(who_asks_may_have_to_log_in)
{
	browser.host.scrapers_log_in = true;
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 401);
	ck_assert(has_line("www-authenticate: Basic "));
	ck_assert_uint_eq(ask("guest:wrong", "GET", "/metrics"), 401);
	ck_assert_uint_eq(ask("guest:guest", "GET", "/metrics"), 200);
}
END_TEST

/* ---- objects ---- */

/* As the API makes them. */
static void declare(const char *target)
{
	browser_visit(&browser, HTTP_API, true);
	assert_asked(201, "PUT", target,
	             "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
	browser_visit(&browser, HTTP_METRICS, true);
}

START_TEST(objects_are_told_where_they_are_asked_for)
{
	static const char line[] = "\nrabbitmq_queue_messages{vhost=\"/\",queue=\"a\\\"b\"} 0\n";
	declare("/api/queues/%2F/a%22b");
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 200);
	ck_assert(says("\nrabbitmq_queues 1\n"));
	ck_assert(!says("queue=\""));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/per-object"), 200);
	ck_assert(says(line));
	browser.host.metrics_per_object = true;
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 200);
	ck_assert(says(line));
	ck_assert(says("rabbitmq_endpoint=\"per-object\""));
}
END_TEST

START_TEST(families_are_chosen_and_virtual_hosts_too)
{
	declare("/api/vhosts/other");
	declare("/api/queues/%2F/here");
	declare("/api/queues/other/there");
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed"), 200);
	ck_assert(!says("queue") && says("rabbitmq_identity_info"));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=queue_coarse_metrics"
	                                   "&family=no_such&family=vhost_status"), 200);
	ck_assert(says("\nrabbitmq_detailed_queue_messages{vhost=\"/\",queue=\"here\"} 0\n"));
	ck_assert(says("\nrabbitmq_detailed_queue_messages{vhost=\"other\",queue=\"there\"} 0\n"));
	ck_assert(says("\nrabbitmq_cluster_vhost_status{vhost=\"other\"} 1\n"));
	ck_assert(!says("consumers") && !says("leveret_"));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=queue_coarse_metrics&vhost=%2F"
	                                   "&family=vhost_status&vhost=gone"), 200);
	ck_assert(says("here") && !says("there") && !says("vhost=\"other\""));
}
END_TEST

START_TEST(virtual_hosts_can_be_named_to_a_number)
{
	struct buf target = { 0 };
	buf_printf(&target, "/metrics/detailed?family=vhost_status");
	for (int i = 0; i < METRICS_VHOSTS_MAX; i++)
		buf_printf(&target, "&vhost=%d", i);
	buf_u8(&target, '\0');
	ck_assert_uint_eq(ask(NULL, "GET", (const char *)target.p), 200);
	target.len--;
	buf_printf(&target, "&vhost=x");
	buf_u8(&target, '\0');
	ck_assert_uint_eq(ask(NULL, "GET", (const char *)target.p), 400);
	buf_free(&target);
}
END_TEST

/* ---- counters ---- */

static struct talk talk;

static void publish(const char *key, bool mandatory)
{
	talk_publish(&talk, 1, slice_of("", 0), slice_str(key), mandatory, true, slice_str("body"));
}

static bool call(struct method m, uint32_t answer)
{
	return talk_call(&talk, 1, m, answer, NULL);
}

START_TEST(what_clients_do_is_told)
{
	struct method durable = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("q"), .durable = true } },
	              select = { .id = METHOD_confirm_select },
	              get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } },
	              bad = { .id = METHOD_queue_declare,
		                  .queue_declare = { .queue = slice_str("gone"), .passive = true } };
	ck_assert(talk_open(&talk, &in));
	ck_assert(call(durable, METHOD_queue_declare_ok));
	ck_assert(call(select, METHOD_confirm_select_ok));
	publish("q", false);
	publish("q", false);
	publish("nowhere", false);
	inside_pass(&in, 5);
	ck_assert(call(get, METHOD_basic_get_ok));
	ck_assert(call(bad, METHOD_channel_close));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 200);
	static const char *const lines[] = {
		"\nrabbitmq_queue_messages_ready 2\n",
		"\nrabbitmq_queue_messages_unacked 0\n",   /* the channel has closed */
		"\nrabbitmq_global_messages_received_confirm_total{protocol=\"amqp091\"} 3\n",
		"\nrabbitmq_global_messages_routed_total{protocol=\"amqp091\"} 2\n",
		"\nrabbitmq_global_messages_unroutable_dropped_total{protocol=\"amqp091\"} 1\n",
		"\nrabbitmq_channel_messages_unroutable_dropped_total 1\n",
		"\nrabbitmq_global_messages_delivered_get_manual_ack_total{protocol=\"amqp091\","
		"queue_type=\"rabbit_classic_queue\"} 1\n",
		"\nrabbitmq_message_size_bytes_bucket{le=\"100.0\"} 3\n",
		"\nrabbitmq_message_size_bytes_bucket{le=\"5e+07\"} 3\n",
		"\nrabbitmq_message_size_bytes_sum 12\n",
		"\nleveret_confirm_seconds_count 2\n",
		"\nleveret_queue_residence_seconds_count 1\n",
		"\nleveret_refused_total{code=\"404\",reason=\"NOT_FOUND\"} 1\n",
		"\nrabbitmq_auth_attempts_succeeded_total{protocol=\"amqp091\"} 1\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_msg(says(lines[i]), "%s", lines[i]);
	talk_free(&talk);
}
END_TEST

START_TEST(bytes_are_told_of_all_and_of_each)
{
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	declare("/api/queues/%2F/empty");
	browser_visit(&browser, HTTP_API, true);
	assert_asked(201, "PUT", "/api/queues/%2F/q", "{\"durable\":true}");
	browser_visit(&browser, HTTP_METRICS, true);
	ck_assert(talk_open(&talk, &in));
	publish("q", false);
	publish("q", false);
	ck_assert(call(get, METHOD_basic_get_ok));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 200);
	ck_assert(says("\nrabbitmq_queue_messages_bytes 8\n"));
	ck_assert(says("\nrabbitmq_queue_messages_ready_bytes 4\n"));
	ck_assert(says("\nrabbitmq_queue_messages_unacked_bytes 4\n"));
	ck_assert(says("\nrabbitmq_queue_messages_persistent 2\n"));
	ck_assert(says("\nrabbitmq_queue_messages_persistent_bytes 8\n"));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=queue_metrics"), 200);
	ck_assert(says("\nrabbitmq_detailed_queue_messages_ram_bytes{vhost=\"/\",queue=\"q\"} 8\n"));
	ck_assert(says("\nrabbitmq_detailed_queue_messages_unacked_ram{vhost=\"/\",queue=\"q\"} 1\n"));
	ck_assert(says("\nrabbitmq_detailed_queue_messages_paged_out{vhost=\"/\",queue=\"q\"} 0\n"));
	ck_assert(says("\nrabbitmq_detailed_queue_consumer_capacity{vhost=\"/\",queue=\"q\"} 0.00\n"));
	ck_assert(!says("queue_head_message_timestamp{"));
	talk_free(&talk);
}
END_TEST

START_TEST(readers_of_streams_say_how_far_behind_they_are)
{
	static const char line[] =
		"\nrabbitmq_detailed_stream_consumer_max_offset_lag{vhost=\"/\",queue=\"s\"} ";
	char text[120];
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 2 } },
	              read = { .id = METHOD_basic_consume,
	                       .basic_consume = { .queue = slice_str("s") } };
	browser_visit(&browser, HTTP_API, true);
	assert_asked(201, "PUT", "/api/queues/%2F/s",
	             "{\"durable\":true,\"arguments\":{\"x-queue-type\":\"stream\"}}");
	browser_visit(&browser, HTTP_METRICS, true);
	ck_assert(talk_open(&talk, &in));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=stream_consumer_metrics"), 200);
	ck_assert(!says(line));
	ck_assert(call(qos, METHOD_basic_qos_ok));
	ck_assert(call(read, METHOD_basic_consume_ok));
	for (int i = 0; i < 5; i++)
		publish("s", false);
	inside_pass(&in, 100);
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=stream_consumer_metrics"), 200);
	snprintf(text, sizeof text, "%s3\n", line);
	ck_assert_msg(says(text), "%s", browser_body(&browser));
	talk_free(&talk);
}
END_TEST

/* A channel has its connection beside it, so that both can be joined. */
START_TEST(clients_are_told_by_their_names)
{
	char line[256];
	ck_assert(talk_open(&talk, &in));
	const char *name = connection_name(talk.peer.connection);
	uint64_t received = talk.peer.connection->received_bytes;
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=connection_coarse_metrics"
	                                   "&family=connection_metrics&family=channel_metrics"), 200);
	snprintf(line, sizeof line,
	         "\nrabbitmq_detailed_connection_incoming_bytes_total{connection=\"%s\"} %llu\n", name,
	         (unsigned long long)received);
	ck_assert_msg(says(line), "%s", line);
	snprintf(line, sizeof line, "\nrabbitmq_detailed_connection_channels{connection=\"%s\"} 1\n",
	         name);
	ck_assert_msg(says(line), "%s", line);
	snprintf(line, sizeof line,
	         "\nrabbitmq_detailed_channel_consumers{connection=\"%s\",channel=\"%s (1)\"} 0\n",
	         name, name);
	ck_assert_msg(says(line), "%s", line);
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics"), 200);
	snprintf(line, sizeof line, "\nrabbitmq_connection_incoming_bytes_total %llu\n",
	         (unsigned long long)received);
	ck_assert_msg(says(line), "%s", line);
	talk_free(&talk);
}
END_TEST

/* Where they are asked for by name, and nowhere else: names of users are nobody's business. */
START_TEST(who_tried_to_log_in_is_told)
{
	browser_visit(&browser, HTTP_API, true);
	ck_assert_uint_eq(ask("guest:wrong", "GET", "/api/whoami"), 401);
	ck_assert_uint_eq(ask("guest:guest", "GET", "/api/whoami"), 200);
	ck_assert_uint_eq(ask("no\"body:x", "GET", "/api/whoami"), 401);
	browser_visit(&browser, HTTP_METRICS, true);
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=auth_attempt_detailed_metrics"),
	                  200);
#define SOURCE(name) "{remote_address=\"127.0.0.1\",username=\"" name "\",protocol=\"http\"} "
	ck_assert(says("\nrabbitmq_detailed_auth_attempts_detailed_total" SOURCE("guest") "2\n"));
	ck_assert(says("\nrabbitmq_detailed_auth_attempts_detailed_succeeded_total" SOURCE("guest")
	               "1\n"));
	ck_assert(says("\nrabbitmq_detailed_auth_attempts_detailed_failed_total" SOURCE("no\\\"body")
	               "1\n"));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/per-object"), 200);
	ck_assert(!says("username") && !says("attempts_detailed"));
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=auth_attempt_metrics"), 200);
	ck_assert(!says("username"));
}
END_TEST

/* The number behind a name of the last answer. */
static unsigned long long told(const char *name)
{
	char line[80];
	snprintf(line, sizeof line, "\nrabbitmq_memory_%s_bytes ", name);
	const char *at = strstr(browser_body(&browser), line);
	ck_assert_msg(at, "%s", line);
	return strtoull(at + strlen(line), NULL, 10);
}

START_TEST(the_parts_of_memory_make_up_the_whole)
{
	browser.host.process.memory = 100 << 20;
	browser.host.code_bytes = 1 << 20;
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/memory-breakdown"), 200);
	ck_assert_uint_eq(told("code_module"), 1 << 20);
	ck_assert_uint_eq(told("binary_heap") + told("message_index") + told("code_module") +
	                      told("other_system"), 100 << 20);
	ck_assert(!says("rabbitmq_queues"));
}
END_TEST

enum { MANY = 3000 };

START_TEST(long_lists_go_out_in_pieces)
{
	char target[64];
	browser_visit(&browser, HTTP_API, true);
	for (int i = 0; i < MANY; i++) {
		snprintf(target, sizeof target, "/api/queues/%%2F/q%d", i);
		assert_asked(201, "PUT", target, "{}");
	}
	browser_visit(&browser, HTTP_METRICS, true);
	ck_assert_uint_eq(ask(NULL, "GET", "/metrics/detailed?family=queue_consumer_count"),
	                  200);
	ck_assert_uint_ge(browser.pieces, MANY / 500);
	int found = 0;
	for (const char *at = browser_body(&browser); (at = strstr(at, ",queue=\"q")); at++)
		found++;
	ck_assert_int_eq(found, MANY);
	ck_assert(says("rabbitmq_detailed_queue_consumers{vhost=\"/\",queue=\"q2999\"} 0\n"));
}
END_TEST

Suite *suite_management_metrics(void)
{
	Suite *s = suite_create("management/metrics");
	TCase *text = tcase_create("text"), *asked = tcase_create("asked");
	tcase_add_test(text, labels_are_escaped);
	tcase_add_test(text, parts_are_told_as_wholes);
	tcase_add_test(text, a_histogram_counts_upwards);
	suite_add_tcase(s, text);
	tcase_add_checked_fixture(asked, set_up_metrics, tear_down);
	tcase_add_test(asked, each_endpoint_says_which_it_is);
	tcase_add_test(asked, metrics_and_the_api_are_apart);
	tcase_add_test(asked, the_path_is_the_configurations);
	tcase_add_test(asked, who_asks_may_have_to_log_in);
	tcase_add_test(asked, objects_are_told_where_they_are_asked_for);
	tcase_add_test(asked, families_are_chosen_and_virtual_hosts_too);
	tcase_add_test(asked, virtual_hosts_can_be_named_to_a_number);
	tcase_add_test(asked, what_clients_do_is_told);
	tcase_add_test(asked, bytes_are_told_of_all_and_of_each);
	tcase_add_test(asked, readers_of_streams_say_how_far_behind_they_are);
	tcase_add_test(asked, clients_are_told_by_their_names);
	tcase_add_test(asked, who_tried_to_log_in_is_told);
	tcase_add_test(asked, the_parts_of_memory_make_up_the_whole);
	tcase_add_test(asked, long_lists_go_out_in_pieces);
	suite_add_tcase(s, asked);
	return s;
}
