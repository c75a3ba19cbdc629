/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: a body of up to INLINE_BODY bytes stands inside its PUBLISH record; a longer one goes
 * before it as a run of CHUNK records, so that no record is large. */
#include "queue/store.h"

#include "base/die.h"
#include "base/mem.h"
#include "queue/queue.h"

enum {
	INLINE_BODY = 256 << 10,
	MAX_PARTS = 64,
};

void store_init(struct store *s, struct log *log)
{
	*s = (struct store){ .log = log, .next_queue_id = 1 };
	catalog_init(&s->catalog, log);
	list_init(&s->acked);
}

void store_free(struct store *s)
{
	must(list_empty(&s->acked));
	catalog_free(&s->catalog);
	buf_free(&s->scratch);
}

/* Appends the body as CHUNK records; *first is where the run begins. */
static uint32_t append_chunks(struct store *s, const struct message *m, log_position *first)
{
	uint32_t n = 0;
	struct message_walk w = { 0 };
	struct slice stretch;
	while (message_next_stretch(m, &w, &stretch)) {
		log_position at = log_append(s->log, RECORD_CHUNK, true, &stretch, 1);
		if (n++ == 0)
			*first = at;
	}
	return n;
}

static log_position append_publish(struct store *s, const struct message *m,
                                   const struct record_target *from, struct record_publish *r)
{
	struct slice parts[MAX_PARTS];
	size_t n = 1;
	buf_clear(&s->scratch);
	if (from)
		record_move_encode(&s->scratch, from, r);
	else
		record_publish_encode(&s->scratch, r);
	parts[0] = buf_slice(&s->scratch);
	struct message_walk w = { 0 };
	while (r->chunks == 0 && message_next_stretch(m, &w, &parts[n]))
		must(++n < MAX_PARTS);
	return log_append(s->log, from ? RECORD_MOVE : RECORD_PUBLISH, true, parts, n);
}

log_position store_publish(struct store *s, struct message *m, const struct record_target *from,
                           const struct record_target *targets, size_t n)
{
	if (!s->log)
		return 0;
	log_position first = 0;
	struct record_publish r = {
		.targets = targets,
		.n_targets = n,
		.exchange = message_exchange(m),
		.key = message_key(m),
		.header = message_header(m),
		.body_bytes = m->body_bytes,
	};
	if (m->body_bytes > INLINE_BODY)
		r.chunks = append_chunks(s, m, &first);
	log_position at = append_publish(s, m, from, &r);
	if (!m->position)
		m->position = first ? first : at;
	for (size_t i = 0; i < n; i++)
		log_retain(s->log, m->position);
	return at;
}

static log_position write_acks(struct store *s, struct queue *q, bool urgent)
{
	buf_clear(&s->scratch);
	record_ack_encode(&s->scratch, q->id, q->acks, q->n_acks);
	struct slice part = buf_slice(&s->scratch);
	q->n_acks = 0;
	return log_append(s->log, RECORD_ACK, urgent, &part, 1);
}

void store_ack(struct store *s, struct queue *q, uint64_t seq, const struct message *m)
{
	must(m->position && queue_is_logged(q));
	if (q->n_acks) {
		struct record_range *last = &q->acks[q->n_acks - 1];
		if (last->first + last->count == seq) {
			last->count++;
			return;
		}
		if (q->n_acks == 4096 || last->first + last->count > seq)
			write_acks(s, q, false);
	}
	if (q->n_acks == q->cap_acks) {
		q->cap_acks = q->cap_acks ? 2 * q->cap_acks : 4;
		q->acks = mem_realloc(q->acks, q->cap_acks * sizeof *q->acks);
	}
	q->acks[q->n_acks++] = (struct record_range){ seq, 1 };
	if (!list_linked(&q->acks_link))
		list_push(&s->acked, &q->acks_link);
}

log_position store_flush_acks(struct store *s, bool urgent)
{
	log_position last = 0;
	for (struct list *l; (l = list_pop(&s->acked));) {
		struct queue *q = list_entry(l, struct queue, acks_link);
		if (q->n_acks)
			last = write_acks(s, q, urgent);
		mem_free(q->acks);
		q->acks = NULL;
		q->cap_acks = 0;
	}
	return last;
}

void store_forget_queue(struct store *s, struct queue *q)
{
	(void)s;
	list_remove(&q->acks_link);
	q->n_acks = 0;
}

/* The oldest extent goes when no message is left in it: its catalog entries are appended again,
 * and once those are durable the extent is given up. */
static void trim(struct store *s, log_position durable)
{
	struct log_extent oldest;
	if (!s->trim_upto && log_oldest(s->log, &oldest) && oldest.live == 0) {
		s->trim_upto = oldest.to;
		s->trim_after = catalog_refresh(&s->catalog, oldest.to);
	}
	if (s->trim_upto && durable > s->trim_after) {
		log_trim(s->log, s->trim_upto);
		s->trim_upto = 0;
	}
}

void store_turn(struct store *s, log_position durable)
{
	if (!s->log)
		return;
	store_flush_acks(s, false);
	trim(s, durable);
}

void store_note_delivered(struct store *s, const struct queue *q)
{
	struct record_delivered r = { q->id, q->delivered_below };
	if (r.below < q->redelivered_below)
		r.below = q->redelivered_below;
	buf_clear(&s->scratch);
	record_delivered_encode(&s->scratch, &r);
	struct slice part = buf_slice(&s->scratch);
	log_append(s->log, RECORD_DELIVERED, false, &part, 1);
}
