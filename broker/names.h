/* SPDX-License-Identifier: Apache-2.0 */
/* Names of queues and exchanges as they come from clients: cleaned, generated, looked up, and
 * the sentences for those that do not exist. */
#ifndef BROKER_NAMES_H
#define BROKER_NAMES_H

#include "amqp/refusal.h"
#include "base/slice.h"
#include "broker/ledger.h"

struct broker;
struct channel;
struct exchange;
struct queue;
struct vhost;

enum { NAMES_MAX = 256 };

/* The name without CR and LF, which RabbitMQ strips silently; other control bytes are refused.
 * room holds the cleaned copy when one is needed. */
const struct refusal *names_clean(struct broker *b, struct slice name, char room[NAMES_MAX],
                                  struct slice *out);

/* prefix followed by 22 characters (base64url of 16 random bytes). */
struct slice names_generate(struct broker *b, const char *prefix, char room[NAMES_MAX]);

/* 404 with RabbitMQ's sentences. */
const struct refusal *names_no_queue(const struct vhost *v, struct slice name);
const struct refusal *names_no_exchange(const struct vhost *v, struct slice name);

/* The queue that a client's method names, to which the user must have the right; an empty name
 * means the queue declared last on the channel.  Refused: no right (403), no such queue (404),
 * another connection's exclusive queue (405). */
const struct refusal *names_queue(struct channel *ch, struct slice name, enum right right,
                                  struct queue **out);

/* 405 when the queue is exclusive and belongs to another connection. */
const struct refusal *names_check_owner(struct channel *ch, const struct queue *q);

/* 403 when the name, which is clean, is that of the default exchange. */
const struct refusal *names_not_the_default(struct broker *b, struct slice name);

/* The exchange that a client's method names, which must exist, not be the default one, and to which
 * the user must have the right. */
const struct refusal *names_exchange(struct channel *ch, struct slice name, enum right right,
                                     struct exchange **out);

#endif
