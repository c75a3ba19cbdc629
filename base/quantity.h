/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as an operator writes them. */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdbool.h>

#include "base/slice.h"

/* Decimal digits and nothing else, below 2^63. */
bool quantity_count(struct slice text, uint64_t *out);

/* The same with a unit behind it, in upper or lower case: none, B, K, KB, KiB, M ..., T ...;
 * each 1,024 of the one before. */
bool quantity_bytes(struct slice text, uint64_t *out);

/* A decimal number without sign or exponent, such as 0.4, with at most nine digits on each side
 * of the point. */
bool quantity_fraction(struct slice text, double *out);

/* Milliseconds: digits, and behind them ms (or nothing), s, m, h, d or w. */
bool quantity_ms(struct slice text, uint64_t *out);

/* Seconds in days, weeks, months (of 30 days), years (of 365), by these names; 0: it is none. */
int64_t quantity_unit_s(struct slice unit);

#endif
