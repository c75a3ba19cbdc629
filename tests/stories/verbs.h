/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a story that name a client: sending (say.c), meeting what came (meet.c), and the
 * shorthand for several of both (verbs.c). */
#ifndef STORIES_VERBS_H
#define STORIES_VERBS_H

#include "play.h"

/* > METHOD fields, > header ..., > body "...", > heartbeat */
void say(struct stage *s, struct saying *y);

/* sends BYTES ... */
void say_bytes(struct stage *s, struct saying *y);

/* sends-frame type=1 payload=BYTES size=N end=0xCE: size and end as they should be by default */
void say_frame(struct stage *s, struct saying *y);

/* A body of that many bytes (decimal), the same for every call. */
void body_pattern(struct buf *body, const char *bytes);

/* Lets everything go and reads what has come. */
void listen_to(struct stage *s, struct client *c);

/* < METHOD fields, < "8 bytes", < heartbeat, < nothing */
void meet(struct stage *s, struct saying *y);

/* closed / dropped: all that came was read, and the transport is gone. */
void meet_end(struct stage *s, struct saying *y);

/* confirmed 3, confirmed 1..5: each tag is acked exactly once, in whatever portions. */
void meet_confirms(struct stage *s, struct saying *y);

/* One line of a client. */
void verb_play(struct stage *s, struct saying *y);

#endif
