/* SPDX-License-Identifier: Apache-2.0 */
/* Grants what is asked of the process as a whole, by management or by a signal: that listeners let
 * nobody in, and that the configuration is read again. */
#ifndef SERVER_STEWARD_H
#define SERVER_STEWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct config;
struct host;
struct livelog;
struct loop;
struct sources;

struct steward {
	struct loop *loop;
	struct host *host;
	struct config *config;       /* in force */
	struct sources *sources;
	const struct livelog *livelog;
	uint64_t recovery_ms;        /* how long the log was read */
};

/* Reads the configuration from where it came from.  All of it is read and checked, certificates
 * too, before anything of it counts; false and a sentence in host->trouble: nothing has changed.
 * What has is said in host->reloaded and in the log. */
bool steward_reload(struct steward *s);

/* The wish of the host, if it has one: see enum host_wish. */
void steward_grant(struct steward *s);

/* The configuration in force, for management, after a start. */
void steward_describe(struct steward *s);

#endif
