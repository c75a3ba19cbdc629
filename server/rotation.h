/* SPDX-License-Identifier: Apache-2.0 */
/* When log files are moved aside, as log.file.rotation.date says it: $D0 (each day at 0 h), $D23,
 * $W0D23 (each Sunday at 23 h), $M1D0 (on the first of each month; a day that a month does not have
 * is its last), $H30 (each hour at 30).  Times are UTC, as those in the lines. */
#ifndef SERVER_ROTATION_H
#define SERVER_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct rotation {
	enum __attribute__((packed)) {
		ROTATION_NEVER, ROTATION_HOURLY, ROTATION_DAILY, ROTATION_WEEKLY, ROTATION_MONTHLY,
	} how;
	uint8_t day;                 /* of the week, from Sunday, 0, or of the month, from 1 */
	uint8_t hour, minute;
};

/* False when it makes no sense; nothing at all is never. */
bool rotation_read(struct slice text, struct rotation *out);

/* The first time after that, both in seconds since 1970; INT64_MAX: never. */
int64_t rotation_next(const struct rotation *r, int64_t s);

#endif
