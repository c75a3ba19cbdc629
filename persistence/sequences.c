/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/sequences.h"

#include "base/endian.h"
#include "base/mem.h"

enum { KEY_MAX = 4 + 255 };

static struct slice key_of(const struct sequence *q)
{
	return slice_of(q->key, sizeof q->queue + q->name_n);
}

static struct sequence *add(struct sequences *s, const struct record_publisher *r, struct slice key)
{
	struct sequence *q = mem_zalloc(sizeof *q + key.n);
	q->queue = r->queue;
	q->name_n = (uint8_t)r->name.n;
	memcpy(q->key, key.p, key.n);
	map_put(&s->by_key, key_of(q), q);
	return q;
}

static struct sequence *find(struct sequences *s, const struct record_publisher *r)
{
	uint8_t room[KEY_MAX];
	put_le32(room, r->queue);
	memcpy(room + sizeof r->queue, r->name.p, r->name.n);
	struct slice key = slice_of(room, sizeof r->queue + r->name.n);
	struct sequence *q = map_get(&s->by_key, key);
	return q ? q : add(s, r, key);
}

static void note_refused(struct sequence *q, struct record_ranges packed)
{
	struct record_range r;
	buf_free(&q->refused);
	while (record_range_next(&packed, &r))
		buf_append(&q->refused, &r, sizeof r);
}

void sequences_note(struct sequences *s, log_position at, const struct record_publisher *r)
{
	struct sequence *q = find(s, r);
	q->at = at;
	q->last = r->sequence;
	note_refused(q, r->packed_refused);
}

void sequence_record(const struct sequence *q, struct record_publisher *out)
{
	*out = (struct record_publisher){
		.queue = q->queue,
		.name = sequence_name(q),
		.sequence = q->last,
		.refused = (const struct record_range *)(const void *)q->refused.p,
		.n_refused = q->refused.len / sizeof(struct record_range),
	};
}

static void sequence_free(struct sequence *q)
{
	buf_free(&q->refused);
	mem_free(q);
}

void sequences_forget(struct sequences *s, struct sequence *q)
{
	map_remove(&s->by_key, key_of(q));
	sequence_free(q);
}

void sequences_free(struct sequences *s)
{
	size_t cursor = 0;
	for (struct sequence *q; (q = map_next(&s->by_key, &cursor));)
		sequence_free(q);
	map_free(&s->by_key);
}
