/* SPDX-License-Identifier: Apache-2.0 */
/* One value of the configuration: what each kind of config.def can be, how it is read, compared and
 * printed.  Knows nothing of where values come from. */
#ifndef SERVER_CONFIG_VALUE_H
#define SERVER_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct config;

enum config_kind { CONFIG_NUMBER, CONFIG_LIMIT, CONFIG_SIZE, CONFIG_SHARE, CONFIG_BOOL, CONFIG_TEXT,
	               CONFIG_SECRET, CONFIG_PATTERN, CONFIG_CHOICE, CONFIG_LIST, CONFIG_FLAGS,
	               CONFIG_ENTRIES };

/* When a new value takes effect. */
enum config_when { CONFIG_LIVE, CONFIG_START, CONFIG_FIRST };

/* A row of config.def. */
struct config_key {
	const char *name;
	size_t at;                   /* offset of the value in struct config */
	const char *standard;
	long long least, most;
	const char *doc;
	enum config_kind kind;
	enum config_when when;
};

/* Sets the whole value.  False and a sentence in why, and nothing was set. */
bool config_value_set(struct config *c, const struct config_key *k, struct slice v,
                      struct buf *why);

/* Whether keys may have a name of their own behind it: lists, flags and entries. */
bool config_value_is_many(const struct config_key *k);

/* Whether what is said of that name behind the key is nobody's business. */
bool config_value_is_secret(const struct config_key *k, struct slice name);

/* What is said of one name behind the key of such a value: an element of a list, whose names do not
 * matter, a flag, or an entry.  False and a sentence in why, likewise. */
bool config_value_set_one(struct config *c, const struct config_key *k, struct slice name,
                          struct slice v, struct buf *why);

bool config_value_is_same(const struct config *a, const struct config *b,
                          const struct config_key *k);

/* Swaps that value of two configurations. */
void config_value_swap(struct config *a, struct config *b, const struct config_key *k);

/* Appends it as lines of a file, secrets blanked. */
void config_value_print(const struct config *c, const struct config_key *k, struct buf *out);

void config_value_free(struct config *c, const struct config_key *k);

#endif
