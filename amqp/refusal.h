/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's fault, as a value.  A function that may refuse returns a pointer to one of the
 * immutable records below, NULL meaning that all went well; the sentence that goes with it is
 * stored by whoever refuses (see broker/refuse.h).  Codes: AMQP 0-9-1 section 1.2. */
#ifndef AMQP_REFUSAL_H
#define AMQP_REFUSAL_H

#include <stdint.h>

enum refusal_scope { REFUSAL_CHANNEL, REFUSAL_CONNECTION };

struct refusal {
	uint16_t code;
	const char *name;          /* "NOT_FOUND": the reply text begins with it */
	enum refusal_scope scope;  /* what has to be closed */
};

#define REPLY(code, name, scope) extern const struct refusal name;
#include "amqp/errors.def"
#undef REPLY

#endif
