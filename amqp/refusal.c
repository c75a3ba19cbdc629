/* SPDX-License-Identifier: Apache-2.0 */
#include "amqp/refusal.h"

#define REPLY(code, name, scope) \
	const struct refusal name = { code, #name, REFUSAL_##scope };
#include "amqp/errors.def"
#undef REPLY
