/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration over HTTP, and what it says about HTTP itself: pages of other sites, and paths
 * that all begin with something. */
#include "fixture.h"

Suite *suite_management_api_config(void);

/* The answer to bytes as they are. */
static unsigned say(const char *bytes)
{
	browser_send(&browser, slice_str(bytes), 0);
	return browser_read(&browser, false);
}

/* ---- reading it ---- */

START_TEST(what_is_in_force_is_an_object)
{
	buf_printf(&browser.host.settings, "heartbeat = 60\ndefault_user = 'a \"b\" # c'\nempty = \n");
	assert_get("/api/config/effective",
	           "{\"heartbeat\":\"60\",\"default_user\":\"'a \\\"b\\\" # c'\",\"empty\":\"\"}");
	buf_free(&browser.host.settings);
}
END_TEST

START_TEST(a_reload_is_a_wish_of_the_host_and_tells_what_came_of_it)
{
	buf_printf(&browser.host.reloaded.live, "heartbeat,frame_max");
	buf_printf(&browser.host.reloaded.start, "data_dir");
	assert_asked(200, "POST", "/api/config/reload", NULL);
	ck_assert_int_eq(browser.host.wish, HOST_RELOADS);
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"changed\":[\"heartbeat\",\"frame_max\"],\"needs_restart\":[\"data_dir\"],"
	                 "\"first_start_only\":[]}");
	buf_free(&browser.host.reloaded.live);
	buf_free(&browser.host.reloaded.start);
	buf_printf(&browser.host.trouble, "a.conf:3: no");
	assert_asked(400, "POST", "/api/config/reload", NULL);
	ck_assert(says("\"reason\":\"a.conf:3: no\""));
	buf_free(&browser.host.trouble);
}
END_TEST

START_TEST(it_is_for_administrators)
{
	assert_asked(201, "PUT", "/api/users/m", "{\"password\":\"m\",\"tags\":\"monitoring\"}");
	assert_asked_as(401, "m:m", "POST", "/api/config/reload", NULL);
	assert_asked_as(401, "m:m", "GET", "/api/config/effective", NULL);
	ck_assert_int_eq(browser.host.wish, HOST_GOES_ON);
}
END_TEST

/* ---- pages of other sites ---- */

#define FROM(origin) "GET /api/version HTTP/1.1\r\nhost: x\r\norigin: " origin "\r\n\r\n"

START_TEST(pages_of_sites_that_are_named_may_ask)
{
	browser.host.cors_origins = "https://a.example http://b.example:8080";
	ck_assert_uint_eq(say(FROM("http://b.example:8080")), 200);
	ck_assert(has_line("access-control-allow-origin: http://b.example:8080\r\n"));
	ck_assert(has_line("access-control-allow-credentials: true\r\n"));
	ck_assert_uint_eq(say("OPTIONS /api/queues HTTP/1.1\r\nhost: x\r\norigin: https://a.example\r\n"
	                      "access-control-request-headers: authorization\r\n\r\n"), 200);
	ck_assert(has_line("access-control-allow-headers: authorization\r\n"));
	ck_assert(has_line("access-control-allow-methods: "));
}
END_TEST

static const char *const others[] = {
	FROM("https://a.example.evil"), FROM("https://a.exampl"), FROM("null"), FROM("*"),
	FROM("https://a.example http://b.example:8080"), "GET /api/version HTTP/1.1\r\nhost: x\r\n\r\n",
};

START_TEST(all_others_are_told_nothing)
{
	browser.host.cors_origins = "https://a.example http://b.example:8080";
	ck_assert_uint_eq(say(others[_i]), 200);
	ck_assert(!has_line("access-control-"));
}
END_TEST

/* ---- a prefix ---- */

START_TEST(paths_begin_with_the_prefix)
{
	browser.host.path_prefix = "/mq";
	assert_asked(200, "GET", "/mq/api/version", NULL);
	assert_asked(200, "GET", "/mq/", NULL);
	assert_asked(404, "GET", "/api/version", NULL);
	assert_asked(404, "GET", "/mqx/api/version", NULL);
	assert_asked(404, "GET", "/mq", NULL);
	browser.host.path_prefix = "/mq/";
	assert_asked(200, "GET", "/mq/api/version", NULL);
	browser.host.path_prefix = "/";
	assert_asked(200, "GET", "/api/version", NULL);
}
END_TEST

Suite *suite_management_api_config(void)
{
	Suite *s = suite_create("management/api_config");
	TCase *t = tcase_create("api_config");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_in_force_is_an_object);
	tcase_add_test(t, a_reload_is_a_wish_of_the_host_and_tells_what_came_of_it);
	tcase_add_test(t, it_is_for_administrators);
	tcase_add_test(t, pages_of_sites_that_are_named_may_ask);
	tcase_add_loop_test(t, all_others_are_told_nothing, 0, sizeof others / sizeof others[0]);
	tcase_add_test(t, paths_begin_with_the_prefix);
	suite_add_tcase(s, t);
	return s;
}
