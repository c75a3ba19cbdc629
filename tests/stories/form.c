/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include "amqp/table.h"
#include "base/die.h"

#define F(type, name) { #name, TYPE_##type, sizeof(method_##type), _Alignof(method_##type), 0, 0 },
#define METHOD(class_id, method_id, name, sender, kind, content, fields)                           \
	{ METHOD_##name, #name, { fields } },
static struct form forms[] = {
#include "amqp/methods.def"
};
#undef METHOD
#undef F

#define PROP(bit, name, type)                                                                      \
	{ #name,                                                                                       \
	  TYPE_##type,                                                                                 \
	  sizeof(method_##type),                                                                       \
	  _Alignof(method_##type),                                                                     \
	  offsetof(struct props, name),                                                                \
	  1u << bit },
static const struct form_field props[] = {
#include "amqp/props.def"
};
#undef PROP

void forms_init(void)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t at = offsetof(struct method, basic_publish);
		for (struct form_field *f = forms[i].fields; f->name; f++) {
			at = (at + f->align - 1) / f->align * f->align;
			f->at = at;
			at += f->size;
		}
	}
}

void form_room_free(struct form_room *r)
{
	for (int i = 0; i < r->n; i++)
		buf_free(&r->strings[i]);
	r->n = 0;
}

const struct form *form_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const char *a = forms[i].name, *b = name;
		for (; *a && (*a == *b || (*a == '_' && (*b == '.' || *b == '-'))); a++)
			b++;
		if (!*a && !*b)
			return &forms[i];
	}
	return NULL;
}

const struct form_field *form_field(const struct form *form, const char *name)
{
	for (const struct form_field *f = form->fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

const struct form_field *form_prop(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(props); i++)
		if (!strcmp(props[i].name, name))
			return &props[i];
	return NULL;
}

static bool is_number(const struct form_field *f)
{
	return f->type < TYPE_shortstr;
}

bool form_fill(const struct form_field *f, void *base, const char *value, struct form_room *r)
{
	uint8_t *at = (uint8_t *)base + f->at;
	uint64_t n;
	if (is_number(f)) {
		if (!value_number(value, &n))
			return false;
		memcpy(at, &n, f->size); /* little endian, as base/endian.h demands */
		return true;
	}
	struct buf *s = &r->strings[r->n++];
	*s = (struct buf){ 0 };
	if (!(f->type == TYPE_table ? value_table : value_bytes)(value, s))
		return false;
	struct slice slice = buf_slice(s);
	memcpy(at, &slice, sizeof slice);
	return f->type != TYPE_shortstr || s->len <= 255;
}

/* Every pair of the wanted table is in the other. */
static bool contains(struct slice wanted, struct slice there)
{
	struct table_walk w = table_walk(wanted);
	struct slice key;
	struct field want, have;
	while (table_next(&w, &key, &want)) {
		if (!table_find_slice(there, key, &have) || want.letter != have.letter)
			return false;
		if (want.letter == 'F' ? !contains(want.bytes, have.bytes) : !field_equal(&want, &have))
			return false;
	}
	return true;
}

static bool holds(struct slice there, struct slice wanted)
{
	for (size_t i = 0; wanted.n + i <= there.n; i++)
		if (!memcmp(there.p + i, wanted.p, wanted.n))
			return true;
	return false;
}

static bool same_bytes(const struct form_field *f, struct slice there, struct slice wanted,
                       bool part)
{
	static const char dots[] = "…";
	size_t n = sizeof dots - 1;
	if (part)
		return f->type == TYPE_table ? contains(wanted, there) : holds(there, wanted);
	if (wanted.n >= n && !memcmp(wanted.p + wanted.n - n, dots, n))
		return there.n >= wanted.n - n && !memcmp(there.p, wanted.p, wanted.n - n);
	return slice_eq(there, wanted);
}

static bool match_number(const struct form_field *f, const void *base, const char *value,
                         struct buf *why)
{
	uint64_t wanted, there = 0;
	if (!value_number(value, &wanted)) {
		buf_printf(why, "%s: not a number", f->name);
		return false;
	}
	if (!base)
		return true;
	memcpy(&there, (const uint8_t *)base + f->at, f->size);
	if (wanted != there)
		buf_printf(why, "%s is %llu", f->name, (unsigned long long)there);
	return wanted == there;
}

bool form_match(const struct form_field *f, const void *base, const struct word *w,
                struct buf *captured, struct buf *why)
{
	struct buf wanted = { 0 };
	struct slice there = { 0 };
	if (is_number(f))
		return match_number(f, base, w->value, why);
	if (base)
		memcpy(&there, (const uint8_t *)base + f->at, sizeof there);
	if (w->value[0] == '$') {
		buf_append_slice(captured, there);
		return true;
	}
	bool ok = (f->type == TYPE_table ? value_table : value_bytes)(w->value, &wanted);
	if (!ok)
		buf_printf(why, "%s: not a value", f->name);
	else if (base && !(ok = same_bytes(f, there, buf_slice(&wanted), w->part)))
		buf_printf(why, "%s is \"%.*s\" (%zu bytes)", f->name, there.n > 300 ? 300 : (int)there.n,
		           (const char *)there.p, there.n);
	buf_free(&wanted);
	return ok;
}
