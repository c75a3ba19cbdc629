/* SPDX-License-Identifier: Apache-2.0 */
#include "management/definitions.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/die.h"
#include "base/digest.h"
#include "base/mem.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/cell.h"
#include "management/json.h"
#include "management/limits.h"
#include "management/parsing.h"
#include "management/piece.h"
#include "management/taking.h"
#include "queue/queue.h"

enum {
	PIECE_ROWS = 200,
	TAKE_ROWS = 64,              /* each of them may write to the log */
	COMPLAINTS_BYTES = 256 << 10, /* nobody reads more */
};

/* ---- out ---- */

/* A pair of an object that is open. */
static void pair(struct buf *out, const char *key, struct cell value)
{
	buf_printf(out, "%s\"%s\":", out->p[out->len - 1] == '{' ? "" : ",", key);
	cell_put_json(out, value);
}

static void raw(struct buf *out, const char *key)
{
	buf_printf(out, "%s\"%s\":", out->p[out->len - 1] == '{' ? "" : ",", key);
}

static bool put_user(struct buf *out, const struct roster_row *r)
{
	const struct user_about *a = &r->user->about;
	struct buf hash = { 0 };
	password_print(&hash, &a->password);
	pair(out, "name", cell_slice(r->user->name));
	pair(out, "password_hash", cell_slice(buf_slice(&hash)));
	pair(out, "hashing_algorithm", cell_text(password_hashing_name(a->password.hashing)));
	pair(out, "tags", cell_words(a->tags));
	raw(out, "limits");
	limits_put_user(out, a);
	buf_free(&hash);
	return true;
}

static void put_about(struct buf *out, const struct vhost_about *a)
{
	pair(out, "description", cell_slice(a->description));
	pair(out, "tags", cell_words(a->tags));
	if (a->queue_type.n)
		pair(out, "default_queue_type", cell_slice(a->queue_type));
	if (a->is_protected)
		pair(out, "protected_from_deletion", cell_boolean(true));
}

static bool put_vhost(struct buf *out, const struct roster_row *r)
{
	const struct vhost_about *a = &r->vhost->about;
	pair(out, "name", cell_slice(r->vhost->name));
	put_about(out, a);
	raw(out, "metadata");
	buf_u8(out, '{');
	put_about(out, a);
	buf_u8(out, '}');
	return true;
}

static bool put_grant(struct buf *out, const struct roster_row *r)
{
	const struct grant *g = r->grant;
	pair(out, "user", cell_slice(g->user->name));
	if (g->exchange.p)
		pair(out, "exchange", cell_slice(g->exchange));
	else
		pair(out, "configure", cell_slice(g->texts[RIGHT_CONFIGURE]));
	pair(out, "write", cell_slice(g->texts[RIGHT_WRITE]));
	pair(out, "read", cell_slice(g->texts[RIGHT_READ]));
	return true;
}

static bool put_limits(struct buf *out, const struct roster_row *r)
{
	pair(out, "component", cell_text("vhost-limits"));
	pair(out, "name", cell_text("limits"));
	raw(out, "value");
	limits_put_vhost(out, &r->vhost->about);
	return true;
}

static void put_rule(struct buf *out, const struct policy *p)
{
	pair(out, "pattern", cell_slice(p->pattern));
	pair(out, "apply-to", cell_text(policy_apply_to(p)));
	pair(out, "definition", cell_table(p->definition));
	raw(out, "priority");
	buf_printf(out, "%" PRIi64, p->priority);
}

/* Limits of virtual hosts have their own section ahead of this one. */
static bool put_parameter(struct buf *out, const struct roster_row *r)
{
	if (!r->policy && !r->parameter)
		return false;
	if (r->vhost)
		pair(out, "component", r->policy ? cell_text("operator_policy")
		                                 : cell_slice(r->parameter->component));
	pair(out, "name", cell_slice(r->policy ? r->policy->name : r->parameter->name));
	raw(out, "value");
	if (r->policy) {
		buf_u8(out, '{');
		put_rule(out, r->policy);
		buf_u8(out, '}');
	} else {
		json_put(out, r->parameter->value);
	}
	return true;
}

static bool put_policy(struct buf *out, const struct roster_row *r)
{
	pair(out, "name", cell_slice(r->policy->name));
	put_rule(out, r->policy);
	return true;
}

static bool put_queue(struct buf *out, const struct roster_row *r)
{
	const struct queue *q = r->queue;
	if (q->exclusive)
		return false;
	pair(out, "name", cell_slice(queue_name(q)));
	pair(out, "durable", cell_boolean(q->durable));
	pair(out, "auto_delete", cell_boolean(q->auto_delete));
	pair(out, "arguments", cell_table(queue_arguments(q)));
	return true;
}

static bool put_exchange(struct buf *out, const struct roster_row *r)
{
	const struct exchange *x = r->exchange;
	if (x->predeclared)
		return false;
	pair(out, "name", cell_slice(x->name));
	pair(out, "type", cell_text(exchange_type_name(x)));
	pair(out, "durable", cell_boolean(x->durable));
	pair(out, "auto_delete", cell_boolean(x->auto_delete));
	pair(out, "internal", cell_boolean(x->internal));
	pair(out, "arguments", cell_table(x->arguments));
	return true;
}

static bool put_binding(struct buf *out, const struct roster_row *r)
{
	const struct binding *b = r->binding;
	if (!b || (b->queue && b->queue->exclusive))
		return false;
	pair(out, "source", cell_slice(b->source->name));
	pair(out, "destination", cell_slice(b->queue ? queue_name(b->queue) : b->exchange->name));
	pair(out, "destination_type", cell_text(b->queue ? "queue" : "exchange"));
	pair(out, "routing_key", cell_slice(b->key));
	pair(out, "arguments", cell_table(b->arguments));
	return true;
}

/* In the order in which they have to be taken in again. */
static const struct section {
	const char *key;
	enum roster_kind kind;
	enum { CLUSTER, VHOSTS, LIMITS } of;   /* VHOSTS: there is a roster of each */
	bool alone;                  /* it is there where one virtual host is exported, too */
	bool (*put)(struct buf *out, const struct roster_row *r);   /* false: it is not exported */
} sections[] = {
	{ "users", ROSTER_USERS, CLUSTER, false, put_user },
	{ "vhosts", ROSTER_VHOSTS, CLUSTER, false, put_vhost },
	{ "permissions", ROSTER_PERMISSIONS, VHOSTS, false, put_grant },
	{ "topic_permissions", ROSTER_TOPIC_PERMISSIONS, VHOSTS, false, put_grant },
	{ "parameters", ROSTER_VHOST_LIMITS, LIMITS, true, put_limits },
	{ "parameters", ROSTER_PARAMETERS, VHOSTS, true, put_parameter },
	{ "global_parameters", ROSTER_GLOBAL_PARAMETERS, CLUSTER, false, put_parameter },
	{ "policies", ROSTER_POLICIES, VHOSTS, true, put_policy },
	{ "queues", ROSTER_QUEUES, VHOSTS, true, put_queue },
	{ "exchanges", ROSTER_EXCHANGES, VHOSTS, true, put_exchange },
	{ "bindings", ROSTER_BINDINGS, VHOSTS, true, put_binding },
};

static bool is_same_key(size_t a, size_t b)
{
	return b < ARRAY_LEN(sections) && strcmp(sections[a].key, sections[b].key) == 0;
}

static void put_row(struct definitions *d, const struct section *s, const struct roster_row *row,
                    struct buf *out)
{
	size_t before = out->len;
	if (d->vhost.p && !slice_eq(row->vhost->name, d->vhost))
		return;
	buf_printf(out, d->more ? ",\n{" : "\n{");
	if (s->put(out, row)) {
		if (!d->vhost.p && s->of != CLUSTER)
			pair(out, "vhost", cell_slice(row->vhost->name));
		buf_u8(out, '}');
		d->more = true;
	} else {
		out->len = before;
	}
}

/* Begins the next roster of the section; false when there is none. */
static bool next_roster(struct definitions *d, const struct section *s)
{
	struct roster_row row;
	roster_end(&d->rows);
	if (s->of != VHOSTS || d->vhost.p) {
		struct vhost *v = s->of == VHOSTS ? vhost_find(d->broker, d->vhost) : NULL;
		bool first = !d->begun && (v || s->of != VHOSTS);
		if (first)
			roster_begin(&d->rows, d->broker, v, s->kind);
		d->begun = true;
		return first;
	}
	if (!d->begun)
		roster_begin(&d->vhosts, d->broker, NULL, ROSTER_VHOSTS);
	d->begun = true;
	roster_go_on(&d->vhosts);
	if (roster_next(&d->vhosts, &row) == ROSTER_ROW) {
		roster_begin(&d->rows, d->broker, vhost_find(d->broker, row.vhost->name), s->kind);
		return true;
	}
	roster_end(&d->vhosts);
	return false;
}

/* What is exported of d, from this section on. */
static size_t wanted_from(const struct definitions *d, size_t section)
{
	while (d->vhost.p && section < ARRAY_LEN(sections) && !sections[section].alone)
		section++;
	return section;
}

static void open_section(const struct definitions *d, struct buf *out)
{
	buf_printf(out, ",\n\"%s\":[", sections[d->section].key);
}

/* False behind the last one. */
static bool next_section(struct definitions *d, struct buf *out)
{
	size_t next = wanted_from(d, d->section + 1);
	bool same = is_same_key(d->section, next);
	d->section = next;
	d->begun = false;
	d->more &= same;
	if (!same)
		buf_u8(out, ']');
	if (d->section == ARRAY_LEN(sections)) {
		buf_printf(out, "}\n");
		return false;
	}
	if (!same)
		open_section(d, out);
	return true;
}

static void put_head_of_vhost(const struct definitions *d, struct buf *out)
{
	const struct vhost *v = vhost_find(d->broker, d->vhost);
	pair(out, "rabbitmq_definition_format", cell_text("single_virtual_host"));
	pair(out, "original_vhost_name", cell_slice(d->vhost));
	raw(out, "metadata");
	buf_u8(out, '{');
	if (v)
		put_about(out, &v->about);
	buf_u8(out, '}');
}

static void put_head(struct definitions *d, struct buf *out)
{
	const struct broker_options *o = &d->broker->options;
	d->section = wanted_from(d, 0);
	d->headed = true;
	buf_u8(out, '{');
	pair(out, "rabbit_version", cell_text(o->version));
	pair(out, "rabbitmq_version", cell_text(o->version));
	pair(out, "product_name", cell_text(o->product));
	pair(out, "product_version", cell_text(o->version));
	if (d->vhost.p) {
		put_head_of_vhost(d, out);
	} else {
		pair(out, "rabbitmq_definition_format", cell_text("cluster"));
		pair(out, "original_cluster_name", cell_slice(broker_cluster_name(d->broker)));
	}
	open_section(d, out);
}

/* Of one start, because counts begin anew with each, and of one virtual host. */
void definitions_tag(const struct definitions *d, struct buf *out)
{
	const struct broker *b = d->broker;
	const uint64_t changes = b->store.catalog.changes + b->store.topology_changes;
	buf_printf(out, "%" PRIx64 "-%" PRIx64, b->options.wall_ms, changes);
	if (d->vhost.p) {
		struct digest vhost = digest_of(d->vhost);
		buf_u8(out, '-');
		for (size_t i = 0; i < sizeof vhost.bytes; i++)
			buf_printf(out, "%02x", vhost.bytes[i]);
	}
}

bool definitions_export(struct definitions *d, struct buf *out)
{
	struct roster_row row;
	if (!d->headed)
		put_head(d, out);
	for (int rows = 0; rows < PIECE_ROWS && out->len < PIECE_BYTES; rows++) {
		const struct section *s = &sections[d->section];
		enum roster_answer a = ROSTER_END;
		if (rows == 0)
			roster_go_on(&d->rows);
		if (d->rows.broker && (a = roster_next(&d->rows, &row)) == ROSTER_ROW)
			put_row(d, s, &row, out);
		else if (a == ROSTER_NOT_YET)
			return true;
		else if (!next_roster(d, s) && !next_section(d, out))
			return false;
	}
	return true;
}

void definitions_end(struct definitions *d)
{
	roster_end(&d->rows);
	roster_end(&d->vhosts);
	names_free(&d->names);
	removal_end(&d->removal);
	buf_free(&d->room);
}

/* ---- in ---- */

bool definitions_take(struct broker *b, const char *section, struct slice object,
                      log_position *wait_for, struct buf *why)
{
	struct taking t = { .broker = b, .object = object, .why = why };
	size_t i = 0;
	bool alone;
	while (strcmp(taking_section(i, &alone), section) != 0)
		i++;
	taking_take(&t, i);
	if (t.verdict == TAKING_CONFLICTS)
		buf_clear(why);
	mem_disown(t.what.identity);
	*wait_for = t.wait_for;
	return why->len == 0;
}

/* One that is no list would count as an empty one, and what is there as too much; NULL: there is
 * none. */
static const char *unsound_section(const json_t *root)
{
	bool alone;
	const char *key;
	for (size_t i = 0; (key = taking_section(i, &alone)); i++) {
		const json_t *list = json_object_get(root, key);
		if (list && !json_is_array(list))
			return key;
	}
	return NULL;
}

bool definitions_begin(struct definitions *d, const struct parsing *r, struct buf *why)
{
	const char *fault, *unsound;
	d->root = parsing_root(r, &fault);
	const char *format = json_string_value(json_object_get(d->root, "rabbitmq_definition_format"));
	if (!json_is_object(d->root))
		buf_printf(why, "the definitions are no object of JSON: %s", fault);
	else if ((unsound = unsound_section(d->root)))
		buf_printf(why, "%s has to be a list", unsound);
	else if (!d->vhost.p && format && strcmp(format, "single_virtual_host") == 0)
		buf_printf(why, "the definitions are of one virtual host: -p says which one they are for");
	d->removal.broker = d->broker;
	d->removal.actor = d->actor;
	d->removal.dry = d->dry_run;
	d->removal.force = d->force;
	d->removal.has_queues = json_object_get(d->root, "queues") != NULL;
	d->back = ARRAY_LEN(sections);
	return why->len == 0;
}

bool definitions_have_users(const struct definitions *d)
{
	return json_array_size(json_object_get(d->root, "users")) > 0;
}

/* A line of a report. */
static void note(struct definitions *d, struct buf *out, const char *action,
                 const struct designation *what, struct slice why)
{
	struct buf name = { 0 };
	designation_print(&name, what);
	if (d->notes == DEFINITIONS_TEXT) {
		buf_printf(out, "%s %s '%.*s'", action, what->section, SLICE_ARG(buf_slice(&name)));
		if (what->vhost.p)
			buf_printf(out, " in vhost '%.*s'", SLICE_ARG(what->vhost));
		buf_printf(out, "%s%.*s\n", why.n ? ": " : "", SLICE_ARG(why));
	} else {
		buf_printf(out, d->notes == DEFINITIONS_ARRAY && d->noted ? ",\n{" : "{");
		pair(out, "action", cell_text(action));
		pair(out, "section", cell_text(what->section));
		if (what->vhost.p)
			pair(out, "vhost", cell_slice(what->vhost));
		pair(out, "name", cell_slice(buf_slice(&name)));
		if (why.n)
			pair(out, "why", cell_slice(why));
		buf_printf(out, d->notes == DEFINITIONS_ARRAY ? "}" : "}\n");
	}
	d->noted = true;
	buf_free(&name);
}

static bool is_reviewed(const struct definitions *d)
{
	return d->dry_run || d->reconcile;
}

/* What became of one: a line in the report, or a complaint. */
static void tell(struct definitions *d, const struct taking *t, struct buf *out, struct buf *why)
{
	struct slice fault = buf_slice(t->why);
	d->wait_for = t->wait_for > d->wait_for ? t->wait_for : d->wait_for;
	d->counts[t->verdict]++;
	if (is_reviewed(d) && t->verdict != TAKING_EQUAL)
		note(d, out, taking_verdict_name(t->verdict), &t->what, fault);
	if (t->verdict != TAKING_REFUSED)
		return;
	d->failures++;
	if (!is_reviewed(d) && why->len < COMPLAINTS_BYTES)
		buf_printf(why, "%s, number %" PRIu64 ": %.*s\n", t->what.section, d->before + d->at + 1,
		           SLICE_ARG(fault));
}

static void take_one(struct definitions *d, const json_t *object, struct buf *out, struct buf *why)
{
	struct buf fault = { 0 };
	struct field f;
	bool alone;
	struct taking t = { .broker = d->broker, .vhost = d->vhost, .why = &fault, .dry = d->dry_run,
		                .replaces = d->reconcile, .force = d->force,
		                .what = { .section = taking_section(d->section, &alone) },
		                .names = is_reviewed(d) ? &d->names : NULL };
	if (!json_take(object, &d->room, &f) || f.letter != 'F') {
		buf_printf(&fault, "not an object, or too large a one");
		d->unread = true;
	} else {
		t.object = f.bytes;
		taking_take(&t, d->section);
	}
	tell(d, &t, out, why);
	mem_disown(t.what.identity);
	buf_free(&fault);
}

/* The objects of the section at hand. */
static const json_t *list_of(const struct definitions *d, const char *key, bool alone)
{
	return !d->vhost.p || alone ? json_object_get(d->root, key) : NULL;
}

static bool take_next(struct definitions *d, struct buf *out, struct buf *why)
{
	bool alone;
	const char *key;
	while ((key = taking_section(d->section, &alone))) {
		const json_t *list = list_of(d, key, alone);
		if (d->at < json_array_size(list)) {
			take_one(d, json_array_get(list, d->at), out, why);
			d->at++;
			return true;
		}
		d->section++;
		d->at = 0;
	}
	return false;
}

/* ---- what is not in the file ---- */

/* Of the virtual host, or of all; not the limits that come with parameters, they are a roster. */
static bool is_asked_about(const struct definitions *d, const struct section *s,
                           const struct roster_row *row)
{
	if (d->vhost.p && !slice_eq(row->vhost->name, d->vhost))
		return false;
	return s->kind != ROSTER_PARAMETERS || row->policy || row->parameter;
}

static void remove_one(struct definitions *d, const struct section *s,
                       const struct roster_row *row, struct buf *out)
{
	struct designation what = { 0 };
	struct removal *r = &d->removal;
	if (is_asked_about(d, s, row) && removal_designate(row, s->key, &what) &&
	    !names_has(&d->names, &what)) {
		const char *why = removal_objection(r, row, &what);
		struct slice identity = what.identity;
		*(why ? &d->kept : &d->deleted) += 1;
		note(d, out, why ? "keep" : "delete", &what, slice_str(why ? why : ""));
		if (!why && !d->dry_run)
			removal_remove(r, row, &what);
		d->wait_for = r->wait_for > d->wait_for ? r->wait_for : d->wait_for;
		what.identity = identity;
	}
	mem_disown(what.identity);
}

/* Sections that the file has, from the last to the first; false when there is none left. */
static bool previous_section(struct definitions *d)
{
	roster_end(&d->rows);
	roster_end(&d->vhosts);
	d->begun = false;
	while (d->back-- > 0)
		if (list_of(d, sections[d->back].key, sections[d->back].alone))
			return true;
	d->back = 0;
	return false;
}

enum step { STEP_ON, STEP_ENOUGH, STEP_END };

/* Looks at another thing. */
static enum step remove_next(struct definitions *d, struct buf *out)
{
	struct roster_row row;
	if (!d->removing && !previous_section(d))
		return STEP_END;
	d->removing = true;
	const struct section *s = &sections[d->back];
	enum roster_answer a = d->rows.broker ? roster_next(&d->rows, &row) : ROSTER_END;
	if (a == ROSTER_ROW)
		remove_one(d, s, &row, out);
	else if (a == ROSTER_END)
		d->removing = next_roster(d, s);
	return a == ROSTER_NOT_YET ? STEP_ENOUGH : STEP_ON;
}

bool definitions_import(struct definitions *d, struct buf *out, struct buf *why)
{
	enum step step = STEP_ON;
	roster_go_on(&d->rows);
	for (int i = 0; i < TAKE_ROWS && out->len < PIECE_BYTES && step == STEP_ON; i++)
		if (!take_next(d, out, why))
			step = d->reconcile && !d->unread ? remove_next(d, out) : STEP_END;
	return step != STEP_END;
}

void definitions_sum(const struct definitions *d, struct buf *out)
{
	for (enum taking_verdict v = TAKING_REFUSED; v <= TAKING_CONFLICTS; v++)
		buf_printf(out, "\"%s\":%" PRIu64 ",", taking_verdict_name(v), d->counts[v]);
	buf_printf(out, "\"delete\":%" PRIu64 ",\"keep\":%" PRIu64, d->deleted, d->kept);
}

void definitions_progress(const struct definitions *d, struct buf *out)
{
	bool alone;
	const char *key;
	for (size_t i = 0; i <= d->section && (key = taking_section(i, &alone)); i++) {
		size_t all = json_array_size(list_of(d, key, alone));
		if (all)
			buf_printf(out, "%s%s %zu/%zu", out->len ? " " : "", key,
			           i < d->section ? all : d->at, all);
	}
	if (d->deleted + d->kept)
		buf_printf(out, " deleted %" PRIu64, d->deleted);
}
