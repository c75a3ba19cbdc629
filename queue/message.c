/* SPDX-License-Identifier: Apache-2.0 */
/* A small message is one allocation: names, header and body lie behind the struct.  A larger one
 * grows chunk by chunk as its frames arrive, never by what the peer announced, so that a header
 * frame alone cannot make us reserve more than MESSAGE_INLINE_BYTES. */
#include "queue/message.h"

#include "amqp/props.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"
#include "queue/delay.h"

struct message *message_new(struct slice exchange, struct slice key, struct slice header,
                            uint64_t body_bytes, bool persistent)
{
	must(exchange.n <= 255 && key.n <= 255 && header.n <= UINT32_MAX);
	uint32_t inline_cap = body_bytes <= MESSAGE_INLINE_BYTES ? (uint32_t)body_bytes : 0;
	struct message *m =
		slab_alloc(sizeof *m + exchange.n + key.n + header.n + inline_cap);
	*m = (struct message){
		.refs = 1,
		.persistent = persistent,
		.exchange_len = (uint8_t)exchange.n,
		.key_len = (uint8_t)key.n,
		.header_len = (uint32_t)header.n,
		.inline_cap = inline_cap,
		.body_bytes = body_bytes,
	};
	uint8_t *p = m->bytes;
	memcpy(p, exchange.p ? exchange.p : p, exchange.n);
	memcpy(p + exchange.n, key.p ? key.p : p, key.n);
	memcpy(p + exchange.n + key.n, header.p, header.n);
	return m;
}

/* A chunk for at least one of the `want` bytes at hand; as large as what came before, so that a
 * body in many small frames ends up in few chunks. */
static struct chunk *chunk_add(struct message *m, size_t want)
{
	uint64_t missing = m->body_bytes - m->body_have + want;
	uint64_t before = m->body_have - want;
	uint64_t cap = want > before ? want : before;
	cap = cap < missing ? cap : missing;
	cap = cap < MESSAGE_CHUNK_BYTES ? cap : MESSAGE_CHUNK_BYTES;
	struct chunk *c = mem_alloc(sizeof *c + cap);
	*c = (struct chunk){ .cap = (uint32_t)cap };
	if (m->last)
		m->last->next = c;
	else
		m->first = c;
	return m->last = c;
}

void message_add_body(struct message *m, struct slice bytes)
{
	must(bytes.n <= m->body_bytes - m->body_have);
	m->body_have += bytes.n;
	if (m->inline_cap) {
		uint8_t *body = m->bytes + m->exchange_len + m->key_len + m->header_len;
		memcpy(body + m->inline_len, bytes.p, bytes.n);
		m->inline_len += (uint32_t)bytes.n;
		return;
	}
	while (bytes.n) {
		struct chunk *c = m->last;
		if (!c || c->len == c->cap)
			c = chunk_add(m, bytes.n);
		size_t n = c->cap - c->len < bytes.n ? c->cap - c->len : bytes.n;
		struct slice head = slice_take(&bytes, n);
		memcpy(c->bytes + c->len, head.p, n);
		c->len += (uint32_t)n;
	}
}

/* Without chunks. */
static size_t own_bytes(const struct message *m)
{
	return sizeof *m + m->exchange_len + m->key_len + m->header_len + m->inline_cap;
}

void message_drop(struct message **pm)
{
	struct message *m = *pm;
	*pm = NULL;
	must(m->refs > 0);
	if (--m->refs)
		return;
	if (m->meter)
		*m->meter -= message_footprint(m);
	for (struct chunk *c = m->first, *next; c; c = next) {
		next = c->next;
		mem_free(c);
	}
	slab_free(m, own_bytes(m));
}

bool message_next_stretch(const struct message *m, struct message_walk *w, struct slice *out)
{
	if (!w->begun) {
		w->begun = true;
		w->next = m->first;
		if (m->inline_len) {
			struct slice header = message_header(m);
			*out = slice_of(header.p + header.n, m->inline_len);
			return true;
		}
	}
	if (!w->next)
		return false;
	*out = slice_of(w->next->bytes, w->next->len);
	w->next = w->next->next;
	return true;
}

/* Whoever set expires has checked that these are digits. */
int64_t message_expiration_ms(const struct message *m)
{
	struct slice text = props_expiration(message_header(m));
	int64_t ms = 0;
	for (size_t i = 0; i < text.n && ms < INT64_MAX / 100; i++)
		ms = ms * 10 + (text.p[i] - '0');
	return ms;
}

int64_t message_look_when_due(struct message *m)
{
	return m->known_due = 1 + (m->delayed ? delay_of(props_headers(message_header(m)))
	                                      : message_expiration_ms(m));
}

void message_count(struct message *m, uint64_t *meter)
{
	if (m->meter)
		return;
	m->meter = meter;
	*meter += message_footprint(m);
}

size_t message_footprint(const struct message *m)
{
	size_t n = own_bytes(m);
	for (const struct chunk *c = m->first; c; c = c->next)
		n += sizeof *c + c->cap;
	return n;
}

struct message *message_copy(const struct message *m, struct slice exchange, struct slice key,
                             struct slice header)
{
	struct message *copy = message_new(exchange, key, header, m->body_bytes, m->persistent);
	struct message_walk w = { 0 };
	struct slice stretch;
	copy->expires = m->expires;
	copy->priority = m->priority;
	copy->published_ms = m->published_ms;
	while (message_next_stretch(m, &w, &stretch))
		message_add_body(copy, stretch);
	return copy;
}
