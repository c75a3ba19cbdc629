/* SPDX-License-Identifier: Apache-2.0 */
/* What the memory of the process is used for. */
#ifndef MANAGEMENT_MEMORY_USE_H
#define MANAGEMENT_MEMORY_USE_H

#include <stdint.h>

struct host;

struct memory_use {
	uint64_t total;
	uint64_t binary, code, small;   /* bodies of messages; the program; entries of queues */
	uint64_t rest;                  /* what nobody counts */
};

/* Parts are looked at now; total is what the whole was when it was looked at. */
struct memory_use memory_use_of(const struct host *h, uint64_t total);

#endif
