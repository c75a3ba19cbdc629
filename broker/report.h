/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of what happens, as events under RabbitMQ's routing keys.  Each of these functions
 * does nothing when nobody listens. */
#ifndef BROKER_REPORT_H
#define BROKER_REPORT_H

#include <stdbool.h>

#include "base/slice.h"
#include "broker/policy.h"

struct binding_spec;
struct broker;
struct channel;
struct connection;
struct consumer;
struct exchange;
struct grant;
struct queue;
struct user;
struct vhost;

/* queue.created, queue.deleted; it is, or still is, in its virtual host. */
void report_queue_created(struct broker *b, const struct queue *q);
void report_queue_deleted(struct broker *b, const struct queue *q);

/* queue.policy.updated, or queue.policy.cleared: other policies count for it now. */
void report_queue_policy(struct broker *b, const struct queue *q);

/* exchange.created, binding.created. */
void report_exchange_created(struct vhost *v, const struct exchange *x);
void report_binding_created(struct vhost *v, const struct binding_spec *spec);

/* exchange.deleted and binding.deleted, of what was noted as gone.  actor: who wanted it; NULL: it
 * went because something else did. */
void report_departures(struct broker *b, const char *actor);

/* connection.created and connection.closed, of one that was opened; channel.created and
 * channel.closed. */
void report_connection_created(struct connection *c);
void report_connection_closed(struct connection *c);
void report_channel_created(struct channel *ch);
void report_channel_closed(struct channel *ch);

/* user.authentication.success and user.authentication.failure. */
void report_login(struct connection *c, struct slice mechanism, struct slice user, bool ok);

/* user.created, user.deleted; user.password.changed, user.password.cleared, user.tags.set. */
void report_user_created(const struct user *u);
void report_user_deleted(const struct user *u);
void report_user_password(const struct user *u, bool cleared);
void report_user_tags(const struct user *u);

/* vhost.limits.set and user.limits.set with the limits, a table; vhost.limits.cleared without. */
void report_vhost_limits(const struct vhost *v, struct slice limits);
void report_user_limits(const struct user *u, struct slice limits);

/* permission.created and permission.deleted, or topic.permission.created ... */
void report_grant_created(const struct grant *g);
void report_grant_deleted(const struct grant *g);

/* consumer.created, consumer.deleted. */
void report_consumer_created(const struct consumer *c);
void report_consumer_deleted(const struct consumer *c);

/* policy.set and policy.cleared; of an operator's policy parameter.set and parameter.cleared. */
void report_policy_set(struct vhost *v, enum policy_kind kind, const struct policy *p);
void report_policy_cleared(struct vhost *v, enum policy_kind kind, struct slice name);

/* parameter.set, parameter.cleared; v NULL: a global one.  value: an encoded array of one. */
void report_parameter_set(struct broker *b, const struct vhost *v, struct slice component,
                          struct slice name, struct slice value);
void report_parameter_cleared(struct broker *b, const struct vhost *v, struct slice component,
                              struct slice name);

/* vhost.created, vhost.deleted. */
void report_vhost_created(struct vhost *v);
void report_vhost_deleted(struct vhost *v);

/* alarm.set, alarm.cleared; source is "memory" or "disk". */
void report_alarm(struct broker *b, const char *source, bool set);

#endif
