/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of a configuration that are encrypted (encrypted:BASE64), until all of it is read: the
 * passphrase may come last. */
#ifndef SERVER_CONFIG_SEALED_H
#define SERVER_CONFIG_SEALED_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct config;
struct literal;

/* A value that is encrypted yet. */
struct config_sealed {
	char *key, *value, *where;   /* owned; value: the base64 */
};

#define CONFIG_SEALED "encrypted:"

/* Keeps the value, which begins so, in place of one that the key had before. */
void config_sealed_add(struct config *c, struct slice key, struct slice value, const char *where);

/* The key, or all behind it, has another value now. */
void config_sealed_drop(struct config *c, struct slice key);

/* Decrypts one with what config_entry_decoder says; passphrase is NULL when there is none.  False
 * and a sentence in why.  out is a zeroed literal, to be forgotten in any case. */
bool config_sealed_open(const struct config *c, const struct config_sealed *s,
                        const char *passphrase, struct literal *out, struct buf *why);

/* Forgets all of them. */
void config_sealed_free(struct config *c);

#endif
