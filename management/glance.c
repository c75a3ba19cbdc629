/* SPDX-License-Identifier: Apache-2.0 */
#include "management/glance.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "management/format.h"

static const struct {
	uint8_t letter;
	const char *name, *sort;
} orders[] = {
	[GLANCE_MESSAGES] = { 'm', "messages", "messages" },
	[GLANCE_RATE] = { 'r', "rate", "traffic" },
	[GLANCE_UNACKED] = { 'u', "unacknowledged", "unacknowledged" },
	[GLANCE_BYTES] = { 'b', "bytes", "bytes" },
};

bool glance_find_order(struct slice name, enum glance_order *out)
{
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		if (slice_is(name, orders[i].name) || (name.n == 1 && name.p[0] == orders[i].letter)) {
			*out = (enum glance_order)i;
			return true;
		}
	return false;
}

const char *glance_sort(enum glance_order o)
{
	return orders[o].sort;
}

/* ---- taking in ---- */

/* Of a line of rank_queues; key is borrowed. */
static bool read_row(struct slice line, struct glance_row *out)
{
	struct slice rest = line;
	uint64_t ack = 0;
	uint64_t *const numbers[] = { &out->messages, &out->unacked, &out->bytes, &out->consumers,
		                          &out->in, &out->out, &ack };
	size_t vhost = slice_cut(&rest, '\t').n, name = slice_cut(&rest, '\t').n;
	out->key = slice_of(line.p, vhost + 1 + name);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (!quantity_count(slice_cut(&rest, '\t'), numbers[i]))
			return false;
	return vhost + 1 + name < line.n;
}

static struct glance_row *find(const struct glance *g, struct slice key)
{
	for (size_t i = 0; i < g->n; i++)
		if (slice_eq(g->rows[i].key, key))
			return &g->rows[i];
	return NULL;
}

static double per_second(uint64_t now, uint64_t before, uint64_t ms)
{
	return ms && now > before ? 1e3 * (double)(now - before) / (double)ms : 0;
}

/* What is new of it; one that was not seen at the look before begins anew. */
static void renew(struct glance_row *r, const struct glance_row *now, uint64_t look, uint64_t ms)
{
	bool again = r->look && r->look + 1 == look;
	struct glance_row old = *r;
	*r = *now;
	r->key = old.key;
	r->look = look;
	r->in_rate = again ? per_second(now->in, old.in, ms) : 0;
	r->out_rate = again ? per_second(now->out, old.out, ms) : 0;
	memcpy(r->depths, old.depths, sizeof r->depths);
	r->n_depths = again ? old.n_depths : 0;
	memmove(r->depths, r->depths + 1, sizeof r->depths - sizeof *r->depths);
	r->depths[GLANCE_DEPTHS - 1] = now->messages;
	r->n_depths += r->n_depths < GLANCE_DEPTHS;
}

/* Those not seen at the last two looks are forgotten when there is no room. */
static struct glance_row *make_room(struct glance *g, struct slice key)
{
	size_t kept = 0;
	for (size_t i = 0; g->n == GLANCE_MAX && i < GLANCE_MAX; i++) {
		if (g->rows[i].look + 1 >= g->look)
			g->rows[kept++] = g->rows[i];
		else
			mem_disown(g->rows[i].key);
		if (i == GLANCE_MAX - 1)
			g->n = kept;
	}
	if (g->n == GLANCE_MAX)
		return NULL;
	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 64;
		g->rows = mem_realloc(g->rows, g->cap * sizeof *g->rows);
	}
	g->rows[g->n] = (struct glance_row){ .key = mem_own(key) };
	return &g->rows[g->n++];
}

bool glance_take(struct glance *g, struct slice rows, uint64_t now_ms)
{
	uint64_t ms = now_ms - g->at_ms;
	struct glance_row now = { 0 };
	g->look++;
	g->at_ms = now_ms;
	for (bool first = true; rows.n; first = false) {
		if (!read_row(slice_cut(&rows, '\n'), &now))
			return false;
		struct glance_row *r = first ? &g->all : find(g, now.key);
		if (!r)
			r = make_room(g, now.key);
		if (first) {
			mem_disown(g->all.key);
			g->all.key = mem_own(now.key);
		}
		if (r)
			renew(r, &now, g->look, ms);
	}
	return true;
}

/* ---- order ---- */

static double weight(const struct glance_row *r, enum glance_order o)
{
	switch (o) {
	case GLANCE_RATE: return r->in_rate + r->out_rate;
	case GLANCE_UNACKED: return (double)r->unacked;
	case GLANCE_BYTES: return (double)r->bytes;
	default: return (double)r->messages;
	}
}

/* Those seen last come first. */
static int compare(const struct glance_row *a, const struct glance_row *b, enum glance_order o)
{
	if (a->look != b->look)
		return a->look < b->look ? 1 : -1;
	double x = weight(a, o), y = weight(b, o);
	return x < y ? 1 : x > y ? -1 : slice_order(a->key, b->key);
}

static int by_order(const void *a, const void *b, void *order)
{
	return compare(a, b, *(enum glance_order *)order);
}

void glance_arrange(struct glance *g)
{
	if (g->n)
		qsort_r(g->rows, g->n, sizeof *g->rows, by_order, &g->order);
}

/* ---- a picture ---- */

static void put_short(struct buf *out, double v)
{
	static const char units[] = " kMGTPE";
	size_t u = 0;
	for (; v >= 9999.5 && u < sizeof units - 2; u++)
		v /= 1e3;
	if (u)
		buf_printf(out, "%8.0f%c", v, units[u]);
	else
		buf_printf(out, "%9.0f", v);
}

/* Eighths of the most there was. */
static void put_spark(struct buf *out, const struct glance_row *r, size_t bars_most)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	uint64_t most = 1;
	size_t n = r->n_depths < bars_most ? r->n_depths : bars_most;
	for (size_t i = GLANCE_DEPTHS - n; i < GLANCE_DEPTHS; i++)
		most = r->depths[i] > most ? r->depths[i] : most;
	for (size_t i = GLANCE_DEPTHS - n; i < GLANCE_DEPTHS; i++)
		buf_printf(out, "%s", bars[(size_t)(7. * (double)r->depths[i] / (double)most)]);
}

/* Cut to the width, or filled up to it. */
static void put_cut(struct buf *out, struct slice text, size_t width)
{
	struct slice cut = format_cut(text, width);
	buf_append_slice(out, cut);
	for (size_t shown = format_width(cut); shown < width; shown++)
		buf_u8(out, ' ');
}

static void put_name(struct buf *out, struct slice key, size_t width)
{
	struct buf name = { 0 };
	struct slice rest = key, vhost = slice_cut(&rest, '\t');
	if (!slice_is(vhost, "/") && vhost.n) {
		buf_append_slice(&name, vhost);
		buf_u8(&name, '/');
	}
	buf_append_slice(&name, rest);
	put_cut(out, buf_slice(&name), width);
	buf_free(&name);
}

enum { NUMBERS_WIDTH = 6 * 9, NAME_LEAST = 16 };

struct widths {
	size_t name, bars;
};

/* What is left beside the numbers is for names, then for the depths, then for names again. */
static struct widths widths_in(size_t columns)
{
	size_t left = columns > NUMBERS_WIDTH + NAME_LEAST + 2
	              ? columns - NUMBERS_WIDTH - NAME_LEAST - 2 : 0;
	struct widths w = { .bars = left < GLANCE_DEPTHS ? left : GLANCE_DEPTHS };
	w.name = NAME_LEAST + left - w.bars;
	return w;
}

static void put_line(const struct glance_row *r, struct widths w, struct buf *out)
{
	put_name(out, r->key, w.name);
	put_short(out, (double)r->messages);
	put_short(out, (double)r->unacked);
	put_short(out, (double)r->bytes);
	put_short(out, (double)r->consumers);
	put_short(out, r->in_rate);
	put_short(out, r->out_rate);
	if (w.bars)
		buf_u8(out, ' ');
	put_spark(out, r, w.bars);
	buf_u8(out, '\n');
}

void glance_print(const struct glance *g, size_t most, size_t width, bool color, struct buf *out)
{
	struct widths w = widths_in(width);
	buf_printf(out, "%s", color ? "\033[1m" : "");
	put_cut(out, slice_str("queue"), w.name);
	buf_printf(out, " messages  unacked    bytes consumrs     in/s    out/s%s\n",
	           color ? "\033[0m" : "");
	if (g->look)
		put_line(&g->all, w, out);
	for (size_t i = 0; i < g->n && i < most && g->rows[i].look == g->look; i++)
		put_line(&g->rows[i], w, out);
}

void glance_free(struct glance *g)
{
	for (size_t i = 0; i < g->n; i++)
		mem_disown(g->rows[i].key);
	mem_disown(g->all.key);
	mem_free(g->rows);
	*g = (struct glance){ 0 };
}
