/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP as a conversation: how requests may come, how answers go, and what is no request. */
#include <check.h>
#include <stdio.h>

#include "management/http_request.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_http(void);

#define GUEST "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n"
#define GET_QUEUES "GET /api/queues HTTP/1.1\r\nHost: h\r\n" GUEST "\r\n"

static unsigned send(const char *bytes, size_t some_at_once)
{
	browser_send(&browser, slice_str(bytes), some_at_once);
	return browser_read(&browser, false);
}

/* Begins anew when the last answer ended the connection. */
static unsigned send_anew(const char *bytes)
{
	browser_close(&browser);
	browser_open(&browser, &in, true);
	return send(bytes, 0);
}

START_TEST(a_request_may_come_in_any_pieces)
{
	for (size_t n = 1; n < 60; n++) {
		ck_assert_uint_eq(send(GET_QUEUES, n), 200);
		ck_assert_str_eq(browser_body(&browser), "[]");
		ck_assert(!browser.over);
	}
}
END_TEST

START_TEST(requests_that_come_at_once_are_answered_in_order)
{
	ck_assert_uint_eq(send(GET_QUEUES "GET /api/nothing HTTP/1.1\r\nHost: h\r\n\r\n" GET_QUEUES, 0),
	                  200);
	ck_assert_uint_eq(browser_read(&browser, false), 404);
	ck_assert_uint_eq(browser_read(&browser, false), 200);
	ck_assert_uint_eq(browser_read(&browser, false), 0);
	ck_assert(!browser.over);
}
END_TEST

START_TEST(a_body_may_come_in_chunks)
{
	const char *put = "PUT /api/queues/%2F/q HTTP/1.1\r\nHost: h\r\n" GUEST
	                  "Transfer-Encoding: chunked\r\n\r\n"
	                  "5\r\n{\"dur\r\nb;x=y\r\nable\":true}\r\n0\r\nAuthorization: x\r\n\r\n";
	ck_assert_uint_eq(send(put, 0), 201);
	ck_assert_uint_eq(send(put, 3), 204);
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/queues/%2f/q?columns=durable", NULL), 200);
	ck_assert_str_eq(browser_body(&browser), "{\"durable\":true}");
}
END_TEST

START_TEST(who_waits_to_be_told_is_told_to_go_on)
{
	const char *head = "PUT /api/queues/%2F/q HTTP/1.1\r\nHost: h\r\n" GUEST
	                   "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
	ck_assert_uint_eq(send(head, 0), 100);
	ck_assert_uint_eq(send("{}", 0), 201);
}
END_TEST

START_TEST(a_body_that_is_not_wanted_is_not_read)
{
	const char *head = "PUT /api/queues/%2F/q HTTP/1.1\r\nHost: h\r\n"
	                   "Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n";
	ck_assert_uint_eq(send(head, 0), 401);
	ck_assert(has_line("connection: close\r\n"));
	ck_assert(browser.over);
}
END_TEST

START_TEST(a_head_alone)
{
	ck_assert_uint_eq(browser_ask(&browser, "HEAD", "/api/exchanges", NULL), 200);
	ck_assert(has_line("content-length: ") || has_line("transfer-encoding: chunked"));
	ck_assert_uint_eq(browser.output.len, 0);
	ck_assert_uint_eq(send(GET_QUEUES, 0), 200);
}
END_TEST

START_TEST(an_old_client_gets_an_answer_that_ends_with_the_connection)
{
	ck_assert_uint_eq(send("GET /api/queues HTTP/1.0\r\n" GUEST "\r\n", 0), 200);
	ck_assert(has_line("connection: close\r\n"));
	ck_assert(browser.over);
}
END_TEST

START_TEST(who_wants_no_more_is_answered_and_left)
{
	const char *last = "GET /api/queues HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" GUEST "\r\n";
	ck_assert_uint_eq(send(last, 7), 200);
	ck_assert(browser.over);
}
END_TEST

START_TEST(a_path_has_its_methods)
{
	ck_assert_uint_eq(browser_ask(&browser, "PATCH", "/api/queues", NULL), 405);
	ck_assert(has_line("allow: HEAD, GET, OPTIONS\r\n"));
	ck_assert_uint_eq(browser_ask(&browser, "POST", "/api/queues/%2F/q", NULL), 405);
	ck_assert(has_line("allow: HEAD, GET, PUT, DELETE, OPTIONS\r\n"));
	ck_assert_uint_eq(browser_ask_as(&browser, NULL, "OPTIONS", "/api/queues/", NULL), 200);
	ck_assert(has_line("allow: HEAD, GET, OPTIONS\r\n"));
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/queues/", NULL), 200);
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/queue", NULL), 404);
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/api/queues/%2", NULL), 400);
	ck_assert_uint_eq(browser_ask(&browser, "GET", "/1/2/3/4/5/6/7/8/9/a/b/c/d", NULL), 400);
}
END_TEST

START_TEST(what_is_no_request_ends_the_connection)
{
	static const struct {
		unsigned status;
		const char *bytes;
	} bad[] = {
		{ 400, "hello\r\n\r\n" },
		{ 505, "GET /api/queues\r\n\r\n" },
		{ 400, "GET /api/queues HTTP/1.1\r\n\r\n" },
		{ 400, "GET /api/queues HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
		{ 400, "GET /api/queues HTTP/1.1\r\nHost : a\r\n\r\n" },
		{ 400, "GET /api/version HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nGET " },
		{ 400, "GET /api/version HTTP/1.1\r\nHost: a\r\nX Y: 4\r\n\r\n" },
		{ 400, "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n" },
		{ 400, "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n" },
		{ 400, "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n" },
		{ 400, "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
		       "\r\n\r\n" },
		{ 400, "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n" },
		{ 400, "PUT /api/queues/%2F/q HTTP/1.1\r\nHost: a\r\n" GUEST
		       "Transfer-Encoding: chunked\r\n\r\nx\r\n" },
		{ 413, "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000001\r\n\r\n" },
		{ 505, "GET /api/queues HTTP/2.0\r\nHost: a\r\n\r\n" },
		{ 400, "\x16\x03\x01\x02" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(send_anew(bad[i].bytes) == bad[i].status, "%zu: %s", i, bad[i].bytes);
		ck_assert(browser.over);
		ck_assert(has_line("connection: close\r\n"));
	}
}
END_TEST

START_TEST(a_head_has_its_size)
{
	struct buf head = { 0 };
	buf_printf(&head, "GET /api/queues HTTP/1.1\r\nHost: h\r\nX: ");
	for (int i = 0; i < HTTP_HEAD_MAX_BYTES; i++)
		buf_u8(&head, 'x');
	buf_printf(&head, "\r\n\r\n");
	browser_send(&browser, buf_slice(&head), 0);
	ck_assert_uint_eq(browser_read(&browser, false), 431);
	ck_assert(browser.over);
	tear_down();
	set_up();
	browser_send(&browser, buf_slice(&head), 100);
	ck_assert_uint_eq(browser_read(&browser, false), 431);
	buf_free(&head);
}
END_TEST

START_TEST(a_body_in_chunks_has_its_size)
{
	struct buf body = { 0 };
	browser.host.max_body_bytes = 100;
	buf_printf(&body, "PUT /api/queues/%%2F/q HTTP/1.1\r\nHost: h\r\n" GUEST
	                  "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 101; i++)
		buf_printf(&body, "1\r\n \r\n");
	browser_send(&browser, buf_slice(&body), 50);
	ck_assert_uint_eq(browser_read(&browser, false), 413);
	ck_assert(browser.over);
	buf_free(&body);
}
END_TEST

START_TEST(who_has_no_password_is_asked_for_it)
{
	ck_assert_uint_eq(browser_ask_as(&browser, NULL, "GET", "/api/queues", NULL), 401);
	ck_assert(has_line("www-authenticate: Basic realm=\"RabbitMQ Management\"\r\n"));
	ck_assert_str_eq(browser_body(&browser), "");
	const char *wrong[] = { "guest:gues", "guest:", "nobody:guest", "guest", ":" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_uint_eq(browser_ask_as(&browser, wrong[i], "GET", "/api/queues", NULL), 401);
		ck_assert_str_eq(browser_body(&browser),
		                 "{\"error\":\"not_authorized\",\"reason\":\"Login failed\"}");
	}
	ck_assert_uint_eq(send("GET /api/queues HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n",
	                       0), 401);
	ck_assert(!browser.over);
}
END_TEST

START_TEST(guest_comes_from_this_machine_only)
{
	browser_close(&browser);
	browser_open(&browser, &in, false);
	ck_assert_uint_eq(send(GET_QUEUES, 0), 401);
}
END_TEST

START_TEST(a_client_at_rest_may_go_at_any_moment)
{
	const char *put = "PUT /api/queues/%2F/q HTTP/1.1\r\nHost: h\r\n" GUEST
	                  "Content-Length: 16\r\n\r\n{\"durable\":true}";
	for (size_t n = 0; n <= strlen(put); n++) {
		browser_close(&browser);
		browser_open(&browser, &in, true);
		if (n)
			http_take(browser.http, slice_of(put, n));
		struct buf out = { 0 };
		http_pull(browser.http, in.now_ms, &out);
		buf_free(&out);
	}
}
END_TEST

Suite *suite_management_http(void)
{
	Suite *s = suite_create("management_http");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_request_may_come_in_any_pieces);
	tcase_add_test(t, requests_that_come_at_once_are_answered_in_order);
	tcase_add_test(t, a_body_may_come_in_chunks);
	tcase_add_test(t, who_waits_to_be_told_is_told_to_go_on);
	tcase_add_test(t, a_body_that_is_not_wanted_is_not_read);
	tcase_add_test(t, a_head_alone);
	tcase_add_test(t, an_old_client_gets_an_answer_that_ends_with_the_connection);
	tcase_add_test(t, who_wants_no_more_is_answered_and_left);
	tcase_add_test(t, a_path_has_its_methods);
	tcase_add_test(t, what_is_no_request_ends_the_connection);
	tcase_add_test(t, a_head_has_its_size);
	tcase_add_test(t, a_body_in_chunks_has_its_size);
	tcase_add_test(t, who_has_no_password_is_asked_for_it);
	tcase_add_test(t, guest_comes_from_this_machine_only);
	tcase_add_test(t, a_client_at_rest_may_go_at_any_moment);
	suite_add_tcase(s, t);
	return s;
}
