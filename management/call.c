/* SPDX-License-Identifier: Apache-2.0 */
#include "management/call.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/term.h"
#include "management/json.h"
#include "management/parsing.h"
#include "management/verbs.h"

void *call_keep(struct call *c, size_t n, void end(void *kept))
{
	if (!c->kept) {
		c->kept = mem_zalloc(n);
		c->end = end;
	}
	return c->kept;
}

/* ---- saying no, and banners ---- */

static void print_list(struct buf *out, const char *format, va_list args)
{
	char text[1024];
	int n = vsnprintf(text, sizeof text, format, args);
	buf_append(out, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

enum call_state call_fail(struct call *c, uint32_t code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_printf(&c->error, "Error:\n");
	print_list(&c->error, format, args);
	va_end(args);
	buf_u8(&c->error, '\n');
	c->code = code;
	return CALL_DONE;
}

enum call_state call_refuse(struct call *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_printf(&c->error, "Error (argument validation): ");
	print_list(&c->error, format, args);
	va_end(args);
	buf_printf(&c->error, "\nArguments given:\n\t");
	for (size_t i = 0; i < c->request.n; i++)
		buf_printf(&c->error, "%s%.*s", i ? " " : "", SLICE_ARG(c->request.arguments[i]));
	buf_printf(&c->error, "\n\nUsage\n\nleveretctl [--data-dir DIR] %s %s\n", c->verb->name,
	           c->verb->usage);
	c->code = CALL_EXIT_USAGE;
	return CALL_DONE;
}

enum call_state call_refuse_quietly(struct call *c, const char *why)
{
	buf_printf(&c->error, "Error (argument validation): %s\n", why);
	c->code = CALL_EXIT_USAGE;
	return CALL_DONE;
}

struct vhost *call_vhost(struct call *c)
{
	struct vhost *v = vhost_find(c->host->broker, c->vhost);
	if (!v)
		call_fail(c, CALL_EXIT_DATA, "Virtual host '%.*s' does not exist", SLICE_ARG(c->vhost));
	return v;
}

enum call_state call_durably(struct call *c, struct buf *out,
                             enum call_state change(struct call *c, struct buf *out))
{
	if (!c->begun && change(c, out) == CALL_DONE)
		return CALL_DONE;
	const struct vhost *v = vhost_find(c->host->broker, c->vhost);
	bool done = manage_is_durable(c->host->broker, c->wait_for) && (!v || policing_is_done(v)) &&
	            rights_are_reviewed(c->host->broker);
	return done ? CALL_DONE : CALL_WAITS;
}

bool call_json(struct call *c, struct slice text, struct buf *room, struct field *out)
{
	struct buf term = { 0 };
	if (json_read(text, room, out))
		return true;
	term_put_name(&term, text);
	call_fail(c, CALL_EXIT_UNAVAILABLE,
	          "Could not parse JSON document: {error,{failed_to_decode_json,%.*s}}",
	          SLICE_ARG(buf_slice(&term)));
	buf_free(&term);
	return false;
}

bool call_follow(struct call *c)
{
	c->follows = c->host->n_followers < CALL_FOLLOWERS_MAX;
	c->host->n_followers += c->follows;
	if (!c->follows)
		call_fail(c, CALL_EXIT_UNAVAILABLE, "%d others follow something already",
		          CALL_FOLLOWERS_MAX);
	return c->follows;
}

void call_grid(struct call *c, struct buf *out, const char *const *names, size_t n)
{
	grid_begin(&c->grid, c->options.format, !c->options.bare, names, n, out);
}

void call_banner(struct call *c, struct buf *out, const char *format, ...)
{
	va_list args;
	if (c->options.quiet || c->options.json)
		return;
	va_start(args, format);
	print_list(out, format, args);
	va_end(args);
	buf_u8(out, '\n');
}

/* ---- what is asked ---- */

/* Options may stand anywhere; the first word that is none is the verb.  0, or the place of one that
 * is not understood, counted from one. */
static size_t read_arguments(struct call *c)
{
	bool plain = false, named = false;
	for (size_t i = 0; i < c->request.n; i++) {
		size_t at = i;
		if (!plain && slice_is(c->request.arguments[i], "--")) {
			plain = true;
			continue;
		}
		enum option o = plain ? OPTION_NONE : options_take(&c->options, &c->request, &i);
		if (o == OPTION_BAD)
			return at + 1;
		if (o == OPTION_NONE && named)
			c->arguments[c->n++] = c->request.arguments[i];
		if (o == OPTION_NONE && !named) {
			c->verb = verb_find(c->request.arguments[i]);
			named = true;
		}
	}
	return 0;
}

/* The first word that looks like a verb, for the complaint. */
static struct slice word(const struct call *c)
{
	for (size_t i = 0; i < c->request.n; i++)
		if (c->request.arguments[i].n && c->request.arguments[i].p[0] != '-')
			return c->request.arguments[i];
	return c->request.arguments[0];
}

static void unknown_verb(struct call *c)
{
	const struct verb *meant = verb_nearest(word(c));
	buf_printf(&c->error, "\nCommand '%.*s' not found. \n", SLICE_ARG(word(c)));
	if (meant) {
		buf_printf(&c->error, "Did you mean '%s'? \n\n", meant->name);
	} else {
		buf_printf(&c->error, "\nCommands:\n");
		verbs_print(&c->error);
	}
	c->code = CALL_EXIT_USAGE;
}

static void check(struct call *c)
{
	size_t bad = read_arguments(c);
	if (!c->verb)
		c->verb = bad ? verb_find(word(c)) : NULL;
	c->over = true;
	if (!c->verb)
		unknown_verb(c);
	else if (bad)
		call_refuse(c, "Invalid options for this command:\n%.*s",
		            SLICE_ARG(c->request.arguments[bad - 1]));
	else if (c->n < c->verb->least)
		call_refuse(c, "not enough arguments.");
	else if (c->n > c->verb->most)
		call_refuse(c, "too many arguments.");
	else
		c->over = false;
}

/* ---- the call ---- */

struct call *call_new(struct host *h, struct buf *request)
{
	struct call *c = mem_zalloc(sizeof *c);
	c->host = h;
	c->bytes = *request;
	*request = (struct buf){ 0 };
	struct slice in = buf_slice(&c->bytes);
	if (request_decode(&in, &c->request) != REQUEST_OK)
		c->request.arguments[c->request.n = 0] = slice_of("", 0);
	check(c);
	c->vhost = c->options.vhost.p ? c->options.vhost : slice_str("/");
	return c;
}

/* A large message is more than one piece may be. */
static void put(struct buf *out, enum answer_kind kind, struct buf *bytes)
{
	struct slice rest = buf_slice(bytes);
	while (rest.n) {
		size_t n = rest.n < ANSWER_MAX_BYTES ? rest.n : ANSWER_MAX_BYTES;
		answer_encode(out, &(struct answer_piece){ .kind = kind, .bytes = slice_take(&rest, n) });
	}
	buf_clear(bytes);
}

/* Ahead of what the same pull says. */
static void put_progress_line(struct call *c, struct buf *out)
{
	struct buf line = { 0 };
	buf_printf(&line, "{\"progress\":");
	cell_put_json(&line, cell_slice(buf_slice(&c->progress)));
	buf_printf(&line, "}\n");
	put(out, ANSWER_OUTPUT, &line);
	buf_clear(&c->progress);
	buf_free(&line);
}

/* The verb is understood, and no more: what else it says, it says while it does it. */
static enum call_state rehearse(struct call *c, struct buf *out)
{
	call_banner(c, out, "%s was not begun: --dry-run changes nothing.", c->verb->name);
	return CALL_DONE;
}

static enum call_state step(struct call *c, struct buf *out)
{
	if (c->options.dry_run && !verb_rehearses(c->verb))
		return rehearse(c, out);
	return verb_handler_of(c->verb)(c, out);
}

enum call_state call_pull(struct call *c, uint64_t now_ms, struct buf *out)
{
	struct buf text = { 0 };
	enum call_state state = CALL_DONE;
	manage_now(c->host->broker, now_ms);
	if (!c->over)
		state = step(c, &text);
	c->begun = true;
	if (c->options.lines && c->progress.len)
		put_progress_line(c, out);
	put(out, ANSWER_OUTPUT, &text);
	put(out, ANSWER_PROGRESS, &c->progress);
	put(out, ANSWER_ERROR, &c->error);
	if (state == CALL_DONE)
		answer_encode(out, &(struct answer_piece){ .kind = ANSWER_END, .code = c->code });
	c->over |= state == CALL_DONE;
	buf_free(&text);
	return state;
}

void call_free(struct call **c)
{
	if (!*c)
		return;
	(*c)->host->n_followers -= (*c)->follows;
	if ((*c)->end)
		(*c)->end((*c)->kept);
	mem_free((*c)->kept);
	grid_free(&(*c)->grid);
	buf_free(&(*c)->bytes);
	buf_free(&(*c)->error);
	buf_free(&(*c)->progress);
	mem_free(*c);
	*c = NULL;
}
