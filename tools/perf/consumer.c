/* SPDX-License-Identifier: Apache-2.0 */
/* One connection that consumes its share of the queues. */
#include <amqp.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/perf/link.h"
#include "tools/perf/meter.h"
#include "tools/perf/options.h"
#include "tools/perf/run.h"

struct consumer {
	struct link link;
	int number;
	int64_t received, unsettled;
	uint64_t began_us, last_tag;
};

static amqp_table_t arguments(void)
{
	char words[64];
	snprintf(words, sizeof words, "x-stream-offset=%.40s", options.stream_offset);
	return link_table(options.stream ? words : "");
}

/* Queues are shared out in turn; where there are more consumers than queues, several have one. */
static bool is_mine(const struct consumer *c, int64_t queue)
{
	int64_t queues = options_queues();
	return queues > options.consumers ? queue % options.consumers == c->number
	                                  : queue == c->number % queues;
}

static void begin(struct consumer *c)
{
	amqp_table_t with = arguments();
	link_open(&c->link, "consumer", c->number);
	if (options.qos) {
		amqp_basic_qos(c->link.state, LINK_CHANNEL, 0, (uint16_t)options.qos, 0);
		link_check(&c->link, "setting the prefetch");
	}
	if (options.global_qos) {
		amqp_basic_qos(c->link.state, LINK_CHANNEL, 0, (uint16_t)options.global_qos, 1);
		link_check(&c->link, "setting the prefetch of the channel");
	}
	if (options.consumer_tx > 0) {
		amqp_tx_select(c->link.state, LINK_CHANNEL);
		link_check(&c->link, "asking for transactions");
	}
	for (int64_t i = 0; i < options_queues(); i++)
		if (is_mine(c, i)) {
			amqp_basic_consume(c->link.state, LINK_CHANNEL, amqp_cstring_bytes(options_queue(i)),
			                   amqp_empty_bytes, 0, options.autoack, 0, with);
			link_check(&c->link, "consuming");
		}
	c->began_us = meter_now_us();
	link_table_free(&with);
}

static void settle(struct consumer *c)
{
	int status = amqp_basic_ack(c->link.state, LINK_CHANNEL, c->last_tag, c->unsettled > 1);
	if (status != AMQP_STATUS_OK)
		link_failed(&c->link, "acknowledging", status);
	c->unsettled = 0;
}

static void commit(struct consumer *c)
{
	amqp_tx_commit(c->link.state, LINK_CHANNEL);
	link_check(&c->link, "committing");
}

/* Bodies of other programs have no time; what a clock of another machine says is not counted. */
static void look(const amqp_bytes_t *body)
{
	uint64_t time_us, now_us = meter_now_us();
	if (body->len < sizeof(uint32_t) + sizeof time_us)
		return;
	memcpy(&time_us, (uint8_t *)body->bytes + sizeof(uint32_t), sizeof time_us);
	time_us = be64toh(time_us);
	if (time_us && time_us <= now_us)
		meter_add(&counts.latency, now_us - time_us);
}

static void take(struct consumer *c, const amqp_envelope_t *e)
{
	look(&e->message.body);
	count(COUNT_RECEIVED, 1);
	c->received++;
	c->last_tag = e->delivery_tag;
	if (options.autoack)
		return;
	if (++c->unsettled == options.ack_every)
		settle(c);
	if (options.consumer_tx > 0 && c->received % options.consumer_tx == 0)
		commit(c);
}

static void other(struct consumer *c)
{
	amqp_frame_t f;
	int status = amqp_simple_wait_frame(c->link.state, &f);
	if (status != AMQP_STATUS_OK)
		link_failed(&c->link, "consuming", status);
	if (f.frame_type == AMQP_FRAME_METHOD)
		link_surprised(&c->link, &f.payload.method);
}

void *consumer_run(void *number)
{
	struct consumer c = { .number = (int)(intptr_t)number };
	begin(&c);
	while (!run_over && c.received != options.consume) {
		amqp_envelope_t e;
		struct timeval patience = { .tv_usec = 100000 };
		amqp_maybe_release_buffers(c.link.state);
		amqp_rpc_reply_t r = amqp_consume_message(c.link.state, &e, &patience, 0);
		if (r.reply_type == AMQP_RESPONSE_NORMAL) {
			take(&c, &e);
			amqp_destroy_envelope(&e);
			run_pace(c.received, c.began_us, options.consumer_rate);
		} else if (r.library_error == AMQP_STATUS_UNEXPECTED_STATE)
			other(&c);
		else if (r.library_error != AMQP_STATUS_TIMEOUT)
			link_failed(&c.link, "consuming", r.library_error);
	}
	if (c.unsettled)
		settle(&c);
	if (options.consumer_tx > 0)
		commit(&c);
	link_close(&c.link);
	return NULL;
}
