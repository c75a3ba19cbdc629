/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a stream somebody begins to read. */
#ifndef BROKER_ORIGIN_H
#define BROKER_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct field;
struct queue;

struct origin {
	enum { ORIGIN_FIRST, ORIGIN_LAST, ORIGIN_NEXT, ORIGIN_NUMBER, ORIGIN_TIME } kind;
	uint64_t number;             /* an offset */
	int64_t wall_ms;
};

/* Reads what x-stream-offset takes: an offset, a timestamp, or a text; wall_ms is now.  False when
 * it is none of that. */
bool origin_read(const struct field *f, int64_t wall_ms, struct origin *out);

/* The same of a text: first, last, next, or a time before now, such as 1h. */
bool origin_read_text(struct slice text, int64_t wall_ms, struct origin *out);

/* The number of that message, there or to come; of a time, of one before which all were placed
 * earlier. */
uint64_t origin_number(const struct queue *stream, const struct origin *o);

#endif
