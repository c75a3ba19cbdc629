/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings of an exchange that match the same keys.  Mostly there is one, to a queue, and the bunch
 * says which: so routing does not have to look at the binding, which lies elsewhere in memory. */
#ifndef EXCHANGE_BUNCH_H
#define EXCHANGE_BUNCH_H

#include "exchange/exchange.h"

/* A zeroed one is empty. */
struct bunch {
	struct binding *first;       /* the others are in a ring with it, by on_type */
	struct queue *queue;         /* where all that there is leads; NULL: look at the bindings */
};

/* Adds a binding that is in none. */
void bunch_add(struct bunch *g, struct binding *b);

/* Takes one out that is in; true when it was the last. */
bool bunch_remove(struct bunch *g, struct binding *b);

/* Adds where all of them lead; there is one at least. */
void bunch_found(const struct bunch *g, struct found *out);

#endif
