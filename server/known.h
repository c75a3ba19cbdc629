/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of rabbitmq.conf that mean something to RabbitMQ and nothing to this broker
 * (ignored.def). */
#ifndef SERVER_KNOWN_H
#define SERVER_KNOWN_H

#include "base/buf.h"

/* True when there is such a key, and the value promises nothing that is not done; false, and why:
 * it does.  False without a word: nobody knows the key. */
bool known_take(struct slice name, struct slice value, struct buf *why);

#endif
