/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"

void buf_grow(struct buf *b, size_t n)
{
	must(n <= SIZE_MAX / 4 - b->len);
	size_t cap = b->cap ? 2 * b->cap : 64;
	while (cap - b->len < n)
		cap *= 2;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

void buf_append(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->len += n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	must(n >= 0);
	vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, again);
	b->len += (size_t)n;
	va_end(again);
	va_end(args);
}

/* Of "100.0" and "1.0e2" the shorter, of equal ones the first. */
void buf_real(struct buf *b, double v)
{
	char digits[40], plain[400], scientific[48];
	int precision = 0;
	do
		snprintf(digits, sizeof digits, "%.*e", precision, v);
	while (strtod(digits, NULL) != v && ++precision < 17);
	long exponent = strtol(strchr(digits, 'e') + 1, NULL, 10);
	long decimals = precision - exponent < 1 ? 1 : precision - exponent;
	snprintf(plain, sizeof plain, "%.*f", (int)decimals, v);
	snprintf(scientific, sizeof scientific, "%.*s%se%ld", (int)strcspn(digits, "e"), digits,
	         precision ? "" : ".0", exponent);
	buf_printf(b, "%s", strlen(scientific) < strlen(plain) ? scientific : plain);
}

void buf_consume(struct buf *b, size_t n)
{
	must(n <= b->len);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
}

void buf_free(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ 0 };
}
