/* SPDX-License-Identifier: Apache-2.0 */
/* Runtime parameters: values (as JSON has them) under the name of a component and a name of their
 * own, of a virtual host; and global ones, under a name alone.  Policies are none here, though
 * RabbitMQ keeps them as such. */
#ifndef BROKER_PARAMETERS_H
#define BROKER_PARAMETERS_H

#include "base/list.h"
#include "base/slice.h"
#include "persistence/log.h"

struct broker;
struct catalog;
struct vhost;

enum {
	PARAMETERS_MAX = 1000,       /* of a virtual host, or global ones */
	PARAMETER_NAME_MAX = 255,    /* bytes, of a component too */
};

struct parameter {
	struct list link;
	struct slice component, name, value;   /* owned; value: an encoded array of one */
};

struct parameters {
	struct catalog *catalog;
	uint32_t vhost;              /* its number; 0: global ones */
	struct list all;             /* in order of component and name */
	struct list walks;           /* under way over them */
	size_t count;
};

void parameters_init(struct parameters *p, struct catalog *c, uint32_t vhost);
void parameters_free(struct parameters *p);

/* NULL when there is none. */
struct parameter *parameters_find(const struct parameters *p, struct slice component,
                                  struct slice name);

/* Sets one, in place of one that is there.  False when a name is too long or there are too many. */
bool parameters_set(struct parameters *p, struct slice component, struct slice name,
                    struct slice value, log_position *wait_for);

/* False when there is none. */
bool parameters_clear(struct parameters *p, struct slice component, struct slice name,
                      log_position *wait_for);

/* All go from the catalog. */
void parameters_forget(struct parameters *p);

/* Recovery: takes in those of the catalog; those that make no sense, or whose virtual host is gone,
 * are removed. */
void parameters_recover(struct broker *b);

#endif
