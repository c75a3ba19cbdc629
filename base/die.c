/* SPDX-License-Identifier: Apache-2.0 */
#include "base/die.h"

#include <stdio.h>
#include <stdlib.h>

void die_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "leveret: bug at %s:%d: %s\n", file, line, what);
	abort();
}
