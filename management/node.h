/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to say of the node in more than one place. */
#ifndef MANAGEMENT_NODE_H
#define MANAGEMENT_NODE_H

#include <stdbool.h>

#include "base/buf.h"

struct host;

/* The name of the i-th plugin whose work is built in; NULL behind the last. */
const char *node_plugin(size_t i);

/* The i-th of RabbitMQ's feature flags, all of which are enabled; name NULL: behind the last. */
struct node_feature {
	const char *name, *about;
};
struct node_feature node_feature(size_t i);

/* Whether there is one of that name; "all" stands for them all. */
bool node_has_feature(struct slice name);

/* Where lines of the log go. */
const char *node_log_file(const struct host *h);

/* Pairs of the object of JSON that is open: a list of all plugins under that key; the files of log
 * and configuration. */
void node_put_plugins(struct buf *out, const char *key);
void node_put_files(const struct host *h, struct buf *out);

#endif
