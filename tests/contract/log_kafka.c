/* SPDX-License-Identifier: Apache-2.0 */
/* A position is a byte in the row of all records, counted by us, so it is known when a record is
 * appended.  The broker's offset of a batch is known when its parts are acknowledged; a table of
 * batches leads from the one to the other.  A batch goes as one message or as several, each with a
 * head; it counts when all its parts stand in order behind the batch before it, with nothing of
 * ours between them.  What has no head of ours is passed over.  What a run that was cut off has
 * left unfinished is void, for the next one writes at the same position in a higher epoch.
 *
 * The interface carries: positions at once and durability later, a batch in flight while the next
 * one fills, reading back, counts of what is retained, trimming the front, a failure that is final.
 *
 * It does not carry, and decisions/0004-contract.md says what would have to change: giving up an
 * extent in the middle (a partition has only a front); taking the log away from an owner that is
 * suspected dead; disk_bytes, which the brokers know.
 *
 * Missing here: the front is said by a message of ours, and nobody asks the brokers to delete
 * (DeleteRecords, which the mock cluster does not know); a fetch waits for the network on the
 * broker's thread; the table of batches is rebuilt by reading everything at open; checksums are
 * left to the brokers' format. */
#include "tests/contract/log_kafka.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "persistence/record.h"

enum {
	PART_HEAD = 40,
	RECORD_HEAD = 8,
	FIRST = 8,                   /* the first position; 0 is none */
	PATIENCE_MS = 5000,
	PRESSED_ABOVE = 16 << 20,
	CLEAN = 1,                   /* flags: the last message of a run that closed the log */
	FRONT = 2,                   /* all before the position was given up */
};

static const char magic[4] = "LVK1";

struct part {
	uint32_t epoch;
	log_position base;           /* of the batch */
	uint16_t number, of;
	uint32_t flags;
	uint64_t wall_ms;
	struct slice bytes;
};

struct kafka_batch {
	log_position base;
	uint64_t wall_ms;
	int64_t offset;              /* of its first part */
	struct buf bytes;            /* all records; empty once durable */
	size_t n;                    /* how many bytes they are */
	uint32_t records;
	uint16_t parts, missing;
};

struct log_kafka {
	struct log log;
	struct log_kafka_options options;
	rd_kafka_t *producer, *consumer;
	rd_kafka_topic_t *topic;     /* the consumer's */
	struct kafka_batch *batches; /* durable ones, ascending */
	size_t n_batches, cap_batches;
	struct log_extent *extents;  /* ascending; to of the last is not known */
	size_t n_extents, cap_extents;
	struct kafka_batch filling, flying;
	bool in_flight, scanned;
	log_position start, end, durable;
	uint32_t epoch;
	int failed;
	uint16_t stop_after;
	bool stops;
	struct list fetches;
	size_t scan_batch, scan_at;
	struct log_stats stats;
	uint64_t opened_ms, now_ms;
};

static struct log_kafka *self(struct log *l)
{
	return (struct log_kafka *)(void *)l;
}

static const struct log_kafka *const_self(const struct log *l)
{
	return (const struct log_kafka *)(const void *)l;
}

/* ---- parts ---- */

static void part_encode(struct buf *out, const struct part *p)
{
	uint8_t *h = buf_reserve(out, PART_HEAD + p->bytes.n);
	memset(h, 0, PART_HEAD);
	memcpy(h, magic, sizeof magic);
	put_le32(h + 4, p->epoch);
	put_le64(h + 8, p->base);
	put_le16(h + 16, p->number);
	put_le16(h + 18, p->of);
	put_le32(h + 20, p->flags);
	put_le64(h + 24, p->wall_ms);
	put_le32(h + 32, (uint32_t)p->bytes.n);
	out->len += PART_HEAD;
	buf_append_slice(out, p->bytes);
}

static bool part_decode(struct slice s, struct part *out)
{
	if (s.n < PART_HEAD || memcmp(s.p, magic, sizeof magic) != 0 ||
	    get_le32(s.p + 32) != s.n - PART_HEAD)
		return false;
	*out = (struct part){ get_le32(s.p + 4),  get_le64(s.p + 8),  get_le16(s.p + 16),
		                  get_le16(s.p + 18), get_le32(s.p + 20), get_le64(s.p + 24),
		                  slice_of(s.p + PART_HEAD, s.n - PART_HEAD) };
	return out->number < out->of;
}

static size_t record_bytes(size_t body)
{
	return RECORD_HEAD + (body + 7) / 8 * 8;
}

/* ---- tables ---- */

static void add_batch(struct log_kafka *l, struct kafka_batch b)
{
	if (l->n_batches == l->cap_batches) {
		l->cap_batches = l->cap_batches ? 2 * l->cap_batches : 64;
		l->batches = mem_realloc(l->batches, l->cap_batches * sizeof *l->batches);
	}
	l->batches[l->n_batches++] = b;
}

static const struct kafka_batch *batch_of(const struct log_kafka *l, log_position at)
{
	size_t i = l->n_batches;
	while (i > 0 && l->batches[i - 1].base > at)
		i--;
	must(i > 0 && at < l->batches[i - 1].base + l->batches[i - 1].n);
	return &l->batches[i - 1];
}

/* A batch begins; so does an extent when the last one has enough. */
static void note_extent(struct log_kafka *l, log_position base)
{
	struct log_extent *last = l->n_extents ? &l->extents[l->n_extents - 1] : NULL;
	if (last && base - last->from < l->options.extent_bytes)
		return;
	if (last)
		last->to = base;
	if (l->n_extents == l->cap_extents) {
		l->cap_extents = l->cap_extents ? 2 * l->cap_extents : 16;
		l->extents = mem_realloc(l->extents, l->cap_extents * sizeof *l->extents);
	}
	l->extents[l->n_extents++] = (struct log_extent){ base, 0, 0 };
}

static struct log_extent *extent_of(const struct log_kafka *l, log_position at)
{
	size_t i = l->n_extents;
	while (i > 0 && l->extents[i - 1].from > at)
		i--;
	must(i > 0);
	return &l->extents[i - 1];
}

/* ---- the way out ---- */

static void fail(struct log_kafka *l)
{
	if (!l->failed)
		l->failed = EIO;
}

static void complete(struct log_kafka *l)
{
	struct kafka_batch *b = &l->flying;
	l->in_flight = false;
	l->durable = b->base + b->n;
	l->stats.batches++;
	l->stats.records += b->records;
	l->stats.bytes += b->n;
	buf_free(&b->bytes);
	add_batch(l, *b);
}

/* A part was acknowledged, or never will be. A message without a batch is a control message. */
static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct log_kafka *l = opaque;
	struct kafka_batch *b = m->_private;
	(void)rk;
	if (m->err)
		fail(l);
	if (m->err || l->failed || !b)
		return;
	if (b->missing == b->parts)
		b->offset = m->offset;
	if (--b->missing == 0)
		complete(l);
}

static void produce(struct log_kafka *l, const struct part *p, struct kafka_batch *of)
{
	struct buf message = { 0 };
	part_encode(&message, p);
	rd_kafka_resp_err_t error = rd_kafka_producev(
		l->producer, RD_KAFKA_V_TOPIC(l->options.topic), RD_KAFKA_V_PARTITION(0),
		RD_KAFKA_V_VALUE(message.p, message.len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_OPAQUE(of), RD_KAFKA_V_END);
	if (error)
		fail(l);
	buf_free(&message);
}

static void say(struct log_kafka *l, uint32_t flags, log_position at)
{
	struct part p = { .epoch = l->epoch, .base = at, .of = 1, .flags = flags };
	produce(l, &p, NULL);
}

static void produce_batch(struct log_kafka *l, struct kafka_batch *b)
{
	struct slice left = buf_slice(&b->bytes);
	b->n = left.n;
	size_t most = l->options.part_bytes;
	b->parts = b->missing = (uint16_t)((left.n + most - 1) / most);
	for (uint16_t i = 0; i < b->parts && !(l->stops && i == l->stop_after); i++) {
		size_t n = left.n < most ? left.n : most;
		struct part p = { l->epoch, b->base, i, b->parts, 0, b->wall_ms, slice_take(&left, n) };
		produce(l, &p, b);
	}
}

static void submit(struct log *log, uint64_t now_ms)
{
	struct log_kafka *l = self(log);
	if (!l->opened_ms)
		l->opened_ms = now_ms;
	l->now_ms = now_ms;
	if (l->in_flight || l->failed || !l->filling.records)
		return;
	l->flying = l->filling;
	l->filling = (struct kafka_batch){ 0 };
	l->flying.wall_ms = l->options.wall_ms + (now_ms - l->opened_ms);
	l->in_flight = true;
	produce_batch(l, &l->flying);
}

static log_position append(struct log *log, uint8_t type, bool urgent, const struct slice *parts,
                           size_t n)
{
	struct log_kafka *l = self(log);
	size_t body = 0;
	(void)urgent;
	must(l->scanned);
	for (size_t i = 0; i < n; i++)
		body += parts[i].n;
	must(body <= LOG_MAX_RECORD);
	if (!l->filling.records) {
		l->filling.base = l->end;
		note_extent(l, l->end);
	}
	uint8_t *p = buf_reserve(&l->filling.bytes, record_bytes(body));
	memset(p, 0, record_bytes(body));
	put_le32(p, (uint32_t)body);
	p[4] = type;
	p += RECORD_HEAD;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n)
			memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
	}
	l->filling.bytes.len += record_bytes(body);
	l->filling.records++;
	log_position at = l->end;
	l->end += record_bytes(body);
	return at;
}

static uint64_t deadline(const struct log *log)
{
	const struct log_kafka *l = const_self(log);
	return l->filling.records && !l->in_flight && !l->failed ? l->now_ms : UINT64_MAX;
}

static void poll(struct log *log, struct log_report *out)
{
	struct log_kafka *l = self(log);
	rd_kafka_poll(l->producer, 0);
	bool pressed = l->filling.bytes.len > PRESSED_ABOVE;
	*out = (struct log_report){ l->durable, pressed, false, l->failed };
}

/* ---- the way back ---- */

static rd_kafka_message_t *consume(struct log_kafka *l)
{
	for (int i = 0; i < PATIENCE_MS / 100; i++) {
		rd_kafka_message_t *m = rd_kafka_consume(l->topic, 0, 100);
		if (m && !m->err)
			return m;
		if (m)
			rd_kafka_message_destroy(m);
	}
	return NULL;
}

/* Puts the parts of a batch together again, reading from its offset on; what is not ours stands
 * between. */
static bool read_batch(struct log_kafka *l, const struct kafka_batch *b, struct buf *out)
{
	uint16_t next = 0;
	if (rd_kafka_consume_start(l->topic, 0, b->offset) != 0)
		return false;
	for (rd_kafka_message_t *m; next < b->parts && (m = consume(l));) {
		struct part p;
		if (part_decode(slice_of(m->payload, m->len), &p) && p.flags == 0) {
			buf_append_slice(out, p.bytes);
			next++;
		}
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consume_stop(l->topic, 0);
	return next == b->parts && out->len == b->n;
}

static void find_one(struct log_kafka *l, const struct kafka_batch *b, struct slice bytes,
                     log_position at, struct log_found *out, uint8_t *copy)
{
	const uint8_t *p = bytes.p + (at - b->base);
	size_t n = get_le32(p);
	memcpy(copy, p + RECORD_HEAD, n);
	*out = (struct log_found){ .type = p[4], .body = slice_of(copy, n) };
	if (out->type == RECORD_CHUNK && at + record_bytes(n) < l->durable)
		out->next = at + record_bytes(n);
}

/* found and the bodies are one piece of memory: log_fetch_free knows no other. */
static struct log_fetch *fetched(struct log *log)
{
	struct log_kafka *l = self(log);
	struct list *link = list_pop(&l->fetches);
	if (!link)
		return NULL;
	struct log_fetch *f = list_entry(link, struct log_fetch, link);
	const struct kafka_batch *b = batch_of(l, f->at[0]);
	struct buf bytes = { 0 };
	bool ok = read_batch(l, b, &bytes);
	f->found = mem_zalloc(f->n * sizeof *f->found + bytes.len);
	uint8_t *copy = (uint8_t *)(f->found + f->n);
	for (size_t i = 0; i < f->n; i++) {
		if (ok)
			find_one(l, b, buf_slice(&bytes), f->at[i], &f->found[i], copy);
		else
			f->found[i].error = -EIO;
		copy += f->found[i].body.n;
	}
	buf_free(&bytes);
	return f;
}

static void fetch(struct log *log, struct log_fetch *f)
{
	f->blocks = NULL;
	list_push(&self(log)->fetches, &f->link);
}

static log_position reach(const struct log *log, log_position at)
{
	const struct kafka_batch *b = batch_of(const_self(log), at);
	return b->base + b->n;
}

/* ---- what is kept ---- */

static void retain(struct log *log, log_position at, uint64_t n, uint64_t bytes)
{
	(void)bytes;
	extent_of(self(log), at)->live += n;
}

static void release(struct log *log, log_position at, uint64_t bytes)
{
	struct log_extent *e = extent_of(self(log), at);
	(void)bytes;
	must(e->live > 0);
	e->live--;
}

static bool oldest(const struct log *log, struct log_extent *out)
{
	const struct log_kafka *l = const_self(log);
	if (l->n_extents < 2)
		return false;
	*out = l->extents[0];
	return true;
}

static void forget_before(struct log_kafka *l, log_position upto)
{
	size_t i = 0;
	while (i < l->n_batches && l->batches[i].base < upto)
		buf_free(&l->batches[i++].bytes);
	l->n_batches -= i;
	if (i > 0)
		memmove(l->batches, l->batches + i, l->n_batches * sizeof *l->batches);
	l->start = upto;
}

static void trim(struct log *log, log_position upto)
{
	struct log_kafka *l = self(log);
	must(l->n_extents > 1 && l->extents[0].to == upto && l->extents[0].live == 0);
	l->n_extents--;
	memmove(l->extents, l->extents + 1, l->n_extents * sizeof *l->extents);
	forget_before(l, upto);
	say(l, FRONT, upto);
}

static bool hollow(struct log *log, struct log_extent *out)
{
	(void)log;
	(void)out;
	return false;
}

static enum log_survey survey(struct log *log, log_position from, struct slice *out)
{
	(void)log;
	(void)from;
	(void)out;
	return LOG_SURVEY_NEVER;
}

static bool drop(struct log *log, log_position from)
{
	(void)log;
	(void)from;
	return false;
}

static bool sparse(struct log *log, struct log_extent *out)
{
	(void)log;
	(void)out;
	return false;
}

static void forward(struct log *log, const struct log_move *moves, size_t n)
{
	(void)log;
	(void)moves;
	must(n == 0);
}

static log_position where(const struct log *log, log_position at)
{
	(void)log;
	(void)at;
	return 0;
}

static log_position end_of(const struct log *log)
{
	return const_self(log)->end;
}

static bool holds(const struct log *log, log_position at)
{
	return at >= const_self(log)->start;
}

static void stats(const struct log *log, struct log_stats *out)
{
	*out = const_self(log)->stats;
	out->segments = const_self(log)->n_extents;
}

/* ---- opening ---- */

static uint32_t count_records(struct slice bytes)
{
	uint32_t n = 0;
	for (; bytes.n >= RECORD_HEAD; n++)
		slice_take(&bytes, record_bytes(get_le32(bytes.p)));
	return n;
}

/* What has been read of a batch whose parts are still coming: l->flying, in the epoch l->epoch. */
static void take_part(struct log_kafka *l, const struct part *p, int64_t offset)
{
	struct kafka_batch *b = &l->flying;
	bool begins = p->number == 0 && p->base == l->end;
	bool goes_on = p->number > 0 && b->missing > 0 && p->base == b->base &&
	               p->number == b->parts - b->missing && p->epoch == l->epoch;
	if (!begins && !goes_on)
		return;
	if (begins) {
		buf_free(&b->bytes);
		*b = (struct kafka_batch){ .base = p->base, .wall_ms = p->wall_ms, .offset = offset,
			                       .parts = p->of, .missing = p->of };
	}
	buf_append_slice(&b->bytes, p->bytes);
	if (--b->missing > 0)
		return;
	b->n = b->bytes.len;
	b->records = count_records(buf_slice(&b->bytes));
	l->end = b->base + b->n;
	note_extent(l, b->base);
	add_batch(l, *b);
	*b = (struct kafka_batch){ 0 };
}

static void take_message(struct log_kafka *l, const rd_kafka_message_t *m)
{
	struct part p;
	if (!part_decode(slice_of(m->payload, m->len), &p) || p.epoch < l->epoch)
		return;
	l->epoch = p.epoch;
	l->log.was_clean = p.flags & CLEAN;
	if (p.flags & FRONT)
		l->start = p.base;
	else if (!p.flags)
		take_part(l, &p, m->offset);
}

/* Everything from the beginning to what is the end now. */
static int read_everything(struct log_kafka *l)
{
	int64_t low, high;
	if (rd_kafka_query_watermark_offsets(l->consumer, l->options.topic, 0, &low, &high,
	                                     PATIENCE_MS))
		return -EIO;
	if (high == low)
		return 0;
	if (rd_kafka_consume_start(l->topic, 0, low) != 0)
		return -EIO;
	int64_t offset = low - 1;
	for (rd_kafka_message_t *m; offset < high - 1 && (m = consume(l));) {
		offset = m->offset;
		take_message(l, m);
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consume_stop(l->topic, 0);
	return offset == high - 1 ? 0 : -EIO;
}

static void drop_front(struct log_kafka *l)
{
	while (l->n_extents > 1 && l->extents[1].from <= l->start) {
		l->n_extents--;
		memmove(l->extents, l->extents + 1, l->n_extents * sizeof *l->extents);
	}
	forget_before(l, l->start);
}

static void end_scan(struct log_kafka *l)
{
	buf_free(&l->flying.bytes);
	for (size_t i = 0; i < l->n_batches; i++)
		buf_free(&l->batches[i].bytes);
	l->epoch++;
	l->durable = l->end;
	l->scanned = true;
}

static int next(struct log *log, struct log_record *out, struct buf *why)
{
	struct log_kafka *l = self(log);
	(void)why;
	if (l->scan_batch < l->n_batches && l->scan_at == l->batches[l->scan_batch].n) {
		l->scan_batch++;
		l->scan_at = 0;
	}
	if (l->scan_batch == l->n_batches) {
		end_scan(l);
		return 0;
	}
	const struct kafka_batch *b = &l->batches[l->scan_batch];
	const uint8_t *p = b->bytes.p + l->scan_at;
	*out = (struct log_record){ p[4], b->base + l->scan_at, b->wall_ms,
		                        slice_of(p + RECORD_HEAD, get_le32(p)) };
	l->scan_at += record_bytes(get_le32(p));
	return 1;
}

static rd_kafka_t *client(struct log_kafka *l, rd_kafka_type_t type, struct buf *why)
{
	static const char *const producer[][2] = {
		{ "enable.idempotence", "true" }, { "enable.gapless.guarantee", "true" },
		{ "linger.ms", "0" }, { "log_level", "0" }, { NULL, NULL },
	};
	static const char *const consumer[][2] = {
		{ "fetch.wait.max.ms", "5" }, { "fetch.error.backoff.ms", "5" }, { "log_level", "0" },
		{ NULL, NULL },
	};
	const char *const(*settings)[2] = type == RD_KAFKA_PRODUCER ? producer : consumer;
	char error[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", l->options.servers, error, sizeof error);
	for (size_t i = 0; settings[i][0]; i++)
		must(rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error) ==
		     RD_KAFKA_CONF_OK);
	rd_kafka_conf_set_opaque(conf, l);
	if (type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);
	if (!rk)
		buf_printf(why, "no client: %s", error);
	return rk;
}

static void free_all(struct log_kafka *l)
{
	if (l->topic)
		rd_kafka_topic_destroy(l->topic);
	if (l->consumer)
		rd_kafka_destroy(l->consumer);
	if (l->producer)
		rd_kafka_destroy(l->producer);
	for (size_t i = 0; i < l->n_batches && !l->scanned; i++)
		buf_free(&l->batches[i].bytes);
	buf_free(&l->filling.bytes);
	if (!l->scanned || l->in_flight)
		buf_free(&l->flying.bytes);
	mem_free(l->batches);
	mem_free(l->extents);
	mem_free(l);
}

void log_kafka_abandon(struct log *log)
{
	struct log_kafka *l = self(log);
	fail(l);
	rd_kafka_purge(l->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	free_all(l);
}

void log_kafka_stop_after(struct log *log, uint16_t parts)
{
	self(log)->stops = true;
	self(log)->stop_after = parts;
}

static int close_log(struct log *log)
{
	struct log_kafka *l = self(log);
	for (int waited = 0; l->scanned && l->durable < l->end && !l->failed; waited++) {
		submit(log, l->now_ms);
		rd_kafka_poll(l->producer, 10);
		if (waited > PATIENCE_MS / 10)
			fail(l);
	}
	if (!l->failed && l->scanned) {
		say(l, CLEAN, l->end);
		if (rd_kafka_flush(l->producer, PATIENCE_MS))
			fail(l);
	}
	int error = -l->failed;
	log_kafka_abandon(log);
	return error;
}

static int backup(struct log *log, const char *directory, uint64_t *number)
{
	(void)log;
	(void)directory;
	(void)number;
	return -ENOTSUP;
}

static bool backed_up(struct log *log, uint64_t number, struct log_backup *out)
{
	(void)log;
	(void)number;
	(void)out;
	return false;
}

int log_kafka_open(struct log **out, const struct log_kafka_options *options, struct buf *why)
{
	static const struct log_ops ops = {
		.next = next,
		.append = append,
		.submit = submit,
		.deadline = deadline,
		.poll = poll,
		.retain = retain,
		.release = release,
		.reach = reach,
		.fetch = fetch,
		.fetched = fetched,
		.oldest = oldest,
		.trim = trim,
		.hollow = hollow,
		.survey = survey,
		.drop = drop,
		.sparse = sparse,
		.forward = forward,
		.where = where,
		.end = end_of,
		.holds = holds,
		.stats = stats,
		.backup = backup,
		.backed_up = backed_up,
		.close = close_log,
	};
	struct log_kafka *l = mem_zalloc(sizeof *l);
	l->log = (struct log){ .ops = &ops, .was_clean = true };
	l->options = *options;
	l->start = l->end = FIRST;
	list_init(&l->fetches);
	l->producer = client(l, RD_KAFKA_PRODUCER, why);
	l->consumer = client(l, RD_KAFKA_CONSUMER, why);
	l->topic = l->consumer ? rd_kafka_topic_new(l->consumer, options->topic, NULL) : NULL;
	int error = l->producer && l->topic ? read_everything(l) : -EIO;
	if (error) {
		buf_printf(why, "the topic %s cannot be read", options->topic);
		free_all(l);
		return error;
	}
	drop_front(l);
	*out = &l->log;
	return 0;
}
