/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a configuration, encrypted with a passphrase, as RabbitMQ keeps them (rabbit_pbe):
 * base64 of 16 bytes of salt, the initialization vector, and the external term in blocks.  The key
 * is made of passphrase and salt by PBKDF2 (RFC 8018).  Nothing but its padding, and that a term is
 * inside, says whether the passphrase was the right one. */
#ifndef MANAGEMENT_SEALED_H
#define MANAGEMENT_SEALED_H

#include "management/literal.h"

struct sealing_cipher;
struct sealing_hash;

struct sealing {
	const struct sealing_cipher *cipher;
	const struct sealing_hash *hash;
	int iterations;
	const char *passphrase;      /* borrowed */
};

/* What RabbitMQ takes if nothing is said: the first cipher, the first hash, one iteration. */
void sealing_init(struct sealing *s, const char *passphrase);

/* Those of that name; false: there is none. */
bool sealing_set_cipher(struct sealing *s, struct slice name);
bool sealing_set_hash(struct sealing *s, struct slice name);

/* The name of the i-th; NULL behind the last. */
const char *sealing_cipher_name(size_t i);
const char *sealing_hash_name(size_t i);

/* Appends the value, encrypted, as base64; false when OpenSSL cannot, out is undefined then. */
bool sealed_put(struct buf *out, const struct sealing *s, const struct literal *l);

/* What was encrypted.  False when it is nothing like that, or not under this passphrase, cipher,
 * hash and number of iterations.  A zeroed literal, which is to be forgotten in any case. */
bool sealed_open(struct literal *out, const struct sealing *s, struct slice base64);

/* Frees it, and nothing of it stays in memory. */
void sealed_forget(struct literal *l);

#endif
