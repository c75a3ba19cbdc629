/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/refuse.h"

#include <stdarg.h>
#include <stdio.h>

#include "broker/state.h"

enum { TEXT_MAX = 255 };

const struct refusal *refuse(struct broker *b, const struct refusal *r, const char *format, ...)
{
	char sentence[512];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(sentence, sizeof sentence, format, args);
	va_end(args);
	buf_clear(&b->text);
	buf_append(&b->text, sentence, n < (int)sizeof sentence ? (size_t)n : sizeof sentence - 1);
	return r;
}

/* A short string must be UTF-8: the cut does not split a character. */
static size_t cut_at_character(struct slice s, size_t max)
{
	if (s.n <= max)
		return s.n;
	size_t n = max;
	while (n > 0 && (s.p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

void refusal_fit(struct buf *text)
{
	if (text->len <= TEXT_MAX)
		return;
	text->len = cut_at_character(buf_slice(text), TEXT_MAX - 3);
	buf_append(text, "...", 3);
}

struct slice refusal_text(struct broker *b, const struct refusal *r)
{
	buf_clear(&b->scratch);
	buf_printf(&b->scratch, "%s - %.*s", r->name, SLICE_ARG(buf_slice(&b->text)));
	refusal_fit(&b->scratch);
	return buf_slice(&b->scratch);
}
