/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: memory or disk is short.  While there is one, who publishes is told so
 * (connection.blocked, at his first message of the alarm, as RabbitMQ does it) and is not read any
 * more.  Who only consumes is not troubled: deliveries and acks go on, and give both back. */
#ifndef BROKER_ALARM_H
#define BROKER_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct broker;

struct alarms {
	bool memory, disk;
	bool log_full;               /* the log keeps the room that is left for acks */
	uint64_t memory_used, memory_watermark;   /* bytes; as much as the watermark is too much */
	uint64_t disk_free, disk_free_limit;      /* bytes; less than the limit is too little; what
	                                           * the log keeps for itself counts as free */
};

/* Nothing is known yet, and no alarm is set. */
void alarms_init(struct alarms *a, uint64_t memory_watermark, uint64_t disk_free_limit);

/* Looks at the numbers again after one of them changed: alarms are set and cleared. */
void alarms_look(struct broker *b);

static inline bool alarms_any(const struct alarms *a)
{
	return a->memory || a->disk;
}

/* What a publisher is told: "low on memory", "low on disk", "low on memory & disk". */
struct slice alarms_reason(const struct alarms *a);

#endif
