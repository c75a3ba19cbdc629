/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the HTTP API in the order of names, and what a page, or the bindings of one end, cost:
 * as many pulls among many as among few. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/tour.h"
#include "broker/user.h"
#include "management/ranking.h"
#include "queue/queue.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_api_order(void);

enum { MANY = 9000 }; /* looking at them takes some pulls */

static struct vhost *vhost(const char *name)
{
	struct vhost *v = vhost_find(in.broker, slice_str(name));
	log_position wait_for;
	return v ? v : vhost_add(in.broker, slice_str(name), &VHOST_PLAIN, &wait_for);
}

static struct queue *add_queue(const char *in_vhost, const char *name)
{
	struct queue_spec spec = { .name = slice_str(name), .arguments = slice_of("", 0) };
	log_position wait_for;
	return topology_add_queue(&vhost(in_vhost)->topology, &spec, &wait_for);
}

/* q0000 and so on, not in that order. */
static void add_queues(const char *in_vhost, int n)
{
	for (int i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof name, "q%04d", i * 11 % n);
		add_queue(in_vhost, name);
	}
}

static void bind(struct exchange *source, struct queue *q, struct exchange *x, const char *key)
{
	struct binding_spec spec = { .source = source,
		                         .queue = q,
		                         .exchange = x,
		                         .key = slice_str(key),
		                         .arguments = slice_of("", 0) };
	log_position wait_for;
	ck_assert_ptr_null(topology_bind(&vhost("/")->topology, &spec, &wait_for, &why));
}

static struct exchange *exchange(const char *name)
{
	return topology_exchange(&vhost("/")->topology, slice_str(name));
}

static unsigned pulls(const char *target)
{
	assert_asked(200, "GET", target, NULL);
	return browser.pulls;
}

/* ---- whole lists ---- */

START_TEST(a_list_is_by_virtual_host_and_name)
{
	add_queue("b", "y");
	add_queue("b", "x");
	add_queue("/", "z");
	add_queue("B", "a");
	add_queue("/", "Z");
	assert_get("/api/queues?columns=vhost,name",
	           "[{\"vhost\":\"/\",\"name\":\"Z\"},{\"vhost\":\"/\",\"name\":\"z\"},"
	           "{\"vhost\":\"B\",\"name\":\"a\"},{\"vhost\":\"b\",\"name\":\"x\"},"
	           "{\"vhost\":\"b\",\"name\":\"y\"}]");
	assert_get("/api/vhosts?columns=name", "[{\"name\":\"/\"},{\"name\":\"B\"},{\"name\":\"b\"}]");
	assert_asked(201, "PUT", "/api/exchanges/%2F/zeta", "{}");
	assert_asked(201, "PUT", "/api/exchanges/%2F/alpha", "{}");
	assert_get("/api/exchanges/%2F?columns=name",
	           "[{\"name\":\"\"},{\"name\":\"alpha\"},{\"name\":\"amq.direct\"},"
	           "{\"name\":\"amq.fanout\"},{\"name\":\"amq.headers\"},{\"name\":\"amq.match\"},"
	           "{\"name\":\"amq.rabbitmq.event\"},{\"name\":\"amq.rabbitmq.trace\"},"
	           "{\"name\":\"amq.topic\"},{\"name\":\"zeta\"}]");
	assert_get("/api/bindings/%2F?columns=destination",
	           "[{\"destination\":\"Z\"},{\"destination\":\"z\"}]");
}
END_TEST

static void put_user(const char *name)
{
	char target[64];
	snprintf(target, sizeof target, "/api/users/%s", name);
	assert_asked(201, "PUT", target, "{\"password\":\"\",\"tags\":\"\"}");
	snprintf(target, sizeof target, "/api/permissions/%%2F/%s", name);
	assert_asked(201, "PUT", target, "{\"configure\":\"\",\"write\":\"\",\"read\":\"\"}");
}

START_TEST(what_there_is_little_of_is_put_in_order)
{
	put_user("z");
	put_user("a");
	assert_get("/api/users?columns=name",
	           "[{\"name\":\"a\"},{\"name\":\"guest\"},{\"name\":\"z\"}]");
	assert_get("/api/permissions?columns=user",
	           "[{\"user\":\"a\"},{\"user\":\"guest\"},{\"user\":\"z\"}]");
	assert_asked(201, "PUT", "/api/policies/%2F/y",
	             "{\"pattern\":\"\",\"definition\":{\"max-length\":1},\"priority\":1}");
	assert_asked(201, "PUT", "/api/policies/%2F/x",
	             "{\"pattern\":\"\",\"definition\":{\"max-length\":1},\"priority\":2}");
	assert_get("/api/policies?columns=name", "[{\"name\":\"x\"},{\"name\":\"y\"}]");
}
END_TEST

/* ---- pages ---- */

/* Of all rows that a list without pages has, a page is a part, whatever its size. */
static void assert_pages(const char *path, const char *order)
{
	char target[200], *whole;
	snprintf(target, sizeof target, "%s?columns=name%s", path, order);
	assert_asked(200, "GET", target, NULL);
	whole = strdup(browser_body(&browser));
	for (int size = 1; size <= 12; size++) {
		struct buf joined = { 0 };
		int pages = 1;
		for (int page = 1; page <= pages; page++) {
			snprintf(target, sizeof target, "%s?columns=name%s&page=%d&page_size=%d", path, order,
			         page, size);
			assert_asked(200, "GET", target, NULL);
			const char *body = browser_body(&browser), *items = strchr(body, '[') + 1;
			buf_printf(&joined, "%s%.*s", page == 1 ? "[" : ",", (int)(strchr(items, ']') - items),
			           items);
			pages = atoi(strstr(body, "\"page_count\":") + strlen("\"page_count\":"));
		}
		buf_printf(&joined, "]");
		buf_u8(&joined, 0);
		ck_assert_str_eq((const char *)joined.p, whole);
		buf_free(&joined);
	}
	free(whole);
}

START_TEST(pages_together_are_the_whole)
{
	add_queues("/", 7);
	add_queues("more", 5);
	vhost("none");
	add_queues("o", 3);
	assert_pages("/api/queues", "");
	assert_pages("/api/queues", "&sort=name");
	assert_pages("/api/queues", "&sort=name&sort_reverse=true");
	assert_pages("/api/queues/%2F", "&sort=name");
	assert_pages("/api/queues/%2F", "&sort=name&sort_reverse=true");
	assert_pages("/api/queues", "&name=1");
	assert_pages("/api/queues", "&name=1&sort=name&sort_reverse=true");
	assert_pages("/api/queues", "&sort=vhost&sort_reverse=true");
	assert_pages("/api/exchanges", "");
	assert_pages("/api/exchanges/o", "&sort=name&sort_reverse=true");
	assert_pages("/api/vhosts", "&sort=name");
	assert_get("/api/queues?columns=name,vhost&sort=name&page=1&page_size=3",
	           "{\"items\":[{\"vhost\":\"/\",\"name\":\"q0000\"},{\"vhost\":\"more\","
	           "\"name\":\"q0000\"},{\"vhost\":\"o\",\"name\":\"q0000\"}],"
	           "\"filtered_count\":15,\"item_count\":3,\"page\":1,\"page_count\":5,"
	           "\"page_size\":3,\"total_count\":15}");
	assert_asked(400, "GET", "/api/queues?page=4&page_size=5", NULL);
	ck_assert(says("page out of range"));
}
END_TEST

START_TEST(what_the_user_does_not_see_is_not_counted)
{
	log_position wait_for;
	struct pattern_fault fault;
	struct slice all = slice_str(".*"), texts[RIGHTS] = { all, all, all };
	add_user("u", "management", NULL, NULL, NULL);
	struct user *u = user_find(in.broker, slice_str("u"));
	add_queues("/", 4);
	add_queues("more", 2);
	ck_assert(grant_set(u, vhost("more"), slice_of(NULL, 0), texts, &fault, &wait_for));
	assert_asked_as(200, "u:pw", "GET", "/api/queues?columns=vhost&page=1&page_size=1", NULL);
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"items\":[{\"vhost\":\"more\"}],\"filtered_count\":2,\"item_count\":1,"
	                 "\"page\":1,\"page_count\":2,\"page_size\":1,\"total_count\":2}");
	assert_asked_as(401, "u:pw", "GET", "/api/queues/%2F?page=1", NULL);
}
END_TEST

START_TEST(a_page_costs_no_walk)
{
	static const char *const targets[] = {
		"/api/queues?columns=name&page=1",
		"/api/queues/%2F?columns=name&page=1&sort=name",
		"/api/queues?columns=name&page=1&page_size=1&sort=name&sort_reverse=true",
	};
	unsigned few[3];
	add_queues("/", 100);
	for (int i = 0; i < 3; i++)
		few[i] = pulls(targets[i]);
	add_queues("more", MANY);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(pulls(targets[i]), few[i]);
	ck_assert_uint_eq(pulls("/api/queues/more?columns=name&page=80"), few[0]);
	ck_assert(says("{\"items\":[{\"name\":\"q7900\"},"));
	ck_assert_uint_eq(pulls("/api/queues?columns=name&page=82"), few[0]);
	ck_assert(says("{\"items\":[{\"name\":\"q8000\"},"));
	ck_assert_uint_gt(pulls("/api/queues?columns=name&page=1&name=q0000"), few[0]);
	ck_assert(says("{\"items\":[{\"name\":\"q0000\"},{\"name\":\"q0000\"}],\"filtered_count\":2,"));
}
END_TEST

/* Others take up all that lists may which are put in order, but some bytes. */
START_TEST(too_many_lists_at_once_are_put_off)
{
	static const char target[] = "/api/queues?sort=messages&columns=name,messages";
	add_queues("/", 100);
	browser.host.ranked_bytes = RANKINGS_MAX_BYTES - 5000;
	assert_asked(503, "GET", target, NULL);
	ck_assert(says("\"error\":\"service_unavailable\",\"reason\":\"too many long lists"));
	ck_assert_uint_eq(browser.host.ranked_bytes, RANKINGS_MAX_BYTES - 5000);
	assert_asked(200, "GET", "/api/queues?columns=name", NULL);   /* nothing of it is kept */
	browser.host.ranked_bytes = RANKINGS_MAX_BYTES / 2;
	assert_asked(200, "GET", target, NULL);
	ck_assert_uint_eq(browser.host.ranked_bytes, RANKINGS_MAX_BYTES / 2);
}
END_TEST

/* ---- bindings of one end ---- */

START_TEST(bindings_of_one_end_cost_no_walk)
{
	struct queue *q = add_queue("/", "one");
	bind(exchange("amq.topic"), q, NULL, "a");
	bind(exchange("amq.fanout"), q, NULL, "");
	bind(exchange("amq.topic"), NULL, exchange("amq.direct"), "b");
	add_queues("/", MANY);
	static const char *const answers[][2] = {
		{ "/api/queues/%2F/one/bindings?columns=source,routing_key",
		  "[{\"source\":\"\",\"routing_key\":\"one\"},"
		  "{\"source\":\"amq.topic\",\"routing_key\":\"a\"},"
		  "{\"source\":\"amq.fanout\",\"routing_key\":\"\"}]" },
		{ "/api/exchanges/%2F/amq.topic/bindings/source?columns=destination",
		  "[{\"destination\":\"one\"},{\"destination\":\"amq.direct\"}]" },
		{ "/api/exchanges/%2F/amq.direct/bindings/destination?columns=source",
		  "[{\"source\":\"amq.topic\"}]" },
		{ "/api/bindings/%2F/e/amq.topic/q/one?columns=routing_key", "[{\"routing_key\":\"a\"}]" },
		{ "/api/bindings/%2F/e/amq.topic/e/amq.direct?columns=routing_key",
		  "[{\"routing_key\":\"b\"}]" },
		{ "/api/exchanges/%2F/amq.default/bindings/destination", "[]" },
	};
	unsigned cost = pulls("/api/whoami");
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		assert_get(answers[i][0], answers[i][1]);
		ck_assert_uint_le(browser.pulls, cost + 1);
	}
	assert_asked(200, "GET", "/api/exchanges/%2F/amq.default/bindings/source?columns=destination",
	             NULL);
	ck_assert(says("[{\"destination\":\"one\"},{\"destination\":\"q0000\"}"));
}
END_TEST

/* An end may go while its bindings are gone through. */
START_TEST(an_end_that_goes_ends_its_list)
{
	struct vhost *v = vhost("/");
	struct queue *q = add_queue("/", "one");
	struct tour to = { 0 }, from = { 0 };
	struct roster_row row;
	log_position wait_for;
	struct exchange_spec spec = { .name = slice_str("x"),
		                          .arguments = slice_of("", 0),
		                          .type = &exchange_topic };
	struct exchange *x = topology_add_exchange(&v->topology, &spec, &wait_for);
	for (int i = 0; i < 3; i++)
		bind(x, q, NULL, i == 0 ? "a" : i == 1 ? "b" : "c");
	tour_begin_to(&to, v, (struct destination){ .queue = q });
	tour_begin_from(&from, v, x);
	ck_assert_int_eq(tour_next(&to, &row), TOUR_ROW);
	ck_assert_ptr_null(row.binding);
	ck_assert_int_eq(tour_next(&from, &row), TOUR_ROW);
	ck_assert(slice_is(row.binding->key, "a"));
	topology_unbind(&v->topology, &(struct binding_spec){ .source = x,
	                                                      .queue = q,
	                                                      .key = slice_str("a"),
	                                                      .arguments = slice_of("", 0) });
	topology_unbind(&v->topology, &(struct binding_spec){ .source = x,
	                                                      .queue = q,
	                                                      .key = slice_str("b"),
	                                                      .arguments = slice_of("", 0) });
	ck_assert_int_eq(tour_next(&to, &row), TOUR_ROW);
	ck_assert(slice_is(row.binding->key, "c"));
	ck_assert_int_eq(tour_next(&from, &row), TOUR_ROW);
	ck_assert(slice_is(row.binding->key, "c"));
	topology_remove_queue(&v->topology, q);
	topology_remove_exchange(&v->topology, x);
	ck_assert_int_eq(tour_next(&to, &row), TOUR_END);
	ck_assert_int_eq(tour_next(&from, &row), TOUR_END);
	tour_end(&to);
	tour_end(&from);
}
END_TEST

Suite *suite_management_api_order(void)
{
	Suite *s = suite_create("management_api_order");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_list_is_by_virtual_host_and_name);
	tcase_add_test(t, what_there_is_little_of_is_put_in_order);
	tcase_add_test(t, pages_together_are_the_whole);
	tcase_add_test(t, what_the_user_does_not_see_is_not_counted);
	tcase_add_test(t, a_page_costs_no_walk);
	tcase_add_test(t, too_many_lists_at_once_are_put_off);
	tcase_add_test(t, bindings_of_one_end_cost_no_walk);
	tcase_add_test(t, an_end_that_goes_ends_its_list);
	suite_add_tcase(s, t);
	return s;
}
