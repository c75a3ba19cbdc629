/* SPDX-License-Identifier: Apache-2.0 */
/* A binary min-heap of intrusive nodes.  Each node knows its place, so that taking any element
 * out or moving it after its key changed is O(log n).  Zeroed memory is an empty heap whose
 * owner then sets less. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_NOWHERE ((size_t)-1)

struct heap_node {
	size_t at;   /* index in the heap, HEAP_NOWHERE when in none */
};

struct heap {
	bool (*less)(const struct heap_node *a, const struct heap_node *b);
	struct heap_node **nodes;
	size_t len, cap;
};

void heap_init(struct heap *h, bool (*less)(const struct heap_node *, const struct heap_node *));

static inline void heap_node_init(struct heap_node *n)
{
	n->at = HEAP_NOWHERE;
}

static inline bool heap_linked(const struct heap_node *n)
{
	return n->at != HEAP_NOWHERE;
}

/* Adds a node that is in no heap. */
void heap_push(struct heap *h, struct heap_node *n);

/* The least node, or NULL; it stays in. */
static inline struct heap_node *heap_top(const struct heap *h)
{
	return h->len ? h->nodes[0] : NULL;
}

/* Takes the least node out, or returns NULL. */
struct heap_node *heap_pop(struct heap *h);

/* Takes out a node that is in this heap. */
void heap_remove(struct heap *h, struct heap_node *n);

/* Puts a node whose key changed back in order. */
void heap_move(struct heap *h, struct heap_node *n);

/* Frees the array (not the nodes). */
void heap_free(struct heap *h);

#endif
