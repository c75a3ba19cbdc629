/* SPDX-License-Identifier: Apache-2.0 */
/* Saying no.  A refusal is an immutable record (amqp/refusal.h); the sentence that goes with it
 * waits in the broker until the one place that sends closes picks it up. */
#ifndef BROKER_REFUSE_H
#define BROKER_REFUSE_H

#include "amqp/refusal.h"
#include "base/buf.h"
#include "base/slice.h"

struct broker;

/* Stores the sentence and returns r, so that a handler can say `return refuse(b, &NOT_FOUND, ...)`.
 * The reply text sent is "NAME - sentence", cut to 255 bytes, the last three of which are
 * dots then. */
const struct refusal *refuse(struct broker *b, const struct refusal *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Cuts it so, too. */
void refusal_fit(struct buf *text);

/* The reply text of a refusal just made; valid until the next one. */
struct slice refusal_text(struct broker *b, const struct refusal *r);

#endif
