/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a TLS session in one process, without sockets: the server's is Leveret's, the
 * client's is OpenSSL's.  Certificates are made on the spot. */
#ifndef TESTS_UNIT_SERVER_TLS_PAIR_H
#define TESTS_UNIT_SERVER_TLS_PAIR_H

#include <openssl/ssl.h>

#include "base/buf.h"
#include "server/config.h"
#include "server/tls.h"

/* What a certificate for a client says. */
struct subject {
	const char *field[4][2];     /* name and value, as OpenSSL calls them; in order */
	const char *alternative;     /* subjectAltName in OpenSSL's words, or NULL */
	struct slice cn;             /* a common name with any bytes in it; n is 0: none */
	int cn_type;                 /* its ASN.1 type */
	bool expired;
};

struct pair {
	char directory[64];
	struct config config;
	struct tls_context *context;
	struct tls *server;
	SSL_CTX *client_context;
	SSL *client;
	struct buf plain;            /* what the server has decrypted */
	struct buf why;
	bool over;                   /* the server's end is */
	int client_trouble;          /* OpenSSL's reason, when the client has given up */
	char secret[129];            /* client's traffic secret of TLS 1.3, hexadecimal */
};

/* Makes an authority and a server's certificate and sets the keys that name them. */
void pair_init(struct pair *p);
void pair_free(struct pair *p);

/* Sets a key of the configuration; it must be a good one. */
void pair_set(struct pair *p, const char *key, const char *value);

/* Loads the context. False with why. */
bool pair_load(struct pair *p);

/* A new client with this certificate (NULL: without one), and a new server's end. */
void pair_meet(struct pair *p, const struct subject *s);

/* The same with the session that the client had. */
void pair_meet_again(struct pair *p);

/* Carries bytes to and fro until nobody has any. */
void pair_talk(struct pair *p);

/* Bytes from the client that OpenSSL did not make. */
void pair_feed(struct pair *p, struct slice bytes);

/* A record of TLS 1.3 with AES-128-GCM as the client would send it as its number-th. */
void pair_seal(struct pair *p, uint64_t number, uint8_t type, struct slice content,
               struct buf *out);

/* After a key update of the client's: its next record is the first of a new secret. */
void pair_turn_key(struct pair *p);

/* Where a file of this name is. */
const char *pair_path(struct pair *p, const char *name);

#endif
