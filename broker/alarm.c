/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/alarm.h"

#include "base/logline.h"
#include "broker/link.h"
#include "broker/report.h"
#include "broker/state.h"

void alarms_init(struct alarms *a, uint64_t memory_watermark, uint64_t disk_free_limit)
{
	*a = (struct alarms){ .memory_watermark = memory_watermark,
		                  .disk_free = UINT64_MAX,
		                  .disk_free_limit = disk_free_limit };
}

struct slice alarms_reason(const struct alarms *a)
{
	if (a->memory && a->disk)
		return slice_str("low on memory & disk");
	return slice_str(a->memory ? "low on memory" : "low on disk");
}

static void set_memory(struct alarms *a, bool on)
{
	if (on == a->memory)
		return;
	a->memory = on;
	if (on)
		log_warning("vm_memory_high_watermark set. Memory used:%llu allowed:%llu. Publishers are "
		            "blocked",
		            (unsigned long long)a->memory_used, (unsigned long long)a->memory_watermark);
	else
		log_notice("vm_memory_high_watermark clear. Memory used:%llu allowed:%llu",
		           (unsigned long long)a->memory_used, (unsigned long long)a->memory_watermark);
}

static void set_disk(struct alarms *a, bool on)
{
	if (on == a->disk)
		return;
	a->disk = on;
	if (on)
		log_warning("Free disk space is insufficient. Free bytes: %llu. Limit: %llu. Publishers "
		            "are blocked",
		            (unsigned long long)a->disk_free, (unsigned long long)a->disk_free_limit);
	else
		log_notice("Free disk space is sufficient. Free bytes: %llu. Limit: %llu",
		           (unsigned long long)a->disk_free, (unsigned long long)a->disk_free_limit);
}

/* Who was told is told again; who publishes meanwhile is told then (connection_publishes). */
void alarms_look(struct broker *b)
{
	struct alarms *a = &b->alarms;
	bool before = alarms_any(a), memory = a->memory, disk = a->disk;
	set_memory(a, a->memory_used >= a->memory_watermark);
	set_disk(a, a->log_full || a->disk_free < a->disk_free_limit);
	if (memory != a->memory)
		report_alarm(b, "memory", a->memory);
	if (disk != a->disk)
		report_alarm(b, "disk", a->disk);
	if (!before || alarms_any(a))
		return;
	list_each(it, &b->connections)
		connection_unblock(list_entry(it, struct connection, link));
}
