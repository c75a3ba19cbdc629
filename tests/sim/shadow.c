/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/shadow.h"

#include "base/die.h"
#include "base/mem.h"
#include "broker/manage.h"

enum { EVERY = 20 };             /* operations of the script between two of them */

struct shadow {
	struct world *then;          /* the world when the backup was asked for, on the other disk */
	uint64_t number;
};

static struct world *copy_of(const struct world *w, struct disk *other)
{
	struct world *then = mem_alloc(sizeof *then);
	*then = *w;
	then->shadow = NULL;
	then->backs_up = false;
	then->connected = false;
	then->talk = (struct talk){ 0 };
	then->why = (struct buf){ 0 };
	inside_init(&then->in);
	then->in.durable = true;
	then->in.now_ms = w->in.now_ms;
	then->in.segment_bytes = w->in.segment_bytes;
	then->in.options.message_memory_bytes = w->in.options.message_memory_bytes;
	then->in.disk = other;
	return then;
}

static void begin(struct world *w)
{
	struct disk *other = disk_sim_new(w->seed + w->operations, 0);
	uint64_t number;
	disk_sim_set_beside(w->in.disk, other, w->backups % 2);
	if (manage_backup(w->in.broker, "/there", &number)) {
		disk_sim_free(other);
		return;
	}
	w->shadow = mem_zalloc(sizeof *w->shadow);
	w->shadow->then = copy_of(w, other);
	w->shadow->number = number;
}

/* A disk that does not open has the mark; one without any file is no backup either. */
static void check_refused(struct world *w)
{
	struct world *then = w->shadow->then;
	if (inside_start(&then->in, &then->why))
		inside_stop(&then->in);
	else if (!strstr((const char *)then->why.p, "not finished"))
		buf_printf(&w->why, "a backup that was cut off: %.*s", (int)then->why.len,
		           (const char *)then->why.p);
}

static void check(struct world *w)
{
	struct world *then = w->shadow->then;
	w->backups++;
	if (w->checks_backups && !world_verify(then))
		buf_printf(&w->why, "in the backup, asked for at %u: %.*s", then->operations,
		           (int)then->why.len, (const char *)then->why.p);
}

void shadow_free(struct world *w)
{
	if (!w->shadow)
		return;
	world_free(w->shadow->then);
	mem_free(w->shadow->then);
	mem_free(w->shadow);
	w->shadow = NULL;
	disk_sim_set_beside(w->in.disk, NULL, false);
}

void shadow_step(struct world *w)
{
	struct log_backup b;
	if (!w->in.broker || broker_failed(w->in.broker))
		return;
	if (!w->shadow && w->operations % EVERY == 0)
		begin(w);
	if (!w->shadow)
		return;
	bool known = manage_backed_up(w->in.broker, w->shadow->number, &b);
	if (known && !b.over)
		return;
	if (!known)
		check_refused(w);
	else if (b.error == 0)
		check(w);
	shadow_free(w);
}
