/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP API, family by family, asked of a broker inside the test. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/connection.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/parsing.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_api(void);

/* The same pattern for all rights. */
static void add_one(const char *name, const char *tag, const char *pattern)
{
	add_user(name, tag, pattern, pattern, pattern);
}

/* ---- who may ---- */

/* In the path and in the body. */
START_TEST(no_name_is_longer_than_255_bytes)
{
	char name[257] = { 0 }, text[400];
	memset(name, 'n', 256);
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	static const char *const targets[] = { "/api/queues/%%2F/%s", "/api/exchanges/%%2F/%s" };
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof text, targets[i], name);
		assert_asked(400, "PUT", text, "{\"type\":\"direct\"}");
		snprintf(text, sizeof text, targets[i], name + 1);
		assert_asked(201, "PUT", text, "{\"type\":\"direct\"}");
	}
	snprintf(text, sizeof text, "/api/queues/%%2F/%s/peek", name);
	assert_asked(400, "POST", text, "{}");
	snprintf(text, sizeof text, "/api/queues/%%2F/%s/replay", name);
	assert_asked(400, "POST", text, "{\"from\":0,\"to\":1}");
	snprintf(text, sizeof text, "{\"type\":\"%s\"}", name);
	assert_asked(400, "PUT", "/api/exchanges/%2F/x", text);
	snprintf(text, sizeof text, "{\"routing_key\":\"%s\"}", name);
	assert_asked(400, "POST", "/api/bindings/%2F/e/amq.direct/q/q", text);
}
END_TEST

START_TEST(tags_say_who_may_ask)
{
	add_one("plain", "", ".*");
	add_one("manager", "management", ".*");
	add_one("stranger", "management", NULL);
	add_one("watcher", "monitoring", NULL);
	assert_asked_as(401, "plain:pw", "GET", "/api/queues", NULL);
	ck_assert(says("\"error\":\"not_authorised\""));
	assert_asked_as(200, "manager:pw", "GET", "/api/queues/%2F", NULL);
	assert_asked_as(401, "stranger:pw", "GET", "/api/queues/%2F", NULL);
	assert_asked_as(200, "watcher:pw", "GET", "/api/queues/%2F", NULL);
	assert_asked_as(401, "watcher:pw", "PUT", "/api/queues/%2F/q", "");
	assert_asked_as(404, "manager:pw", "GET", "/api/queues/none", NULL);
}
END_TEST

START_TEST(a_list_has_what_the_user_sees)
{
	add_one("stranger", "management", NULL);
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked_as(200, "stranger:pw", "GET", "/api/queues", NULL);
	ck_assert_str_eq(browser_body(&browser), "[]");
	assert_get("/api/queues?columns=name", "[{\"name\":\"q\"}]");
}
END_TEST

START_TEST(who_declares_needs_the_right)
{
	add_one("narrow", "management", "^mine");
	assert_asked_as(201, "narrow:pw", "PUT", "/api/queues/%2F/mine", "");
	assert_asked_as(401, "narrow:pw", "PUT", "/api/queues/%2F/his", "");
	ck_assert(says("configure access to queue 'his' in vhost '/' refused for user 'narrow'"));
}
END_TEST

/* ---- lists ---- */

static void declare_many(const char *format, int n)
{
	for (int i = 0; i < n; i++) {
		char target[64];
		snprintf(target, sizeof target, format, i);
		assert_asked(201, "PUT", target, NULL);
	}
}

START_TEST(a_long_list_comes_in_pieces)
{
	declare_many("/api/queues/%%2F/q%04d", 1200);
	assert_asked(200, "GET", "/api/queues", NULL);
	ck_assert(has_line("transfer-encoding: chunked\r\n"));
	ck_assert_uint_ge(browser.pieces, 3);
	size_t names = 0;
	for (const char *at = browser_body(&browser); (at = strstr(at, "\"name\":")); at++)
		names++;
	ck_assert_uint_eq(names, 1200);
	ck_assert_uint_eq(browser.body.p[0], '[');
	ck_assert_uint_eq(browser.body.p[browser.body.len - 1], ']');
}
END_TEST

START_TEST(pages_are_in_the_order_of_names)
{
	assert_asked(201, "PUT", "/api/queues/%2F/c", NULL);
	assert_asked(201, "PUT", "/api/queues/%2F/a", NULL);
	assert_asked(201, "PUT", "/api/queues/%2F/b", NULL);
	assert_get("/api/queues?columns=name&page=1&page_size=2",
	           "{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"filtered_count\":3,"
	           "\"item_count\":2,\"page\":1,\"page_count\":2,\"page_size\":2,\"total_count\":3}");
	assert_get("/api/queues/%2F?columns=name&page=2&page_size=2",
	           "{\"items\":[{\"name\":\"c\"}],\"filtered_count\":3,"
	           "\"item_count\":1,\"page\":2,\"page_count\":2,\"page_size\":2,\"total_count\":3}");
	assert_get("/api/queues?columns=name&page=1&page_size=2&name=b",
	           "{\"items\":[{\"name\":\"b\"}],\"filtered_count\":1,"
	           "\"item_count\":1,\"page\":1,\"page_count\":1,\"page_size\":2,\"total_count\":3}");
	assert_get("/api/queues?columns=name&page=1&name=z&use_regex=false",
	           "{\"items\":[],\"filtered_count\":0,"
	           "\"item_count\":0,\"page\":1,\"page_count\":1,\"page_size\":100,\"total_count\":3}");
	assert_asked(400, "GET", "/api/queues?page=3&page_size=2", NULL);
	assert_asked(400, "GET", "/api/queues?page=0", NULL);
	assert_asked(400, "GET", "/api/queues?page=x", NULL);
	assert_asked(400, "GET", "/api/queues?page=1&page_size=501", NULL);
}
END_TEST

START_TEST(a_list_is_sorted_by_any_field)
{
	assert_asked(201, "PUT", "/api/queues/%2F/one", NULL);
	assert_asked(201, "PUT", "/api/queues/%2F/two", NULL);
	publish_by("amq.default", "one", "{}", "", "string");
	assert_get("/api/queues?columns=name,messages&sort=messages",
	           "[{\"name\":\"two\",\"messages\":0},{\"name\":\"one\",\"messages\":1}]");
	assert_get("/api/queues?columns=name&sort=messages&sort_reverse=true",
	           "[{\"name\":\"one\"},{\"name\":\"two\"}]");
	assert_get("/api/queues?columns=name&sort=name", "[{\"name\":\"one\"},{\"name\":\"two\"}]");
	assert_asked(400, "GET", "/api/queues?sort=nothing", NULL);
}
END_TEST

START_TEST(names_are_found_by_a_pattern)
{
	declare_many("/api/queues/%%2F/q%d", 12);
	assert_get("/api/queues?columns=name&name=^q1.$&use_regex=true",
	           "[{\"name\":\"q10\"},{\"name\":\"q11\"}]");
	assert_get("/api/queues?columns=name&name=%5Eq1%2B%24&use_regex=true",
	           "[{\"name\":\"q1\"},{\"name\":\"q11\"}]");
	assert_asked(400, "GET", "/api/queues?name=(&use_regex=true", NULL);
	assert_get("/api/queues?columns=name&name=(a%2B)%2B%24&use_regex=true", "[]");
}
END_TEST

START_TEST(a_pattern_that_takes_long_makes_short_pieces)
{
	declare_many("/api/queues/%%2F/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d", 100);
	assert_get("/api/queues?name=(a%2B)%2B%24&use_regex=true", "[]");
	ck_assert_uint_gt(browser.pulls, 10);
}
END_TEST

/* ---- queues, exchanges, bindings ---- */

START_TEST(a_queue_is_declared_once)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", "{\"durable\":true,\"arguments\":"
	                                              "{\"x-max-length\":5}}");
	assert_asked(204, "PUT", "/api/queues/%2F/q", "{\"durable\":true,\"arguments\":"
	                                              "{\"x-max-length\":5}}");
	assert_asked(400, "PUT", "/api/queues/%2F/q", "{\"durable\":false}");
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"error\":\"bad_request\",\"reason\":\"inequivalent arg 'durable' for queue "
	                 "'q' in vhost '/': received 'false' but current is 'true'\"}");
	assert_asked(400, "PUT", "/api/queues/%2F/r", "{\"arguments\":{\"x-max-length\":\"x\"}}");
	assert_asked(400, "PUT", "/api/queues/%2F/r", "{");
	ck_assert(says("\"reason\":\"not_json\""));
	assert_asked(400, "PUT", "/api/queues/%2F/r", "[]");
	assert_get("/api/queues/%2F/q?columns=name,durable,arguments,type,exclusive,auto_delete,vhost",
	           "{\"vhost\":\"/\",\"name\":\"q\",\"type\":\"classic\",\"durable\":true,"
	           "\"auto_delete\":false,\"exclusive\":false,\"arguments\":{\"x-max-length\":5}}");
	assert_asked(404, "GET", "/api/queues/%2F/r", NULL);
	assert_asked(204, "DELETE", "/api/queues/%2F/q", NULL);
	assert_asked(404, "DELETE", "/api/queues/%2F/q", NULL);
}
END_TEST

START_TEST(what_was_declared_is_there_after_a_crash)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", "{\"durable\":true}");
	assert_asked(201, "PUT", "/api/exchanges/%2F/x", "{\"durable\":true,\"type\":\"fanout\"}");
	assert_asked(201, "POST", "/api/bindings/%2F/e/x/q/q", "{}");
	publish_by("x", "", "{\"delivery_mode\":2}", "m", "string");
	browser_close(&browser);
	inside_crash(&in, DISK_SIM_LOSES_ALL);
	ck_assert(inside_start(&in, &why));
	browser_open(&browser, &in, true);
	assert_get("/api/queues?columns=name,messages", "[{\"name\":\"q\",\"messages\":1}]");
	assert_get("/api/bindings/%2F/e/x/q/q?columns=properties_key", "[{\"properties_key\":\"~\"}]");
}
END_TEST

START_TEST(a_delete_may_ask_that_nothing_is_lost)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	publish_by("amq.default", "q", "{}", "", "string");
	assert_asked(400, "DELETE", "/api/queues/%2F/q?if-empty=true", NULL);
	assert_asked(204, "DELETE", "/api/queues/%2F/q/contents", NULL);
	assert_asked(204, "DELETE", "/api/queues/%2F/q?if-empty=true&if-unused=true", NULL);
	assert_asked(404, "DELETE", "/api/queues/%2F/q/contents", NULL);
}
END_TEST

START_TEST(a_plus_sign_may_be_a_blank)
{
	assert_asked(201, "PUT", "/api/queues/%2F/a%20b", NULL);
	assert_get("/api/queues/%2F/a+b?columns=name", "{\"name\":\"a b\"}");
	assert_asked(201, "PUT", "/api/queues/%2F/a+b", NULL);
	assert_get("/api/queues/%2F/a+b?columns=name", "{\"name\":\"a+b\"}");
	assert_asked(201, "PUT", "/api/queues/%2F/c%20d%2Be%2Ff", NULL);
	assert_get("/api/queues/%2F/c+d%2Be%2Ff?columns=name", "{\"name\":\"c d+e/f\"}");
	assert_asked(404, "GET", "/api/queues/%2F/c+d+e%2Ff", NULL);
}
END_TEST

START_TEST(numbers_may_be_texts)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(200, "POST", "/api/queues/%2F/q/get",
	             "{\"count\":\"1\",\"ackmode\":\"ack_requeue_true\",\"encoding\":\"auto\"}");
	assert_asked(400, "POST", "/api/queues/%2F/q/get",
	             "{\"count\":\"1x\",\"ackmode\":\"ack_requeue_true\",\"encoding\":\"auto\"}");
	assert_asked(204, "PUT", "/api/vhost-limits/%2F/max-queues", "{\"value\":\"7\"}");
	assert_get("/api/vhost-limits", "[{\"vhost\":\"/\",\"value\":{\"max-queues\":7}}]");
	assert_asked(204, "PUT", "/api/vhost-limits/%2F/max-queues", "{\"value\":\"-1\"}");
	assert_get("/api/vhost-limits", "[]");
	assert_asked(400, "PUT", "/api/vhost-limits/%2F/max-queues", "{\"value\":\"--1\"}");
}
END_TEST

/* Else who may change policies in one virtual host could do so in all. */
START_TEST(the_path_says_what_is_meant)
{
	add_one("maker", "policymaker", ".*");
	assert_asked(201, "PUT", "/api/vhosts/other", NULL);
	assert_asked_as(201, "maker:pw", "PUT", "/api/policies/%2F/p",
	                "{\"vhost\":\"other\",\"name\":\"x\",\"pattern\":\"q\","
	                "\"definition\":{\"max-length\":5}}");
	assert_get("/api/policies?columns=vhost,name", "[{\"vhost\":\"/\",\"name\":\"p\"}]");
	assert_asked(201, "PUT", "/api/users/u", "{\"name\":\"\",\"password\":\"pw\",\"tags\":\"\"}");
	assert_asked(201, "PUT", "/api/permissions/%2F/u",
	             "{\"vhost\":\"other\",\"user\":\"maker\",\"configure\":\"\",\"write\":\"\","
	             "\"read\":\"\"}");
	assert_asked(200, "GET", "/api/permissions/%2F/u", NULL);
	assert_asked(404, "GET", "/api/permissions/other/maker", NULL);
}
END_TEST

START_TEST(a_queue_is_paused)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(204, "PUT", "/api/queues/%2F/q/pause", NULL);
	assert_get("/api/queues/%2F/q?columns=state", "{\"state\":\"paused\"}");
	assert_asked(204, "PUT", "/api/queues/%2F/q/resume", NULL);
	assert_get("/api/queues/%2F/q?columns=state", "{\"state\":\"running\"}");
}
END_TEST

/* Its virtual host goes while that is on its way to the disk. */
START_TEST(a_queue_that_is_paused_may_go)
{
	static const char ask[] = "PUT /api/queues/v/q/pause HTTP/1.1\r\nHost: x\r\n"
	                          "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n\r\n";
	struct buf out = { 0 };
	assert_asked(201, "PUT", "/api/vhosts/v", "{}");
	assert_asked(201, "PUT", "/api/queues/v/q", "{\"durable\":true}");
	http_take(browser.http, slice_str(ask));
	ck_assert_int_eq(http_pull(browser.http, in.now_ms, &out), HTTP_WAIT);
	log_position at = vhost_remove(vhost_find(in.broker, slice_str("v")));
	ck_assert_uint_gt(at, 0);
	inside_pass(&in, 10);
	ck_assert_int_eq(http_pull(browser.http, in.now_ms, &out), HTTP_MORE);
	ck_assert(slice_starts(buf_slice(&out), "HTTP/1.1 204 "));
	buf_free(&out);
}
END_TEST

START_TEST(exchanges)
{
	assert_asked(201, "PUT", "/api/exchanges/%2F/x", "{\"type\":\"topic\",\"internal\":true}");
	assert_get("/api/exchanges/%2F/x",
	           "{\"vhost\":\"/\",\"name\":\"x\",\"type\":\"topic\",\"durable\":false,"
	           "\"auto_delete\":false,\"internal\":true,\"arguments\":{},\"policy\":null,"
	           "\"incoming\":[],\"outgoing\":[]}");
	assert_asked(400, "PUT", "/api/exchanges/%2F/x", "{\"type\":\"direct\"}");
	assert_asked(400, "PUT", "/api/exchanges/%2F/y", "{\"type\":\"none\"}");
	assert_asked(204, "DELETE", "/api/exchanges/%2F/x", NULL);
	assert_asked(404, "DELETE", "/api/exchanges/%2F/x", NULL);
	assert_asked(401, "DELETE", "/api/exchanges/%2F/amq.topic", NULL);
	assert_get("/api/exchanges/%2F/amq.default?columns=name,type",
	           "{\"name\":\"\",\"type\":\"direct\"}");
}
END_TEST

START_TEST(a_binding_has_a_key_of_its_own)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(201, "POST", "/api/bindings/%2F/e/amq.topic/q/q", "{\"routing_key\":\"a.#\"}");
	ck_assert(has_line("location: q/a.%2523\r\n"));
	assert_asked(201, "POST", "/api/bindings/%2F/e/amq.topic/q/q",
	             "{\"routing_key\":\"a.#\",\"arguments\":{\"x\":1}}");
	assert_asked(201, "POST", "/api/bindings/%2F/e/amq.topic/e/amq.fanout", "{}");
	assert_get("/api/bindings/%2F/e/amq.topic/q/q/a.%2523?columns=routing_key,properties_key",
	           "{\"routing_key\":\"a.#\",\"properties_key\":\"a.%23\"}");
	assert_get("/api/bindings/%2F/e/amq.topic/q/q/a.%23?columns=arguments", "{\"arguments\":{}}");
	assert_get("/api/exchanges/%2F/amq.fanout/bindings/destination?columns=source",
	           "[{\"source\":\"amq.topic\"}]");
	assert_get("/api/exchanges/%2F/amq.topic/bindings/source?columns=destination",
	           "[{\"destination\":\"q\"},{\"destination\":\"q\"},"
	           "{\"destination\":\"amq.fanout\"}]");
	assert_get("/api/queues/%2F/q/bindings?columns=source",
	           "[{\"source\":\"\"},{\"source\":\"amq.topic\"},{\"source\":\"amq.topic\"}]");
	assert_asked(204, "DELETE", "/api/bindings/%2F/e/amq.topic/q/q/a.%2523", NULL);
	assert_asked(404, "DELETE", "/api/bindings/%2F/e/amq.topic/q/q/a.%2523", NULL);
	assert_get("/api/bindings/%2F/e/amq.topic/q/q?columns=arguments",
	           "[{\"arguments\":{\"x\":1}}]");
	assert_asked(204, "DELETE", "/api/bindings/%2F/e/amq.topic/e/amq.fanout/~", NULL);
	assert_get("/api/bindings/%2F/e/amq.default/q/q/q?columns=source", "{\"source\":\"\"}");
	assert_asked(404, "POST", "/api/bindings/%2F/e/amq.topic/q/none", "{}");
	assert_get("/api/queues/%2F/none/bindings", "[]");
	assert_get("/api/exchanges/%2F/none/bindings/source", "[]");
	assert_get("/api/exchanges/%2F/none/bindings/destination", "[]");
	assert_asked(404, "GET", "/api/bindings/%2F/e/amq.topic/z/q", NULL);
}
END_TEST

/* ---- messages ---- */

#define GET_ALL(ackmode) "{\"count\":10,\"ackmode\":\"" ackmode "\",\"encoding\":\"auto\"}"

static void publish(const char *payload, const char *encoding)
{
	publish_by("amq.default", "q", "{\"message_id\":\"7\",\"headers\":{\"k\":[1,\"v\"]}}", payload,
	           encoding);
}

START_TEST(a_message_is_published_and_taken)
{
	publish("lost", "string");
	ck_assert_str_eq(browser_body(&browser), "{\"routed\":false}");
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	publish("one", "string");
	ck_assert_str_eq(browser_body(&browser), "{\"routed\":true}");
	publish("/wA=", "base64");
	assert_asked(200, "POST", "/api/queues/%2F/q/get", GET_ALL("ack_requeue_true"));
	ck_assert_str_eq(browser_body(&browser),
	                 "[{\"payload_bytes\":3,\"redelivered\":false,\"exchange\":\"\","
	                 "\"routing_key\":\"q\",\"message_count\":1,\"properties\":{\"headers\":"
	                 "{\"k\":[1,\"v\"]},\"message_id\":\"7\"},\"payload\":\"one\","
	                 "\"payload_encoding\":\"string\"},"
	                 "{\"payload_bytes\":2,\"redelivered\":false,\"exchange\":\"\","
	                 "\"routing_key\":\"q\",\"message_count\":0,\"properties\":{\"headers\":"
	                 "{\"k\":[1,\"v\"]},\"message_id\":\"7\"},\"payload\":\"/wA=\","
	                 "\"payload_encoding\":\"base64\"}]");
	assert_get("/api/queues/%2F/q?columns=messages,messages_unacknowledged",
	           "{\"messages\":2,\"messages_unacknowledged\":0}");
	assert_asked(200, "POST", "/api/queues/%2F/q/get",
	             "{\"count\":1,\"ackmode\":\"ack_requeue_false\",\"encoding\":\"base64\","
	             "\"truncate\":2}");
	ck_assert(says("\"payload_bytes\":3,\"redelivered\":true"));
	ck_assert(says("\"payload\":\"b24=\",\"payload_encoding\":\"base64\""));
	assert_asked(200, "POST", "/api/queues/%2F/q/get", GET_ALL("reject_requeue_false"));
	assert_asked(200, "POST", "/api/queues/%2F/q/get", GET_ALL("reject_requeue_true"));
	ck_assert_str_eq(browser_body(&browser), "[]");
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(400, "POST", "/api/queues/%2F/q/get", "{\"count\":1}");
	ck_assert(says("\"reason\":\"[{key_missing,ackmode},{key_missing,encoding}]\""));
	assert_asked(400, "POST", "/api/queues/%2F/q/get", GET_ALL("requeue"));
	assert_asked(404, "POST", "/api/queues/%2F/r/get", GET_ALL("ack_requeue_true"));
	assert_asked(400, "POST", "/api/exchanges/%2F/amq.topic/publish", "{}");
	assert_asked(404, "POST", "/api/exchanges/%2F/none/publish", "{}");
	assert_asked(400, "POST", "/api/exchanges/%2F/amq.topic/publish",
	             "{\"routing_key\":\"q\",\"properties\":{},\"payload\":\"!\","
	             "\"payload_encoding\":\"base64\"}");
}
END_TEST

START_TEST(messages_that_are_being_taken_go_back_with_who_takes_them)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	for (int i = 0; i < 5; i++)
		publish("m", "string");
	struct buf out = { 0 };
	http_take(browser.http, slice_str("POST /api/queues/%2F/q/get HTTP/1.1\r\nHost: h\r\n"
	                                  "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n"
	                                  "Content-Length: 60\r\n\r\n"
	                                  "{\"count\":5,\"ackmode\":\"ack_requeue_true\","
	                                  "\"encoding\":\"auto\"}  "));
	for (int i = 0; i < 3; i++)
		http_pull(browser.http, in.now_ms, &out);
	ck_assert_ptr_nonnull(memmem(out.p, out.len, "\"message_count\":3", 17));
	buf_free(&out);
	browser_close(&browser);
	browser_open(&browser, &in, true);
	assert_get("/api/queues/%2F/q?columns=messages_ready", "{\"messages_ready\":5}");
}
END_TEST

/* ---- virtual hosts, users, rights ---- */

START_TEST(virtual_hosts)
{
	assert_asked(201, "PUT", "/api/vhosts/v", "{\"description\":\"d\",\"tags\":\"a,b\","
	                                          "\"default_queue_type\":\"quorum\"}");
	assert_asked(204, "PUT", "/api/vhosts/v", NULL);
	assert_asked(201, "PUT", "/api/vhosts/plain", NULL);
	assert_get("/api/vhosts/v?columns=name,metadata",
	           "{\"name\":\"v\",\"metadata\":{\"description\":\"d\",\"tags\":[\"a\",\"b\"],"
	           "\"default_queue_type\":\"quorum\"}}");
	assert_get("/api/vhosts?columns=name,cluster_state",
	           "[{\"name\":\"/\",\"cluster_state\":{\"leveret\":\"running\"}},"
	           "{\"name\":\"plain\",\"cluster_state\":{\"leveret\":\"running\"}},"
	           "{\"name\":\"v\",\"cluster_state\":{\"leveret\":\"running\"}}]");
	assert_asked(400, "PUT", "/api/vhosts/w", "{\"default_queue_type\":\"none\"}");
	assert_asked(204, "POST", "/api/vhosts/v/deletion/protection", NULL);
	assert_asked(412, "DELETE", "/api/vhosts/v", NULL);
	assert_asked(204, "DELETE", "/api/vhosts/v/deletion/protection", NULL);
	assert_asked(204, "DELETE", "/api/vhosts/v", NULL);
	assert_asked(404, "DELETE", "/api/vhosts/v", NULL);
	assert_asked(404, "GET", "/api/vhosts/v", NULL);
	assert_asked(204, "POST", "/api/vhosts/plain/start/leveret", NULL);
}
END_TEST

/* What is there already is not everybody's who says more about it. */
START_TEST(who_makes_a_virtual_host_may_do_everything_there)
{
	assert_asked(201, "PUT", "/api/users/a", "{\"password\":\"pw\",\"tags\":\"administrator\"}");
	assert_asked(201, "PUT", "/api/users/b", "{\"password\":\"pw\",\"tags\":\"administrator\"}");
	assert_asked_as(201, "a:pw", "PUT", "/api/vhosts/v", NULL);
	assert_asked_as(204, "b:pw", "PUT", "/api/vhosts/v", "{\"description\":\"d\"}");
	assert_get("/api/vhosts/v/permissions",
	           "[{\"user\":\"a\",\"vhost\":\"v\",\"configure\":\".*\",\"write\":\".*\","
	           "\"read\":\".*\"}]");
	assert_asked_as(201, "a:pw", "PUT", "/api/queues/v/q", "{\"durable\":true}");
	assert_asked_as(401, "b:pw", "PUT", "/api/queues/v/p", NULL);
}
END_TEST

START_TEST(limits)
{
	assert_asked(204, "PUT", "/api/vhost-limits/%2F/max-queues", "{\"value\":5}");
	assert_asked(204, "PUT", "/api/vhost-limits/%2F/max-connections", "{\"value\":7}");
	assert_get("/api/vhost-limits",
	           "[{\"vhost\":\"/\",\"value\":{\"max-connections\":7,\"max-queues\":5}}]");
	assert_asked(204, "DELETE", "/api/vhost-limits/%2F/max-queues", NULL);
	assert_get("/api/vhost-limits/%2F",
	           "[{\"vhost\":\"/\",\"value\":{\"max-connections\":7}}]");
	assert_asked(400, "PUT", "/api/vhost-limits/%2F/max-nothing", "{\"value\":5}");
	assert_asked(400, "PUT", "/api/vhost-limits/%2F/max-queues", "{}");
	assert_asked(404, "PUT", "/api/vhost-limits/none/max-queues", "{\"value\":5}");
	assert_asked(204, "PUT", "/api/user-limits/guest/max-channels", "{\"value\":9}");
	assert_get("/api/user-limits/guest",
	           "[{\"user\":\"guest\",\"value\":{\"max-channels\":9}}]");
	assert_asked(204, "DELETE", "/api/user-limits/guest/max-channels", NULL);
	assert_get("/api/user-limits", "[]");
}
END_TEST

START_TEST(users)
{
	assert_asked(201, "PUT", "/api/users/u", "{\"password\":\"p\",\"tags\":\"management, x\"}");
	assert_asked(204, "PUT", "/api/users/u", "{\"password\":\"q\",\"tags\":[\"management\"]}");
	assert_asked_as(200, "u:q", "GET", "/api/whoami", NULL);
	ck_assert_str_eq(browser_body(&browser), "{\"name\":\"u\",\"tags\":[\"management\"]}");
	assert_asked_as(401, "u:q", "GET", "/api/users", NULL);
	assert_get("/api/users?columns=name,tags,hashing_algorithm,limits",
	           "[{\"name\":\"guest\",\"hashing_algorithm\":\"rabbit_password_hashing_sha256\","
	           "\"tags\":[\"administrator\"],\"limits\":{}},"
	           "{\"name\":\"u\",\"hashing_algorithm\":\"rabbit_password_hashing_sha256\","
	           "\"tags\":[\"management\"],\"limits\":{}}]");
	assert_get("/api/users/without-permissions?columns=name", "[{\"name\":\"u\"}]");
	assert_asked(400, "PUT", "/api/users/w", "{\"tags\":\"\"}");
	assert_asked(400, "PUT", "/api/users/w", "{\"password\":\"p\"}");
	ck_assert(says("[{key_missing,tags}]"));
	assert_asked(201, "PUT", "/api/users/w", "{\"password_hash\":\"\",\"tags\":\"administrator\"}");
	assert_asked_as(401, "w:", "GET", "/api/whoami", NULL);
	assert_asked(204, "POST", "/api/users/bulk-delete", "{\"users\":[\"w\",\"none\"]}");
	assert_asked(404, "GET", "/api/users/w", NULL);
	assert_asked(204, "DELETE", "/api/users/u", NULL);
	assert_asked(404, "DELETE", "/api/users/u", NULL);
}
END_TEST

START_TEST(a_password_hash_is_taken_as_it_was_given)
{
	char user[300], *hash;
	assert_asked(201, "PUT", "/api/users/u", "{\"password\":\"p\",\"tags\":\"management\"}");
	assert_asked(200, "GET", "/api/users/u?columns=password_hash", NULL);
	hash = strdup(strstr(browser_body(&browser), ":\"") + 1);
	snprintf(user, sizeof user, "{\"password_hash\":%.*s,\"tags\":\"management\"}",
	         (int)strcspn(hash, "}"), hash);
	free(hash);
	assert_asked(201, "PUT", "/api/users/copy", user);
	assert_asked_as(200, "copy:p", "GET", "/api/whoami", NULL);
}
END_TEST

/* With the algorithm unsaid, as some clients send it. */
START_TEST(a_password_hash_is_of_the_algorithm_that_fits)
{
	assert_asked(201, "PUT", "/api/users/u",
	             "{\"tags\":\"management\",\"password_hash\":"
	             "\"AQIDBHW8iJipvEnuDnQ4aC0cfz7T+0ajLw0fhx0sEDzCmmuQ"
	             "25Mt0aECRr1hS+EuPlyXifi/8RDlAQzRHIRE3nOHQZA=\"}");
	assert_get("/api/users/u?columns=hashing_algorithm",
	           "{\"hashing_algorithm\":\"rabbit_password_hashing_sha512\"}");
	assert_asked_as(200, "u:t0p_sEkr37", "GET", "/api/whoami", NULL);
	assert_asked(400, "PUT", "/api/users/v", "{\"tags\":\"\",\"password_hash\":\"c2hvcnQ=\"}");
}
END_TEST

START_TEST(who_deletes_himself_is_told_so)
{
	assert_asked(201, "PUT", "/api/users/u", "{\"password\":\"p\",\"tags\":\"administrator\"}");
	assert_asked_as(204, "u:p", "DELETE", "/api/users/u", NULL);
	assert_asked_as(401, "u:p", "GET", "/api/whoami", NULL);
}
END_TEST

START_TEST(permissions)
{
	add_one("u", "", NULL);
	assert_asked(201, "PUT", "/api/permissions/%2F/u",
	             "{\"configure\":\"^a\",\"write\":\"\",\"read\":\".*\"}");
	assert_asked(204, "PUT", "/api/permissions/%2F/u",
	             "{\"configure\":\"^a\",\"write\":\"\",\"read\":\".*\"}");
	assert_asked(400, "PUT", "/api/permissions/%2F/u", "{\"configure\":\"(\",\"write\":\"\","
	                                                   "\"read\":\"\"}");
	assert_asked(400, "PUT", "/api/permissions/%2F/u", "{\"configure\":\"\"}");
	assert_asked(400, "PUT", "/api/permissions/%2F/none",
	             "{\"configure\":\"\",\"write\":\"\",\"read\":\"\"}");
	const char *one = "{\"user\":\"u\",\"vhost\":\"/\",\"configure\":\"^a\",\"write\":\"\","
	                  "\"read\":\".*\"}";
	char list[200];
	snprintf(list, sizeof list, "[%s]", one);
	assert_get("/api/permissions/%2F/u", one);
	assert_get("/api/users/u/permissions", list);
	assert_asked(200, "GET", "/api/vhosts/%2F/permissions", NULL);
	ck_assert(says(one));
	assert_asked(204, "DELETE", "/api/permissions/%2F/u", NULL);
	assert_asked(404, "DELETE", "/api/permissions/%2F/u", NULL);
	assert_asked(404, "GET", "/api/permissions/%2F/u", NULL);
}
END_TEST

START_TEST(permissions_for_topics)
{
	const char *body = "{\"exchange\":\"amq.topic\",\"write\":\"^a\",\"read\":\"^b\"}";
	assert_asked(201, "PUT", "/api/topic-permissions/%2F/guest", body);
	assert_asked(204, "PUT", "/api/topic-permissions/%2F/guest", body);
	assert_get("/api/topic-permissions/%2F/guest",
	           "[{\"user\":\"guest\",\"vhost\":\"/\",\"exchange\":\"amq.topic\","
	           "\"write\":\"^a\",\"read\":\"^b\"}]");
	assert_get("/api/vhosts/%2F/topic-permissions?columns=write", "[{\"write\":\"^a\"}]");
	assert_asked(404, "DELETE", "/api/topic-permissions/%2F/guest/amq.direct", NULL);
	assert_asked(204, "DELETE", "/api/topic-permissions/%2F/guest/amq.topic", NULL);
	assert_asked(404, "DELETE", "/api/topic-permissions/%2F/guest", NULL);
}
END_TEST

/* ---- policies, parameters ---- */

START_TEST(policies)
{
	const char *body = "{\"pattern\":\"^q\",\"definition\":{\"max-length\":5},\"priority\":2,"
	                   "\"apply-to\":\"queues\"}";
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	assert_asked(201, "PUT", "/api/policies/%2F/p", body);
	assert_asked(204, "PUT", "/api/policies/%2F/p", body);
	assert_asked(400, "PUT", "/api/policies/%2F/p", "{\"pattern\":\"^q\"}");
	assert_asked(400, "PUT", "/api/policies/%2F/p", "{\"pattern\":\"(\",\"definition\":{}}");
	ck_assert(says("\"reason\":\"Validation failed\\u000a\\u000ano policy provided"));
	assert_get("/api/policies/%2F/p",
	           "{\"vhost\":\"/\",\"name\":\"p\",\"pattern\":\"^q\",\"apply-to\":\"queues\","
	           "\"definition\":{\"max-length\":5},\"priority\":2}");
	assert_asked(201, "PUT", "/api/operator-policies/%2F/o",
	             "{\"pattern\":\"^q\",\"definition\":{\"max-length\":3}}");
	assert_get("/api/queues/%2F/q?columns=policy,operator_policy,effective_policy_definition",
	           "{\"policy\":\"p\",\"operator_policy\":\"o\","
	           "\"effective_policy_definition\":{\"max-length\":3}}");
	assert_get("/api/operator-policies?columns=name", "[{\"name\":\"o\"}]");
	assert_asked(204, "DELETE", "/api/operator-policies/%2F/o", NULL);
	assert_asked(204, "DELETE", "/api/policies/%2F/p", NULL);
	assert_asked(404, "DELETE", "/api/policies/%2F/p", NULL);
	assert_get("/api/queues/%2F/q?columns=policy", "{\"policy\":null}");
}
END_TEST

/* What RabbitMQ keeps as parameters is found and removed as such. */
START_TEST(limits_and_policies_of_the_operator_are_parameters)
{
	const char *bound = "/api/parameters/vhost-limits/%2F/limits";
	const char *least = "/api/parameters/operator_policy/%2F/o";
	assert_asked(404, "GET", bound, NULL);
	assert_asked(404, "DELETE", bound, NULL);
	assert_asked(404, "GET", least, NULL);
	assert_asked(201, "PUT", bound, "{\"value\":{\"max-connections\":9}}");
	assert_asked(204, "PUT", bound, "{\"value\":{\"max-connections\":8}}");
	assert_asked(404, "GET", "/api/parameters/vhost-limits/%2F/other", NULL);
	assert_get(bound, "{\"vhost\":\"/\",\"component\":\"vhost-limits\",\"name\":\"limits\","
	                  "\"value\":{\"max-connections\":8}}");
	assert_asked(201, "PUT", least,
	             "{\"value\":{\"pattern\":\"^q\",\"definition\":{\"max-length\":3}}}");
	assert_asked(200, "GET", least, NULL);
	ck_assert(says("\"value\":{\"pattern\":\"^q\",\"definition\":{\"max-length\":3}"));
	assert_asked(204, "DELETE", bound, NULL);
	assert_asked(204, "DELETE", least, NULL);
	assert_get("/api/parameters", "[]");
	assert_get("/api/vhost-limits", "[]");
	assert_get("/api/operator-policies", "[]");
}
END_TEST

START_TEST(parameters)
{
	const char *target = "/api/parameters/leveret/%2F/merge-policies";
	assert_asked(201, "PUT", target, "{\"value\":true}");
	assert_get(target, "{\"vhost\":\"/\",\"component\":\"leveret\",\"name\":\"merge-policies\","
	                   "\"value\":true}");
	assert_asked(400, "PUT", "/api/parameters/shovel/%2F/s", "{\"value\":{}}");
	ck_assert(says("\"reason\":\"Validation failed\\u000a\\u000acomponent shovel not found\""));
	assert_get("/api/parameters/leveret?columns=name", "[{\"name\":\"merge-policies\"}]");
	assert_get("/api/parameters/shovel/%2F", "[]");
	assert_asked(204, "DELETE", target, NULL);
	assert_asked(404, "DELETE", target, NULL);
	assert_asked(201, "PUT", "/api/global-parameters/g", "{\"value\":{\"a\":[1]}}");
	assert_asked(204, "PUT", "/api/global-parameters/g", "{\"value\":{\"a\":[2]}}");
	assert_get("/api/global-parameters", "[{\"name\":\"g\",\"value\":{\"a\":[2]}}]");
	assert_asked(204, "DELETE", "/api/global-parameters/g", NULL);
	assert_asked(404, "GET", "/api/global-parameters/g", NULL);
}
END_TEST

/* ---- clients ---- */

START_TEST(connections_channels_and_consumers)
{
	struct talk talk;
	struct heard h;
	char target[200];
	ck_assert(talk_open(&talk, &in));
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	talk_send(&talk, 1, &(struct method){ .id = METHOD_basic_consume,
	                                      .basic_consume = { .queue = slice_str("q"),
	                                                         .consumer_tag = slice_str("t") } });
	ck_assert(talk_expect(&talk, METHOD_basic_consume_ok, &h, NULL, NULL));
	const char *name = connection_name(talk.peer.connection);
	assert_asked(200, "GET", "/api/connections?columns=client_properties", NULL);
	ck_assert(says("[{\"client_properties\":{"));
	ck_assert_uint_eq(in.broker->client_properties.count, 1);
	struct buf path = { 0 };
	for (const char *c = name; *c; c++)
		buf_printf(&path, *c == ' ' || *c == '>' ? "%%%02X" : "%c", *c);
	assert_get("/api/connections?columns=user,vhost,state,channels,type,protocol",
	           "[{\"protocol\":\"AMQP 0-9-1\",\"user\":\"guest\",\"vhost\":\"/\","
	           "\"state\":\"running\",\"channels\":1,\"type\":\"network\"}]");
	assert_get("/api/connections?columns=ssl,ssl_protocol,peer_cert_issuer,auth_mechanism,timeout",
	           "[{\"ssl\":false,\"ssl_protocol\":null,\"peer_cert_issuer\":null,"
	           "\"auth_mechanism\":\"PLAIN\",\"timeout\":0}]");
	assert_get("/api/channels?columns=number,consumer_count,vhost",
	           "[{\"number\":1,\"vhost\":\"/\",\"consumer_count\":1}]");
	assert_get("/api/consumers/%2F?columns=consumer_tag,queue,ack_required",
	           "[{\"consumer_tag\":\"t\",\"ack_required\":true,"
	           "\"queue\":{\"name\":\"q\",\"vhost\":\"/\"}}]");
	snprintf(target, sizeof target, "/api/channels/%.*s%%20(1)?columns=number",
	         SLICE_ARG(buf_slice(&path)));
	assert_get(target, "{\"number\":1}");
	snprintf(target, sizeof target, "/api/connections/%.*s/channels?columns=number",
	         SLICE_ARG(buf_slice(&path)));
	assert_get(target, "[{\"number\":1}]");
	add_one("stranger", "management", ".*");
	assert_asked_as(200, "stranger:pw", "GET", "/api/connections", NULL);
	ck_assert_str_eq(browser_body(&browser), "[]");
	snprintf(target, sizeof target, "/api/connections/%.*s", SLICE_ARG(buf_slice(&path)));
	assert_asked_as(404, "stranger:pw", "DELETE", target, NULL);
	assert_asked(204, "DELETE", target, NULL);
	inside_pass(&in, 1);
	ck_assert(talk_expect(&talk, METHOD_connection_close, &h, NULL, NULL));
	ck_assert(slice_is(h.method.connection_close.reply_text,
	                   "CONNECTION_FORCED - Closed via management plugin"));
	buf_free(&path);
	talk_free(&talk);
}
END_TEST

START_TEST(all_connections_of_a_user_are_closed)
{
	struct talk talk[3];
	struct heard h;
	for (int i = 0; i < 3; i++)
		ck_assert(talk_open(&talk[i], &in));
	ck_assert_uint_eq(in.broker->client_properties.count, 1);   /* what all say is there once */
	assert_asked(204, "DELETE", "/api/connections/username/guest", NULL);
	inside_pass(&in, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert(talk_expect(&talk[i], METHOD_connection_close, &h, NULL, NULL));
		talk_free(&talk[i]);
	}
	inside_pass(&in, 1);
	ck_assert_uint_eq(in.broker->client_properties.count, 0);
}
END_TEST

/* ---- the broker as a whole ---- */

START_TEST(the_overview_has_all_totals)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	publish("m", "string");
	assert_asked(200, "GET", "/api/overview", NULL);
	ck_assert(says("\"object_totals\":{\"connections\":0,\"channels\":0,\"queues\":1,"));
	ck_assert(says("\"queue_totals\":{\"messages\":1,\"messages_details\":{\"rate\":0.0},"
	               "\"messages_ready\":1,"));
	ck_assert(says("\"message_stats\":{"));
	ck_assert(says("\"rabbitmq_version\":\"4."));
	ck_assert(says("\"product_version\":\"9.9\""));
	inside_pass(&in, 5000);
	publish("m", "string");
	inside_pass(&in, 5000);
	assert_asked(200, "GET", "/api/overview", NULL);
	ck_assert(says("\"messages\":2,\"messages_details\":{\"rate\":0.2}"));
}
END_TEST

START_TEST(nodes)
{
	assert_asked(200, "GET", "/api/nodes", NULL);
	ck_assert(says("[{\"name\":\"leveret\",\"type\":\"disc\",\"running\":true,"));
	ck_assert(says("\"os_pid\":\"7\""));
	assert_asked(200, "GET", "/api/nodes/leveret", NULL);
	assert_asked(404, "GET", "/api/nodes/other", NULL);
}
END_TEST

START_TEST(health)
{
	assert_get("/api/health/checks/alarms", "{\"status\":\"ok\"}");
	manage_set_memory_watermark(in.broker, 100);
	broker_note_resources(in.broker, 101, 1ull << 40);
	assert_asked(503, "GET", "/api/health/checks/local-alarms", NULL);
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"status\":\"failed\",\"reason\":\"There are alarms in effect\","
	                 "\"alarms\":[{\"node\":\"leveret\",\"resource\":\"memory\"}]}");
	struct host_port port = { "amqp", "127.0.0.1", 5672 };
	browser.host.ports = &port;
	browser.host.n_ports = 1;
	assert_get("/api/health/checks/port-listener/5672", "{\"status\":\"ok\",\"port\":5672}");
	assert_asked(503, "GET", "/api/health/checks/port-listener/1", NULL);
	assert_asked(400, "GET", "/api/health/checks/port-listener/x", NULL);
	assert_get("/api/health/checks/protocol-listener/amqp091",
	           "{\"status\":\"ok\",\"protocol\":\"amqp\"}");
	assert_asked(200, "GET", "/api/health/checks/protocol-listener/amqp,amqp091", NULL);
	assert_asked(503, "GET", "/api/health/checks/protocol-listener/amqp,mqtt,stomp", NULL);
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"status\":\"failed\",\"reason\":\"No active listener\","
	                 "\"missing\":[\"mqtt\",\"stomp\"],\"protocols\":[\"amqp\"]}");
	assert_asked_as(200, NULL, "GET", "/api/health/checks/is-in-service", NULL);
	assert_asked_as(200, NULL, "GET", "/api/health/checks/reached-target-cluster-size", NULL);
	assert_asked_as(200, NULL, "GET", "/api/health/checks/below-node-connection-limit", NULL);
	assert_asked_as(401, NULL, "GET", "/api/health/checks/virtual-hosts", NULL);
	browser.host.suspended = true;
	browser.host.max_connections = 0;
	assert_asked_as(503, NULL, "GET", "/api/health/checks/ready-to-serve-clients", NULL);
	assert_asked_as(503, NULL, "GET", "/api/health/checks/below-node-connection-limit", NULL);
	assert_asked(503, "GET", "/api/health/checks/port-listener/5672", NULL);
}
END_TEST

START_TEST(aliveness)
{
	assert_get("/api/aliveness-test/%2F", "{\"status\":\"ok\"}");
	assert_asked(404, "GET", "/api/aliveness-test/none", NULL);
}
END_TEST

START_TEST(definitions_go_out_and_in)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", "{\"durable\":true}");
	assert_asked(200, "GET", "/api/definitions?download=all.json", NULL);
	ck_assert(has_line("content-disposition: attachment; filename=all.json\r\n"));
	ck_assert(says("\"queues\":["));
	char *all = strdup(browser_body(&browser));
	assert_asked(204, "DELETE", "/api/queues/%2F/q", NULL);
	assert_asked(204, "POST", "/api/definitions", all);
	assert_asked(200, "GET", "/api/queues/%2F/q", NULL);
	assert_asked(200, "GET", "/api/definitions/%2F?download=a%22%0d", NULL);
	ck_assert(!has_line("disposition"));
	assert_asked(400, "POST", "/api/definitions", "{\"queues\":[{\"name\":\"x\"}]}");
	ck_assert(says("queues, number 1"));
	assert_asked(400, "POST", "/api/definitions", "[");
	free(all);
}
END_TEST

START_TEST(definitions_come_as_a_form)
{
	static const char body[] = "--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"
	                           "{\"vhosts\":[{\"name\":\"formed\"}]}\r\n--xyz--\r\n";
	struct buf request = { 0 };
	buf_printf(&request, "POST /api/definitions HTTP/1.1\r\nHost: x\r\n"
	                     "Authorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n"
	                     "Content-Type: multipart/form-data; boundary=xyz\r\n"
	                     "Content-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
	browser_send(&browser, buf_slice(&request), 7);
	ck_assert_uint_eq(browser_read(&browser, false), 204);
	assert_asked(200, "GET", "/api/vhosts/formed", NULL);
	buf_free(&request);
}
END_TEST

START_TEST(definitions_are_reconciled)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", "{\"durable\":true}");
	assert_asked(200, "POST", "/api/definitions?dry_run=true&reconcile=true",
	             "{\"queues\":[],\"users\":[],\"vhosts\":[{\"name\":\"v\"},{\"name\":\"/\"}]}");
	ck_assert_str_eq(browser_body(&browser),
	                 "{\"dry_run\":true,\"changes\":["
	                 "{\"action\":\"create\",\"section\":\"vhosts\",\"name\":\"v\"},\n"
	                 "{\"action\":\"delete\",\"section\":\"queues\",\"vhost\":\"/\","
	                 "\"name\":\"q\"},\n"
	                 "{\"action\":\"keep\",\"section\":\"users\",\"name\":\"guest\","
	                 "\"why\":\"it is who asks\"}],"
	                 "\"refuse\":0,\"equal\":1,\"create\":1,\"change\":0,\"replace\":0,"
	                 "\"conflict\":0,\"delete\":1,\"keep\":1}");
	assert_asked(200, "GET", "/api/queues/%2F/q", NULL);
	assert_asked(200, "POST", "/api/definitions?reconcile=true", "{\"queues\":[]}");
	assert_asked(404, "GET", "/api/queues/%2F/q", NULL);
	assert_asked(400, "POST", "/api/definitions?reconcile=true", "[]");
}
END_TEST

/* So much text in a body that it is read elsewhere. */
START_TEST(a_large_body_is_read_aside)
{
	struct buf body = { 0 };
	struct list aside;
	struct parsing *p;
	list_init(&aside);
	browser.host.aside = &aside;
	buf_printf(&body, "{\"vhosts\":[{\"name\":\"large\"}%*s]}%c", 70000, "", 0);
	assert_asked(204, "POST", "/api/definitions", (const char *)body.p);
	assert_asked(200, "GET", "/api/vhosts/large", NULL);
	ck_assert_uint_eq(browser.parsed, 1);
	buf_free(&body);
	buf_printf(&body, "{\"durable\":true,\"node\":\"%070000d\"}%c", 0, 0);
	assert_asked(201, "PUT", "/api/queues/%2F/wide", (const char *)body.p);
	ck_assert_uint_eq(browser.parsed, 2);
	while ((p = parsing_next(&aside)))
		ck_assert(!parsing_do(p));
	buf_free(&body);
}
END_TEST

START_TEST(small_things)
{
	assert_asked_as(200, NULL, "GET", "/api/version", NULL);
	assert_get("/api/cluster-name/", "{\"name\":\"leveret\"}");
	assert_get("/api/extensions", "[{\"javascript\":\"dispatcher.js\"}]");
	assert_asked(200, "GET", "/api/feature-flags", NULL);
	ck_assert(says("{\"name\":\"quorum_queue\",\"state\":\"enabled\","));
	assert_get("/api/deprecated-features", "[]");
	assert_get("/api/federation-links/%2F", "[]");
	assert_asked(204, "POST", "/api/rebalance/queues", NULL);
}
END_TEST

Suite *suite_management_api(void)
{
	Suite *s = suite_create("management_api");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, no_name_is_longer_than_255_bytes);
	tcase_add_test(t, tags_say_who_may_ask);
	tcase_add_test(t, a_list_has_what_the_user_sees);
	tcase_add_test(t, who_declares_needs_the_right);
	tcase_add_test(t, a_long_list_comes_in_pieces);
	tcase_add_test(t, pages_are_in_the_order_of_names);
	tcase_add_test(t, a_list_is_sorted_by_any_field);
	tcase_add_test(t, names_are_found_by_a_pattern);
	tcase_add_test(t, a_pattern_that_takes_long_makes_short_pieces);
	tcase_add_test(t, a_queue_is_declared_once);
	tcase_add_test(t, what_was_declared_is_there_after_a_crash);
	tcase_add_test(t, a_delete_may_ask_that_nothing_is_lost);
	tcase_add_test(t, a_plus_sign_may_be_a_blank);
	tcase_add_test(t, numbers_may_be_texts);
	tcase_add_test(t, the_path_says_what_is_meant);
	tcase_add_test(t, a_queue_is_paused);
	tcase_add_test(t, a_queue_that_is_paused_may_go);
	tcase_add_test(t, exchanges);
	tcase_add_test(t, a_binding_has_a_key_of_its_own);
	tcase_add_test(t, a_message_is_published_and_taken);
	tcase_add_test(t, what_is_missing_is_named);
	tcase_add_test(t, messages_that_are_being_taken_go_back_with_who_takes_them);
	tcase_add_test(t, virtual_hosts);
	tcase_add_test(t, who_makes_a_virtual_host_may_do_everything_there);
	tcase_add_test(t, limits);
	tcase_add_test(t, users);
	tcase_add_test(t, a_password_hash_is_taken_as_it_was_given);
	tcase_add_test(t, a_password_hash_is_of_the_algorithm_that_fits);
	tcase_add_test(t, who_deletes_himself_is_told_so);
	tcase_add_test(t, permissions);
	tcase_add_test(t, permissions_for_topics);
	tcase_add_test(t, policies);
	tcase_add_test(t, limits_and_policies_of_the_operator_are_parameters);
	tcase_add_test(t, parameters);
	tcase_add_test(t, connections_channels_and_consumers);
	tcase_add_test(t, all_connections_of_a_user_are_closed);
	tcase_add_test(t, the_overview_has_all_totals);
	tcase_add_test(t, nodes);
	tcase_add_test(t, health);
	tcase_add_test(t, aliveness);
	tcase_add_test(t, definitions_go_out_and_in);
	tcase_add_test(t, definitions_come_as_a_form);
	tcase_add_test(t, definitions_are_reconciled);
	tcase_add_test(t, a_large_body_is_read_aside);
	tcase_add_test(t, small_things);
	suite_add_tcase(s, t);
	return s;
}
