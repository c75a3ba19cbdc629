/* SPDX-License-Identifier: Apache-2.0 */
/* TLS by OpenSSL, without its hands on a descriptor: ciphertext comes in as slices and goes out
 * into a buffer.  A session that has nothing to do holds no buffers.  TLS 1.2 and 1.3. */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include <stdbool.h>

#include "base/buf.h"

struct config;
struct security;
struct tls;
struct tls_context;

enum { TLS_PLAIN_SLACK_BYTES = 20 << 10, TLS_TURN_S = 3600 };

/* Certificates and rules, as the configuration's ssl_options say. NULL and a sentence in why. */
struct tls_context *tls_context_new(const struct config *c, struct buf *why);

/* Sessions that were made with it go on. */
void tls_context_free(struct tls_context **t);

/* The keys of session tickets grow old by one of TLS_TURN_S. */
void tls_context_turn(struct tls_context *t);

/* When the certificate is no longer valid, in seconds since 1970. */
int64_t tls_context_expires_s(const struct tls_context *t);

/* Appends the cipher suites in force, with colons between. */
void tls_context_ciphers(const struct tls_context *t, struct buf *out);

/* The library's name and version. */
const char *tls_library(void);

/* The server's side of a new session. */
struct tls *tls_new(struct tls_context *t);
void tls_free(struct tls **t);

/* Before OpenSSL is used at all: makes tls_bytes know what sessions take. */
void tls_count_memory(void);

/* What the session takes just now, which its peer has a say in. */
size_t tls_bytes(const struct tls *t);

/* True until both sides know each other, which happens once. */
bool tls_is_shaking(const struct tls *t);

/* True once nothing more will come from the peer. */
bool tls_is_over(const struct tls *t);

/* How the session is secured, and by whose verified certificate, if there is one; once the
 * handshake is done.  The caller frees it with mem_free. */
struct security *tls_security(const struct tls *t);

/* Takes in ciphertext and gives plaintext; max must be at least in.n + TLS_PLAIN_SLACK_BYTES,
 * because a record of which a part was taken in before may be given too.  The bytes given, or -1
 * when there are none and the session is over: by the peer's word (why stays empty), or for a
 * fault.  What is to be sent in answer is behind tls_output, also then. */
long tls_decrypt(struct tls *t, struct slice in, uint8_t *out, size_t max, struct buf *why);

/* So many bytes are to be encrypted before what comes of them is sent: room is made at once. */
void tls_expect(struct tls *t, size_t n);

/* Encrypts n bytes into the output.  False when the session is over. */
bool tls_encrypt(struct tls *t, const uint8_t *p, size_t n);

/* Says that nothing more will come. */
void tls_say_goodbye(struct tls *t);

/* What is to be sent, and how much of it was. */
struct slice tls_output(const struct tls *t);
void tls_sent(struct tls *t, size_t n);

#endif
