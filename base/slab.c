/* SPDX-License-Identifier: Apache-2.0 */
/* A slab lies at a multiple of its size and begins with the address of its head, so that a piece
 * finds that.  Heads lie elsewhere: a slab that was rested has no memory.  Slabs with room are on
 * the list of their class, those without pieces on one for all.  Address space is never given
 * back. */
#include "base/slab.h"

#include <stdint.h>
#include <string.h>

#include "base/die.h"
#include "base/list.h"
#include "base/mem.h"

/* A sanitizer sees more when every piece is a malloc of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IN_SLABS = 0 };
#else
enum { IN_SLABS = 1 };
#endif

enum {
	SLAB = 64 << 10,
	REGION_SLABS = 64,           /* address space taken at a time */
	HEADS_BYTES = 8192,
	SMALL = 512, SMALL_STEP = 16,
	MOST = 8192, STEP = 256,
	CLASSES = SMALL / SMALL_STEP + (MOST - SMALL) / STEP,
	RESTS_AT_ONCE = 32,          /* slabs: a third of a millisecond */
};

struct slab {
	char *base;
	struct list link;            /* of its class, when it has room; of those that are empty */
	uint32_t piece, used;        /* bytes of one; how many are */
	uint32_t fresh;              /* offset of the first that was never used */
	void *free;                  /* those given back, each points to the next */
};

/* Zeroed heads of lists are not set up yet. */
static struct {
	bool ready;
	struct list with_room[CLASSES];
	struct list empty, rested;   /* without pieces: as they were left; without memory */
	size_t bytes;
} all;

static void set_up(void)
{
	for (int i = 0; i < CLASSES; i++)
		list_init(&all.with_room[i]);
	list_init(&all.empty);
	list_init(&all.rested);
	all.ready = true;
}

static unsigned class_of(size_t n)
{
	if (n <= SMALL)
		return n ? (unsigned)((n - 1) / SMALL_STEP) : 0;
	return SMALL / SMALL_STEP + (unsigned)((n - SMALL - 1) / STEP);
}

static uint32_t piece_bytes(unsigned class)
{
	if (class < SMALL / SMALL_STEP)
		return (class + 1) * SMALL_STEP;
	return SMALL + (class - SMALL / SMALL_STEP + 1) * STEP;
}

static struct slab *slab_of(void *p)
{
	struct slab *s;
	memcpy(&s, (char *)p - (uintptr_t)p % SLAB, sizeof s);
	return s;
}

/* One slab more than fits, so that they can lie where they have to. */
static void take_region(void)
{
	char *p = mem_pages((REGION_SLABS + 1) * SLAB);
	struct slab *heads = mem_pages(HEADS_BYTES);
	must(REGION_SLABS * sizeof *heads <= HEADS_BYTES);
	p += SLAB - (uintptr_t)p % SLAB;
	for (int i = 0; i < REGION_SLABS; i++, p += SLAB) {
		heads[i].base = p;
		list_push(&all.rested, &heads[i].link);
	}
}

static struct slab *blank(unsigned class)
{
	if (list_empty(&all.empty) && list_empty(&all.rested))
		take_region();
	struct list *from = list_empty(&all.empty) ? &all.rested : &all.empty;
	struct slab *s = list_entry(list_pop(from), struct slab, link);
	s->piece = piece_bytes(class);
	s->used = 0;
	s->fresh = SMALL_STEP;
	s->free = NULL;
	memcpy(s->base, &s, sizeof s);
	list_push(&all.with_room[class], &s->link);
	return s;
}

static bool is_full(const struct slab *s)
{
	return !s->free && s->fresh + s->piece > SLAB;
}

void *slab_alloc(size_t n)
{
	if (!IN_SLABS || n > MOST)
		return mem_alloc(n);
	if (!all.ready)
		set_up();
	unsigned class = class_of(n);
	struct slab *s = list_first(&all.with_room[class], struct slab, link);
	if (!s)
		s = blank(class);
	void *p = s->free;
	if (p) {
		memcpy(&s->free, p, sizeof s->free);
	} else {
		p = s->base + s->fresh;
		s->fresh += s->piece;
	}
	s->used++;
	all.bytes += s->piece;
	if (is_full(s))
		list_remove(&s->link);
	return p;
}

void slab_free(void *p, size_t n)
{
	if (!IN_SLABS || n > MOST) {
		mem_free(p);
		return;
	}
	struct slab *s = slab_of(p);
	unsigned class = class_of(n);
	must(s->piece == piece_bytes(class) && s->used > 0);
	all.bytes -= s->piece;
	memcpy(p, &s->free, sizeof s->free);
	s->free = p;
	if (--s->used == 0) {
		list_remove(&s->link);
		list_push_front(&all.empty, &s->link);
	} else if (!list_linked(&s->link)) {
		list_push(&all.with_room[class], &s->link);
	}
}

bool slab_rest(void)
{
	if (!all.ready)
		return false;
	for (int i = 0; i < RESTS_AT_ONCE && !list_empty(&all.empty); i++) {
		struct slab *s = list_entry(all.empty.prev, struct slab, link);
		list_remove(&s->link);
		mem_pages_rest(s->base, SLAB);
		list_push(&all.rested, &s->link);
	}
	return !list_empty(&all.empty);
}

size_t slab_bytes(void)
{
	return all.bytes;
}
