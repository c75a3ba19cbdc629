/* SPDX-License-Identifier: Apache-2.0 */
#include "server/watch.h"

#include <sys/statvfs.h>

#include "base/slab.h"
#include "broker/broker.h"
#include "server/descriptors.h"
#include "server/memory.h"
#include "server/process.h"

enum { EVERY_MS = 1000 };

static uint64_t disk_free(const char *path)
{
	struct statvfs s;
	return statvfs(path, &s) < 0 ? UINT64_MAX : (uint64_t)s.f_bavail * s.f_frsize;
}

void watch_turn(struct watch *w, struct broker *b, struct host *h, uint64_t now_ms)
{
	if (now_ms < w->next_ms)
		return;
	w->next_ms = now_ms + EVERY_MS;
	if (broker_is_alarmed(b)) {   /* what can be done without is given back first */
		broker_rest(b);
		slab_rest();
	}
	if (h)
		process_look(h);
	broker_note_resources(b, memory_used(), disk_free(w->path));
	broker_note_descriptors(b, descriptors_used());
}

uint64_t watch_deadline(const struct watch *w, const struct broker *b)
{
	return broker_is_alarmed(b) ? w->next_ms : UINT64_MAX;
}
