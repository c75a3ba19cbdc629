/* SPDX-License-Identifier: Apache-2.0 */
/* A trial of an engine over one partition of a Kafka topic: shows how far persistence/log.h carries
 * over a log that others keep.  Not for use; what is missing is said in log_kafka.c. */
#ifndef CONTRACT_LOG_KAFKA_H
#define CONTRACT_LOG_KAFKA_H

#include "persistence/log.h"

struct log_kafka_options {
	const char *servers, *topic;
	size_t part_bytes;           /* a batch goes in parts of at most so many; below 1 MiB */
	uint64_t extent_bytes;       /* a new extent begins after so many */
	uint64_t wall_ms;            /* wall clock at open */
};

/* Opens the log that lies in the topic, which exists. 0 and *out, or -errno and why. */
int log_kafka_open(struct log **out, const struct log_kafka_options *options, struct buf *why);

/* Frees the log; what is on its way may arrive or not. */
void log_kafka_abandon(struct log *l);

/* Of the next batch only so many parts are sent; it is never durable. */
void log_kafka_stop_after(struct log *l, uint16_t parts);

#endif
