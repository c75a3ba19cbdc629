/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: all that is kept but messages, as one object of JSON in RabbitMQ's form; or of one
 * virtual host what is in it, without its name.  Exported and imported in pieces, section by
 * section, so that others are not kept waiting. */
#ifndef MANAGEMENT_DEFINITIONS_H
#define MANAGEMENT_DEFINITIONS_H

#include "base/buf.h"
#include "broker/roster.h"
#include "persistence/log.h"

struct broker;

/* An export, or an import, under way. */
struct definitions {
	struct broker *broker;
	struct slice vhost;          /* the one that is meant, borrowed; p == NULL: all */
	const struct json_t *root;   /* of an import; borrowed */
	size_t section, at;          /* ... which one it is in, and how far */
	bool headed;                 /* an export has begun */
	bool begun, more;            /* ... and something of it was seen */
	struct roster vhosts, rows;
	struct buf room;
	log_position wait_for;       /* when all that was imported is durable */
	uint64_t failures;
};

/* Appends the next piece; false at the end, which was appended too. */
bool definitions_export(struct definitions *d, struct buf *out);

/* Begins an import of what was read; false, and why, when it is no object of JSON, or of one
 * virtual host and nobody said which one they are for. */
struct parsing;
bool definitions_begin(struct definitions *d, const struct parsing *r, struct buf *why);

/* Takes in the next objects; what cannot be is said, a line each, and passed over.  What is there
 * already stays, but for users, who become what is imported, and what is said of virtual hosts.
 * False at the end. */
bool definitions_import(struct definitions *d, struct buf *why);

/* Takes in one object, a field table, as it stands in a section ("users", "policies", ...).  False,
 * and why. */
bool definitions_take(struct broker *b, const char *section, struct slice object,
                      log_position *wait_for, struct buf *why);

/* Harmless when neither was begun, if it was zeroed. */
void definitions_end(struct definitions *d);

#endif
