/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that the broker itself publishes: events, through amq.rabbitmq.event of the default
 * virtual host, and copies for the firehose.  They are collected while something happens, and
 * published near the end of the turn.  What an event says is in report.h. */
#ifndef BROKER_EVENT_H
#define BROKER_EVENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/list.h"
#include "exchange/departures.h"

struct broker;
struct exchange;
struct field;
struct message;
struct topology;

#define EVENT_EXCHANGE "amq.rabbitmq.event"
#define EVENT_LOG_EXCHANGE "amq.rabbitmq.log"

struct events {
	struct topology *topology;   /* of the default virtual host; NULL: it is gone */
	struct exchange *exchange;   /* ... and amq.rabbitmq.event in it, ... */
	struct exchange *log;        /* ... and amq.rabbitmq.log; NULL: there is none */
	struct departures departures;
	const char *actor;           /* who does what happens now; NULL: the broker */
	struct list due;             /* messages to be published */
	size_t n_due;
	uint64_t due_bytes;          /* that they take up */
	uint64_t dropped;            /* since it was said last */
	struct buf headers;          /* of the event that is being made */
};

void events_init(struct events *e);
void events_free(struct events *e);

/* Events are published in this topology from now on, which has the exchange; NULL: in none. */
void events_set_topology(struct broker *b, struct topology *t);

/* Whether anybody listens: ask first. */
bool event_is_wanted(const struct broker *b);

/* Begins an event that is wanted.  What went before is reported first. */
void event_begin(struct broker *b);

/* Headers of the event. */
void event_field(struct broker *b, const char *key, const struct field *value);
void event_str(struct broker *b, const char *key, struct slice value);
void event_bool(struct broker *b, const char *key, bool value);
void event_int(struct broker *b, const char *key, int64_t value);
void event_table(struct broker *b, const char *key, struct slice table);

/* ... and its end: it is due under the routing key, unless there may not be as many headers, or as
 * deep ones. */
void event_end(struct broker *b, const char *routing_key);

/* A line of the log, without its end: it is due under the name of its level, as text, where there
 * is that exchange (options.log_exchange) and anybody listens. */
void event_log(struct broker *b, const char *level, struct slice line);

/* The message, which is taken over, is to be published in that topology, to the exchange that it
 * names. */
void event_add(struct broker *b, struct topology *t, struct message **m);

/* Publishes what is due, a bounded number. */
void events_publish(struct broker *b);

/* The topology goes: nothing is published there any more. */
void events_forget(struct broker *b, const struct topology *t);

#endif
