/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: a body of up to INLINE_BODY bytes stands inside its PUBLISH record; a longer one goes
 * before it as a run of CHUNK records, so that no record is large. */
#include "queue/store.h"

#include "amqp/props.h"
#include "base/die.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/offsets.h"
#include "queue/peek.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/shelf.h"

enum {
	INLINE_BODY = 256 << 10,
	MAX_PARTS = 64,
};

void store_init(struct store *s, struct log *log, uint64_t memory_budget)
{
	*s = (struct store){ .log = log, .next_queue_id = 1, .memory_budget = memory_budget };
	catalog_init(&s->catalog, log);
	list_init(&s->acked);
	list_init(&s->deep);
	list_init(&s->fetching);
	fetch_init(s);
	list_init(&s->woken);
	list_init(&s->recalled);
	list_init(&s->long_trails);
	list_init(&s->shelved);
	list_init(&s->shelf_loads);
	list_init(&s->buried);
	list_init(&s->keys_on_log);
	list_init(&s->sweeping);
	list_init(&s->all_publishers);
	list_init(&s->publishers_on_log);
	list_init(&s->publisher_walks);
	list_init(&s->looks.all);
	list_init(&s->stirred);
	list_init(&s->unseen);
	list_init(&s->unsurveyed);
	list_init(&s->moved_offsets);
	list_init(&s->leaves);
	list_init(&s->peeks);
}

void store_free(struct store *s)
{
	must(list_empty(&s->acked) && list_empty(&s->deep) && list_empty(&s->woken));
	must(s->looks.n == 0 && s->publishers.count == 0);
	fetch_end(s);
	readers_end(s);
	peeks_end(s);
	shelf_end(s);
	catalog_free(&s->catalog);
	reclaim_free(s);
	relocation_free(s);
	replay_free(s);
	map_free(&s->queues);
	map_free(&s->publishers);
	buf_free(&s->scratch);
}

static void begin_writing(struct store *s)
{
	if (s->tx != TX_EMPTY)
		return;
	log_append(s->log, RECORD_BEGIN, false, NULL, 0);
	s->tx = TX_WRITTEN;
}

static log_position append(struct store *s, enum record_type type, bool urgent,
                           const struct slice *parts, size_t n)
{
	begin_writing(s);
	return log_append(s->log, type, urgent, parts, n);
}

/* Nobody waits for what only makes room. */
static bool is_urgent(enum record_type type)
{
	return type != RECORD_SPILL && type != RECORD_RELOCATE;
}

/* Appends the body as CHUNK records; *first is where the run begins. */
static uint32_t append_chunks(struct store *s, const struct message *m, bool urgent,
                              log_position *first)
{
	uint32_t n = 0;
	struct message_walk w = { 0 };
	struct slice stretch;
	while (message_next_stretch(m, &w, &stretch)) {
		log_position at = append(s, RECORD_CHUNK, urgent, &stretch, 1);
		if (n++ == 0)
			*first = at;
	}
	return n;
}

static log_position append_message(struct store *s, enum record_type type,
                                   const struct message *m, const struct record_target *from,
                                   struct record_publish *r, const struct store_under *under)
{
	struct slice parts[MAX_PARTS];
	size_t n = 1;
	bool keyed = under && under->keys.n;
	buf_clear(&s->scratch);
	if (keyed)
		record_once_encode(&s->scratch, under->keys, (uint8_t)type);
	if (type == RECORD_MOVE)
		record_move_encode(&s->scratch, from, r);
	else
		record_publish_encode(&s->scratch, r);
	parts[0] = buf_slice(&s->scratch);
	struct message_walk w = { 0 };
	while (r->chunks == 0 && message_next_stretch(m, &w, &parts[n]))
		must(++n < MAX_PARTS);
	return append(s, keyed ? RECORD_ONCE : type, is_urgent(type), parts, n);
}

/* Body and record; m->position becomes that of the first of them. Returns that of the last. */
static log_position write_message(struct store *s, enum record_type type, struct message *m,
                                  const struct record_target *from,
                                  const struct record_target *targets, size_t n,
                                  const struct store_under *under)
{
	log_position first = 0;
	struct record_publish r = {
		.targets = targets,
		.n_targets = n,
		.expires = m->expires,
		.died = type != RECORD_MOVE && m->died,
		.delayed = m->delayed,
		.wall_ms = (uint64_t)(m->published_ms - s->clock_offset_ms),
		.exchange = message_exchange(m),
		.key = message_key(m),
		.header = message_header(m),
		.body_bytes = m->body_bytes,
	};
	int64_t after_ms;
	r.timed = message_due(m, &after_ms);
	if (r.timed)
		r.due_ms = (uint64_t)after_ms;
	if (m->body_bytes > INLINE_BODY)
		r.chunks = append_chunks(s, m, is_urgent(type), &first);
	if (under)
		r.publisher = under->sender.id, r.sequence = under->sender.sequence;
	log_position at = append_message(s, type, m, from, &r, under);
	m->position = first ? first : at;
	return at;
}

log_position store_publish(struct store *s, struct message *m, const struct record_target *from,
                           const struct record_target *targets, size_t n,
                           const struct store_under *under)
{
	if (!s->log)
		return 0;
	log_position at = write_message(s, from ? RECORD_MOVE : RECORD_PUBLISH, m, from, targets, n,
	                                under);
	log_retain(s->log, m->position, n, n * m->body_bytes);
	return at;
}

void store_define(struct store *s, uint8_t kind, struct slice key, struct slice value,
                  bool urgent)
{
	if (s->log)
		begin_writing(s);
	catalog_set(&s->catalog, kind, key, value, urgent);
}

log_position store_keys(struct store *s, struct slice packed_keys)
{
	return append(s, RECORD_DEDUP, true, &packed_keys, 1);
}

log_position store_publisher(struct store *s, const struct record_publisher *r)
{
	buf_clear(&s->scratch);
	record_publisher_encode(&s->scratch, r);
	struct slice part = buf_slice(&s->scratch);
	return append(s, RECORD_PUBLISHER, true, &part, 1);
}

void store_copy(struct store *s, struct message *m, const struct record_target *targets, size_t n)
{
	write_message(s, RECORD_RELOCATE, m, NULL, targets, n, NULL);
}

void store_spill(struct store *s, struct message *m)
{
	struct record_target nobody = { 0, m->died };
	must(!m->position);
	write_message(s, RECORD_SPILL, m, NULL, &nobody, 1, NULL);
	m->spilled = true;
}

struct message *store_message(const struct store *s, log_position at, uint8_t type,
                              struct slice record, struct slice chunks)
{
	struct record_publish p;
	struct record_target from;
	struct props props;
	struct slice keys;
	if (!record_unwrap(&type, &record, &keys) ||
	    !record_message_decode(type, record, &from, &p) || !props_decode(p.header, &props))
		return NULL;
	struct slice body = p.chunks ? chunks : p.body;
	if (body.n != p.body_bytes)
		return NULL;
	struct message *m = message_new(p.exchange, p.key, p.header, p.body_bytes,
	                                props.delivery_mode == 2);
	message_add_body(m, body);
	m->position = at;
	m->spilled = type == RECORD_SPILL;
	m->died = type == RECORD_MOVE || p.died ||
	          (m->spilled && record_target_next(&p.packed_targets, &from) && from.seq);
	m->expires = p.expires;
	m->delayed = p.delayed;
	m->priority = props.flags & PROP_priority ? props.priority : 0;
	m->published_ms = (int64_t)p.wall_ms + s->clock_offset_ms;
	return m;
}

static log_position write_acks(struct store *s, struct queue *q, bool urgent)
{
	struct live *live = q->live;
	buf_clear(&s->scratch);
	record_ack_encode(&s->scratch, q->id, live->acks, live->n_acks);
	struct slice part = buf_slice(&s->scratch);
	live->n_acks = 0;
	return append(s, RECORD_ACK, urgent, &part, 1);
}

void store_ack(struct store *s, struct queue *q, struct record_range gone)
{
	struct live *live = q->live;
	must(queue_is_logged(q));
	if (live->n_acks) {
		struct record_range *last = &live->acks[live->n_acks - 1];
		if (last->first + last->count == gone.first) {
			last->count += gone.count;
			return;
		}
		if (live->n_acks == 4096 || last->first + last->count > gone.first)
			write_acks(s, q, false);
	}
	if (live->n_acks == live->cap_acks) {
		live->cap_acks = live->cap_acks ? 2 * live->cap_acks : 4;
		live->acks = mem_realloc(live->acks, live->cap_acks * sizeof *live->acks);
	}
	live->acks[live->n_acks++] = gone;
	if (!list_linked(&live->acks_link))
		list_push(&s->acked, &live->acks_link);
}

log_position store_flush_acks(struct store *s, bool urgent)
{
	log_position last = 0;
	for (struct list *l; (l = list_pop(&s->acked));) {
		struct live *live = list_entry(l, struct live, acks_link);
		if (live->n_acks)
			last = write_acks(s, live->queue, urgent);
		mem_free(live->acks);
		live->acks = NULL;
		live->cap_acks = 0;
	}
	offsets_flush(s, urgent);
	return last;
}

/* Acks of others, gathered before, do not belong to it. */
void store_begin(struct store *s)
{
	must(s->tx == TX_NONE);
	store_flush_acks(s, false);
	s->tx = TX_EMPTY;
}

log_position store_commit(struct store *s)
{
	store_flush_acks(s, true);
	bool written = s->tx == TX_WRITTEN;
	s->tx = TX_NONE;
	if (!written)
		return 0;
	return s->committed_at = log_append(s->log, RECORD_COMMIT, true, NULL, 0);
}

void store_know_queue(struct store *s, struct queue *q)
{
	if (q->id)
		map_put(&s->queues, slice_of(&q->id, sizeof q->id), q);
}

struct queue *store_queue(const struct store *s, uint32_t id)
{
	return map_get(&s->queues, slice_of(&id, sizeof id));
}

bool store_has(const struct store *s, uint32_t id, uint64_t seq)
{
	const struct queue *q = store_queue(s, id);
	return q && !ranges_hold(&q->gone, seq);
}

size_t store_targets_left(const struct store *s, struct slice packed_targets,
                          struct record_target *out)
{
	size_t n = 0;
	struct record_target t;
	while (record_target_next(&packed_targets, &t))
		if (store_has(s, t.queue, t.seq))
			out[n++] = t;
	return n;
}

void store_forget_queue(struct store *s, struct queue *q)
{
	if (q->id)
		map_remove(&s->queues, slice_of(&q->id, sizeof q->id));
	if (queue_is_live(q)) {
		list_remove(&q->live->acks_link);
		q->live->n_acks = 0;
	}
}

void store_wake(struct store *s, struct queue *q)
{
	if (!list_linked(&q->live->woken))
		list_push(&s->woken, &q->live->woken);
}

/* Each deep queue in turn gives a few entries, until enough has gone or nobody can: a queue that
 * has to wait for the disk is asked again in the next turn. */
static void cool(struct store *s, log_position durable)
{
	uint64_t limit = s->resting ? 0 : s->memory_budget;
	struct list tried;
	list_init(&tried);
	while (s->resident > limit && !list_empty(&s->deep)) {
		struct queue *q = list_entry(s->deep.next, struct live, deep)->queue;
		list_remove(&q->live->deep);
		enum cooled cooled = queue_cool(q, durable);
		if (cooled != COOLED_NOTHING)
			list_push(cooled == COOLED_SOME ? &s->deep : &tried, &q->live->deep);
	}
	list_splice(&s->deep, &tried);
	s->resting = s->resting && !list_empty(&s->deep);
}

void store_turn(struct store *s, log_position durable)
{
	dedups_sweep(s);
	if (!s->log) {
		shelf_turn(s);
		streams_mark(s);
		return;
	}
	s->durable = durable;
	store_flush_acks(s, false);
	reclaim_turn(s, durable);
	relocation_turn(s, durable);
	cool(s, durable);
	shelf_turn(s);
	fetch_feed(s);
	streams_mark(s);
}

bool store_is_busy(const struct store *s, log_position durable)
{
	return shelf_is_busy(s) || !list_empty(&s->sweeping) || s->reclaim.more ||
	       (s->log && relocation_is_busy(s, durable));
}

void store_rest(struct store *s)
{
	live_rest(s);
	s->resting = !list_empty(&s->deep);
}

void store_note_delivered(struct store *s, const struct queue *q)
{
	struct record_delivered r = { q->id, q->live->delivered_below };
	if (r.below < q->live->redelivered_below)
		r.below = q->live->redelivered_below;
	buf_clear(&s->scratch);
	record_delivered_encode(&s->scratch, &r);
	struct slice part = buf_slice(&s->scratch);
	log_append(s->log, RECORD_DELIVERED, false, &part, 1);
}
