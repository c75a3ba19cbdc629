/* SPDX-License-Identifier: Apache-2.0 */
/* publish_check says whether a whole message may be published, publish does it: publish_routed
 * finds the queues (topology_route), and place_routed puts the message into those that have room
 * (place), or nowhere says what becomes of it.  In a transaction there is time between the two. */
#include "broker/publish.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "broker/channel.h"
#include "broker/content.h"
#include "broker/dead.h"
#include "broker/firehose.h"
#include "broker/names.h"
#include "broker/once.h"
#include "broker/overflow.h"
#include "broker/refuse.h"
#include "broker/reply.h"
#include "broker/user.h"
#include "queue/delay.h"
#include "queue/place.h"
#include "queue/queue.h"

/* Ten years, the longest time-to-live RabbitMQ takes. */
#define EXPIRATION_MAX_MS 315360000000ull

/* The message knows it then. */
static const struct refusal *check_expiration(struct broker *b, struct slice text,
                                              struct message *m)
{
	uint64_t ms = 0;
	size_t i = 0;
	bool negative = text.n > 1 && text.p[0] == '-';
	for (i = negative; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		ms = ms > EXPIRATION_MAX_MS ? ms : ms * 10 + (text.p[i] - '0');
	if (i == (size_t)negative)
		return refuse(b, &PRECONDITION_FAILED, "invalid expiration '%.*s': no_integer",
		              SLICE_ARG(text));
	if (i < text.n)
		return refuse(b, &PRECONDITION_FAILED,
		              "invalid expiration '%.*s': {leftover_string,\"%.*s\"}", SLICE_ARG(text),
		              (int)(text.n - i), (const char *)text.p + i);
	if (negative && ms)
		return refuse(b, &PRECONDITION_FAILED, "invalid expiration '%.*s': {value_negative,%.*s}",
		              SLICE_ARG(text), SLICE_ARG(text));
	if (ms > EXPIRATION_MAX_MS)
		return refuse(b, &PRECONDITION_FAILED,
		              "invalid expiration '%.*s': {value_too_large,%.*s}", SLICE_ARG(text),
		              SLICE_ARG(text));
	m->known_due = 1 + (int64_t)ms;
	return NULL;
}

bool publish_is_plain(const struct props *p)
{
	return !(p->flags & (PROP_user_id | PROP_expiration | PROP_headers));
}

/* What the broker looks for in a message's headers; of what is not there the letter is 0. */
struct known {
	struct field cc, bcc;
	struct field publisher, sequence;
};

/* Where it goes, if it is one of them.  Most are told apart by their length. */
static struct field *known_field(struct known *k, struct slice key)
{
	static const char publisher[] = "x-publisher-id", sequence[] = "x-publisher-sequence";
	switch (key.n) {
	case 2: return slice_is(key, "CC") ? &k->cc : NULL;
	case 3: return slice_is(key, "BCC") ? &k->bcc : NULL;
	case sizeof publisher - 1: return slice_is(key, publisher) ? &k->publisher : NULL;
	case sizeof sequence - 1: return slice_is(key, sequence) ? &k->sequence : NULL;
	default: return NULL;
	}
}

/* Of equal keys the last counts. */
static void find_known(struct slice headers, struct known *k)
{
	struct table_walk w = table_walk(headers);
	struct slice key;
	struct field f, *to;
	*k = (struct known){ 0 };
	while (table_next(&w, &key, &f))
		if ((to = known_field(k, key)))
			*to = f;
}

static const struct refusal *bad_type(struct broker *b, const char *name, const struct field *f)
{
	return refuse(b, &PRECONDITION_FAILED,
	              "invalid message: {unacceptable_type_in_header,\"%s\",%s}", name,
	              field_type_name(f));
}

/* Further keys come as an array. */
static bool is_bad_keys(const struct field *f)
{
	return f->letter && f->letter != 'A';
}

/* One of the two alone is no number, and means what its publisher likes. */
static const struct refusal *check_sender(struct broker *b, const struct known *k)
{
	if (!k->publisher.letter || !k->sequence.letter)
		return NULL;
	if (k->publisher.letter != 'S')
		return bad_type(b, "x-publisher-id", &k->publisher);
	if (!field_is_integer(&k->sequence))
		return bad_type(b, "x-publisher-sequence", &k->sequence);
	if (k->publisher.bytes.n == 0 || k->publisher.bytes.n > PUBLISHER_ID_MAX)
		return refuse(b, &PRECONDITION_FAILED,
		              "invalid message: x-publisher-id has to have 1 to %d bytes",
		              PUBLISHER_ID_MAX);
	if (k->sequence.integer < 0)
		return refuse(b, &PRECONDITION_FAILED,
		              "invalid message: x-publisher-sequence is negative");
	return NULL;
}

static const struct refusal *check_headers(struct broker *b, struct slice headers)
{
	struct known k;
	if (headers.n == 0)
		return NULL;
	find_known(headers, &k);
	if (is_bad_keys(&k.cc))
		return bad_type(b, "CC", &k.cc);
	if (is_bad_keys(&k.bcc))
		return bad_type(b, "BCC", &k.bcc);
	return check_sender(b, &k);
}

static const struct refusal *check_props(struct channel *ch, struct message *m)
{
	struct broker *b = ch->broker;
	struct slice header = message_header(m), user_id = props_user_id(header),
	             expiration = props_expiration(header);
	if (user_id.p && !slice_is(user_id, ch->connection->user) &&
	    !ch->connection->account->impersonator)
		return refuse(b, &PRECONDITION_FAILED,
		              "user_id property set to '%.*s' but authenticated user was '%s'",
		              SLICE_ARG(user_id), ch->connection->user);
	const struct refusal *r = expiration.p ? check_expiration(b, expiration, m) : NULL;
	return r ? r : check_headers(b, props_headers(header));
}

static const struct refusal *check_more_topics(struct channel *ch, const struct exchange *x,
                                               struct slice headers, const char *name)
{
	struct field f;
	if (!table_find(headers, name, &f) || f.letter != 'A')
		return NULL;
	const struct refusal *r = NULL;
	for (struct table_walk w = table_walk(f.bytes); !r && array_next(&w, &f);)
		if (f.letter == 'S')
			r = rights_check_topic(ch, RIGHT_WRITE, x, f.bytes);
	return r;
}

/* Every key that the message is routed by. */
static const struct refusal *check_topics(struct channel *ch, const struct exchange *x,
                                          const struct message *m, bool plain)
{
	struct slice headers = props_headers(message_header(m));
	const struct refusal *r = rights_check_topic(ch, RIGHT_WRITE, x, message_key(m));
	if (r || plain || headers.n == 0)
		return r;
	r = check_more_topics(ch, x, headers, "CC");
	return r ? r : check_more_topics(ch, x, headers, "BCC");
}

const struct refusal *publish_check(struct channel *ch, struct message *m, bool plain)
{
	struct broker *b = ch->broker;
	struct slice name = message_exchange(m);
	const struct exchange *x = topology_exchange(&ch->vhost->topology, name);
	const struct refusal *r = NULL;
	if (!x || !channel_may(ch, RIGHT_WRITE, x->serial))
		r = rights_check(ch, RIGHT_WRITE, THING_EXCHANGE, name, x ? x->serial : 0);
	if (r)
		return r;
	if (!x)
		return names_no_exchange(ch->vhost, name);
	if (x->internal)
		return refuse(b, &ACCESS_REFUSED,
		              "cannot publish to internal exchange '%.*s' in vhost '%.*s'",
		              SLICE_ARG(name), SLICE_ARG(ch->vhost->name));
	if (!plain)
		r = check_props(ch, m);
	return r || x->type != &exchange_topic ? r : check_topics(ch, x, m, plain);
}

/* A publish: the message on its way. */
struct passage {
	struct channel *ch;
	struct message *m;
	struct route route;
	struct sender sender;
	bool mandatory;
};

/* What routing, time to live and numbers need of the properties; most messages have none of it. */
static void look_at_header(struct passage *p)
{
	struct message *m = p->m;
	struct route *r = &p->route;
	struct known k;
	struct slice header = message_header(m);
	uint16_t flags = (uint16_t)(header.p[PROPS_FLAGS_AT] << 8 | header.p[PROPS_FLAGS_AT + 1]);
	m->expires = flags & PROP_expiration;
	r->headers = props_headers(header);
	if (r->headers.n == 0)
		return;
	find_known(r->headers, &k);
	if (k.cc.letter == 'A')
		r->cc = k.cc.bytes;
	if (k.bcc.letter == 'A')
		r->bcc = k.bcc.bytes;
	if (k.publisher.letter == 'S' && field_is_integer(&k.sequence))
		p->sender = (struct sender){ k.publisher.bytes, (uint64_t)k.sequence.integer };
}

/* The message as its readers may see it: nobody learns who else was written to. */
static struct message *without_bcc(const struct message *m)
{
	struct buf headers = { 0 }, header = { 0 };
	struct props p;
	bool whole = props_decode(message_header(m), &p);
	must(whole);
	struct table_walk w = table_walk(p.headers);
	struct slice key;
	struct field f;
	while (table_next(&w, &key, &f))
		if (!slice_is(key, "BCC"))
			table_put(&headers, key, &f);
	p.headers = buf_slice(&headers);
	props_encode(&header, &p);
	struct message *copy = message_copy(m, message_exchange(m), message_key(m),
	                                    buf_slice(&header));
	buf_free(&headers);
	buf_free(&header);
	return copy;
}

/* Who is to be told why a publish is nacked. */
static bool wants_reason(const struct channel *ch)
{
	return ch->confirm.on && ch->connection->can_nack_reason;
}

/* The queues from the nth on refused it. */
static void bury_refused(struct broker *b, const struct message *m, size_t n)
{
	for (; n < b->routed.n; n++)
		if (b->routed.queues[n]->settings->overflow == OVERFLOW_REJECT_PUBLISH_DLX)
			dead_letter_refused(b, b->routed.queues[n], m);
}

/* What it costs to find the queues and to put a message into them. */
static void spend(struct broker *b, struct topology *t)
{
	enum { QUEUE_EFFORT = 1, LOOKS_EACH = 8 };
	b->effort += QUEUE_EFFORT * b->routed.n + t->found.looked / LOOKS_EACH;
	t->found.looked = 0;
}

/* The number 0 is a question. */
static bool asks(const struct passage *p)
{
	return p->sender.id.n && p->sender.sequence == 0;
}

/* Nobody takes it, or everybody has it. */
static struct published nowhere(const struct passage *p, const struct exchange *x)
{
	const struct route_set *routed = &p->ch->broker->routed;
	bool nacked = x && x->nacks && !routed->repeated;
	if (!routed->repeated)
		count_unroutable(p->ch, p->mandatory);
	if ((p->mandatory && !routed->repeated) || (nacked && wants_reason(p->ch)))
		content_return(p->ch, p->m);
	return (struct published){ routed->wait_for, nacked };
}

/* The publisher asks how far it has come where this message would go, which goes nowhere. */
static struct published tell_progress(const struct passage *p)
{
	struct once_progress o = once_progress(&p->ch->broker->routed, p->sender.id);
	if (p->mandatory)
		content_return_progress(p->ch, p->m, o.highest, o.complete);
	return (struct published){ .wait_for = o.at };
}

static struct published place_routed(const struct passage *p)
{
	struct channel *ch = p->ch;
	struct broker *b = ch->broker;
	struct message *m = p->m;
	size_t refused = overflow_part(b, m, &b->routed, !ch->tx.on), n = b->routed.n - refused;
	if (refused && wants_reason(ch))
		content_refuse(ch, m, b->routed.queues[n], ch->confirm.next_tag);
	if (refused)   /* it is not confirmed, and will come again: exchanges take no key for it */
		claims_clear(&b->routed.claims);
	if (b->routed.keyed)
		once_claim(b, m, &p->sender, &b->routed, n);
	struct placed placed = place(&b->store, m, b->routed.queues, n, &b->routed.claims);
	quota_placed(b->routed.queues, n, m->body_bytes);
	b->undelivered += n;
	ch->connection->placed += n;
	for (size_t i = 0; i < n; i++)
		broker_run_queue(b, b->routed.queues[i]);
	bury_refused(b, m, n);
	if (refused)   /* who took it is not what the nack is about */
		return (struct published){ b->routed.wait_for, true };
	return (struct published){ log_later(placed.wait_for, b->routed.wait_for), false };
}

static struct published publish_routed(struct passage *p)
{
	struct channel *ch = p->ch;
	struct broker *b = ch->broker;
	struct exchange *x = topology_exchange(&ch->vhost->topology, message_exchange(p->m));
	p->route.message = asks(p) ? NULL : p->m;
	route_set_clear(&b->routed);
	if (x)   /* inside a transaction it may have gone since the check */
		topology_route(&ch->vhost->topology, x, &p->route, &b->routed);
	if (x)
		count_routed(b, x);
	spend(b, &ch->vhost->topology);
	if (asks(p) && b->routed.n)
		return tell_progress(p);
	b->routed.keyed |= p->sender.id.n != 0;
	if (b->routed.keyed)
		once_part(b, p->m, &p->sender, &b->routed);
	if (ch->vhost->tracing)
		firehose_publish(ch, p->m, &b->routed);
	return b->routed.n ? place_routed(p) : nowhere(p, x);
}

struct published publish(struct channel *ch, struct message *m, bool mandatory)
{
	struct broker *b = ch->broker;
	struct passage p = { .ch = ch, .m = m, .mandatory = mandatory,
		                 .route = { .key = message_key(m), .header = message_header(m),
		                            .wall_ms = (int64_t)broker_wall_ms(b) } };
	look_at_header(&p);
	count_publish(ch, m);
	m->published_ms = (int64_t)b->now_ms;
	if (p.route.key.n && message_exchange(m).n == 0 && reply_is_name(p.route.key)) {
		reply_deliver(b, p.route.key, m);
		return (struct published){ 0 };
	}
	if (!p.route.bcc.p || delay_of(p.route.headers))   /* who waits is routed once more */
		return publish_routed(&p);
	p.m = without_bcc(m);
	struct published done = publish_routed(&p);
	message_drop(&p.m);
	return done;
}
