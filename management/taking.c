/* SPDX-License-Identifier: Apache-2.0 */
/* Each section reads its object into what the broker is told anyway, compares that with what is
 * there, and then tells the broker, unless it is only asked.  When it is only asked, what the file
 * brings earlier counts as there: the names say it. */
#include "management/taking.h"

#include "amqp/table.h"
#include "base/die.h"
#include "broker/arguments.h"
#include "broker/channel.h"
#include "broker/credential.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/user.h"
#include "management/limits.h"
#include "management/words.h"
#include "queue/queue.h"

/* ---- reading ---- */

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

/* A name of 1 to 255 bytes that can be shown; else it is said. */
static bool name(const struct taking *t, const char *key, struct slice *out)
{
	*out = text(t, key);
	int control = slice_control_byte(*out);
	if (out->n == 0 || out->n > 255)
		buf_printf(t->why, "%s has to be a text of 1 to 255 bytes", key);
	else if (control >= 0)
		buf_printf(t->why, "%s contains the control character 0x%02x", key, (unsigned)control);
	return t->why->len == 0;
}

/* "a,b" or ["a", "b"]. */
static void read_words(struct slice object, const char *key, struct buf *out)
{
	struct field f;
	if (!table_find(object, key, &f))
		return;
	if (f.letter == 'S')
		words_put(out, f.bytes);
	if (f.letter != 'A')
		return;
	for (struct table_walk w = table_walk(f.bytes); array_next(&w, &f);)
		if (f.letter == 'S' && f.bytes.n)
			buf_printf(out, "%s%.*s", out->len ? "," : "", SLICE_ARG(f.bytes));
}

/* ---- verdicts ---- */

/* True when it is to be done. */
static bool decide(struct taking *t, bool was_there, bool is_equal)
{
	t->verdict = !was_there ? TAKING_CREATES : is_equal ? TAKING_EQUAL : TAKING_CHANGES;
	return !t->dry && t->verdict != TAKING_EQUAL;
}

/* Only asked, and the file brings it. */
static bool is_coming(const struct taking *t, const char *section, struct slice vhost,
                      struct slice named)
{
	struct designation d = { .section = section, .vhost = vhost, .name = named };
	return t->dry && t->names && names_has(t->names, &d);
}

/* The virtual host that is meant.  NULL and nothing said: it is coming, and so the object is new,
 * whatever it is. */
static struct vhost *in_vhost(struct taking *t)
{
	struct slice named = text(t, "vhost");
	if (t->vhost.p && named.p && !slice_eq(named, t->vhost)) {
		buf_printf(t->why, "is of virtual host '%.*s'", SLICE_ARG(named));
		return NULL;
	}
	named = t->what.vhost = t->vhost.p ? t->vhost : named;
	struct vhost *v = vhost_find(t->broker, named);
	t->verdict = TAKING_CREATES;
	if (!v && !is_coming(t, "vhosts", slice_of(NULL, 0), named))
		buf_printf(t->why, "Virtual host '%.*s' does not exist", SLICE_ARG(named));
	return v;
}

/* ---- users ---- */

/* Without a hashing it is the oldest, as in definitions of its days. */
static bool read_secret(const struct taking *t, const struct user *u, struct password *out)
{
	enum hashing h = HASHING_MD5;
	struct slice plain = text(t, "password"), said = text(t, "hashing_algorithm");
	if (plain.n && u && password_matches(&u->about.password, plain))
		*out = u->about.password;
	else if (plain.n && credential_check(t->broker, plain, t->why))
		user_hash(t->broker, out, plain);
	else if (plain.n)
		return false;
	else if (said.n && !password_hashing_find(said, &h))
		buf_printf(t->why, "unknown hashing_algorithm '%.*s'", SLICE_ARG(said));
	else if (!password_read(out, h, text(t, "password_hash")))
		buf_printf(t->why, "password_hash is not one of %s, as base64", password_hashing_name(h));
	return t->why->len == 0;
}

static bool is_same_user(const struct user *u, const struct user_about *about)
{
	struct buf is = { 0 }, said = { 0 };
	if (u)
		ledger_user_value(&is, &u->about);
	ledger_user_value(&said, about);
	bool same = slice_eq(buf_slice(&is), buf_slice(&said));
	buf_free(&is);
	buf_free(&said);
	return same;
}

static void set_user(struct taking *t, struct user *u, const struct user_about *about)
{
	if (!decide(t, u != NULL, is_same_user(u, about)))
		return;
	if (u)
		t->wait_for = user_change(u, about);
	else
		user_add(t->broker, t->what.name, about, &t->wait_for);
}

static void take_user(struct taking *t)
{
	struct user_about about = USER_PLAIN;
	struct buf tags = { 0 };
	read_words(t->object, "tags", &tags);
	about.tags = buf_slice(&tags);
	struct user *u = name(t, "name", &t->what.name) ? user_find(t->broker, t->what.name) : NULL;
	if (tags.len > USER_TAGS_MAX)
		buf_printf(t->why, "more than %d bytes of tags", USER_TAGS_MAX);
	else if (t->why->len == 0 && read_secret(t, u, &about.password) &&
	         limits_read_user(table(t, "limits"), &about, t->why))
		set_user(t, u, &about);
	buf_free(&tags);
}

/* ---- virtual hosts ---- */

static bool is_same_vhost(const struct vhost *v, const struct vhost_about *about)
{
	struct buf is = { 0 }, said = { 0 };
	if (v)
		ledger_vhost_value(&is, v->name, &v->about);
	ledger_vhost_value(&said, v ? v->name : slice_of(NULL, 0), about);
	bool same = slice_eq(buf_slice(&is), buf_slice(&said));
	buf_free(&is);
	buf_free(&said);
	return same;
}

static void set_vhost(struct taking *t, struct vhost *v, const struct vhost_about *about)
{
	if (!v && vhosts_are_many(t->broker))
		buf_printf(t->why, "cannot create vhost '%.*s': vhost limit of %llu is reached",
		           SLICE_ARG(t->what.name), (unsigned long long)t->broker->options.vhost_max);
	else if (!decide(t, v != NULL, is_same_vhost(v, about)))
		return;
	else if (v)
		t->wait_for = vhost_change(v, about);
	else
		vhost_add(t->broker, t->what.name, about, &t->wait_for);
}

/* What is said beside the name counts before what its metadata says. */
static void take_vhost(struct taking *t)
{
	struct slice metadata = table(t, "metadata");
	struct taking inner = { .object = metadata };
	struct buf tags = { 0 };
	if (!name(t, "name", &t->what.name))
		return;
	struct vhost *v = vhost_find(t->broker, t->what.name);
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
	else
		set_vhost(t, v, &about);
	buf_free(&tags);
}

/* ---- permissions ---- */

static bool is_same_grant(const struct grant *g, const struct slice texts[RIGHTS])
{
	bool same = g != NULL;
	for (int i = 0; same && i < RIGHTS; i++)
		same = slice_eq(g->texts[i], texts[i]);
	return same;
}

static bool are_patterns(const struct slice texts[RIGHTS], struct pattern_fault *fault)
{
	bool all = true;
	for (int i = 0; all && i < RIGHTS; i++) {
		struct pattern *p = texts[i].n ? pattern_new(texts[i], fault) : NULL;
		all = p || !texts[i].n;
		pattern_free(&p);
	}
	return all;
}

static void grant(struct taking *t, struct slice exchange, const struct slice texts[RIGHTS])
{
	struct pattern_fault fault;
	t->what.name = text(t, "user");
	t->what.other = exchange;
	struct user *u = user_find(t->broker, t->what.name);
	struct vhost *v = in_vhost(t);
	struct grant *g = u && v ? grant_find(u, v, exchange) : NULL;
	if (t->why->len)
		return;
	if (!u && !is_coming(t, "users", slice_of(NULL, 0), t->what.name))
		buf_printf(t->why, "User \"%.*s\" does not exist", SLICE_ARG(t->what.name));
	else if (!are_patterns(texts, &fault))
		buf_printf(t->why, "invalid regular expression: %s", fault.text);
	else if (decide(t, g != NULL, is_same_grant(g, texts)) &&
	         !grant_set(u, v, exchange, texts, &fault, &t->wait_for))
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

/* ---- policies and parameters ---- */

static bool is_same_policy(const struct policy *a, const struct policy *b)
{
	return a && slice_eq(a->pattern, b->pattern) && slice_eq(a->definition, b->definition) &&
	       a->priority == b->priority && a->targets == b->targets;
}

static void set_policy(struct taking *t, enum policy_kind kind, struct slice rule)
{
	struct field priority;
	struct taking inner = { .object = rule };
	struct policy_spec spec = { .name = text(t, "name"),
		                        .pattern = text(&inner, "pattern"),
		                        .apply_to = text(&inner, "apply-to"),
		                        .definition = table(&inner, "definition") };
	struct vhost *v = in_vhost(t);
	t->what.name = spec.name;
	if (t->why->len)
		return;
	if (!spec.apply_to.p)
		spec.apply_to = slice_str("all");
	if (table_find(rule, "priority", &priority) && field_is_integer(&priority))
		spec.priority = priority.integer;
	struct policy *made = policy_new(&spec, kind, t->why);
	struct policy *is = v ? policies_find(&v->policies, kind, spec.name) : NULL;
	if (made && decide(t, is != NULL, is_same_policy(is, made)))
		policing_set(v, kind, &spec, &t->wait_for, t->why);
	policy_free(&made);
}

static void take_policy(struct taking *t)
{
	set_policy(t, POLICY_USER, t->object);
}

/* In definitions an operator's policy is a parameter; over HTTP it stands alone. */
static void set_operator_policy(struct taking *t, struct slice rule)
{
	t->what.section = "parameters";
	t->what.other = slice_str("operator_policy");
	set_policy(t, POLICY_OPERATOR, rule);
}

static void take_operator_policy(struct taking *t)
{
	set_operator_policy(t, t->object);
}

static void set_vhost_limits(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	struct vhost_about about = v ? v->about : VHOST_PLAIN;
	if (t->why->len || !limits_read_vhost(table(t, "value"), &about, t->why))
		return;
	if (decide(t, v && ledger_vhost_is_limited(&v->about), is_same_vhost(v, &about)))
		t->wait_for = vhost_change(v, &about);
}

/* p NULL: of a virtual host that is coming. */
static void set_parameter(struct taking *t, struct vhost *v, struct parameters *p)
{
	struct field value;
	struct buf array = { 0 };
	struct slice component = v ? t->what.other : slice_of("", 0);
	if (!table_find(t->object, "value", &value))
		value = (struct field){ .letter = 'V' };
	table_put(&array, slice_of(NULL, 0), &value);
	const struct parameter *is = p ? parameters_find(p, component, t->what.name) : NULL;
	if (!decide(t, is != NULL, is && slice_eq(is->value, buf_slice(&array))))
		;
	else if (parameters_set(p, component, t->what.name, buf_slice(&array), &t->wait_for))
		report_parameter_set(t->broker, v, component, t->what.name, buf_slice(&array));
	else
		buf_printf(t->why, "there are %d parameters already, or the name is too long",
		           PARAMETERS_MAX);
	buf_free(&array);
}

static void take_parameter(struct taking *t)
{
	struct slice component = text(t, "component");
	t->what.name = text(t, "name");
	t->what.other = component;
	if (slice_is(component, "vhost-limits")) {
		set_vhost_limits(t);
		return;
	}
	if (slice_is(component, "operator_policy")) {
		set_operator_policy(t, table(t, "value"));
		return;
	}
	struct vhost *v = in_vhost(t);
	if (t->why->len)
		return;
	if (slice_is(component, POLICING_COMPONENT))
		set_parameter(t, v, v ? &v->parameters : NULL);
	else
		buf_printf(t->why, "component %.*s not found", SLICE_ARG(component));
	if (v && !t->dry)
		policing_review(v);
}

static void take_global(struct taking *t)
{
	t->what.name = text(t, "name");
	set_parameter(t, NULL, &t->broker->parameters);
}

/* ---- queues and exchanges ---- */

/* What one says the other says too; a queue without a type is a classic one. */
static bool has_all(struct slice a, struct slice b)
{
	struct slice key;
	struct field x, y;
	char text[256];
	for (struct table_walk w = table_walk(a); table_next(&w, &key, &x);) {
		memcpy(text, key.p, key.n);
		text[key.n] = '\0';
		if (table_find(b, text, &y) ? !field_equal(&x, &y)
		                            : !slice_is(key, "x-queue-type") || x.letter != 'S' ||
		                                  !slice_is(x.bytes, "classic"))
			return false;
	}
	return true;
}

static bool are_same_arguments(struct slice a, struct slice b)
{
	return has_all(a, b) && has_all(b, a);
}

/* There is one, which is otherwise: true when it may go, and another come. */
static bool may_replace(struct taking *t, const char *lost)
{
	bool may = t->replaces && (!lost || t->force);
	t->verdict = may ? TAKING_REPLACES : TAKING_CONFLICTS;
	if (!may)
		buf_printf(t->why, "it is there with other properties%s%s", lost ? ", and " : "",
		           lost ? lost : "");
	return may;
}

static bool is_same_queue(const struct queue *q, const struct queue_spec *s)
{
	return q->durable == s->durable && q->auto_delete == s->auto_delete && !q->exclusive &&
	       are_same_arguments(queue_arguments(q), s->arguments);
}

static void set_queue(struct taking *t, struct vhost *v, const struct queue_spec *spec)
{
	struct queue *q = v ? topology_queue(&v->topology, spec->name) : NULL;
	if (q && !is_same_queue(q, spec)) {
		if (q->exclusive || !may_replace(t, manage_loses(q)) ||
		    !manage_may_add_queue(v, spec, t->why) || t->dry)
			return;
		manage_delete(t->broker, q);
	} else if (!decide(t, q != NULL, true)) {
		if (!q && v)
			manage_may_add_queue(v, spec, t->why);
		return;
	}
	manage_add_queue(v, spec, &t->wait_for, t->why);
}

static void take_queue(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	struct queue_spec spec = { .arguments = table(t, "arguments"),
		                       .durable = flag(t, "durable", true),
		                       .auto_delete = flag(t, "auto_delete", false) };
	if (t->why->len || !name(t, "name", &t->what.name))
		return;
	spec.name = t->what.name;
	set_queue(t, v, &spec);
}

static bool is_same_exchange(const struct exchange *x, const struct exchange_spec *s)
{
	return x->type == s->type && (x->waiting != NULL) == s->delays && x->durable == s->durable &&
	       x->auto_delete == s->auto_delete && x->internal == s->internal &&
	       are_same_arguments(x->arguments, s->arguments);
}

static void set_exchange(struct taking *t, struct vhost *v, const struct exchange_spec *spec)
{
	struct exchange *x = v ? topology_exchange(&v->topology, spec->name) : NULL;
	if (x && !is_same_exchange(x, spec)) {
		t->replaces &= !x->predeclared;
		if (!may_replace(t, NULL) || !manage_may_add_exchange(v, spec, t->why) || t->dry)
			return;
		manage_delete_exchange(v, x);
	} else if (!decide(t, x != NULL, true)) {
		if (!x && v)
			manage_may_add_exchange(v, spec, t->why);
		return;
	}
	manage_add_exchange(v, spec, &t->wait_for, t->why);
}

static void take_exchange(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	struct slice type = text(t, "type");
	bool delays = slice_is(type, EXCHANGE_DELAYED);
	struct slice arguments = table(t, "arguments");
	struct exchange_spec spec = { .arguments = arguments,
		                          .type = delays ? exchange_delayed_type(arguments)
		                                         : exchange_type_find(type),
		                          .durable = flag(t, "durable", true),
		                          .auto_delete = flag(t, "auto_delete", false),
		                          .internal = flag(t, "internal", false),
		                          .delays = delays };
	if (t->why->len || !name(t, "name", &t->what.name))
		return;
	spec.name = t->what.name;
	if (spec.type)
		set_exchange(t, v, &spec);
	else
		buf_printf(t->why, "unknown exchange type '%.*s'", SLICE_ARG(type));
}

/* ---- bindings ---- */

static void designate_binding(struct taking *t, bool to_queue)
{
	struct slice arguments = table(t, "arguments");
	t->what.name = text(t, "source");
	t->what.to = text(t, "destination");
	t->what.key = text(t, "routing_key");
	t->what.identity = binding_identity(to_queue, t->what.to, t->what.key, arguments);
}

/* Some come with a virtual host that is coming. */
static bool is_exchange_coming(const struct taking *t, struct slice named)
{
	return is_coming(t, "exchanges", t->what.vhost, named) ||
	       (slice_starts(named, "amq.") && !vhost_find(t->broker, t->what.vhost));
}

static bool has_source(const struct taking *t, const struct binding_spec *s)
{
	return s->source ? s->source->name.n > 0 : is_exchange_coming(t, t->what.name);
}

static bool has_destination(const struct taking *t, const struct binding_spec *s, bool to_queue)
{
	return s->queue || s->exchange ||
	       (to_queue ? is_coming(t, "queues", t->what.vhost, t->what.to)
	                 : is_exchange_coming(t, t->what.to));
}

static void set_binding(struct taking *t, struct vhost *v, const struct binding_spec *spec,
                        bool to_queue)
{
	bool whole = spec->source && (spec->queue || spec->exchange);
	if (!has_source(t, spec) || !has_destination(t, spec, to_queue) || spec->key.n > 255)
		buf_printf(t->why, "no such source or destination, or the key is too long");
	else if (decide(t, whole && topology_is_bound(spec), true))
		manage_bind(v, spec, &t->wait_for, t->why);
}

static void take_binding(struct taking *t)
{
	struct vhost *v = in_vhost(t);
	bool to_queue = !slice_is(text(t, "destination_type"), "exchange");
	if (t->why->len)
		return;
	designate_binding(t, to_queue);
	struct binding_spec spec = { .key = t->what.key, .arguments = table(t, "arguments") };
	if (v) {
		spec.source = topology_exchange(&v->topology, t->what.name);
		if (to_queue)
			spec.queue = topology_queue(&v->topology, t->what.to);
		else
			spec.exchange = topology_exchange(&v->topology, t->what.to);
	}
	set_binding(t, v, &spec, to_queue);
}

/* ---- sections ---- */

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

const char *taking_section(size_t i, bool *alone)
{
	if (i >= ARRAY_LEN(takers))
		return NULL;
	*alone = takers[i].alone;
	return takers[i].key;
}

void taking_take(struct taking *t, size_t section)
{
	t->what.section = takers[section].key;
	takers[section].take(t);
	if (t->why->len && t->verdict != TAKING_CONFLICTS)
		t->verdict = TAKING_REFUSED;
	if (t->names)
		names_add(t->names, &t->what);
}

const char *taking_verdict_name(enum taking_verdict v)
{
	static const char *const names[] = {
		[TAKING_REFUSED] = "refuse", [TAKING_EQUAL] = "equal",       [TAKING_CREATES] = "create",
		[TAKING_CHANGES] = "change", [TAKING_REPLACES] = "replace", [TAKING_CONFLICTS] = "conflict",
	};
	return names[v];
}
