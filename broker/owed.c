/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/owed.h"

#include "base/die.h"
#include "base/mem.h"

struct promise {
	struct list link;
	log_position wait_for;
	struct buf frames;
	size_t counted;
};

static struct promise *last_promise(struct connection *c)
{
	return owed_any(c) ? list_entry(c->owed.prev, struct promise, link) : NULL;
}

struct buf *owed_buf(struct connection *c, log_position wait_for)
{
	struct promise *p = last_promise(c);
	if (!p && broker_is_durable(c->broker, wait_for))
		return outbox_buf(&c->outbox);
	if (!p || wait_for > p->wait_for) {
		p = mem_zalloc(sizeof *p);
		p->wait_for = wait_for;
		list_push(&c->owed, &p->link);
		if (!list_linked(&c->owing))
			list_push(&c->broker->owing, &c->owing);
	}
	return &p->frames;
}

void owed_wrote(struct connection *c)
{
	struct promise *p = last_promise(c);
	if (!p) {
		outbox_wrote(&c->outbox);
		connection_touch(c);
		return;
	}
	c->owed_bytes += p->frames.len - p->counted;
	p->counted = p->frames.len;
}

static void release(struct connection *c, struct promise *p)
{
	list_remove(&p->link);
	c->owed_bytes -= p->counted;
	buf_free(&p->frames);
	mem_free(p);
}

void owed_pay(struct connection *c)
{
	while (owed_any(c)) {
		struct promise *p = list_entry(c->owed.next, struct promise, link);
		if (!broker_is_durable(c->broker, p->wait_for))
			return;
		buf_append_slice(outbox_buf(&c->outbox), buf_slice(&p->frames));
		outbox_wrote(&c->outbox);
		release(c, p);
	}
	list_remove(&c->owing);
	connection_touch(c);
	connection_relieved(c);
}

void owed_free(struct connection *c)
{
	while (owed_any(c))
		release(c, list_entry(c->owed.next, struct promise, link));
	list_remove(&c->owing);
}
