/* SPDX-License-Identifier: Apache-2.0 */
#include "management/object.h"

/* What stands last says whether anything stands before. */
static void put_key(struct buf *out, const char *key)
{
	uint8_t last = out->len ? out->p[out->len - 1] : '[';
	if (last != '{' && last != '[')
		buf_u8(out, ',');
	if (key)
		buf_printf(out, "\"%s\":", key);
}

void object_open(struct buf *out, const char *key)
{
	put_key(out, key);
	buf_u8(out, '{');
}

void object_close(struct buf *out)
{
	buf_u8(out, '}');
}

void object_open_list(struct buf *out, const char *key)
{
	put_key(out, key);
	buf_u8(out, '[');
}

void object_close_list(struct buf *out)
{
	buf_u8(out, ']');
}

void object_put(struct buf *out, const char *key, struct cell value)
{
	put_key(out, key);
	cell_put_value(out, value);
}
