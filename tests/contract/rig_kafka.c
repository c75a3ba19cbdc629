/* SPDX-License-Identifier: Apache-2.0 */
/* The trial engine over three brokers that librdkafka plays in this process.  One cluster serves
 * all cases; each has a topic of its own, which keeps the last 5 MB of what it was sent. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "tests/contract/contract.h"
#include "tests/contract/log_kafka.h"

enum { PART_BYTES = 60000, EXTENT = 600000, PRODUCE = 0, WAIT_MS = 5000 };

struct rig {
	rd_kafka_t *stranger;        /* plays the cluster, too */
	rd_kafka_mock_cluster_t *cluster;
	char topic[32];
	unsigned round;
};

static struct rig *make(unsigned round)
{
	char error[256];
	struct rig *r = mem_zalloc(sizeof *r);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	must(!rd_kafka_conf_set(conf, "test.mock.num.brokers", "3", error, sizeof error));
	must(!rd_kafka_conf_set(conf, "log_level", "0", error, sizeof error));
	r->stranger = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
	must(r->stranger);
	r->cluster = rd_kafka_handle_mock_cluster(r->stranger);
	r->round = round;
	strcpy(r->topic, "leveret");
	must(!rd_kafka_mock_topic_create(r->cluster, r->topic, 1, 3));
	return r;
}

static void destroy(struct rig *r)
{
	rd_kafka_destroy(r->stranger);
	mem_free(r);
}

static int open_log(struct rig *r, struct log **out, struct buf *why)
{
	struct log_kafka_options o = { .servers = rd_kafka_mock_cluster_bootstraps(r->cluster),
		                           .topic = r->topic, .part_bytes = PART_BYTES,
		                           .extent_bytes = EXTENT };
	rd_kafka_mock_clear_request_errors(r->cluster, PRODUCE);
	return log_kafka_open(out, &o, why);
}

/* The client works in threads of its own. */
static void work(struct rig *r, struct log *l)
{
	(void)l;
	rd_kafka_poll(r->stranger, 2);
}

static void cut(struct rig *r, struct log *l)
{
	(void)r;
	log_kafka_abandon(l);
}

/* Some of the parts arrive. */
static void tear(struct rig *r, struct log *l, uint64_t now_ms)
{
	struct log_report report;
	log_kafka_stop_after(l, (uint16_t)(1 + r->round));
	log_submit(l, now_ms);
	for (int i = 0; i < 50; i++) {
		work(r, l);
		log_poll(l, &report);
	}
	log_kafka_abandon(l);
}

static void fail(struct rig *r, struct log *l)
{
	(void)l;
	rd_kafka_mock_push_request_errors(r->cluster, PRODUCE, 1,
	                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
}

static void intrude(struct rig *r)
{
	static const char foreign[] = "somebody else wrote this, longer than the head of ours";
	must(!rd_kafka_producev(r->stranger, RD_KAFKA_V_TOPIC(r->topic), RD_KAFKA_V_PARTITION(0),
	                        RD_KAFKA_V_VALUE((void *)foreign, sizeof foreign),
	                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END));
	must(!rd_kafka_flush(r->stranger, WAIT_MS));
}

static const struct exempt exempt[] = {
	{ "a_batch_is_not_durable_before_it_is_written",
	  "its client writes in threads of its own, maybe before anybody looks" },
	{ "an_extent_in_the_middle_is_given_up", "a partition is deleted from its front only" },
	{ "what_is_left_of_a_sparse_extent_is_copied_forward", "it asks nobody to copy" },
	{ NULL, NULL },
};

const struct rig_ops rig_kafka = {
	.name = "kafka",
	.rounds = 2,
	.exempt = exempt,
	.make = make,
	.destroy = destroy,
	.open = open_log,
	.work = work,
	.cut = cut,
	.tear = tear,
	.fail = fail,
	.intrude = intrude,
};
