/* SPDX-License-Identifier: Apache-2.0 */
/* All entries lie in the order of their hashes, each at its home or as little behind it as those
 * before it allow.  The home is a fraction of the table, the hash of its highest value, so that the
 * table may have any size.  A search begins at the home and ends at the first hash that is not
 * smaller, whether the key is there or not; a free slot counts as the greatest of all, and the
 * last slot is always free.  Removal moves those behind back by one: no tombstones.
 *
 * A map that outgrows LARGE becomes PARTS maps, told apart by the other end of the hash, and each
 * of them grows by itself: at different moments, because no two fill up alike. */
#include "base/map.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/die.h"
#include "base/mem.h"

struct map_slot {
	uint32_t hash;       /* of the key, or FREE */
	uint32_t n;          /* bytes of the key */
	const uint8_t *key;
	void *value;
};

enum { HASH_BITS = 31, FIRST = 4, SMALL = 64, LARGE = 4096, PARTS = 256 };

#define FREE UINT32_MAX

static uint64_t seed = 0x9E3779B97F4A7C15u;

void map_seed(uint64_t s)
{
	seed = s;
}

uint64_t map_hash(struct slice key)
{
	return XXH3_64bits_withSeed(key.p, key.n, seed);
}

static inline uint32_t hash_of(struct slice key)
{
	return (uint32_t)(map_hash(key) >> (64 - HASH_BITS));
}

static inline struct map *part_of(const struct map *m, uint32_t hash)
{
	return m->parts ? &m->parts[hash % PARTS] : (struct map *)m;
}

static inline struct map_slot *home(const struct map *m, uint32_t hash)
{
	return &m->slots[(uint64_t)hash * m->homes >> HASH_BITS];
}

/* Behind the homes there is room for those that the last of them push on. */
static inline uint32_t slots_for(uint32_t homes)
{
	return homes ? homes + homes / 16 + 3 : 0;
}

/* The slot that holds the key, or NULL; m has slots. */
static struct map_slot *find(const struct map *m, uint32_t hash, struct slice key)
{
	struct map_slot *s = home(m, hash);
	while (s->hash < hash)
		s++;
	for (; s->hash == hash; s++)
		if (slice_eq(slice_of(s->key, s->n), key))
			return s;
	return NULL;
}

void *map_get(const struct map *m, struct slice key)
{
	if (m->count == 0)
		return NULL;
	uint32_t hash = hash_of(key);
	const struct map_slot *s = find(part_of(m, hash), hash, key);
	return s ? s->value : NULL;
}

void *map_xget(const struct map *m, struct slice key)
{
	void *value = map_get(m, key);
	must(value);
	return value;
}

static struct map_slot *next_slot(const struct map *m, size_t *cursor)
{
	for (size_t part = *cursor >> 32; part < (m->parts ? PARTS : 1); *cursor = ++part << 32) {
		const struct map *p = m->parts ? &m->parts[part] : m;
		while ((uint32_t)*cursor < slots_for(p->homes)) {
			struct map_slot *s = &p->slots[(uint32_t)(*cursor)++];
			if (s->hash != FREE)
				return s;
		}
	}
	return NULL;
}

/* ---- growing and shrinking ---- */

static struct map plain(uint32_t homes)
{
	size_t size = slots_for(homes) * sizeof(struct map_slot);
	struct map m = { .slots = mem_alloc(size), .homes = homes };
	memset(m.slots, 0xFF, size);
	return m;
}

static struct map parted(void)
{
	struct map m = { .parts = mem_alloc(PARTS * sizeof *m.parts) };
	for (int i = 0; i < PARTS; i++)
		m.parts[i] = plain(2 * LARGE / PARTS);
	return m;
}

/* False when there is no room behind those that it has to stand behind. */
static bool place(const struct map *m, struct map_slot e)
{
	const struct map_slot *last = &m->slots[slots_for(m->homes) - 1];
	struct map_slot *s = home(m, e.hash), *end;
	while (s->hash < e.hash)
		s++;
	for (end = s; end->hash != FREE;)
		end++;
	if (end == last)
		return false;
	memmove(s + 1, s, (size_t)(end - s) * sizeof *s);
	*s = e;
	return true;
}

static bool is_full(const struct map *m)
{
	return m->count >= m->homes - m->homes / 4;
}

/* Parts in smaller steps: where there are many entries the bytes of each count. */
static uint32_t grown(uint32_t homes, bool is_part)
{
	return is_part ? homes + homes / 4 : homes ? 2 * homes : FIRST;
}

static void insert(struct map *m, struct map_slot e);

/* Everything moves to the other one, which is empty. */
static void become(struct map *m, struct map other)
{
	struct map old = *m;
	size_t cursor = 0;
	*m = other;
	for (struct map_slot *s; (s = next_slot(&old, &cursor));)
		insert(m, *s);
	map_free(&old);
}

static void insert(struct map *m, struct map_slot e)
{
	struct map *part = part_of(m, e.hash);
	while (is_full(part) || !place(part, e))
		become(part, plain(grown(part->homes, part != m)));
	part->count++;
	m->count += part != m;
}

static void shrink(struct map *m, struct map *part)
{
	if (m->count == 0)
		map_free(m);
	else if (m->parts && m->count < LARGE / 8)
		become(m, plain(LARGE / 4));
	else if (part->homes > SMALL && part->count < part->homes / 8)
		become(part, plain(part->homes / 4));
}

void map_put(struct map *m, struct slice key, void *value)
{
	struct map_slot e = { hash_of(key), (uint32_t)key.n, key.p, value };
	must(value && key.n == e.n && (!m->count || !find(part_of(m, e.hash), e.hash, key)));
	if (!m->parts && m->homes >= LARGE && is_full(m))
		become(m, parted());
	insert(m, e);
}

void *map_remove(struct map *m, struct slice key)
{
	if (m->count == 0)
		return NULL;
	uint32_t hash = hash_of(key);
	struct map *part = part_of(m, hash);
	struct map_slot *s = find(part, hash, key), *end = s;
	if (!s)
		return NULL;
	void *value = s->value;
	do
		end++;
	while (end->hash != FREE && home(part, end->hash) < end);
	memmove(s, s + 1, (size_t)(end - s - 1) * sizeof *s);
	end[-1].hash = FREE;
	part->count--;
	m->count -= part != m;
	shrink(m, part);
	return value;
}

void *map_next(const struct map *m, size_t *cursor)
{
	const struct map_slot *s = next_slot(m, cursor);
	return s ? s->value : NULL;
}

void map_free(struct map *m)
{
	for (int i = 0; m->parts && i < PARTS; i++)
		mem_free(m->parts[i].slots);
	mem_free(m->parts);
	mem_free(m->slots);
	*m = (struct map){ 0 };
}

size_t map_footprint(const struct map *m)
{
	size_t n = slots_for(m->homes) * sizeof *m->slots;
	for (int i = 0; m->parts && i < PARTS; i++)
		n += sizeof m->parts[i] + map_footprint(&m->parts[i]);
	return n;
}

static void check_slots(const struct map *m)
{
	uint32_t n = 0, least = 0, last = slots_for(m->homes) - 1;
	for (uint32_t i = 0; i < last; i++) {
		const struct map_slot *s = &m->slots[i];
		if (s->hash == FREE)
			continue;
		must(s->value && s->hash >= least);
		must(home(m, s->hash) == s || (home(m, s->hash) < s && s[-1].hash != FREE));
		least = s->hash;
		n++;
	}
	must(n == m->count && m->slots[last].hash == FREE);
}

void map_check(const struct map *m)
{
	uint32_t n = 0;
	for (int i = 0; m->parts && i < PARTS; i++) {
		check_slots(&m->parts[i]);
		n += m->parts[i].count;
	}
	if (m->slots)
		check_slots(m);
	must(!m->parts || (n == m->count && !m->slots));
}
