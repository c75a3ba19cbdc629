/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/reply.h"

#include "base/mem.h"
#include "broker/channel.h"
#include "broker/content.h"
#include "broker/names.h"
#include "broker/refuse.h"

#define PSEUDO_QUEUE "amq.rabbitmq.reply-to"

/* Answers wait for a peer that does not read only so long as this many outboxes. */
enum { PATIENCE = 16 };

struct reply {
	struct slice tag, name;      /* owned */
};

bool reply_is_pseudo_queue(struct slice name)
{
	return slice_is(name, PSEUDO_QUEUE);
}

bool reply_is_name(struct slice name)
{
	return slice_starts(name, PSEUDO_QUEUE ".");
}

bool reply_exists(const struct broker *b, struct slice name)
{
	return map_get(&b->replies, name) != NULL;
}

const struct refusal *reply_consume(struct channel *ch, struct slice tag, bool no_ack)
{
	char room[NAMES_MAX];
	if (ch->reply)
		return refuse(ch->broker, &PRECONDITION_FAILED, "reply consumer already set");
	if (!no_ack)
		return refuse(ch->broker, &PRECONDITION_FAILED, "reply consumer cannot acknowledge");
	struct slice name = names_generate(ch->broker, PSEUDO_QUEUE ".", room);
	ch->reply = mem_alloc(sizeof *ch->reply);
	ch->reply->tag = mem_own(tag);
	ch->reply->name = mem_own(name);
	map_put(&ch->broker->replies, ch->reply->name, ch);
	return NULL;
}

struct slice reply_tag(const struct channel *ch)
{
	return ch->reply ? ch->reply->tag : slice_of(NULL, 0);
}

struct slice reply_name(const struct channel *ch)
{
	return ch->reply ? ch->reply->name : slice_of(NULL, 0);
}

void reply_cancel(struct channel *ch)
{
	struct reply *r = ch->reply;
	if (!r)
		return;
	map_remove(&ch->broker->replies, r->name);
	mem_disown(r->tag);
	mem_disown(r->name);
	mem_free(r);
	ch->reply = NULL;
}

static bool has_room(const struct channel *ch)
{
	const struct broker *b = ch->broker;
	return ch->connection->outbox.bytes < PATIENCE * b->options.outbox_max_bytes;
}

void reply_deliver(struct broker *b, struct slice name, struct message *m)
{
	struct channel *ch = map_get(&b->replies, name);
	struct entry e = { .message = m };
	if (ch && !ch->closing && has_room(ch))
		content_deliver(ch, ch->reply->tag, ch->next_tag++, &e);
}
