/* SPDX-License-Identifier: Apache-2.0 */
#include "server/rotation.h"

#include <time.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, WEEK_S = 7 * DAY_S, THURSDAY = 4 };

/* The letter and a number of one or two digits behind it, of at least so much and below most. */
static bool take(struct slice *text, uint8_t letter, unsigned least, unsigned most, uint8_t *out)
{
	unsigned n = 0;
	size_t digits = 0;
	if (!text->n || text->p[0] != letter)
		return false;
	slice_take(text, 1);
	for (; digits < 2 && digits < text->n && text->p[digits] >= '0' && text->p[digits] <= '9';
	     digits++)
		n = 10 * n + (unsigned)(text->p[digits] - '0');
	slice_take(text, digits);
	*out = (uint8_t)n;
	return digits && n >= least && n < most;
}

/* Midnight, unless an hour is said. */
static bool take_hour(struct slice *text, uint8_t *out)
{
	return !text->n || take(text, 'D', 0, 24, out);
}

bool rotation_read(struct slice text, struct rotation *out)
{
	struct rotation r = { .how = ROTATION_NEVER };
	bool ok = text.n == 0;
	uint8_t letter = text.n > 1 && text.p[0] == '$' ? text.p[1] : 0;
	if (text.n)
		slice_take(&text, 1);
	if (letter == 'H') {
		r.how = ROTATION_HOURLY;
		ok = take(&text, 'H', 0, 60, &r.minute);
	} else if (letter == 'D') {
		r.how = ROTATION_DAILY;
		ok = take(&text, 'D', 0, 24, &r.hour);
	} else if (letter == 'W') {
		r.how = ROTATION_WEEKLY;
		ok = take(&text, 'W', 0, 7, &r.day) && take_hour(&text, &r.hour);
	} else if (letter == 'M') {
		r.how = ROTATION_MONTHLY;
		ok = take(&text, 'M', 1, 32, &r.day) && take_hour(&text, &r.hour);
	}
	*out = r;
	return ok && !text.n;
}

static int64_t next_in(int64_t s, int64_t period, int64_t offset)
{
	int64_t at = (s - offset) / period * period + offset;
	return at > s ? at : at + period;
}

/* In the month that is so many behind that of the time. */
static int64_t in_month(const struct rotation *r, int64_t s, int months)
{
	struct tm t = { 0 }, last = { 0 };
	time_t now = (time_t)s;
	gmtime_r(&now, &t);
	last = (struct tm){ .tm_year = t.tm_year, .tm_mon = t.tm_mon + months + 1, .tm_mday = 0 };
	timegm(&last);               /* the day before the first of the month behind it */
	struct tm at = { .tm_year = t.tm_year, .tm_mon = t.tm_mon + months,
		             .tm_mday = r->day < last.tm_mday ? r->day : last.tm_mday,
		             .tm_hour = r->hour };
	return timegm(&at);
}

int64_t rotation_next(const struct rotation *r, int64_t s)
{
	int64_t at;
	switch (r->how) {
	case ROTATION_NEVER: return INT64_MAX;
	case ROTATION_HOURLY: return next_in(s, HOUR_S, r->minute * 60);
	case ROTATION_DAILY: return next_in(s, DAY_S, r->hour * HOUR_S);
	case ROTATION_WEEKLY:
		return next_in(s, WEEK_S, (r->day + 7 - THURSDAY) % 7 * DAY_S + r->hour * HOUR_S);
	case ROTATION_MONTHLY:
		at = in_month(r, s, 0);
		return at > s ? at : in_month(r, s, 1);
	}
	return INT64_MAX;
}
