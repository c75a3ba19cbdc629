/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: passwords that are wrong too often, forms, what was tried, and hashes. */
#include <stdio.h>

#include "broker/password.h"
#include "broker/state.h"
#include "management/http_request.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_api_auth(void);

static void ask_wrongly(int n, const char *who)
{
	for (int i = 0; i < n; i++)
		assert_asked_as(401, who, "GET", "/api/whoami", NULL);
}

START_TEST(who_guesses_waits)
{
	ask_wrongly(4, "guest:wrong");
	assert_asked_as(429, "guest:wrong", "GET", "/api/whoami", NULL);
	ck_assert(has_line("retry-after: 5\r\n"));
	ck_assert(says("{\"error\":\"too_many_attempts\",\"reason\":\"Too many failed logins; the next "
	               "one is looked at in 5 s\"}"));
	assert_asked_as(429, "guest:guest", "GET", "/api/whoami", NULL);
	ask_wrongly(4, "nobody:wrong");
	assert_asked_as(401, NULL, "GET", "/api/whoami", NULL);
	in.now_ms += 5000;
	browser.host.login_minutes = 480;
	assert_asked_as(200, "guest:guest", "GET", "/api/whoami", NULL);
	ck_assert(says("{\"name\":\"guest\",\"tags\":[\"administrator\"],"
	               "\"login_session_timeout\":480}"));
	ask_wrongly(1, "guest:wrong");
	assert_asked_as(429, "guest:guest", "GET", "/api/whoami", NULL);
}
END_TEST

START_TEST(a_form_logs_in)
{
	assert_asked_as(200, NULL, "POST", "/api/login", "username=guest&password=%67uest");
	ck_assert_str_eq(browser_body(&browser), "\"ok\"");
	ck_assert(!has_line("set-cookie"));
	assert_asked_as(401, NULL, "POST", "/api/login", "username=guest&password=");
	ck_assert(says("Login failed"));
	assert_asked_as(401, NULL, "POST", "/api/login", "password=wrong&username=guest");
	assert_asked_as(400, NULL, "POST", "/api/login", "username=guest");
	assert_asked_as(400, NULL, "POST", "/api/login", "{\"username\":\"guest\"}");
	assert_asked_as(405, NULL, "GET", "/api/login", NULL);
	assert_asked_as(200, NULL, "GET", "/api/auth", NULL);
	ck_assert_str_eq(browser_body(&browser), "{\"oauth_enabled\":false}");
}
END_TEST

START_TEST(a_stranger_sends_little)
{
	static char body[HTTP_BODY_OF_STRANGERS_BYTES + 2];
	memset(body, 'x', sizeof body - 1);
	assert_asked_as(413, NULL, "POST", "/api/login", body);
	ck_assert(browser.over);
	browser_close(&browser);
	browser_open(&browser, &in, true);
	assert_asked(400, "PUT", "/api/queues/%2F/q", body);
}
END_TEST

#define ATTEMPTS "/api/auth/attempts/leveret"

START_TEST(attempts_are_counted)
{
	struct talk talk;
	ask_wrongly(1, "nobody:wrong");
	assert_get(ATTEMPTS, "[{\"protocol\":\"amqp091\",\"auth_attempts\":0,"
	                     "\"auth_attempts_failed\":0,\"auth_attempts_succeeded\":0},"
	                     "{\"protocol\":\"http\",\"auth_attempts\":2,"
	                     "\"auth_attempts_failed\":1,\"auth_attempts_succeeded\":1}]");
	assert_get(ATTEMPTS "/source",
	           "[{\"remote_address\":\"127.0.0.1\",\"username\":\"nobody\",\"protocol\":\"http\","
	           "\"auth_attempts\":1,\"auth_attempts_failed\":1,\"auth_attempts_succeeded\":0},"
	           "{\"remote_address\":\"127.0.0.1\",\"username\":\"guest\",\"protocol\":\"http\","
	           "\"auth_attempts\":2,\"auth_attempts_failed\":0,\"auth_attempts_succeeded\":2}]");
	assert_asked(204, "DELETE", ATTEMPTS, NULL);
	assert_asked(200, "GET", ATTEMPTS, NULL);
	ck_assert(says("\"protocol\":\"http\",\"auth_attempts\":1,"));
	assert_asked(204, "DELETE", ATTEMPTS "/source", NULL);
	ck_assert(talk_open(&talk, &in));
	talk_free(&talk);
	assert_asked(200, "GET", ATTEMPTS, NULL);
	ck_assert(says("\"protocol\":\"amqp091\",\"auth_attempts\":1,\"auth_attempts_failed\":0,"
	               "\"auth_attempts_succeeded\":1}"));
	assert_asked(404, "GET", "/api/auth/attempts/other", NULL);
	assert_asked(404, "GET", "/api/auth/attempts", NULL);
}
END_TEST

START_TEST(a_hash_is_made_of_a_password)
{
	struct password p;
	assert_asked(200, "POST", "/api/auth/hash_password", "{\"password\":\"secret\"}");
	struct slice body = slice_str(browser_body(&browser));
	ck_assert(slice_starts(body, "{\"ok\":\""));
	slice_take(&body, strlen("{\"ok\":\""));
	ck_assert(password_read(&p, HASHING_SHA256, slice_cut(&body, '"')));
	ck_assert(password_matches(&p, slice_str("secret")));
	assert_asked(400, "POST", "/api/auth/hash_password", "{}");
	assert_asked(400, "POST", "/api/auth/hash_password", "{\"password\":5}");
	assert_asked(400, "POST", "/api/auth/hash_password", "{\"password\":\"\"}");
	assert_asked(404, "GET", "/api/auth/hash_password/secret", NULL);
	ck_assert(says("POST to /api/auth/hash_password"));
}
END_TEST

/* ---- what changes between the head of a request and its body ---- */

static void add_eve(void)
{
	assert_asked(201, "PUT", "/api/users/eve", "{\"password\":\"e\",\"tags\":\"administrator\"}");
	assert_asked(201, "PUT", "/api/vhosts/v", "{}");
	assert_asked(201, "PUT", "/api/permissions/v/eve",
	             "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
}

/* The body comes when somebody has asked for something else meanwhile. */
static void assert_too_late(const char *target, const char *body, const char *method,
                            const char *meanwhile)
{
	struct browser eve;
	char head[256];
	add_eve();
	snprintf(head, sizeof head,
	         "PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZXZlOmU=\r\n"
	         "Content-Length: %zu\r\n\r\n", target, strlen(body));
	browser_open(&eve, &in, true);
	browser_send(&eve, slice_str(head), 0);
	ck_assert_uint_eq(browser_read(&eve, false), 0);
	assert_asked(204, method, meanwhile,
	             *method == 'P' ? "{\"password\":\"e\",\"tags\":\"management\"}" : NULL);
	browser_send(&eve, slice_str(body), 0);
	ck_assert_uint_eq(browser_read(&eve, false), 401);
	browser_close(&eve);
	browser_ask(&browser, "DELETE", "/api/users/eve", NULL);
	browser_ask(&browser, "DELETE", "/api/vhosts/v", NULL);
}

START_TEST(rights_are_those_there_are_when_the_body_is_there)
{
	static const char mallory[] = "{\"password\":\"m\",\"tags\":\"administrator\"}";
	assert_too_late("/api/queues/v/q", "{}", "DELETE", "/api/vhosts/v");
	assert_too_late("/api/queues/v/q", "{}", "DELETE", "/api/users/eve");
	assert_too_late("/api/queues/v/q", "{}", "DELETE", "/api/permissions/v/eve");
	assert_too_late("/api/policies/v/p", "{}", "DELETE", "/api/vhosts/v");
	assert_too_late("/api/users/mallory", mallory, "DELETE", "/api/users/eve");
	assert_too_late("/api/users/mallory", mallory, "PUT", "/api/users/eve");
	assert_asked(404, "GET", "/api/users/mallory", NULL);
}
END_TEST

Suite *suite_management_api_auth(void)
{
	Suite *s = suite_create("management_api_auth");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, who_guesses_waits);
	tcase_add_test(t, a_form_logs_in);
	tcase_add_test(t, a_stranger_sends_little);
	tcase_add_test(t, attempts_are_counted);
	tcase_add_test(t, a_hash_is_made_of_a_password);
	tcase_add_test(t, rights_are_those_there_are_when_the_body_is_there);
	suite_add_tcase(s, t);
	return s;
}
