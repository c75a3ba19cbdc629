/* SPDX-License-Identifier: Apache-2.0 */
/* A broker on a simulated disk, a client of it, and what happens to their power, for the tests of
 * this folder. */
#ifndef UNIT_BROKER_FIXTURE_H
#define UNIT_BROKER_FIXTURE_H

#include <check.h>
#include <stdio.h>

#include "broker/state.h"
#include "persistence/log.h"
#include "tests/sim/talk.h"

static struct inside in;
static struct talk talk;
static struct buf why;
static unsigned random_state;

/* Below n. */
static inline unsigned below(unsigned n)
{
	random_state = random_state * 1103515245 + 12345;
	return random_state / 65536 % n;
}

/* ---- the broker ---- */

/* No broker yet: options may be set. */
static inline void set_log(uint64_t segment_bytes)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = segment_bytes;
}

static inline void start(void)
{
	buf_clear(&why);
	ck_assert_msg(inside_start(&in, &why), "%.*s", (int)why.len, (char *)why.p);
	ck_assert(talk_open(&talk, &in));
}

/* There is no broker where the last start was refused. */
static inline void tear_down(void)
{
	if (in.broker)
		broker_check(in.broker);
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
}

/* Behind it there is a start, and the client is another one. */
static inline void lose_power(enum disk_sim_loss loss)
{
	talk_free(&talk);
	inside_crash(&in, loss);
	in.held = false;
	start();
}

enum { BY_KILL, BY_STOP, BY_POWER };

static inline void start_anew(int how)
{
	if (how != BY_STOP) {
		lose_power(how == BY_POWER ? DISK_SIM_LOSES_ALL : DISK_SIM_KEEPS_ALL);
		return;
	}
	talk_free(&talk);
	inside_stop(&in);
	start();
}

static inline uint64_t segments(void)
{
	struct log_stats s;
	log_stats(in.log, &s);
	return s.segments;
}

/* The power goes at each operation of the disk that is part of the act, and what is left is looked
 * at; crash_at prepares and acts, too. */
static inline void crash_everywhere(void (*prepare)(uint64_t seed), void (*act)(void),
                                    void (*crash_at)(uint64_t at, enum disk_sim_loss loss),
                                    enum disk_sim_loss loss)
{
	prepare(1);
	uint64_t first = disk_sim_operations(in.disk);
	act();
	uint64_t last = disk_sim_operations(in.disk);
	tear_down();
	for (uint64_t at = first + 1; at <= last; at++)
		crash_at(at, loss);
}

/* ---- the client ---- */

static inline void declare_queue(const char *queue, bool durable, struct slice arguments)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .durable = durable,
		                                   .arguments = arguments } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, NULL));
}

static inline uint32_t ready_in(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .passive = true } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, &h));
	return h.method.queue_declare_ok.message_count;
}

/* On a channel that is opened for it, what is retained in a queue, or a stream.  What comes goes to
 * meet. */
static inline void read_retained(uint16_t channel, const char *queue, unsigned prefetch,
                                 struct slice arguments,
                                 void (*meet)(void *unused, const struct heard *h))
{
	struct heard h;
	struct method open = { .id = METHOD_channel_open };
	struct method qos = { .id = METHOD_basic_qos,
		                  .basic_qos = { .prefetch_count = (uint16_t)prefetch } };
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue), .arguments = arguments } };
	talk_send(&talk, channel, &open);
	talk_send(&talk, channel, &qos);
	talk_send(&talk, channel, &m);
	ck_assert(talk_expect(&talk, METHOD_channel_open_ok, &h, meet, NULL));
	ck_assert(talk_expect(&talk, METHOD_basic_qos_ok, &h, meet, NULL));
	ck_assert(talk_expect(&talk, METHOD_basic_consume_ok, &h, meet, NULL));
	while (talk_read(&talk, &h))
		meet(NULL, &h);
}

/* All that came to a consumer, unless nothing did since. */
static inline void ack_up_to(uint16_t channel, uint64_t tag, uint64_t *acked)
{
	struct method m = { .id = METHOD_basic_ack,
		                .basic_ack = { .delivery_tag = tag, .multiple = true } };
	if (tag != *acked)
		talk_send(&talk, channel, &m);
	*acked = tag;
}

static inline struct queue *queue_of(const char *name)
{
	const struct vhost *v = vhost_find(in.broker, slice_str("/"));
	return topology_queue(&v->topology, slice_str(name));
}

#endif
