/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection: the protocol header, frames to their channel, timeouts, and the ways
 * to its end.  The methods of class connection are in on_connection.c. */
#define LOGLINE_CATEGORY LOGLINE_CONNECTION

#include "broker/link.h"

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/on.h"
#include "broker/owed.h"
#include "broker/overflow.h"
#include "broker/parking.h"
#include "broker/refuse.h"
#include "broker/report.h"
#include "broker/client_properties.h"
#include "broker/user.h"
#include "queue/queue.h"

enum {
	SILENCE_MS = 3000,
	BATCH_FRAMES = 256,
	KEPT_BYTES_MAX = 1 << 20,    /* beyond that nothing is read until parked channels go on */
	FEW_MESSAGES = 64,
};

static struct slice number_of(const struct connection *c)
{
	return slice_of(&c->number, sizeof c->number);
}

struct connection *connection_numbered(const struct broker *b, uint64_t number)
{
	return map_get(&b->connections_by_number, slice_of(&number, sizeof number));
}

struct connection *connection_new(struct broker *b, const struct peer *peer, void *owner,
                                  uint64_t now_ms)
{
	struct connection *c = mem_zalloc(sizeof *c);
	b->now_ms = now_ms;
	c->broker = b;
	c->owner = owner;
	c->loopback = peer->loopback;
	c->by_tls = peer->by_tls;
	c->name = mem_strdup(peer->name);
	c->number = b->next_number++;
	c->accepted_ms = c->received_ms = now_ms;
	outbox_init(&c->outbox, &b->pool);
	list_init(&c->owed);
	list_init(&c->exclusive_queues);
	list_init(&c->dirty);
	list_init(&c->owing);
	heap_node_init(&c->timer);
	motion_init(&c->motion, MOTION_CONNECTION, c);
	list_push(&b->connections, &c->link);
	map_put(&b->connections_by_number, number_of(c), c);
	b->n_connections++;
	connection_rearm(c);
	log_debug("conn=%llu accepted %s", (unsigned long long)c->number, c->name);
	return c;
}

void connection_introduced(struct connection *c, const struct peer *peer)
{
	must(c->state == CONN_HEADER || c->state >= CONN_CLOSING);
	log_debug("conn=%llu %s: by a proxy, for %s", (unsigned long long)c->number, c->name,
	          peer->name);
	mem_free(c->name);
	c->name = mem_strdup(peer->name);
	c->loopback = peer->loopback;
}

void *connection_owner(const struct connection *c)
{
	return c->owner;
}

struct outbox *connection_outbox(struct connection *c)
{
	return &c->outbox;
}

void connection_touch(struct connection *c)
{
	if (c->state != CONN_LOST && !list_linked(&c->dirty))
		list_push(&c->broker->dirty, &c->dirty);
}

void connection_secured(struct connection *c, struct security **s)
{
	must(c->state == CONN_HEADER || c->state >= CONN_CLOSING);
	mem_free(c->security);
	c->security = *s;
	*s = NULL;
}

const char *connection_name(const struct connection *c)
{
	return c->name;
}

bool connection_wants_header(const struct connection *c)
{
	return c->state == CONN_HEADER;
}

void connection_heard(struct connection *c, uint64_t now_ms)
{
	c->broker->now_ms = c->received_ms = now_ms;
	if (c->first_byte)
		return;
	c->first_byte = true;
	connection_rearm(c);
}

/* AMQP 0-9-1 section 4.2.2.  1-1-0-9 is what clients of the 0-9 days send; anything else is told
 * the version we speak. */
void connection_header(struct connection *c, struct slice eight_bytes, uint64_t now_ms)
{
	static const uint8_t ours[8] = { 'A', 'M', 'Q', 'P', 0, 0, 9, 1 };
	static const uint8_t old[8] = { 'A', 'M', 'Q', 'P', 1, 1, 0, 9 };
	must(c->state == CONN_HEADER && eight_bytes.n == 8);
	c->broker->now_ms = c->received_ms = now_ms;
	c->first_byte = true;
	if (slice_eq(eight_bytes, slice_of(ours, 8)) || slice_eq(eight_bytes, slice_of(old, 8))) {
		log_info("conn=%llu accepting AMQP connection %s", (unsigned long long)c->number, c->name);
		c->state = CONN_START;
		on_connection_begin(c);
		connection_rearm(c);
		return;
	}
	log_debug("conn=%llu %s: not the AMQP 0-9-1 header", (unsigned long long)c->number, c->name);
	buf_append(outbox_buf(&c->outbox), ours, sizeof ours);
	outbox_wrote(&c->outbox);
	connection_finish(c);
}

uint32_t connection_max_payload(const struct connection *c)
{
	return c->state == CONN_RUNNING || c->state == CONN_CLOSING
	           ? c->frame_max : c->broker->options.initial_frame_max;
}

size_t connection_batch_max(const struct connection *c)
{
	return c->state == CONN_RUNNING ? BATCH_FRAMES : 1;
}

static bool is_handshake(const struct connection *c)
{
	return c->state < CONN_RUNNING;
}

/* Strangers are told nothing; who has logged in is none. */
bool connection_is_stranger(const struct connection *c)
{
	return c->state < CONN_OPEN || c->state == CONN_SILENT;
}

/* The one place that decides which close a refusal becomes. */
static void close_for(struct connection *c, uint16_t number, const struct refusal *r,
                      uint32_t method_id)
{
	struct channel *ch = number ? connection_channel(c, number) : NULL;
	if (c->state >= CONN_CLOSING)
		return;
	if (connection_is_stranger(c)) {
		count_refusal(c->broker, r);
		log_info("conn=%llu %s: handshake refused: %.*s", (unsigned long long)c->number, c->name,
		         SLICE_ARG(refusal_text(c->broker, r)));
		connection_refuse_silently(c);
	} else if (r->scope == REFUSAL_CHANNEL && ch) {
		channel_refuse(ch, r, method_id);
	} else {
		connection_refuse(c, r, method_id);
	}
}

static const struct refusal *decode(struct connection *c, const struct frame *f,
                                    struct method *m)
{
	m->id = 0;
	switch (method_decode(f->payload, m)) {
	case METHOD_OK:
		return NULL;
	case METHOD_SHORT:
		return refuse(c->broker, &FRAME_ERROR, "method frame of %zu bytes", f->payload.n);
	case METHOD_UNKNOWN:
		return refuse(c->broker, &NOT_IMPLEMENTED, "unimplemented method");
	case METHOD_BAD_UTF8:
		m->id = 0;
		return refuse(c->broker, &FRAME_ERROR, "Malformed UTF-8 in shortstr");
	case METHOD_MALFORMED:
		break;
	}
	return refuse(c->broker, &FRAME_ERROR, "cannot decode the arguments of %s",
	              method_info(m->id)->name);
}

static void method_frame(struct connection *c, const struct frame *f)
{
	struct channel *ch = f->channel ? connection_channel(c, f->channel) : NULL;
	struct method m;
	const struct refusal *r = decode(c, f, &m);
	if (c->state >= CONN_CLOSING) {
		if (!r && f->channel == 0 &&
		    (m.id == METHOD_connection_close_ok || m.id == METHOD_connection_close))
			connection_method(c, &m);
		return;
	}
	if (ch && channel_ignores(ch, m.id))
		return;
	if (!r && f->channel && is_handshake(c)) {
		r = refuse(c->broker, &UNEXPECTED_FRAME, "type 1 before connection.open");
		m.id = 0;
	} else if (!r) {
		r = f->channel ? channel_method(c, f->channel, &m) : connection_method(c, &m);
		if (r == &UNEXPECTED_FRAME)
			m.id = METHOD_basic_publish;
	}
	if (r)
		close_for(c, f->channel, r, m.id);
}

static void content_frame(struct connection *c, const struct frame *f)
{
	struct channel *ch = f->channel ? connection_channel(c, f->channel) : NULL;
	const struct refusal *r;
	if (c->state != CONN_RUNNING && !is_handshake(c))
		return;
	if (ch && channel_is_closing(ch))
		return;
	if (!ch)
		r = refuse(c->broker, &UNEXPECTED_FRAME,
		           "expected method frame, got non method frame instead");
	else
		r = f->type == FRAME_HEADER ? channel_header(ch, f->payload)
		                            : channel_body(ch, f->payload);
	if (r)
		close_for(c, f->channel, r, ch ? channel_content_method(ch) : 0);
}

static void heartbeat_frame(struct connection *c, const struct frame *f)
{
	const struct refusal *r = NULL;
	if (f->channel)
		r = refuse(c->broker, &UNEXPECTED_FRAME, "type 8, heartbeat on channel %u", f->channel);
	else if (f->payload.n)
		r = refuse(c->broker, &FRAME_ERROR, "heartbeat frame with a payload of %zu bytes",
		           f->payload.n);
	if (r)
		close_for(c, 0, r, 0);
}

static void one_frame(struct connection *c, const struct frame *f)
{
	switch (f->type) {
	case FRAME_METHOD: method_frame(c, f); break;
	case FRAME_HEADER:
	case FRAME_BODY: content_frame(c, f); break;
	case FRAME_HEARTBEAT: heartbeat_frame(c, f); break;
	default: must_not_happen("frame_next lets no other type through");
	}
}

void connection_frame(struct connection *c, const struct frame *f)
{
	struct channel *ch = connection_channel(c, f->channel);
	if (!ch || !ch->parked)
		one_frame(c, f);
	ch = connection_channel(c, f->channel);
	if (ch && ch->parked)
		parking_keep(ch, f);
}

static bool listens(const struct connection *c)
{
	return c->state <= CONN_CLOSING || c->state == CONN_LEFT;
}

/* It has used up its time: what it asked for goes on in the next turn. */
static bool is_spent(const struct connection *c)
{
	return c->n_yielding || parking_is_due(c->broker);
}

size_t connection_frames(struct connection *c, const struct frame *frames, size_t n,
                         uint64_t now_ms)
{
	size_t taken = 0;
	c->broker->now_ms = c->received_ms = now_ms;
	c->broker->events.actor = c->user;
	parking_begin_piece(c->broker);
	for (; taken < n && listens(c) && !is_spent(c); taken++) {
		connection_frame(c, &frames[taken]);
		overflow_run(c->broker);
	}
	c->broker->events.actor = NULL;
	if (!connection_wants_input(c))
		connection_touch(c);
	return listens(c) ? taken : n;
}

static const struct refusal *bad_frame(struct broker *b, enum frame_result result,
                                       const struct frame *f, uint32_t max)
{
	switch (result) {
	case FRAME_BAD_END:
		return refuse(b, &FRAME_ERROR, "type %u, invalid frame end marker", f->type);
	case FRAME_TOO_LARGE:
		return refuse(b, &FRAME_ERROR, "type %u, frame too large: %zu bytes of payload, %u allowed",
		              f->type, f->payload.n, max - (uint32_t)FRAME_OVERHEAD_BYTES);
	case FRAME_BAD_TYPE:
		return refuse(b, &FRAME_ERROR, "unknown frame type %u", f->type);
	default:
		must_not_happen("frame_next found no fault");
	}
}

void connection_bad_frame(struct connection *c, enum frame_result result,
                          const struct frame *frame, uint64_t now_ms)
{
	c->broker->now_ms = c->received_ms = now_ms;
	if (c->state == CONN_CLOSING || c->state == CONN_LEFT)
		connection_finish(c);
	else if (listens(c))
		close_for(c, 0, bad_frame(c->broker, result, frame, connection_max_payload(c)), 0);
}

bool connection_takes_deliveries(const struct connection *c)
{
	return c->state == CONN_RUNNING && !owed_any(c) &&
	       c->outbox.bytes < c->broker->options.outbox_max_bytes;
}

static void wake_channels(struct connection *c)
{
	c->congested = false;
	for (size_t i = 0; i < c->cap_channels; i++)
		if (c->channels[i])
			channel_wake_consumers(c->channels[i]);
}

void connection_relieved(struct connection *c)
{
	if (c->state == CONN_LEAVING && !owed_any(c))
		c->state = CONN_LEFT;
	if (c->congested && connection_takes_deliveries(c) &&
	    c->outbox.bytes <= c->broker->options.outbox_max_bytes / 2)
		wake_channels(c);
}

/* Strangers do not count. */
static void stir(struct connection *c)
{
	if (c->vhost && !list_linked(&c->motion.stirred))
		motion_stir(&c->motion, &c->broker->store.stirred);
}

void connection_received(struct connection *c, size_t n)
{
	c->received_bytes += n;
	c->received_count++;
	c->broker->received_bytes += n;
	if (c->vhost)
		c->vhost->received_bytes += n;
	stir(c);
}

void connection_sent(struct connection *c, size_t n)
{
	c->sent_count++;
	c->broker->sent_bytes += n;
	if (c->vhost)
		c->vhost->sent_bytes += n;
	stir(c);
	outbox_sent(&c->outbox, n);
	connection_relieved(c);
}

/* Back-pressure: a peer that does not read its answers is not read either, and publishers wait
 * when the log has too much to write, and while there is an alarm.  At the end of a connection
 * nothing is published any more: what comes is the answer to the close, or that it hangs up. */
bool connection_wants_input(const struct connection *c)
{
	const struct broker *b = c->broker;
	if (!listens(c))
		return false;
	if (c->outbox.bytes + c->owed_bytes > 2 * b->options.outbox_max_bytes ||
	    c->kept_bytes > KEPT_BYTES_MAX || c->n_yielding)
		return false;
	return c->state >= CONN_CLOSING || (!(b->pressed && c->publishes) && !c->blocked);
}

static bool is_held_up(const struct connection *c)
{
	return c->slow_until_ms || alarms_any(&c->broker->alarms);
}

static void block(struct connection *c)
{
	struct buf reason = { 0 };
	struct method m = { .id = METHOD_connection_blocked };
	if (alarms_any(&c->broker->alarms))
		buf_append_slice(&reason, alarms_reason(&c->broker->alarms));
	else
		pace_reason(c, &reason);
	m.connection_blocked.reason = buf_slice(&reason);
	c->blocked = true;
	if (c->can_blocked)
		connection_send(c, 0, &m);
	buf_free(&reason);
}

/* Lazily, as RabbitMQ does: who does not publish is not troubled. */
void connection_publishes(struct connection *c)
{
	c->publishes = true;
	if (!pace_allows(c) && !c->slow_until_ms) {
		c->slow_until_ms = c->broker->now_ms + pace_wait_of(c);
		connection_rearm(c);
	}
	if (is_held_up(c) && !c->blocked)
		block(c);
}

void connection_unblock(struct connection *c)
{
	struct method m = { .id = METHOD_connection_unblocked };
	if (!c->blocked || is_held_up(c))
		return;
	c->blocked = false;
	if (c->can_blocked)
		connection_send(c, 0, &m);
	connection_touch(c);
}

/* Who publishes little is not made to wait for those who publish much. */
bool connection_yields(struct connection *c)
{
	if (c->broker->undelivered && c->placed > FEW_MESSAGES)
		return true;
	c->placed = 0;
	return false;
}

enum connection_wish connection_wish(const struct connection *c)
{
	switch (c->state) {
	case CONN_DONE: return CONNECTION_WANTS_FLUSH_AND_CLOSE;
	case CONN_DROPPED: return CONNECTION_WANTS_DROP;
	default: return CONNECTION_GOES_ON;
	}
}

void connection_send_when(struct connection *c, uint16_t channel, const struct method *m,
                          log_position wait_for)
{
	if (c->state >= CONN_CLOSING)
		return;
	method_encode(owed_buf(c, wait_for), channel, m);
	owed_wrote(c);
}

void connection_send(struct connection *c, uint16_t channel, const struct method *m)
{
	connection_send_when(c, channel, m, 0);
}

void connection_enter(struct connection *c, struct vhost *v)
{
	c->vhost = v;
	c->state = CONN_RUNNING;
	v->n_connections++;
	c->account->n_connections++;
}

struct connection *connection_inside(struct broker *b, struct user *u, struct vhost *v,
                                     const char *name, uint64_t now_ms)
{
	struct peer nobody = { .name = name, .loopback = true };
	struct connection *c = connection_new(b, &nobody, NULL, now_ms);
	c->account = u;
	c->user = mem_copy(u->name);
	c->frame_max = b->options.frame_max;
	c->channel_max = 1;
	connection_enter(c, v);
	connection_rearm(c);
	report_connection_created(c);
	return c;
}

static void leave_vhost(struct connection *c)
{
	if (!c->vhost)
		return;
	report_connection_closed(c);
	c->vhost->n_connections--;
	c->account->n_connections--;
	c->vhost = NULL;
}

void connection_clean_up(struct connection *c)
{
	for (size_t i = 0; i < c->cap_channels; i++)
		if (c->channels[i])
			channel_end(c->channels[i]);
	mem_free(c->channels);
	c->channels = NULL;
	c->cap_channels = 0;
	for (struct list *l; (l = list_pop(&c->exclusive_queues));)
		on_queue_lapse(c->broker, list_entry(l, struct queue, on_owner));
	leave_vhost(c);
}

void connection_refuse(struct connection *c, const struct refusal *r, uint32_t method_id)
{
	if (c->state >= CONN_CLOSING)
		return;
	struct slice text = refusal_text(c->broker, r);
	count_refusal(c->broker, r);
	log_warning("conn=%llu %s: closing with %u %.*s", (unsigned long long)c->number, c->name,
	            r->code, SLICE_ARG(text));
	struct method m = { .id = METHOD_connection_close,
		                .connection_close = { .reply_code = r->code,
		                                      .reply_text = text,
		                                      .class_id = method_class(method_id),
		                                      .method_id = method_number(method_id) } };
	owed_free(c);
	connection_send(c, 0, &m);
	c->state = CONN_CLOSING;
	c->close_at_ms = c->broker->now_ms + c->broker->options.close_timeout_ms;
	connection_clean_up(c);
	connection_rearm(c);
}

void connection_refuse_silently(struct connection *c)
{
	c->state = CONN_SILENT;
	c->close_at_ms = c->broker->now_ms + SILENCE_MS;
	connection_touch(c);
	connection_rearm(c);
}

void connection_finish(struct connection *c)
{
	c->state = CONN_DONE;
	c->close_at_ms = c->broker->now_ms + c->broker->options.close_timeout_ms;
	owed_free(c);
	connection_touch(c);
	connection_rearm(c);
}

void connection_leave(struct connection *c)
{
	if (c->state != CONN_LEFT)
		c->state = owed_any(c) ? CONN_LEAVING : CONN_LEFT;
	c->close_at_ms = c->broker->now_ms + c->broker->options.close_timeout_ms;
	connection_touch(c);
	connection_rearm(c);
}

static void drop(struct connection *c)
{
	c->state = CONN_DROPPED;
	connection_touch(c);
	connection_rearm(c);
}

void connection_lost(struct connection *c, uint64_t now_ms)
{
	must(c->state != CONN_LOST);
	c->broker->now_ms = now_ms;
	c->broker->events.actor = NULL;
	if (c->state == CONN_RUNNING && c->owner)
		log_warning("conn=%llu %s: client unexpectedly closed TCP connection",
		            (unsigned long long)c->number, c->name);
	c->state = CONN_LOST;
	connection_clean_up(c);
	owed_free(c);
	list_remove(&c->dirty);
	map_remove(&c->broker->connections_by_number, number_of(c));
	walks_leave(&c->broker->walks, &c->link);
	list_remove(&c->link);
	list_push(&c->broker->graveyard, &c->link);
	if (heap_linked(&c->timer))
		heap_remove(&c->broker->timers, &c->timer);
	c->broker->n_connections--;
	c->broker->counters.connections_closed++;
}

void connection_bury(struct connection *c)
{
	must(c->state == CONN_LOST);
	motion_end(&c->motion);
	outbox_free(&c->outbox);
	mem_free(c->name);
	mem_free(c->user);
	client_properties_leave(c->broker, &c->client_properties);
	mem_free(c->security);
	mem_free(c);
}

bool connection_name_address(const char *name, bool own, struct slice *host, uint16_t *port)
{
	struct slice s = slice_str(name);
	const char *arrow = strstr(name, " -> ");
	size_t peer = arrow ? (size_t)(arrow - name) : s.n;
	slice_take(&s, own ? (peer + 4 < s.n ? peer + 4 : s.n) : 0);
	s.n = own ? s.n : peer;
	size_t colon = s.n;
	while (colon > 0 && s.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	*host = slice_of(s.p, colon - 1);
	if (host->n > 1 && host->p[0] == '[')
		*host = slice_of(host->p + 1, host->n - 2);
	*port = 0;
	for (size_t i = colon; i < s.n; i++)
		*port = (uint16_t)(*port * 10 + (s.p[i] - '0'));
	return true;
}

bool connection_address(const struct connection *c, bool own, struct slice *host, uint16_t *port)
{
	return connection_name_address(c->name, own, host, port);
}

struct channel *connection_channel(const struct connection *c, uint16_t number)
{
	return number < c->cap_channels ? c->channels[number] : NULL;
}

/* ---- time ---- */

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A peer is given up after two and a half intervals without a byte: between the two and three
 * that AMQP 0-9-1 section 4.2.7 and its implementations leave room for. */
static uint64_t silent_until(const struct connection *c)
{
	return c->received_ms + c->heartbeat_ms * 5ull / 2;
}

static uint64_t next_timeout(const struct connection *c)
{
	const struct broker_options *o = &c->broker->options;
	uint64_t at = UINT64_MAX;
	if (is_handshake(c))
		at = c->accepted_ms + o->handshake_timeout_ms;
	if (c->state == CONN_HEADER && !c->first_byte)
		at = earliest(at, c->accepted_ms + o->first_byte_timeout_ms);
	if (c->state >= CONN_CLOSING && c->state <= CONN_DONE)
		at = earliest(at, c->close_at_ms);
	if (c->slow_until_ms && c->state == CONN_RUNNING)
		at = earliest(at, c->slow_until_ms);
	if (c->heartbeat_ms && (c->state == CONN_RUNNING || c->state == CONN_OPEN))
		at = earliest(at, earliest(c->beat_at_ms, silent_until(c)));
	return at;
}

void connection_rearm(struct connection *c)
{
	struct heap *timers = &c->broker->timers;
	c->timer_ms = next_timeout(c);
	if (c->timer_ms == UINT64_MAX) {
		if (heap_linked(&c->timer))
			heap_remove(timers, &c->timer);
	} else if (heap_linked(&c->timer)) {
		heap_move(timers, &c->timer);
	} else {
		heap_push(timers, &c->timer);
	}
}

/* Any traffic counts: a heartbeat goes out only when nothing else did for half an interval. */
static void beat(struct connection *c)
{
	if (c->outbox.total == c->beat_total && c->outbox.bytes == 0) {
		frame_write(outbox_buf(&c->outbox), FRAME_HEARTBEAT, 0, slice_of(NULL, 0));
		outbox_wrote(&c->outbox);
		connection_touch(c);
	}
	c->beat_total = c->outbox.total;
	c->beat_at_ms = c->broker->now_ms + c->heartbeat_ms / 2;
}

static void watch_heartbeat(struct connection *c)
{
	uint64_t now = c->broker->now_ms;
	if (now >= silent_until(c) && connection_wants_input(c)) {
		log_warning("conn=%llu %s: missed heartbeats from client, timeout: %us",
		            (unsigned long long)c->number, c->name, c->heartbeat_ms / 1000);
		drop(c);
		return;
	}
	if (now >= silent_until(c))
		c->received_ms = now;   /* we are the ones who do not read */
	if (now >= c->beat_at_ms)
		beat(c);
}

static void watch_pace(struct connection *c)
{
	uint64_t now = c->broker->now_ms;
	if (!c->slow_until_ms || now < c->slow_until_ms)
		return;
	uint64_t wait_ms = pace_wait_of(c);
	c->slow_until_ms = wait_ms ? now + wait_ms : 0;
	connection_unblock(c);
}

void connection_timeout(struct connection *c)
{
	const struct broker_options *o = &c->broker->options;
	uint64_t now = c->broker->now_ms;
	bool late = now >= c->accepted_ms + o->handshake_timeout_ms ||
	            (!c->first_byte && now >= c->accepted_ms + o->first_byte_timeout_ms);
	if (c->state >= CONN_CLOSING) {
		drop(c);
	} else if (is_handshake(c) && late) {
		log_debug("conn=%llu %s: handshake timeout", (unsigned long long)c->number, c->name);
		drop(c);
	} else {
		if (c->heartbeat_ms)
			watch_heartbeat(c);
		watch_pace(c);   /* what was not read until now is no silence */
		if (c->state < CONN_CLOSING)
			connection_rearm(c);
	}
}
