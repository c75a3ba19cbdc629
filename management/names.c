/* SPDX-License-Identifier: Apache-2.0 */
#include "management/names.h"

#include "base/digest.h"
#include "base/mem.h"

enum { PAGE_DIGESTS = 4000 };

struct names_page {
	struct names_page *next;
	size_t n;
	struct digest digests[PAGE_DIGESTS];
};

void designation_print(struct buf *out, const struct designation *d)
{
	bool first = d->other.n && strcmp(d->section, "parameters") == 0;
	if (first)
		buf_printf(out, "%.*s ", SLICE_ARG(d->other));
	buf_append_slice(out, d->name);
	if (d->other.n && !first)
		buf_printf(out, " %.*s", SLICE_ARG(d->other));
	if (d->to.p)
		buf_printf(out, " -> %.*s (%.*s)", SLICE_ARG(d->to), SLICE_ARG(d->key));
}

/* Each with its length, so that no two say the same. */
static void put(struct buf *out, struct slice s)
{
	buf_printf(out, "%zu ", s.n);
	buf_append_slice(out, s);
}

static struct digest digest(const struct designation *d)
{
	struct buf text = { 0 };
	put(&text, slice_str(d->section));
	put(&text, d->vhost);
	put(&text, d->name);
	put(&text, d->other);
	put(&text, d->identity);
	struct digest out = digest_keyed(buf_slice(&text), map_hash(slice_str("names")));
	buf_free(&text);
	return out;
}

void names_add(struct names *n, const struct designation *d)
{
	struct digest key = digest(d);
	if (map_get(&n->map, slice_of(&key, sizeof key)))
		return;
	struct names_page *p = n->pages;
	if (!p || p->n == PAGE_DIGESTS) {
		p = mem_alloc(sizeof *p);
		p->n = 0;
		p->next = n->pages;
		n->pages = p;
	}
	struct digest *kept = &p->digests[p->n++];
	*kept = key;
	map_put(&n->map, slice_of(kept, sizeof *kept), kept);
}

bool names_has(const struct names *n, const struct designation *d)
{
	struct digest key = digest(d);
	return map_get(&n->map, slice_of(&key, sizeof key)) != NULL;
}

void names_free(struct names *n)
{
	map_free(&n->map);
	while (n->pages) {
		struct names_page *p = n->pages;
		n->pages = p->next;
		mem_free(p);
	}
}
