/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins, for scripts that enable them: what is built in is there, and nothing else can be had. */
#include "base/die.h"
#include "management/call.h"
#include "management/verbs.h"

static const struct plugin {
	const char *name, *about;
} plugins[] = {
#define PLUGIN(name, about) { #name, about },
#include "management/plugins.def"
#undef PLUGIN
};

static bool is_built_in(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(plugins); i++)
		if (slice_is(name, plugins[i].name))
			return true;
	return false;
}

/* Those that are named and not built in, with what is before and behind each. */
static void put_unknown(const struct call *c, struct buf *out, const char *before)
{
	for (size_t i = 0; i < c->n; i++)
		if (!is_built_in(c->arguments[i]))
			buf_printf(out, "%s%s%.*s", out->len ? ", " : "", before,
			           SLICE_ARG(c->arguments[i]));
}

static void put_named(const struct call *c, struct buf *out, const char *between)
{
	for (size_t i = 0; i < c->n; i++)
		buf_printf(out, "%s%.*s", i ? between : "", SLICE_ARG(c->arguments[i]));
}

/* ---- list ---- */

static void put_json(struct call *c, struct buf *out, const struct plugin *p, bool first)
{
	buf_printf(out, "%s{\"name\":\"%s\",\"version\":\"%s\",\"enabled\":\"enabled\","
	           "\"running\":true}", first ? "" : ",", p->name, c->host->version);
}

static void put_plugin(struct call *c, struct buf *out, const struct plugin *p)
{
	if (c->options.minimal)
		buf_printf(out, "%s\n", p->name);
	else
		buf_printf(out, "[E*] %-34s%-8s %s\n", p->name, c->host->version, p->about);
}

/* Of RabbitMQ's pattern only a part of the name is taken. */
static bool is_wanted(const struct call *c, const struct plugin *p)
{
	struct buf part = { 0 };
	if (c->n == 0)
		return true;
	buf_append_slice(&part, c->arguments[0]);
	buf_u8(&part, '\0');
	bool found = slice_is(c->arguments[0], ".*") || strstr(p->name, (const char *)part.p);
	buf_free(&part);
	return found;
}

enum call_state verb_list_plugins(struct call *c, struct buf *out)
{
	bool first = true;
	struct slice part = c->n ? c->arguments[0] : slice_str(".*");
	call_banner(c, out, "Listing plugins with pattern \"%.*s\" ...", SLICE_ARG(part));
	if (!c->options.minimal)
		call_banner(c, out, " Configured: E = built in\n | Status: * = running\n |/");
	if (c->options.json)
		buf_printf(out, "{\"status\":\"running\",\"format\":\"normal\",\"plugins\":[");
	for (size_t i = 0; i < ARRAY_LEN(plugins); i++) {
		if (!is_wanted(c, &plugins[i]))
			continue;
		if (c->options.json)
			put_json(c, out, &plugins[i], first);
		else
			put_plugin(c, out, &plugins[i]);
		first = false;
	}
	if (c->options.json)
		buf_printf(out, "]}\n");
	return CALL_DONE;
}

/* ---- changes ---- */

static void banner(struct call *c, struct buf *out, const char *what)
{
	struct buf names = { 0 };
	put_named(c, &names, "\n");
	call_banner(c, out, "%s plugins on the broker in %s:\n%.*s", what, c->host->data_dir,
	            SLICE_ARG(buf_slice(&names)));
	buf_free(&names);
}

/* False, which was said then: one of them is not built in. */
static bool are_built_in(struct call *c)
{
	struct buf unknown = { 0 };
	put_unknown(c, &unknown, ":");
	if (unknown.len)
		call_fail(c, CALL_EXIT_SOFTWARE, "{:plugins_not_found, [%.*s]}\nNo plugins can be added; "
		          "leveretctl list_plugins tells what is built in",
		          SLICE_ARG(buf_slice(&unknown)));
	buf_free(&unknown);
	return c->code == CALL_EXIT_OK;
}

enum call_state verb_enable_plugins(struct call *c, struct buf *out)
{
	if (c->n == 0 && !c->options.idle)
		return call_refuse(c, "not enough arguments.");
	banner(c, out, "Enabling");
	if (!are_built_in(c))
		return CALL_DONE;
	call_banner(c, out, "Applying plugin configuration to the broker in %s...\n"
	            "Plugin configuration unchanged.", c->host->data_dir);
	return CALL_DONE;
}

enum call_state verb_disable_plugins(struct call *c, struct buf *out)
{
	struct buf names = { 0 };
	banner(c, out, "Disabling");
	if (!are_built_in(c))
		return CALL_DONE;
	put_named(c, &names, ", ");
	call_fail(c, CALL_EXIT_UNAVAILABLE, "What is built in cannot be disabled: %.*s",
	          SLICE_ARG(buf_slice(&names)));
	buf_free(&names);
	return CALL_DONE;
}

enum call_state verb_is_enabled(struct call *c, struct buf *out)
{
	struct buf names = { 0 }, unknown = { 0 };
	put_named(c, &names, ", ");
	put_unknown(c, &unknown, "");
	call_banner(c, out, "Asking the broker in %s if plugins %.*s are enabled...",
	            c->host->data_dir, SLICE_ARG(buf_slice(&names)));
	if (unknown.len)
		call_fail(c, CALL_EXIT_UNAVAILABLE, "Plugins %.*s are not enabled on the broker in %s",
		          SLICE_ARG(buf_slice(&unknown)), c->host->data_dir);
	else
		call_banner(c, out, "Plugins %.*s are enabled on the broker in %s",
		            SLICE_ARG(buf_slice(&names)), c->host->data_dir);
	buf_free(&unknown);
	buf_free(&names);
	return CALL_DONE;
}
