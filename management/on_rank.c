/* SPDX-License-Identifier: Apache-2.0 */
/* The queues that come first when all are put in an order, and what all amount to: what leveretctl
 * top shows.  They are met over many turns, and only the best are kept. */
#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/endian.h"
#include "base/quantity.h"
#include "broker/counters.h"
#include "broker/state.h"
#include "broker/tour.h"
#include "management/call.h"
#include "management/ranking.h"
#include "management/verbs.h"
#include "queue/queue.h"

enum { RANKED = 20, RANKED_MAX = 1000, RANKED_BYTES_MAX = 4 << 20, PIECE_ROWS = 200,
	   MET_AT_ONCE = 1000, NUMBERS = 7 };

enum key { KEY_MESSAGES, KEY_UNACKED, KEY_BYTES, KEY_CONSUMERS, KEY_TRAFFIC, KEYS };

static const char *const keys[KEYS] = {
	[KEY_MESSAGES] = "messages", [KEY_UNACKED] = "unacknowledged", [KEY_BYTES] = "bytes",
	[KEY_CONSUMERS] = "consumers", [KEY_TRAFFIC] = "traffic",
};

static const char *const columns[] = {
	"vhost", "name", "messages", "messages_unacknowledged", "message_bytes_ready", "consumers",
	"publish", "deliver_get", "ack",
};

_Static_assert(ARRAY_LEN(columns) == 2 + NUMBERS, "a number for each column");

struct rank {
	struct tour tour;
	struct ranking best;
	enum key key;
	bool met, shows;             /* all of them; those that were best */
	uint64_t queues, sums[NUMBERS];
	size_t shown;
};

static void end(void *kept)
{
	struct rank *r = kept;
	tour_end(&r->tour);
	ranking_free(&r->best);
}

static enum key key_of(struct slice name)
{
	enum key k = KEY_MESSAGES;
	while (k < KEYS && !slice_is(name, keys[k]))
		k++;
	return k;
}

static void look_at(const struct queue *q, uint64_t *numbers)
{
	static const struct traffic none = { 0 };
	const struct traffic *t = q->motion ? &q->motion->traffic : &none;
	uint64_t of[NUMBERS] = { tally_all(q).n, tally_unacked(q).n, q->live->ready_bytes,
		                          q->live->rotation.count, t->publish, traffic_deliver_get(t),
		                          t->ack };
	memcpy(numbers, of, sizeof of);
}

/* What is kept of a queue: the numbers, where its name ends, its name and that of its virtual
 * host. */
static void keep(struct buf *out, struct slice vhost, struct slice name, const uint64_t *numbers)
{
	buf_append(out, numbers, NUMBERS * sizeof *numbers);
	buf_append(out, &name.n, sizeof name.n);
	buf_append_slice(out, name);
	buf_append_slice(out, vhost);
}

static void put_row(struct call *c, struct buf *out, struct slice kept)
{
	uint64_t numbers[NUMBERS];
	size_t n;
	memcpy(numbers, slice_take(&kept, sizeof numbers).p, sizeof numbers);
	memcpy(&n, slice_take(&kept, sizeof n).p, sizeof n);
	struct slice name = slice_take(&kept, n);
	grid_put(&c->grid, cell_slice(kept), out);
	grid_put(&c->grid, cell_slice(name), out);
	for (size_t i = 0; i < NUMBERS; i++)
		grid_put(&c->grid, cell_number(numbers[i]), out);
}

/* ---- meeting them ---- */

static bool begin(struct call *c, struct rank *r)
{
	uint64_t most = RANKED;
	struct slice sort = c->options.sort, number = c->options.number;
	r->key = sort.p ? key_of(sort) : KEY_MESSAGES;
	if (r->key == KEYS)
		call_refuse(c, "--sort takes messages, unacknowledged, bytes, consumers or traffic");
	else if (number.p && (!quantity_count(number, &most) || !most || most > RANKED_MAX))
		call_refuse(c, "--number takes a number from 1 to %d", RANKED_MAX);
	r->best = (struct ranking){ .most = most, .most_bytes = RANKED_BYTES_MAX,
		                             .together = &c->host->ranked_bytes, .reverse = true };
	if (c->code == CALL_EXIT_OK) {
		counters_settle(c->host->broker);
		tour_begin(&r->tour, c->host->broker, ROSTER_QUEUES);
	}
	return c->code == CALL_EXIT_OK;
}

static uint64_t weight(enum key k, const uint64_t *numbers)
{
	return k == KEY_TRAFFIC ? numbers[4] + numbers[5] : numbers[k];
}

static enum ranking_answer meet(struct rank *r, const struct roster_row *row)
{
	uint64_t numbers[NUMBERS];
	struct buf text = { 0 };
	uint8_t key[8];
	look_at(row->queue, numbers);
	for (size_t i = 0; i < NUMBERS; i++)
		r->sums[i] += numbers[i];
	r->queues++;
	put_be64(key, weight(r->key, numbers));
	if (!ranking_admits(&r->best, slice_of(key, sizeof key)))
		return RANKING_KEPT;
	keep(&text, row->vhost->name, queue_name(row->queue), numbers);
	enum ranking_answer a = ranking_add(&r->best, slice_of(key, sizeof key),
	                                    buf_slice(&text));
	buf_free(&text);
	return a;
}

/* True when all were met. */
static bool meet_some(struct call *c, struct rank *r)
{
	struct roster_row row;
	tour_go_on(&r->tour);
	for (int i = 0; i < MET_AT_ONCE; i++) {
		enum tour_answer a = tour_next(&r->tour, &row);
		if (a == TOUR_END)
			return true;
		if (a == TOUR_NOT_YET)
			return false;
		enum ranking_answer kept = a == TOUR_ROW ? meet(r, &row) : RANKING_KEPT;
		if (kept != RANKING_KEPT) {
			call_fail(c, CALL_EXIT_UNAVAILABLE,
			          kept == RANKING_BUSY ? "too many long lists are put in order at once"
			                               : "the names are too long for so many");
			return true;
		}
	}
	return false;
}

/* ---- showing the best ---- */

/* The first row is of all together: its virtual host is empty, its name how many there are. */
static void put_head(struct call *c, const struct rank *r, struct buf *out)
{
	struct buf kept = { 0 };
	char all[32];
	snprintf(all, sizeof all, "%" PRIu64 " queues", r->queues);
	keep(&kept, slice_of("", 0), slice_str(all), r->sums);
	call_grid(c, out, columns, ARRAY_LEN(columns));
	put_row(c, out, buf_slice(&kept));
	buf_free(&kept);
}

static enum call_state show(struct call *c, struct rank *r, struct buf *out)
{
	size_t n = ranking_count(&r->best);
	for (int i = 0; i < PIECE_ROWS && r->shown < n; i++)
		put_row(c, out, ranking_get(&r->best, r->shown++));
	if (r->shown < n)
		return CALL_MORE;
	grid_end(&c->grid, out);
	return CALL_DONE;
}

enum call_state verb_rank_queues(struct call *c, struct buf *out)
{
	struct rank *r = call_keep(c, sizeof *r, end);
	if (!c->begun) {
		call_banner(c, out, "Ranking queues ...");
		return begin(c, r) ? CALL_MORE : CALL_DONE;
	}
	if (r->shows)
		return show(c, r, out);
	if (!r->met)
		r->met = meet_some(c, r);
	if (c->code)
		return CALL_DONE;
	if (!r->met || !ranking_sort(&r->best))
		return CALL_MORE;
	r->shows = true;
	put_head(c, r, out);
	return show(c, r, out);
}
