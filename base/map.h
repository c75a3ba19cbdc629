/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from byte strings to pointers: open addressing, XXH3 under a secret seed, because
 * strangers choose the keys.  The table stores where each key is, in memory that the value owns:
 * the bytes must stay where they are while the value is in the map.  An entry takes a slot of 24
 * bytes, and of the slots of a large table at least six of ten are in use.  A large table grows in
 * many small steps: of a million entries none of them moves more than some thousands.
 * A zeroed struct map is an empty one and owns no memory. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/slice.h"

struct map_slot;

struct map {
	struct map_slot *slots;
	struct map *parts;      /* of a large map: its entries are in these; NULL: in the slots */
	uint32_t homes;         /* so many of the slots are where an entry may belong; 0: no slots */
	uint32_t count;         /* entries in use, here and in the parts */
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

/* Bytes of memory taken. */
size_t map_footprint(const struct map *m);

/* Walks the table and must()s its invariants. */
void map_check(const struct map *m);

#endif
