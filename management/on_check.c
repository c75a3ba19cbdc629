/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that scripts ask whether all is well, which say so by their exit code. */
#include <inttypes.h>

#include "base/die.h"
#include "base/quantity.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/port.h"
#include "management/verbs.h"

/* As rabbitmq-diagnostics has it: JSON has one word for all that is well. */
static enum call_state well(struct call *c, struct buf *out, const char *what)
{
	if (c->options.json)
		buf_printf(out, "{\"result\":\"ok\"}\n");
	else if (!c->options.quiet)
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

enum call_state verb_is_running(struct call *c, struct buf *out)
{
	return verb_check_running(c, out);
}

/* Who is asked is not booting: the door opens behind that. */
enum call_state verb_is_booting(struct call *c, struct buf *out)
{
	call_banner(c, out, "Asking the broker in %s for its boot status ...", c->host->data_dir);
	return well(c, out, "has started and is not booting");
}

/* ---- alarms ---- */

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

enum call_state verb_alarms(struct call *c, struct buf *out)
{
	const struct alarms *a = &c->host->broker->alarms;
	const char *both = a->memory && a->disk ? c->options.json ? "," : "\n" : "";
	call_banner(c, out, "Asking the broker in %s to report any known resource alarms ...",
	            c->host->data_dir);
	if (c->options.json)
		buf_printf(out, "{\"alarms\":[%s%s%s]}\n", a->memory ? "\"memory\"" : "", both,
		           a->disk ? "\"disk\"" : "");
	else if (alarms_any(a))
		buf_printf(out, "%s%s%s\n", a->memory ? "memory" : "", both, a->disk ? "disk" : "");
	else if (!c->options.quiet)
		buf_printf(out, "The broker in %s reported no alarms\n", c->host->data_dir);
	return CALL_DONE;
}

/* ---- virtual hosts, and what one node cannot lack ---- */

enum call_state verb_check_virtual_hosts(struct call *c, struct buf *out)
{
	call_banner(c, out, "Checking if all vhosts of the broker in %s are running ...",
	            c->host->data_dir);
	return well(c, out, "reported all vhosts as running");
}

static enum call_state alone(struct call *c, struct buf *out, const char *what)
{
	call_banner(c, out, "Checking if the broker in %s is critical for %s ...",
	            c->host->data_dir, what);
	return well(c, out, "is the only one: the check does not apply");
}

enum call_state verb_check_if_node_is_quorum_critical(struct call *c, struct buf *out)
{
	return alone(c, out, "the quorum of any quorum queues");
}

enum call_state verb_check_if_node_is_mirror_sync_critical(struct call *c, struct buf *out)
{
	return alone(c, out, "the data of any mirrored queues");
}

enum call_state verb_await_online_quorum_plus_one(struct call *c, struct buf *out)
{
	return alone(c, out, "the quorum of any quorum queues");
}

/* ---- listeners ---- */

/* Those that are there, for who misses one. */
static void put_others(struct call *c, struct buf *out, bool numbers)
{
	const struct host *h = c->host;
	const char *between = "";
	for (size_t i = 0; i < h->n_ports; i++) {
		if (!port_is_open(h, &h->ports[i]))
			continue;
		if (numbers)
			buf_printf(out, "%s%u", between, h->ports[i].port);
		else
			buf_printf(out, "%s%s", between, h->ports[i].protocol);
		between = ", ";
	}
}

static enum call_state no_listener(struct call *c, const char *what, struct slice which,
                                   bool numbers)
{
	struct buf others = { 0 };
	put_others(c, &others, numbers);
	call_fail(c, CALL_EXIT_UNAVAILABLE,
	          "No listener for %s %.*s is active on the broker in %s. Found listeners %s: %.*s",
	          what, SLICE_ARG(which), c->host->data_dir,
	          numbers ? "that use the following ports" : "for the following protocols",
	          SLICE_ARG(buf_slice(&others)));
	buf_free(&others);
	return CALL_DONE;
}

enum call_state verb_check_port_listener(struct call *c, struct buf *out)
{
	uint64_t port;
	if (!quantity_count(c->arguments[0], &port))
		return call_refuse(c, "'%.*s' is not a port", SLICE_ARG(c->arguments[0]));
	call_banner(c, out, "Asking the broker in %s if there's an active listener on port %" PRIu64
	            " ...", c->host->data_dir, port);
	if (!port_find_number(c->host, port))
		return no_listener(c, "port", c->arguments[0], true);
	return well(c, out, "listens there");
}

enum call_state verb_check_protocol_listener(struct call *c, struct buf *out)
{
	struct slice protocol = c->arguments[0];
	call_banner(c, out, "Asking the broker in %s if there's an active listener for protocol %.*s "
	            "...", c->host->data_dir, SLICE_ARG(protocol));
	if (!port_find_protocol(c->host, protocol))
		return no_listener(c, "protocol", protocol, false);
	return well(c, out, "has a listener for it");
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

/* ---- certificates ---- */

/* Says which have expired by then; false: none has. */
static bool complain(struct call *c, int64_t by_s)
{
	struct buf which = { 0 };
	int64_t now_s = (int64_t)(broker_wall_ms(c->host->broker) / 1000);
	for (size_t i = 0; i < ARRAY_LEN(c->host->certificates); i++) {
		const struct host_certificate *one = &c->host->certificates[i];
		if (!one->file || one->expires_s > by_s)
			continue;
		int64_t days = (one->expires_s - now_s) / 86400;
		if (one->expires_s <= now_s)
			buf_printf(&which, "\n%s has expired", one->file);
		else
			buf_printf(&which, "\n%s expires in %" PRIi64 " days", one->file, days);
	}
	if (which.len)
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Certificates of the broker in %s%.*s",
		          c->host->data_dir, SLICE_ARG(buf_slice(&which)));
	buf_free(&which);
	return c->code != CALL_EXIT_OK;
}

enum call_state verb_check_certificate_expiration(struct call *c, struct buf *out)
{
	enum { MOST = 1000 };
	uint64_t within = 4;
	struct slice unit = c->options.unit.p ? c->options.unit : slice_str("weeks");
	if (!quantity_unit_s(unit))
		return call_refuse(c, "unit '%.*s' is not one of days, weeks, months, years",
		                   SLICE_ARG(unit));
	if (c->options.within.p && (!quantity_count(c->options.within, &within) || within > MOST))
		return call_refuse(c, "--within takes a number up to %d", MOST);
	call_banner(c, out, "Checking certificate expiration on the broker in %s ...",
	            c->host->data_dir);
	int64_t now_s = (int64_t)(broker_wall_ms(c->host->broker) / 1000);
	if (complain(c, now_s + (int64_t)within * quantity_unit_s(unit)))
		return CALL_DONE;
	return well(c, out, "has no certificate that expires within that time");
}
