/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate says, as RabbitMQ writes it, and as the name of a user. */
#ifndef SERVER_CERTIFICATE_H
#define SERVER_CERTIFICATE_H

#include <openssl/x509.h>

struct buf;
struct config;

/* Puts the name that ssl_cert_login_from asks for into the empty buffer, in UTF-8: the subject, the
 * common names with commas between them, or an alternative name.  Nothing when there is none, or
 * when it has a NUL in it, which would cut it short. */
void certificate_put_user(struct buf *out, const X509 *cert, const struct config *c);

/* Likewise a subject's or issuer's name: RFC 4514, the last part first, all that is not printable
 * ASCII as \XX. */
void certificate_put_name(struct buf *out, const X509_NAME *name);

/* "2026-01-31T00:00:00Z - 2027-01-31T00:00:00Z". */
void certificate_put_validity(struct buf *out, const X509 *cert);

#endif
