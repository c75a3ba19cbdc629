/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of a declaration: those of a new queue, and those of one that exists already against
 * what is declared again.  RabbitMQ looks at the ones it knows and ignores the rest. */
#ifndef BROKER_ARGUMENTS_H
#define BROKER_ARGUMENTS_H

#include "amqp/refusal.h"
#include "base/slice.h"

struct queue_spec;
struct vhost;

/* What is being declared again, for the sentence: "queue 'q'" or "exchange 'x'". */
struct declared {
	const char *what;
	struct slice name;
};

/* True when queues can be of that type. */
bool arguments_is_queue_type(struct slice type);

/* The type of queue, of those that have to last; NULL for another. */
const char *arguments_lasting_type(struct slice arguments);

/* 406 when an argument known for queues has the wrong type, is out of its range, or is not for
 * queues of that type; or when they cannot be what the flags say. */
const struct refusal *arguments_check_queue(const struct vhost *v, const struct queue_spec *spec);

/* 406 when the values of any argument named in keys (NULL-terminated) are not equivalent. */
const struct refusal *arguments_equivalent(const struct vhost *v, struct declared d,
                                           const char *const *keys, struct slice received,
                                           struct slice current);

/* 406 when a flag differs. */
const struct refusal *arguments_same_flag(const struct vhost *v, struct declared d,
                                          const char *flag, bool received, bool current);

#endif
