/* SPDX-License-Identifier: Apache-2.0 */
/* Each route as each kind of user. */
#include <stdio.h>

#include "base/die.h"
#include "broker/user.h"
#include "broker/vhost.h"
#include "management/http_route.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_api_rights(void);

static const struct rule {
	const char *method, *path, *there, *elsewhere;
} rights[] = {
#define RIGHT(method, path, there, elsewhere) { #method, path, there, elsewhere },
#include "tests/unit/management/rights.def"
#undef RIGHT
};

static const struct {
	char letter;
	const char *who, *tag; /* name and password */
} users[] = {
	{ '-', NULL, NULL },           { 'p', "p:pw", "" },
	{ 'm', "m:pw", "management" }, { 'k', "k:pw", "policymaker" },
	{ 'o', "o:pw", "monitoring" }, { 'a', "a:pw", "administrator" },
};

static void add_users(void)
{
	for (size_t i = 1; i < ARRAY_LEN(users); i++) {
		char name[] = { users[i].who[0], '\0' };
		add_user(name, users[i].tag, ".*", ".*", ".*");
	}
	assert_asked(201, "PUT", "/api/vhosts/closed", NULL);
}

/* The first star is the virtual host, others are nothing that there is. */
static void fill(char target[256], const struct rule *right, const char *vhost)
{
	size_t n = (size_t)snprintf(target, 256, "/");
	for (const char *p = right->path; *p; p++) {
		n += (size_t)(*p == '*' ? snprintf(target + n, 256 - n, "%s", vhost)
		                        : snprintf(target + n, 256 - n, "%c", *p));
		if (*p == '*')
			vhost = "none";
	}
}

static void assert_right(const struct rule *right, const char *vhost, const char *letters)
{
	char target[256], found[ARRAY_LEN(users) + 1] = "";
	size_t n = 0;
	const char *body = right->method[0] == 'P' ? "{}" : NULL;
	fill(target, right, vhost);
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		if (browser.over) {          /* a body was not wanted */
			browser_close(&browser);
			browser_open(&browser, &in, true);
		}
		unsigned status = browser_ask_as(&browser, users[i].who, right->method, target, body);
		ck_assert_uint_ne(status, 0);
		if (status != 401)
			found[n++] = users[i].letter;
	}
	ck_assert_msg(strcmp(found, letters) == 0, "%s %s: '%s' are let in, not '%s'", right->method,
	              target, found, letters);
}

/* The log never ends; and nobody may be left without a virtual host. */
static bool is_endless(const struct rule *right)
{
	return strcmp(right->path, "api/livelog") == 0;
}

static bool deletes_vhost(const struct rule *right)
{
	return strcmp(right->path, "api/vhosts/*") == 0 && right->method[0] == 'D';
}

START_TEST(each_route_lets_in_who_may)
{
	add_users();
	for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
		if (is_endless(&rights[i]))
			continue;
		assert_right(&rights[i], deletes_vhost(&rights[i]) ? "none" : "%2F", rights[i].there);
		assert_right(&rights[i], deletes_vhost(&rights[i]) ? "none" : "closed",
		             rights[i].elsewhere);
	}
}
END_TEST

START_TEST(each_route_is_in_the_table)
{
	size_t n;
	const struct http_route *routes = http_routes(&n);
	for (size_t i = 0; i < n; i++) {
		bool found = strncmp(routes[i].path, "api", 3) != 0;
		for (size_t k = 0; k < ARRAY_LEN(rights); k++)
			found |= strcmp(rights[k].path, routes[i].path) == 0;
		ck_assert_msg(found, "%s has no line in rights.def", routes[i].path);
	}
}
END_TEST

/* The virtual host is not the first part of these paths. */
START_TEST(parameters_belong_to_their_virtual_host)
{
	add_users();
	assert_asked(204, "PUT", "/api/permissions/closed/guest",
	             "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
	const char *const body = "{\"value\":{\"pattern\":\"q\",\"definition\":{\"max-length\":1}}}";
	assert_asked_as(401, "k:pw", "PUT", "/api/parameters/operator_policy/%2F/x", body);
	assert_asked_as(401, "k:pw", "PUT", "/api/parameters/vhost-limits/%2F/limits",
	                "{\"value\":{\"max-queues\":0}}");
	assert_asked_as(401, "a:pw", "PUT", "/api/parameters/operator_policy/closed/x", body);
	assert_asked_as(401, "k:pw", "GET", "/api/parameters/any/closed/x", NULL);
	assert_asked_as(401, "k:pw", "DELETE", "/api/parameters/any/closed/x", NULL);
	assert_asked_as(404, "k:pw", "DELETE", "/api/parameters/any/%2F/x", NULL);
	assert_asked_as(404, "k:pw", "PUT", "/api/parameters/any/none/x", body);
	assert_get("/api/operator-policies", "[]");
	assert_get("/api/vhost-limits", "[]");
}
END_TEST

Suite *suite_management_api_rights(void)
{
	Suite *s = suite_create("management_api_rights");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, each_route_lets_in_who_may);
	tcase_add_test(t, each_route_is_in_the_table);
	tcase_add_test(t, parameters_belong_to_their_virtual_host);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}
