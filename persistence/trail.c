/* SPDX-License-Identifier: Apache-2.0 */
/* A page is a run of encoded entries.  Each is one varint that holds the difference of its position
 * to the one before, in units of eight bytes, and three bits that say what follows: the number when
 * it is not the next one, the size when it is not the same again. */
#include "persistence/trail.h"

#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"

enum {
	PAGE_ENTRIES = 4096,
	FRONT_PAGES = 2,             /* stay in memory, or come back in time */
	FIRST_BYTES = 64,            /* of a page; it doubles, and is cut to size when it is full */
	ENTRY_BYTES_MAX = 30,        /* three varints */
};

enum { KEPT = 1, OTHER_SEQ = 2, OTHER_SIZE = 4, FLAG_BITS = 3 };

/* Where a reader or the writer stands: the entry that was coded last. */
struct place {
	uint32_t n, at;              /* entries and bytes passed */
	uint64_t seq, position, size;
};

struct page {
	struct list link;
	struct place write, read;
	uint32_t cap;                /* 0: nothing can be added */
	uint32_t taken;              /* of the entries that are not read yet, so many */
	uint64_t body_bytes;         /* of the entries that are left */
	log_position low, high;      /* bounds of all positions */
	uint64_t first;              /* number of the first entry */
	uint64_t latest_ms;          /* when the last was placed; 0: of one at least it is not known */
	bool falls;                  /* the next page begins at an earlier time */
	uint8_t *bytes;
};

/* A page that is shelved.  They lie in one piece of memory, because small pieces between large ones
 * that come and go would keep those from the system. */
struct trail_shelf {
	log_position at;
	uint64_t first, last, body_bytes, latest_ms;
	log_position low, high;
	uint32_t n, bytes, taken;
	bool falls;
};

void trail_init(struct trail *t)
{
	*t = (struct trail){ .page_entries = PAGE_ENTRIES };
	list_init(&t->pages);
	list_init(&t->rest);
}

static void page_free(struct page *p)
{
	list_remove(&p->link);
	mem_free(p->bytes);
	mem_free(p);
}

void trail_free(struct trail *t)
{
	list_splice(&t->pages, &t->rest);
	while (!list_empty(&t->pages))
		page_free(list_entry(t->pages.next, struct page, link));
	mem_free(t->shelves);
	ranges_free(&t->taken);
	t->shelves = NULL;
	t->shelved_at = t->shelved_end = t->shelves_cap = 0;
	t->count = t->body_bytes = 0;
}

static void put(struct page *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		p->bytes[p->write.at++] = (uint8_t)(v | 0x80);
	p->bytes[p->write.at++] = (uint8_t)v;
}

/* Pages that came from a disk were checked when they were taken in. */
static uint64_t get(const uint8_t *bytes, uint32_t end, struct place *r)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;
	do {
		must(r->at < end && shift < 64);
		b = bytes[r->at++];
		v |= (uint64_t)(b & 0x7F) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
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

/* Where the newest pages are. */
static struct list *back(struct trail *t)
{
	return trail_has_shelves(t) ? &t->rest : &t->pages;
}

static struct page *page_new(void)
{
	struct page *p = mem_zalloc(sizeof *p);
	list_init(&p->link);
	p->cap = FIRST_BYTES;
	p->bytes = mem_alloc(p->cap);
	return p;
}

/* Nothing will be added to it. */
static void page_seal(struct page *p)
{
	p->bytes = mem_realloc(p->bytes, p->write.at);
	p->cap = 0;
}

static void page_push(struct page *p, struct trail_entry e)
{
	struct place *w = &p->write;
	must(e.at % 8 == 0 && e.seq > w->seq);
	if (p->cap - w->at < ENTRY_BYTES_MAX) {
		p->cap *= 2;
		p->bytes = mem_realloc(p->bytes, p->cap);
	}
	uint64_t flags = (e.kept ? KEPT : 0) | (e.seq != w->seq + 1 ? OTHER_SEQ : 0) |
	                 (e.body_bytes != w->size ? OTHER_SIZE : 0);
	put(p, fold(e.at / 8 - w->position) << FLAG_BITS | flags);
	if (flags & OTHER_SEQ)
		put(p, e.seq - w->seq);
	if (flags & OTHER_SIZE)
		put(p, fold(e.body_bytes - w->size));
	w->seq = e.seq;
	w->position = e.at / 8;
	w->size = e.body_bytes;
	w->n++;
	if (w->n == 1)
		p->first = e.seq;
	if (w->n == 1 || p->latest_ms)
		p->latest_ms = e.wall_ms;
	p->low = w->n == 1 || e.at < p->low ? e.at : p->low;
	p->high = e.at > p->high ? e.at : p->high;
	p->body_bytes += e.body_bytes;
}

static struct page *first_page(const struct trail *t)
{
	return list_first(&t->pages, struct page, link);
}

/* The entry at *r, which moves behind it. */
static struct trail_entry decode(const uint8_t *bytes, uint32_t end, struct place *r)
{
	uint64_t head = get(bytes, end, r);
	r->position += unfold(head >> FLAG_BITS);
	r->seq += head & OTHER_SEQ ? get(bytes, end, r) : 1;
	r->size += head & OTHER_SIZE ? unfold(get(bytes, end, r)) : 0;
	r->n++;
	return (struct trail_entry){ r->seq, 8 * r->position, r->size, head & KEPT, 0 };
}

static struct trail_entry next(const struct page *p, struct place *r)
{
	return decode(p->bytes, p->write.at, r);
}

/* A page of which nothing is left goes, and what is noted of it; of the first, also what is noted
 * below. */
static void page_pass(struct trail *t, struct page *p)
{
	uint64_t from = p == first_page(t) ? 0 : p->first;
	if (t->taken.n)
		ranges_remove(&t->taken, (struct record_range){ from, p->write.seq - from + 1 });
	page_free(p);
}

static uint32_t left_in(const struct page *p)
{
	return p->write.n - p->read.n - p->taken;
}

/* ---- adding ---- */

static struct page *of_link(const struct list *l)
{
	return list_entry(l, struct page, link);
}

/* Who takes only what is in need not know what was: more was taken of the page than is left. */
static bool is_thin(const struct trail *t, const struct page *p)
{
	return t->exact && p->cap == 0 && left_in(p) && p->taken > left_in(p);
}

/* Whether what is left of the page there and of the one behind it makes half a page. */
static bool may_join(const struct trail *t, const struct list *pages, const struct list *at)
{
	const struct list *then = at->next;
	return at != pages && then != pages && of_link(then)->cap == 0 && !of_link(at)->falls &&
	       left_in(of_link(at)) + left_in(of_link(then)) <= t->page_entries / 2;
}

static void move_left(const struct trail *t, const struct page *from, struct page *to)
{
	struct place r = from->read;
	while (r.n < from->write.n) {
		struct trail_entry e = next(from, &r);
		e.wall_ms = from->latest_ms;
		if (!ranges_hold(&t->taken, e.seq))
			page_push(to, e);
	}
	to->falls = from->falls;
}

/* What is left of it becomes a page, with what is left of those beside it that are small, too. */
static void thin(struct trail *t, const struct list *pages, struct page *p)
{
	struct page *dense = page_new();
	if (may_join(t, pages, p->link.prev))
		p = of_link(p->link.prev);
	list_insert_before(&p->link, &dense->link);
	do {
		p = of_link(dense->link.next);
		move_left(t, p, dense);
		page_pass(t, p);
	} while (may_join(t, pages, &dense->link));
	page_seal(dense);
}

static struct page *page_for_one_more(struct trail *t, uint64_t wall_ms)
{
	struct list *pages = back(t);
	struct page *p = list_empty(pages) ? NULL : of_link(pages->prev);
	bool falls = p && wall_ms && wall_ms < p->latest_ms;
	if (p && p->cap && !falls && p->write.n < t->page_entries)
		return p;
	if (p && p->cap)
		page_seal(p);
	if (p)
		p->falls = falls;
	if (p && is_thin(t, p))
		thin(t, pages, p);
	p = page_new();
	list_push(pages, &p->link);
	return p;
}

void trail_push(struct trail *t, struct trail_entry e)
{
	page_push(page_for_one_more(t, e.wall_ms), e);
	t->body_bytes += e.body_bytes;
	t->count++;
}

/* ---- taking from the front ---- */

/* Passes over entries that were taken, so that the first one is in. */
static void pass_taken(struct trail *t)
{
	for (struct page *p; (p = first_page(t)) && (p->taken || p->read.n == p->write.n);) {
		struct place r = p->read;
		if (left_in(p) == 0) {
			page_pass(t, p);
			continue;
		}
		if (!ranges_hold(&t->taken, next(p, &r).seq))
			return;
		p->read = r;
		p->taken--;
	}
}

bool trail_pop(struct trail *t, struct trail_entry *out)
{
	struct page *p = first_page(t);
	if (!p)
		return false;
	*out = next(p, &p->read);
	out->wall_ms = p->latest_ms;
	p->body_bytes -= out->body_bytes;
	t->body_bytes -= out->body_bytes;
	t->count--;
	pass_taken(t);
	return true;
}

bool trail_peek(const struct trail *t, struct trail_entry *out)
{
	const struct page *p = first_page(t);
	if (!p)
		return false;
	struct place r = p->read;
	*out = next(p, &r);
	out->wall_ms = p->latest_ms;
	return true;
}

static const struct trail_shelf *first_shelf(const struct trail *t)
{
	return trail_has_shelves(t) ? &t->shelves[t->shelved_at] : NULL;
}

bool trail_first(const struct trail *t, uint64_t *seq)
{
	const struct trail_shelf *shelf = first_shelf(t);
	struct trail_entry e;
	if (trail_peek(t, &e))
		*seq = e.seq;
	else if (shelf)
		*seq = shelf->first;
	return t->count != 0;
}

bool trail_last(const struct trail *t, uint64_t *seq)
{
	const struct list *pages = list_empty(&t->rest) ? &t->pages : &t->rest;
	if (list_empty(&t->rest) && trail_has_shelves(t))
		*seq = t->shelves[t->shelved_end - 1].last;
	else if (!list_empty(pages))
		*seq = list_entry(pages->prev, struct page, link)->write.seq;
	return t->count != 0;
}

/* Nothing is shelved any more: what was behind that is next. */
static void join_rest(struct trail *t)
{
	if (trail_has_shelves(t))
		return;
	list_splice(&t->pages, &t->rest);
	mem_free(t->shelves);
	t->shelves = NULL;
	t->shelved_at = t->shelved_end = t->shelves_cap = 0;
	pass_taken(t);
}

static void take_taken(struct trail *to, struct trail *from)
{
	struct ranges_walk w = { 0 };
	struct record_range r;
	if (to->taken.n == 0) {
		ranges_free(&to->taken);
		to->taken = from->taken;
		from->taken = (struct ranges){ 0 };
	}
	while (ranges_next(&from->taken, &w, &r))
		ranges_add(&to->taken, r);
	ranges_free(&from->taken);
}

static void take_shelves(struct trail *to, struct trail *from)
{
	must(to->count == 0 && !to->shelves);
	to->shelves = from->shelves;
	to->shelved_at = from->shelved_at;
	to->shelved_end = from->shelved_end;
	to->shelves_cap = from->shelves_cap;
	list_splice(&to->rest, &from->rest);
	from->shelves = NULL;
	from->shelved_at = from->shelved_end = from->shelves_cap = 0;
}

void trail_join(struct trail *to, struct trail *from)
{
	list_splice(back(to), &from->pages);
	if (trail_has_shelves(from))
		take_shelves(to, from);
	if (from->taken.n)
		take_taken(to, from);
	to->count += from->count;
	to->body_bytes += from->body_bytes;
	from->count = from->body_bytes = 0;
}

/* ---- as bytes: the number of pages, then each with a head of PAGE_HEAD bytes ---- */

/* entries u32, bytes u32, last number, sum of body sizes, lowest and highest position u64 each;
 * with TIMED added to the entries, when the last was placed, u64 */
enum { PAGE_HEAD = 40, TIME = 8 };

#define TIMED (1u << 31)

void trail_write(struct buf *out, const struct trail *t)
{
	uint32_t n = 0;
	list_each(it, &t->pages)
		n++;
	put_le32(buf_reserve(out, 4), n);
	out->len += 4;
	list_each(it, &t->pages) {
		const struct page *p = list_entry(it, struct page, link);
		uint8_t *head = buf_reserve(out, PAGE_HEAD);
		must(p->read.n == 0 && p->taken == 0);
		put_le32(head, p->write.n | (p->latest_ms ? TIMED : 0));
		put_le32(head + 4, p->write.at);
		put_le64(head + 8, p->write.seq);
		put_le64(head + 16, p->body_bytes);
		put_le64(head + 24, p->low);
		put_le64(head + 32, p->high);
		out->len += PAGE_HEAD;
		if (p->latest_ms) {
			put_le64(buf_reserve(out, TIME), p->latest_ms);
			out->len += TIME;
		}
		buf_append(out, p->bytes, p->write.at);
	}
}

/* Four entries of two bytes that have no flag but KEPT: most of a page looks so. */
static bool are_plain(const uint8_t *p)
{
	uint64_t v = get_le64(p);
	return (v & 0x8086808680868086) == 0x0080008000800080;
}

/* How many varint groups the bytes are, when they end where they should, else 0: each entry is one
 * varint and one more for each of its flags. */
static uint32_t count_entries(const uint8_t *bytes, uint32_t n)
{
	uint32_t at = 0, entries = 0;
	unsigned due = 0;
	bool begun = false;
	for (unsigned length = 0; at < n; at++) {
		for (; length == 0 && due == 0 && n - at > 8 && are_plain(bytes + at); at += 8)
			entries += 4;
		uint8_t b = bytes[at];
		if (length++ == 0 && due == 0) {
			due = 1 + !!(b & OTHER_SEQ) + !!(b & OTHER_SIZE);
			entries++;
		}
		begun = b & 0x80;
		if (begun && length < 10)
			continue;
		if (begun)
			return 0;
		due--;
		length = 0;
	}
	return begun || due ? 0 : entries;
}

static bool is_sound(const struct page *p)
{
	return p->write.n > 0 && count_entries(p->bytes, p->write.at) == p->write.n;
}

static struct page *read_page(struct slice *in)
{
	if (in->n < PAGE_HEAD)
		return NULL;
	struct slice head = slice_take(in, PAGE_HEAD);
	uint32_t bytes = get_le32(head.p + 4);
	bool timed = get_le32(head.p) & TIMED;
	if (timed && in->n < TIME)
		return NULL;
	uint64_t latest_ms = timed ? get_le64(slice_take(in, TIME).p) : 0;
	if (bytes == 0 || bytes > in->n || bytes > PAGE_ENTRIES * ENTRY_BYTES_MAX)
		return NULL;
	struct page *p = mem_zalloc(sizeof *p);
	list_init(&p->link);
	p->write = (struct place){ .n = get_le32(head.p) & ~TIMED,
		                       .at = bytes,
		                       .seq = get_le64(head.p + 8) };
	p->latest_ms = latest_ms;
	p->body_bytes = get_le64(head.p + 16);
	p->low = get_le64(head.p + 24);
	p->high = get_le64(head.p + 32);
	p->bytes = mem_alloc(bytes);
	memcpy(p->bytes, slice_take(in, bytes).p, bytes);
	if (is_sound(p)) {
		struct place r = p->read;
		p->first = next(p, &r).seq;
		return p;
	}
	page_free(p);
	return NULL;
}

bool trail_read(struct trail *t, struct slice *in)
{
	struct trail read;
	trail_init(&read);
	if (in->n < 4)
		return false;
	for (uint32_t n = get_le32(slice_take(in, 4).p); n; n--) {
		struct page *p = read_page(in);
		if (!p) {
			trail_free(&read);
			return false;
		}
		list_push(&read.pages, &p->link);
		read.count += p->write.n;
		read.body_bytes += p->body_bytes;
	}
	trail_join(t, &read);
	return true;
}

/* ---- shelves ---- */

/* The page behind those that are shelved, or behind the front. */
static struct page *next_to_shelve(const struct trail *t)
{
	const struct list *pages = trail_has_shelves(t) ? &t->rest : &t->pages;
	struct list *at = pages->next;
	for (int i = 0; pages == &t->pages && i < FRONT_PAGES && at != pages; i++)
		at = at->next;
	/* The last page may take more, and one that may not is not the last for long. */
	return at == pages || at->next == pages ? NULL : of_link(at);
}

bool trail_shelvable(const struct trail *t, struct slice *out)
{
	const struct page *p = next_to_shelve(t);
	if (!p || p->cap)
		return false;
	*out = slice_of(p->bytes, p->write.at);
	return true;
}

static struct trail_shelf *add_shelf(struct trail *t)
{
	if (t->shelved_end == t->shelves_cap && t->shelved_at > t->shelves_cap / 2) {
		t->shelved_end -= t->shelved_at;
		memmove(t->shelves, t->shelves + t->shelved_at, t->shelved_end * sizeof *t->shelves);
		t->shelved_at = 0;
	}
	if (t->shelved_end == t->shelves_cap) {
		t->shelves_cap = t->shelves_cap ? 2 * t->shelves_cap : 8;
		t->shelves = mem_realloc(t->shelves, t->shelves_cap * sizeof *t->shelves);
	}
	return &t->shelves[t->shelved_end++];
}

/* All from the page on lies behind the shelves then. */
static void split(struct trail *t, struct page *p)
{
	for (struct list *it = &p->link, *next; it != &t->pages; it = next) {
		next = it->next;
		list_remove(it);
		list_push(&t->rest, it);
	}
}

void trail_shelve(struct trail *t, log_position at)
{
	struct page *p = next_to_shelve(t);
	must(p && p->read.n == 0 && p->cap == 0);
	if (!trail_has_shelves(t))
		split(t, p);
	*add_shelf(t) = (struct trail_shelf){
		.at = at,
		.first = p->first,
		.last = p->write.seq,
		.body_bytes = p->body_bytes,
		.low = p->low,
		.high = p->high,
		.n = p->write.n,
		.bytes = p->write.at,
		.taken = p->taken,
		.latest_ms = p->latest_ms,
		.falls = p->falls,
	};
	page_free(p);
}

log_position trail_wants(const struct trail *t)
{
	const struct trail_shelf *shelf = first_shelf(t);
	int front = 0;
	for (const struct list *it = t->pages.next; it != &t->pages && front < FRONT_PAGES;
	     it = it->next)
		front++;
	return shelf && front < FRONT_PAGES ? shelf->at : 0;
}

bool trail_unshelve(struct trail *t, struct slice bytes)
{
	const struct trail_shelf *s = first_shelf(t);
	if (bytes.n != s->bytes)
		return false;
	struct page *p = mem_zalloc(sizeof *p);
	list_init(&p->link);
	p->write = (struct place){ .n = s->n, .at = s->bytes, .seq = s->last };
	p->body_bytes = s->body_bytes;
	p->first = s->first;
	p->low = s->low;
	p->high = s->high;
	p->taken = s->taken;
	p->latest_ms = s->latest_ms;
	p->falls = s->falls;
	p->bytes = mem_alloc(bytes.n);
	memcpy(p->bytes, bytes.p, bytes.n);
	struct place r = p->read;
	if (!is_sound(p) || next(p, &r).seq != p->first) {
		page_free(p);
		return false;
	}
	list_push(&t->pages, &p->link);
	t->shelved_at++;
	pass_taken(t);
	join_rest(t);
	return true;
}

static struct trail_shelf *find_shelf(const struct trail *t, log_position from, log_position to)
{
	for (size_t i = t->shelved_at; i < t->shelved_end; i++)
		if (t->shelves[i].at >= from && t->shelves[i].at < to)
			return &t->shelves[i];
	return NULL;
}

log_position trail_find_shelf(const struct trail *t, log_position from, log_position to)
{
	const struct trail_shelf *s = find_shelf(t, from, to);
	return s ? s->at : 0;
}

void trail_move_shelf(struct trail *t, log_position at, log_position to)
{
	find_shelf(t, at, at + 1)->at = to;
}

uint64_t trail_lose_page(struct trail *t)
{
	const struct trail_shelf *s = first_shelf(t);
	uint64_t n = s->n - s->taken;
	t->count -= n;
	t->body_bytes -= s->body_bytes;
	if (t->taken.n)
		ranges_remove(&t->taken, (struct record_range){ s->first, s->last - s->first + 1 });
	t->shelved_at++;
	join_rest(t);
	return n;
}

bool trail_is_ready(const struct trail *t)
{
	return !list_empty(&t->pages);
}

/* ---- from the middle ---- */

/* Whether the number is one of a page's: what was read is not. */
static bool may_have(const struct page *p, uint64_t seq)
{
	uint64_t read = p->read.n ? p->read.seq + 1 : p->first;
	return seq >= read && seq <= p->write.seq;
}

static struct page *page_with(const struct list *pages, uint64_t seq)
{
	list_each(it, pages)
		if (may_have(list_entry(it, struct page, link), seq))
			return list_entry(it, struct page, link);
	return NULL;
}

/* The first that ends with that number or a higher one. */
static struct trail_shelf *shelf_from(const struct trail *t, uint64_t seq)
{
	size_t low = t->shelved_at, high = t->shelved_end;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (t->shelves[mid].last < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->shelved_end ? &t->shelves[low] : NULL;
}

static struct trail_shelf *shelf_with(const struct trail *t, uint64_t seq)
{
	struct trail_shelf *s = shelf_from(t, seq);
	return s && s->first <= seq ? s : NULL;
}

static void note_taken(struct trail *t, uint64_t seq, uint64_t body_bytes)
{
	ranges_add(&t->taken, (struct record_range){ seq, 1 });
	t->body_bytes -= body_bytes;
	t->count--;
}

static void take_from_page(struct trail *t, const struct list *pages, struct page *p, uint64_t seq,
                           uint64_t body_bytes)
{
	p->taken++;
	p->body_bytes -= body_bytes;
	note_taken(t, seq, body_bytes);
	if (is_thin(t, p))
		thin(t, pages, p);
	else if (p == first_page(t))
		pass_taken(t);
	else if (left_in(p) == 0)
		page_pass(t, p);
}

/* The first one may be on its way already: it comes, and nothing of it is met. */
static void take_from_shelf(struct trail *t, struct trail_shelf *s, uint64_t seq,
                            uint64_t body_bytes, struct trail_emptied *emptied)
{
	size_t i = (size_t)(s - t->shelves);
	s->taken++;
	s->body_bytes -= body_bytes;
	note_taken(t, seq, body_bytes);
	if (s->taken < s->n || (t->coming && i == t->shelved_at))
		return;
	*emptied = (struct trail_emptied){ s->at, s->bytes };
	ranges_remove(&t->taken, (struct record_range){ s->first, s->last - s->first + 1 });
	memmove(s, s + 1, (t->shelved_end - i - 1) * sizeof *s);
	t->shelved_end--;
	join_rest(t);
}

bool trail_take(struct trail *t, uint64_t seq, uint64_t body_bytes, struct trail_emptied *emptied)
{
	*emptied = (struct trail_emptied){ 0 };
	if (ranges_hold(&t->taken, seq))
		return false;
	struct trail_shelf *s = shelf_with(t, seq);
	if (s) {
		take_from_shelf(t, s, seq, body_bytes, emptied);
		return true;
	}
	const struct list *pages = &t->pages;
	struct page *p = page_with(pages, seq);
	if (!p)
		p = page_with(pages = &t->rest, seq);
	if (p)
		take_from_page(t, pages, p, seq, body_bytes);
	return p != NULL;
}

bool trail_has(const struct trail *t, uint64_t seq)
{
	return !ranges_hold(&t->taken, seq) &&
	       (shelf_with(t, seq) || page_with(&t->pages, seq) || page_with(&t->rest, seq));
}

/* ---- walking ---- */

bool trail_next_page(const struct trail *t, struct trail_walk *w, uint64_t *n, uint64_t *bytes,
                     log_position *low, log_position *high)
{
	const struct list *it = w->page ? w->page->next : t->pages.next;
	if (it == &t->pages)
		return false;
	const struct page *p = list_entry(it, struct page, link);
	must(p->taken == 0);
	*n = p->write.n - p->read.n;
	*bytes = p->body_bytes;
	*low = p->low;
	*high = p->high;
	*w = (struct trail_walk){ it,          p->read.n,        p->read.at,
		                      p->read.seq, p->read.position, p->read.size };
	return true;
}

bool trail_next(struct trail_walk *w, struct trail_entry *out)
{
	const struct page *p = list_entry(w->page, struct page, link);
	struct place r = { w->n, w->at, w->seq, w->position, w->size };
	if (r.n == p->write.n)
		return false;
	*out = next(p, &r);
	*w = (struct trail_walk){ w->page, r.n, r.at, r.seq, r.position, r.size };
	return true;
}

static size_t page_bytes(const struct page *p)
{
	return p->cap ? p->cap : p->write.at;
}

/* ---- reading ---- */

static const struct page *page_from(const struct list *pages, uint64_t seq)
{
	list_each(it, pages)
		if (list_entry(it, struct page, link)->write.seq >= seq)
			return list_entry(it, struct page, link);
	return NULL;
}

static void copy_bytes(struct trail_leaf *l, struct slice bytes)
{
	l->end = (uint32_t)bytes.n;
	l->bytes = mem_alloc(bytes.n);
	memcpy(l->bytes, bytes.p, bytes.n);
	l->walk = l->begin;
}

static void leaf_of_page(struct trail_leaf *l, const struct page *p)
{
	const struct place *r = &p->read;
	l->first = r->n ? r->seq + 1 : p->first;
	l->last = p->write.seq;
	l->begin = (struct trail_walk){ .seq = r->seq, .position = r->position, .size = r->size };
	copy_bytes(l, slice_of(p->bytes + r->at, p->write.at - r->at));
}

static bool leaf_has(const struct trail_leaf *l, uint64_t seq)
{
	return l->bytes && l->first <= seq && seq <= l->last;
}

enum trail_where trail_seek(const struct trail *t, uint64_t seq, struct trail_leaf *leaf,
                            log_position *at)
{
	if (leaf_has(leaf, seq)) {
		if (leaf->walk.seq >= seq)
			leaf->walk = leaf->begin;
		return TRAIL_HERE;
	}
	const struct page *p = page_from(&t->pages, seq);
	const struct trail_shelf *s = p ? NULL : shelf_from(t, seq);
	trail_leaf_free(leaf);
	if (s) {
		leaf->first = s->first;
		leaf->last = s->last;
		*at = s->at;
		return TRAIL_SHELVED;
	}
	p = p ? p : page_from(&t->rest, seq);
	if (!p)
		return TRAIL_NOWHERE;
	leaf_of_page(leaf, p);
	return TRAIL_HERE;
}

struct narrowing {
	uint64_t wall_ms, *low, *high;
};

/* Goes on to a page; false when no further one matters. */
static bool narrow(const struct narrowing *n, uint64_t latest_ms, uint64_t last)
{
	bool is_late = latest_ms >= n->wall_ms;
	if (is_late && last < *n->high)
		*n->high = last + 1;
	if (latest_ms && !is_late && last >= *n->low)
		*n->low = last + 1;
	return !is_late;
}

static bool narrow_pages(const struct narrowing *n, const struct list *pages)
{
	list_each(it, pages) {
		const struct page *p = list_entry(it, struct page, link);
		if (!narrow(n, p->latest_ms, p->write.seq))
			return false;
	}
	return true;
}

static bool narrow_shelves(const struct narrowing *n, const struct trail *t)
{
	for (size_t i = t->shelved_at; i < t->shelved_end; i++)
		if (!narrow(n, t->shelves[i].latest_ms, t->shelves[i].last))
			return false;
	return true;
}

void trail_since(const struct trail *t, uint64_t wall_ms, uint64_t *low, uint64_t *high)
{
	struct narrowing n = { wall_ms, low, high };
	if (narrow_pages(&n, &t->pages) && narrow_shelves(&n, t))
		narrow_pages(&n, &t->rest);
}

bool trail_leaf_take(struct trail_leaf *l, struct slice bytes)
{
	if (bytes.n > UINT32_MAX || !count_entries(bytes.p, (uint32_t)bytes.n))
		return false;
	copy_bytes(l, bytes);
	return true;
}

bool trail_leaf_next(struct trail_leaf *l, struct trail_entry *out)
{
	struct trail_walk *w = &l->walk;
	struct place r = { w->n, w->at, w->seq, w->position, w->size };
	if (r.at == l->end)
		return false;
	*out = decode(l->bytes, l->end, &r);
	*w = (struct trail_walk){ NULL, r.n, r.at, r.seq, r.position, r.size };
	return true;
}

/* Of a shelved page that is not on its way, as it is now. */
static bool is_copy(const struct trail *t, const struct trail_leaf *l, const struct trail_shelf *s)
{
	return l->bytes && l->first == s->first && l->last == s->last &&
	       count_entries(l->bytes, l->end) == s->n && !(t->coming && s == first_shelf(t));
}

static void shelve_again(struct trail_shelf *s, const struct page *p)
{
	must(p->body_bytes == s->body_bytes);
	s->first = p->first;
	s->last = p->write.seq;
	s->low = p->low;
	s->high = p->high;
	s->n = p->write.n;
	s->bytes = p->write.at;
	s->taken = 0;
}

bool trail_thin_shelf(struct trail *t, const struct trail_leaf *l, struct buf *out,
                      struct trail_emptied *old)
{
	struct trail_shelf *s = shelf_with(t, l->first);
	if (!t->exact || !s || s->taken <= s->n - s->taken || !is_copy(t, l, s))
		return false;
	struct page *dense = page_new();
	struct place r = { 0 };
	while (r.at < l->end) {
		struct trail_entry e = decode(l->bytes, l->end, &r);
		if (!ranges_hold(&t->taken, e.seq))
			page_push(dense, e);
	}
	*old = (struct trail_emptied){ s->at, s->bytes };
	ranges_remove(&t->taken, (struct record_range){ s->first, s->last - s->first + 1 });
	shelve_again(s, dense);
	buf_append(out, dense->bytes, dense->write.at);
	page_free(dense);
	return true;
}

void trail_leaf_free(struct trail_leaf *l)
{
	mem_free(l->bytes);
	*l = (struct trail_leaf){ 0 };
}

size_t trail_footprint(const struct trail *t)
{
	size_t n = t->shelves_cap * sizeof *t->shelves;
	list_each(it, &t->pages)
		n += sizeof(struct page) + page_bytes(list_entry(it, struct page, link));
	list_each(it, &t->rest)
		n += sizeof(struct page) + page_bytes(list_entry(it, struct page, link));
	return n + t->taken.n * sizeof(struct record_range);
}
