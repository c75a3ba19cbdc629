/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl log dump: the records, one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl.h"
#include "tools/ctl_record.h"

struct wishes {
	bool body, json, of_queue;
	uint64_t queue;
	log_position from, to;
	const char *directory;
};

static bool read_number(const char *text, uint64_t *n)
{
	char *end;
	*n = text ? strtoull(text, &end, 10) : 0;
	return text && *text && !*end;
}

static bool read_wishes(int argc, char **argv, struct wishes *w)
{
	*w = (struct wishes){ .to = UINT64_MAX };
	for (int i = 0; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		bool ok = true;
		if (strcmp(argv[i], "--body") == 0)
			w->body = true;
		else if (strcmp(argv[i], "--json") == 0)
			w->json = true;
		else if (strcmp(argv[i], "--queue") == 0)
			ok = w->of_queue = ++i && read_number(next, &w->queue) && w->queue <= UINT32_MAX;
		else if (strcmp(argv[i], "--from") == 0)
			ok = ++i && read_number(next, &w->from);
		else if (strcmp(argv[i], "--to") == 0)
			ok = ++i && read_number(next, &w->to);
		else
			ok = argv[i][0] != '-' && !w->directory && (w->directory = argv[i]);
		if (!ok)
			return false;
	}
	return w->directory != NULL;
}

static bool is_wanted(const struct wishes *w, const struct log_record *r)
{
	return r->at >= w->from && r->at <= w->to &&
	       (!w->of_queue || record_names_queue(r, (uint32_t)w->queue));
}

static int dump(struct reading *r, const struct wishes *w)
{
	struct log_record record;
	struct buf line = { 0 };
	int more;
	while ((more = reading_next(r, &record)) == 1 && record.at <= w->to) {
		if (!is_wanted(w, &record))
			continue;
		buf_clear(&line);
		record_print(&line, &record, w->body, w->json);
		buf_u8(&line, '\n');
		if (fwrite(line.p, 1, line.len, stdout) != line.len)
			break;
	}
	buf_free(&line);
	return more < 0 ? CTL_DAMAGED : CTL_OK;
}

int ctl_dump(int argc, char **argv)
{
	struct wishes w;
	struct reading r;
	if (!read_wishes(argc, argv, &w))
		return CTL_USAGE;
	int code = reading_open(&r, w.directory, true) ? dump(&r, &w) : CTL_REFUSED;
	if (r.why.len) {
		fflush(stdout);
		fprintf(stderr, "DAMAGED: %.*s\n", SLICE_ARG(buf_slice(&r.why)));
		code = CTL_DAMAGED;
	}
	reading_close(&r);
	return code;
}
