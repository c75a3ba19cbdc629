/* SPDX-License-Identifier: Apache-2.0 */
#include "management/json.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/mem.h"
#include "management/cell.h"

/* False: it does not fit a table; what surely does not is not gone through. */
static bool put_value(struct buf *out, struct slice key, json_t *v, unsigned depth);

static int order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	return strcmp(*x, *y);
}

/* In order of the keys. */
static bool put_object(struct buf *out, json_t *object, unsigned depth)
{
	size_t n = json_object_size(object), i = 0;
	bool fits = true;
	if (n > TABLE_MAX_FIELDS)
		return false;
	const char **keys = mem_alloc(n * sizeof *keys);
	for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it))
		keys[i++] = json_object_iter_key(it);
	qsort(keys, n, sizeof *keys, order);
	for (i = 0; i < n && fits; i++)
		fits = strlen(keys[i]) <= 255 && put_value(out, slice_str(keys[i]),
		                                           json_object_get(object, keys[i]), depth);
	mem_free(keys);
	return fits;
}

static bool put_array(struct buf *out, json_t *array, unsigned depth)
{
	size_t n = json_array_size(array);
	bool fits = n <= TABLE_MAX_FIELDS;
	for (size_t i = 0; i < n && fits; i++)
		fits = put_value(out, slice_of(NULL, 0), json_array_get(array, i), depth);
	return fits;
}

/* What holds nothing else. */
static struct field scalar(json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return (struct field){ .letter = 'S',
			                   .bytes = slice_of(json_string_value(v), json_string_length(v)) };
	case JSON_INTEGER: return (struct field){ .letter = 'l', .integer = json_integer_value(v) };
	case JSON_REAL: return (struct field){ .letter = 'd', .real = json_real_value(v) };
	case JSON_TRUE: return (struct field){ .letter = 't', .boolean = true };
	case JSON_FALSE: return (struct field){ .letter = 't' };
	default: return (struct field){ .letter = 'V' };
	}
}

static bool put_value(struct buf *out, struct slice key, json_t *v, unsigned depth)
{
	struct buf inside = { 0 };
	struct field f = scalar(v);
	bool fits = depth < TABLE_MAX_DEPTH;
	if (fits && json_is_object(v)) {
		fits = put_object(&inside, v, depth + 1);
		f = (struct field){ .letter = 'F', .bytes = buf_slice(&inside) };
	} else if (fits && json_is_array(v)) {
		fits = put_array(&inside, v, depth + 1);
		f = (struct field){ .letter = 'A', .bytes = buf_slice(&inside) };
	}
	if (fits)
		table_put(out, key, &f);
	buf_free(&inside);
	return fits;
}

/* As the only element of an array, from which it is taken. */
bool json_take(const json_t *v, struct buf *room, struct field *out)
{
	buf_clear(room);
	bool read = v && put_value(room, slice_of(NULL, 0), (json_t *)v, 0) &&
	            array_check(buf_slice(room));
	struct table_walk w = table_walk(buf_slice(room));
	return read && array_next(&w, out);
}

/* Counted before anything is made of it: how deep it goes, and how much there is. */
static bool is_within_bounds(struct slice text)
{
	size_t depth = 0, nodes = 1;
	bool quoted = false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\';
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth -= depth > 0;
		nodes += !quoted && (c == ',' || c == ':' || c == '{' || c == '[');
		if (depth > JSON_DEPTH_MAX || nodes > JSON_NODES_MAX)
			return false;
	}
	return true;
}

json_t *json_parse(struct slice text, struct buf *why)
{
	json_error_t fault;
	if (!is_within_bounds(text)) {
		buf_printf(why, "more than %d values, or nested deeper than %d", JSON_NODES_MAX,
		           JSON_DEPTH_MAX);
		return NULL;
	}
	json_t *v = json_loadb((const char *)text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
	if (!v)
		buf_printf(why, "%s", fault.text);
	return v;
}

bool json_read(struct slice text, struct buf *room, struct field *out)
{
	struct buf why = { 0 };
	json_t *v = json_parse(text, &why);
	buf_free(&why);
	bool read = json_take(v, room, out);
	json_decref(v);
	return read;
}

void json_put(struct buf *out, struct slice array)
{
	struct table_walk w = table_walk(array);
	struct field f;
	if (array_next(&w, &f))
		cell_put_json(out, cell_field(&f));
}
