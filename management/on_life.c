/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of a broker's life: it stops, it lets nobody in for a while; and those that scripts ask
 * whether all is well, which say so by their exit code. */
#include "base/die.h"
#include "base/logline.h"
#include "base/quantity.h"
#include "broker/manage.h"
#include "broker/state.h"
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

/* Nobody is let in first, so that none comes behind those that go. */
enum call_state verb_stop_app(struct call *c, struct buf *out)
{
	static const char reason[] = "broker forced connection closure with reason 'shutdown'";
	if (!c->begun)
		call_banner(c, out, "Stopping the application of the broker in %s ...",
		            c->host->data_dir);
	if (!c->told && wish(c, HOST_SUSPENDS) == CALL_WAITS)
		return CALL_WAITS;
	if (!c->told++)
		expulsion_begin(&c->expulsion, c->host->broker, NULL, NULL);
	bool more = !c->code && expulsion_go_on(&c->expulsion, slice_str(reason));
	return more ? CALL_MORE : CALL_DONE;
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

/* Who is answered has waited long enough. */
enum call_state verb_await_startup(struct call *c, struct buf *out)
{
	call_banner(c, out, "The broker in %s has started", c->host->data_dir);
	return CALL_DONE;
}

/* ---- the log of lines ---- */

enum call_state verb_set_log_level(struct call *c, struct buf *out)
{
	for (int level = LOGLINE_DEBUG; level <= LOGLINE_NONE; level++) {
		if (!slice_is(c->arguments[0], logline_level_name((enum logline_level)level)))
			continue;
		logline_set_level((enum logline_level)level);
		call_banner(c, out, "Setting log level to \"%.*s\" on the broker in %s",
		            SLICE_ARG(c->arguments[0]), c->host->data_dir);
		return CALL_DONE;
	}
	return call_refuse(c, "level %.*s is not supported. Try one of debug, info, notice, warning, "
	                   "error, critical, none", SLICE_ARG(c->arguments[0]));
}

enum call_state verb_rotate_logs(struct call *c, struct buf *out)
{
	call_banner(c, out, "The broker in %s logs to stderr: there is no file to rotate",
	            c->host->data_dir);
	return CALL_DONE;
}

/* ---- is all well? ---- */

static enum call_state well(struct call *c, struct buf *out, const char *what)
{
	if (!c->quiet && !c->json)
		buf_printf(out, "The broker in %s %s\n", c->host->data_dir, what);
	return CALL_DONE;
}

enum call_state verb_check_running(struct call *c, struct buf *out)
{
	call_banner(c, out, "Checking if the broker in %s is running ...", c->host->data_dir);
	if (c->host->suspended)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "the broker in %s lets nobody in",
		                 c->host->data_dir);
	return well(c, out, "is fully booted and running");
}

enum call_state verb_check_alarms(struct call *c, struct buf *out)
{
	const struct alarms *a = &c->host->broker->alarms;
	call_banner(c, out, "Asking the broker in %s to report any resource alarms ...",
	            c->host->data_dir);
	if (alarms_any(a))
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "the broker in %s reported alarms: %s%s%s",
		                 c->host->data_dir, a->memory ? "memory" : "",
		                 a->memory && a->disk ? ", " : "", a->disk ? "disk" : "");
	return well(c, out, "reported no alarms");
}

enum call_state verb_check_local_alarms(struct call *c, struct buf *out)
{
	return verb_check_alarms(c, out);
}

enum call_state verb_check_virtual_hosts(struct call *c, struct buf *out)
{
	call_banner(c, out, "Checking if all vhosts of the broker in %s are running ...",
	            c->host->data_dir);
	return well(c, out, "reported all vhosts as running");
}

/* Of "0.0.0.0:5672, [::]:5672": the number behind the last colon of each. */
static bool listens_at(const struct host *h, uint64_t port)
{
	struct slice rest = slice_str(h->listeners);
	while (rest.n) {
		struct slice at = slice_cut(&rest, ','), number = at;
		uint64_t there;
		while (at.n)
			number = slice_cut(&at, ':');
		if (quantity_count(number, &there) && there == port)
			return true;
	}
	return false;
}

enum call_state verb_check_port_listener(struct call *c, struct buf *out)
{
	uint64_t port;
	if (!quantity_count(c->arguments[0], &port))
		return call_refuse(c, "'%.*s' is not a port", SLICE_ARG(c->arguments[0]));
	call_banner(c, out, "Asking the broker in %s if there's an active listener on port %llu ...",
	            c->host->data_dir, (unsigned long long)port);
	if (c->host->suspended || !listens_at(c->host, port))
		return call_fail(c, CALL_EXIT_UNAVAILABLE,
		                 "No listener for port %llu is active on the broker in %s",
		                 (unsigned long long)port, c->host->data_dir);
	return well(c, out, "listens there");
}

enum call_state verb_check_port_connectivity(struct call *c, struct buf *out)
{
	call_banner(c, out, "Testing all active listeners of the broker in %s ...",
	            c->host->data_dir);
	if (c->host->suspended || !c->host->listeners[0])
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "the broker in %s listens nowhere",
		                 c->host->data_dir);
	return well(c, out, "listens everywhere it was told to");
}
