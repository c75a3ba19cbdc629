/* SPDX-License-Identifier: Apache-2.0 */
/* Values that nobody would think of, the same ones in every run. */
#ifndef UNIT_AMQP_DICE_H
#define UNIT_AMQP_DICE_H

#include "amqp/table.h"
#include "base/die.h"

struct dice {
	uint64_t x;
	struct buf tables[4];   /* what dice_table made lately */
	unsigned made;
};

static inline uint64_t dice_roll(struct dice *d)
{
	d->x = d->x * 6364136223846793005u + 1442695040888963407u;
	return d->x >> 33 ^ d->x << 31;
}

/* One of 0 .. sides-1. */
static inline size_t dice_below(struct dice *d, size_t sides)
{
	return (dice_roll(d) >> 8) % sides;
}

/* ASCII of at most n bytes, often none. */
static inline struct slice dice_text(struct dice *d, size_t n)
{
	static const char text[] =
		"the quick brown fox jumps over the lazy dog and reads 0123456789.#.*/ THE QUICK BROWN "
		"FOX JUMPS OVER THE LAZY DOG AND STOPS; the quick brown fox jumps over the lazy dog and "
		"reads 9876543210 until the whole of two hundred and fifty-five bytes is full, which takes "
		"it a while";
	size_t len = dice_below(d, 4) ? dice_below(d, n + 1) : 0;
	must(sizeof text > 255 && n <= 255);
	return slice_of(text + dice_below(d, 10), len < sizeof text - 11 ? len : sizeof text - 11);
}

static inline void dice_free(struct dice *d)
{
	for (size_t i = 0; i < ARRAY_LEN(d->tables); i++)
		buf_free(&d->tables[i]);
}

/* A table, valid until four more were made. */
static inline struct slice dice_table(struct dice *d)
{
	struct buf *b = &d->tables[d->made++ % ARRAY_LEN(d->tables)];
	buf_clear(b);
	for (size_t n = dice_below(d, 4); n; n--) {
		table_put_int(b, "x-max-length", (int64_t)dice_roll(d));
		table_put_bool(b, "x-flag", dice_below(d, 2));
		table_put_str(b, "x-text", "value");
	}
	return buf_slice(b);
}

#endif
