/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static bool read_whole(const char *file, struct buf *out)
{
	FILE *f = fopen(file, "r");
	if (!f)
		return false;
	for (size_t n = 1; n;) {
		n = fread(buf_reserve(out, 4096), 1, 4096, f);
		out->len += n;
	}
	bool ok = !ferror(f);
	fclose(f);
	buf_u8(out, 0);
	return ok;
}

bool script_read(struct script *s, const char *file)
{
	struct buf all = { 0 };
	int cap = 0;
	*s = (struct script){ .file = file };
	if (!read_whole(file, &all)) {
		buf_free(&all);
		return false;
	}
	s->bytes = (char *)all.p;
	for (char *p = s->bytes; *p;) {
		char *end = p + strcspn(p, "\n");
		if (s->n == cap) {
			cap = cap ? 2 * cap : 256;
			s->lines = mem_realloc(s->lines, (size_t)cap * sizeof *s->lines);
		}
		s->lines[s->n++] = p;
		p = *end ? end + 1 : end;
		*end = 0;
	}
	return true;
}

void script_free(struct script *s)
{
	mem_free(s->lines);
	mem_free(s->bytes);
}

/* Where a word ends, or NULL when a quote or bracket is left open. */
static char *word_end(char *p)
{
	int depth = 0;
	bool quoted = false;
	for (; *p; p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		else if (depth == 0 && isspace((unsigned char)*p))
			break;
	}
	return quoted || depth ? NULL : p;
}

static struct word word_of(char *p)
{
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");
	if (n == 0 || isdigit((unsigned char)p[0]) || (p[n] != '=' && p[n] != '~'))
		return (struct word){ .value = p };
	struct word w = { .key = p, .part = p[n] == '~', .value = p + n + 1 };
	p[n] = 0;
	return w;
}

int words_cut(char *line, struct word words[WORDS_MAX])
{
	int n = 0;
	for (char *p = line;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (!*p || (n == 0 && *p == '#'))
			return n;
		char *end = word_end(p);
		if (!end || n == WORDS_MAX)
			return -1;
		bool last = !*end;
		*end = 0;
		words[n++] = word_of(p);
		if (last)
			return n;
		p = end + 1;
	}
}
