/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/motion.h"

#include <string.h>

#include "base/mem.h"
#include "base/series.h"

void motion_init(struct motion *m, enum motion_kind kind, void *of)
{
	*m = (struct motion){ .kind = kind, .of = of };
	list_init(&m->stirred);
}

bool motion_tell(struct motion *m)
{
	if (memcmp(&m->traffic, &m->told, sizeof m->told) == 0)
		return false;
	for (unsigned i = 0; i < MOTION_SUMS; i++)
		if (m->sums[i])
			traffic_add_since(m->sums[i], &m->traffic, &m->told);
	m->told = m->traffic;
	return true;
}

void motion_end(struct motion *m)
{
	motion_tell(m);
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
	struct motion *m = mem_alloc(sizeof *m);
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
