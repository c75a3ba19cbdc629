/* SPDX-License-Identifier: Apache-2.0 */
/* The broker: one object that owns all state, driven from outside.  Time, bytes and completions
 * come in as arguments; frames for the peers go out through each connection's outbox.  It knows
 * no sockets, threads or clocks, so that the simulator can drive it as the server does.
 *
 * The driver's loop:  feed what has arrived (broker/connection.h), call broker_turn once, then
 * serve every connection that broker_next_dirty names, and sleep until broker_deadline. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "broker/founding.h"
#include "broker/password.h"

struct broker;
struct connection;
struct histogram;
struct log;

struct broker_options {
	/* An opened log, not yet scanned; owned by the broker from broker_new on.  NULL: nothing is
	 * kept, durable means nothing (tests only). */
	struct log *log;
	/* Fills n bytes from a cryptographically strong source (simulators: a seeded one). */
	void (*entropy)(void *p, size_t n);
	/* Called now and then while the log is read, with the position; NULL: nobody wants to know. */
	void (*reading)(uint64_t at);

	uint16_t channel_max;            /* channels per connection offered in connection.tune */
	uint32_t frame_max;              /* bytes, offered in connection.tune */
	uint32_t initial_frame_max;      /* bytes of a payload, before connection.open-ok */
	uint16_t heartbeat_s;            /* seconds, offered in connection.tune; 0: none */
	uint32_t handshake_timeout_ms;   /* from accept to connection.open-ok */
	uint32_t first_byte_timeout_ms;  /* from accept to the first byte */
	uint32_t close_timeout_ms;       /* how long a close-ok is waited for */
	uint64_t max_message_bytes;
	uint32_t consumer_max_per_channel;   /* 0: no limit, here and in the next four */
	uint64_t channel_max_per_node;   /* on all connections together */
	uint64_t vhost_max;
	uint64_t cluster_queue_limit, cluster_exchange_limit;   /* in all virtual hosts together */
	uint64_t consumer_timeout_ms;    /* that a delivery may stay unacked; 0: for ever */
	uint64_t assembly_max_bytes;     /* half-received bodies, per connection */
	uint64_t message_memory_bytes;   /* messages in queues; those beyond are in the log only */
	uint64_t window_bytes;           /* of the log's options */
	uint64_t memory_watermark_bytes; /* as much memory in use is too much: publishers wait */
	uint64_t disk_free_limit_bytes;  /* less room than that where the log lies: likewise */
	uint32_t index_page_entries;     /* of a queue's index; 0: as many as suit a disk */
	uint64_t stream_keys_max;        /* that one stream compacts by */
	uint32_t sample_ms;              /* between samples of what goes on; 0: there are none */
	uint64_t samples_bytes;          /* that all of them may take */
	uint64_t outbox_max_bytes;       /* unsent output per connection before deliveries pause */

	uint64_t wall_ms;                /* the wall clock when now_ms of broker_new was read */

	const char *product, *version, *cluster_name;   /* server-properties; texts are borrowed */
	const char *default_user, *default_pass, *default_vhost;   /* no user: "" */
	/* of the default user: tags (separated by commas) and rights in the default virtual host */
	const char *default_tags, *default_configure, *default_write, *default_read;
	const char *loopback_users;      /* ... from this machine only; commas between */
	const char *founding[FOUNDINGS]; /* what new virtual hosts begin with (base/entries.h) */
	enum hashing hashing;            /* of new passwords */
	uint32_t password_min_bytes;     /* of new passwords; 0: any */
	const char *password_pattern;    /* ... and what is found in them; "": anything */
	const char *queue_type;          /* of queues where neither who declares them nor the virtual
	                                  * host says one; "": the classic one, unsaid */
	bool log_exchange;               /* lines of the log are published: see event_log */
	const char *cluster_tags, *node_tags;   /* shown to people; base/entries.h */
	bool plain, amqplain, external;  /* mechanisms; EXTERNAL to who has a certificate */
};

/* Sets every limit to its documented default and the rest to zero. */
void broker_options_default(struct broker_options *o);

/* From now on these count, all but log, entropy, wall_ms, window_bytes and index_page_entries;
 * texts of the options before are not needed any more.  What was agreed with a client stays so, and
 * a watermark that was set otherwise stays unless it is another one here. */
void broker_set_options(struct broker *b, const struct broker_options *o);

/* A broker at time now_ms (monotonic milliseconds, any origin). */
struct broker *broker_new(const struct broker_options *o, uint64_t now_ms);

/* Reads the log and rebuilds queues, bindings and messages. 0, or -errno and a sentence. Called
 * once, before anything else. */
int broker_recover(struct broker *b, struct buf *why);

/* One loop turn, after all input that was at hand has been fed: timers, deliveries, the log
 * batch, confirms, burials, in that order. */
void broker_turn(struct broker *b, uint64_t now_ms);

/* What the process uses and what the log's file system has free (UINT64_MAX: nobody knows), in
 * bytes: now and then, while an alarm lasts about once a second.  Spare files of the log count as
 * free. */
void broker_note_resources(struct broker *b, uint64_t memory_used, uint64_t disk_free);

/* Likewise how many descriptors the process has open. */
void broker_note_descriptors(struct broker *b, uint64_t n);

/* Where it is counted how long turns of the driver's loop take, for as long as the broker lives. */
void broker_note_turns(struct broker *b, const struct histogram *us);

/* True while publishers are blocked because memory or disk is short. */
bool broker_is_alarmed(const struct broker *b);

/* A quiet moment: memory that queues can do without is given back in the turns to come. */
void broker_rest(struct broker *b);

/* When broker_turn must be called next at the latest; UINT64_MAX: not before there is input. */
uint64_t broker_deadline(const struct broker *b);

/* The next connection with something to do for the driver: output to write, a changed wish, or
 * reading to be stopped or resumed.  NULL when there is none.  Each is named once per change; one
 * without an owner is nobody's to serve. */
struct connection *broker_next_dirty(struct broker *b);

/* 0, or the errno with which the log ended: the driver flushes what it can and exits with 4. */
int broker_failed(const struct broker *b);

/* Ahead of a stop: nothing more is delivered to consumers, who finish what they have; all else goes
 * on, basic.get too. */
void broker_drain(struct broker *b);

/* Messages of all queues that clients have and did not settle yet. */
uint64_t broker_handed_out(struct broker *b);

/* Begins an orderly stop: every connection is closed with 320 CONNECTION_FORCED. */
void broker_stop(struct broker *b, uint64_t now_ms);

/* True when no connection is left. */
bool broker_is_empty(const struct broker *b);

/* Writes what a clean stop writes, closes the log and frees everything. 0 or -errno. */
int broker_free(struct broker *b);

/* A few lines for the operator (SIGUSR1): counts of connections, queues, messages, log. */
void broker_describe(struct broker *b, struct buf *out);

/* Walks every structure and must()s its invariants; for tests and the simulator. */
void broker_check(const struct broker *b);

#endif
