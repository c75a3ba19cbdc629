/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory this process may use, and uses. */
#ifndef SERVER_MEMORY_H
#define SERVER_MEMORY_H

#include <stdint.h>

/* Bytes: what the machine has, or less where a control group (version 1 or 2) says so. */
uint64_t memory_limit(void);

/* What control groups alone say, in the tree that has its root there ("" is the system's); the
 * largest number: nothing. */
uint64_t memory_group_limit(const char *root);

/* Bytes of it that are in use now: the resident set; 0 when the system does not say. */
uint64_t memory_used(void);

/* Bytes of the program's own code; 0 when the system does not say. */
uint64_t memory_code(void);

#endif
