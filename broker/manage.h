/* SPDX-License-Identifier: Apache-2.0 */
/* What management/ has changed in a broker. */
#ifndef BROKER_MANAGE_H
#define BROKER_MANAGE_H

#include "base/slice.h"
#include "persistence/log.h"
#include "queue/replay.h"

struct broker;
struct channel;
struct queue;
struct vhost;

/* The time is this (monotonic milliseconds), and it is management that acts: before anything else
 * of this file. */
void manage_now(struct broker *b, uint64_t now_ms);

/* Drops what is ready and returns how many there were. */
uint64_t manage_purge(struct broker *b, struct queue *q);

/* Begins to put what the queue, which retains its messages, had at these offsets, from the first to
 * the last, back into it (replay.h); and what became of that, as replay_report. */
enum replay_outcome manage_replay(struct broker *b, struct queue *q, uint64_t from, uint64_t to,
                                  uint64_t *number);
bool manage_replayed(const struct broker *b, uint64_t number, struct replay_report *out);

/* The queue hands out no messages, or does so again; what it is sent it takes.  Returns the
 * position after which that is for good, or 0. */
log_position manage_pause(struct broker *b, struct queue *q, bool paused);

/* Deletes the queue; its consumers are told.  Returns the position after which it is for good, or
 * 0. */
log_position manage_delete(struct broker *b, struct queue *q);

/* Adds a queue, an exchange, a binding, as a client would that may do everything; what is there
 * already stays as it is.  False, and why, when it is refused. */
struct queue_spec;
struct exchange_spec;
struct binding_spec;
bool manage_add_queue(struct vhost *v, const struct queue_spec *spec, log_position *wait_for,
                      struct buf *why);
bool manage_add_exchange(struct vhost *v, const struct exchange_spec *spec,
                         log_position *wait_for, struct buf *why);
bool manage_bind(struct vhost *v, const struct binding_spec *spec, log_position *wait_for,
                 struct buf *why);

/* What would be lost with the queue, as a sentence; NULL: nothing. */
const char *manage_loses(const struct queue *q);

/* Whether such a new one would be refused: false then, and why. */
bool manage_may_add_queue(struct vhost *v, const struct queue_spec *spec, struct buf *why);
bool manage_may_add_exchange(struct vhost *v, const struct exchange_spec *spec, struct buf *why);

/* Deletes the exchange, which is not a predeclared one; unbinds, if it is bound.  Both return the
 * position after which that is for good, or 0. */
struct exchange;
log_position manage_delete_exchange(struct vhost *v, struct exchange *x);
log_position manage_unbind(struct vhost *v, const struct binding_spec *spec);

/* True when the position is safe (of 0: at once). */
bool manage_is_durable(const struct broker *b, log_position at);

/* Closes the connection of that number with 320 and the reason; false when there is none. */
bool manage_close(struct broker *b, uint64_t number, struct slice reason);

/* Ends a consumer as basic.cancel does, and the client is told, where it can be; false when the
 * channel has none of that tag. */
bool manage_cancel(struct channel *ch, struct slice tag);

/* As basic.qos, for the consumers to come and for those there are; 0: no limit.  False, and nothing
 * has changed: there is one of a stream, which needs a limit. */
bool manage_prefetch(struct channel *ch, uint16_t n);

/* Publishers are blocked while so many bytes of memory, or more, are used; while fewer are free on
 * the log's file system.  What was noted last counts at once. */
void manage_set_memory_watermark(struct broker *b, uint64_t bytes);
void manage_set_disk_free_limit(struct broker *b, uint64_t bytes);

/* The number of a connection by its name ("127.0.0.1:50324 -> 127.0.0.1:5672"); 0: none. */
uint64_t manage_find(const struct broker *b, struct slice name);

/* Begins a backup of all that is kept (log_backup), acks included that were not written yet. */
int manage_backup(struct broker *b, const char *directory, uint64_t *number);

/* How far it is (log_backed_up). */
bool manage_backed_up(const struct broker *b, uint64_t number, struct log_backup *out);

#endif
