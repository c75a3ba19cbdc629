/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the simulator: sends methods, reads what the broker answered, piece by piece. */
#ifndef SIM_TALK_H
#define SIM_TALK_H

#include "amqp/method.h"
#include "amqp/props.h"
#include "tests/sim/inside.h"

struct talk {
	struct inside_peer peer;
	struct buf received;     /* what came, from at on not yet looked at */
	size_t at;
	struct buf body;         /* of what was heard last, when it came in several frames */
	bool opened;             /* the broker let it in */
};

/* What came: a method, with its content when it carries one.  Borrowed until the next read. */
struct heard {
	uint16_t channel;
	struct method method;
	struct slice header, body;
};

/* Dials and shakes hands as guest; opens channel 1. False when the broker does not let it in. */
bool talk_open(struct talk *t, struct inside *in);
bool talk_open_at(struct talk *t, struct inside *in, const char *vhost);
void talk_free(struct talk *t);

void talk_send(struct talk *t, uint16_t channel, const struct method *m);

/* A publish to the default exchange or another one, persistent or not. */
void talk_publish(struct talk *t, uint16_t channel, struct slice exchange, struct slice key,
                  bool mandatory, bool persistent, struct slice body);

/* A publish with any properties. */
void talk_content(struct talk *t, uint16_t channel, const struct method *m, const struct props *as,
                  struct slice body);

/* The next thing that came, whole: false when there is none yet. */
bool talk_read(struct talk *t, struct heard *out);

/* Reads until the method comes; what comes before it goes to other (NULL: is dropped). */
bool talk_expect(struct talk *t, uint32_t method_id, struct heard *out,
                 void (*other)(void *to, const struct heard *h), void *to);

/* Sends, and reads until the answer comes; what else comes is dropped.  h NULL: nobody looks. */
bool talk_call(struct talk *t, uint16_t channel, struct method m, uint32_t answer,
               struct heard *h);

/* The same as talk_expect, and time passes: no room on the disk may be waited out. */
bool talk_wait(struct talk *t, uint32_t method_id, struct heard *out,
               void (*other)(void *to, const struct heard *h), void *to);

#endif
