/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of session tickets.  A ticket is a session that the client keeps for us, sealed; who has
 * its key can read what was said.  So keys are turned: a ticket is good for one turn after the one
 * it was made in. */
#ifndef SERVER_TICKETS_H
#define SERVER_TICKETS_H

#include <openssl/ssl.h>

struct tickets;

/* Fresh keys, and the context seals and opens tickets with them, which are good for that many
 * seconds.  They must outlive the context. */
struct tickets *tickets_new(SSL_CTX *ctx, long good_for_s);
void tickets_free(struct tickets **t);

/* To be called every so often (TLS_TURN_S). */
void tickets_turn(struct tickets *t);

#endif
