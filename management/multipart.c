/* SPDX-License-Identifier: Apache-2.0 */
#include "management/multipart.h"

#include <strings.h>

static bool starts_loosely(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && strncasecmp((const char *)s.p, prefix, n) == 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct slice *s)
{
	while (s->n && is_blank(s->p[0]))
		slice_take(s, 1);
}

/* Takes "; name=value" or "; name=\"value\"" off the front; false at the end. */
static bool take_parameter(struct slice *s, struct slice *name, struct slice *value)
{
	slice_cut(s, ';');
	skip_blanks(s);
	size_t n = 0;
	while (n < s->n && s->p[n] != '=' && s->p[n] != ';')
		n++;
	*name = slice_take(s, n);
	*value = slice_of("", 0);
	if (s->n && s->p[0] == '=') {
		slice_take(s, 1);
		bool quoted = s->n && s->p[0] == '"';
		if (quoted) {
			slice_take(s, 1);
			*value = slice_cut(s, '"');
			return true;
		}
		for (n = 0; n < s->n && s->p[n] != ';' && !is_blank(s->p[n]); n++)
			;
		*value = slice_take(s, n);
	}
	return name->n > 0;
}

static struct slice parameter(struct slice header, const char *wanted)
{
	struct slice name, value;
	while (take_parameter(&header, &name, &value))
		if (name.n == strlen(wanted) && starts_loosely(name, wanted))
			return value;
	return slice_of("", 0);
}

struct slice multipart_boundary(struct slice content_type)
{
	struct slice boundary = { 0 };
	if (starts_loosely(content_type, "multipart/form-data"))
		boundary = parameter(content_type, "boundary");
	return boundary.n <= MULTIPART_BOUNDARY_MAX ? boundary : slice_of("", 0);
}

/* What stands ahead of the text, which is taken off too; false, and nothing is: it is not there. */
static bool take_until(struct slice *s, struct slice text, struct slice *out)
{
	const uint8_t *at = s->n ? memmem(s->p, s->n, text.p, text.n) : NULL;
	if (!at)
		return false;
	*out = slice_take(s, (size_t)(at - s->p));
	slice_take(s, text.n);
	return true;
}

static bool is_named(struct slice head, const char *name)
{
	struct slice line;
	for (bool more = true; more;) {
		more = take_until(&head, slice_str("\r\n"), &line);
		if (!more)
			line = head;
		if (starts_loosely(line, "content-disposition:"))
			return slice_is(parameter(line, "name"), name);
	}
	return false;
}

/* Behind a boundary: the rest of its line; false when it is the last. */
static bool take_line(struct slice *s)
{
	struct slice line;
	return !slice_starts(*s, "--") && take_until(s, slice_str("\r\n"), &line);
}

bool multipart_find(struct slice body, struct slice boundary, const char *name,
                    struct slice *out)
{
	char between[MULTIPART_BOUNDARY_MAX + 4] = "\r\n--";
	struct slice head, part;
	if (boundary.n == 0 || boundary.n > MULTIPART_BOUNDARY_MAX)
		return false;
	memcpy(between + 4, boundary.p, boundary.n);
	struct slice all = slice_of(between, 4 + boundary.n), first = slice_of(between + 2, all.n - 2);
	bool at_once = body.n >= first.n && memcmp(body.p, first.p, first.n) == 0;
	if (at_once)
		slice_take(&body, first.n);
	else if (!take_until(&body, all, &head))
		return false;
	for (int parts = 0; parts < MULTIPART_PARTS_MAX && take_line(&body); parts++) {
		if (!take_until(&body, all, &part) || !take_until(&part, slice_str("\r\n\r\n"), &head))
			return false;
		if (is_named(head, name)) {
			*out = part;
			return true;
		}
	}
	return false;
}
