/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: all that is kept but messages, as one object of JSON in RabbitMQ's form; or of one
 * virtual host what is in it, without its name.  Exported and imported in pieces, section by
 * section, so that others are not kept waiting. */
#ifndef MANAGEMENT_DEFINITIONS_H
#define MANAGEMENT_DEFINITIONS_H

#include "base/buf.h"
#include "broker/roster.h"
#include "management/removal.h"
#include "management/taking.h"
#include "persistence/log.h"

struct broker;

/* An export, or an import, under way. */
struct definitions {
	struct broker *broker;
	struct slice vhost;          /* the one that is meant, borrowed; p == NULL: all */
	const struct json_t *root;   /* of an import; borrowed */
	size_t section, at;          /* ... which one it is in, and how far */
	uint64_t before;             /* ... and what calls before it had of a section */
	bool dry_run;                /* ... and only what it would do is said */
	bool reconcile;              /* what is there and not in the file is deleted, unless there is an
	                              * entry in it that could not be read: it may have been that */
	bool force;                  /* ... though messages or consumers are lost */
	struct slice actor;          /* who asks, a user who stays; p == NULL: nobody; borrowed */
	enum { DEFINITIONS_TEXT, DEFINITIONS_LINES, DEFINITIONS_ARRAY } notes;
	uint64_t counts[TAKING_CONFLICTS + 1], deleted, kept;
	struct names names;          /* what the file has ... */
	bool unread;                 /* ... besides what could not be read */
	struct removal removal;
	size_t back;                 /* which section is looked at for what is not in it ... */
	bool removing, noted;        /* ... and that it is; something was noted */
	bool headed;                 /* an export has begun */
	bool begun, more;            /* ... and something of it was seen */
	struct roster vhosts, rows;
	struct buf room;
	log_position wait_for;       /* when all that was imported is durable */
	uint64_t failures;
};

/* Appends a tag that is another one after every change of what an export of it would say: ask
 * before the first piece.  What is not told of may change it too. */
void definitions_tag(const struct definitions *d, struct buf *out);

/* Appends the next piece; false at the end, which was appended too. */
bool definitions_export(struct definitions *d, struct buf *out);

/* Begins an import of what was read; false, and why, when it is no object of JSON, or of one
 * virtual host and nobody said which one they are for. */
struct parsing;
bool definitions_begin(struct definitions *d, const struct parsing *r, struct buf *why);

/* True when users are among what was read. */
bool definitions_have_users(const struct definitions *d);

/* Takes in the next objects; what cannot be is said, a line each, and passed over.  What is there
 * already stays, but for users, who become what is imported, and what is said of virtual hosts.
 * With dry_run or reconcile out is appended a report instead, for each that is not equal to what is
 * there a line of text, an object of JSON in a line, or an object in an array: with
 * "action" (create, change, conflict, refuse; of those that are deleted replace, delete, keep),
 * "section", "vhost", "name", and often "why".  False at the end. */
bool definitions_import(struct definitions *d, struct buf *out, struct buf *why);

/* Appends how many there were of each action, and equal ones, as pairs of JSON. */
void definitions_sum(const struct definitions *d, struct buf *out);

/* Appends how far an import is: "exchanges 1200/1200 queues 3411/5000". */
void definitions_progress(const struct definitions *d, struct buf *out);

/* Takes in one object, a field table, as it stands in a section ("users", "policies", ...).  False,
 * and why. */
bool definitions_take(struct broker *b, const char *section, struct slice object,
                      log_position *wait_for, struct buf *why);

/* Harmless when neither was begun, if it was zeroed. */
void definitions_end(struct definitions *d);

#endif
