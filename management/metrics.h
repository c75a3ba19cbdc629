/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus is told: the table of metrics.def, as one of RabbitMQ's endpoints shows it.  What
 * is told of the broker is counted all along and put at once; what is told of each object is put in
 * pieces, one metric after the other. */
#ifndef MANAGEMENT_METRICS_H
#define MANAGEMENT_METRICS_H

#include "broker/tour.h"
#include "persistence/log.h"

struct host;

enum metrics_view {
	METRICS_ALL,                 /* the broker as a whole, "aggregated" */
	METRICS_EACH,                /* and each object, "per-object" */
	METRICS_CHOSEN,              /* families by name, "detailed" */
	METRICS_MEMORY,              /* "memory-breakdown" */
};

enum { METRICS_VHOSTS_MAX = 64 };   /* that one question may name */

/* Zeroed it has not begun. */
struct metrics {
	struct host *host;
	enum metrics_view view;
	uint64_t families;           /* a bit for each */
	struct slice vhosts[METRICS_VHOSTS_MAX];   /* owned; of others nothing is told ... */
	size_t n_vhosts;             /* ... unless none is named */
	size_t at;                   /* in the table */
	bool touring;                /* of the metric there, some objects were put */
	struct tour tour;
	struct log_stats log;        /* as of the last piece */
};

/* At the first metric. */
void metrics_begin(struct metrics *m, struct host *h, enum metrics_view view);

/* Of METRICS_CHOSEN, which are none at first: one more family; a name that there is not is none.
 * False: so many virtual hosts cannot be named. */
void metrics_choose(struct metrics *m, struct slice family);
bool metrics_choose_vhost(struct metrics *m, struct slice vhost);

/* Appends the next piece; false at the end, which was appended too. */
bool metrics_go_on(struct metrics *m, struct buf *out);

/* Harmless when it was not begun. */
void metrics_end(struct metrics *m);

#endif
