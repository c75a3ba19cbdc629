/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection with TLS is secured, and by whom: what the driver found when both sides knew
 * each other, as RabbitMQ words it. */
#ifndef BROKER_SECURITY_H
#define BROKER_SECURITY_H

#include "base/buf.h"

enum security_text {
	SECURITY_USER,               /* the peer's verified certificate as a user name ... */
	SECURITY_SUBJECT,            /* ... whose it is, who says so, ... */
	SECURITY_ISSUER,
	SECURITY_VALIDITY,           /* ... and from when to when */
	SECURITY_PROTOCOL,           /* "tlsv1.3" */
	SECURITY_KEY_EXCHANGE,       /* "ecdhe_rsa"; "any" where suites do not say it, with TLS 1.3 */
	SECURITY_CIPHER,             /* "aes_256_gcm" */
	SECURITY_HASH,               /* by which a record is known to be whole: "aead", "sha256" */
	SECURITY_TEXTS,
};

struct security;

/* Of these texts, which are copied; an empty one is none.  Freed by mem_free. */
struct security *security_new(const struct buf texts[SECURITY_TEXTS]);

/* The text; NULL: there is none, as nothing is said of NULL. */
const char *security_text(const struct security *s, enum security_text t);

#endif
