/* SPDX-License-Identifier: Apache-2.0 */
/* One client of a story: a transport to the broker inside the process or outside, what was sent
 * and not yet let go, and what came back, cut into items. */
#ifndef STORIES_CLIENT_H
#define STORIES_CLIENT_H

#include "tests/sim/inside.h"

enum { CLIENT_NAME_MAX = 16 };

enum client_feeding {
	FEED_WHOLE, /* what a line sends, at once */
	FEED_SPLIT, /* byte by byte */
	FEED_JOIN,  /* what lines in a row send, in one piece */
};

/* A method with its content, a heartbeat, or the eight bytes of a protocol header. */
enum item_kind { ITEM_METHOD, ITEM_BEAT, ITEM_HEADER };

struct item {
	enum item_kind kind;
	uint16_t channel;
	bool whole;
	struct buf payload; /* of the method frame; of ITEM_HEADER the bytes */
	struct buf header;  /* payload of the content header frame */
	struct buf body;
	uint64_t body_bytes; /* announced */
};

struct client {
	char name[CLIENT_NAME_MAX];
	struct inside_peer peer; /* outside only its output is used */
	uint16_t port;           /* outside: not 0, with a socket ... */
	int fd;
	bool hung_up;            /* ... whose other end is gone */
	bool spoke;              /* outside: what was let go may not have been read yet */
	bool dialled, left;
	uint32_t frame_max;  /* as tuned; 0: not yet */
	struct buf pending;  /* sent by the story, not yet let go */
	struct buf received; /* not yet a whole frame */
	struct item *items;
	size_t n_items;
};

void client_dial(struct client *c, struct inside *in, bool loopback);

/* Dials that port of the loopback interface; false when nobody answers. */
bool client_dial_outside(struct client *c, uint16_t port);

/* Outside: waits until the broker has read all that was let go. */
void client_settle(struct client *c);

/* Outside: waits that long for something to come. */
void client_wait(struct client *c, int ms);
void client_leave(struct client *c);

/* Ends it and forgets all but its name. */
void client_reset(struct client *c);

/* Lets go what is pending. */
void client_flush(struct client *c, enum client_feeding feeding);

/* Cuts what has come into items, and says so in the trace.  False with why when the broker breaks
 * the protocol. */
bool client_read(struct client *c, struct buf *trace, struct buf *why);

/* True when the broker ended the transport. */
bool client_is_gone(const struct client *c);

void client_drop_item(struct client *c, size_t i);

/* Gives back memory that holds nothing now. */
void client_rest(struct client *c);

#endif
