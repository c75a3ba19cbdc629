/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection owes: frames that may go out only when the log is durable far enough, in the
 * order they were promised.  While something is owed nothing overtakes it: later replies queue
 * up behind, deliveries and confirms of the connection wait. */
#ifndef BROKER_OWED_H
#define BROKER_OWED_H

#include "broker/link.h"

static inline bool owed_any(const struct connection *c)
{
	return !list_empty(&c->owed);
}

/* Where to encode frames that go out after everything owed so far: the outbox itself when nothing
 * is owed and wait_for is durable, else behind the last promise. End with owed_wrote. */
struct buf *owed_buf(struct connection *c, log_position wait_for);
void owed_wrote(struct connection *c);

/* Moves what is durable by now into the outbox. */
void owed_pay(struct connection *c);

/* Forgets everything. */
void owed_free(struct connection *c);

#endif
