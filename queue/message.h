/* SPDX-License-Identifier: Apache-2.0 */
/* A message: where it was published, its content header exactly as it came, and its body as a
 * chain of chunks that is never assembled.  The only thing in the house that is counted by
 * references: one for each holder.  It does not know which queues hold it. */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

#include "base/slice.h"
#include "persistence/log.h"

struct chunk {
	struct chunk *next;
	uint32_t len, cap;
	uint8_t bytes[];
};

struct message {
	uint32_t refs;
	bool persistent;            /* delivery mode 2 */
	bool expires;               /* has the property expiration */
	bool spilled;               /* its record is one that recovery ignores */
	bool delayed;               /* waits in an exchange for what its header x-delay says */
	bool died;                  /* was dead-lettered: its headers x-death are the broker's own */
	uint8_t priority;           /* the property, 0 without it */
	uint8_t exchange_len, key_len;
	uint32_t header_len;
	uint32_t inline_len, inline_cap;   /* body bytes kept right behind the header */
	uint64_t body_bytes;        /* as announced */
	uint64_t body_have;         /* as received so far */
	int64_t published_ms;       /* when it was placed, on the broker's clock */
	int64_t known_due;          /* what message_due says, and one; 0: it has to look */
	log_position position;      /* of its first record in the log; 0: not logged */
	uint64_t *meter;            /* its footprint is counted there while it lives, NULL: nowhere */
	struct chunk *first, *last; /* body bytes behind the inline ones */
	uint8_t bytes[];            /* exchange, key, header payload, inline body */
};

enum {
	MESSAGE_INLINE_BYTES = 4096,      /* bodies up to this lie behind the header */
	MESSAGE_CHUNK_BYTES = 256 << 10,  /* larger pieces are split into chunks of this */
};

/* A message with one reference and no body yet. header is the payload of the content header
 * frame; exchange and key are at most 255 bytes. All are copied. */
struct message *message_new(struct slice exchange, struct slice key, struct slice header,
                            uint64_t body_bytes, bool persistent);

/* Appends received body bytes; together never more than body_bytes. */
void message_add_body(struct message *m, struct slice bytes);

static inline bool message_is_whole(const struct message *m)
{
	return m->body_have == m->body_bytes;
}

static inline struct message *message_ref(struct message *m)
{
	m->refs++;
	return m;
}

/* Gives one reference back and nulls the giver's pointer. */
void message_drop(struct message **m);

static inline struct slice message_exchange(const struct message *m)
{
	return slice_of(m->bytes, m->exchange_len);
}

static inline struct slice message_key(const struct message *m)
{
	return slice_of(m->bytes + m->exchange_len, m->key_len);
}

static inline struct slice message_header(const struct message *m)
{
	return slice_of(m->bytes + m->exchange_len + m->key_len, m->header_len);
}

struct message_walk {
	bool begun;
	const struct chunk *next;
};

/* Walks the stretches of the body in order; start with a zeroed walk, false at the end. */
bool message_next_stretch(const struct message *m, struct message_walk *w, struct slice *out);

/* Another message with the same body, persistence and times, one reference. */
struct message *message_copy(const struct message *m, struct slice exchange, struct slice key,
                             struct slice header);

/* The property expiration in milliseconds, for a message that expires. */
int64_t message_expiration_ms(const struct message *m);

/* For message_due: sets known_due and returns it. */
int64_t message_look_when_due(struct message *m);

/* How long after it was placed the message has to leave the queue it is in: by x-delay when it is
 * delayed, else by its own expiration. False when it may stay. */
static inline bool message_due(struct message *m, int64_t *after_ms)
{
	if (!m->delayed && !m->expires)
		return false;
	*after_ms = (m->known_due ? m->known_due : message_look_when_due(m)) - 1;
	return true;
}

/* Counts the footprint of a whole message, once, until it goes. */
void message_count(struct message *m, uint64_t *meter);

/* Bytes of memory it occupies. */
size_t message_footprint(const struct message *m);

#endif
