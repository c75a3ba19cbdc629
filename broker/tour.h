/* SPDX-License-Identifier: Apache-2.0 */
/* All things of a kind wherever they are: what belongs to a virtual host is met in one after the
 * other, each of which is announced before and may be passed over.  In pieces, as rosters are. */
#ifndef BROKER_TOUR_H
#define BROKER_TOUR_H

#include "broker/roster.h"

/* Zeroed it has not begun. */
struct tour {
	struct roster vhosts, roster;
	struct broker *broker;
	enum roster_kind kind;
	bool inside;                 /* the roster is begun ... */
	bool unannounced;            /* ... in the only virtual host, which is to be announced */
};

enum tour_answer {
	TOUR_END,
	TOUR_ROW,
	TOUR_VHOST,                  /* the row says which; what is in it comes next */
	TOUR_NOT_YET,                /* it is the turn of others */
};

/* At the first one. */
void tour_begin(struct tour *t, struct broker *b, enum roster_kind kind);

/* Only in that virtual host, of what lies in them. */
void tour_begin_in(struct tour *t, struct vhost *v, enum roster_kind kind);

/* Bindings of one end, as rosters have them. */
void tour_begin_from(struct tour *t, struct vhost *v, struct exchange *source);
void tour_begin_to(struct tour *t, struct vhost *v, struct destination to);

/* Before each piece. */
void tour_go_on(struct tour *t);

/* The next one, valid until anything changes. */
enum tour_answer tour_next(struct tour *t, struct roster_row *out);

/* After TOUR_VHOST: nothing in that one is wanted. */
void tour_skip(struct tour *t);

/* After TOUR_VHOST: so many in it are passed over (roster_pass). */
void tour_pass(struct tour *t, uint64_t n);

/* Harmless when it was not begun, and twice. */
void tour_end(struct tour *t);

#endif
