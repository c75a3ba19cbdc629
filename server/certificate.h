/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate as the name of a user. */
#ifndef SERVER_CERTIFICATE_H
#define SERVER_CERTIFICATE_H

#include <openssl/x509.h>

struct config;

/* The name that ssl_cert_login_from asks for, in UTF-8: the subject as RabbitMQ writes it (RFC
 * 4514, the last part first, all that is not printable ASCII as \XX), the common names with commas
 * between them, or an alternative name.  NULL when there is none, or when it has a NUL in it, which
 * would cut it short.  The caller frees it with mem_free. */
char *certificate_name(const X509 *cert, const struct config *c);

#endif
