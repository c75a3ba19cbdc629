/* SPDX-License-Identifier: Apache-2.0 */
/* One connection that publishes.  A body begins with a number (u32) and the time it was made (u64,
 * microseconds of the monotonic clock), both big-endian; the rest are zeros. */
#include <amqp.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "tools/perf/link.h"
#include "tools/perf/meter.h"
#include "tools/perf/options.h"
#include "tools/perf/run.h"

struct producer {
	struct link link;
	int number;
	int64_t published;
	uint64_t began_us;
	uint64_t confirmed; /* all tags up to there, and some beyond: */
	uint64_t out;       /* so many wait for their confirm */
	uint64_t *sent_us;  /* of the last options.confirm and some, by tag */
	uint8_t *body;
};

/* ---- confirms ---- */

static uint64_t *sent_us(struct producer *p, uint64_t tag)
{
	return &p->sent_us[tag % (uint64_t)(2 * options.confirm)];
}

static void settle(struct producer *p, uint64_t tag, unsigned how)
{
	uint64_t *at = sent_us(p, tag);
	if (!*at)
		return;
	meter_add(&counts.confirm, meter_now_us() - *at);
	*at = 0;
	p->out--;
	count(how, 1);
}

static void settle_up_to(struct producer *p, uint64_t tag, bool multiple, unsigned how)
{
	if (!multiple) {
		settle(p, tag, how);
		return;
	}
	while (p->confirmed < tag)
		settle(p, ++p->confirmed, how);
}

/* A message that no queue took comes back whole, and its confirm after it. */
static void take_back(struct producer *p)
{
	amqp_message_t message;
	amqp_rpc_reply_t r = amqp_read_message(p->link.state, LINK_CHANNEL, &message, 0);
	if (r.reply_type == AMQP_RESPONSE_NORMAL)
		amqp_destroy_message(&message);
	count(COUNT_RETURNED, 1);
}

static void take(struct producer *p, const amqp_frame_t *f)
{
	if (f->frame_type != AMQP_FRAME_METHOD)
		return;
	const amqp_method_t *m = &f->payload.method;
	if (m->id == AMQP_BASIC_ACK_METHOD) {
		const amqp_basic_ack_t *a = m->decoded;
		settle_up_to(p, a->delivery_tag, a->multiple, COUNT_CONFIRMED);
	} else if (m->id == AMQP_BASIC_NACK_METHOD) {
		const amqp_basic_nack_t *a = m->decoded;
		settle_up_to(p, a->delivery_tag, a->multiple, COUNT_NACKED);
	} else if (m->id == AMQP_BASIC_RETURN_METHOD)
		take_back(p);
	else if (m->id != AMQP_CONNECTION_BLOCKED_METHOD && m->id != AMQP_CONNECTION_UNBLOCKED_METHOD)
		link_surprised(&p->link, m);
}

/* Takes in what the broker sent, and waits for it so long at most. */
static void listen(struct producer *p, int64_t wait_us)
{
	for (;;) {
		amqp_frame_t f;
		struct timeval wait = { .tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000 };
		amqp_maybe_release_buffers(p->link.state);
		int status = amqp_simple_wait_frame_noblock(p->link.state, &f, &wait);
		if (status == AMQP_STATUS_TIMEOUT)
			return;
		if (status != AMQP_STATUS_OK)
			link_failed(&p->link, "waiting for confirms", status);
		take(p, &f);
		wait_us = 0;
	}
}

/* ---- publishing ---- */

static const char *key_of(const struct producer *p)
{
	return *options.routing_key ? options.routing_key
	                            : options_queue((p->number + p->published) % options_queues());
}

static void publish(struct producer *p)
{
	uint32_t number = htobe32((uint32_t)p->published);
	uint64_t now_us = meter_now_us(), time_us = htobe64(now_us);
	amqp_basic_properties_t properties = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
		                                   .delivery_mode = options.persistent ? 2 : 1 };
	memcpy(p->body, &number, sizeof number);
	memcpy(p->body + sizeof number, &time_us, sizeof time_us);
	p->published++;
	if (options.confirm > 0) {
		*sent_us(p, (uint64_t)p->published) = now_us;
		p->out++;
	}
	int status =
		amqp_basic_publish(p->link.state, LINK_CHANNEL, amqp_cstring_bytes(options.exchange),
	                       amqp_cstring_bytes(key_of(p)), options.mandatory, 0, &properties,
	                       (amqp_bytes_t){ (size_t)options.size, p->body });
	if (status != AMQP_STATUS_OK)
		link_failed(&p->link, "publishing", status);
	count(COUNT_SENT, 1);
}

static void commit(struct producer *p)
{
	if (options.producer_tx <= 0 || p->published % options.producer_tx)
		return;
	amqp_tx_commit(p->link.state, LINK_CHANNEL);
	link_check(&p->link, "committing");
}

/* A window full of messages waits; else the broker is heard now and then. */
static void heed(struct producer *p)
{
	enum { EVERY = 64, PATIENCE_US = 100000 };
	while (options.confirm > 0 && p->out >= (uint64_t)options.confirm && !run_over)
		listen(p, PATIENCE_US);
	if (p->published % EVERY == 0)
		listen(p, 0);
}

static void begin(struct producer *p)
{
	link_open(&p->link, "producer", p->number);
	p->body = calloc(1, (size_t)options.size);
	p->began_us = meter_now_us();
	if (options.confirm > 0) {
		p->sent_us = calloc((size_t)(2 * options.confirm), sizeof *p->sent_us);
		amqp_confirm_select(p->link.state, LINK_CHANNEL);
		link_check(&p->link, "asking for confirms");
	}
	if (options.producer_tx > 0) {
		amqp_tx_select(p->link.state, LINK_CHANNEL);
		link_check(&p->link, "asking for transactions");
	}
}

/* What is out is waited for: it was published. */
static void end(struct producer *p)
{
	enum { PATIENCE_US = 100000, TIMES = 50 };
	for (int i = 0; p->out && i < TIMES; i++)
		listen(p, PATIENCE_US);
	link_close(&p->link);
	free(p->sent_us);
	free(p->body);
}

void *producer_run(void *number)
{
	struct producer p = { .number = (int)(intptr_t)number };
	begin(&p);
	while (!run_over && p.published != options.produce) {
		run_pace(p.published, p.began_us, options.rate);
		publish(&p);
		commit(&p);
		heed(&p);
	}
	end(&p);
	return NULL;
}
