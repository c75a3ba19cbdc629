/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive doubly linked lists.  A struct list is either the head of a list or a link inside an
 * element; an element that is on no list has a link that points at itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* True when the link sits on some list. */
static inline bool list_linked(const struct list *l)
{
	return l->next != l;
}

static inline void list_insert_before(struct list *at, struct list *l)
{
	l->prev = at->prev;
	l->next = at;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a link is never NULL, see list_init */
	at->prev->next = l;
	at->prev = l;
}

/* Adds at the back. */
static inline void list_push(struct list *head, struct list *l)
{
	list_insert_before(head, l);
}

/* Adds at the front. */
static inline void list_push_front(struct list *head, struct list *l)
{
	list_insert_before(head->next, l);
}

/* Takes the link off its list; harmless when it is on none. */
static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* Takes the front link off and returns it, or NULL when the list is empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *l = head->next;
	if (l == head)
		return NULL;
	list_remove(l);
	return l;
}

/* Moves all of from to the back of to. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(l, type, member) ((type *)(void *)((char *)(l) - offsetof(type, member)))

#define list_first(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))

/* Walks the list; the body must not take the current element off. */
#define list_each(it, head) \
	for (struct list *it = (head)->next; it != (head); it = it->next)

/* Walks the list; the body may take off (and free) the current element, no other. */
#define list_each_safe(it, head) \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)

#endif
