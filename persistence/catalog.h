/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: everything durable that is not a message (exchanges, queues, bindings; later
 * vhosts, users, policies) as entries kind + key -> value, kept in memory in the order of their
 * log positions and in the log as one record each.  Before a part of the log is given up the
 * entries up to its end are appended again (catalog_refresh); the catalog thus never stops
 * the log from getting shorter.  A removal is remembered, and appended again too, while older
 * records of its entry may be left: else those would bring the entry back at the next start.
 * Values are bytes: what they mean is for the floors above, but for one kind. */
#ifndef PERSISTENCE_CATALOG_H
#define PERSISTENCE_CATALOG_H

#include "base/list.h"
#include "base/map.h"
#include "persistence/log.h"
#include "persistence/record.h"

/* A part of the log that is gone from its middle; key and value: first position in it, first behind
 * it, u64 each.  The others are numbered in exchange/topology.h. */
enum { CATALOG_HOLE = 255 };

struct catalog {
	struct log *log;         /* NULL: nothing is logged (all entries are forgotten at exit) */
	struct map entries;
	struct list by_position;
	uint64_t changes;        /* by catalog_put and catalog_remove */
};

void catalog_init(struct catalog *c, struct log *log);
void catalog_free(struct catalog *c);

/* Sets an entry and appends it to the log, urgently.  Returns the position to wait for. */
log_position catalog_put(struct catalog *c, uint8_t kind, struct slice key, struct slice value);

/* As catalog_put, but urgently only when somebody waits for it. */
log_position catalog_set(struct catalog *c, uint8_t kind, struct slice key, struct slice value,
                         bool urgent);

/* Removes an entry, which need not exist. Returns the position to wait for, or 0 when there was
 * nothing to remove. */
log_position catalog_remove(struct catalog *c, uint8_t kind, struct slice key);

/* Recovery: takes in one RECORD_DEFINE or RECORD_UNDEFINE. False when it does not decode. */
bool catalog_recover(struct catalog *c, const struct log_record *r);

/* Walks all entries in order of position: start with *cursor == NULL; false at the end. */
bool catalog_next(const struct catalog *c, const void **cursor, uint8_t *kind, struct slice *key,
                  struct slice *value);

typedef bool catalog_taker(void *context, struct slice key, struct slice value);

/* Recovery: shows each entry of a kind to take, in order of position, and then removes those for
 * which it said false.  take must not change the catalog. */
void catalog_sift(struct catalog *c, uint8_t kind, catalog_taker *take, void *context);

/* Appends every entry that lives before upto again, and every removal of one that had a record
 * before from: what lies in [from, upto) can be given up once that is durable.  At most max of them
 * in one call; true when there are no more. */
bool catalog_refresh(struct catalog *c, log_position from, log_position upto, size_t max);

/* Says that there is a hole (not any more), as catalog_put and catalog_remove. */
void catalog_put_hole(struct catalog *c, log_position from, log_position to);
void catalog_remove_hole(struct catalog *c, log_position from);

/* True when the entry says that there is a hole. */
bool catalog_hole_decode(const struct record_define *d, log_position *from, log_position *to);

#endif
