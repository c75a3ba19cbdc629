/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords as RabbitMQ keeps them: four bytes of salt and the digest of salt and password; in
 * definitions and on the command line as base64.  Of the text itself nothing is kept. */
#ifndef BROKER_PASSWORD_H
#define BROKER_PASSWORD_H

#include "base/buf.h"

enum hashing {
	HASHING_SHA256,
	HASHING_SHA512,
	HASHING_MD5,                 /* read, never made */
};

enum { PASSWORD_SALT_BYTES = 4, PASSWORD_MAX_BYTES = PASSWORD_SALT_BYTES + 64 };

struct password {
	enum hashing hashing;
	size_t n;                    /* 0: there is none, and nothing matches */
	uint8_t bytes[PASSWORD_MAX_BYTES];
};

/* Hashes text (at least one byte) anew. */
void password_set(struct password *p, enum hashing h, const uint8_t salt[PASSWORD_SALT_BYTES],
                  struct slice text);

/* The time taken does not depend on how much of the text is right, nor on whether there is a
 * password. */
bool password_matches(const struct password *p, struct slice text);

/* "rabbit_password_hashing_sha256" and its kind. */
const char *password_hashing_name(enum hashing h);
bool password_hashing_find(struct slice name, enum hashing *out);

/* Takes over a hash, which may be empty: no password.  False when its length is not that of the
 * hashing. */
bool password_take(struct password *out, enum hashing h, struct slice hash);

/* The hash as base64, and back. */
void password_print(struct buf *out, const struct password *p);
bool password_read(struct password *out, enum hashing h, struct slice base64);

#endif
