/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from byte strings to pointers: open addressing, linear probing, XXH3 under a
 * secret seed, because strangers choose the keys.  The table stores each key as a slice into
 * memory that the value owns: the bytes must stay where they are while the value is in the map.
 * A zeroed struct map is an empty one and owns no memory. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/slice.h"

struct map_slot;

struct map {
	struct map_slot *slots;
	size_t cap;     /* a power of two, or 0 */
	size_t count;   /* entries in use */
};

/* Sets the process-wide hash seed; called once at start-up, before any map is filled. */
void map_seed(uint64_t seed);

/* The value for key, or NULL when there is none. */
void *map_get(const struct map *m, struct slice key);

/* As map_get, for a key that is known to be there. */
void *map_xget(const struct map *m, struct slice key);

/* Adds value (never NULL) under key, which must not be there yet. */
void map_put(struct map *m, struct slice key, void *value);

/* Takes the entry out and returns its value, or NULL when there is none. */
void *map_remove(struct map *m, struct slice key);

/* Walks all values in no particular order: start with *cursor == 0; NULL ends the walk.
 * The map must not be changed during the walk. */
void *map_next(const struct map *m, size_t *cursor);

/* Frees the table (not the values). */
void map_free(struct map *m);

/* The seeded hash that the map uses, for other tables. */
uint64_t map_hash(struct slice key);

#endif
