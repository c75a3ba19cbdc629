/* SPDX-License-Identifier: Apache-2.0 */
/* A log directory as no broker left it.
 *
 * Input: a mode (u8).  Even: the rest damages a real store of two files: how its last run ended
 * (u8: 1 closed, else a loss of power, the kind in the next two bits), then patches: file (u8),
 * offset (u24), length (u8), bytes that are exclusive-ored into it.  Odd: files are forged with
 * right checksums and wrong everything else, in the steps that forge_step explains.
 *
 * Whatever lies there, opening it ends, with a sentence when it is refused.  From a damaged store
 * comes a prefix of what had been written, never anything else.  A log that was accepted takes a
 * record, and the next run finds the same records and that one. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "persistence/format.h"
#include "persistence/log_file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/disk_sim.h"

enum { SEGMENT = 64 << 10, MAX_SEEN = 4096, WRITTEN = 40, MAX_STEPS = 64, LAST_TYPE = 99 };

/* What a scan gave: for each number of records the checksum of all up to there. */
struct seen {
	size_t n;
	uint32_t crc[MAX_SEEN + 1];
};

static void note(struct seen *s, uint8_t type, struct slice body)
{
	uint32_t crc = crc32c(s->crc[s->n], &type, 1);
	uint32_t n = (uint32_t)body.n;
	must(s->n < MAX_SEEN);
	s->crc[++s->n] = crc32c(crc32c(crc, &n, sizeof n), body.p, body.n);
}

/* ---- a run of the log ---- */

static int scan(struct log *l, struct seen *out, struct buf *why)
{
	struct log_record r;
	uint64_t before = 0;
	int more;
	*out = (struct seen){ 0 };
	while ((more = log_next(l, &r, why)) > 0) {
		must(r.at > before || before == 0);
		before = r.at;
		note(out, r.type, r.body);
	}
	return more;
}

/* 0 and an open log that has been scanned, or -errno, and the sentence was there. */
static int open_log(struct disk *d, struct log **out, struct seen *seen)
{
	struct log_file_options o = { .disk = d, .segment_bytes = SEGMENT, .sync = true,
		                          .entropy = 42, .wall_ms = 1 };
	struct buf why = { 0 };
	must(d->ops->lock(d) == 0);
	int error = log_file_open(out, &o, &why);
	if (!error) {
		error = scan(*out, seen, &why);
		if (error)
			log_close(*out);
	}
	must(!error || why.len > 0);
	must(error <= 0);
	buf_free(&why);
	if (error)
		d->ops->destroy(d);
	return error;
}

static void make_durable(struct log *l)
{
	for (uint64_t now_ms = 1; now_ms < 100; now_ms += 20) {
		log_submit(l, now_ms);
		while (log_file_step(l))
			;
	}
}

static void add(struct log *l, struct seen *seen, uint8_t type, struct slice body)
{
	struct log_report report;
	log_position at = log_append(l, type, true, &body, 1);
	make_durable(l);
	log_poll(l, &report);
	must(report.failed == 0 && report.durable > at);
	note(seen, type, body);
}

static void close_log(struct disk *d, struct log *l)
{
	must(log_close(l) == 0);
	d->ops->destroy(d);
}

/* ---- a real store, damaged ---- */

static void write_store(struct disk *d, struct seen *written, uint8_t how)
{
	static uint8_t body[3000];
	struct log *l;
	must(open_log(d, &l, written) == 0 && written->n == 0);
	for (unsigned i = 0; i < WRITTEN; i++) {
		memset(body, (int)i, sizeof body);
		add(l, written, (uint8_t)(1 + i % 7), slice_of(body, i * 79 % sizeof body));
	}
	if (how & 1) {
		close_log(d, l);
		return;
	}
	disk_sim_crash_at(d, disk_sim_operations(d) + 1);
	log_close(l);
	d->ops->destroy(d);
	disk_sim_reboot(d, (enum disk_sim_loss)(how >> 1 & 3));
}

struct names {
	char at[4 * MAX_STEPS][32];
	size_t n;
};

static void keep_name(void *to, const char *file)
{
	struct names *names = to;
	if (names->n < ARRAY_LEN(names->at) && file[0] == 'w')
		snprintf(names->at[names->n++], sizeof names->at[0], "%s", file);
}

static void damage(struct disk *d, struct slice *in)
{
	struct names names = { .n = 0 };
	d->ops->list(d, keep_name, &names);
	must(names.n >= 2);
	for (int patches = 0; in->n > 4 && patches < MAX_STEPS; patches++) {
		const char *file = names.at[fuzz_u8(in) % names.n];
		uint64_t at = (uint64_t)fuzz_u8(in) << 16;
		at |= fuzz_u16(in);
		struct slice bytes = fuzz_bytes(in, fuzz_u8(in));
		for (size_t i = 0; i < bytes.n; i++)
			for (unsigned bit = 0; bit < 8; bit++)
				if (bytes.p[i] >> bit & 1)
					disk_sim_flip(d, file, at + i, bit);
	}
}

/* ---- forged files ---- */

struct forge {
	struct disk *d;
	int handle;                  /* -1: no file yet */
	uint64_t base, prev_base, lsn;
	uint32_t prev_crc;
};

static void forge_segment(struct forge *f, struct slice *in)
{
	uint8_t previous = fuzz_u8(in), shift = fuzz_u8(in), start = fuzz_u8(in);
	uint8_t block[DISK_BLOCK];
	char name[32];
	struct segment_head h = { .store = 7, .epoch = 1 + (previous >> 4) };
	f->lsn += shift * (uint64_t)DISK_BLOCK;
	h.base = shift == 255 ? UINT64_MAX - DISK_BLOCK + 1 : f->lsn;
	h.prev_base = previous & 1 ? f->prev_base : f->base;
	h.log_start = start ? h.base - (start - 1) * (uint64_t)DISK_BLOCK : FORMAT_FIRST_LSN;
	h.store += previous >> 1 & 1;
	snprintf(name, sizeof name, "w%016llx.seg", (unsigned long long)h.base);
	int handle = f->d->ops->open(f->d, name, true, SEGMENT);
	if (handle < 0)
		return;
	if (f->handle >= 0)
		f->d->ops->close(f->d, f->handle);
	format_segment_encode(block, &h);
	must(f->d->ops->write(f->d, handle, 0, block, DISK_BLOCK) == 0);
	f->handle = handle;
	f->prev_base = f->base;
	f->base = f->lsn = h.base;
}

/* A tweak for each bit: lsn, epoch, chain, durable position, length on disk, length in use, flags,
 * number of records. */
static void tweak(struct batch_head *h, uint8_t bits, uint8_t value)
{
	h->lsn += bits & 1 ? value * (uint64_t)DISK_BLOCK : 0;
	h->epoch += bits & 2 ? value : 0;
	h->prev_crc ^= bits & 4 ? value : 0;
	h->durable_lsn += bits & 8 ? value * (uint64_t)DISK_BLOCK : 0;
	h->disk_len += bits & 16 ? value * (uint32_t)DISK_BLOCK : 0;
	h->used_len += bits & 32 ? value : 0;
	h->flags = bits & 64 ? value : 0;
}

static void forge_batch(struct forge *f, struct slice *in)
{
	static uint8_t p[2 * DISK_BLOCK];
	uint8_t bits = fuzz_u8(in), value = fuzz_u8(in), n = fuzz_u8(in) & 15;
	struct batch_head h = { .lsn = f->lsn, .n_records = n, .epoch = 1, .durable_lsn = f->lsn,
		                    .prev_crc = f->prev_crc, .wall_ms = 5 };
	uint64_t at = FORMAT_SEGMENT_HEAD + (f->lsn - f->base);
	size_t used = FORMAT_BATCH_HEAD;
	memset(p, 0, sizeof p);
	for (uint8_t i = 0; i < n; i++) {
		uint8_t body = fuzz_u8(in);
		format_record_head(p + used, (uint8_t)(1 + body % 10), body);
		memset(p + used + FORMAT_RECORD_HEAD, i, body);
		used += format_record_bytes(body);
	}
	h.used_len = (uint32_t)used;
	h.disk_len = (uint32_t)(used + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
	tweak(&h, bits, value);
	h.n_records -= bits & 128 && h.n_records ? 1 : 0;
	f->prev_crc = format_batch_seal(p, &h);
	if (f->handle >= 0 && at + 2 * DISK_BLOCK <= SEGMENT)
		must(f->d->ops->write(f->d, f->handle, at, p, 2 * DISK_BLOCK) == 0);
	f->lsn += (used + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
}

/* A step is a u8, modulo 3: 0 a file (which file it says it follows, how far it lies behind, where
 * it says the log begins), 1 a batch (tweaks, their value, number of records, their sizes), 2 a
 * block of nothing. */
static void forge_step(struct forge *f, struct slice *in)
{
	switch (fuzz_u8(in) % 3) {
	case 0: forge_segment(f, in); break;
	case 1: forge_batch(f, in); break;
	default: f->lsn += DISK_BLOCK;
	}
}

static void forge(struct disk *d, struct slice *in)
{
	struct forge f = { .d = d, .handle = -1, .lsn = FORMAT_FIRST_LSN };
	for (int i = 0; in->n && i < MAX_STEPS; i++)
		forge_step(&f, in);
	if (f.handle >= 0)
		d->ops->close(d, f.handle);
}

/* ---- what must hold ---- */

static void check_prefix(const struct seen *got, const struct seen *written)
{
	must(got->n <= written->n && got->crc[got->n] == written->crc[got->n]);
}

/* So that the next scan gives records (fuzz_summary.c is about the others). */
static void remove_summaries(struct disk *d)
{
	struct names names = { .n = 0 };
	d->ops->list(d, keep_name, &names);
	for (size_t i = 0; i < names.n; i++)
		if (strstr(names.at[i], ".sum"))
			d->ops->remove(d, names.at[i]);
}

/* One more record, and the next run finds all. */
static void check_it_goes_on(struct disk *d, struct log *l, struct seen *seen)
{
	struct seen *again = mem_zalloc(sizeof *again);
	add(l, seen, LAST_TYPE, slice_str("and one more"));
	close_log(d, l);
	remove_summaries(d);
	must(open_log(d, &l, again) == 0);
	must(l->was_clean && again->n == seen->n && again->crc[seen->n] == seen->crc[seen->n]);
	close_log(d, l);
	mem_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct disk *d = disk_sim_new(1, 0);
	struct seen *written = mem_zalloc(sizeof *written), *got = mem_zalloc(sizeof *got);
	bool real = !(fuzz_u8(&in) & 1);
	struct log *l;
	if (real) {
		write_store(d, written, fuzz_u8(&in));
		damage(d, &in);
	} else {
		forge(d, &in);
	}
	int error = open_log(d, &l, got);
	if (real)
		check_prefix(got, written);
	if (!error)
		check_it_goes_on(d, l, got);
	else
		must(open_log(d, &l, got) == error);
	mem_free(written);
	mem_free(got);
	disk_sim_free(d);
	return 0;
}
