/* SPDX-License-Identifier: Apache-2.0 */
/* The only door to the allocator.  Out of memory ends the process with a message: there is no
 * half-alive state to test.  Every allocation is owned by exactly one container. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdalign.h>
#include <stddef.h>

#include "base/slice.h"

/* n bytes, contents undefined; n may be 0. */
void *mem_alloc(size_t n);

/* n bytes of zeros. */
void *mem_zalloc(size_t n);

/* Grows or shrinks p (NULL allowed) to n bytes. */
void *mem_realloc(void *p, size_t n);

/* Frees p; NULL is allowed. */
void mem_free(void *p);

/* n, or a little more, so that anything may stand there. */
static inline size_t mem_aligned(size_t n)
{
	return (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* A fresh copy of the bytes followed by a NUL that s.n does not count. */
char *mem_copy(struct slice s);

/* The same as a slice that is owned, and the end of one; of an empty one too. */
static inline struct slice mem_own(struct slice s)
{
	return slice_of(mem_copy(s), s.n);
}

static inline void mem_disown(struct slice s)
{
	mem_free((void *)s.p);
}

/* A fresh copy of a C string. */
char *mem_strdup(const char *s);

/* Gives what is free back to the system. Takes milliseconds: for quiet moments after a burst. */
void mem_rest(void);

/* Whole pages of zeros straight from the system, for large buffers: memory is taken when it is
 * touched.  n is a multiple of the page size. */
void *mem_pages(size_t n);

/* Gives the memory of the pages back; they stay usable and read as zeros. */
void mem_pages_rest(void *p, size_t n);

void mem_pages_free(void *p, size_t n);

#endif
