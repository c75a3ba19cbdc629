/* SPDX-License-Identifier: Apache-2.0 */
/* Single messages over the HTTP API: looked at, looked for, moved, deleted, read from streams. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "queue/queue.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_api_messages(void);

static struct talk talk;

/* Next to nothing stays in memory, and indexes are of small pages. */
static void set_up_cold(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 256 << 10;
	in.options.message_memory_bytes = 0;
	in.options.index_page_entries = 16;
	ck_assert(inside_start(&in, &why));
	browser_open(&browser, &in, true);
}

static void declare(const char *name, const char *body)
{
	char target[80];
	snprintf(target, sizeof target, "/api/queues/%%2F/%s", name);
	assert_asked(201, "PUT", target, body);
}

static void publish(const char *exchange, const char *key, const char *properties,
                    const char *payload)
{
	publish_by(exchange, key, properties, payload, "string");
}

static void publish_plain(const char *queue, const char *payload)
{
	publish("amq.default", queue, "{\"delivery_mode\":2}", payload);
}

static void publish_many(const char *queue, unsigned n, size_t bytes)
{
	char *body = mem_alloc(bytes + 16);
	ck_assert(talk_open(&talk, &in));
	for (unsigned i = 0; i < n; i++) {
		memset(body, 'x', bytes);
		int len = snprintf(body, bytes + 16, "m%u.", i);
		body[len] = 'x';
		talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, true,
		             slice_of(body, bytes));
	}
	inside_pass(&in, 100);
	talk_free(&talk);
	mem_free(body);
}

static void ask(const char *action, const char *queue, const char *body)
{
	char target[80];
	snprintf(target, sizeof target, "/api/queues/%%2F/%s/%s", queue, action);
	assert_asked(200, "POST", target, body);
}

/* The numbers that stand behind a key in the last answer, in their order. */
static unsigned numbers(const char *key, uint64_t *out, unsigned most)
{
	char with[40];
	unsigned n = 0;
	snprintf(with, sizeof with, "\"%s\":", key);
	for (const char *at = browser_body(&browser); (at = strstr(at, with)) && n < most;) {
		at += strlen(with);
		out[n++] = strtoull(at, NULL, 10);
	}
	return n;
}

static void assert_numbers(const char *key, const char *expected)
{
	uint64_t found[200];
	char text[1000] = "";
	unsigned n = numbers(key, found, ARRAY_LEN(found));
	for (unsigned i = 0, at = 0; i < n; i++)
		at += (unsigned)snprintf(text + at, sizeof text - at, "%s%" PRIu64, i ? " " : "", found[i]);
	ck_assert_str_eq(text, expected);
}

/* All in the last answer were placed just now. */
static void assert_young(void)
{
	uint64_t ages[100];
	unsigned n = numbers("age_ms", ages, ARRAY_LEN(ages));
	ck_assert_uint_gt(n, 0);
	while (n)
		ck_assert_uint_lt(ages[--n], 500);
}

static uint64_t ready(const char *queue)
{
	const struct vhost *v = vhost_find(in.broker, slice_str("/"));
	return queue_ready(topology_queue(&v->topology, slice_str(queue)));
}

/* ---- looking ---- */

START_TEST(a_look_takes_nothing)
{
	declare("q", NULL);
	for (int i = 0; i < 5; i++)
		publish_plain("q", "hello");
	ask("peek", "q", "{\"from\":0,\"count\":2}");
	assert_numbers("sequence", "1 2");
	assert_numbers("next", "3");
	ck_assert(says("\"state\":\"ready\"") && says("\"payload\":\"hello\""));
	ck_assert(says("\"routing_key\":\"q\"") && says("\"redelivered\":false"));
	ck_assert(says("\"delivery_mode\":2"));
	assert_young();
	ask("peek", "q", "{\"from\":3,\"count\":10}");
	assert_numbers("sequence", "3 4 5");
	ck_assert(says("\"next\":null"));
	ask("get", "q", "{\"count\":1,\"ackmode\":\"ack_requeue_false\",\"encoding\":\"auto\"}");
	ck_assert(says("\"redelivered\":false") && says("\"message_count\":4"));
	ask("peek", "q", "{}");
	assert_numbers("sequence", "2 3 4 5");
}
END_TEST

START_TEST(what_is_unacked_is_seen_where_it_was)
{
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	declare("q", NULL);
	for (int i = 0; i < 4; i++)
		publish_plain("q", "hello");
	ck_assert(talk_open(&talk, &in));
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, NULL));
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, NULL));
	struct method nack = { .id = METHOD_basic_nack,
		                   .basic_nack = { .delivery_tag = 1, .requeue = true } };
	talk_send(&talk, 1, &nack);
	inside_pass(&in, 1500);
	ask("peek", "q", "{}");
	assert_numbers("sequence", "1 2 3 4");
	ck_assert(says("\"sequence\":2,\"state\":\"unacked\""));
	ck_assert(says("\"sequence\":1,\"state\":\"ready\"") && says("\"redelivered\":true"));
	ask("peek", "q", "{\"unacked\":false}");
	assert_numbers("sequence", "1 3 4");
	assert_asked(200, "GET", "/api/queues/%2F/q/unacked", NULL);
	assert_numbers("sequence", "2");
	assert_numbers("delivery_tag", "2");
	assert_numbers("age_ms", "1500");
	ck_assert(says("\"consumer_tag\":\"\"") && says("\"user\":\"guest\""));
	talk_free(&talk);
	inside_pass(&in, 10);
	assert_get("/api/queues/%2F/q/unacked", "[]");
}
END_TEST

START_TEST(what_is_in_the_log_only_is_read_from_there)
{
	char body[60];
	uint64_t from = 0, found[300], all = 0;
	declare("q", NULL);
	publish_many("q", 1500, 300);
	while (from != UINT64_MAX) {
		snprintf(body, sizeof body, "{\"from\":%" PRIu64 ",\"count\":100}", from);
		ask("peek", "q", body);
		unsigned n = numbers("sequence", found, ARRAY_LEN(found));
		for (unsigned i = 0; i < n; i++, all++) {
			ck_assert_uint_eq(found[i], all + 1);
			snprintf(body, sizeof body, "\"payload\":\"m%" PRIu64 ".", all);
			ck_assert(says(body));
		}
		if (numbers("next", &from, 1) == 0 || says("\"next\":null"))
			break;
	}
	ck_assert_uint_eq(all, 1500);
	ck_assert_uint_eq(ready("q"), 1500);
	ask("peek", "q", "{\"search\":\"m1234.\",\"field\":\"payload\",\"truncate\":6}");
	assert_numbers("sequence", "1235");
	ck_assert(says("\"payload\":\"m1234.\"") && says("\"payload_bytes\":300"));
}
END_TEST

START_TEST(a_text_is_looked_for_where_it_is_said)
{
	declare("q", NULL);
	publish("amq.default", "q", "{\"message_id\":\"red\"}", "one");
	publish("amq.default", "q", "{\"headers\":{\"colour\":\"red\"}}", "two");
	publish("amq.default", "q", "{}", "all is red");
	ask("peek", "q", "{\"search\":\"red\"}");
	assert_numbers("sequence", "1 2 3");
	ask("peek", "q", "{\"search\":\"red\",\"field\":\"properties\"}");
	assert_numbers("sequence", "1");
	ask("peek", "q", "{\"search\":\"red\",\"field\":\"headers\"}");
	assert_numbers("sequence", "2");
	ask("peek?search=red&field=payload", "q", "{}");
	assert_numbers("sequence", "3");
	ask("peek", "q", "{\"search\":\"q\",\"field\":\"routing_key\",\"count\":2}");
	assert_numbers("sequence", "1 2");
	ask("peek", "q", "{\"search\":\"green\"}");
	assert_numbers("sequence", "");
	assert_asked(400, "POST", "/api/queues/%2F/q/peek", "{\"search\":\"x\",\"field\":\"colour\"}");
	assert_asked(400, "POST", "/api/queues/%2F/q/peek", "{\"count\":0}");
	assert_asked(400, "POST", "/api/queues/%2F/q/peek", "{\"count\":1001}");
	assert_asked(400, "POST", "/api/queues/%2F/q/peek", "{\"from\":-1}");
	assert_asked(404, "POST", "/api/queues/%2F/none/peek", "{}");
}
END_TEST

START_TEST(a_text_is_found_across_pieces_of_a_body)
{
	char *body = mem_alloc(300 << 10);
	declare("q", NULL);
	memset(body, '.', 300 << 10);
	ck_assert(talk_open(&talk, &in));
	for (int i = 0; i < 40; i++) {
		memcpy(body + 262100 + 4 * i, "needle", 6);
		talk_publish(&talk, 1, slice_of("", 0), slice_str("q"), false, true,
		             slice_of(body, 300 << 10));
		memset(body + 262100 + 4 * i, '.', 6);
	}
	inside_pass(&in, 100);
	talk_free(&talk);
	mem_free(body);
	ask("peek", "q", "{\"search\":\"needle\",\"truncate\":0,\"count\":100}");
	uint64_t found[100];
	ck_assert_uint_eq(numbers("sequence", found, 100), 40);
}
END_TEST

START_TEST(priorities_and_the_number_decide_differently)
{
	declare("q", "{\"arguments\":{\"x-max-priority\":5}}");
	publish("amq.default", "q", "{\"priority\":1,\"delivery_mode\":2}", "low");
	publish("amq.default", "q", "{\"priority\":4,\"delivery_mode\":2}", "high");
	publish("amq.default", "q", "{\"delivery_mode\":2}", "none");
	ask("peek", "q", "{}");
	assert_numbers("sequence", "1 2 3");
	assert_numbers("priority", "1 4");
}
END_TEST

/* ---- moving ---- */

START_TEST(messages_move_to_a_queue_as_they_are)
{
	declare("dead", NULL);
	declare("q", "{\"durable\":true,\"arguments\":{\"x-message-ttl\":1000,"
	             "\"x-dead-letter-exchange\":\"\",\"x-dead-letter-routing-key\":\"dead\"}}");
	declare("again", "{\"durable\":true}");
	for (int i = 0; i < 3; i++)
		publish_plain("q", "hello");
	inside_pass(&in, 2000);
	ck_assert_uint_eq(ready("dead"), 3);
	ask("move", "dead", "{\"queue\":\"again\",\"count\":2}");
	ck_assert_str_eq(browser_body(&browser), "{\"moved\":2,\"next\":3}");
	ck_assert_uint_eq(ready("dead"), 1);
	ask("peek", "again", "{}");
	assert_numbers("sequence", "1 2");
	ck_assert(says("\"x-death\":[{\"count\":1,\"reason\":\"expired\",\"queue\":\"q\""));
	ck_assert(says("\"routing_key\":\"dead\""));
	assert_young();
	ask("move", "dead", "{\"queue\":\"again\"}");
	ck_assert_str_eq(browser_body(&browser), "{\"moved\":1,\"next\":4}");
	ask("move", "dead", "{\"queue\":\"again\"}");
	ck_assert_str_eq(browser_body(&browser), "{\"moved\":0,\"next\":0}");
	ask("move", "again", "{\"queue\":\"again\"}");
	ck_assert_str_eq(browser_body(&browser), "{\"moved\":3,\"next\":4}");
	ck_assert_uint_eq(ready("again"), 3);
}
END_TEST

START_TEST(those_that_are_chosen_move_alone)
{
	declare("q", "{\"durable\":true}");
	declare("p", "{\"durable\":true}");
	publish_many("q", 600, 100);
	ask("move", "q", "{\"queue\":\"p\",\"sequences\":[500,3,77,3,9999]}");
	ck_assert(says("\"moved\":3"));
	ask("peek", "p", "{\"truncate\":5}");
	ck_assert(says("\"payload\":\"m2.xx\"") && says("\"payload\":\"m76.x\"") &&
	          says("\"payload\":\"m499.\""));
	ask("move", "q", "{\"queue\":\"p\",\"search\":\"m5\",\"from\":501}");
	ck_assert(says("\"moved\":100"));
	ck_assert_uint_eq(ready("q"), 497);
	ck_assert_uint_eq(ready("p"), 103);
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"p\",\"sequences\":[-1]}");
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"p\",\"sequences\":5}");
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"p\",\"search\":5}");
	assert_asked(400, "POST", "/api/queues/%2F/q/move",
	             "{\"queue\":\"p\",\"search\":\"m\",\"field\":[\"payload\"]}");
	ck_assert_uint_eq(ready("p"), 103);
}
END_TEST

START_TEST(messages_move_to_an_exchange_by_its_rules)
{
	declare("q", NULL);
	declare("a", NULL);
	declare("b", NULL);
	assert_asked(201, "POST", "/api/bindings/%2F/e/amq.topic/q/a", "{\"routing_key\":\"x.#\"}");
	assert_asked(201, "POST", "/api/bindings/%2F/e/amq.topic/q/b", "{\"routing_key\":\"x.y\"}");
	publish_plain("q", "one");
	publish_plain("q", "two");
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"exchange\":\"amq.topic\"}");
	ck_assert(says("the next message is routed to no queue"));
	ask("move", "q", "{\"exchange\":\"amq.topic\",\"routing_key\":\"x.y\",\"count\":1}");
	ck_assert_uint_eq(ready("a"), 1);
	ck_assert_uint_eq(ready("b"), 1);
	ask("peek", "a", "{}");
	ck_assert(says("\"exchange\":\"amq.topic\",\"routing_key\":\"x.y\""));
	ask("move", "q", "{\"exchange\":\"amq.default\",\"routing_key\":\"b\"}");
	ck_assert_uint_eq(ready("b"), 2);
	ck_assert_uint_eq(ready("q"), 0);
	assert_asked(404, "POST", "/api/queues/%2F/q/move", "{\"exchange\":\"none\"}");
	assert_asked(404, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"none\"}");
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{}");
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"a\",\"exchange\":\"b\"}");
}
END_TEST

START_TEST(what_a_queue_refuses_stays_where_it_is)
{
	declare("q", NULL);
	declare("full", "{\"arguments\":{\"x-max-length\":2,\"x-overflow\":\"reject-publish\"}}");
	for (int i = 0; i < 5; i++)
		publish_plain("q", "hello");
	ask("move", "q", "{\"queue\":\"full\"}");
	ck_assert(says("\"moved\":2,\"next\":3,\"reason\":\"a queue has no room"));
	ck_assert_uint_eq(ready("full"), 2);
	ck_assert_uint_eq(ready("q"), 3);
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"full\"}");
	manage_set_memory_watermark(in.broker, 1);
	broker_note_resources(in.broker, 1000, UINT64_MAX);
	assert_asked(400, "POST", "/api/queues/%2F/q/move", "{\"queue\":\"q\"}");
	ck_assert(says("publishers are blocked"));
	ck_assert_uint_eq(ready("q"), 3);
}
END_TEST

START_TEST(who_moves_may_consume_here_and_publish_there)
{
	declare("q", NULL);
	declare("p", NULL);
	publish_plain("q", "hello");
	add_user("reader", "management", "", "none", "q");
	add_user("writer", "management", "", ".*", "none");
	add_user("mover", "management", "", "amq.default|amq.topic", "q");
	assert_asked_as(200, "reader:pw", "POST", "/api/queues/%2F/q/peek", "{}");
	assert_asked_as(401, "writer:pw", "POST", "/api/queues/%2F/q/peek", "{}");
	assert_asked_as(401, "reader:pw", "POST", "/api/queues/%2F/q/move", "{\"queue\":\"p\"}");
	ck_assert(says("access to exchange 'amq.default'"));
	assert_asked_as(401, "writer:pw", "POST", "/api/queues/%2F/q/move", "{\"queue\":\"p\"}");
	assert_asked_as(401, "writer:pw", "DELETE", "/api/queues/%2F/q/contents/1", NULL);
	assert_asked(201, "PUT", "/api/topic-permissions/%2F/mover",
	             "{\"exchange\":\"amq.topic\",\"write\":\"^a\",\"read\":\"\"}");
	assert_asked_as(401, "mover:pw", "POST", "/api/queues/%2F/q/move",
	                "{\"exchange\":\"amq.topic\",\"routing_key\":\"b\"}");
	ck_assert(says("access to topic 'b'"));
	assert_asked_as(401, "mover:pw", "POST", "/api/queues/%2F/q/move",
	                "{\"exchange\":\"amq.direct\"}");
	ck_assert_uint_eq(ready("q"), 1);
	assert_asked_as(200, "mover:pw", "POST", "/api/queues/%2F/q/move", "{\"queue\":\"p\"}");
	ck_assert_uint_eq(ready("p"), 1);
}
END_TEST

START_TEST(one_is_deleted_wherever_it_is)
{
	declare("q", "{\"durable\":true}");
	publish_many("q", 300, 100);
	assert_asked(204, "DELETE", "/api/queues/%2F/q/contents/1", NULL);
	assert_asked(204, "DELETE", "/api/queues/%2F/q/contents/150", NULL);
	assert_asked(404, "DELETE", "/api/queues/%2F/q/contents/150", NULL);
	assert_asked(204, "DELETE", "/api/queues/%2F/q/contents/300", NULL);
	assert_asked(404, "DELETE", "/api/queues/%2F/q/contents/301", NULL);
	assert_asked(404, "DELETE", "/api/queues/%2F/q/contents/x", NULL);
	assert_asked(404, "DELETE", "/api/queues/%2F/none/contents/1", NULL);
	ck_assert_uint_eq(ready("q"), 297);
	ask("peek", "q", "{\"from\":148,\"count\":3,\"truncate\":5}");
	assert_numbers("sequence", "148 149 151");
	broker_check(in.broker);
}
END_TEST

/* It was in memory when it was taken out; then those around it went to the log. */
START_TEST(a_stale_deadline_takes_nobody_else)
{
	char body[600] = "{\"queue\":\"p\",\"sequences\":[1";
	declare("q", "{\"durable\":true}");
	declare("p", "{\"durable\":true}");
	for (int i = 0; i < 200; i++)
		publish("amq.default", "q",
		        i % 2 ? "{\"delivery_mode\":2}"
		              : "{\"delivery_mode\":2,\"expiration\":\"60000\"}", "hello");
	for (int i = 3; i < 200; i += 2)
		snprintf(body + strlen(body), sizeof body - strlen(body), ",%d", i);
	strcat(body, "]}");
	ask("move", "q", body);
	ck_assert_uint_eq(ready("q"), 100);
	in.broker->store.memory_budget = 0;
	inside_pass(&in, 100);
	publish("amq.default", "q", "{\"delivery_mode\":2}", "hello");
	inside_pass(&in, 70000);
	broker_check(in.broker);
	ck_assert_uint_eq(ready("q"), 101);
	ck_assert_uint_eq(ready("p"), 0);
	ask("peek", "q", "{\"count\":4}");
	assert_numbers("sequence", "2 4 6 8");
}
END_TEST

/* ---- the rest ---- */

START_TEST(a_mirror_need_not_be_synchronised)
{
	declare("q", NULL);
	assert_asked(204, "POST", "/api/queues/%2F/q/actions", "{\"action\":\"sync\"}");
	assert_asked(204, "POST", "/api/queues/%2F/q/actions", "{\"action\":\"cancel_sync\"}");
	assert_asked(400, "POST", "/api/queues/%2F/q/actions", "{\"action\":\"sink\"}");
	assert_asked(404, "POST", "/api/queues/%2F/none/actions", "{\"action\":\"sync\"}");
}
END_TEST

START_TEST(a_stream_is_read_from_where_one_likes)
{
	declare("s", "{\"durable\":true,\"arguments\":{\"x-queue-type\":\"stream\"}}");
	declare("q", "{\"durable\":true}");
	publish_plain("s", "early");
	inside_pass(&in, 60000);
	publish_plain("s", "late");
	publish_plain("s", "later");
	inside_pass(&in, 20000);
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"offset\":\"first\",\"count\":2}");
	assert_numbers("offset", "0 1");
	assert_numbers("next", "2");
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"offset\":2}");
	assert_numbers("offset", "2");
	ck_assert(says("\"payload\":\"later\"") && says("\"next\":null"));
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"offset\":\"last\"}");
	assert_numbers("offset", "2");
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"offset\":\"next\"}");
	assert_numbers("offset", "");
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"offset\":\"30s\"}");
	assert_numbers("offset", "1 2");
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"timestamp\":99999999999}");
	assert_numbers("offset", "");
	assert_asked(200, "POST", "/api/streams/%2F/s/read", "{\"timestamp\":null,\"offset\":2}");
	assert_numbers("offset", "2");
	assert_asked(400, "POST", "/api/streams/%2F/s/read", "{\"offset\":\"soon\"}");
	assert_asked(400, "POST", "/api/streams/%2F/s/read", "{\"offset\":-1}");
	assert_asked(400, "POST", "/api/streams/%2F/s/read", "{\"timestamp\":-1}");
	assert_asked(400, "POST", "/api/streams/%2F/s/read", "{\"timestamp\":\"1h\"}");
	assert_asked(400, "POST", "/api/streams/%2F/s/read", "{\"timestamp\":1.5}");
	assert_asked(404, "POST", "/api/streams/%2F/q/read", "{}");
	assert_asked(400, "POST", "/api/queues/%2F/s/peek", "{}");
	assert_asked(400, "POST", "/api/queues/%2F/s/move", "{\"queue\":\"q\"}");
	assert_get("/api/streams/%2F?columns=name,next_offset",
	           "[{\"name\":\"s\",\"next_offset\":3}]");
	assert_asked(200, "GET", "/api/streams?page=1&page_size=50&sort=name", NULL);
	ck_assert(says("\"filtered_count\":1") && says("\"name\":\"s\""));
	assert_asked(200, "GET", "/api/streams/%2F/s", NULL);
	assert_numbers("first_offset", "0");
	uint64_t first, last;
	ck_assert(numbers("first_timestamp", &first, 1) && numbers("last_timestamp", &last, 1));
	ck_assert(last - first >= 60000 && last - first < 60100);
	ck_assert(says("\"offsets\":[]"));
	assert_asked(404, "GET", "/api/streams/%2F/q", NULL);
}
END_TEST

START_TEST(what_is_retained_is_read_and_put_back)
{
	declare("q", "{\"durable\":true,\"arguments\":{\"x-retain-ms\":1000000}}");
	for (int i = 0; i < 4; i++)
		publish_plain("q", "hello");
	assert_asked(204, "DELETE", "/api/queues/%2F/q/contents", NULL);
	inside_pass(&in, 10);
	assert_asked(200, "POST", "/api/streams/%2F/q/read", "{}");
	assert_numbers("offset", "0 1 2 3");
	assert_asked(200, "GET", "/api/streams/%2F/q", NULL);
	ck_assert(says("\"type\":\"classic\"") && says("\"messages\":4"));
	ask("replay", "q", "{\"from\":1,\"to\":\"last\"}");
	ck_assert_str_eq(browser_body(&browser), "{\"replayed\":3,\"expired\":0}");
	ck_assert_uint_eq(ready("q"), 3);
	assert_asked(400, "POST", "/api/queues/%2F/q/replay", "{\"from\":3,\"to\":9}");
	ck_assert(says("offsets 0 to 3 are retained"));
	assert_asked(400, "POST", "/api/queues/%2F/q/replay", "{\"from\":\"x\",\"to\":9}");
	declare("p", NULL);
	assert_asked(400, "POST", "/api/queues/%2F/p/replay", "{\"from\":0,\"to\":1}");
	assert_asked(404, "POST", "/api/queues/%2F/none/replay", "{\"from\":0,\"to\":1}");
}
END_TEST

/* ---- verbs ---- */

static struct buf said;

#define SAY(code, ...)                                                        \
	do {                                                                      \
		buf_clear(&said);                                                     \
		ck_assert_int_eq(admin_say(&in, &said, "-q", __VA_ARGS__, NULL), code); \
		buf_u8(&said, 0);                                                     \
	} while (0)

static bool starts(const char *text)
{
	return strncmp((const char *)said.p, text, strlen(text)) == 0;
}

#define ASSERT_SAID(text) ck_assert_str_eq((const char *)said.p, text)

START_TEST(verbs_look_at_messages)
{
	declare("q", "{\"durable\":true}");
	publish_many("q", 30, 100);
	publish("amq.default", "q", "{}", "a\\tb");
	SAY(0, "peek", "q", "--from", "31");
	ASSERT_SAID("sequence\tstate\tredelivered\texchange\trouting_key\tpayload_bytes\tpayload\n"
	            "31\tready\tfalse\t\tq\t3\ta\\011b\n");
	SAY(0, "peek", "--no-table-headers", "--search", "m7.", "q");
	ck_assert(starts("8\tready\tfalse\t\tq\t100\tm7.xx"));
	SAY(0, "peek", "--no-table-headers", "q", "12");
	ck_assert(starts("12\tready\t"));
	SAY(0, "--formatter", "json", "peek", "q", "31");
	ck_assert(starts("[\n{\"sequence\":31,\"state\":\"ready\",\"timestamp\":"));
	ck_assert(strstr((const char *)said.p, "\"payload_bytes\":3,"));
	ck_assert(strstr((const char *)said.p, ",\"payload_encoding\":\"string\"}\n]\n"));
	SAY(0, "peek", "--no-table-headers", "q", "99");
	ASSERT_SAID("");
	SAY(65, "peek", "none");
	SAY(64, "peek", "q", "0");
	SAY(64, "peek", "q", "--count", "x");
	buf_free(&said);
}
END_TEST

START_TEST(verbs_move_and_delete_messages)
{
	declare("q", "{\"durable\":true}");
	declare("p", "{\"durable\":true}");
	publish_many("q", 300, 100);
	SAY(0, "move", "q", "p", "--count", "10", "--from", "101");
	SAY(0, "move", "-s", "q", "p", "--search", "m29");
	ck_assert_uint_eq(ready("p"), 21);
	SAY(0, "peek", "--no-table-headers", "p", "1");
	ck_assert(strstr((const char *)said.p, "\tm100.xx"));
	SAY(65, "move", "q", "none");
	SAY(65, "move", "none", "q");
	SAY(0, "delete_message", "q", "1");
	SAY(65, "delete_message", "q", "1");
	SAY(64, "delete_message", "q", "one");
	ck_assert_uint_eq(ready("q"), 278);
	SAY(0, "list_unacked", "q");
	ASSERT_SAID("sequence\tdelivery_tag\tconsumer_tag\tconnection\tchannel\tuser\tseconds\n");
	SAY(65, "list_unacked", "none");
	buf_free(&said);
}
END_TEST

START_TEST(a_verb_says_who_holds_what)
{
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	declare("q", NULL);
	publish_plain("q", "hello");
	ck_assert(talk_open(&talk, &in));
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, NULL));
	inside_pass(&in, 2500);
	SAY(0, "list_unacked", "--no-table-headers", "q");
	ck_assert(starts("1\t1\t\t"));
	ck_assert(strstr((const char *)said.p, "\t1\tguest\t2\n"));
	SAY(0, "--formatter", "json_stream", "list_unacked", "q");
	ck_assert(starts("{\"sequence\":1,\"delivery_tag\":1,"));
	talk_free(&talk);
	buf_free(&said);
}
END_TEST

static void add(Suite *s, const char *name, void (*before)(void))
{
	TCase *c = tcase_create(name);
	tcase_add_checked_fixture(c, before, tear_down);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_look_takes_nothing);
	tcase_add_test(c, what_is_unacked_is_seen_where_it_was);
	tcase_add_test(c, what_is_in_the_log_only_is_read_from_there);
	tcase_add_test(c, a_text_is_looked_for_where_it_is_said);
	tcase_add_test(c, a_text_is_found_across_pieces_of_a_body);
	tcase_add_test(c, priorities_and_the_number_decide_differently);
	tcase_add_test(c, messages_move_to_a_queue_as_they_are);
	tcase_add_test(c, those_that_are_chosen_move_alone);
	tcase_add_test(c, messages_move_to_an_exchange_by_its_rules);
	tcase_add_test(c, what_a_queue_refuses_stays_where_it_is);
	tcase_add_test(c, who_moves_may_consume_here_and_publish_there);
	tcase_add_test(c, one_is_deleted_wherever_it_is);
	tcase_add_test(c, a_stale_deadline_takes_nobody_else);
	tcase_add_test(c, a_mirror_need_not_be_synchronised);
	tcase_add_test(c, a_stream_is_read_from_where_one_likes);
	tcase_add_test(c, what_is_retained_is_read_and_put_back);
	tcase_add_test(c, verbs_look_at_messages);
	tcase_add_test(c, verbs_move_and_delete_messages);
	tcase_add_test(c, a_verb_says_who_holds_what);
	suite_add_tcase(s, c);
}

Suite *suite_management_api_messages(void)
{
	Suite *s = suite_create("management_api_messages");
	add(s, "in memory", set_up);
	add(s, "in the log", set_up_cold);
	return s;
}
