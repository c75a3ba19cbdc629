/* SPDX-License-Identifier: Apache-2.0 */
/* definitions DIR: what a data directory defines whose broker has stopped.  A broker is made of its
 * log, as at a start, over a disk on which nothing changes; and exports. */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "broker/vhost.h"
#include "management/definitions.h"
#include "management/request.h"
#include "tools/ctl.h"
#include "tools/ctl_own.h"

static struct progress progress;   /* who is called while the log is read gets a position alone */

static void on_reading(uint64_t at)
{
	progress_at(&progress, at);
}

static void random_bytes(void *p, size_t n)
{
	if (RAND_bytes(p, (int)n) != 1)
		abort();
}

/* True when all of it was written. */
static bool export(struct broker *b, struct slice vhost)
{
	struct definitions d = { .broker = b, .vhost = vhost };
	struct buf text = { 0 };
	for (bool more = true; more && !ferror(stdout);) {
		more = definitions_export(&d, &text);
		fwrite(text.p, 1, text.len, stdout);
		buf_clear(&text);
	}
	definitions_end(&d);
	buf_free(&text);
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* The log of r is gone then. */
static int read_and_export(struct reading *r, struct slice vhost)
{
	struct broker_options o;
	broker_options_default(&o);
	o.log = r->log;
	o.entropy = random_bytes;
	o.reading = on_reading;
	r->log = NULL;
	progress_begin(&progress, "reading the log", r->bytes, false);
	struct broker *b = broker_new(&o, 0);
	int code = broker_recover(b, &r->why) ? CALL_EXIT_DATA : CALL_EXIT_OK;
	progress_end(&progress);
	if (!code && vhost.p && !vhost_find(b, vhost)) {
		buf_printf(&r->why, "Virtual host '%.*s' does not exist", SLICE_ARG(vhost));
		code = CALL_EXIT_DATA;
	}
	if (!code && !export(b, vhost))
		code = CALL_EXIT_SOFTWARE;
	broker_free(b);
	return code;
}

static bool is_vhost(struct slice option)
{
	return slice_is(option, "-p") || slice_is(option, "--vhost");
}

int own_definitions(struct own_call *o)
{
	struct reading r;
	bool first = is_vhost(o->words[0]);
	if (o->n == 2 || (o->n == 3 && !first && !is_vhost(o->words[1]))) {
		fprintf(stderr, "Error: leveretctl definitions [-p VHOST] DIR\n");
		return CALL_EXIT_USAGE;
	}
	struct slice vhost = o->n == 3 ? o->words[first ? 1 : 2] : slice_of(NULL, 0);
	const char *directory = (const char *)o->words[o->n == 3 && first ? 2 : 0].p;
	if (!reading_finds(directory)) {
		fprintf(stderr, "Error: there is no log in '%s'\n", directory);
		return CALL_EXIT_DATA;
	}
	bool open = reading_open(&r, directory, false);
	int code = r.disk ? CALL_EXIT_DATA : CALL_EXIT_UNAVAILABLE;
	if (open)
		code = read_and_export(&r, vhost);
	if (r.why.len)
		fprintf(stderr, "Error: %.*s\n", SLICE_ARG(buf_slice(&r.why)));
	reading_close(&r);
	return code;
}
