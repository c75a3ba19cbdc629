/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory this process may use. */
#ifndef SERVER_MEMORY_H
#define SERVER_MEMORY_H

#include <stdint.h>

/* Bytes: what the machine has, or less where a control group (version 1 or 2) says so. */
uint64_t memory_limit(void);

#endif
