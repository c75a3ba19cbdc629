/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's own state, shared by the files of this folder.  management/ looks at it; what it
 * wants changed it says in broker/manage.h, vhost.h, user.h, policing.h and parameters.h. */
#ifndef BROKER_STATE_H
#define BROKER_STATE_H

#include "base/heap.h"
#include "base/map.h"
#include "base/pattern.h"
#include "broker/alarm.h"
#include "broker/attempts.h"
#include "broker/broker.h"
#include "broker/counters.h"
#include "broker/event.h"
#include "broker/outbox.h"
#include "broker/rights.h"
#include "broker/sampling.h"
#include "broker/vhost.h"
#include "queue/store.h"

struct broker {
	struct broker_options options;
	struct store store;
	struct events events;
	struct map vhosts;           /* by name */
	struct map vhosts_by_number;
	struct order all_vhosts;     /* the same in the order of the names */
	struct topology_totals totals;   /* of these; messages: right after counters_settle */
	struct list all_users, going_users;   /* those that are deleted, with connections left */
	struct map users;            /* by name */
	struct map grants, topic_grants;   /* what users may do, by their keys in the catalog */
	uint64_t rights;             /* counts on with every change of what anybody may do */
	struct rights_review review;
	struct pattern_room *patterns;     /* scratch of searches */
	struct attempts attempts;    /* to log in */
	struct list going_vhosts;    /* deleted, with things left to be given back */
	struct parameters parameters;   /* global ones */
	uint32_t last_vhost;         /* the largest number that was given to one */
	uint64_t now_ms;             /* of the current turn or input */
	log_position durable;        /* as last polled; the largest number when there is no log */
	bool pressed;                /* the log asks publishers to wait */
	struct alarms alarms;        /* memory or disk is short: publishers are blocked */
	uint64_t descriptors;        /* open ones of the process, as it was looked at last */
	const struct histogram *turns_us;   /* of the driver's loop; borrowed, NULL: nobody counts */
	int failed;
	bool draining, stopping;

	struct list connections;     /* all of them, in order of their numbers ... */
	struct map connections_by_number;
	struct list consumers;       /* all of them, the oldest first */
	struct list walks;           /* under way over these two, or over virtual hosts or users */
	struct map client_properties;   /* what clients say of themselves (client_properties.h) */
	struct map replies;          /* channels that wait for direct replies, by their names */
	struct list dirty;           /* those that the driver has to look at */
	struct list owing;           /* those with replies that wait for the log */
	struct list confirming;      /* channels with confirms to send or waiting */
	struct list runnable;        /* queues with ready messages and able consumers */
	struct list overfull;        /* queues that may be over their limits */
	struct list policing;        /* virtual hosts whose policies have changed */
	struct list counting;        /* ... whose bytes are being counted */
	struct list unparked;        /* channels that waited for the disk and may go on */
	struct list orphans;         /* what was unacked on channels that are gone (settle.h) */
	struct list graveyard;       /* connections to be freed at the end of the turn */
	uint64_t deaths;             /* what expired messages have cost: one each, more where the queue
	                              * is deep, and one for each queue a dead letter went to ... */
	uint64_t deaths_before;      /* ... up to the end of the last turn */
	uint64_t effort, effort_limit;   /* what frames cost since a turn began (parking.h) */
	uint64_t trims;              /* messages that overfull queues may lose before the next turn */
	uint64_t undelivered;        /* placed faster than turns can hand out: publishers yield */
	struct heap timers;          /* of connections */
	struct heap deadlines;       /* queues by when their first message expires */
	struct heap patience;        /* channels by when a delivery of theirs is unacked too long */
	uint64_t started_ms, previous_turn_ms;
	uint64_t next_number;        /* of connections */
	uint64_t n_connections, n_channels, n_consumers;
	struct counters counters;
	uint64_t received_bytes, sent_bytes;   /* by all connections */
	struct sampling sampling;

	struct outbox_pool pool;
	struct route_set routed;     /* scratch of the publish path */
	struct route_set routed_dead;   /* ... of dead letters, which a publish may cause */
	struct buf text;             /* the sentence of the refusal being made */
	struct buf scratch;
};

/* True when records up to and including the position are safe. */
static inline bool broker_is_durable(const struct broker *b, log_position at)
{
	return at == 0 || at < b->durable;
}

/* The wall clock. */
static inline uint64_t broker_wall_ms(const struct broker *b)
{
	return b->options.wall_ms + (b->now_ms - b->started_ms);
}

/* What the cluster is called: the global parameter cluster_name where it is set to a text, else
 * what the configuration says. */
struct slice broker_cluster_name(const struct broker *b);

/* The queue may have something to deliver: it is looked at in this turn. */
void broker_run_queue(struct broker *b, struct queue *q);

#endif
