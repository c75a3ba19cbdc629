/* SPDX-License-Identifier: Apache-2.0 */
/* Slots keep the key's slice and its hash beside the value.  Removal closes the gap by moving
 * later entries of the same run forward, so that there are no tombstones to collect. */
#include "base/map.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/die.h"
#include "base/mem.h"

struct map_slot {
	uint64_t hash;
	struct slice key;
	void *value;         /* NULL: the slot is free */
};

static uint64_t seed = 0x9E3779B97F4A7C15u;

void map_seed(uint64_t s)
{
	seed = s;
}

uint64_t map_hash(struct slice key)
{
	return XXH3_64bits_withSeed(key.p, key.n, seed);
}

/* The slot that holds the key, or the free one where it would go. */
static struct map_slot *probe(const struct map *m, uint64_t hash, struct slice key)
{
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_slot *s = &m->slots[i];
		if (!s->value || (s->hash == hash && slice_eq(s->key, key)))
			return s;
	}
}

void *map_get(const struct map *m, struct slice key)
{
	return m->count ? probe(m, map_hash(key), key)->value : NULL;
}

void *map_xget(const struct map *m, struct slice key)
{
	void *value = map_get(m, key);
	must(value);
	return value;
}

static void resize(struct map *m, size_t cap)
{
	struct map old = *m;
	m->slots = mem_zalloc(cap * sizeof *m->slots);
	m->cap = cap;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value)
			*probe(m, old.slots[i].hash, old.slots[i].key) = old.slots[i];
	mem_free(old.slots);
}

void map_put(struct map *m, struct slice key, void *value)
{
	must(value);
	if (4 * (m->count + 1) > 3 * m->cap)
		resize(m, m->cap ? 2 * m->cap : 8);
	uint64_t hash = map_hash(key);
	struct map_slot *s = probe(m, hash, key);
	must(!s->value);
	*s = (struct map_slot){ hash, key, value };
	m->count++;
}

void *map_remove(struct map *m, struct slice key)
{
	if (m->count == 0)
		return NULL;
	struct map_slot *hole = probe(m, map_hash(key), key);
	void *value = hole->value;
	if (!value)
		return NULL;
	size_t at = (size_t)(hole - m->slots);
	for (size_t i = (at + 1) & (m->cap - 1); m->slots[i].value; i = (i + 1) & (m->cap - 1)) {
		size_t home = m->slots[i].hash & (m->cap - 1);
		if (((i - home) & (m->cap - 1)) < ((i - at) & (m->cap - 1)))
			continue;
		m->slots[at] = m->slots[i];
		at = i;
	}
	m->slots[at] = (struct map_slot){ 0 };
	if (--m->count == 0)
		map_free(m);
	else if (m->cap > 64 && m->count < m->cap / 8)
		resize(m, m->cap / 2);
	return value;
}

void *map_next(const struct map *m, size_t *cursor)
{
	while (*cursor < m->cap) {
		void *value = m->slots[(*cursor)++].value;
		if (value)
			return value;
	}
	return NULL;
}

void map_free(struct map *m)
{
	mem_free(m->slots);
	*m = (struct map){ 0 };
}
