/* SPDX-License-Identifier: Apache-2.0 */
/* Who may come in. */
#ifndef BROKER_ACCESS_H
#define BROKER_ACCESS_H

#include "base/slice.h"

struct broker;
struct user;

struct login {
	struct slice user, password;
};

/* Reads the response of a mechanism: PLAIN (RFC 4616: NUL user NUL password; nobody comes in as
 * somebody else, so there is no authzid before it) or AMQPLAIN (a field table without its length,
 * with LOGIN and PASSWORD).  False when it does not parse. */
bool access_parse_plain(struct slice response, struct login *out);
bool access_parse_amqplain(struct slice response, struct login *out);

/* The user, if there is one, the password is right and the user may come from there; else NULL, and
 * *why is what a log line says behind the name.  The time taken does not depend on how much of the
 * password is right, nor on whether there is such a user. */
struct user *access_check(const struct broker *b, const struct login *l, bool loopback,
                          const char **why);

/* The same for a user who has been recognised otherwise. */
struct user *access_check_user(const struct broker *b, struct slice name, bool loopback,
                               const char **why);

#endif
