/* SPDX-License-Identifier: Apache-2.0 */
/* What only the web UI asks for: its own files, where a message would go, and the log. */
#include <check.h>
#include <stdio.h>

#include "tests/unit/management/fixture.h"

Suite *suite_management_api_ui(void);

/* ---- files ---- */

START_TEST(files_are_for_anybody)
{
	static const char *const files[] = { "/", "/index.html", "/app.js", "/style.css",
		                                 "/pages/queue.js", "/vendor/lit-html.js" };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_asked_as(200, NULL, "GET", files[i], NULL);
		ck_assert(has_line("content-encoding: gzip\r\n"));
		ck_assert(has_line("content-security-policy: default-src 'self'"));
		ck_assert_uint_gt(browser.body.len, 100);
	}
	ck_assert(has_line("content-type: text/javascript; charset=utf-8\r\n"));
}
END_TEST

START_TEST(nothing_else_is_a_file)
{
	static const char *const others[] = { "/app", "/pages/", "/pages/none.js", "/vendor/README.md",
		                                  "/..%2fetc%2fpasswd", "/pages/..%2fapp.js" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_asked_as(404, NULL, "GET", others[i], NULL);
	assert_asked_as(405, NULL, "POST", "/app.js", "x");
}
END_TEST

START_TEST(who_has_a_file_is_told_so)
{
	char request[256];
	assert_asked_as(200, NULL, "GET", "/app.js", NULL);
	const char *at = strstr((const char *)browser.head.p, "etag: ");
	ck_assert_ptr_nonnull(at);
	int n = snprintf(request, sizeof request,
	                 "GET /app.js HTTP/1.1\r\nHost: h\r\nIf-None-Match: %.18s\r\n\r\n", at + 6);
	browser_send(&browser, slice_of(request, (size_t)n), 0);
	ck_assert_uint_eq(browser_read(&browser, false), 304);
	ck_assert_uint_eq(browser.body.len, 0);
}
END_TEST

/* ---- ways of messages ---- */

static void bind_to(const char *source, const char *kind, const char *to, const char *key)
{
	char target[128], body[128];
	snprintf(target, sizeof target, "/api/bindings/%%2F/e/%s/%s/%s", source, kind, to);
	snprintf(body, sizeof body, "{\"routing_key\":\"%s\"}", key);
	assert_asked(201, "POST", target, body);
}

#define TRACE(x) "/api/exchanges/%2F/" x "/trace"

START_TEST(a_way_has_all_its_steps)
{
	assert_asked(201, "PUT", "/api/exchanges/%2F/all", "{\"type\":\"fanout\"}");
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(201, "PUT", "/api/queues/%2F/r", NULL);
	bind_to("amq.topic", "q", "q", "a.*");
	bind_to("amq.topic", "q", "r", "b.*");
	bind_to("amq.topic", "e", "all", "#");
	bind_to("all", "q", "r", "");
	bind_to("all", "q", "r", "again");
	assert_asked(200, "POST", TRACE("amq.topic"), "{\"routing_key\":\"a.b\"}");
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"cut\":false,\"steps\":["
	                 "{\"from\":\"amq.topic\",\"to\":{\"type\":\"exchange\",\"name\":\"all\"},"
	                 "\"why\":\"#\"},"
	                 "{\"from\":\"amq.topic\",\"to\":{\"type\":\"queue\",\"name\":\"q\"},"
	                 "\"why\":\"a.*\"},"
	                 "{\"from\":\"all\",\"to\":{\"type\":\"queue\",\"name\":\"r\"},"
	                 "\"why\":\"one of 2 bindings\"}],"
	                 "\"queues\":[{\"name\":\"q\"},{\"name\":\"r\"}]}");
	assert_asked(200, "GET", "/api/queues/%2F/q?columns=messages", NULL);
	ck_assert_str_eq(browser_body(&browser), "{\"messages\":0}");
}
END_TEST

START_TEST(headers_count_and_other_keys_do)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(201, "POST", "/api/bindings/%2F/e/amq.headers/q/q",
	             "{\"arguments\":{\"x-match\":\"all\",\"shop\":\"north\"}}");
	assert_asked(200, "POST", TRACE("amq.headers"),
	             "{\"properties\":{\"headers\":{\"shop\":\"south\"}}}");
	ck_assert_str_eq(browser_body(&browser), "{\"cut\":false,\"steps\":[],\"queues\":[]}");
	assert_asked(200, "POST", TRACE("amq.headers"),
	             "{\"properties\":{\"headers\":{\"shop\":\"north\"}}}");
	ck_assert(says("\"queues\":[{\"name\":\"q\"}]"));
	assert_asked(200, "POST", TRACE("amq.default"),
	             "{\"routing_key\":\"none\",\"properties\":{\"headers\":{\"CC\":[\"q\"]}}}");
	ck_assert(says("\"queues\":[{\"name\":\"q\"}]"));
}
END_TEST

START_TEST(the_alternate_exchange_is_a_step)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(201, "PUT", "/api/exchanges/%2F/x",
	             "{\"type\":\"direct\",\"arguments\":{\"alternate-exchange\":\"amq.fanout\"}}");
	bind_to("amq.fanout", "q", "q", "");
	assert_asked(200, "POST", TRACE("x"), "{}");
	ck_assert(says("\"why\":\"otherwise\""));
	ck_assert(says("\"queues\":[{\"name\":\"q\"}]"));
	assert_asked(404, "POST", TRACE("none"), "{}");
	assert_asked(400, "POST", TRACE("x"), "[]");
}
END_TEST

/* ---- the log ---- */

START_TEST(the_log_is_seen_as_it_is_written)
{
	livelog_add(&browser.livelog, LOGLINE_INFO, "an \"old\" line",
	            "2023-11-14 22:13:20.000001");
	http_take(browser.http, slice_str("GET /api/livelog HTTP/1.1\r\nHost: h\r\n"
	                                  "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n\r\n"));
	const char *seen = browser_watch(&browser);
	ck_assert_ptr_nonnull(strstr(seen, "content-type: text/event-stream\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "event: line\n"
	                                   "data: {\"time\":\"2023-11-14 22:13:20.000001\","
	                                   "\"level\":\"info\","
	                                   "\"text\":\"an \\\"old\\\" line\"}\n\n"));
	ck_assert_ptr_null(strstr(browser_watch(&browser), "line"));
	livelog_add(&browser.livelog, LOGLINE_ERROR, "a new one", "");
	seen = browser_watch(&browser);
	ck_assert_ptr_nonnull(strstr(seen, "a new one"));
	ck_assert_ptr_null(strstr(seen, "old"));
	in.now_ms += 14999;
	ck_assert_str_eq(browser_watch(&browser), "");
	in.now_ms++;
	ck_assert_str_eq(browser_watch(&browser), "3\r\n:\n\n\r\n");
	ck_assert_str_eq(browser_watch(&browser), "");
}
END_TEST

/* Else the carrier would end it as it ends what is silent. */
START_TEST(a_verb_that_goes_on_says_so)
{
	static const char call[] = "POST /api/verbs/consume_event_stream HTTP/1.1\r\nHost: h\r\n"
	                           "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n"
	                           "Content-Type: application/x-leveret-request\r\n"
	                           "Content-Length: 32\r\n\r\n"
	                           "LVR1\x18\0\0\0\x14\0\0\0consume_event_stream";
	static const char sign[] = "5\r\n\1\0\0\0\0\r\n";
	http_take(browser.http, slice_of(call, sizeof call - 1));
	for (int i = 0; i < 10; i++) {
		browser_watch(&browser);
		inside_pass(&in, 1);
	}
	for (int i = 0; i < 2; i++) {
		in.now_ms += 15000;
		browser_watch(&browser);
		ck_assert(browser.output.len >= sizeof sign - 1);
		ck_assert_mem_eq(browser.output.p + browser.output.len - (sizeof sign - 1), sign,
		                 sizeof sign - 1);
		ck_assert_str_eq(browser_watch(&browser), "");
	}
}
END_TEST

START_TEST(who_may_not_see_the_log_any_more_does_not)
{
	struct browser admin;
	browser_open(&admin, &in, true);
	browser_ask(&admin, "PUT", "/api/users/w", "{\"password\":\"w\",\"tags\":\"monitoring\"}");
	http_take(browser.http, slice_str("GET /api/livelog HTTP/1.1\r\nHost: h\r\n"
	                                  "Authorization: Basic dzp3\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(browser_watch(&browser), ": the log"));
	browser_ask(&admin, "PUT", "/api/users/w", "{\"password\":\"w\",\"tags\":\"management\"}");
	livelog_add(&browser.livelog, LOGLINE_ERROR, "a secret", "");
	ck_assert_str_eq(browser_watch(&browser), "");
	ck_assert(!http_wants_input(browser.http));
	browser_close(&admin);
}
END_TEST

START_TEST(who_falls_behind_goes_on_with_the_oldest_line)
{
	struct livelog log = { 0 };
	uint64_t next = 0;
	char text[16];
	ck_assert_ptr_null(livelog_read(&log, &next));
	for (int i = 0; i < LIVELOG_LINES + 10; i++) {
		snprintf(text, sizeof text, "%d", i);
		livelog_add(&log, LOGLINE_INFO, text, "");
	}
	ck_assert_str_eq(livelog_read(&log, &next)->text, "10");
	ck_assert_str_eq(livelog_read(&log, &next)->text, "11");
	next = LIVELOG_LINES + 9;
	ck_assert_str_eq(livelog_read(&log, &next)->text, text);
	ck_assert_ptr_null(livelog_read(&log, &next));
	livelog_free(&log);
}
END_TEST

Suite *suite_management_api_ui(void)
{
	Suite *s = suite_create("management_api_ui");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, files_are_for_anybody);
	tcase_add_test(t, nothing_else_is_a_file);
	tcase_add_test(t, who_has_a_file_is_told_so);
	tcase_add_test(t, a_way_has_all_its_steps);
	tcase_add_test(t, headers_count_and_other_keys_do);
	tcase_add_test(t, the_alternate_exchange_is_a_step);
	tcase_add_test(t, the_log_is_seen_as_it_is_written);
	tcase_add_test(t, a_verb_that_goes_on_says_so);
	tcase_add_test(t, who_may_not_see_the_log_any_more_does_not);
	tcase_add_test(t, who_falls_behind_goes_on_with_the_oldest_line);
	suite_add_tcase(s, t);
	return s;
}
