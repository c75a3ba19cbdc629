/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions that are taken in at a start, before anybody is let in (load_definitions). */
#ifndef SERVER_IMPORT_H
#define SERVER_IMPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/digest.h"

struct broker;
struct config;
struct import_file;

struct import {
	struct import_file *files;   /* owned */
	size_t n;
	bool has_users;              /* then no default user is made */
	bool skip_if_unchanged;
	struct digest digest;        /* of all their bytes */
};

/* Reads into a zeroed one what the configuration names: a file, or those of a directory whose names
 * end in .json, in order of names; nothing when it names none.  False and a sentence in why. */
bool import_read(struct import *i, const struct config *c, struct buf *why);

/* Takes all of it in, and returns when it is durable.  What could not be taken in goes to why, with
 * its place, and then false; the rest was taken in all the same. */
bool import_run(struct import *i, struct broker *b, struct buf *why);

void import_free(struct import *i);

#endif
