/* SPDX-License-Identifier: Apache-2.0 */
/* Purges or deletes a queue and says how long the answer took. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

static uint64_t call(struct wire *w, const struct method *m, uint32_t answer)
{
	uint64_t began = wire_now_us();
	bench_call(w, m, answer);
	return wire_now_us() - began;
}

int main(int argc, char **argv)
{
	bool purges = argc == 4 && strcmp(argv[1], "purge") == 0;
	struct wire w;
	if (!purges && (argc != 4 || strcmp(argv[1], "delete"))) {
		fprintf(stderr, "usage: remove purge|delete QUEUE PORT\n");
		return 2;
	}
	struct method purge = { .id = METHOD_queue_purge,
		                    .queue_purge = { .queue = slice_str(argv[2]) } };
	struct method delete = { .id = METHOD_queue_delete,
		                     .queue_delete = { .queue = slice_str(argv[2]) } };
	if (!wire_open(&w, (uint16_t)atoi(argv[3])))
		bench_give_up(&w, "connecting");
	uint64_t us = purges ? call(&w, &purge, METHOD_queue_purge_ok)
	                     : call(&w, &delete, METHOD_queue_delete_ok);
	printf("%s_ms=%.1f\n", argv[1], (double)us / 1000);
	wire_close(&w);
	return 0;
}
