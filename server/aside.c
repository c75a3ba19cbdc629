/* SPDX-License-Identifier: Apache-2.0 */
/* The thread is as those of the log: a step that is repeated, and a lock. */
#include "server/aside.h"

#include "base/mem.h"
#include "management/parsing.h"
#include "persistence/log_thread.h"
#include "server/loop.h"

struct aside {
	struct loop *loop;
	struct log_thread *thread;
	struct list wanted;          /* the broker's thread alone knows of it, and of these: */
	size_t away;                 /* so many will be done */
	struct list given, done;     /* under the lock */
};

static void put(struct aside *a, struct list *to, struct parsing *r)
{
	log_thread_lock(a->thread);
	list_push(to, parsing_link(r));
	log_thread_unlock(a->thread);
}

static struct parsing *take(struct aside *a, struct list *from)
{
	log_thread_lock(a->thread);
	struct list *l = list_pop(from);
	log_thread_unlock(a->thread);
	return l ? parsing_of(l) : NULL;
}

static bool step(void *arg)
{
	struct aside *a = arg;
	struct parsing *r = take(a, &a->given);
	if (r && parsing_do(r)) {
		put(a, &a->done, r);
		loop_wake(a->loop);
	}
	return r != NULL;
}

struct aside *aside_new(struct loop *l)
{
	struct aside *a = mem_zalloc(sizeof *a);
	a->loop = l;
	list_init(&a->wanted);
	list_init(&a->given);
	list_init(&a->done);
	a->thread = log_thread_new(1, step, a);
	if (a->thread)
		return a;
	mem_free(a);
	return NULL;
}

struct list *aside_list(struct aside *a)
{
	return a ? &a->wanted : NULL;
}

void aside_turn(struct aside *a)
{
	struct parsing *r;
	bool given = false;
	while (a && a->away && (r = take(a, &a->done))) {
		parsing_back(r, &a->wanted);
		a->away--;
	}
	for (; a && (r = parsing_next(&a->wanted)); given = true) {
		a->away += parsing_comes_back(r);
		put(a, &a->given, r);
	}
	if (given)
		log_thread_kick(a->thread);
}

static void drop_all(struct list *l)
{
	struct list *link;
	while ((link = list_pop(l)))
		parsing_drop(parsing_of(link));
}

void aside_free(struct aside **aside)
{
	struct aside *a = *aside;
	*aside = NULL;
	if (!a)
		return;
	log_thread_free(a->thread);
	drop_all(&a->wanted);
	drop_all(&a->given);
	drop_all(&a->done);
	mem_free(a);
}
