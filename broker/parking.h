/* SPDX-License-Identifier: Apache-2.0 */
/* A channel that waits, for the disk or for its turn: the frame that cannot be answered yet and
 * all that come behind it on the channel are kept, and handled in their order once what they wait
 * for is there.  For the disk other channels of the connection do not wait.
 *
 * Its turn: some frames cost a thousand times what others do.  So what they cost is counted, in
 * tenths of a microsecond, and when it is much no more are taken from the connection
 * (connection_frames); one that costs too much alone is done a part at a time, and its channel
 * waits in between. */
#ifndef BROKER_PARKING_H
#define BROKER_PARKING_H

#include <stdbool.h>

struct broker;
struct channel;
struct frame;
struct queue;

/* The frame that is being handled waits for the front of the queue: it will be handled again, from
 * the start, when that is in memory or the queue is gone. */
void parking_wait(struct channel *ch, struct queue *q);

/* From one turn of the broker to the next frames may cost so much, and so much in a row. */
enum { EFFORT_MOST = 20000, EFFORT_PIECE = 10000 };

/* A connection, or a channel that was parked, has its turn. */
void parking_begin_piece(struct broker *b);

/* True when that is used up. */
bool parking_is_due(const struct broker *b);

/* The frame that is being handled will be handled again, from the start, in the next turn of the
 * broker: what was done for it already was done for good. */
void parking_yield(struct channel *ch);

/* Keeps a frame of a channel that is parked. */
void parking_keep(struct channel *ch, const struct frame *f);

/* Channels that wait for the queue may go on. */
void parking_wake(struct broker *b, struct queue *q);

/* Lets those that may go on do so, as many as there is time for. */
void parking_run(struct broker *b);

/* The channel ends, or is closing: what was kept is forgotten. */
void parking_forget(struct channel *ch);

#endif
