/* SPDX-License-Identifier: Apache-2.0 */
#include "management/options.h"

#include <stddef.h>

#include "base/die.h"

static const struct flag {
	const char *name, *letter, *other;
	size_t at;                   /* of a bool in the options */
} flags[] = {
#define FLAG(field, name, letter, other) { name, letter, other, offsetof(struct options, field) },
#define IDLE(name, letter, other) { name, letter, other, offsetof(struct options, idle) },
#define TEXT(field, name, other)
#include "management/options.def"
#undef FLAG
#undef IDLE
#undef TEXT
};

static const struct text {
	const char *name, *other;
	size_t at;                   /* of a slice in the options */
} texts[] = {
#define FLAG(field, name, letter, other)
#define IDLE(name, letter, other)
#define TEXT(field, name, other) { name, other, offsetof(struct options, field) },
#include "management/options.def"
#undef FLAG
#undef IDLE
#undef TEXT
};

static const char formatter[] = "--formatter";

static bool *flag_of(struct options *o, const struct flag *f)
{
	return (bool *)((char *)o + f->at);
}

static struct slice *text_of(struct options *o, const struct text *t)
{
	return (struct slice *)((char *)o + t->at);
}

/* ---- flags ---- */

static bool take_flag(struct options *o, struct slice a)
{
	if (slice_is(a, "--json")) {
		o->format = FORMAT_JSON_STREAM;
		return o->json = o->lines = true;
	}
	if (slice_is(a, "--silent") || slice_is(a, "-s"))
		return o->quiet = o->bare = true;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (slice_is(a, flags[i].name) || slice_is(a, flags[i].letter) ||
		    slice_is(a, flags[i].other))
			return *flag_of(o, &flags[i]) = true;
	return false;
}

/* ---- texts ---- */

/* With "name=text" *inside is the text; else what follows is. */
static bool has_name(struct slice a, const char *name, struct slice *inside)
{
	size_t n = strlen(name);
	if (!slice_starts(a, name) || a.n == n || a.p[n] != '=')
		return slice_is(a, name);
	*inside = slice_of(a.p + n + 1, a.n - n - 1);
	return true;
}

static const struct text *find_text(struct slice a, struct slice *inside)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (has_name(a, texts[i].name, inside) || slice_is(a, texts[i].other))
			return &texts[i];
	return NULL;
}

static bool set_format(struct options *o, struct slice name)
{
	if (!format_find(name, &o->format))
		return false;
	o->json = format_is_json(o->format);
	o->quiet |= o->format == FORMAT_CSV;
	return true;
}

static enum option take_text(struct options *o, struct slice a, struct slice next, size_t *i)
{
	struct slice inside = { 0 };
	const struct text *t = find_text(a, &inside);
	bool is_format = !t && has_name(a, formatter, &inside);
	struct slice value = inside.p ? inside : next;
	if (!value.p || (!t && !is_format) || (is_format && !set_format(o, value)))
		return OPTION_BAD;
	if (t)
		*text_of(o, t) = value;
	*i += !inside.p;
	return OPTION_TAKEN;
}

/* ---- from outside ---- */

enum option options_take(struct options *o, const struct request *r, size_t *i)
{
	struct slice a = r->arguments[*i];
	struct slice next = *i + 1 < r->n ? r->arguments[*i + 1] : slice_of(NULL, 0);
	if (a.n < 2 || a.p[0] != '-')
		return OPTION_NONE;
	return take_flag(o, a) ? OPTION_TAKEN : take_text(o, a, next, i);
}

bool option_has_text(struct slice name)
{
	struct slice inside = { 0 };
	bool has = find_text(name, &inside) || has_name(name, formatter, &inside);
	return has && name.n && !inside.p;
}
