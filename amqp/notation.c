/* SPDX-License-Identifier: Apache-2.0 */
#include "amqp/notation.h"

static void put(struct buf *out, const char *text)
{
	buf_append_slice(out, slice_str(text));
}

void notation_put_table(struct buf *out, struct slice table, const struct notation *n)
{
	struct table_walk w = table_walk(table);
	struct slice key;
	struct field f;
	put(out, n->open);
	for (bool more = false; table_next(&w, &key, &f); more = true) {
		put(out, more ? n->between : "");
		put(out, n->open_pair);
		n->put_key(out, key);
		put(out, n->after_key);
		n->put_value(out, &f);
		put(out, n->close_pair);
	}
	put(out, n->close);
}

void notation_put_array(struct buf *out, struct slice array, const struct notation *n)
{
	struct table_walk w = table_walk(array);
	struct field f;
	put(out, n->open);
	for (bool more = false; array_next(&w, &f); more = true) {
		put(out, more ? n->between : "");
		n->put_value(out, &f);
	}
	put(out, n->close);
}
