/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/motion.h"

#include "base/mem.h"
#include "base/series.h"

void motion_init(struct motion *m, enum motion_kind kind, void *of)
{
	*m = (struct motion){ .kind = kind, .of = of };
	list_init(&m->stirred);
}

void motion_end(struct motion *m)
{
	list_remove(&m->stirred);
	series_free(&m->series);
}

static void say(struct motion *m, bool stirred)
{
	if (m->flag)
		*m->flag = stirred;
}

void motion_stir(struct motion *m, struct list *stirred)
{
	say(m, true);
	if (!list_linked(&m->stirred))
		list_push(stirred, &m->stirred);
}

void motion_rest(struct motion *m)
{
	say(m, false);
	list_remove(&m->stirred);
}

struct motion *motion_new(enum motion_kind kind, void *of, bool *flag)
{
	struct motion *m =
		mem_alloc(kind == MOTION_QUEUE ? sizeof(struct queue_motion) : sizeof(struct motion));
	motion_init(m, kind, of);
	m->flag = flag;
	return m;
}

void motion_free(struct motion **m)
{
	if (*m)
		motion_end(*m);
	mem_free(*m);
	*m = NULL;
}
