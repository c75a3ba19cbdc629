/* SPDX-License-Identifier: Apache-2.0 */
/* An order over an intrusive list: its elements stand in it by their keys, compared as bytes, and
 * the n-th is found without a walk.  Walks over the list (walk.h) may be under way while elements
 * come and go.  It takes about five bytes of memory for an element, beside the link; what is done
 * to it costs the logarithm of how many there are. */
#ifndef BASE_ORDER_H
#define BASE_ORDER_H

#include "base/list.h"
#include "base/slice.h"

enum { ORDER_LANES = 8 };

struct order_stop;

struct order_leg {
	struct order_stop *next;     /* the next stop of the lane; NULL: there is none */
	size_t elements;             /* to that, or to behind the last one */
};

/* The key of an element, which stays as it is while it is in. */
typedef struct slice order_key(const struct list *link);

struct order {
	struct list list;            /* the elements */
	order_key *key;
	size_t count;
	uint64_t drawn;
	struct order_leg legs[ORDER_LANES];   /* from the head, the slowest lane first */
};

void order_init(struct order *o, order_key *key);

/* Puts an element where it belongs; none of the same key may be in. */
void order_put(struct order *o, struct list *link);

/* Takes one out. */
void order_remove(struct order *o, struct list *link);

/* The one that n others come before; there is one. */
struct list *order_at(const struct order *o, size_t n);

/* Frees what it took.  The elements are let alone. */
void order_free(struct order *o);

/* Walks all of it and must()s its invariants. */
void order_check(const struct order *o);

#endif
