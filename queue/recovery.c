/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log at start.  Records come in log order, but the declaration of a queue may stand
 * behind its messages, because the catalog is appended again when the front is trimmed: so what is
 * left of each queue is gathered by number first and claimed when the topology has been rebuilt.
 * Messages stay where they are: in the log. */
#include <errno.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/summary.h"
#include "queue/queue.h"
#include "queue/store.h"

struct recovery {
	struct summary all;
	struct dedups_found keys;
	struct publishers_found publishers;
	bool was_clean;
};

static bool read_entry(struct store *s, struct recovery *r, const struct log_record *record)
{
	switch (record->type) {
	case RECORD_DEDUP: return dedups_find(&r->keys, &r->all, record);
	case RECORD_PUBLISHER: return publishers_read(&r->publishers, record);
	default: return catalog_recover(&s->catalog, record);
	}
}

static bool read_summary(struct store *s, struct recovery *r, struct slice body)
{
	struct slice catalog;
	struct log_record record;
	if (!summary_merge(&r->all, body, &catalog))
		return false;
	while (summary_next_record(&catalog, &record))
		if (!read_entry(s, r, &record))
			return false;
	return catalog.n == 0;
}

/* Keys and entries of the catalog count when their transaction does: the summary tells. */
static bool add_record(struct store *s, struct recovery *r, const struct log_record *record)
{
	bool ok = summary_add(&r->all, record);
	struct slice entries = buf_slice(&r->all.catalog);
	struct log_record one;
	while (ok && summary_next_record(&entries, &one))
		ok = read_entry(s, r, &one);
	buf_clear(&r->all.catalog);
	return ok;
}

static bool read_record(struct store *s, struct recovery *r, const struct log_record *record)
{
	if (record->type == RECORD_SUMMARY)
		return read_summary(s, r, record->body);
	return add_record(s, r, record);
}

enum { RECORDS_A_WORD = 1 << 14, BYTES_A_WORD = 64 << 20 };

/* Numbers of queues are never used twice. */
static void is_used(struct store *s, uint32_t id)
{
	if (id >= s->next_queue_id)
		s->next_queue_id = id + 1;
}

int store_scan(struct store *s, void reading(uint64_t at), struct recovery **out,
               struct buf *why)
{
	struct recovery *r = *out = mem_zalloc(sizeof *r);
	summary_init(&r->all, true);
	if (!s->log)
		return 0;
	struct log_record record;
	log_position said = 0;
	int more;
	for (uint64_t n = 0; (more = log_next(s->log, &record, why)) == 1; n++) {
		bool far = record.at - said >= BYTES_A_WORD;
		if (reading && (far || n % RECORDS_A_WORD == 0))
			reading(said = record.at);
		if (read_record(s, r, &record))
			continue;
		buf_printf(why,
		           "the record of type %u at log position %llu does not read: it was written by "
		           "a newer version, or the log is damaged",
		           record.type, (unsigned long long)record.at);
		return -EUCLEAN;
	}
	r->was_clean = s->log->was_clean;
	if (more == 0 && r->all.in_transaction)
		log_append(s->log, RECORD_ABORT, true, NULL, 0);
	size_t cursor = 0;
	for (const struct summary_queue *q; (q = map_next(&r->all.queues, &cursor));)
		is_used(s, q->id);
	reclaim_recover(s);
	return more;
}

/* A page of which all lies in one extent is retained at once. */
static void retain(struct store *s, const struct trail *t)
{
	struct trail_walk w = { 0 };
	struct trail_entry e;
	log_position low, high;
	uint64_t n, bytes;
	while (trail_next_page(t, &w, &n, &bytes, &low, &high)) {
		if (high < log_reach(s->log, low))
			log_retain(s->log, low, n, bytes);
		else
			while (trail_next(&w, &e))
				log_retain(s->log, e.at, 1, e.body_bytes);
	}
}

static void restore_dues(const struct store *s, struct queue *q, struct dues *dues)
{
	for (struct due d; dues_pop(dues, &d);) {
		d.when_ms += s->clock_offset_ms;
		queue_restore_due(q, &d);
	}
}

static void claim_messages(struct store *s, const struct recovery *r, struct queue *q,
                           struct summary_queue *from)
{
	struct trail left;
	struct dues dues;
	trail_init(&left);
	dues_init(&dues);
	summary_left(from, &left, &dues, &q->gone, &s->relocation.superseded);
	retain(s, &left);
	q->next_seq = from->next_seq;
	queue_restore(q, &left, r->was_clean ? from->delivered_below : from->next_seq);
	if (!q->live->stream)
		restore_dues(s, q, &dues);
	dues_free(&dues);
	if (q->live->stream)
		stream_restored(q);
	else if (queue_is_live(q))
		q->live->expires |= from->expires;
}

/* Of most queues of many nothing is said. */
void store_claim(struct store *s, struct recovery *r, struct queue *q)
{
	struct summary_queue *from = summary_find(&r->all, q->id);
	is_used(s, q->id);
	if (from)
		claim_messages(s, r, q, from);
	if (q->dedup && q->dedup->id)
		dedups_claim(&r->keys, q->dedup);
}

void store_claim_keys(struct store *s, struct recovery *r, struct dedup *k)
{
	is_used(s, k->id);
	dedups_claim(&r->keys, k);
}

void store_scan_end(struct store *s, struct recovery **pr)
{
	struct recovery *r = *pr;
	*pr = NULL;
	relocation_recover(s);
	publishers_recover(s, &r->publishers);
	is_used(s, dedups_found_end(s, &r->keys));
	summary_free(&r->all);
	mem_free(r);
}
