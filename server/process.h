/* SPDX-License-Identifier: Apache-2.0 */
/* What this process uses of what the system grants, as management tells it. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stdint.h>

struct host;

/* How many threads it may have, by its own limit and by that of the machine. */
uint64_t process_max_threads(void);

/* Notes memory, file descriptors and threads as they are now: a few microseconds. */
void process_look(struct host *h);

#endif
