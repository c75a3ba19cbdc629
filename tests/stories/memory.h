/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORIES_MEMORY_H
#define STORIES_MEMORY_H

#include <stddef.h>

/* Starts the program anew with an allocator that keeps no freed blocks aside, so that memory_live
 * is exact.  Called first in main. */
void memory_prepare(char **argv);

/* Bytes allocated in this process now (under a sanitizer always the same: it looks for leaks
 * itself). */
size_t memory_live(void);

#endif
