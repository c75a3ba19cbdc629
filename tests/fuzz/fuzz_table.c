/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a table, taken as an array too.  What the check accepts can be walked to its end within
 * depth and number, stays inside its bytes, and is written again as it came. */
#include "amqp/table.h"
#include "tests/fuzz/fuzz.h"

/* A bool may come as any octet, and a float that is no number may lose its payload. */
static bool may_differ(const struct field *f)
{
	return f->letter == 't' || (f->letter == 'f' && f->real != f->real);
}

static bool no_number;

static void walk(struct slice bytes, bool keyed, int depth, int *values)
{
	struct table_walk w = table_walk(bytes);
	struct slice before = w.rest, key = { 0 };
	struct field f;
	must(depth <= TABLE_MAX_DEPTH);
	while (keyed ? table_next(&w, &key, &f) : array_next(&w, &f)) {
		struct buf again = { 0 };
		struct slice came = slice_of(before.p, before.n - w.rest.n);
		must(fuzz_inside(w.rest, before) && ++*values <= TABLE_MAX_FIELDS);
		must(!keyed || (fuzz_inside(key, came) && key.n <= 255));
		table_put(&again, keyed ? key : slice_of(NULL, 0), &f);
		must(again.len == came.n);
		must(may_differ(&f) || slice_eq(buf_slice(&again), came));
		buf_free(&again);
		no_number |= (f.letter == 'f' || f.letter == 'd') && f.real != f.real;
		must(strlen(field_type_name(&f)) > 0);
		if (f.letter == 'F' || f.letter == 'A')
			walk(f.bytes, f.letter == 'F', depth + 1, values);
		before = w.rest;
	}
	must(w.rest.n == 0);
}

static void check_find(struct slice table)
{
	struct table_walk w = table_walk(table);
	struct slice key, other;
	struct field f, last, found;
	for (int n = 0; n < 8 && table_next(&w, &key, &f); n++) {
		struct table_walk all = table_walk(table);
		while (table_next(&all, &other, &f))
			if (slice_eq(key, other))
				last = f;
		must(table_find_slice(table, key, &found) && found.letter == last.letter);
		must(no_number || field_equal(&found, &last));
	}
}

static void check(struct slice bytes, bool keyed)
{
	int values = 0;
	struct field self = { .letter = keyed ? 'F' : 'A', .bytes = bytes };
	no_number = false;
	walk(bytes, keyed, 1, &values);
	if (!no_number)
		must(field_equal(&self, &self));
	if (keyed)
		check_find(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	if (table_check(bytes))
		check(bytes, true);
	if (array_check(bytes))
		check(bytes, false);
	return 0;
}
