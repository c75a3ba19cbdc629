/* SPDX-License-Identifier: Apache-2.0 */
/* Catalog entries of exchanges, queues and bindings as bytes: keys name them, values describe
 * them.  Strings are a varint-free u32 length and bytes, all little endian; every value begins
 * with the format's version.  Decoding trusts nothing. */
#ifndef EXCHANGE_ENTRIES_H
#define EXCHANGE_ENTRIES_H

#include "base/buf.h"
#include "base/slice.h"

struct binding;
struct exchange;
struct queue;

/* Keys begin with the number of the virtual host. */
bool entries_vhost(struct slice key, uint32_t *vhost);

void entries_exchange_key(struct buf *out, uint32_t vhost, struct slice name);
void entries_exchange_value(struct buf *out, const struct exchange *x);

struct exchange_entry {
	struct slice name, type, arguments;
	bool durable, auto_delete, internal;
	uint32_t dedup;              /* its number in the log; 0: nothing of it is */
	uint32_t waiting_id;         /* of what is delayed in it; 0: nothing ever is */
};

bool entries_exchange_decode(struct slice key, struct slice value, struct exchange_entry *out);

void entries_queue_key(struct buf *out, uint32_t vhost, struct slice name);
void entries_queue_value(struct buf *out, const struct queue *q);

struct queue_entry {
	struct slice name, arguments;
	bool auto_delete, paused;
	uint32_t id;
	uint32_t retained_id;        /* of what it retains; 0: nothing */
};

bool entries_queue_decode(struct slice key, struct slice value, struct queue_entry *out);

/* A binding is all key; the queue's id is in it, so that the binding of a deleted queue can never
 * come back to life with a new queue of the same name. */
void entries_binding_key(struct buf *out, uint32_t vhost, const struct binding *b);

struct binding_entry {
	struct slice source, destination, key, arguments;
	bool to_queue;
	uint32_t queue_id;
};

bool entries_binding_decode(struct slice key, struct binding_entry *out);

#endif
