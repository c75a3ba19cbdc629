/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl log verify: every record is read, checked and taken in as a start would. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "persistence/record.h"
#include "persistence/summary.h"
#include "tools/ctl.h"
#include "tools/ctl_record.h"

struct tally {
	uint64_t records[256];
	uint64_t all;
	log_position last;
	struct summary left;     /* what is in the queues at the end */
};

static void print_records(const struct tally *t)
{
	const char *separator = "";
	printf("records   %" PRIu64 ": ", t->all);
	for (unsigned i = 0; i < 256; i++) {
		if (!t->records[i])
			continue;
		printf("%s%" PRIu64 " %s", separator, t->records[i], record_name((uint8_t)i));
		separator = ", ";
	}
	printf("\n");
}

static uint64_t count_left(struct summary_queue *q)
{
	struct trail left;
	struct ranges gone = { 0 };
	struct dues dues;
	struct buf superseded = { 0 };
	trail_init(&left);
	dues_init(&dues);
	summary_left(q, &left, &dues, &gone, &superseded);
	uint64_t n = left.count;
	trail_free(&left);
	dues_free(&dues);
	ranges_free(&gone);
	buf_free(&superseded);
	return n;
}

static void print_left(struct tally *t)
{
	uint64_t messages = 0, queues = 0;
	size_t cursor = 0;
	for (struct summary_queue *q; (q = map_next(&t->left.queues, &cursor));) {
		uint64_t n = count_left(q);
		messages += n;
		queues += n > 0;
	}
	printf("left      %" PRIu64 " messages in %" PRIu64 " queues\n", messages, queues);
}

/* 0 at the end of the log, else what the scan said. */
static int read_all(struct reading *r, struct tally *t, bool quiet)
{
	struct progress p;
	struct log_record record;
	int more;
	progress_begin(&p, "verify", r->bytes, quiet);
	while ((more = reading_next(r, &record)) == 1) {
		progress_at(&p, record.at - r->first);
		t->all++;
		t->records[record.type]++;
		t->last = record.at;
		if (record_reads(&record) && summary_add(&t->left, &record))
			continue;
		buf_printf(&r->why,
		           "the record of type %u at position %" PRIu64 " does not read: a newer version "
		           "wrote it, or the log is damaged", record.type, record.at);
		more = -1;
		break;
	}
	progress_end(&p);
	return more;
}

static int report(struct reading *r, struct tally *t, int end)
{
	printf("segments  %" PRIu64 ", %" PRIu64 " MB, %" PRIu64 " with a summary\n", r->segments,
	       r->bytes >> 20, r->summaries);
	print_records(t);
	if (end == 0) {
		print_left(t);
		if (t->left.in_transaction)
			printf("note      a transaction at the end was not committed: a start will drop it\n");
		printf("the log is whole; %s\n", r->log->was_clean ? "it was closed in order"
		                                                  : "it ends with a crash, as it may");
		return CTL_OK;
	}
	printf("read up to position %" PRIu64 "\n", t->last);
	fflush(stdout);
	fprintf(stderr, "DAMAGED: %.*s\n", SLICE_ARG(buf_slice(&r->why)));
	return CTL_DAMAGED;
}

int ctl_verify(int argc, char **argv)
{
	struct reading r;
	static struct tally t;
	bool quiet = argc > 0 && strcmp(argv[0], "--quiet") == 0;
	if (argc - quiet != 1 || argv[quiet][0] == '-')
		return CTL_USAGE;
	int code = CTL_REFUSED;
	summary_init(&t.left, true);
	if (reading_open(&r, argv[quiet], true)) {
		code = report(&r, &t, read_all(&r, &t, quiet));
	} else if (r.why.len) {
		fprintf(stderr, "DAMAGED: %.*s\n", SLICE_ARG(buf_slice(&r.why)));
		code = CTL_DAMAGED;
	}
	summary_free(&t.left);
	reading_close(&r);
	return code;
}
