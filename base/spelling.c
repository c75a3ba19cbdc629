/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spelling.h"

#include <stdint.h>
#include <string.h>

#include "base/die.h"

/* One row of the table of Wagner and Fischer at a time. */
size_t spelling_distance(const char *known, struct slice word)
{
	size_t row[128], n = strlen(known);
	if (n >= ARRAY_LEN(row) - 1)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (size_t k = 1; k <= word.n; k++) {
		size_t corner = row[0];
		row[0] = k;
		for (size_t i = 1; i <= n; i++) {
			size_t change = corner + (known[i - 1] != (char)word.p[k - 1]);
			corner = row[i];
			size_t gap = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;
			row[i] = change < gap ? change : gap;
		}
	}
	return row[n];
}
