/* SPDX-License-Identifier: Apache-2.0 */
/* Windows: where many queues lie interleaved and are read at once, each of their records alone
 * costs a read of its own, and the next queue wants what lies right beside.  So a stretch of the
 * segment is read once for all, and kept for a while.  One thread owns the windows; what was found
 * in one keeps it until it is freed. */
#include <stdatomic.h>

#include "base/mem.h"
#include "persistence/log_state.h"

enum { WINDOW = 1 << 20 };

struct log_window {
	struct list link;            /* the one used last is first */
	uint64_t base, from;         /* of the segment; where it lies in the file */
	size_t n;
	_Atomic unsigned refs;
	uint8_t *pages;
};

void log_window_drop(struct log_window *w)
{
	if (atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	mem_pages_free(w->pages, WINDOW);
	mem_free(w);
}

static void forget(struct log_windows *all, struct log_window *w)
{
	list_remove(&w->link);
	all->n--;
	log_window_drop(w);
}

void log_windows_free(struct log_file *l)
{
	struct log_windows *all = &l->windows;
	while (!list_empty(&all->used))
		forget(all, list_entry(all->used.next, struct log_window, link));
}

static struct log_window *find(struct log_windows *all, uint64_t base, uint64_t from)
{
	list_each(it, &all->used) {
		struct log_window *w = list_entry(it, struct log_window, link);
		if (w->base == base && w->from == from)
			return w;
	}
	return NULL;
}

/* The one that was not used for the longest time, if nobody else holds it, or a new one. */
static struct log_window *blank(struct log_windows *all)
{
	struct log_window *w = NULL;
	if (all->n >= all->most) {
		w = list_entry(all->used.prev, struct log_window, link);
		if (atomic_load(&w->refs) == 1) {
			list_remove(&w->link);
			return w;
		}
		forget(all, w);
	}
	w = mem_zalloc(sizeof *w);
	list_init(&w->link);
	w->pages = mem_pages(WINDOW);
	atomic_store(&w->refs, 1);
	all->n++;
	return w;
}

static struct log_window *read_window(struct log_file *l, struct log_fetch *f, int handle,
                                      uint64_t base, uint64_t from, size_t n)
{
	struct log_window *w = blank(&l->windows);
	list_push_front(&l->windows.used, &w->link);
	w->base = base;
	w->from = from;
	w->n = n;
	log_fetch_count(f, n);
	if (l->disk->ops->read(l->disk, handle, from, w->pages, n) == 0)
		return w;
	forget(&l->windows, w);
	return NULL;
}

struct log_window *log_window_get(struct log_file *l, struct log_fetch *f, int handle,
                                  uint64_t at, struct log_stretch *out)
{
	const struct segment *s = f->segment;
	struct log_windows *all = &l->windows;
	uint64_t from = at / WINDOW * WINDOW;
	uint64_t n = f->valid - from < WINDOW ? f->valid - from : WINDOW;
	struct log_window *w = all->most ? find(all, s->base, from) : NULL;
	if (w && w->n < n) {
		forget(all, w);
		w = NULL;
	}
	if (!w && all->most)
		w = read_window(l, f, handle, s->base, from, (size_t)n);
	if (!w)
		return NULL;
	list_remove(&w->link);
	list_push_front(&all->used, &w->link);
	atomic_fetch_add(&w->refs, 1);
	*out = (struct log_stretch){ w->pages, w->from, w->from + w->n };
	return w;
}
