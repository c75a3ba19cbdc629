/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/dedup.h"

#include <stdlib.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "base/slab.h"
#include "persistence/summary.h"
#include "queue/queue.h"
#include "queue/store.h"

enum {
	PAGE_KEYS = 31,
	SWEEP_PAGES = 100,           /* of keys that are cut off: at once, and in a turn */
};

struct key {
	struct digest digest;
	uint64_t number : 56;        /* 0: it is gone */
	uint64_t slot : 8;           /* in its page */
	int64_t until_ms;
	log_position at;             /* of its last record; 0: it is not in the log */
};

struct dedup_page {
	uint64_t first;              /* no key has a lower number, none before it one as high */
	struct list on_log;          /* something of it is in the log: by lowest */
	struct dedup *dedup;
	log_position lowest;         /* no key of it lies before */
	uint16_t n, live;
	struct key keys[PAGE_KEYS];
};

/* ---- what arguments say ---- */

bool dedup_is_asked_for(struct slice arguments)
{
	struct field f;
	return table_find(arguments, "x-message-deduplication", &f) && f.letter == 't' && f.boolean;
}

/* As the plugin does, a number may be a text. */
static bool read_number(const struct field *f, int64_t *out)
{
	*out = f->integer;
	if (f->letter != 'S')
		return field_is_integer(f);
	*out = 0;
	for (size_t i = 0; i < f->bytes.n && *out <= INT32_MAX; i++) {
		if (f->bytes.p[i] < '0' || f->bytes.p[i] > '9')
			return false;
		*out = 10 * *out + f->bytes.p[i] - '0';
	}
	return f->bytes.n > 0;
}

static int64_t number_in(struct slice table, const char *key, int64_t otherwise)
{
	struct field f;
	int64_t n;
	return table_find(table, key, &f) && read_number(&f, &n) && n > 0 ? n : otherwise;
}

static bool is_positive(struct slice table, const char *key, bool optional)
{
	struct field f;
	return table_find(table, key, &f) ? number_in(table, key, 0) > 0 : optional;
}

const char *dedup_fault(struct slice arguments, bool size_is_optional)
{
	struct field f;
	if (!is_positive(arguments, "x-cache-size", size_is_optional))
		return "Missing or invalid argument, 'x-cache-size' must be an integer greater than 0";
	if (number_in(arguments, "x-cache-size", 1) > DEDUP_MOST)
		return "Invalid argument, 'x-cache-size' must not be greater than 1000000";
	if (!is_positive(arguments, "x-cache-ttl", true))
		return "Invalid argument, 'x-cache-ttl' must be an integer greater than 0";
	if (table_find(arguments, "x-cache-persistence", &f) &&
	    (f.letter != 'S' || (!slice_is(f.bytes, "disk") && !slice_is(f.bytes, "memory"))))
		return "Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'";
	return NULL;
}

struct dedup *dedup_new(struct store *s, struct slice arguments, struct queue *q)
{
	struct field f;
	struct dedup *k = mem_zalloc(sizeof *k);
	k->store = s;
	k->queue = q;
	k->next_number = 1;
	list_init(&k->sweeping);
	k->most = (uint64_t)number_in(arguments, "x-cache-size", q ? INT64_MAX : DEDUP_USUAL);
	k->ttl_ms = number_in(arguments, "x-cache-ttl", -1);
	k->header = slice_str("x-deduplication-header");
	if (table_find(arguments, "x-deduplication-header", &f) && f.letter == 'S')
		k->header = f.bytes;
	return k;
}

bool dedup_is_kept(struct slice arguments)
{
	struct field f;
	return !table_find(arguments, "x-cache-persistence", &f) || f.letter != 'S' ||
	       !slice_is(f.bytes, "memory");
}

/* With its type: "1" and 1 are two keys. */
bool dedup_digest(const struct dedup *k, struct slice headers, struct digest *out)
{
	struct field f;
	struct buf value = { 0 };
	if (!table_find_slice(headers, k->header, &f))
		return false;
	table_put(&value, slice_of(NULL, 0), &f);
	*out = digest_of(buf_slice(&value));
	buf_free(&value);
	return true;
}

int64_t dedup_end(const struct dedup *k, struct slice headers, int64_t wall_ms)
{
	int64_t ttl = number_in(headers, "x-cache-ttl", k->ttl_ms);
	return ttl < 0 || ttl > DEDUP_NO_END - wall_ms ? DEDUP_NO_END : wall_ms + ttl;
}

/* ---- pages ---- */

static struct slice digest_key(const struct digest *d)
{
	return slice_of(d->bytes, sizeof d->bytes);
}

static struct dedup_page *page_of(struct key *key)
{
	return list_entry(key - key->slot, struct dedup_page, keys);
}

/* The i-th, from the oldest on. */
static struct dedup_page *page_at(const struct dedup *k, size_t i)
{
	must(i < k->n_pages);
	return k->pages[k->at + i];
}

/* At the end, when half of it is not used in the place of what left at the front. */
static void make_room(struct dedup *k)
{
	if (k->at + k->n_pages < k->cap)
		return;
	if (k->at > k->cap / 2) {
		memmove(k->pages, k->pages + k->at, k->n_pages * sizeof *k->pages);
		k->at = 0;
		return;
	}
	k->cap = k->cap ? 2 * k->cap : 4;
	k->pages = mem_realloc(k->pages, k->cap * sizeof *k->pages);
}

static struct dedup_page *last_page(struct dedup *k, uint64_t number)
{
	struct dedup_page *p = k->n_pages ? page_at(k, k->n_pages - 1) : NULL;
	if (p && p->n < PAGE_KEYS)
		return p;
	make_room(k);
	p = slab_alloc(sizeof *p);
	p->dedup = k;
	p->first = number;
	p->n = p->live = 0;
	list_init(&p->on_log);
	k->pages[k->at + k->n_pages++] = p;
	return p;
}

/* Where the page is that the number belongs in; n_pages: in none, it is too low. */
static size_t find_page(const struct dedup *k, uint64_t number)
{
	size_t low = 0, high = k->n_pages;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (page_at(k, mid)->first <= number)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : k->n_pages;
}

/* What is on the shorter side moves up. */
static void page_free(struct dedup *k, struct dedup_page *p)
{
	size_t i = find_page(k, p->first);
	struct dedup_page **at = k->pages + k->at;
	must(at[i] == p);
	if (i < k->n_pages / 2) {
		memmove(at + 1, at, i * sizeof *at);
		k->at++;
	} else {
		memmove(at + i, at + i + 1, (k->n_pages - i - 1) * sizeof *at);
	}
	if (--k->n_pages == 0) {
		mem_free(k->pages);
		k->pages = NULL;
		k->at = k->cap = 0;
	}
	list_remove(&p->on_log);
	slab_free(p, sizeof *p);
}

/* New positions are above all others: the page goes to the end of the list. */
static void note_position(struct dedup_page *p, log_position at)
{
	if (!at || list_linked(&p->on_log))
		return;
	p->lowest = at;
	list_push(&p->dedup->store->keys_on_log, &p->on_log);
}

static struct key *first_live(struct dedup_page *p)
{
	struct key *key = p->keys;
	while (key->number == 0)
		key++;
	return key;
}

static void remove_key(struct dedup *k, struct key *key)
{
	struct dedup_page *p = page_of(key);
	map_remove(&k->by_digest, digest_key(&key->digest));
	key->number = 0;
	k->count--;
	if (--p->live == 0)
		page_free(k, p);
}

void dedup_free(struct dedup *k)
{
	if (!k)
		return;
	while (k->n_pages)
		page_free(k, page_at(k, k->n_pages - 1));
	list_remove(&k->sweeping);
	ranges_free(&k->dead);
	map_free(&k->by_digest);
	mem_free(k);
}

/* ---- keys ---- */

static struct key *find(const struct dedup *k, const struct digest *d)
{
	return map_get(&k->by_digest, digest_key(d));
}

static bool is_dead(const struct dedup *k, const struct key *key)
{
	return k->dead.n && ranges_hold(&k->dead, key->number);
}

bool dedup_has(const struct dedup *k, const struct digest *d, int64_t wall_ms, log_position *at)
{
	const struct key *key = find(k, d);
	if (!key || key->until_ms <= wall_ms || is_dead(k, key))
		return false;
	*at = key->at;
	if (key->at && k->store->committed_at > key->at)   /* it may have come in a transaction */
		*at = k->store->committed_at;
	return true;
}

static void put(struct dedup *k, struct key key)
{
	struct dedup_page *p = last_page(k, key.number);
	key.slot = p->n;
	p->keys[p->n] = key;
	map_put(&k->by_digest, digest_key(&p->keys[p->n].digest), &p->keys[p->n]);
	p->n++;
	p->live++;
	k->count++;
	k->next_number = key.number + 1;
	note_position(p, key.at);
}

void dedup_add(struct dedup *k, const struct digest *d, uint64_t number, int64_t until_ms,
               log_position at)
{
	struct key *ended = find(k, d);
	must(number && number >= k->next_number);
	if (ended)
		remove_key(k, ended);
	while (k->count >= k->most)
		remove_key(k, first_live(page_at(k, 0)));
	put(k, (struct key){ .digest = *d, .number = number, .until_ms = until_ms, .at = at });
}

static struct key *find_number(struct dedup *k, uint64_t number)
{
	size_t i = find_page(k, number);
	struct dedup_page *p = i < k->n_pages ? page_at(k, i) : NULL;
	for (struct key *key = p ? p->keys : NULL; p && key < p->keys + p->n; key++)
		if (key->number == number)
			return key;
	return NULL;
}

void dedup_drop(struct dedup *k, uint64_t number, const struct message *m)
{
	struct digest d;
	struct key *key = NULL;
	if (!m)
		key = find_number(k, number);
	else if (dedup_digest(k, props_headers(message_header(m)), &d))
		key = find(k, &d);
	if (key && key->number == number)
		remove_key(k, key);
}

/* The first page of the first stretch of them. */
static void sweep_page(struct dedup *k, struct record_range r)
{
	size_t at = find_page(k, r.first);
	uint64_t end = r.first + r.count, next = end;
	at = at < k->n_pages ? at : 0;
	struct dedup_page *p = k->n_pages ? page_at(k, at) : NULL;
	if (at + 1 < k->n_pages && page_at(k, at + 1)->first < end)
		next = page_at(k, at + 1)->first;
	for (uint16_t i = p ? p->n : 0, live = p ? p->live : 0; i > 0 && live; i--) {
		struct key *key = &p->keys[i - 1];
		live -= key->number != 0;
		if (key->number >= r.first && key->number < end)
			remove_key(k, key);
	}
	ranges_remove(&k->dead, (struct record_range){ r.first, next - r.first });
}

/* Returns how many more pages might have been looked at. */
static size_t sweep(struct dedup *k, size_t pages)
{
	struct record_range r;
	for (; pages && ranges_first(&k->dead, &r); pages--)
		sweep_page(k, r);
	if (k->dead.n == 0)
		list_remove(&k->sweeping);
	else if (!list_linked(&k->sweeping))
		list_push(&k->store->sweeping, &k->sweeping);
	return pages;
}

void dedup_cut(struct dedup *k, uint64_t from)
{
	if (k->n_pages == 0 || from >= k->next_number)
		return;
	ranges_add(&k->dead, (struct record_range){ from, k->next_number - from });
	sweep(k, SWEEP_PAGES);
}

void dedups_sweep(struct store *s)
{
	size_t pages = SWEEP_PAGES;
	while (pages && !list_empty(&s->sweeping))
		pages = sweep(list_entry(s->sweeping.next, struct dedup, sweeping), pages);
}

/* ---- the log gets shorter ---- */

void dedup_pack(struct buf *out, const struct dedup *k, const struct digest *d, uint64_t number,
                int64_t until_ms)
{
	struct record_key r = { .dedup = k->id,
		                    .number = number,
		                    .until_ms = until_ms == DEDUP_NO_END ? 0 : (uint64_t)until_ms };
	memcpy(r.digest, d->bytes, sizeof r.digest);
	record_key_encode(out, &r);
}

static void write_page(struct store *s, struct dedup_page *p)
{
	struct buf packed = { 0 };
	for (const struct key *key = p->keys; key < p->keys + p->n; key++)
		if (key->number && key->at && !is_dead(p->dedup, key))
			dedup_pack(&packed, p->dedup, &key->digest, key->number, key->until_ms);
	list_remove(&p->on_log);
	log_position at = packed.len ? store_keys(s, buf_slice(&packed)) : 0;
	for (struct key *key = p->keys; key < p->keys + p->n; key++)
		key->at = key->at ? at : 0;
	note_position(p, at);
	buf_free(&packed);
}

bool dedups_refresh(struct store *s, log_position upto, size_t max)
{
	for (struct list *l; (l = s->keys_on_log.next) != &s->keys_on_log; max--) {
		struct dedup_page *p = list_entry(l, struct dedup_page, on_log);
		if (p->lowest >= upto)
			return true;
		if (max == 0)
			return false;
		write_page(s, p);
	}
	return true;
}

/* ---- recovery ---- */

struct found_key {
	struct record_key key;
	log_position at;
};

/* What was found of one dedup cache. */
struct found {
	uint8_t id_key[4];
	uint32_t id;
	struct buf keys;             /* struct found_key in order of the log */
	size_t most;                 /* when there are more, they are gone through */
};

static struct found *found_of(struct dedups_found *f, uint32_t id)
{
	uint8_t key[4];
	put_le32(key, id);
	struct found *o = map_get(&f->by_id, slice_of(key, sizeof key));
	if (o)
		return o;
	o = mem_zalloc(sizeof *o);
	memcpy(o->id_key, key, sizeof key);
	o->id = id;
	o->most = 2 * DEDUP_MOST;
	map_put(&f->by_id, slice_of(o->id_key, sizeof o->id_key), o);
	return o;
}

static int by_number(const void *a, const void *b)
{
	const struct found_key *x = a, *y = b;
	if (x->key.number != y->key.number)
		return x->key.number < y->key.number ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static struct found_key *keys_in(const struct found *o, size_t *n)
{
	*n = o->keys.len / sizeof(struct found_key);
	return (struct found_key *)(void *)o->keys.p;
}

/* In order of their numbers, of several records of one the last. */
static void sort(struct found *o)
{
	size_t n, kept = 0;
	struct found_key *k = keys_in(o, &n);
	if (n > 1)
		qsort(k, n, sizeof *k, by_number);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || k[i].key.number != k[i + 1].key.number)
			k[kept++] = k[i];
	o->keys.len = kept * sizeof *k;
}

/* The numbers below which all entries of the queue are gone, as far as that is known. */
static uint64_t gone_below(const struct summary_queue *q)
{
	uint64_t first;
	if (q->moved.len)
		return 0;
	return trail_first(&q->put, &first) ? first : q->next_seq;
}

/* Of an exchange only so many of the newest can count, of a queue those of entries it has. */
static void forget_some(struct found *o, const struct summary *all)
{
	size_t n, kept = 0;
	const struct summary_queue *q = map_get(&all->queues, slice_of(o->id_key, sizeof o->id_key));
	sort(o);
	struct found_key *k = keys_in(o, &n);
	for (size_t i = 0; i < n; i++)
		if (q ? k[i].key.number >= gone_below(q) && !ranges_hold(&q->gone, k[i].key.number)
		      : i + DEDUP_MOST >= n)
			k[kept++] = k[i];
	o->keys.len = kept * sizeof *k;
	o->most = 2 * (kept + DEDUP_MOST);
}

bool dedups_find(struct dedups_found *f, const struct summary *all, const struct log_record *r)
{
	struct slice packed = r->body;
	struct found_key k = { .at = r->at };
	if (!record_keys_check(packed))
		return false;
	while (record_key_next(&packed, &k.key)) {
		struct found *o = found_of(f, k.key.dedup);
		if (k.key.number)
			buf_append(&o->keys, &k, sizeof k);
		if (o->keys.len / sizeof k > o->most)
			forget_some(o, all);
	}
	return true;
}

static bool is_wanted(const struct dedup *k, uint64_t number)
{
	return !k->queue || (number < k->queue->next_seq && !ranges_hold(&k->queue->gone, number));
}

void dedups_claim(struct dedups_found *f, struct dedup *k)
{
	size_t n;
	struct found *o = found_of(f, k->id);
	sort(o);
	const struct found_key *key = keys_in(o, &n), *end = key + n;
	for (; key < end; key++) {
		struct digest d;
		int64_t until = key->key.until_ms && key->key.until_ms < DEDUP_NO_END
		                    ? (int64_t)key->key.until_ms
		                    : DEDUP_NO_END;
		memcpy(d.bytes, key->key.digest, sizeof d.bytes);
		if (is_wanted(k, key->key.number))
			dedup_add(k, &d, key->key.number, until, key->at);
	}
	buf_free(&o->keys);
}

static int by_lowest(const void *a, const void *b)
{
	const struct dedup_page *const *x = a, *const *y = b;
	return (*x)->lowest < (*y)->lowest ? -1 : (*x)->lowest > (*y)->lowest;
}

static void find_lowest(struct dedup_page *p)
{
	for (uint16_t i = 0; i < p->n; i++)
		if (p->keys[i].number && p->keys[i].at < p->lowest)
			p->lowest = p->keys[i].at;
}

/* They were claimed in order of their numbers, which is not that of the log. */
static void sort_pages(struct store *s)
{
	struct buf pages = { 0 };
	for (struct list *l; (l = list_pop(&s->keys_on_log));) {
		struct dedup_page *p = list_entry(l, struct dedup_page, on_log);
		find_lowest(p);
		buf_append(&pages, &p, sizeof p);
	}
	struct dedup_page **p = (struct dedup_page **)(void *)pages.p;
	size_t n = pages.len / sizeof *p;
	if (n > 1)
		qsort(p, n, sizeof *p, by_lowest);
	for (size_t i = 0; i < n; i++)
		list_push(&s->keys_on_log, &p[i]->on_log);
	buf_free(&pages);
}

uint32_t dedups_found_end(struct store *s, struct dedups_found *f)
{
	size_t cursor = 0;
	uint32_t largest = 0;
	for (struct found *o; (o = map_next(&f->by_id, &cursor));) {
		largest = o->id > largest ? o->id : largest;
		buf_free(&o->keys);
		mem_free(o);
	}
	map_free(&f->by_id);
	sort_pages(s);
	return largest;
}

void dedup_check(const struct dedup *k)
{
	uint64_t n = 0, before = 0;
	must(k->at + k->n_pages <= k->cap);
	for (size_t at = 0; at < k->n_pages; at++) {
		const struct dedup_page *p = page_at(k, at);
		uint16_t live = 0;
		must(p->first > before && find_page(k, p->first) == at);
		for (uint16_t i = 0; i < p->n; i++) {
			const struct key *key = &p->keys[i];
			if (key->number == 0)
				continue;
			must(key->number > before && key->slot == i && find(k, &key->digest) == key);
			must(!key->at || (list_linked(&p->on_log) && key->at >= p->lowest));
			before = key->number;
			live++;
		}
		must(live == p->live && live > 0 && p->dedup == k);
		n += live;
	}
	must(n == k->count && n == k->by_digest.count && n <= k->most);
}
