/* SPDX-License-Identifier: Apache-2.0 */
/* Policies at work: set and cleared, kept in the catalog, and carried to every queue and exchange
 * of their virtual host, a bounded number in a turn.  Here alone settings in effect change. */
#ifndef BROKER_POLICING_H
#define BROKER_POLICING_H

#include "base/walk.h"
#include "broker/policy.h"
#include "persistence/log.h"

struct broker;
struct exchange;
struct queue;
struct vhost;

/* What a change has not reached yet. */
struct policing {
	struct list link;            /* on the broker's list of those under way */
	struct walk exchanges, queues;
};

void policing_init(struct vhost *v);

/* The virtual host goes, and its policies from the catalog with it.  What is still in it goes on by
 * them until policing_free. */
void policing_stop(struct vhost *v);
void policing_free(struct vhost *v);

/* One that was just made goes by the policies from here on. */
void policing_queue(struct vhost *v, struct queue *q);
void policing_exchange(struct vhost *v, struct exchange *x);

/* Sets a policy, in place of one of the same name; false when it is none: why says in RabbitMQ's
 * words what is wrong.  *wait_for: when it is durable. */
bool policing_set(struct vhost *v, enum policy_kind kind, const struct policy_spec *spec,
                  log_position *wait_for, struct buf *why);

/* False when there is none of that name. */
bool policing_clear(struct vhost *v, enum policy_kind kind, struct slice name,
                    log_position *wait_for);

/* The parameter that says whether policies are merged key by key: of this component and name, and
 * true.  It has changed. */
#define POLICING_COMPONENT "leveret"
#define POLICING_MERGE "merge-policies"
void policing_review(struct vhost *v);

/* True when what was changed is in effect everywhere. */
bool policing_is_done(const struct vhost *v);

/* Carries changes on. */
void policing_turn(struct broker *b);

/* Recovery: takes in the policies of the catalog, and every queue and exchange goes by them.  Those
 * that make no sense, or whose virtual host is gone, are removed. */
void policing_recover(struct broker *b);

#endif
