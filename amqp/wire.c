/* SPDX-License-Identifier: Apache-2.0 */
#include "amqp/wire.h"

#include "amqp/table.h"

/* How many bytes the character at the front takes, 0 when it is not well formed (RFC 3629:
 * shortest form, no surrogates, nothing above U+10FFFF). */
static size_t character(struct slice s)
{
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[i] & 0xC0) != 0x80)
			return 0;
	bool overlong = (c == 0xE0 && s.p[1] < 0xA0) || (c == 0xF0 && s.p[1] < 0x90);
	bool outside = (c == 0xED && s.p[1] > 0x9F) || (c == 0xF4 && s.p[1] > 0x8F);
	return overlong || outside ? 0 : n;
}

bool wire_is_utf8(struct slice s)
{
	uint8_t high = 0;
	for (size_t i = 0; i < s.n; i++)
		high |= s.p[i];
	if (!(high & 0x80))
		return true;
	while (s.n) {
		size_t n = character(s);
		if (n == 0)
			return false;
		slice_take(&s, n);
	}
	return true;
}

struct slice read_table(struct reader *r)
{
	struct slice s = read_longstr(r);
	if (!r->bad && !table_check(s))
		r->bad = true;
	return s;
}
