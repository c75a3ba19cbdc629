/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over intrusive lists that take a while: elements may come and go meanwhile.  An element
 * that is there all the time is met once.  Whoever takes one off its list calls walks_leave
 * before, and whoever frees the head of a list walks_lose. */
#ifndef BASE_WALK_H
#define BASE_WALK_H

#include "base/list.h"

struct walk {
	struct list link;            /* among the walks that are to be told */
	struct list *head, *at;      /* head NULL: there is no list any more */
};

/* At the front of the list. */
static inline void walk_begin(struct walk *w, struct list *walks, struct list *head)
{
	list_push(walks, &w->link);
	w->head = head;
	w->at = head->next;
}

static inline void walk_end(struct walk *w)
{
	list_remove(&w->link);
	w->head = w->at = NULL;
}

/* The element that the walk is at, NULL at the end. */
static inline struct list *walk_here(const struct walk *w)
{
	return w->at == w->head ? NULL : w->at;
}

/* To that element of its list, or to the head: that is the end. */
static inline void walk_to(struct walk *w, struct list *element)
{
	w->at = element;
}

/* On to the next one; not at the end. */
static inline void walk_on(struct walk *w)
{
	w->at = w->at->next;
}

static inline void walks_leave(struct list *walks, const struct list *element)
{
	list_each(it, walks) {
		struct walk *w = list_entry(it, struct walk, link);
		if (w->at == element)
			w->at = element->next;
	}
}

static inline void walks_lose(struct list *walks, const struct list *head)
{
	list_each(it, walks) {
		struct walk *w = list_entry(it, struct walk, link);
		if (w->head == head)
			w->head = w->at = NULL;
	}
}

/* All the lists go. */
static inline void walks_lose_all(struct list *walks)
{
	for (struct list *l; (l = list_pop(walks));) {
		struct walk *w = list_entry(l, struct walk, link);
		w->head = w->at = NULL;
	}
}

#endif
