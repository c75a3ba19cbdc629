/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine behind persistence/log.h has to do, as cases that know nothing but that header,
 * and what the cases need of whoever drives an engine: opening it, giving it time, taking its
 * power away. */
#ifndef CONTRACT_CONTRACT_H
#define CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "persistence/log.h"

struct rig;

/* A case that an engine is not asked, and why. */
struct exempt {
	const char *name, *reason;
};

struct rig_ops {
	const char *name;
	unsigned rounds;             /* of cases in which chance has a part */
	const struct exempt *exempt; /* ends with a name of NULL */
	/* An empty place for one log; chance is seeded with the round. */
	struct rig *(*make)(unsigned round);
	void (*destroy)(struct rig *r);
	/* Opens the log that is there. 0 and *out, or -errno and why. */
	int (*open)(struct rig *r, struct log **out, struct buf *why);
	/* Lets the engine work until it has nothing to do, or for some milliseconds. */
	void (*work)(struct rig *r, struct log *l);
	/* The process is gone, and what nobody waited for with it; frees the log. */
	void (*cut)(struct rig *r, struct log *l);
	/* Hands over what was appended; as cut, while that is written. */
	void (*tear)(struct rig *r, struct log *l, uint64_t now_ms);
	/* The next write fails for good. */
	void (*fail)(struct rig *r, struct log *l);
	/* Somebody else writes where the log lies. */
	void (*intrude)(struct rig *r);
};

extern const struct rig_ops rig_directory, rig_simulated, rig_kafka;

/* Runs every case; says what passed, what failed and what was not asked. The number that failed. */
unsigned contract_run(const struct rig_ops *ops);

#endif
