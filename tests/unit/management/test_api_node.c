/* SPDX-License-Identifier: Apache-2.0 */
/* The node and what is asked of it: name, memory, checks; clients that are meddled with. */
#include <stdio.h>
#include <stdlib.h>

#include "broker/link.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_api_node(void);

START_TEST(the_cluster_has_a_name)
{
	assert_get("/api/cluster-name/", "{\"name\":\"leveret\"}");
	assert_asked(204, "PUT", "/api/cluster-name", "{\"name\":\"the \\\"fast\\\" one\"}");
	assert_get("/api/cluster-name", "{\"name\":\"the \\\"fast\\\" one\"}");
	assert_get("/api/global-parameters",
	           "[{\"name\":\"cluster_name\",\"value\":\"the \\\"fast\\\" one\"}]");
	assert_asked(200, "GET", "/api/overview", NULL);
	ck_assert(says("\"cluster_name\":\"the \\\"fast\\\" one\""));
	ck_assert(says("\"node\":\"leveret\""));
	assert_asked(200, "GET", "/api/definitions", NULL);
	ck_assert(says("\"original_cluster_name\":\"the \\\"fast\\\" one\""));
	assert_asked(400, "PUT", "/api/cluster-name", "{}");
	assert_asked(400, "PUT", "/api/cluster-name", "{\"name\":5}");
	assert_asked(400, "PUT", "/api/cluster-name", "{\"name\":\"\"}");
	assert_asked(204, "DELETE", "/api/global-parameters/cluster_name", NULL);
	assert_get("/api/cluster-name", "{\"name\":\"leveret\"}");
	assert_asked(201, "PUT", "/api/global-parameters/cluster_name", "{\"value\":{\"a\":1}}");
	assert_get("/api/cluster-name", "{\"name\":\"leveret\"}");
}
END_TEST

/* The number behind a key of the last answer. */
static unsigned long long number(const char *key)
{
	char name[64];
	snprintf(name, sizeof name, "\"%s\":", key);
	const char *at = strstr(browser_body(&browser), name);
	ck_assert_ptr_nonnull(at);
	return strtoull(at + strlen(name), NULL, 10);
}

START_TEST(memory_is_told_by_parts)
{
	broker_note_resources(in.broker, 100 << 20, UINT64_MAX);
	browser.host.code_bytes = 1 << 20;
	assert_asked(200, "GET", "/api/nodes/leveret/memory", NULL);
	ck_assert_uint_eq(number("rss"), 100 << 20);
	ck_assert_uint_eq(number("code"), 1 << 20);
	ck_assert_uint_eq(number("binary") + number("msg_index") + number("code") +
	                      number("other_system"),
	                  100 << 20);
	ck_assert(says("\"strategy\":\"rss\",\"total\":{\"erlang\":"));
	assert_asked(200, "GET", "/api/nodes/leveret/memory/relative", NULL);
	ck_assert_uint_eq(number("total"), 100);
	ck_assert_uint_eq(number("code"), 1);
	ck_assert_uint_ge(number("other_system"), 90);
	assert_asked(404, "GET", "/api/nodes/other/memory", NULL);
	assert_asked(404, "GET", "/api/nodes/other/memory/relative", NULL);
}
END_TEST

START_TEST(the_node_says_what_it_uses)
{
	struct host_port ports[] = { { "amqp", "::", 5672 }, { "https", "127.0.0.1", 15671 } };
	browser.host.ports = ports;
	browser.host.n_ports = 2;
	browser.host.max_descriptors = 20000;
	browser.host.log_file = "/var/log/\"it\".log";
	browser.host.config_files = slice_str("/etc/a.conf\n/etc/conf.d/b.conf\n");
	browser.host.crypto = "OpenSSL 9";
	broker_note_descriptors(in.broker, 41);
	assert_asked(201, "PUT", "/api/queues/%2F/q", "{\"durable\":true}");
	assert_asked(200, "GET", "/api/nodes/leveret", NULL);
	ck_assert_uint_eq(number("fd_total"), 20000);
	ck_assert_uint_eq(number("fd_used"), 41);
	ck_assert(says("\"fd_used_details\":{\"rate\":"));
	ck_assert(says("\"log_files\":[\"/var/log/\\\"it\\\".log\"],"
	               "\"config_files\":[\"/etc/a.conf\",\"/etc/conf.d/b.conf\"],"));
	ck_assert(says("\"contexts\":[{\"node\":\"leveret\","
	               "\"description\":\"HTTP API over TLS (HTTPS)\",\"path\":\"/\","
	               "\"ip\":\"127.0.0.1\",\"port\":\"15671\"}]"));
	ck_assert(says("\"enabled_plugins\":[\"rabbitmq_management\","));
	ck_assert(says("\"applications\":[{\"name\":\"rabbit\",\"description\":\"Leveret\","
	               "\"version\":\"4."));
	ck_assert_uint_eq(number("queue_created"), 1);
	ck_assert_uint_ge(number("io_write_count"), 1);
	ck_assert_uint_eq(number("io_read_count"), 0);
	ck_assert(says("\"io_read_bytes_details\":{\"rate\":0.0}"));
	assert_asked(200, "GET", "/api/overview", NULL);
	ck_assert(says("\"crypto_lib_version\":\"OpenSSL 9\""));
	ck_assert(says("\"sample_retention_policies\":{\"global\":[600,28800,86400],"
	               "\"basic\":[600],\"detailed\":[600]}"));
	ck_assert(says("\"disk_reads\":0,\"disk_reads_details\":{\"rate\":0.0},\"disk_writes\":"));
	ck_assert(says("\"contexts\":[{\"node\""));
}
END_TEST

START_TEST(a_sync_takes_some_time_on_average)
{
	for (int i = 0; i < 20; i++) {
		char target[64];
		snprintf(target, sizeof target, "/api/queues/%%2F/q%d", i);
		assert_asked(201, "PUT", target, "{\"durable\":true}");
	}
	inside_pass(&in, 5000);
	assert_asked(200, "GET", "/api/nodes/leveret", NULL);
	struct log_stats s;
	log_stats(in.log, &s);
	ck_assert_uint_ge(s.syncs_us.count, 20);
	ck_assert_uint_eq(number("io_sync_count"), s.syncs_us.count);
	const char *at = strstr(browser_body(&browser), "\"io_sync_avg_time\":");
	ck_assert_ptr_nonnull(at);
	double ms = (double)s.syncs_us.sum / (double)s.syncs_us.count / 1e3;
	ck_assert_double_eq_tol(strtod(strchr(at, ':') + 1, NULL), ms, 1e-3);
	ck_assert(says("\"io_sync_avg_time_details\":{\"rate\":"));
}
END_TEST

START_TEST(latencies_are_told_as_they_spread)
{
	count_confirm_ms(in.broker, 3, 5);
	count_confirm_ms(in.broker, 20000, 1);
	assert_asked(200, "GET", "/api/nodes/leveret/latencies", NULL);
	ck_assert(says("\"confirm\":{\"count\":6,\"sum_us\":20015000,\"spread\":["));
	ck_assert(says("{\"most_us\":2000,\"count\":0},{\"most_us\":5000,\"count\":5}"));
	ck_assert(says("{\"most_us\":null,\"count\":1}]"));
	ck_assert(says("\"queue_residence\":{\"count\":0,"));
	assert_asked(404, "GET", "/api/nodes/other/latencies", NULL);
}
END_TEST

/* Soon by a day of the simulator's clock, and not at all. */
START_TEST(certificates_expire)
{
	int64_t now_s = (int64_t)(broker_wall_ms(in.broker) / 1000);
	browser.host.certificates[HTTP_SERVICES] =
		(struct host_certificate){ .file = "/amqp.pem", .expires_s = now_s + 3 * 86400 };
	browser.host.certificates[HTTP_API] =
		(struct host_certificate){ .file = "/web.pem", .expires_s = now_s + 40 * 86400 };
	assert_get("/api/health/checks/certificate-expiration/2/days", "{\"status\":\"ok\"}");
	assert_asked(503, "GET", "/api/health/checks/certificate-expiration/1/weeks", NULL);
	ck_assert(says("\"reason\":\"Certificates expiring\",\"expired\":[{\"node\":\"leveret\","
	               "\"certfile\":\"/amqp.pem\",\"certfile_expires_at\":"));
	ck_assert(says("\"days_left\":3}"));
	ck_assert(!says("web.pem"));
	assert_asked(503, "GET", "/api/health/checks/certificate-expiration/2/months", NULL);
	ck_assert(says("web.pem"));
	assert_asked(503, "GET", "/api/health/checks/certificate-expiration/1/years", NULL);
	assert_asked(400, "GET", "/api/health/checks/certificate-expiration/1/parsecs", NULL);
	ck_assert(says("Time unit not recognised. Supported units: days, weeks, months, years."));
	assert_asked(400, "GET", "/api/health/checks/certificate-expiration/x/days", NULL);
	assert_asked(400, "GET", "/api/health/checks/certificate-expiration/9999999999/days", NULL);
}
END_TEST

START_TEST(checks_of_one_node_are_well)
{
	static const char *const checks[] = {
		"health/checks/quorum-queues-without-elected-leaders/vhost/%2F",
		"health/checks/quorum-queues-without-elected-leaders/vhost/%2F/pattern/a.*",
		"health/checks/quorum-queues-without-elected-leaders/all-vhosts/pattern/a.*",
		"healthchecks/node",
		"healthchecks/node/leveret",
	};
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		char target[128];
		snprintf(target, sizeof target, "/api/%s", checks[i]);
		assert_get(target, "{\"status\":\"ok\"}");
	}
	assert_asked(404, "GET", "/api/healthchecks/node/other", NULL);
	assert_asked(404, "GET", "/api/health/checks/quorum-queues-without-elected-leaders/vhost/none",
	             NULL);
}
END_TEST

START_TEST(a_feature_flag_is_on)
{
	assert_asked(204, "PUT", "/api/feature-flags/quorum_queue/enable", "{}");
	assert_asked(204, "PUT", "/api/feature-flags/rabbitmq_4.0.0/enable", "{}");
	assert_asked(204, "PUT", "/api/feature-flags/all/enable", NULL);
	assert_asked(400, "PUT", "/api/feature-flags/nothing/enable", NULL);
}
END_TEST

START_TEST(protection_is_told)
{
	assert_asked(204, "POST", "/api/vhosts/%2F/deletion/protection", NULL);
	assert_get("/api/vhosts/%2F/deletion/protection", "{\"protected_from_deletion\":true}");
	assert_asked(204, "DELETE", "/api/vhosts/%2F/deletion/protection", NULL);
	assert_get("/api/vhosts/%2F/deletion/protection", "{\"protected_from_deletion\":false}");
	assert_asked(404, "GET", "/api/vhosts/none/deletion/protection", NULL);
}
END_TEST

#define QUORUM "/api/queues/quorum/%2F/"

START_TEST(a_quorum_queue_has_one_member)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q",
	             "{\"durable\":true,\"arguments\":{\"x-queue-type\":\"quorum\"}}");
	assert_asked(201, "PUT", "/api/queues/%2F/c", NULL);
	assert_get(QUORUM "q/status", "[{\"Node Name\":\"leveret\",\"Raft State\":\"leader\","
	                              "\"Membership\":\"voter\"}]");
	assert_asked(400, "GET", QUORUM "c/status", NULL);
	assert_asked(404, "GET", QUORUM "none/status", NULL);
	assert_asked(204, "POST", QUORUM "q/replicas/add", "{\"node\":\"leveret\"}");
	assert_asked(503, "POST", QUORUM "q/replicas/add", "{\"node\":\"other\"}");
	assert_asked(400, "POST", QUORUM "q/replicas/add", "{}");
	assert_asked(400, "DELETE", QUORUM "q/replicas/delete", "{\"node\":\"leveret\"}");
}
END_TEST

START_TEST(rights_on_topics_that_nobody_gave_are_not_there)
{
	assert_asked(404, "GET", "/api/topic-permissions/%2F/guest", NULL);
	assert_asked(404, "GET", "/api/topic-permissions/%2F/nobody", NULL);
	assert_asked(201, "PUT", "/api/topic-permissions/%2F/guest",
	             "{\"exchange\":\"amq.topic\",\"write\":\".*\",\"read\":\".*\"}");
	assert_asked(200, "GET", "/api/topic-permissions/%2F/guest", NULL);
}
END_TEST

/* ---- definitions that one has already ---- */

static char etag[80];

static const char *read_tag(void)
{
	const char *at = strstr((const char *)browser.head.p, "etag: ");
	ck_assert_ptr_nonnull(at);
	snprintf(etag, sizeof etag, "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
	return etag;
}

static void assert_known(unsigned status, const char *target, const char *tags)
{
	struct buf request = { 0 };
	buf_printf(&request, "GET %s HTTP/1.1\r\nHost: h\r\nAuthorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n"
	           "If-None-Match: %s\r\n\r\n", target, tags);
	browser_send(&browser, buf_slice(&request), 0);
	unsigned got = browser_read(&browser, false);
	ck_assert_msg(got == status, "%s: %u", tags, got);
	ck_assert(status != 304 || browser.body.len == 0);
	buf_free(&request);
}

START_TEST(definitions_that_are_known_are_not_told_again)
{
	char list[128];
	assert_asked(200, "GET", "/api/definitions", NULL);
	assert_known(304, "/api/definitions", read_tag());
	ck_assert(has_line(etag));
	assert_known(304, "/api/definitions", "*");
	snprintf(list, sizeof list, "\"other\" ,\tW/%s", etag);
	assert_known(304, "/api/definitions", list);
	assert_known(200, "/api/definitions", "\"other\"");
	assert_known(200, "/api/definitions", "");
	assert_known(200, "/api/definitions", "\"");
	assert_known(200, "/api/definitions/%2F", etag);
	assert_known(304, "/api/definitions/%2F", read_tag());
	assert_asked(200, "GET", "/api/queues", NULL);
	ck_assert(!has_line("etag: "));
	assert_asked_as(401, "guest:wrong", "GET", "/api/definitions", NULL);
	ck_assert(!has_line("etag: "));
}
END_TEST

/* What changes definitions, each with what has to be there before; kept things and others. */
static const struct {
	const char *method, *target, *body;
} changes[] = {
	{ "PUT", "/api/queues/%2F/kept", "{\"durable\":true}" },
	{ "PUT", "/api/queues/%2F/other", "{\"durable\":false}" },
	{ "PUT", "/api/exchanges/%2F/kept", "{\"type\":\"fanout\",\"durable\":true}" },
	{ "PUT", "/api/exchanges/%2F/other", "{\"type\":\"fanout\",\"durable\":false}" },
	{ "POST", "/api/bindings/%2F/e/kept/q/kept", "{}" },
	{ "POST", "/api/bindings/%2F/e/other/q/other", "{}" },
	{ "DELETE", "/api/bindings/%2F/e/kept/q/kept/~", NULL },
	{ "DELETE", "/api/bindings/%2F/e/other/q/other/~", NULL },
	{ "DELETE", "/api/queues/%2F/kept", NULL },
	{ "DELETE", "/api/queues/%2F/other", NULL },
	{ "DELETE", "/api/exchanges/%2F/kept", NULL },
	{ "DELETE", "/api/exchanges/%2F/other", NULL },
	{ "PUT", "/api/vhosts/v", "{\"description\":\"one\"}" },
	{ "PUT", "/api/vhosts/v", "{\"description\":\"two\"}" },
	{ "PUT", "/api/vhost-limits/v/max-queues", "{\"value\":5}" },
	{ "PUT", "/api/users/u", "{\"password\":\"p\",\"tags\":\"\"}" },
	{ "PUT", "/api/users/u", "{\"password\":\"p\",\"tags\":\"management\"}" },
	{ "PUT", "/api/user-limits/u/max-channels", "{\"value\":5}" },
	{ "PUT", "/api/permissions/v/u", "{\"configure\":\"\",\"write\":\"\",\"read\":\"\"}" },
	{ "DELETE", "/api/permissions/v/u", NULL },
	{ "PUT", "/api/topic-permissions/v/u",
	  "{\"exchange\":\"amq.topic\",\"write\":\"a\",\"read\":\"b\"}" },
	{ "PUT", "/api/policies/%2F/p", "{\"pattern\":\"a\",\"definition\":{\"max-length\":1}}" },
	{ "DELETE", "/api/policies/%2F/p", NULL },
	{ "PUT", "/api/operator-policies/%2F/p",
	  "{\"pattern\":\"a\",\"definition\":{\"max-length\":1}}" },
	{ "PUT", "/api/global-parameters/g", "{\"value\":1}" },
	{ "DELETE", "/api/global-parameters/g", NULL },
	{ "DELETE", "/api/users/u", NULL },
	{ "DELETE", "/api/vhosts/v", NULL },
};

START_TEST(every_change_of_definitions_gives_them_another_tag)
{
	char before[80] = "";
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		assert_asked(200, "GET", "/api/definitions", NULL);
		snprintf(before, sizeof before, "%s", read_tag());
		unsigned got = browser_ask(&browser, changes[i].method, changes[i].target,
		                           changes[i].body);
		ck_assert_msg(got == 201 || got == 204, "%s: %u %s", changes[i].target, got,
		              browser_body(&browser));
		assert_asked(200, "GET", "/api/definitions", NULL);
		ck_assert_msg(strcmp(before, read_tag()) != 0, "%s %s", changes[i].method,
		              changes[i].target);
		assert_known(200, "/api/definitions", before);
	}
}
END_TEST

/* ---- clients ---- */

static struct talk talk;

static void consume(const char *queue, const char *tag)
{
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue),
		                                   .consumer_tag = slice_str(tag) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_basic_consume_ok, NULL));
}

/* The path of something of the only connection. */
static const char *at_client(const char *format)
{
	static char target[256], name[128];
	size_t n = 0;
	const struct connection *c = list_entry(in.broker->connections.next, struct connection, link);
	for (const char *p = c->name; *p && n + 4 < sizeof name; p++)
		n += (size_t)snprintf(name + n, sizeof name - n, *p == ' ' || *p == '>' ? "%%%02X" : "%c",
		                      (unsigned char)*p);
	snprintf(target, sizeof target, format, name);
	return target;
}

START_TEST(a_consumer_is_cancelled_from_outside)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	ck_assert(talk_open(&talk, &in));
	consume("q", "c/1");
	assert_asked(404, "DELETE", at_client("/api/consumers/%%2F/%s/1/none"), NULL);
	assert_asked(404, "DELETE", at_client("/api/consumers/%%2F/%s/2/c%%2F1"), NULL);
	assert_asked(404, "DELETE", "/api/consumers/%2F/none/1/c%2F1", NULL);
	assert_asked(204, "DELETE", at_client("/api/consumers/%%2F/%s/1/c%%2F1"), NULL);
	assert_get("/api/consumers", "[]");
	assert_asked(404, "DELETE", at_client("/api/consumers/%%2F/%s/1/c%%2F1"), NULL);
	assert_asked(400, "GET", at_client("/api/connections/%s/sessions"), NULL);
	assert_asked(404, "GET", "/api/connections/none/sessions", NULL);
	talk_free(&talk);
}
END_TEST

static void count(void *n, const struct heard *h)
{
	*(int *)n += h->method.id == METHOD_basic_deliver;
}

/* Deliveries that came by now. */
static int delivered(void)
{
	struct heard h;
	int n = 0;
	inside_pass(&in, 10);
	ck_assert(!talk_expect(&talk, METHOD_channel_flow, &h, count, &n));
	return n;
}

/* So many deliveries at once to who consumes from now on. */
static void set_prefetch(uint16_t n)
{
	struct method m = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = n } };
	ck_assert(talk_call(&talk, 1, m, METHOD_basic_qos_ok, NULL));
}

START_TEST(a_prefetch_count_is_changed_from_outside)
{
	assert_asked(201, "PUT", "/api/queues/%2F/q", NULL);
	ck_assert(talk_open(&talk, &in));
	set_prefetch(1);
	for (int i = 0; i < 5; i++)
		talk_publish(&talk, 1, slice_str(""), slice_str("q"), false, false, slice_str("m"));
	consume("q", "c");
	ck_assert_int_eq(delivered(), 1);
	assert_asked(204, "PUT", at_client("/api/channels/%s%%20(1)"), "{\"prefetch\":3}");
	ck_assert_int_eq(delivered(), 2);
	assert_asked(204, "PUT", at_client("/api/channels/%s%%20(1)"), "{\"prefetch\":0}");
	ck_assert_int_eq(delivered(), 2);
	consume("q", "d");
	assert_asked(200, "GET", at_client("/api/channels/%s%%20(1)"), NULL);
	ck_assert(says("\"consumer_details\":[{\"consumer_tag\":\"c\""));
	ck_assert(says("},{\"consumer_tag\":\"d\""));
	assert_asked(200, "GET", at_client("/api/channels/%s%%20(1)?columns=number"), NULL);
	ck_assert_str_eq(browser_body(&browser), "{\"number\":1}");
	assert_asked(400, "PUT", at_client("/api/channels/%s%%20(1)"), "{\"prefetch\":65536}");
	assert_asked(400, "PUT", at_client("/api/channels/%s%%20(1)"), "{}");
	assert_asked(404, "PUT", at_client("/api/channels/%s%%20(2)"), "{\"prefetch\":3}");
	talk_free(&talk);
}
END_TEST

START_TEST(a_stream_keeps_its_prefetch_count)
{
	assert_asked(201, "PUT", "/api/queues/%2F/s",
	             "{\"durable\":true,\"arguments\":{\"x-queue-type\":\"stream\"}}");
	ck_assert(talk_open(&talk, &in));
	set_prefetch(1);
	consume("s", "c");
	assert_asked(400, "PUT", at_client("/api/channels/%s%%20(1)"), "{\"prefetch\":0}");
	assert_asked(204, "PUT", at_client("/api/channels/%s%%20(1)"), "{\"prefetch\":9}");
	talk_free(&talk);
}
END_TEST

/* ---- words ---- */

START_TEST(the_table_of_routes_is_a_page)
{
	assert_asked_as(200, NULL, "GET", "/api/", NULL);
	ck_assert(has_line("content-type: text/html; charset=utf-8\r\n"));
	ck_assert(says("<td>PUT</td><td><code>/api/queues/<em>vhost</em>/<em>queue</em></code></td>"
	               "<td>management, in the virtual host</td>"));
	ck_assert(!says("*"));
	assert_asked_as(404, NULL, "GET", "/cli/rabbitmqadmin", NULL);
	ck_assert(says("rabbitmqadmin does not come with Leveret"));
}
END_TEST

Suite *suite_management_api_node(void)
{
	Suite *s = suite_create("management_api_node");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_cluster_has_a_name);
	tcase_add_test(t, memory_is_told_by_parts);
	tcase_add_test(t, the_node_says_what_it_uses);
	tcase_add_test(t, a_sync_takes_some_time_on_average);
	tcase_add_test(t, latencies_are_told_as_they_spread);
	tcase_add_test(t, certificates_expire);
	tcase_add_test(t, checks_of_one_node_are_well);
	tcase_add_test(t, a_feature_flag_is_on);
	tcase_add_test(t, protection_is_told);
	tcase_add_test(t, a_quorum_queue_has_one_member);
	tcase_add_test(t, rights_on_topics_that_nobody_gave_are_not_there);
	tcase_add_test(t, definitions_that_are_known_are_not_told_again);
	tcase_add_test(t, every_change_of_definitions_gives_them_another_tag);
	tcase_add_test(t, a_consumer_is_cancelled_from_outside);
	tcase_add_test(t, a_prefetch_count_is_changed_from_outside);
	tcase_add_test(t, a_stream_keeps_its_prefetch_count);
	tcase_add_test(t, the_table_of_routes_is_a_page);
	suite_add_tcase(s, t);
	return s;
}
