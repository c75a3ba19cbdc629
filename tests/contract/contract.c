/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "persistence/catalog.h"
#include "persistence/record.h"

enum { MAX_RECORDS = 400, BIG = 100 << 10, PATIENCE = 2000, AT_ONCE = 12, LIMIT_S = 60 };

/* Records are told apart by a number at their beginning. Those that fill a log are spilled
 * messages, which any start ignores. */
struct world {
	const struct rig_ops *ops;
	struct rig *rig;
	struct log *log;
	struct buf why;
	uint64_t now_ms;
	uint32_t n;                  /* records appended by this case */
	log_position at[MAX_RECORDS];
	size_t bytes[MAX_RECORDS];
	uint32_t got[MAX_RECORDS];   /* numbers that a scan gave, in order */
	uint32_t n_got;
	log_position from[MAX_RECORDS];
	const char *broken;
	bool shares;                 /* what is read back is read as by many */
	int line;
};

#define expect(w, cond)                    \
	do {                                   \
		if (!(cond)) {                     \
			(w)->broken = #cond;           \
			(w)->line = __LINE__;          \
			return false;                  \
		}                                  \
	} while (0)

/* ---- steps ---- */

static void fill(uint8_t *p, uint32_t number, size_t bytes)
{
	memset(p, (int)(number * 7 + 1), bytes);
	put_le32(p, number);
}

static bool is_whole(struct slice body, uint32_t number, size_t bytes)
{
	uint8_t *p = mem_alloc(bytes);
	fill(p, number, bytes);
	bool same = slice_eq(body, slice_of(p, bytes));
	mem_free(p);
	return same;
}

static log_position append(struct world *w, uint8_t type, size_t bytes, bool urgent)
{
	must(w->n < MAX_RECORDS && bytes >= 4);
	uint8_t *p = mem_alloc(bytes);
	fill(p, w->n, bytes);
	struct slice parts[3] = { slice_of(p, 4), slice_of(NULL, 0), slice_of(p + 4, bytes - 4) };
	w->bytes[w->n] = bytes;
	w->at[w->n] = log_append(w->log, type, urgent, parts, 3);
	mem_free(p);
	return w->at[w->n++];
}

static struct log_report poll(struct world *w)
{
	struct log_report r;
	log_poll(w->log, &r);
	return r;
}

static void turn(struct world *w)
{
	w->now_ms++;
	log_submit(w->log, w->now_ms);
	w->ops->work(w->rig, w->log);
}

/* Turns until all that was appended is durable. */
static bool settle(struct world *w)
{
	log_position end = log_end(w->log);
	for (int i = 0; i < PATIENCE && poll(w).durable < end && !poll(w).failed; i++)
		turn(w);
	expect(w, !poll(w).failed);
	expect(w, poll(w).durable >= end);
	return true;
}

static bool scan(struct world *w)
{
	struct log_record r;
	int more;
	log_position before = 0;
	w->n_got = 0;
	while ((more = log_next(w->log, &r, &w->why)) == 1) {
		if (r.type != RECORD_SPILL && r.type != RECORD_CHUNK)
			continue;
		expect(w, r.at > before);
		expect(w, r.body.n >= 4 && w->n_got < MAX_RECORDS);
		uint32_t number = get_le32(r.body.p);
		expect(w, number < w->n && is_whole(r.body, number, w->bytes[number]));
		expect(w, r.at == w->at[number]);
		before = r.at;
		w->from[w->n_got] = r.at;
		w->got[w->n_got++] = number;
	}
	expect(w, more == 0);
	return true;
}

static bool open_again(struct world *w)
{
	buf_clear(&w->why);
	expect(w, w->ops->open(w->rig, &w->log, &w->why) == 0);
	return scan(w);
}

static bool cut(struct world *w)
{
	w->ops->cut(w->rig, w->log);
	w->log = NULL;
	return open_again(w);
}

/* What a scan gave is exactly the records from the first to before the last. */
static bool gave(struct world *w, uint32_t first, uint32_t last)
{
	expect(w, w->n_got == last - first);
	for (uint32_t i = 0; i < w->n_got; i++)
		expect(w, w->got[i] == first + i);
	return true;
}

/* ---- appending ---- */

static bool a_record_is_durable_only_when_it_was_handed_over(struct world *w)
{
	log_position at = append(w, RECORD_SPILL, 10, true);
	expect(w, at != 0);
	expect(w, poll(w).durable <= at);
	w->ops->work(w->rig, w->log);
	expect(w, poll(w).durable <= at);
	expect(w, settle(w));
	expect(w, poll(w).durable > at);
	return true;
}

static bool a_batch_is_not_durable_before_it_is_written(struct world *w)
{
	log_position at = append(w, RECORD_SPILL, 10, true);
	log_submit(w->log, ++w->now_ms);
	expect(w, poll(w).durable <= at);
	w->ops->work(w->rig, w->log);
	expect(w, settle(w));
	return true;
}

static bool positions_ascend_and_the_end_lies_behind_them(struct world *w)
{
	log_position before = 0;
	for (size_t i = 0; i < 60; i++) {
		log_position end = log_end(w->log), at = append(w, RECORD_SPILL, 4 + i * i, i % 3 == 0);
		expect(w, at > before && at >= end);
		expect(w, log_end(w->log) > at);
		before = at;
		if (i % 7 == 0)
			turn(w);
		expect(w, poll(w).durable <= log_end(w->log));
	}
	return settle(w);
}

static bool durable_never_falls(struct world *w)
{
	log_position before = poll(w).durable;
	for (int i = 0; i < 40; i++) {
		append(w, RECORD_SPILL, 3000, true);
		turn(w);
		log_position now = poll(w).durable;
		expect(w, now >= before);
		before = now;
	}
	return settle(w);
}

static bool a_lazy_record_waits_no_longer_than_it_may(struct world *w)
{
	log_position at = append(w, RECORD_SPILL, 10, false);
	turn(w);
	for (int i = 0; i < PATIENCE && poll(w).durable <= at; i++) {
		uint64_t next = log_deadline(w->log);
		if (next != UINT64_MAX && next > w->now_ms)
			w->now_ms = next - 1;
		turn(w);
	}
	expect(w, poll(w).durable > at);
	expect(w, w->now_ms <= 1000 + 10 + PATIENCE);
	return true;
}

static bool figures_count_what_became_durable(struct world *w)
{
	struct log_stats s;
	for (int i = 0; i < 5; i++)
		append(w, RECORD_SPILL, 1000, true);
	expect(w, settle(w));
	log_stats(w->log, &s);
	expect(w, s.records == 5);
	expect(w, s.batches >= 1 && s.bytes >= 5000 && s.segments >= 1);
	return true;
}

/* ---- opening again ---- */

static bool a_new_log_is_empty_and_was_closed(struct world *w)
{
	struct log_extent e;
	expect(w, gave(w, 0, 0));
	expect(w, w->log->was_clean);
	expect(w, !log_oldest(w->log, &e));
	return true;
}

static bool a_close_makes_all_durable_and_is_remembered(struct world *w)
{
	for (int i = 0; i < 5; i++)
		append(w, RECORD_SPILL, 1000, false);
	int error = log_close(w->log);
	w->log = NULL;
	expect(w, error == 0);
	expect(w, open_again(w));
	expect(w, gave(w, 0, 5));
	expect(w, w->log->was_clean);
	append(w, RECORD_SPILL, 1000, true);
	expect(w, settle(w));
	expect(w, cut(w));
	expect(w, gave(w, 0, 6));
	expect(w, !w->log->was_clean);
	return true;
}

static bool durable_records_survive_a_cut_in_order(struct world *w)
{
	for (size_t i = 0; i < 50; i++) {
		append(w, RECORD_SPILL, 4 + i * 50, true);
		if (i % 4 == 0)
			turn(w);
	}
	log_append(w->log, RECORD_COMMIT, true, NULL, 0);
	expect(w, settle(w));
	expect(w, cut(w));
	expect(w, gave(w, 0, 50));
	expect(w, cut(w));
	return gave(w, 0, 50);
}

static bool what_was_not_handed_over_is_gone_after_a_cut(struct world *w)
{
	append(w, RECORD_SPILL, 100, true);
	expect(w, settle(w));
	append(w, RECORD_SPILL, 100, true);
	expect(w, cut(w));
	return gave(w, 0, 1);
}

static bool what_a_cut_tears_is_there_whole_or_not_at_all(struct world *w)
{
	append(w, RECORD_SPILL, 100, true);
	append(w, RECORD_SPILL, 5000, true);
	expect(w, settle(w));
	log_position durable = poll(w).durable;
	append(w, RECORD_SPILL, BIG, true);
	append(w, RECORD_SPILL, BIG, true);
	w->ops->tear(w->rig, w->log, ++w->now_ms);
	w->log = NULL;
	expect(w, open_again(w));
	expect(w, gave(w, 0, 2) || gave(w, 0, 4));
	expect(w, poll(w).durable >= durable);
	expect(w, log_end(w->log) >= durable);
	return true;
}

/* What is written behind a torn batch is found, and the torn one never comes back. */
static bool the_log_goes_on_behind_what_was_torn(struct world *w)
{
	expect(w, what_a_cut_tears_is_there_whole_or_not_at_all(w));
	uint32_t kept = w->n_got;
	for (uint32_t round = 0; round < 3; round++) {
		w->n = 4 + round;
		append(w, RECORD_SPILL, 200, true);
		expect(w, settle(w));
		expect(w, cut(w));
		expect(w, w->n_got == kept + round + 1);
		for (uint32_t i = 0; i < w->n_got; i++)
			expect(w, w->got[i] == (i < kept ? i : i - kept + 4));
	}
	return true;
}

static bool the_largest_record_comes_back(struct world *w)
{
	append(w, RECORD_SPILL, LOG_MAX_RECORD, true);
	append(w, RECORD_SPILL, 10, true);
	expect(w, settle(w));
	expect(w, cut(w));
	return gave(w, 0, 2);
}

static bool foreign_records_are_passed_over(struct world *w)
{
	for (int i = 0; i < 6; i++) {
		w->ops->intrude(w->rig);
		append(w, RECORD_SPILL, BIG, true);
		expect(w, settle(w));
	}
	w->ops->intrude(w->rig);
	expect(w, cut(w));
	expect(w, gave(w, 0, 6));
	append(w, RECORD_SPILL, 10, true);
	expect(w, settle(w));
	expect(w, cut(w));
	return gave(w, 0, 7);
}

/* ---- reading back ---- */

static bool fetch(struct world *w, struct log_fetch *f, const log_position *at, size_t n)
{
	*f = (struct log_fetch){ .owner = w, .shared = w->shares, .at = at, .n = n };
	log_fetch(w->log, f);
	for (int i = 0; i < PATIENCE; i++) {
		struct log_fetch *back = log_fetched(w->log);
		if (back) {
			expect(w, back == f && back->owner == w && !log_fetched(w->log));
			return true;
		}
		w->ops->work(w->rig, w->log);
	}
	expect(w, !"the fetch never came back");
	return false;
}

/* Record first and those behind it, as far as one fetch reaches; how many, 0: broken. */
static uint32_t read_some(struct world *w, uint32_t first, uint32_t end)
{
	struct log_fetch f;
	log_position reach = log_reach(w->log, w->at[first]);
	uint32_t n = 0;
	bool ok = true;
	while (first + n < end && w->at[first + n] < reach)
		n++;
	if (!n || !fetch(w, &f, w->at + first, n))
		return 0;
	for (uint32_t i = 0; i < n; i++)
		ok = ok && f.found[i].error == 0 && f.found[i].type == RECORD_SPILL &&
		     is_whole(f.found[i].body, first + i, w->bytes[first + i]);
	log_fetch_free(&f);
	return ok ? n : 0;
}

static bool read_once(struct world *w, uint32_t end)
{
	for (uint32_t first = 0, n; first < end; first += n) {
		n = read_some(w, first, end);
		expect(w, n > 0);
	}
	return true;
}

/* For itself alone, and as one of many that read there. */
static bool read_all(struct world *w, uint32_t end)
{
	w->shares = false;
	expect(w, read_once(w, end));
	w->shares = true;
	return read_once(w, end);
}

static bool what_many_read_grows_with_the_log(struct world *w)
{
	for (uint32_t i = 0; i < 40; i++) {
		log_retain(w->log, append(w, RECORD_SPILL, 10 + i * 40, true), 1, 0);
		expect(w, settle(w));
		expect(w, read_all(w, i + 1));
	}
	return true;
}

static bool durable_records_are_read_back_by_position(struct world *w)
{
	for (size_t i = 0; i < 60; i++) {
		log_retain(w->log, append(w, RECORD_SPILL, i % 9 ? 10 + i * 20 : 50000, true), 1, 0);
		if (i % 5 == 0)
			expect(w, settle(w));
	}
	expect(w, settle(w));
	return read_all(w, 60);
}

static bool records_of_an_earlier_run_are_read_back(struct world *w)
{
	for (size_t i = 0; i < 20; i++)
		append(w, RECORD_SPILL, 10 + i * 100, true);
	expect(w, settle(w));
	expect(w, cut(w));
	for (uint32_t i = 0; i < w->n_got; i++)
		log_retain(w->log, w->from[i], 1, 0);
	append(w, RECORD_SPILL, 100, true);
	log_retain(w->log, w->at[20], 1, 0);
	expect(w, settle(w));
	return read_all(w, 21);
}

static bool a_run_of_chunks_is_followed_by_positions(struct world *w)
{
	enum { N = 12 };
	struct log_fetch f;
	for (uint32_t i = 0; i < N; i++) {
		append(w, i + 1 < N ? RECORD_CHUNK : RECORD_SPILL, 50000, true);
		log_retain(w->log, w->at[i], 1, 0);
		if (i % 5 == 0)
			turn(w);
	}
	expect(w, settle(w));
	log_position at = w->at[0];
	for (uint32_t i = 0; i < N; i++) {
		expect(w, at == w->at[i]);
		expect(w, fetch(w, &f, &at, 1));
		bool ok = f.found[0].error == 0 && is_whole(f.found[0].body, i, 50000) &&
		          f.found[0].type == (i + 1 < N ? RECORD_CHUNK : RECORD_SPILL);
		at = f.found[0].next;
		log_fetch_free(&f);
		expect(w, ok);
	}
	expect(w, at == 0);
	return true;
}

/* ---- giving up ---- */

/* Records that are retained once, until the log has so many parts. */
static bool fill_parts(struct world *w, uint64_t parts)
{
	struct log_stats s = { 0 };
	while (s.segments < parts) {
		log_retain(w->log, append(w, RECORD_SPILL, BIG, true), 1, 0);
		expect(w, settle(w));
		log_stats(w->log, &s);
	}
	return true;
}

static bool a_retained_front_stays_until_it_is_released(struct world *w)
{
	struct log_extent e;
	expect(w, fill_parts(w, 3));
	expect(w, log_oldest(w->log, &e));
	uint32_t inside = 0;
	while (w->at[inside] < e.to)
		inside++;
	expect(w, inside > 0 && w->at[0] >= e.from && e.live == inside);
	log_retain(w->log, w->at[0], 2, 0);
	for (uint32_t i = 0; i < inside; i++)
		log_release(w->log, w->at[i], 0);
	expect(w, log_oldest(w->log, &e) && e.live == 2);
	log_release(w->log, w->at[0], 0);
	log_release(w->log, w->at[0], 0);
	expect(w, log_oldest(w->log, &e) && e.live == 0);
	expect(w, log_holds(w->log, w->at[0]));
	log_trim(w->log, e.to);
	expect(w, !log_holds(w->log, w->at[0]) && log_holds(w->log, w->at[inside]));
	expect(w, read_some(w, inside, w->n) > 0);
	return true;
}

static bool what_was_trimmed_does_not_come_back(struct world *w)
{
	struct log_extent e;
	uint32_t kept = 0;
	expect(w, fill_parts(w, 3));
	expect(w, log_oldest(w->log, &e));
	for (; w->at[kept] < e.to; kept++)
		log_release(w->log, w->at[kept], 0);
	log_trim(w->log, e.to);
	append(w, RECORD_SPILL, 10, true);
	expect(w, settle(w));
	turn(w);
	expect(w, cut(w));
	expect(w, gave(w, kept, w->n));
	append(w, RECORD_SPILL, 10, true);
	expect(w, settle(w));
	expect(w, cut(w));
	return gave(w, kept, w->n);
}

static bool say_hole(struct world *w, struct log_extent hole)
{
	uint8_t key[8], value[8];
	struct buf body = { 0 };
	put_le64(key, hole.from);
	put_le64(value, hole.to);
	record_define_encode(&body, &(struct record_define){ CATALOG_HOLE, slice_of(key, 8),
	                                                     slice_of(value, 8) });
	struct slice part = buf_slice(&body);
	log_append(w->log, RECORD_DEFINE, true, &part, 1);
	buf_free(&body);
	return settle(w);
}

static bool an_extent_in_the_middle_is_given_up(struct world *w)
{
	struct log_extent hole, front;
	struct slice what;
	expect(w, fill_parts(w, 4));
	expect(w, log_oldest(w->log, &front));
	for (uint32_t i = 0; i < w->n; i++)
		if (w->at[i] >= front.to)
			log_release(w->log, w->at[i], 0);
	expect(w, log_hollow(w->log, &hole) && hole.from >= front.to);
	enum log_survey there = LOG_SURVEY_LATER;
	for (int i = 0; i < PATIENCE && there == LOG_SURVEY_LATER; i++) {
		there = log_survey(w->log, hole.from, &what);
		turn(w);
	}
	expect(w, there == LOG_SURVEY_THERE);
	expect(w, say_hole(w, hole));
	expect(w, log_drop(w->log, hole.from));
	expect(w, log_holds(w->log, w->at[0]));
	expect(w, settle(w));
	turn(w);
	expect(w, cut(w));
	uint32_t want = 0;
	for (uint32_t i = 0; i < w->n; i++)
		if (w->at[i] < hole.from || w->at[i] >= hole.to)
			expect(w, want < w->n_got && w->got[want++] == i);
	expect(w, want == w->n_got && want < w->n);
	return true;
}

/* One record for each part is retained still. */
static void release_most(struct world *w)
{
	log_position upto = 0;
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->at[i] >= upto) {
			upto = log_reach(w->log, w->at[i]);
			continue;
		}
		log_release(w->log, w->at[i], 0);
	}
}

static bool is_empty_now(struct world *w, log_position from)
{
	struct log_extent e;
	return (log_oldest(w->log, &e) && e.from == from && e.live == 0) ||
	       (log_hollow(w->log, &e) && e.from == from);
}

static bool what_is_left_of_a_sparse_extent_is_copied_forward(struct world *w)
{
	struct log_extent e;
	uint32_t kept = 0;
	expect(w, fill_parts(w, 14));
	expect(w, !log_sparse(w->log, &e));
	release_most(w);
	append(w, RECORD_SPILL, 10, true);
	expect(w, settle(w));
	expect(w, log_sparse(w->log, &e) && e.live == 1);
	while (w->at[kept] < e.from)
		kept++;
	expect(w, log_where(w->log, w->at[kept]) == 0 && !is_empty_now(w, e.from));
	log_position to = append(w, RECORD_SPILL, 100, false);
	struct log_move move = { w->at[kept], to, 1, 0 };
	log_forward(w->log, &move, 1);
	expect(w, log_where(w->log, w->at[kept]) == to && is_empty_now(w, e.from));
	expect(w, settle(w));
	expect(w, read_some(w, w->n - 1, w->n) == 1);
	log_release(w->log, w->at[kept], 0);
	expect(w, log_where(w->log, w->at[kept]) == 0);
	return true;
}

/* ---- failing ---- */

static bool a_failed_write_is_final(struct world *w)
{
	append(w, RECORD_SPILL, 100, true);
	expect(w, settle(w));
	w->ops->fail(w->rig, w->log);
	log_position at = append(w, RECORD_SPILL, 100, true);
	for (int i = 0; i < PATIENCE && !poll(w).failed; i++)
		turn(w);
	expect(w, poll(w).failed > 0);
	append(w, RECORD_SPILL, 100, true);
	for (int i = 0; i < 20; i++)
		turn(w);
	expect(w, poll(w).durable <= at);
	expect(w, log_deadline(w->log) == UINT64_MAX);
	int error = log_close(w->log);
	w->log = NULL;
	expect(w, error < 0);
	return true;
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	bool (*run)(struct world *w);
} cases[] = {
#define CASE(name) { #name, name }
	CASE(a_new_log_is_empty_and_was_closed),
	CASE(a_record_is_durable_only_when_it_was_handed_over),
	CASE(a_batch_is_not_durable_before_it_is_written),
	CASE(positions_ascend_and_the_end_lies_behind_them),
	CASE(durable_never_falls),
	CASE(a_lazy_record_waits_no_longer_than_it_may),
	CASE(figures_count_what_became_durable),
	CASE(a_close_makes_all_durable_and_is_remembered),
	CASE(durable_records_survive_a_cut_in_order),
	CASE(what_was_not_handed_over_is_gone_after_a_cut),
	CASE(what_a_cut_tears_is_there_whole_or_not_at_all),
	CASE(the_log_goes_on_behind_what_was_torn),
	CASE(the_largest_record_comes_back),
	CASE(foreign_records_are_passed_over),
	CASE(durable_records_are_read_back_by_position),
	CASE(records_of_an_earlier_run_are_read_back),
	CASE(what_many_read_grows_with_the_log),
	CASE(a_run_of_chunks_is_followed_by_positions),
	CASE(a_retained_front_stays_until_it_is_released),
	CASE(what_was_trimmed_does_not_come_back),
	CASE(an_extent_in_the_middle_is_given_up),
	CASE(what_is_left_of_a_sparse_extent_is_copied_forward),
	CASE(a_failed_write_is_final),
#undef CASE
};

static const char *exempt(const struct rig_ops *ops, const char *name)
{
	for (const struct exempt *e = ops->exempt; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return e->reason;
	return NULL;
}

static bool run(const struct rig_ops *ops, size_t c, unsigned round)
{
	struct world *w = mem_zalloc(sizeof *w);
	w->ops = ops;
	w->rig = ops->make(round);
	w->now_ms = 1000;
	bool ok = open_again(w) && cases[c].run(w);
	if (!ok)
		printf("FAIL %s %s, round %u, line %d: %s %.*s\n", ops->name, cases[c].name, round, w->line,
		       w->broken, (int)w->why.len, (const char *)w->why.p);
	if (w->log)
		ops->cut(w->rig, w->log);
	ops->destroy(w->rig);
	buf_free(&w->why);
	mem_free(w);
	return ok;
}

/* ---- children ---- */

/* Each case has a process of its own: some engines take a second to begin, most of it waiting, and
 * what dies or hangs is one case. */
struct nursery {
	unsigned running, passed, failed;
};

static void wait_for_one(struct nursery *n)
{
	int status = 0;
	must(wait(&status) > 0);
	n->running--;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		n->passed++;
		return;
	}
	n->failed++;
	if (WIFSIGNALED(status))
		printf("FAIL ended by signal %d\n", WTERMSIG(status));
}

static void start_one(struct nursery *n, const struct rig_ops *ops, size_t c, unsigned round)
{
	while (n->running >= AT_ONCE)
		wait_for_one(n);
	fflush(NULL);
	pid_t child = fork();
	must(child >= 0);
	if (child == 0) {
		alarm(LIMIT_S);
		exit(run(ops, c, round) ? 0 : 1);
	}
	n->running++;
}

unsigned contract_run(const struct rig_ops *ops)
{
	struct nursery n = { 0 };
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		const char *reason = exempt(ops, cases[c].name);
		if (reason)
			printf("not asked of %s: %s: %s\n", ops->name, cases[c].name, reason);
		for (unsigned round = 0; !reason && round < ops->rounds; round++)
			start_one(&n, ops, c, round);
	}
	while (n.running)
		wait_for_one(&n);
	printf("passed %u failed %u contract-%s\n", n.passed, n.failed, ops->name);
	return n.failed;
}
