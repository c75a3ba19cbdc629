/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of rows of the HTTP API (fields.def). */
#ifndef MANAGEMENT_ROW_FIELD_H
#define MANAGEMENT_ROW_FIELD_H

#include "management/listing.h"

/* One field of rows of that kind. */
struct row_field {
	enum roster_kind kind;
	const char *path;
	const char *column;          /* of listing.h, where the value is that ... */
	column_value *value;         /* ... else it is this */
	bool hidden;                 /* it is there to be sorted by */
};

/* All of them, of a kind in the order in which they are shown; *count is their number. */
const struct row_field *row_fields(size_t *count);

/* What the field shows. */
column_value *row_field_value(const struct row_field *f);

/* What stands for a binding's key and arguments in paths: "~" for an empty key without arguments,
 * else the key, encoded, and behind a "~" a digest of the arguments, if there are any. */
void row_properties_key(struct buf *out, struct slice key, struct slice arguments);

#endif
