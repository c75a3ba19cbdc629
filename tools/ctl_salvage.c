/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl log salvage: every batch that verifies by itself is taken, whatever became of those
 * before it, and its records are written to a new log.
 *
 * What a gap may have taken: messages (said as a range of positions); acks, so that messages that
 * were consumed come back; the end of a transaction, which is then taken for committed, because
 * losing what may have been promised is worse than keeping it; the declaration of a queue, whose
 * messages wait in a queue salvaged.N then; and what the number of a virtual host stands for, which
 * is called salvaged.vhost.N then. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/pack.h"
#include "broker/vhost.h"
#include "exchange/entries.h"
#include "exchange/topology.h"
#include "persistence/catalog.h"
#include "persistence/disk.h"
#include "persistence/format.h"
#include "persistence/log_file.h"
#include "persistence/summary.h"
#include "queue/queue.h"
#include "tools/ctl.h"
#include "tools/ctl_record.h"

enum { BATCH_MAX_BYTES = 4 << 20, SEGMENT_BYTES = 64 << 20 };

/* Positions [from, to). */
struct stretch {
	log_position from, to;
};

struct file {
	uint64_t base, bytes;
};

/* A virtual host, by its number. */
struct vhost_seen {
	uint8_t number[4];
	enum { SEEN, DEFINED, REMOVED } what;   /* SEEN: something is in it */
};

struct salvage {
	struct disk *from, *to;
	struct log *log;             /* the new one */
	struct buf files;            /* struct file, by base */
	uint64_t bytes;              /* of all of them */
	uint8_t *batch;              /* room for one */
	struct summary all;          /* what was written */
	struct map declared;         /* numbers of queues, as keys */
	struct map vhosts;           /* struct vhost_seen */
	uint32_t last_vhost;
	uint32_t home;               /* of queues whose names are lost; 0: not chosen yet */
	struct buf missing, holes;   /* struct stretch: what did not read; what is gone with reason */
	uint64_t taken, dropped, gaps;
	uint32_t chunks;             /* written in a row */
	bool in_transaction;
	int error;                   /* of the new log */
};

/* ---- the new log ---- */

static void settle(struct salvage *s)
{
	struct log_report report = { 0 };
	log_submit(s->log, 0);
	while (log_file_step(s->log))
		;
	log_poll(s->log, &report);
	s->error = report.failed;
}

static void append(struct salvage *s, uint8_t type, struct slice body)
{
	struct log_record r = { .type = type, .body = body };
	r.at = log_append(s->log, type, true, &body, 1);
	summary_add(&s->all, &r);
}

static void end_transaction(struct salvage *s)
{
	if (s->in_transaction)
		append(s, RECORD_COMMIT, slice_of(NULL, 0));
	s->in_transaction = false;
}

/* ---- records ---- */

static uint32_t chunks_wanted(const struct log_record *r)
{
	struct record_target from;
	struct record_publish m;
	return record_message_decode(r->type, r->body, &from, &m) ? m.chunks : UINT32_MAX;
}

static struct vhost_seen *vhost_seen(struct salvage *s, uint32_t number)
{
	uint8_t key[4];
	put_le32(key, number);
	struct vhost_seen *v = map_get(&s->vhosts, slice_of(key, sizeof key));
	if (v)
		return v;
	v = mem_zalloc(sizeof *v);
	memcpy(v->number, key, sizeof key);
	map_put(&s->vhosts, slice_of(v->number, sizeof v->number), v);
	s->last_vhost = number > s->last_vhost ? number : s->last_vhost;
	return v;
}

/* What is in virtual hosts has their number ahead in its key, but for users and what is global. */
static void note_vhost(struct salvage *s, uint8_t type, const struct record_define *d)
{
	uint32_t number;
	struct slice value = d->value;
	if (d->kind == CATALOG_USER || !entries_vhost(d->key, &number))
		return;
	if (d->kind == CATALOG_VHOST && number == 0) {
		if (unpack_u32(&value, &number) && number > s->last_vhost)
			s->last_vhost = number;
	} else if (d->kind == CATALOG_VHOST) {
		vhost_seen(s, number)->what = type == RECORD_DEFINE ? DEFINED : REMOVED;
	} else if (number) {
		vhost_seen(s, number);
	}
}

static void note_number(struct salvage *s, uint32_t number)
{
	uint32_t *id = mem_alloc(sizeof *id);
	*id = number;
	struct slice key = slice_of((const uint8_t *)id, sizeof *id);
	mem_free(map_remove(&s->declared, key));
	map_put(&s->declared, key, id);
}

static void note_declared(struct salvage *s, const struct log_record *r)
{
	struct record_define d;
	struct queue_entry q;
	if (!record_define_decode(r->body, &d))
		return;
	note_vhost(s, r->type, &d);
	if (r->type != RECORD_DEFINE || d.kind != CATALOG_QUEUE ||
	    !entries_queue_decode(d.key, d.value, &q))
		return;
	note_number(s, q.id);
	if (q.retained_id)
		note_number(s, q.retained_id);
}

/* The new log has no holes: what the old one says of its own is not taken over. */
static bool note_hole(struct salvage *s, const struct log_record *r)
{
	struct record_define d;
	struct stretch hole;
	if ((r->type != RECORD_DEFINE && r->type != RECORD_UNDEFINE) ||
	    !record_define_decode(r->body, &d) || d.kind != CATALOG_HOLE)
		return false;
	if (r->type == RECORD_DEFINE && catalog_hole_decode(&d, &hole.from, &hole.to))
		buf_append(&s->holes, &hole, sizeof hole);
	return true;
}

/* True when the record makes sense where it would stand now. */
static bool fits(struct salvage *s, const struct log_record *r)
{
	if (r->type == RECORD_COMMIT || r->type == RECORD_ABORT)
		return s->in_transaction;
	if (!record_reads(r))
		return false;
	return !record_is_message(r->type) || chunks_wanted(r) <= s->chunks;
}

static void take_record(struct salvage *s, const struct log_record *r)
{
	if (note_hole(s, r))
		return;
	if (r->type == RECORD_BEGIN)
		end_transaction(s);
	if (!fits(s, r)) {
		s->dropped += record_is_message(r->type) || !record_reads(r);
		return;
	}
	s->chunks = r->type == RECORD_CHUNK ? s->chunks + 1 : 0;
	if (r->type == RECORD_BEGIN)
		s->in_transaction = true;
	else if (r->type == RECORD_COMMIT || r->type == RECORD_ABORT)
		s->in_transaction = false;
	else if (r->type == RECORD_DEFINE || r->type == RECORD_UNDEFINE)
		note_declared(s, r);
	append(s, r->type, r->body);
	s->taken++;
}

static void take_batch(struct salvage *s, const struct batch_head *h)
{
	const uint8_t *p = s->batch + FORMAT_BATCH_HEAD;
	for (uint32_t i = 0; i < h->n_records; i++) {
		struct format_record f = format_record_at(p);
		struct log_record r = { .type = f.type,
			                    .at = h->lsn + (uint64_t)(p - s->batch),
			                    .body = slice_of(p + FORMAT_RECORD_HEAD, f.body_bytes) };
		take_record(s, &r);
		p += format_record_bytes(f.body_bytes);
	}
	settle(s);
}

/* ---- files ---- */

static void note_file(void *to, const char *name)
{
	struct salvage *s = to;
	struct file f = { 0 };
	int end = 0, handle;
	if (sscanf(name, "w%16" SCNx64 ".seg%n", &f.base, &end) != 1 || end != 21 || name[end])
		return;
	handle = s->from->ops->open(s->from, name, false, 0);
	int64_t size = handle < 0 ? -1 : s->from->ops->size(s->from, handle);
	if (handle >= 0)
		s->from->ops->close(s->from, handle);
	if (size < FORMAT_SEGMENT_HEAD) {
		fprintf(stderr, "lost: file %s cannot be read\n", name);
		s->gaps++;
		return;
	}
	f.bytes = (uint64_t)size / DISK_BLOCK * DISK_BLOCK;
	s->bytes += f.bytes;
	buf_append(&s->files, &f, sizeof f);
}

static int by_base(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	return x->base < y->base ? -1 : x->base > y->base;
}

/* Reads the batch at the offset whole. False when there is none that verifies. */
static bool read_batch(struct salvage *s, int handle, const struct file *f, uint64_t at,
                       struct batch_head *h)
{
	const struct disk_ops *ops = s->from->ops;
	if (ops->read(s->from, handle, at, s->batch, DISK_BLOCK) || !format_batch_decode(s->batch, h) ||
	    h->lsn != f->base + (at - FORMAT_SEGMENT_HEAD) || h->disk_len > BATCH_MAX_BYTES ||
	    h->disk_len > f->bytes - at)
		return false;
	return !ops->read(s->from, handle, at, s->batch, h->disk_len) &&
	       format_batch_check(s->batch, h);
}

static void note_missing(struct salvage *s, log_position from, log_position to)
{
	struct stretch missing = { from, to };
	if (from >= to)
		return;
	buf_append(&s->missing, &missing, sizeof missing);
	s->chunks = 0;
	end_transaction(s);
}

static bool is_hole(const struct salvage *s, struct stretch m)
{
	struct stretch hole;
	for (size_t at = 0; at < s->holes.len; at += sizeof hole) {
		memcpy(&hole, s->holes.p + at, sizeof hole);
		if (hole.from <= m.from && m.to <= hole.to)
			return true;
	}
	return false;
}

static void say_lost(struct salvage *s)
{
	struct stretch m;
	for (size_t at = 0; at < s->missing.len; at += sizeof m) {
		memcpy(&m, s->missing.p + at, sizeof m);
		if (is_hole(s, m))
			continue;
		fprintf(stderr, "lost: positions %" PRIu64 " to %" PRIu64 " (%" PRIu64 " bytes)\n",
		        m.from, m.to - 1, m.to - m.from);
		s->gaps++;
	}
}

/* end: where the next segment begins; 0 for the last, where what lies behind is no loss. */
static void take_segment(struct salvage *s, const struct file *f, log_position end,
                         struct progress *p)
{
	char name[40];
	struct batch_head h;
	log_position next = f->base;
	uint64_t before = p->done;
	snprintf(name, sizeof name, "w%016" PRIx64 ".seg", f->base);
	int handle = s->from->ops->open(s->from, name, false, 0);
	bool cut = end && end - f->base < f->bytes;
	uint64_t stop = cut ? FORMAT_SEGMENT_HEAD + (end - f->base) : f->bytes;
	for (uint64_t at = FORMAT_SEGMENT_HEAD; handle >= 0 && at < stop && !s->error;) {
		progress_at(p, before + at);
		if (!read_batch(s, handle, f, at, &h)) {
			at += DISK_BLOCK;
			continue;
		}
		note_missing(s, next, h.lsn);
		take_batch(s, &h);
		at += h.disk_len;
		next = h.lsn + h.disk_len;
	}
	if (handle >= 0)
		s->from->ops->close(s->from, handle);
	if (end)
		note_missing(s, next, end);
	progress_at(p, before + f->bytes);
}

static void take_all(struct salvage *s, bool quiet)
{
	struct progress p;
	struct file *files = (struct file *)(void *)s->files.p;
	size_t n = s->files.len / sizeof *files;
	if (n)
		qsort(files, n, sizeof *files, by_base);
	progress_begin(&p, "salvage", s->bytes, quiet);
	for (size_t i = 0; i < n && !s->error; i++)
		take_segment(s, &files[i], i + 1 < n ? files[i + 1].base : 0, &p);
	progress_end(&p);
	end_transaction(s);
	say_lost(s);
}

/* ---- the end ---- */

static void define(struct salvage *s, uint8_t kind, struct slice key, struct slice value)
{
	struct buf body = { 0 };
	record_define_encode(&body, &(struct record_define){ kind, key, value });
	append(s, RECORD_DEFINE, buf_slice(&body));
	buf_free(&body);
}

static void name_vhost(struct salvage *s, struct vhost_seen *v)
{
	char name[40];
	struct buf value = { 0 };
	uint32_t number = get_le32(v->number);
	snprintf(name, sizeof name, "salvaged.vhost.%" PRIu32, number);
	ledger_vhost_value(&value, slice_str(name), &VHOST_PLAIN);
	define(s, CATALOG_VHOST, slice_of(v->number, sizeof v->number), buf_slice(&value));
	fprintf(stderr, "lost: the name of virtual host %" PRIu32 "; what was in it is in %s\n", number,
	        name);
	buf_free(&value);
}

/* A log that is older than virtual hosts says nothing of any: a start makes the one there was. */
static void end_vhosts(struct salvage *s)
{
	static const uint8_t zero[4];
	uint8_t last[4];
	bool any = false;
	size_t cursor = 0;
	for (const struct vhost_seen *v; (v = map_next(&s->vhosts, &cursor));)
		any |= v->what != SEEN || get_le32(v->number) != 1;
	if (!any && s->last_vhost <= 1)
		return;
	cursor = 0;
	for (struct vhost_seen *v; (v = map_next(&s->vhosts, &cursor));)
		if (v->what == SEEN)
			name_vhost(s, v);
	put_le32(last, s->last_vhost);
	define(s, CATALOG_VHOST, slice_of(zero, sizeof zero), slice_of(last, sizeof last));
}

/* In the first virtual host, or a new one when that was deleted. */
static uint32_t home(struct salvage *s)
{
	uint32_t number = vhost_seen(s, 1)->what == REMOVED ? s->last_vhost + 1 : 1;
	vhost_seen(s, number);
	return number;
}

static void declare(struct salvage *s, uint32_t id)
{
	char name[32];
	struct buf key = { 0 }, value = { 0 };
	struct queue q = { .live = (struct live *)&live_none, .id = id };
	if (!s->home)
		s->home = home(s);
	snprintf(name, sizeof name, "salvaged.%" PRIu32, id);
	entries_queue_key(&key, s->home, slice_str(name));
	entries_queue_value(&value, &q);
	define(s, CATALOG_QUEUE, buf_slice(&key), buf_slice(&value));
	fprintf(stderr, "lost: the name of queue %" PRIu32 "; its messages are in %s\n", id, name);
	buf_free(&key);
	buf_free(&value);
}

static void end_queues(struct salvage *s)
{
	size_t cursor = 0;
	struct buf body = { 0 };
	for (struct summary_queue *q; (q = map_next(&s->all.queues, &cursor));) {
		struct slice key = slice_of((const uint8_t *)&q->id, sizeof q->id);
		summary_squeeze(q);
		if (q->id && q->put.count && !map_get(&s->declared, key))
			declare(s, q->id);
		buf_clear(&body);
		record_delivered_encode(&body, &(struct record_delivered){ q->id, q->next_seq });
		struct slice part = buf_slice(&body);
		log_append(s->log, RECORD_DELIVERED, true, &part, 1);   /* all may have been delivered */
	}
	buf_free(&body);
	settle(s);
}

static bool make_new(struct salvage *s, const char *directory, struct buf *why)
{
	struct log_record none;
	struct log_file_options o = { .segment_bytes = SEGMENT_BYTES, .sync = true };
	if (mkdir(directory, 0750) != 0) {
		buf_printf(why, "'%s' cannot be made: %s", directory, strerror(errno));
		return false;
	}
	o.disk = s->to = ctl_lock(directory);
	if (!s->to || getrandom(&o.entropy, sizeof o.entropy, 0) != (ssize_t)sizeof o.entropy)
		return false;
	return log_file_open(&s->log, &o, why) == 0 && log_next(s->log, &none, why) == 0;
}

static int report(const struct salvage *s, int error)
{
	if (error) {
		fprintf(stderr, "leveretctl: the new log cannot be written: %s\n", strerror(error));
		return CTL_REFUSED;
	}
	printf("%" PRIu64 " records were taken over, %" PRIu64 " messages were not whole, %" PRIu64
	       " gaps\n", s->taken, s->dropped, s->gaps);
	return s->gaps || s->dropped ? CTL_DAMAGED : CTL_OK;
}

static void free_all(struct salvage *s)
{
	size_t cursor = 0;
	for (void *id; (id = map_next(&s->declared, &cursor));)
		mem_free(id);
	map_free(&s->declared);
	cursor = 0;
	for (void *v; (v = map_next(&s->vhosts, &cursor));)
		mem_free(v);
	map_free(&s->vhosts);
	summary_free(&s->all);
	mem_pages_free(s->batch, BATCH_MAX_BYTES);
	buf_free(&s->files);
	buf_free(&s->missing);
	buf_free(&s->holes);
	if (s->from)
		s->from->ops->destroy(s->from);
	if (s->to)
		s->to->ops->destroy(s->to);
}

int ctl_salvage(int argc, char **argv)
{
	static struct salvage s;
	struct buf why = { 0 };
	bool quiet = argc > 0 && strcmp(argv[0], "--quiet") == 0;
	int code = CTL_REFUSED, error;
	if (argc - quiet != 2 || argv[quiet][0] == '-')
		return CTL_USAGE;
	s.batch = mem_pages(BATCH_MAX_BYTES);
	summary_init(&s.all, true);
	s.from = ctl_lock(argv[quiet]);
	if (s.from && make_new(&s, argv[quiet + 1], &why)) {
		s.from->ops->list(s.from, note_file, &s);
		take_all(&s, quiet);
		if (!s.error)
			end_queues(&s);
		if (!s.error)
			end_vhosts(&s);
		settle(&s);
		error = log_close(s.log);
		code = report(&s, s.error ? s.error : -error);
	} else if (why.len) {
		fprintf(stderr, "leveretctl: %.*s\n", SLICE_ARG(buf_slice(&why)));
	}
	buf_free(&why);
	free_all(&s);
	return code;
}
