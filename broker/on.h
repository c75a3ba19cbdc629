/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers: one function per method that a client may send, one file per AMQP class.  Each
 * does what the method says and answers NULL, or refuses. */
#ifndef BROKER_ON_H
#define BROKER_ON_H

#include "amqp/method.h"
#include "amqp/refusal.h"
#include "persistence/log.h"

struct binding_spec;
struct broker;
struct channel;
struct connection;
struct queue;

/* on_connection.c: sends connection.start. */
void on_connection_begin(struct connection *c);

/* on_queue.c: takes a queue out for whatever reason; its consumers are told (basic.cancel).
 * Returns the position to wait for or 0. */
log_position on_queue_remove(struct broker *b, struct queue *q);

/* As on_queue_remove, where nobody asks for it: its consumers or its connection are gone. */
void on_queue_lapse(struct broker *b, struct queue *q);

/* Binds as a client's method says, to a queue or an exchange (topology_bind). */
const struct refusal *on_bind(struct channel *ch, const struct binding_spec *spec,
                              log_position *wait_for);

#define HANDLER(name) \
	const struct refusal *on_##name(struct channel *ch, const struct name *m)

HANDLER(channel_flow);
HANDLER(channel_flow_ok);
HANDLER(access_request);
HANDLER(exchange_declare);
HANDLER(exchange_delete);
HANDLER(exchange_bind);
HANDLER(exchange_unbind);
HANDLER(queue_declare);
HANDLER(queue_bind);
HANDLER(queue_unbind);
HANDLER(queue_purge);
HANDLER(queue_delete);
HANDLER(basic_qos);
HANDLER(basic_consume);
HANDLER(basic_cancel);
HANDLER(basic_cancel_ok);
HANDLER(basic_publish);
HANDLER(basic_get);
HANDLER(basic_ack);
HANDLER(basic_reject);
HANDLER(basic_nack);
HANDLER(basic_recover);
HANDLER(basic_recover_async);
HANDLER(confirm_select);
HANDLER(tx_select);
HANDLER(tx_commit);
HANDLER(tx_rollback);

#endif
