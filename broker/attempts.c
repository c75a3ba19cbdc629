/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/attempts.h"

#include "base/buf.h"
#include "base/mem.h"

void attempts_init(struct attempts *a)
{
	*a = (struct attempts){ 0 };
	list_init(&a->latest);
}

static void forget(struct attempts *a, struct attempt_source *s)
{
	list_remove(&s->link);
	map_remove(&a->sources, s->key);
	mem_disown(s->key);
	mem_free(s);
}

void attempts_free(struct attempts *a)
{
	list_each_safe(it, &a->latest)
		forget(a, list_entry(it, struct attempt_source, link));
	map_free(&a->sources);
}

void attempts_reset(struct attempts *a)
{
	memset(a->totals, 0, sizeof a->totals);
	list_each(it, &a->latest)
		list_entry(it, struct attempt_source, link)->count = (struct attempt_count){ 0 };
}

/* What a source is found by: no address has a NUL in it. */
static struct slice key_of(struct buf *room, enum attempt_protocol protocol, struct slice address,
                           struct slice user)
{
	user.n = user.n < ATTEMPTS_NAME_MAX ? user.n : ATTEMPTS_NAME_MAX;
	buf_u8(room, (uint8_t)protocol);
	buf_append_slice(room, address);
	buf_u8(room, '\0');
	buf_append_slice(room, user);
	return buf_slice(room);
}

static struct attempt_source *find(const struct attempts *a, enum attempt_protocol protocol,
                                   struct slice address, struct slice user)
{
	struct buf room = { 0 };
	struct attempt_source *s = map_get(&a->sources, key_of(&room, protocol, address, user));
	buf_free(&room);
	return s;
}

static struct attempt_source *add(struct attempts *a, enum attempt_protocol protocol,
                                  struct slice address, struct slice user)
{
	struct buf room = { 0 };
	struct attempt_source *oldest = list_first(&a->latest, struct attempt_source, link);
	if (oldest && a->sources.count == ATTEMPTS_SOURCES_MAX)
		forget(a, oldest);
	struct attempt_source *s = mem_zalloc(sizeof *s);
	s->key = mem_own(key_of(&room, protocol, address, user));
	s->protocol = protocol;
	s->address = slice_of(s->key.p + 1, address.n);
	s->user = slice_of(s->key.p + address.n + 2, s->key.n - address.n - 2);
	list_push(&a->latest, &s->link);
	map_put(&a->sources, s->key, s);
	buf_free(&room);
	return s;
}

static void count(struct attempt_count *c, bool succeeded)
{
	c->succeeded += succeeded;
	c->failed += !succeeded;
}

void attempts_note(struct attempts *a, enum attempt_protocol protocol, struct slice address,
                   struct slice user, bool succeeded, uint64_t now_ms)
{
	struct attempt_source *s = find(a, protocol, address, user);
	if (!s)
		s = add(a, protocol, address, user);
	list_remove(&s->link);
	list_push(&a->latest, &s->link);
	count(&a->totals[protocol], succeeded);
	count(&s->count, succeeded);
	if (!succeeded)
		s->owed_until_ms =
			(s->owed_until_ms > now_ms ? s->owed_until_ms : now_ms) + ATTEMPTS_COST_MS;
}

uint64_t attempts_wait_ms(const struct attempts *a, enum attempt_protocol protocol,
                          struct slice address, struct slice user, uint64_t now_ms)
{
	const struct attempt_source *s = find(a, protocol, address, user);
	uint64_t free_at_ms = now_ms + ATTEMPTS_CREDIT_MS;
	return s && s->owed_until_ms > free_at_ms ? s->owed_until_ms - free_at_ms : 0;
}

const char *attempts_protocol(enum attempt_protocol protocol)
{
	return protocol == ATTEMPT_AMQP ? "amqp091" : "http";
}
