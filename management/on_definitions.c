/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about definitions.  Where the file lies is the business of leveretctl: here they are
 * output and an argument. */
#include "base/quantity.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/definitions.h"
#include "management/parsing.h"
#include "management/verbs.h"

struct transfer {
	struct parsing *parsing;     /* of what is imported */
	struct definitions definitions;
	bool taken;                  /* all of it was */
};

static void end(void *kept)
{
	struct transfer *t = kept;
	definitions_end(&t->definitions);
	parsing_end(&t->parsing);
}

static struct transfer *transfer_of(struct call *c)
{
	struct transfer *t = call_keep(c, sizeof *t, end);
	t->definitions.broker = c->host->broker;
	return t;
}

/* ---- out ---- */

enum call_state verb_export_definitions(struct call *c, struct buf *out)
{
	struct definitions *d = &transfer_of(c)->definitions;
	if (!c->begun && c->options.vhost.p && !call_vhost(c))
		return CALL_DONE;
	d->vhost = c->options.vhost;
	return definitions_export(d, out) ? CALL_MORE : CALL_DONE;
}

/* ---- in ---- */

/* The definitions are the last argument, and lie in the bytes of the call. */
static bool begin_parsing(struct call *c, struct transfer *t, struct buf *out)
{
	const struct options *o = &c->options;
	struct definitions *d = &t->definitions;
	call_banner(c, out, "Importing definitions in JSON ...");
	if (o->vhost.p && !call_vhost(c))
		return false;
	if (o->before.p && !quantity_count(o->before, &d->before)) {
		call_refuse_quietly(c, "--before takes a number.");
		return false;
	}
	d->vhost = o->vhost;
	d->dry_run = o->dry_run;
	d->reconcile = o->reconcile;
	d->force = o->force;
	d->actor = c->actor;
	d->notes = o->json ? DEFINITIONS_LINES : DEFINITIONS_TEXT;
	t->parsing = parsing_new(c->host->aside, &c->bytes, c->arguments[0], slice_of("", 0));
	return true;
}

static bool begin_import(struct call *c, struct transfer *t)
{
	struct buf why = { 0 };
	if (!definitions_begin(&t->definitions, t->parsing, &why))
		call_fail(c, CALL_EXIT_DATA, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
	return c->code == 0;
}

static void conclude(struct call *c, const struct definitions *d, struct buf *out)
{
	if (d->failures)
		c->code = CALL_EXIT_DATA;
	if (c->options.json) {
		buf_u8(out, '{');
		definitions_sum(d, out);
		buf_printf(out, "}\n");
	} else if (d->dry_run && !c->options.quiet) {
		buf_printf(out, "Nothing was changed.\n");
	} else if (!d->failures && !c->options.quiet) {
		buf_printf(out, "Successfully imported definitions.\n");
	}
}

enum call_state verb_import_definitions(struct call *c, struct buf *out)
{
	struct transfer *t = transfer_of(c);
	struct definitions *d = &t->definitions;
	if (!t->parsing && !begin_parsing(c, t, out))
		return CALL_DONE;
	if (!parsing_is_done(t->parsing))
		return CALL_WAITS;
	if (!d->root && !begin_import(c, t))
		return CALL_DONE;
	if (!t->taken && definitions_import(d, out, &c->error)) {
		definitions_progress(d, &c->progress);
		return CALL_MORE;
	}
	t->taken = true;
	if (!manage_is_durable(c->host->broker, d->wait_for))
		return CALL_WAITS;
	conclude(c, d, out);
	return CALL_DONE;
}

/* ---- reset ---- */

/* What a broker has that starts for the first time, as definitions. */
static void put_virgin(struct buf *out, const struct broker_options *o)
{
	buf_printf(out, "{\"vhosts\":[{\"name\":");
	cell_put_json(out, cell_text(o->default_vhost));
	buf_printf(out, "}],\"users\":[");
	if (*o->default_user) {
		buf_printf(out, "{\"name\":");
		cell_put_json(out, cell_text(o->default_user));
		buf_printf(out, ",\"password\":");
		cell_put_json(out, cell_text(o->default_pass));
		buf_printf(out, ",\"tags\":");
		cell_put_json(out, cell_words(slice_str(o->default_tags)));
		buf_printf(out, ",\"limits\":{}}],\"permissions\":[{\"user\":");
		cell_put_json(out, cell_text(o->default_user));
		buf_printf(out, ",\"vhost\":");
		cell_put_json(out, cell_text(o->default_vhost));
		buf_printf(out, ",\"configure\":");
		cell_put_json(out, cell_text(o->default_configure));
		buf_printf(out, ",\"write\":");
		cell_put_json(out, cell_text(o->default_write));
		buf_printf(out, ",\"read\":");
		cell_put_json(out, cell_text(o->default_read));
		buf_u8(out, '}');
	} else {
		buf_printf(out, "],\"permissions\":[");
	}
	buf_printf(out, "],\"topic_permissions\":[],\"parameters\":[],\"global_parameters\":[],"
	           "\"policies\":[],\"queues\":[],\"exchanges\":[],\"bindings\":[]}");
}

static enum call_state begin_reset(struct call *c, struct transfer *t, struct buf *out)
{
	struct buf text = { 0 };
	if (!c->host->suspended)
		return call_refuse(c, "this command requires the broker to let nobody in. Stop it with "
		                   "'leveretctl stop_app'.");
	call_banner(c, out, "Resetting the broker in %s ...", c->host->data_dir);
	put_virgin(&text, &c->host->broker->options);
	t->definitions.reconcile = t->definitions.force = true;
	t->definitions.actor = c->actor;
	t->parsing = parsing_new(NULL, &text, buf_slice(&text), slice_of("", 0));
	return begin_import(c, t) ? CALL_MORE : CALL_DONE;
}

/* What is not in the definitions of a new broker goes, and what is in them is made. */
enum call_state verb_reset(struct call *c, struct buf *out)
{
	struct transfer *t = transfer_of(c);
	struct definitions *d = &t->definitions;
	struct buf report = { 0 };
	if (!c->begun)
		return begin_reset(c, t, out);
	bool more = !t->taken && definitions_import(d, &report, &c->error);
	buf_free(&report);
	if (more)
		return CALL_MORE;
	t->taken = true;
	if (d->failures)
		c->code = CALL_EXIT_SOFTWARE;
	return manage_is_durable(c->host->broker, d->wait_for) ? CALL_DONE : CALL_WAITS;
}

enum call_state verb_force_reset(struct call *c, struct buf *out)
{
	return verb_reset(c, out);
}
