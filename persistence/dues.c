/* SPDX-License-Identifier: Apache-2.0 */
/* An entry is one varint that holds the difference of its time to the one before and five bits that
 * say what follows: its number, when it is not the next one, and its position, size and lane where
 * they are not the same again.  Blocks begin anew, so each can go as soon as it was read. */
#include "persistence/dues.h"

#include "base/die.h"
#include "base/mem.h"

enum {
	FIRST_BYTES = 64,            /* of a block; it doubles */
	BLOCK_BYTES = 4096,
	ENTRY_BYTES_MAX = 50,        /* five varints */
};

enum { KEPT = 1, OTHER_SEQ = 2, OTHER_AT = 4, OTHER_SIZE = 8, OTHER_LANE = 16, FLAG_BITS = 5 };

/* Where a reader or the writer stands: the entry that was coded last. */
struct place {
	uint32_t at;
	struct due e;
};

struct block {
	struct list link;
	struct place write, read;
	uint32_t cap;
	bool closed;                 /* it came from a disk: nothing is added */
	uint8_t *bytes;
};

static struct block *of_link(struct list *l)
{
	return list_entry(l, struct block, link);
}

void dues_init(struct dues *d)
{
	list_init(&d->blocks);
	d->count = 0;
}

static void block_free(struct block *b)
{
	list_remove(&b->link);
	mem_free(b->bytes);
	mem_free(b);
}

void dues_free(struct dues *d)
{
	while (!list_empty(&d->blocks))
		block_free(of_link(d->blocks.next));
	d->count = 0;
}

/* Small for differences of either sign. */
static uint64_t fold(uint64_t difference)
{
	return difference << 1 ^ -(difference >> 63);
}

static uint64_t unfold(uint64_t v)
{
	return v >> 1 ^ -(v & 1);
}

/* ---- writing ---- */

static struct block *block_new(struct dues *d, uint32_t cap)
{
	struct block *b = mem_zalloc(sizeof *b);
	b->cap = cap;
	b->bytes = mem_alloc(cap);
	list_push(&d->blocks, &b->link);
	return b;
}

static struct block *block_for_one_more(struct dues *d)
{
	struct block *b = list_empty(&d->blocks) ? NULL : of_link(d->blocks.prev);
	if (!b || b->closed)
		return block_new(d, FIRST_BYTES);
	if (b->cap - b->write.at >= ENTRY_BYTES_MAX)
		return b;
	if (b->cap >= BLOCK_BYTES)
		return block_new(d, BLOCK_BYTES);
	b->cap *= 2;
	b->bytes = mem_realloc(b->bytes, b->cap);
	return b;
}

static void put(struct block *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		b->bytes[b->write.at++] = (uint8_t)(v | 0x80);
	b->bytes[b->write.at++] = (uint8_t)v;
}

void dues_push(struct dues *d, const struct due *e)
{
	struct block *b = block_for_one_more(d);
	const struct due *w = &b->write.e;
	uint64_t flags = (e->kept ? KEPT : 0) | (e->seq != w->seq + 1 ? OTHER_SEQ : 0) |
	                 (e->at != w->at ? OTHER_AT : 0) |
	                 (e->body_bytes != w->body_bytes ? OTHER_SIZE : 0) |
	                 (e->lane != w->lane ? OTHER_LANE : 0);
	must(e->at % 8 == 0);
	put(b, fold((uint64_t)e->when_ms - (uint64_t)w->when_ms) << FLAG_BITS | flags);
	if (flags & OTHER_SEQ)
		put(b, fold(e->seq - w->seq));
	if (flags & OTHER_AT)
		put(b, fold(e->at / 8 - w->at / 8));
	if (flags & OTHER_SIZE)
		put(b, fold(e->body_bytes - w->body_bytes));
	if (flags & OTHER_LANE)
		put(b, e->lane);
	b->write.e = *e;
	d->count++;
}

/* ---- reading ---- */

/* Blocks that came from a disk were checked when they were taken in. */
static uint64_t get(const struct block *b, uint32_t *at)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t byte;
	do {
		must(*at < b->write.at && shift < 64);
		byte = b->bytes[(*at)++];
		v |= (uint64_t)(byte & 0x7F) << shift;
		shift += 7;
	} while (byte & 0x80);
	return v;
}

/* The entry at *r, which moves behind it. */
static void next(const struct block *b, struct place *r)
{
	uint64_t head = get(b, &r->at);
	r->e.when_ms = (int64_t)((uint64_t)r->e.when_ms + unfold(head >> FLAG_BITS));
	r->e.seq += head & OTHER_SEQ ? unfold(get(b, &r->at)) : 1;
	if (head & OTHER_AT)
		r->e.at = 8 * (r->e.at / 8 + unfold(get(b, &r->at)));
	if (head & OTHER_SIZE)
		r->e.body_bytes += unfold(get(b, &r->at));
	if (head & OTHER_LANE)
		r->e.lane = (uint16_t)get(b, &r->at);
	r->e.kept = head & KEPT;
}

bool dues_pop(struct dues *d, struct due *out)
{
	if (d->count == 0)
		return false;
	struct block *b = of_link(d->blocks.next);
	next(b, &b->read);
	*out = b->read.e;
	d->count--;
	if (b->read.at == b->write.at)
		block_free(b);
	return true;
}

bool dues_peek(const struct dues *d, struct due *out)
{
	if (d->count == 0)
		return false;
	const struct block *b = of_link(d->blocks.next);
	struct place r = b->read;
	next(b, &r);
	*out = r.e;
	return true;
}

void dues_join(struct dues *to, struct dues *from)
{
	list_splice(&to->blocks, &from->blocks);
	to->count += from->count;
	from->count = 0;
}

size_t dues_footprint(const struct dues *d)
{
	size_t n = 0;
	list_each(it, &d->blocks)
		n += sizeof(struct block) + of_link(it)->cap;
	return n;
}

/* ---- as bytes: the blocks one after the other, as if they were one ---- */

/* Only what was not read yet, from the first on. */
void dues_write(struct buf *out, const struct dues *d)
{
	struct dues all;
	dues_init(&all);
	struct block *one = block_new(&all, FIRST_BYTES);
	list_each(it, &d->blocks) {
		const struct block *b = of_link(it);
		for (struct place r = b->read; r.at < b->write.at;) {
			next(b, &r);
			dues_push(&all, &r.e);
			buf_append(out, one->bytes, one->write.at);
			one->write.at = 0;
		}
	}
	dues_free(&all);
}

/* One varint off the bytes; false when there is none. */
static bool check_varint(struct slice *in, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; in->n && shift < 64; shift += 7) {
		uint8_t byte = slice_take(in, 1).p[0];
		*v |= (uint64_t)(byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool check(struct slice in, uint64_t *n)
{
	uint64_t head, v;
	for (*n = 0; in.n; ++*n) {
		if (!check_varint(&in, &head))
			return false;
		for (uint64_t flag = OTHER_SEQ; flag <= OTHER_LANE; flag *= 2)
			if (head & flag && !check_varint(&in, &v))
				return false;
	}
	return true;
}

bool dues_read(struct dues *d, struct slice bytes)
{
	uint64_t n;
	if (bytes.n > UINT32_MAX || !check(bytes, &n))
		return false;
	if (n == 0)
		return true;
	struct block *b = block_new(d, (uint32_t)bytes.n);
	memcpy(b->bytes, bytes.p, bytes.n);
	b->write.at = (uint32_t)bytes.n;
	b->closed = true;
	d->count += n;
	return true;
}
