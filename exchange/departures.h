/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges and bindings that went, one by one or because something else did: an out-list of
 * topologies for who tells of such things.  Nothing is noted while nobody wants to know. */
#ifndef EXCHANGE_DEPARTURES_H
#define EXCHANGE_DEPARTURES_H

#include "base/list.h"
#include "base/slice.h"

struct binding;
struct exchange;
struct topology;

struct departures {
	const struct list *audience; /* not empty while somebody wants to know; NULL: nobody does */
	struct list list;            /* in the order in which they went */
};

struct departure {
	struct list link;
	struct topology *topology;
	struct slice exchange;       /* owned, as the others; of a binding its source */
	bool of_binding;             /* else the exchange itself went; what follows is of bindings */
	bool to_queue;
	struct slice destination, key, arguments;
};

void departures_init(struct departures *d);
void departures_free(struct departures *d);

/* It goes now.  d NULL: there is none. */
void departures_note_exchange(struct departures *d, struct topology *t, const struct exchange *x);
void departures_note_binding(struct departures *d, struct topology *t, const struct binding *b);

/* The first, off the list and the caller's to be freed; NULL when there is none. */
struct departure *departures_take(struct departures *d);
void departure_free(struct departure **one);

#endif
