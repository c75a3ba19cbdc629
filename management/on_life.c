/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of a broker's life: it stops, it lets nobody in for a while. */
#include "base/logline.h"
#include "broker/expulsion.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/verbs.h"

/* ---- letting in ---- */

/* What the server does with its listeners is known at the next pull. */
static enum call_state wish(struct call *c, enum host_wish wish)
{
	struct host *h = c->host;
	if (!c->begun) {
		h->wish = wish;
		return CALL_WAITS;
	}
	if (h->trouble.len)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "%.*s", SLICE_ARG(buf_slice(&h->trouble)));
	return CALL_DONE;
}

enum call_state verb_suspend_listeners(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Will put the broker in %s into maintenance mode: it will not accept "
		            "new client connections", c->host->data_dir);
	return wish(c, HOST_SUSPENDS);
}

enum call_state verb_resume_listeners(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Will let the broker in %s accept client connections again",
		            c->host->data_dir);
	return wish(c, HOST_RESUMES);
}

static void end(void *kept)
{
	expulsion_end(kept);
}

/* Nobody is let in first, so that none comes behind those that go. */
static enum call_state send_away(struct call *c, const char *reason)
{
	struct expulsion *e = call_keep(c, sizeof *e, end);
	bool begins = !e->broker;
	if (begins && wish(c, HOST_SUSPENDS) == CALL_WAITS)
		return CALL_WAITS;
	if (begins)
		expulsion_begin(e, c->host->broker, NULL, NULL);
	bool more = !c->code && expulsion_go_on(e, slice_str(reason));
	return more ? CALL_MORE : CALL_DONE;
}

enum call_state verb_stop_app(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Stopping the application of the broker in %s ...",
		            c->host->data_dir);
	return send_away(c, "broker forced connection closure with reason 'shutdown'");
}

/* As RabbitMQ's: nobody is let in, and who is there is sent away. */
enum call_state verb_drain(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Will put the broker in %s into maintenance mode. It will no longer "
		            "serve any client traffic!", c->host->data_dir);
	return send_away(c, "Node was put into maintenance mode");
}

enum call_state verb_revive(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Will revive the broker in %s from maintenance mode. It will be ready "
		            "to serve client traffic again", c->host->data_dir);
	return wish(c, HOST_RESUMES);
}

enum call_state verb_start_app(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Starting the application of the broker in %s ...",
		            c->host->data_dir);
	return wish(c, HOST_RESUMES);
}

enum call_state verb_shutdown(struct call *c, struct buf *out)
{
	call_banner(c, out, "Shutting down the broker in %s with PID %llu", c->host->data_dir,
	            (unsigned long long)c->host->pid);
	c->host->stop = true;
	return CALL_DONE;
}

/* ---- the log of lines ---- */

enum call_state verb_set_log_level(struct call *c, struct buf *out)
{
	for (int level = LOGLINE_DEBUG; level <= LOGLINE_NONE; level++) {
		if (!slice_is(c->arguments[0], logline_level_name((enum logline_level)level)))
			continue;
		c->host->log_level = (enum logline_level)level;
		if (!c->begun)
			call_banner(c, out, "Setting log level to \"%.*s\" on the broker in %s",
			            SLICE_ARG(c->arguments[0]), c->host->data_dir);
		return wish(c, HOST_SETS_LOG_LEVEL);
	}
	return call_refuse(c, "level %.*s is not supported. Try one of debug, info, notice, warning, "
	                   "error, critical, none", SLICE_ARG(c->arguments[0]));
}

enum call_state verb_rotate_logs(struct call *c, struct buf *out)
{
	if (!c->begun)
		call_banner(c, out, "Rotating logs of the broker in %s ...", c->host->data_dir);
	return wish(c, HOST_ROTATES_LOGS);
}
