/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue goes by: its arguments say some of it, a policy may say some of it, and the operator
 * of the broker something more.  Each of them is read into settings of its own; joined they are
 * those in effect.  Nothing of this is looked up for a message. */
#ifndef QUEUE_SETTINGS_H
#define QUEUE_SETTINGS_H

#include "base/slice.h"

#define SETTINGS_TIME_MAX_MS (INT64_MAX / 4)   /* as good as for ever */

enum { SETTINGS_NAME_MAX = 255 };   /* bytes; a longer one is none */

enum overflow {
	OVERFLOW_UNSAID,             /* in effect the same as the next */
	OVERFLOW_DROP_HEAD,
	OVERFLOW_REJECT_PUBLISH,
	OVERFLOW_REJECT_PUBLISH_DLX,
};

enum retry {
	RETRY_UNSAID,                /* in effect the same as the next */
	RETRY_DISABLED,
	RETRY_ALL,
	RETRY_FAILED,                /* what was rejected, or held by who left */
	RETRY_RETURNED,              /* what came back otherwise */
};

enum strategy {
	STRATEGY_UNSAID,             /* in effect the same as the next */
	STRATEGY_AT_MOST_ONCE,
	STRATEGY_AT_LEAST_ONCE,      /* what nobody takes of the dead stays */
};

struct settings {
	int64_t ttl_ms;              /* message-ttl; -1: none */
	int64_t lease_ms;            /* expires; -1: none */
	int64_t patience_ms;         /* consumer-timeout; 0: for ever; -1: as the broker says */
	int64_t delivery_limit;      /* so many returns are allowed; -1: any */
	int64_t retry_min_ms;        /* delayed-retry-min; -1: nothing is delayed */
	int64_t retry_max_ms;        /* delayed-retry-max; -1: any */
	uint64_t max_length;         /* UINT64_MAX: none */
	uint64_t max_bytes;          /* max-length-bytes; UINT64_MAX: none */
	int64_t max_age_ms;          /* max-age; -1: any */
	enum overflow overflow;
	enum retry retry;            /* delayed-retry-type */
	enum strategy strategy;      /* dead-letter-strategy */
	struct slice dead_exchange;  /* dead-letter-exchange; p == NULL: none */
	struct slice dead_key;       /* dead-letter-routing-key; p == NULL: the message's own */
};

/* An age, as x-max-age has it: a number and Y, M, D, h, m or s (a year has 365 days, a month 30).
 * False when the text is none. */
bool settings_age(struct slice text, int64_t *ms);

/* Those that say nothing. */
extern const struct settings settings_none;

/* What the arguments of a queue say (x-message-ttl ...), or the definition of a policy (message-ttl
 * ...): encoded field tables, which the slices lie in.  What has another type says nothing. */
void settings_of_arguments(struct settings *out, struct slice arguments);
void settings_of_policy(struct settings *out, struct slice definition);

/* Joins a weaker say: of two numbers the smaller counts, of all else what out says, and the
 * weaker's only where out says nothing.  The arguments joined by what policies amount to are in
 * effect. */
void settings_join(struct settings *out, const struct settings *weaker);

/* Whether the arguments of a queue say that it is of that type (x-queue-type). */
bool settings_are_of_type(struct slice arguments, const char *type);

/* Leaves what counts for a stream. */
void settings_of_stream(struct settings *s);

/* Whether they say the same; of names, the same bytes. */
bool settings_equal(const struct settings *a, const struct settings *b);

#endif
