/* SPDX-License-Identifier: Apache-2.0 */
/* How fast messages may be published, by a user (max-publish-rate) and in a virtual host: each has
 * a bucket that fills with so many messages a second and holds those of one second.  What was read
 * already is never refused: the bucket is overdrawn, and who has published is not read before it is
 * half full again, so that the rate holds over time. */
#ifndef BROKER_PACE_H
#define BROKER_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct connection;

/* Zeroed: full. */
struct pace {
	int64_t lacking;             /* thousandths of a message until it is full */
	uint64_t at_ms;              /* as of then */
};

/* One message more is taken, where so many are allowed a second (negative: any number). */
void pace_take(struct pace *p, int64_t per_s, uint64_t now_ms);

/* True when more was taken than it held. */
bool pace_is_overdrawn(const struct pace *p, int64_t per_s);

/* How long it takes until it is half full; 0: it is. */
uint64_t pace_wait_ms(struct pace *p, int64_t per_s, uint64_t now_ms);

/* The connection publishes a message: false when it is too fast with it, or its virtual host is
 * full (quota.h). */
bool pace_allows(struct connection *c);

/* How long it has to wait before it is looked at again; 0: it may go on. */
uint64_t pace_wait_of(struct connection *c);

/* Why it has to, at most 255 bytes: "rate limit for user 'x'", "byte limit for vhost 'v'". */
void pace_reason(const struct connection *c, struct buf *out);

#endif
