/* SPDX-License-Identifier: Apache-2.0 */
/* Queues, exchanges and virtual hosts are met by their names: a list in that order is streamed,
 * each row goes out as it is met, and what comes before and behind a page is counted only.  In
 * another order, the rows that belong to the pages up to the one that is wanted stand in a ranking
 * as they will be shown; by name over several virtual hosts, or backwards, these are among the
 * first or the last of each. */
#include "management/rows.h"

#include <inttypes.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "broker/channel.h"
#include "broker/user.h"
#include "management/host.h"
#include "management/http_user.h"
#include "management/piece.h"
#include "management/row_field.h"

enum {
	COST_LOOK = 1,               /* a row that is not shown ... */
	COST_ROW = 8,                /* ... and one that is */
	PIECE_COST = 4000,
	PIECE_STEPS = 40000,         /* of patterns: about a millisecond */
};

/* ---- kinds ---- */

static const struct kind {
	enum {
		AS_MADE,
		BY_NAME,                 /* in virtual hosts, which are met by theirs */
		FEW,                     /* never too many to be put in order all together */
	} met;
	enum {
		BY_ALL,                  /* or who sees its virtual host, where it lies in one */
		WITH_VHOST,              /* which is not looked at before */
		BY_OWNER,                /* and by those who monitor */
	} seen;
	bool counted;                /* a virtual host knows how many it has */
	bool summed;                 /* their traffic is a sum */
} kinds[] = {
	[ROSTER_VHOSTS] = { .met = BY_NAME, .seen = WITH_VHOST, .summed = true },
	[ROSTER_VHOST_LIMITS] = { .met = BY_NAME, .seen = WITH_VHOST },
	[ROSTER_USERS] = { .met = FEW },
	[ROSTER_USER_LIMITS] = { .met = FEW },
	[ROSTER_PERMISSIONS] = { .met = FEW },
	[ROSTER_TOPIC_PERMISSIONS] = { .met = FEW },
	[ROSTER_QUEUES] = { .met = BY_NAME, .counted = true },
	[ROSTER_STREAMS] = { .met = BY_NAME },
	[ROSTER_EXCHANGES] = { .met = BY_NAME, .counted = true },
	[ROSTER_BINDINGS] = { .met = AS_MADE },
	[ROSTER_CONNECTIONS] = { .met = AS_MADE, .seen = BY_OWNER, .summed = true },
	[ROSTER_CHANNELS] = { .met = AS_MADE, .seen = BY_OWNER },
	[ROSTER_CONSUMERS] = { .met = AS_MADE, .seen = WITH_VHOST },
	[ROSTER_DELIVERIES] = { .met = AS_MADE, .seen = WITH_VHOST },
	[ROSTER_POLICIES] = { .met = FEW },
	[ROSTER_OPERATOR_POLICIES] = { .met = FEW },
	[ROSTER_PARAMETERS] = { .met = FEW },
	[ROSTER_GLOBAL_PARAMETERS] = { .met = FEW },
};

/* ---- one row ---- */

/* How many objects two paths share. */
static size_t common(const char *a, const char *b)
{
	size_t shared = 0;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			shared = i + 1;
	return shared;
}

static size_t dots(const char *path)
{
	size_t n = 0;
	for (; *path; path++)
		n += *path == '.';
	return n;
}

static void put_key(struct buf *out, const char *name, size_t n)
{
	uint8_t last = out->p[out->len - 1];
	buf_printf(out, "%s\"%.*s\":", last == '{' ? "" : ",", (int)n, name);
}

/* From the object that before lay in to the one that path lies in. */
static void move_to(struct buf *out, const char *before, const char *path)
{
	size_t shared = common(before, path);
	for (size_t n = dots(before + common(path, before)); n; n--)
		buf_u8(out, '}');
	for (const char *dot; (dot = strchr(path + shared, '.'));) {
		put_key(out, path + shared, (size_t)(dot - path) - shared);
		buf_u8(out, '{');
		shared = (size_t)(dot - path) + 1;
	}
	put_key(out, path + shared, strlen(path + shared));
}

void rows_put_open(struct rows *w, const struct roster_row *row, struct buf *out)
{
	const char *before = "";
	struct roster_row seen = *row;
	seen.spans = w->spans;
	buf_u8(out, '{');
	for (size_t i = 0; i < w->n; i++) {
		buf_clear(&w->room);
		struct cell c = w->values[i](&seen, &w->room);
		if (c.kind == CELL_ABSENT)
			continue;
		move_to(out, before, w->fields[i]->path);
		cell_put_value(out, c);
		before = w->fields[i]->path;
	}
	for (size_t n = dots(before); n; n--)
		buf_u8(out, '}');
}

/* ---- which rows, and how ---- */

static column_value *find(const struct rows *w, struct slice path)
{
	size_t count;
	const struct row_field *all = row_fields(&count);
	for (size_t i = 0; i < count; i++)
		if (all[i].kind == w->kind && slice_is(path, all[i].path))
			return row_field_value(&all[i]);
	return NULL;
}

void rows_begin(struct rows *w, struct host *h, enum roster_kind kind)
{
	size_t count;
	const struct row_field *all = row_fields(&count);
	*w = (struct rows){ .broker = h->broker, .kind = kind,
		                .ranking = { .most_bytes = ROWS_KEPT_MAX_BYTES,
		                             .together = &h->ranked_bytes } };
	for (size_t i = 0; i < count; i++) {
		if (all[i].kind != kind || all[i].hidden)
			continue;
		must(w->n < ROWS_FIELDS_MAX);
		w->values[w->n] = row_field_value(&all[i]);
		w->fields[w->n++] = &all[i];
	}
	w->by_vhost = find(w, slice_str("vhost"));
	w->by_name = find(w, slice_str("name"));
	w->by_user = find(w, slice_str("user"));
	if (kinds[kind].summed)
		counters_settle(h->broker);
}

void rows_match(struct rows *w, const char *path, struct slice text)
{
	must(w->n_matches < ROWS_MATCHES_MAX);
	w->matches[w->n_matches].value = find(w, slice_str(path));
	must(w->matches[w->n_matches].value);
	w->matches[w->n_matches++].text = text;
}

static bool is_chosen(const char *path, struct slice paths)
{
	while (paths.n) {
		struct slice one = slice_cut(&paths, ',');
		bool begins = one.n && strncmp(path, (const char *)one.p, one.n) == 0;
		if (begins && (path[one.n] == '\0' || path[one.n] == '.'))
			return true;
		if (one.n > strlen(path) && slice_starts(one, path) && one.p[strlen(path)] == '.')
			return true;
	}
	return false;
}

void rows_choose(struct rows *w, struct slice paths)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->n; i++) {
		if (!is_chosen(w->fields[i]->path, paths))
			continue;
		w->values[kept] = w->values[i];
		w->fields[kept++] = w->fields[i];
	}
	w->n = kept;
}

bool rows_sort(struct rows *w, struct slice path, bool reverse)
{
	w->sort = find(w, path);
	w->reverse = reverse;
	return w->sort != NULL;
}

bool rows_name(struct rows *w, struct slice text, bool is_pattern, struct buf *why)
{
	struct pattern_fault fault;
	if (text.n > ROWS_NAME_MAX_BYTES) {
		buf_printf(why, "the name is longer than %d bytes", ROWS_NAME_MAX_BYTES);
		return false;
	}
	if (!is_pattern) {
		w->name = mem_own(text);
		return true;
	}
	w->pattern = pattern_new(text, &fault);
	if (!w->pattern)
		buf_printf(why, "invalid regular expression: %s, at byte %zu", fault.text, fault.at);
	else
		w->search = pattern_room_new();
	return w->pattern != NULL;
}

void rows_page(struct rows *w, uint64_t page, uint64_t size)
{
	w->page = page;
	w->page_size = size;
}

void rows_bound_from(struct rows *w, struct vhost *v, struct exchange *source)
{
	tour_begin_from(&w->tour, v, source);
}

void rows_bound_to(struct rows *w, struct vhost *v, struct destination to)
{
	tour_begin_to(&w->tour, v, to);
}

void rows_end(struct rows *w)
{
	tour_end(&w->tour);
	mem_disown(w->name);
	pattern_free(&w->pattern);
	pattern_room_free(&w->search);
	ranking_free(&w->ranking);
	buf_free(&w->room);
	buf_free(&w->key);
	buf_free(&w->text);
}

/* ---- which order ---- */

/* With one virtual host the order of the names is the order of all. */
static bool is_one_vhost(const struct rows *w)
{
	return w->vhost.p || !roster_lies_in_vhosts(w->kind) || w->broker->vhosts.count == 1;
}

static void choose_order(struct rows *w)
{
	bool by_name = w->sort && w->sort == w->by_name;
	const struct kind *k = &kinds[w->kind];
	bool met = k->met == BY_NAME && (!w->sort || (by_name && !w->reverse && is_one_vhost(w)));
	bool narrowed = w->n_matches || w->wanted || w->name.p || w->pattern;
	w->ranked = !met && (w->sort || w->page_size || k->met == FEW);
	w->ranking.reverse = w->reverse;
	w->counted = k->counted && (met || by_name) && !narrowed;
}

/* ---- walking ---- */

static uint64_t page_begin(const struct rows *w)
{
	return w->page_size ? (w->page - 1) * w->page_size : 0;
}

static uint64_t page_end(const struct rows *w)
{
	return w->page_size ? w->page * w->page_size : SIZE_MAX;
}

static uint64_t within(uint64_t n, uint64_t least, uint64_t most)
{
	return n < least ? least : n > most ? most : n;
}

/* What is in the virtual host is counted; of the rows those are to be met that may be shown. */
static void count_vhost(struct rows *w, const struct vhost *v)
{
	uint64_t n = roster_count(v, w->kind), before = w->ranked ? 0 : w->seen;
	uint64_t begin = w->ranked ? 0 : within(page_begin(w), before, before + n) - before;
	uint64_t end = within(page_end(w), before, before + n) - before;
	w->left = end - begin;
	w->seen += n;
	w->found += n;
	if (w->left)
		tour_pass(&w->tour, w->reverse ? n - w->left : begin);
	else
		tour_skip(&w->tour);
}

static enum tour_answer next_row(struct rows *w, const struct user *u, struct roster_row *row)
{
	enum tour_answer a;
	while ((a = tour_next(&w->tour, row)) == TOUR_VHOST) {
		if (!http_user_sees(u, row->vhost))
			tour_skip(&w->tour);
		else if (w->counted)
			count_vhost(w, row->vhost);
	}
	if (a == TOUR_ROW && w->counted && --w->left == 0)
		tour_skip(&w->tour);
	return a;
}

static bool is_visible(const struct rows *w, const struct user *u, const struct roster_row *row)
{
	const struct connection *c = row->connection;
	switch (kinds[w->kind].seen) {
	case BY_OWNER:
		must(c);
		return http_user_is(u, "monitoring") || http_user_has(u, c);
	case WITH_VHOST: return http_user_sees(u, row->vhost);
	default: return true;
	}
}

static bool has_text(struct rows *w, column_value *value, const struct roster_row *row,
                     struct slice text)
{
	buf_clear(&w->room);
	struct cell c = value(row, &w->room);
	bool is_text = c.kind == CELL_TEXT || c.kind == CELL_ATOM;
	return is_text ? slice_eq(c.text, text) : text.n == 0 && c.kind == CELL_EMPTY;
}

static bool matches(struct rows *w, const struct roster_row *row)
{
	if (w->wanted && !w->wanted(row))
		return false;
	for (size_t i = 0; i < w->n_matches; i++)
		if (!has_text(w, w->matches[i].value, row, w->matches[i].text))
			return false;
	return true;
}

static bool has_name(struct rows *w, const struct roster_row *row)
{
	column_value *value = w->name.p || w->pattern ? w->by_name : NULL;
	buf_clear(&w->room);
	if (!value)
		return true;
	struct slice name = value(row, &w->room).text;
	if (w->pattern) {
		bool found = pattern_search(w->pattern, w->search, name) == PATTERN_FOUND;
		w->steps += pattern_steps(w->search);
		return found;
	}
	return memmem(name.p, name.n, w->name.p, w->name.n) != NULL;
}

/* ---- in an order ---- */

/* So that bytes are in the order of the values: numbers before texts. */
static void put_in_key(struct buf *key, struct cell c)
{
	switch (c.kind) {
	case CELL_NUMBER:
	case CELL_INTEGER:
		buf_u8(key, 1);
		for (int shift = 56; shift >= 0; shift -= 8)
			buf_u8(key, (uint8_t)((c.number ^ (c.kind == CELL_INTEGER ? 1ull << 63 : 0)) >> shift));
		break;
	case CELL_BOOLEAN: buf_u8(key, c.boolean ? 2 : 1); break;
	case CELL_ATOM:
	case CELL_TEXT:
		buf_u8(key, 3);
		buf_append_slice(key, c.text);
		buf_u8(key, 0);
		break;
	default: buf_u8(key, 0);
	}
}

static void add_to_key(struct rows *w, const struct roster_row *row, column_value *by)
{
	buf_clear(&w->room);
	if (by)
		put_in_key(&w->key, by(row, &w->room));
}

static void make_key(struct rows *w, const struct roster_row *row)
{
	buf_clear(&w->key);
	add_to_key(w, row, w->sort ? w->sort : w->by_vhost);
	if (!w->sort)
		add_to_key(w, row, w->by_name ? w->by_name : w->by_user);
}

static void give_up(struct rows *w, enum ranking_answer why)
{
	w->busy = why == RANKING_BUSY;
	w->trouble = w->busy
	                 ? "too many long lists are put in order at once: try again in a moment"
	                 : "the list is too long to be put in order: ask for pages, or for few columns";
	ranking_free(&w->ranking);
}

/* False: it is not among the best, which was seen in a moment. */
static bool rank(struct rows *w, const struct roster_row *row)
{
	make_key(w, row);
	if (!ranking_admits(&w->ranking, buf_slice(&w->key)))
		return false;
	buf_clear(&w->text);
	rows_put_open(w, row, &w->text);
	buf_u8(&w->text, '}');
	enum ranking_answer a = ranking_add(&w->ranking, buf_slice(&w->key), buf_slice(&w->text));
	if (a != RANKING_KEPT)
		give_up(w, a);
	return true;
}

/* ---- going on ---- */

static void open_list(const struct rows *w, struct buf *out)
{
	buf_printf(out, w->page_size ? "{\"items\":[" : "[");
}

/* What comes before a row. */
static void open_row(struct rows *w, struct buf *out)
{
	if (w->shown++)
		buf_u8(out, ',');
	else
		open_list(w, out);
}

/* False: it has not the name; else it was counted. */
static bool count_row(struct rows *w, const struct roster_row *row)
{
	if (w->counted)
		return true;
	w->seen++;
	bool found = has_name(w, row);
	w->found += found;
	return found;
}

/* Returns what it cost. */
static unsigned take_row(struct rows *w, const struct roster_row *row, struct buf *out)
{
	if (!count_row(w, row))
		return COST_LOOK;
	if (w->ranked)
		return rank(w, row) ? COST_ROW : COST_LOOK;
	if (!w->counted && (w->found <= page_begin(w) || w->found > page_end(w)))
		return COST_LOOK;
	open_row(w, out);
	rows_put_open(w, row, out);
	buf_u8(out, '}');
	return COST_ROW;
}

/* False when there are no more. */
static bool walk_on_rows(struct rows *w, const struct user *u, struct buf *out)
{
	struct roster_row row = { 0 };
	tour_go_on(&w->tour);
	w->steps = 0;
	unsigned cost = 0;
	while (cost < PIECE_COST && out->len < PIECE_BYTES && !w->trouble) {
		if (w->steps > PIECE_STEPS)
			return true;
		enum tour_answer a = next_row(w, u, &row);
		if (a == TOUR_NOT_YET)
			return true;
		if (a == TOUR_END)
			return false;
		cost += is_visible(w, u, &row) && matches(w, &row) ? take_row(w, &row, out) : COST_LOOK;
	}
	return true;
}

static void close_list(const struct rows *w, struct buf *out)
{
	uint64_t size = w->page_size;
	if (!w->shown)
		open_list(w, out);
	buf_u8(out, ']');
	if (size)
		buf_printf(out, ",\"filtered_count\":%" PRIu64 ",\"item_count\":%" PRIu64
		           ",\"page\":%" PRIu64 ",\"page_count\":%" PRIu64 ",\"page_size\":%" PRIu64
		           ",\"total_count\":%" PRIu64 "}",
		           w->found, w->shown, w->page, w->found ? (w->found + size - 1) / size : 1, size,
		           w->seen);
}

/* Those of a virtual host, if there is such, or of all; or they are begun. */
static void begin_tour(struct rows *w)
{
	struct vhost *v = NULL;
	if (w->tour.broker)
		return;
	if (!w->vhost.p || !roster_lies_in_vhosts(w->kind))
		tour_begin(&w->tour, w->broker, w->kind);
	else if ((v = vhost_find(w->broker, w->vhost)))
		tour_begin_in(&w->tour, v, w->kind);
}

static void begin(struct rows *w)
{
	choose_order(w);
	w->ranking.most = (size_t)page_end(w);
	w->at = (size_t)page_begin(w);
	begin_tour(w);
	w->phase = ROWS_WALK;
}

static bool show_on(struct rows *w, struct buf *out)
{
	while (w->at < ranking_count(&w->ranking) && out->len < PIECE_BYTES) {
		open_row(w, out);
		buf_append_slice(out, ranking_get(&w->ranking, w->at++));
	}
	return w->at < ranking_count(&w->ranking);
}

bool rows_go_on(struct rows *w, const struct user *u, struct buf *out)
{
	if (w->phase == ROWS_BEGIN)
		begin(w);
	if (w->phase == ROWS_WALK) {
		if (walk_on_rows(w, u, out))
			return !w->trouble;
		w->phase = w->ranked ? ROWS_SORT : ROWS_SHOW;
		if (w->page > 1 && w->found <= page_begin(w))
			w->trouble = "page out of range";
	}
	if (w->trouble)
		return false;
	if (w->phase == ROWS_SORT) {
		if (!ranking_sort(&w->ranking))
			return true;
		w->phase = ROWS_SHOW;
	}
	if (w->ranked && show_on(w, out))
		return true;
	close_list(w, out);
	return false;
}
