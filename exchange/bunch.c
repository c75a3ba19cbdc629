/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/bunch.h"

static struct binding *after(const struct binding *b)
{
	return list_entry(b->on_type.next, struct binding, on_type);
}

static void note_queue(struct bunch *g)
{
	bool one = g->first && after(g->first) == g->first;
	g->queue = one ? g->first->queue : NULL;
}

void bunch_add(struct bunch *g, struct binding *b)
{
	list_init(&b->on_type);
	if (g->first)
		list_push(&g->first->on_type, &b->on_type);
	else
		g->first = b;
	note_queue(g);
}

bool bunch_remove(struct bunch *g, struct binding *b)
{
	if (g->first == b)
		g->first = after(b) == b ? NULL : after(b);
	list_remove(&b->on_type);
	note_queue(g);
	return !g->first;
}

void bunch_found(const struct bunch *g, struct found *out)
{
	const struct binding *b = g->first;
	if (g->queue) {
		found_put(out, (struct destination){ .queue = g->queue });
		return;
	}
	do {
		found_add(out, b);
		b = after(b);
	} while (b != g->first);
}
