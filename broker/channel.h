/* SPDX-License-Identifier: Apache-2.0 */
/* A channel: which method is legal now, the assembly of published content, what is unacked, and
 * the modes (confirm, tx).  The handlers in on_*.c do what the methods say. */
#ifndef BROKER_CHANNEL_H
#define BROKER_CHANNEL_H

#include "base/map.h"
#include "broker/confirm.h"
#include "broker/link.h"
#include "broker/patience.h"
#include "broker/rights.h"
#include "broker/tx.h"
#include "queue/motion.h"
#include "queue/unacked.h"

enum assembly_state {
	ASSEMBLY_NONE,       /* a method is awaited */
	ASSEMBLY_HEADER,     /* basic.publish was seen: its content header is awaited */
	ASSEMBLY_BODY,       /* body frames are awaited */
};

/* A basic.publish on its way in. */
struct assembly {
	enum assembly_state state;
	bool mandatory;
	bool plain;                  /* its properties have been looked at for good: publish_is_plain */
	uint8_t empty_frames;        /* empty body frames in a row */
	uint8_t exchange_len, key_len;
	uint8_t *names;              /* exchange and key, 510 bytes, allocated with the first publish */
	struct message *message;
	uint64_t budgeted;           /* bytes counted in connection.assembling_bytes */
};

/* How far a method that settles many has come, when it waits for its turn. */
struct settling {
	uint64_t from, to;           /* tags; 0: there is none */
};

struct channel {
	struct connection *connection;
	struct broker *broker;
	struct vhost *vhost;
	uint16_t number;
	bool closing;                /* we said channel.close and wait for close-ok */
	bool crossed;                /* ... and the client said channel.close at the same time */
	bool stirred;                /* its motion stands on the store's list */
	bool woken;                  /* scratch: its consumers were woken in this turn */

	uint64_t next_tag;           /* of the next delivery */
	struct unacked unacked;
	struct patience patience;
	struct list consumers;       /* the one served longest ago first */
	struct map by_tag;           /* consumers by tag */
	struct reply *reply;         /* it consumes direct replies; NULL: it does not */
	uint32_t prefetch;           /* window of consumers to come; 0: no limit */
	uint32_t window;             /* of the whole channel; 0: no limit */
	uint32_t window_used;

	uint64_t published;          /* since that was gathered */
	struct motion motion;
	struct settling settling;
	struct rights_known rights;
	struct buf last_queue;       /* name of the queue declared last: what an empty name means */
	struct assembly assembly;
	struct confirm confirm;
	struct tx tx;
	struct list confirming;      /* on the broker's list */
	bool parked;                 /* waits for the disk, or ... */
	bool yields;                 /* ... for its turn (parking.h) */
	struct list on_parked;       /* on the queue's list, then on the broker's */
	struct buf kept;             /* frames that came meanwhile */
};

/* True when it is known that the user has that right to the queue or exchange of this serial. */
static inline bool channel_may(const struct channel *ch, enum right right, uint64_t serial)
{
	uint64_t mark = rights_mark(right, serial);
	return ((ch->rights.when ^ ch->broker->rights) |
	        (ch->rights.allowed[mark % RIGHTS_KNOWN] ^ mark)) == 0;
}

/* Dispatches a method for a channel number, opening the channel when that is what it says. */
const struct refusal *channel_method(struct connection *c, uint16_t number,
                                     const struct method *m);

/* A content header or body frame. */
const struct refusal *channel_header(struct channel *ch, struct slice payload);
const struct refusal *channel_body(struct channel *ch, struct slice payload);

/* The method that content frames now belong to, for a close: basic.publish or 0. */
uint32_t channel_content_method(const struct channel *ch);

bool channel_is_closing(const struct channel *ch);

/* True for what a channel that is closing by our hand drops unread: everything but the end of the
 * close (AMQP 0-9-1, channel.close). */
bool channel_ignores(const struct channel *ch, uint32_t method_id);

/* Sends channel.close for a refusal just made, returns everything and waits for close-ok. */
void channel_refuse(struct channel *ch, const struct refusal *r, uint32_t method_id);

/* Ends the channel: consumers off, unacked back to their queues, then frees it. */
void channel_end(struct channel *ch);

/* Sends a method on the channel (see connection_send, connection_send_when). */
void channel_send(struct channel *ch, const struct method *m);
void channel_send_when(struct channel *ch, const struct method *m, log_position wait_for);

/* Consumers that waited for the window or the connection may be able again. */
void channel_wake_consumers(struct channel *ch);

/* Counts bytes against what the connection may hold half-received; refuses beyond the limit. */
const struct refusal *channel_budget(struct channel *ch, uint64_t bytes);

#endif
