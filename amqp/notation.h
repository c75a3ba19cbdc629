/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables and arrays as text: what stands around and between, and how keys and values are
 * put, is the notation's; the walk is the same for all. */
#ifndef AMQP_NOTATION_H
#define AMQP_NOTATION_H

#include "amqp/table.h"

struct notation {
	const char *open, *between, *close;               /* of the whole: "[" "," "]" */
	const char *open_pair, *after_key, *close_pair;   /* of a table's pairs: "{" "," "}" */
	void (*put_key)(struct buf *out, struct slice key);
	void (*put_value)(struct buf *out, const struct field *f);
};

/* Appends all pairs of a table that table_check has taken, or all values of such an array. */
void notation_put_table(struct buf *out, struct slice table, const struct notation *n);
void notation_put_array(struct buf *out, struct slice array, const struct notation *n);

#endif
