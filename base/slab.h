/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for things of moderate size that come and go by the million: messages and what holds them.
 * Pieces of about the same size share a slab of 64 KB; a slab without pieces serves another size,
 * or goes back to the system a little at a time, which malloc can only do all at once: with
 * hundreds of megabytes everybody would wait.
 *
 * There is one for the process, used by the broker's thread only. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>

/* n bytes, contents undefined.  Large ones come from mem_alloc. */
void *slab_alloc(size_t n);

/* Frees what slab_alloc(n) gave, with the same n. */
void slab_free(void *p, size_t n);

/* Gives a few of the slabs without pieces back to the system, in well under a millisecond; false
 * when there are none left. */
bool slab_rest(void);

/* Bytes of pieces in use. */
size_t slab_bytes(void);

#endif
