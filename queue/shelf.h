/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a deep queue leaves memory too.  Pages of the cold stretch of a lane are appended to
 * the log as records that a start ignores, and read back before they are wanted; what is left of a
 * page in memory says which numbers it has and where it is: a thirtieth of a byte a message.
 *
 * What a queue has in the log is given back a slice at a time, so that a purge of millions keeps
 * nobody waiting. */
#ifndef QUEUE_SHELF_H
#define QUEUE_SHELF_H

#include "persistence/trail.h"

struct lane;
struct queue;
struct store;

/* The queue's trail may have become long. */
void shelf_look(struct store *s, struct queue *q);

/* Once a turn: long trails are shelved, and what was buried is released, a little of each. */
void shelf_turn(struct store *s);

/* True when shelf_turn has more to do and waits for nothing. */
bool shelf_is_busy(const struct store *s);

/* Asks for the pages of the queue that will be wanted first.  When one is back, fetch_ahead is
 * called; one that is not durable yet has to be asked for again. */
void shelf_fetch(struct store *s, struct queue *q);

/* A page is back. */
struct shelf_load;
void shelf_take(struct store *s, struct shelf_load *load);

/* A shelved page of the queue, of which the leaf is a copy, becomes smaller when most of it was
 * taken. */
void shelf_thin(struct store *s, struct queue *q, const struct trail_leaf *leaf);

/* A page need not come back: nothing of it is left. */
void shelf_release(struct store *s, struct trail_emptied emptied);

/* The fresh entries of the lane, of which none is loading, are gone: what they retain is released
 * in turns to come.  It has none afterwards. */
void shelf_bury(struct store *s, struct lane *l);

/* Moves one page that lies in [from, to) elsewhere: true when there was one, and it is under
 * way. */
bool shelf_move(struct store *s, log_position from, log_position to);

/* The queue goes, or is at rest. */
void shelf_forget(struct queue *q);

/* The log is closed. */
void shelf_end(struct store *s);

#endif
