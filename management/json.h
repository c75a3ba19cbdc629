/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) that somebody typed, as a value of a field table: objects become tables with
 * their keys in order, arrays arrays, numbers long or double, null void. */
#ifndef MANAGEMENT_JSON_H
#define MANAGEMENT_JSON_H

#include "amqp/table.h"

/* Reads one value; *room becomes an array of it alone, where its bytes lie.  False when the text is
 * none, or when it does not fit into a table: keys of more than 255 bytes, integers beyond 64 bits,
 * more values or deeper nested than a table may be. */
bool json_read(struct slice text, struct buf *room, struct field *out);

enum {
	JSON_DEPTH_MAX = 64,         /* objects and arrays within each other */
	JSON_NODES_MAX = 2000000,    /* values and keys in all */
};

/* Reads one value of any size within these bounds, for json_decref; NULL, and why. */
struct json_t;
struct json_t *json_parse(struct slice text, struct buf *why);

/* The same as json_read from what was parsed. */
bool json_take(const struct json_t *v, struct buf *room, struct field *out);

/* Appends the value in an array of one as text, without blanks. */
void json_put(struct buf *out, struct slice array);

#endif
