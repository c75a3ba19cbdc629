/* SPDX-License-Identifier: Apache-2.0 */
/* How many file descriptors this process may have, and has. */
#ifndef SERVER_DESCRIPTORS_H
#define SERVER_DESCRIPTORS_H

#include <stdint.h>

/* Asks for as many as the system grants; returns that. */
uint64_t descriptors_limit(void);

/* Those that are open.  Kernels before 6.2 do not say, and to count them takes a while where there
 * are many: with those it is the lowest number that is free. */
uint64_t descriptors_used(void);

#endif
