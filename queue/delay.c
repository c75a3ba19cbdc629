/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/delay.h"

#include "amqp/table.h"

#define LONGEST_MS (1ll << 53)   /* three hundred thousand years */

static int64_t digits(struct slice s)
{
	int64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		v = v < LONGEST_MS ? 10 * v + (s.p[i] - '0') : LONGEST_MS;
	}
	return v;
}

static int64_t truncated(double real)
{
	if (!(real >= 1))
		return 0;
	return real < (double)LONGEST_MS ? (int64_t)real : LONGEST_MS;
}

int64_t delay_of(struct slice headers)
{
	struct field f;
	int64_t ms = 0;
	if (headers.n == 0 || !table_find(headers, "x-delay", &f))
		return 0;
	if (field_is_integer(&f))
		ms = f.integer;
	else if (f.letter == 'S')
		ms = digits(f.bytes);
	else if (f.letter == 'f' || f.letter == 'd')
		ms = truncated(f.real);
	return ms < 0 ? 0 : ms < LONGEST_MS ? ms : LONGEST_MS;
}
