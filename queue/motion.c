/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/motion.h"

#include "base/mem.h"

void motion_init(struct motion *m, enum motion_kind kind, void *of)
{
	*m = (struct motion){ .kind = kind, .of = of };
	list_init(&m->stirred);
}

void motion_end(struct motion *m)
{
	list_remove(&m->stirred);
}

struct motion *motion_new(enum motion_kind kind, void *of)
{
	struct motion *m = mem_alloc(sizeof *m);
	motion_init(m, kind, of);
	return m;
}

void motion_free(struct motion **m)
{
	if (*m)
		motion_end(*m);
	mem_free(*m);
	*m = NULL;
}
