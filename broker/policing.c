/* SPDX-License-Identifier: Apache-2.0 */
/* In the catalog a policy's key is its virtual host, its kind and its name; the value is a version
 * and a table with the fields that RabbitMQ's parameters of this kind have. */
#include "broker/policing.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "base/pack.h"
#include "broker/expiry.h"
#include "broker/patience.h"
#include "broker/report.h"
#include "broker/state.h"
#include "queue/queue.h"
#include "queue/retention.h"

enum {
	VERSION = 1,
	HEAD_BYTES = 5,              /* of a key: virtual host and kind */
	TURN_STEPS = 40000,          /* of patterns, about a millisecond */
	OBJECT_STEPS = 10,           /* what one object costs besides */
};

void policing_init(struct vhost *v)
{
	struct policing *w = &v->policing;
	policies_init(&v->policies);
	list_init(&w->link);
	list_init(&w->exchanges.link);
	list_init(&w->queues.link);
}

static void stop_walking(struct policing *w)
{
	walk_end(&w->exchanges);
	walk_end(&w->queues);
	list_remove(&w->link);
}

static bool is_merge_wanted(const struct vhost *v)
{
	const struct parameter *p = parameters_find(&v->parameters, slice_str(POLICING_COMPONENT),
	                                            slice_str(POLICING_MERGE));
	struct table_walk w = table_walk(p ? p->value : slice_of(NULL, 0));
	struct field f;
	return p && array_next(&w, &f) && f.letter == 't' && f.boolean;
}

/* ---- one object ---- */

static void limit_retention(struct broker *b, struct queue *q, const struct ruling *r)
{
	if (!retention_limit(q, r ? r->definition : slice_of(NULL, 0)))
		return;
	expiry_review(b, q->live->retained);
	broker_run_queue(b, q->live->retained);
}

/* A lease that is set or changed begins now. */
static void set_ruling(struct broker *b, struct queue *q, struct ruling *r)
{
	struct settings before = *q->settings;
	q->ruling = r;
	limit_retention(b, q, r);
	queue_set_policy(q, r ? &r->settings : &settings_none);
	if (settings_equal(&before, q->settings))
		return;
	if (before.lease_ms != q->settings->lease_ms)
		expiry_use(b, q);
	if (before.patience_ms != q->settings->patience_ms)
		patience_review(b, q);
	expiry_review(b, q);
	broker_run_queue(b, q);
}

static unsigned target_of(const struct queue *q)
{
	return q->live->stream ? POLICY_STREAMS : q->counts ? POLICY_QUORUM : POLICY_CLASSIC;
}

void policing_queue(struct vhost *v, struct queue *q)
{
	struct ruling *r = policies_rule(&v->policies, target_of(q), queue_name(q));
	if (r != q->ruling)
		set_ruling(v->broker, q, r);
}

void policing_exchange(struct vhost *v, struct exchange *x)
{
	struct ruling *r = policies_rule(&v->policies, POLICY_EXCHANGES, x->name);
	if (r == x->ruling)
		return;
	x->ruling = r;
	exchange_set_policy(x, r ? r->alternate : slice_of(NULL, 0), r && r->nacks);
}

/* ---- all objects ---- */

static void begin_walking(struct vhost *v)
{
	struct policing *w = &v->policing;
	struct topology *t = &v->topology;
	stop_walking(w);
	walk_begin(&w->exchanges, &t->walks, &t->all_exchanges.list);
	walk_begin(&w->queues, &t->walks, &t->all_queues.list);
	list_push(&v->broker->policing, &w->link);
}

bool policing_is_done(const struct vhost *v)
{
	return !list_linked(&v->policing.link);
}

/* False when there is nothing left. */
static bool step(struct vhost *v)
{
	struct policing *w = &v->policing;
	struct list *l = walk_here(&w->exchanges);
	if (l) {
		walk_on(&w->exchanges);
		policing_exchange(v, list_entry(l, struct exchange, link));
	} else if ((l = walk_here(&w->queues))) {
		struct queue *q = list_entry(l, struct queue, link);
		const struct ruling *before = q->ruling;
		walk_on(&w->queues);
		policing_queue(v, q);
		if (q->ruling != before)
			report_queue_policy(v->broker, q);
	}
	return l != NULL;
}

/* Returns the steps that are left of those granted. */
static uint64_t walk_some(struct vhost *v, uint64_t steps)
{
	uint64_t before = v->policies.steps, used = 0;
	for (uint64_t objects = 1; used < steps && step(v); objects++)
		used = v->policies.steps - before + objects * OBJECT_STEPS;
	if (used >= steps)
		return 0;
	stop_walking(&v->policing);
	policies_forget(&v->policies);
	return steps - used;
}

void policing_turn(struct broker *b)
{
	uint64_t steps = TURN_STEPS;
	for (struct list *l; steps && (l = b->policing.next) != &b->policing;)
		steps = walk_some(list_entry(l, struct vhost, policing.link), steps);
}

/* ---- the catalog ---- */

static void put_key(struct buf *out, const struct vhost *v, enum policy_kind kind,
                    struct slice name)
{
	pack_u32(out, v->topology.vhost);
	buf_u8(out, (uint8_t)kind);
	buf_append_slice(out, name);
}

static void put_value(struct buf *out, const struct policy *p)
{
	struct field pattern = { .letter = 'x', .bytes = p->pattern };
	buf_u8(out, VERSION);
	table_put(out, slice_str("pattern"), &pattern);
	table_put_table(out, "definition", p->definition);
	table_put_int(out, "priority", p->priority);
	table_put_str(out, "apply-to", policy_apply_to(p));
}

static log_position keep(struct vhost *v, enum policy_kind kind, const struct policy *p)
{
	struct buf key = { 0 }, value = { 0 };
	put_key(&key, v, kind, p->name);
	put_value(&value, p);
	log_position at = catalog_put(&v->broker->store.catalog, CATALOG_POLICY, buf_slice(&key),
	                              buf_slice(&value));
	buf_free(&key);
	buf_free(&value);
	return at;
}

static log_position forget(struct vhost *v, enum policy_kind kind, struct slice name)
{
	struct buf key = { 0 };
	put_key(&key, v, kind, name);
	log_position at = catalog_remove(&v->broker->store.catalog, CATALOG_POLICY, buf_slice(&key));
	buf_free(&key);
	return at;
}

static bool has(struct slice table, const char *key, char letter, struct field *f)
{
	return table_find(table, key, f) && f->letter == letter;
}

static bool decode(struct slice key, struct slice value, enum policy_kind *kind,
                   struct policy_spec *out)
{
	struct field pattern, definition, priority, apply_to;
	if (key.n < HEAD_BYTES || key.p[4] >= POLICY_KINDS || value.n < 1 || value.p[0] != VERSION)
		return false;
	struct slice table = slice_of(value.p + 1, value.n - 1);
	if (!table_check(table) || !has(table, "pattern", 'x', &pattern) ||
	    !has(table, "definition", 'F', &definition) || !has(table, "apply-to", 'S', &apply_to) ||
	    !table_find(table, "priority", &priority) || !field_is_integer(&priority))
		return false;
	*kind = (enum policy_kind)key.p[4];
	*out = (struct policy_spec){ .name = slice_of(key.p + HEAD_BYTES, key.n - HEAD_BYTES),
		                         .pattern = pattern.bytes,
		                         .apply_to = apply_to.bytes,
		                         .definition = definition.bytes,
		                         .priority = priority.integer };
	return true;
}

/* why: lines, of which the first is said. */
static void complain(const struct vhost *v, struct slice name, bool stays, struct slice why)
{
	log_warning("policy '%.*s' in vhost '%.*s' %s: %.*s", SLICE_ARG(name), SLICE_ARG(v->name),
	            stays ? "matches nothing" : "makes no sense any more and is removed",
	            SLICE_ARG(slice_cut(&why, '\n')));
}

static bool recover_one(void *broker, struct slice key, struct slice value)
{
	struct policy_spec spec;
	enum policy_kind kind = POLICY_USER;
	struct buf why = { 0 };
	struct vhost *v = key.n >= HEAD_BYTES ? vhost_numbered(broker, get_le32(key.p)) : NULL;
	struct policy *p =
		v && decode(key, value, &kind, &spec) ? policy_recall(&spec, kind, &why) : NULL;
	bool makes_sense = p;
	if (v && (!p || !p->compiled))
		complain(v, slice_of(key.p + HEAD_BYTES, key.n - HEAD_BYTES), p, buf_slice(&why));
	if (p)
		policies_put(&v->policies, kind, &p);
	buf_free(&why);
	return makes_sense;
}

static void start(struct vhost *v)
{
	policies_set_merge(&v->policies, is_merge_wanted(v));
	if (!v->policies.count[POLICY_USER] && !v->policies.count[POLICY_OPERATOR])
		return;
	list_each(it, &v->topology.all_exchanges.list)
		policing_exchange(v, list_entry(it, struct exchange, link));
	list_each(it, &v->topology.all_queues.list)
		policing_queue(v, list_entry(it, struct queue, link));
}

void policing_recover(struct broker *b)
{
	catalog_sift(&b->store.catalog, CATALOG_POLICY, recover_one, b);
	list_each(it, &b->all_vhosts.list)
		start(list_entry(it, struct vhost, link));
}

/* ---- changes ---- */

void policing_stop(struct vhost *v)
{
	stop_walking(&v->policing);
	for (int kind = 0; kind < POLICY_KINDS; kind++)
		list_each(it, &v->policies.kinds[kind])
			forget(v, (enum policy_kind)kind, list_entry(it, struct policy, link)->name);
}

void policing_free(struct vhost *v)
{
	stop_walking(&v->policing);
	policies_free(&v->policies);
}

static bool is_room(const struct vhost *v, enum policy_kind kind, struct slice name,
                    struct buf *why)
{
	if (v->policies.count[kind] < POLICIES_MAX || policies_find(&v->policies, kind, name))
		return true;
	buf_printf(why, "there are %d policies already\n", POLICIES_MAX);
	return false;
}

bool policing_set(struct vhost *v, enum policy_kind kind, const struct policy_spec *spec,
                  log_position *wait_for, struct buf *why)
{
	struct policy *p = is_room(v, kind, spec->name, why) ? policy_new(spec, kind, why) : NULL;
	if (!p)
		return false;
	log_info("%s '%.*s' is set in vhost '%.*s' for the pattern '%.*s'",
	         kind == POLICY_OPERATOR ? "operator policy" : "policy", SLICE_ARG(p->name),
	         SLICE_ARG(v->name), SLICE_ARG(p->pattern));
	*wait_for = keep(v, kind, p);
	report_policy_set(v, kind, p);
	policies_put(&v->policies, kind, &p);
	begin_walking(v);
	return true;
}

bool policing_clear(struct vhost *v, enum policy_kind kind, struct slice name,
                    log_position *wait_for)
{
	if (!policies_remove(&v->policies, kind, name))
		return false;
	*wait_for = forget(v, kind, name);
	report_policy_cleared(v, kind, name);
	begin_walking(v);
	return true;
}

void policing_review(struct vhost *v)
{
	uint64_t before = v->policies.generation;
	policies_set_merge(&v->policies, is_merge_wanted(v));
	if (v->policies.generation != before)
		begin_walking(v);
}
