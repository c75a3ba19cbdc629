/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/die.h"

static void *alive(void *p)
{
	if (!p)
		die_at(__FILE__, __LINE__, "out of memory");
	return p;
}

void *mem_alloc(size_t n)
{
	return alive(malloc(n ? n : 1));
}

void *mem_zalloc(size_t n)
{
	return alive(calloc(1, n ? n : 1));
}

void *mem_realloc(void *p, size_t n)
{
	return alive(realloc(p, n ? n : 1));
}

void mem_free(void *p)
{
	free(p);
}

char *mem_copy(struct slice s)
{
	char *copy = mem_alloc(s.n + 1);
	if (s.n)
		memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_copy(slice_str(s));
}

void mem_rest(void)
{
	malloc_trim(0);
}

void *mem_pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return alive(p == MAP_FAILED ? NULL : p);
}

void mem_pages_rest(void *p, size_t n)
{
	madvise(p, n, MADV_DONTNEED);
}

void mem_pages_free(void *p, size_t n)
{
	if (p)
		munmap(p, n);
}
