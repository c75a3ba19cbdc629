/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void bench_give_up(const struct wire *w, const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, w->why[0] ? w->why : strerror(errno));
	exit(1);
}

void bench_call(struct wire *w, const struct method *m, uint32_t answer)
{
	if (!wire_call(w, m, answer))
		bench_give_up(w, method_info(m->id)->name);
}
