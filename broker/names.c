/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/names.h"

#include "broker/channel.h"
#include "broker/refuse.h"
#include "queue/queue.h"

const struct refusal *names_clean(struct broker *b, struct slice name, char room[NAMES_MAX],
                                  struct slice *out)
{
	size_t n = 0;
	*out = name;
	if (name.n >= NAMES_MAX)     /* not by AMQP, where it is a short string */
		return refuse(b, &PRECONDITION_FAILED, "a name has more than 255 bytes");
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		if (c == '\r' || c == '\n')
			continue;
		if (byte_is_control(c))
			return refuse(b, &PRECONDITION_FAILED,
			              "name contains the control character 0x%02x", c);
		room[n++] = (char)c;
	}
	if (n != name.n)
		*out = slice_of(room, n);
	return NULL;
}

struct slice names_generate(struct broker *b, const char *prefix, char room[NAMES_MAX])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t random[16];
	size_t n = strlen(prefix);
	memcpy(room, prefix, n);
	b->options.entropy(random, sizeof random);
	for (size_t bit = 0; bit < 8 * sizeof random; bit += 6) {
		unsigned pair = random[bit / 8] << 8 | (bit / 8 + 1 < 16 ? random[bit / 8 + 1] : 0);
		room[n++] = digits[pair >> (10 - bit % 8) & 63];
	}
	return slice_of(room, n);
}

const struct refusal *names_no_queue(const struct vhost *v, struct slice name)
{
	return refuse(v->broker, &NOT_FOUND, "no queue '%.*s' in vhost '%.*s'", SLICE_ARG(name),
	              SLICE_ARG(v->name));
}

const struct refusal *names_no_exchange(const struct vhost *v, struct slice name)
{
	return refuse(v->broker, &NOT_FOUND, "no exchange '%.*s' in vhost '%.*s'", SLICE_ARG(name),
	              SLICE_ARG(v->name));
}

const struct refusal *names_check_owner(struct channel *ch, const struct queue *q)
{
	if (!q->exclusive || q->owner == ch->connection->number)
		return NULL;
	return refuse(ch->broker, &RESOURCE_LOCKED,
	              "cannot obtain exclusive access to locked queue '%.*s' in vhost '%.*s'. It could "
	              "be originally declared on another connection or the exclusive property value "
	              "does not match that of the original declaration.",
	              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
}

const struct refusal *names_queue(struct channel *ch, struct slice name, enum right right,
                                  struct queue **out)
{
	struct broker *b = ch->broker;
	char room[NAMES_MAX];
	const struct refusal *r = names_clean(b, name, room, &name);
	if (r)
		return r;
	if (name.n == 0 && ch->last_queue.len == 0)
		return refuse(b, &NOT_FOUND, "no previously declared queue");
	if (name.n == 0)
		name = buf_slice(&ch->last_queue);
	*out = topology_queue(&ch->vhost->topology, name);
	r = rights_check(ch, right, THING_QUEUE, name, *out ? (*out)->serial : 0);
	if (r)
		return r;
	return *out ? names_check_owner(ch, *out) : names_no_queue(ch->vhost, name);
}

const struct refusal *names_not_the_default(struct broker *b, struct slice name)
{
	if (name.n)
		return NULL;
	return refuse(b, &ACCESS_REFUSED, "operation not permitted on the default exchange");
}

const struct refusal *names_exchange(struct channel *ch, struct slice name, enum right right,
                                     struct exchange **out)
{
	struct broker *b = ch->broker;
	char room[NAMES_MAX];
	const struct refusal *r = names_clean(b, name, room, &name);
	if (!r)
		r = names_not_the_default(b, name);
	if (r)
		return r;
	*out = topology_exchange(&ch->vhost->topology, name);
	r = rights_check(ch, right, THING_EXCHANGE, name, *out ? (*out)->serial : 0);
	if (r)
		return r;
	return *out ? NULL : names_no_exchange(ch->vhost, name);
}
