/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: everything durable that is not a message (exchanges, queues, bindings; later
 * vhosts, users, policies) as entries kind + key -> value, kept in memory in the order of their
 * log positions and in the log as one record each.  Before the front of the log is trimmed the
 * entries that live there are appended again (catalog_refresh); the catalog thus never stops
 * the log from getting shorter.  Values are bytes: what they mean is for the floors above. */
#ifndef PERSISTENCE_CATALOG_H
#define PERSISTENCE_CATALOG_H

#include "base/list.h"
#include "base/map.h"
#include "persistence/log.h"

struct catalog {
	struct log *log;         /* NULL: nothing is logged (all entries are forgotten at exit) */
	struct map entries;
	struct list by_position;
};

void catalog_init(struct catalog *c, struct log *log);
void catalog_free(struct catalog *c);

/* Sets an entry and appends it to the log, urgently.  Returns the position to wait for. */
log_position catalog_put(struct catalog *c, uint8_t kind, struct slice key, struct slice value);

/* Removes an entry, which need not exist. Returns the position to wait for, or 0 when there was
 * nothing to remove. */
log_position catalog_remove(struct catalog *c, uint8_t kind, struct slice key);

/* Recovery: takes in one RECORD_DEFINE or RECORD_UNDEFINE. False when it does not decode. */
bool catalog_recover(struct catalog *c, const struct log_record *r);

/* Walks all entries in order of position: start with *cursor == NULL; false at the end. */
bool catalog_next(const struct catalog *c, const void **cursor, uint8_t *kind, struct slice *key,
                  struct slice *value);

/* How many entries live before the position. */
uint64_t catalog_count_before(const struct catalog *c, log_position upto);

/* Appends every entry that lives before the position again. Returns the last position appended,
 * or 0 when there was none. */
log_position catalog_refresh(struct catalog *c, log_position upto);

#endif
