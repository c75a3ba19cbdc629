/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/die.h"
#include "base/mem.h"

void heap_init(struct heap *h, bool (*less)(const struct heap_node *, const struct heap_node *))
{
	*h = (struct heap){ .less = less };
}

static void put(struct heap *h, size_t at, struct heap_node *n)
{
	h->nodes[at] = n;
	n->at = at;
}

static void up(struct heap *h, size_t at, struct heap_node *n)
{
	for (; at > 0 && h->less(n, h->nodes[(at - 1) / 2]); at = (at - 1) / 2)
		put(h, at, h->nodes[(at - 1) / 2]);
	put(h, at, n);
}

static void down(struct heap *h, size_t at, struct heap_node *n)
{
	for (size_t child; (child = 2 * at + 1) < h->len; at = child) {
		if (child + 1 < h->len && h->less(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!h->less(h->nodes[child], n))
			break;
		put(h, at, h->nodes[child]);
	}
	put(h, at, n);
}

static void settle(struct heap *h, size_t at, struct heap_node *n)
{
	if (at > 0 && h->less(n, h->nodes[(at - 1) / 2]))
		up(h, at, n);
	else
		down(h, at, n);
}

void heap_push(struct heap *h, struct heap_node *n)
{
	must(!heap_linked(n));
	if (h->len == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 16;
		h->nodes = mem_realloc(h->nodes, h->cap * sizeof *h->nodes);
	}
	up(h, h->len++, n);
}

struct heap_node *heap_pop(struct heap *h)
{
	struct heap_node *top = heap_top(h);
	if (top)
		heap_remove(h, top);
	return top;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	size_t at = n->at;
	must(at < h->len && h->nodes[at] == n);
	struct heap_node *last = h->nodes[--h->len];
	if (last != n)
		settle(h, at, last);
	n->at = HEAP_NOWHERE;
}

void heap_move(struct heap *h, struct heap_node *n)
{
	must(n->at < h->len && h->nodes[n->at] == n);
	settle(h, n->at, n);
}

void heap_free(struct heap *h)
{
	mem_free(h->nodes);
	h->nodes = NULL;
	h->len = h->cap = 0;
}
