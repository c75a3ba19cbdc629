/* SPDX-License-Identifier: Apache-2.0 */
#include "management/definitions.h"

#include <inttypes.h>
#include <jansson.h>

#include "amqp/table.h"
#include "base/die.h"
#include "broker/arguments.h"
#include "broker/channel.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/user.h"
#include "management/call.h"
#include "management/json.h"
#include "management/limits.h"
#include "management/parsing.h"
#include "queue/queue.h"

enum {
	PIECE_BYTES = 32 << 10,
	PIECE_ROWS = 200,
	TAKE_ROWS = 64,              /* each of them may write to the log */
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
	pair(out, "type", cell_text(x->type->name));
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
	buf_free(&d->room);
}

/* ---- in ---- */

/* One object on its way in. */
struct taking {
	struct broker *broker;
	struct slice vhost;          /* all is for that one; p == NULL: each says what it is for */
	struct slice object;         /* a field table */
	log_position wait_for;
	struct buf *why;             /* the sentence; empty: all is well */
};

static struct slice text(const struct taking *t, const char *key)
{
	struct field f;
	return table_find(t->object, key, &f) && f.letter == 'S' ? f.bytes : slice_of(NULL, 0);
}

static bool flag(const struct taking *t, const char *key, bool otherwise)
{
	struct field f;
	return table_find(t->object, key, &f) && f.letter == 't' ? f.boolean : otherwise;
}

static struct slice table(const struct taking *t, const char *key)
{
	struct field f;
	return table_find(t->object, key, &f) && f.letter == 'F' ? f.bytes : slice_of("", 0);
}

/* A name of 1 to 255 bytes; else it is said. */
static bool name(const struct taking *t, const char *key, struct slice *out)
{
	*out = text(t, key);
	if (out->n == 0 || out->n > 255)
		buf_printf(t->why, "%s has to be a text of 1 to 255 bytes", key);
	return t->why->len == 0;
}

static struct vhost *in_vhost(const struct taking *t)
{
	struct slice named = text(t, "vhost");
	if (t->vhost.p && named.p && !slice_eq(named, t->vhost)) {
		buf_printf(t->why, "is of virtual host '%.*s'", SLICE_ARG(named));
		return NULL;
	}
	named = t->vhost.p ? t->vhost : named;
	struct vhost *v = vhost_find(t->broker, named);
	if (!v)
		buf_printf(t->why, "Virtual host '%.*s' does not exist", SLICE_ARG(named));
	return v;
}

/* "a,b" or ["a", "b"]. */
static void read_words(struct slice object, const char *key, struct buf *out)
{
	struct field f;
	if (!table_find(object, key, &f))
		return;
	if (f.letter == 'S')
		call_words(out, f.bytes);
	if (f.letter != 'A')
		return;
	for (struct table_walk w = table_walk(f.bytes); array_next(&w, &f);)
		if (f.letter == 'S' && f.bytes.n)
			buf_printf(out, "%s%.*s", out->len ? "," : "", SLICE_ARG(f.bytes));
}

/* Without a hashing it is the oldest, as in definitions of its days. */
static bool read_secret(const struct taking *t, struct password *out)
{
	enum hashing h = HASHING_MD5;
	struct slice plain = text(t, "password"), said = text(t, "hashing_algorithm");
	if (plain.n)
		user_hash(t->broker, out, plain);
	else if (said.n && !password_hashing_find(said, &h))
		buf_printf(t->why, "unknown hashing_algorithm '%.*s'", SLICE_ARG(said));
	else if (!password_read(out, h, text(t, "password_hash")))
		buf_printf(t->why, "password_hash is not one of %s, as base64", password_hashing_name(h));
	return t->why->len == 0;
}

static void take_user(struct taking *t)
{
	struct slice named;
	struct user_about about = USER_PLAIN;
	struct buf tags = { 0 };
	read_words(t->object, "tags", &tags);
	about.tags = buf_slice(&tags);
	if (tags.len > USER_TAGS_MAX)
		buf_printf(t->why, "more than %d bytes of tags", USER_TAGS_MAX);
	else if (name(t, "name", &named) && read_secret(t, &about.password) &&
	         limits_read_user(table(t, "limits"), &about, t->why)) {
		struct user *u = user_find(t->broker, named);
		if (u)
			t->wait_for = user_change(u, &about);
		else
			user_add(t->broker, named, &about, &t->wait_for);
	}
	buf_free(&tags);
}

/* What is said beside the name counts before what its metadata says. */
static void take_vhost(struct taking *t)
{
	struct slice named, metadata = table(t, "metadata");
	struct taking inner = { .object = metadata };
	struct buf tags = { 0 };
	if (!name(t, "name", &named))
		return;
	struct vhost *v = vhost_find(t->broker, named);
	struct vhost_about about = v ? v->about : VHOST_PLAIN;
	struct slice said = text(t, "description"), type = text(t, "default_queue_type");
	read_words(t->object, "tags", &tags);
	if (tags.len == 0)
		read_words(metadata, "tags", &tags);
	about.description = said.n ? said : text(&inner, "description");
	about.tags = buf_slice(&tags);
	type = type.n ? type : text(&inner, "default_queue_type");
	about.queue_type = slice_is(type, "undefined") ? slice_of(NULL, 0) : type;
	about.is_protected = flag(t, "protected_from_deletion",
	                          flag(&inner, "protected_from_deletion", about.is_protected));
	if (about.queue_type.n && !arguments_is_queue_type(about.queue_type))
		buf_printf(t->why, "unsupported queue type '%.*s'", SLICE_ARG(about.queue_type));
	else if (about.description.n > VHOST_TEXT_MAX || tags.len > VHOST_TEXT_MAX)
		buf_printf(t->why, "a description or tags of more than %d bytes", VHOST_TEXT_MAX);
	else if (!v && vhosts_are_many(t->broker))
		buf_printf(t->why, "cannot create vhost '%.*s': vhost limit of %llu is reached",
		           SLICE_ARG(named), (unsigned long long)t->broker->options.vhost_max);
	else if (v)
		t->wait_for = vhost_change(v, &about);
	else
		vhost_add(t->broker, named, &about, &t->wait_for);
	buf_free(&tags);
}

static void grant(struct taking *t, struct slice exchange, const struct slice texts[RIGHTS])
{
	struct pattern_fault fault;
	struct user *u = user_find(t->broker, text(t, "user"));
	struct vhost *v = in_vhost(t);
	if (!u)
		buf_printf(t->why, "User \"%.*s\" does not exist", SLICE_ARG(text(t, "user")));
	else if (v && !grant_set(u, v, exchange, texts, &fault, &t->wait_for))
		buf_printf(t->why, "invalid regular expression: %s", fault.text);
}

static void take_permission(struct taking *t)
{
	const struct slice texts[RIGHTS] = { text(t, "configure"), text(t, "write"), text(t, "read") };
	grant(t, slice_of(NULL, 0), texts);
}

static void take_topic_permission(struct taking *t)
{
	const struct slice texts[RIGHTS] = { slice_of("", 0), text(t, "write"), text(t, "read") };
	struct slice exchange = text(t, "exchange");
	if (!exchange.p || exchange.n > 255)
		buf_printf(t->why, "exchange has to be a text of at most 255 bytes");
	else
		grant(t, exchange, texts);
}

static void set_policy(struct taking *t, struct vhost *v, enum policy_kind kind,
                       struct slice rule)
{
	struct taking inner = { .object = rule };
	struct field priority;
	struct policy_spec spec = { .name = text(t, "name"),
		                        .pattern = text(&inner, "pattern"),
		                        .apply_to = text(&inner, "apply-to"),
		                        .definition = table(&inner, "definition") };
	if (!spec.apply_to.p)
		spec.apply_to = slice_str("all");
	if (table_find(rule, "priority", &priority) && field_is_integer(&priority))
		spec.priority = priority.integer;
	policing_set(v, kind, &spec, &t->wait_for, t->why);
}

static void take_policy(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	if (v)
		set_policy(t, v, POLICY_USER, t->object);
}

/* In definitions an operator's policy is a parameter; over HTTP it stands alone. */
static void take_operator_policy(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	if (v)
		set_policy(t, v, POLICY_OPERATOR, t->object);
}

static void set_vhost_limits(struct taking *t, struct vhost *v)
{
	struct vhost_about about = v->about;
	if (limits_read_vhost(table(t, "value"), &about, t->why))
		t->wait_for = vhost_change(v, &about);
}

/* v NULL: a global one. */
static void set_parameter(struct taking *t, struct vhost *v)
{
	struct parameters *p = v ? &v->parameters : &t->broker->parameters;
	struct field value;
	struct buf array = { 0 };
	struct slice component = v ? text(t, "component") : slice_of("", 0);
	if (!table_find(t->object, "value", &value))
		value = (struct field){ .letter = 'V' };
	table_put(&array, slice_of(NULL, 0), &value);
	if (parameters_set(p, component, text(t, "name"), buf_slice(&array), &t->wait_for))
		report_parameter_set(t->broker, v, component, text(t, "name"), buf_slice(&array));
	else
		buf_printf(t->why, "there are %d parameters already, or the name is too long",
		           PARAMETERS_MAX);
	buf_free(&array);
}

static void take_parameter(struct taking *t)
{
	struct slice component = text(t, "component");
	struct vhost *v = in_vhost(t);
	if (!v)
		return;
	if (slice_is(component, "vhost-limits"))
		set_vhost_limits(t, v);
	else if (slice_is(component, "operator_policy"))
		set_policy(t, v, POLICY_OPERATOR, table(t, "value"));
	else if (slice_is(component, POLICING_COMPONENT))
		set_parameter(t, v);
	else
		buf_printf(t->why, "component %.*s not found", SLICE_ARG(component));
	policing_review(v);
}

static void take_global(struct taking *t)
{
	set_parameter(t, NULL);
}

static void take_queue(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	struct queue_spec spec = { .arguments = table(t, "arguments"),
		                       .durable = flag(t, "durable", true),
		                       .auto_delete = flag(t, "auto_delete", false) };
	if (v && name(t, "name", &spec.name))
		manage_add_queue(v, &spec, &t->wait_for, t->why);
}

static void take_exchange(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	struct exchange_spec spec = { .arguments = table(t, "arguments"),
		                          .type = exchange_type_find(text(t, "type")),
		                          .durable = flag(t, "durable", true),
		                          .auto_delete = flag(t, "auto_delete", false),
		                          .internal = flag(t, "internal", false) };
	if (!spec.type)
		buf_printf(t->why, "unknown exchange type '%.*s'", SLICE_ARG(text(t, "type")));
	else if (v && name(t, "name", &spec.name))
		manage_add_exchange(v, &spec, &t->wait_for, t->why);
}

static void take_binding(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	struct slice destination = text(t, "destination");
	bool to_queue = !slice_is(text(t, "destination_type"), "exchange");
	if (!v)
		return;
	struct topology *topology = &v->topology;
	struct binding_spec spec = { .source = topology_exchange(topology, text(t, "source")),
		                         .queue = to_queue ? topology_queue(topology, destination) : NULL,
		                         .exchange =
		                             to_queue ? NULL : topology_exchange(topology, destination),
		                         .key = text(t, "routing_key"),
		                         .arguments = table(t, "arguments") };
	if (!spec.source || !spec.source->name.n || (!spec.queue && !spec.exchange) || spec.key.n > 255)
		buf_printf(t->why, "no such source or destination, or the key is too long");
	else
		manage_bind(v, &spec, &t->wait_for, t->why);
}

static const struct {
	const char *key;
	void (*take)(struct taking *t);
	bool alone;                  /* it is taken where all is for one virtual host, too */
} takers[] = {
	{ "users", take_user, false },
	{ "vhosts", take_vhost, false },
	{ "permissions", take_permission, false },
	{ "topic_permissions", take_topic_permission, false },
	{ "parameters", take_parameter, true },
	{ "global_parameters", take_global, false },
	{ "policies", take_policy, true },
	{ "operator_policies", take_operator_policy, true },
	{ "queues", take_queue, true },
	{ "exchanges", take_exchange, true },
	{ "bindings", take_binding, true },
};

bool definitions_take(struct broker *b, const char *section, struct slice object,
                      log_position *wait_for, struct buf *why)
{
	struct taking t = { .broker = b, .object = object, .why = why };
	size_t i = 0;
	while (strcmp(takers[i].key, section) != 0)
		i++;
	takers[i].take(&t);
	*wait_for = t.wait_for;
	return why->len == 0;
}

bool definitions_begin(struct definitions *d, const struct parsing *r, struct buf *why)
{
	const char *fault;
	d->root = parsing_root(r, &fault);
	const char *format = json_string_value(json_object_get(d->root, "rabbitmq_definition_format"));
	if (!json_is_object(d->root))
		buf_printf(why, "the definitions are no object of JSON: %s", fault);
	else if (!d->vhost.p && format && strcmp(format, "single_virtual_host") == 0)
		buf_printf(why, "the definitions are of one virtual host: -p says which one they are for");
	return why->len == 0;
}

static void take_one(struct definitions *d, const json_t *object, struct buf *why)
{
	struct buf fault = { 0 };
	struct field f;
	struct taking t = { .broker = d->broker, .vhost = d->vhost, .why = &fault };
	if (!json_take(object, &d->room, &f) || f.letter != 'F')
		buf_printf(&fault, "not an object, or too large a one");
	t.object = f.bytes;
	if (fault.len == 0)
		takers[d->section].take(&t);
	d->wait_for = t.wait_for > d->wait_for ? t.wait_for : d->wait_for;
	d->failures += fault.len > 0;
	if (fault.len)
		buf_printf(why, "%s, number %zu: %.*s\n", takers[d->section].key, d->at + 1,
		           SLICE_ARG(buf_slice(&fault)));
	buf_free(&fault);
}

bool definitions_import(struct definitions *d, struct buf *why)
{
	for (int rows = 0; rows < TAKE_ROWS && d->section < ARRAY_LEN(takers);) {
		bool wanted = !d->vhost.p || takers[d->section].alone;
		const json_t *list = wanted ? json_object_get(d->root, takers[d->section].key) : NULL;
		if (d->at < json_array_size(list)) {
			take_one(d, json_array_get(list, d->at), why);
			d->at++;
			rows++;
		} else {
			d->section++;
			d->at = 0;
		}
	}
	return d->section < ARRAY_LEN(takers);
}
