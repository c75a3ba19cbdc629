/* SPDX-License-Identifier: Apache-2.0 */
/* A backup while the broker goes on: persistence/log.h says what is in it. */
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "broker/manage.h"
#include "management/call.h"
#include "management/verbs.h"

struct backing {
	uint64_t number;             /* of the backup */
	uint64_t told_mb;            /* as copied, so far */
};

static enum call_state begin(struct call *c, struct backing *k)
{
	struct slice name = c->arguments[0];
	if (name.n == 0 || name.p[0] != '/' || memchr(name.p, 0, name.n))
		return call_refuse(c, "Bad argument. The directory must be named by its whole path.");
	char *directory = mem_copy(name);
	int error = manage_backup(c->host->broker, directory, &k->number);
	mem_free(directory);
	if (error == -EBUSY)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "another backup is being made");
	if (error == -ENOTSUP)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "this broker keeps nothing that it could copy");
	if (error)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "the log has failed: %s", strerror(-error));
	return CALL_WAITS;
}

static enum call_state conclude(struct call *c, const struct log_backup *b, struct buf *out)
{
	if (b->error)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "no backup was made in %.*s: %s",
		                 SLICE_ARG(c->arguments[0]), b->why);
	if (c->options.json)
		buf_printf(out, "{\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"copied\":%s}\n",
		           b->files, b->bytes, b->copies ? "true" : "false");
	else
		buf_printf(out, "Backup complete: %" PRIu64 " segments, %" PRIu64 " MB, %s\n", b->files,
		           b->bytes >> 20, b->copies ? "copied" : "linked");
	return CALL_DONE;
}

/* Links are made at once; copies take a while. */
static void tell_progress(struct call *c, struct backing *k, const struct log_backup *b)
{
	if (c->options.quiet || !b->copies || b->bytes >> 20 == k->told_mb)
		return;
	k->told_mb = b->bytes >> 20;
	buf_printf(&c->progress, "copying: %" PRIu64 " of %" PRIu64 " MB", b->bytes >> 20,
	           b->all_bytes >> 20);
}

enum call_state verb_backup(struct call *c, struct buf *out)
{
	struct backing *k = call_keep(c, sizeof *k, NULL);
	struct log_backup b;
	if (!c->begun) {
		call_banner(c, out, "Backing up %s to %.*s ...", c->host->data_dir,
		            SLICE_ARG(c->arguments[0]));
		if (begin(c, k) == CALL_DONE) {
			buf_clear(out);
			return CALL_DONE;
		}
	}
	if (!manage_backed_up(c->host->broker, k->number, &b))
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "how the backup ended is not known any more: "
		                                           "another one was begun");
	if (b.over)
		return conclude(c, &b, out);
	tell_progress(c, k, &b);
	return CALL_WAITS;
}
