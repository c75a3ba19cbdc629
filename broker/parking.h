/* SPDX-License-Identifier: Apache-2.0 */
/* A channel that waits for the disk: the frame that cannot be answered yet and all that come behind
 * it on the channel are kept, and handled in their order once what they wait for is there.  Other
 * channels of the connection go on. */
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

/* Keeps a frame of a channel that is parked. */
void parking_keep(struct channel *ch, const struct frame *f);

/* Channels that wait for the queue may go on. */
void parking_wake(struct broker *b, struct queue *q);

/* Lets those that may go on do so. */
void parking_run(struct broker *b);

/* The channel ends, or is closing: what was kept is forgotten. */
void parking_forget(struct channel *ch);

#endif
