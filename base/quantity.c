/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quantity.h"

#include <string.h>
#include <strings.h>

#include "base/die.h"

enum { FRACTION_DIGITS = 9 };

/* The digits at the front of what is left; false when there are none, or too many. */
static bool take_digits(struct slice *left, uint64_t *out)
{
	long long n = 0;
	size_t digits = 0;
	for (; digits < left->n && left->p[digits] >= '0' && left->p[digits] <= '9'; digits++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, left->p[digits] - '0', &n))
			return false;
	slice_take(left, digits);
	*out = (uint64_t)n;
	return digits > 0;
}

bool quantity_count(struct slice text, uint64_t *out)
{
	return take_digits(&text, out) && text.n == 0;
}

bool quantity_bytes(struct slice text, uint64_t *out)
{
	static const struct {
		const char *unit;
		int shift;
	} units[] = { { "", 0 },     { "b", 0 },   { "k", 10 },   { "kb", 10 }, { "kib", 10 },
		          { "m", 20 },   { "mb", 20 }, { "mib", 20 }, { "g", 30 },  { "gb", 30 },
		          { "gib", 30 }, { "t", 40 },  { "tb", 40 },  { "tib", 40 } };
	uint64_t n;
	long long bytes;
	if (!take_digits(&text, &n))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (text.n != strlen(units[i].unit) ||
		    strncasecmp((const char *)text.p, units[i].unit, text.n) != 0)
			continue;
		bool fits = !__builtin_mul_overflow((long long)n, 1ll << units[i].shift, &bytes);
		*out = (uint64_t)bytes;
		return fits;
	}
	return false;
}

bool quantity_fraction(struct slice text, double *out)
{
	uint64_t whole, part = 0;
	size_t n = text.n;
	if (!take_digits(&text, &whole) || n - text.n > FRACTION_DIGITS)
		return false;
	*out = (double)whole;
	if (text.n == 0)
		return true;
	if (slice_take(&text, 1).p[0] != '.' || (n = text.n) > FRACTION_DIGITS ||
	    !take_digits(&text, &part) || text.n)
		return false;
	double unit = 1;
	for (size_t i = 0; i < n; i++)
		unit *= 10;
	*out += (double)part / unit;
	return true;
}

bool quantity_ms(struct slice text, uint64_t *out)
{
	static const struct {
		const char *name;
		long long ms;
	} units[] = { { "", 1 },         { "ms", 1 },         { "s", 1000 },
		          { "m", 60 * 1000 }, { "h", 3600 * 1000 }, { "d", 86400 * 1000 },
		          { "w", 7 * 86400 * 1000 } };
	uint64_t n;
	long long ms;
	if (!take_digits(&text, &n))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!slice_is(text, units[i].name))
			continue;
		bool fits = !__builtin_mul_overflow((long long)n, units[i].ms, &ms);
		*out = (uint64_t)ms;
		return fits;
	}
	return false;
}

int64_t quantity_unit_s(struct slice unit)
{
	static const struct {
		const char *name;
		int64_t s;
	} units[] = {
		{ "days", 86400 },
		{ "weeks", 7 * 86400 },
		{ "months", 30 * 86400 },
		{ "years", 365 * 86400 },
	};
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (slice_is(unit, units[i].name))
			return units[i].s;
	return 0;
}
