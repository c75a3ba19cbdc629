/* SPDX-License-Identifier: Apache-2.0 */
/* From top to bottom: what is kept in the catalog; exchanges, bindings and queues, as they come and
 * go; routing, which begins with topology_route; what a start finds. */
#include "exchange/topology.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "exchange/departures.h"
#include "exchange/entries.h"
#include "queue/delay.h"
#include "queue/offsets.h"
#include "queue/queue.h"
#include "queue/retention.h"
#include "queue/store.h"

struct exchange *topology_exchange(const struct topology *t, struct slice name)
{
	return name.n ? map_get(&t->exchanges, name) : t->nameless;
}

struct queue *topology_queue(const struct topology *t, struct slice name)
{
	return map_get(&t->queues, name);
}

/* ---- the catalog ---- */

static bool is_kept(const struct exchange *x)
{
	return x->durable && !x->predeclared;
}

static log_position keep_exchange(struct topology *t, const struct exchange *x)
{
	struct buf key = { 0 }, value = { 0 };
	entries_exchange_key(&key, t->vhost, x->name);
	entries_exchange_value(&value, x);
	log_position at = catalog_put(&t->store->catalog, CATALOG_EXCHANGE, buf_slice(&key),
	                              buf_slice(&value));
	buf_free(&key);
	buf_free(&value);
	return at;
}

static log_position keep_queue(struct topology *t, const struct queue *q)
{
	struct buf key = { 0 }, value = { 0 };
	entries_queue_key(&key, t->vhost, queue_name(q));
	entries_queue_value(&value, q);
	log_position at =
		catalog_put(&t->store->catalog, CATALOG_QUEUE, buf_slice(&key), buf_slice(&value));
	buf_free(&key);
	buf_free(&value);
	return at;
}

static log_position keep_binding(struct topology *t, const struct binding *b, bool keep)
{
	struct buf key = { 0 };
	entries_binding_key(&key, t->vhost, b);
	log_position at =
		keep ? catalog_put(&t->store->catalog, CATALOG_BINDING, buf_slice(&key), slice_of("", 0))
	         : catalog_remove(&t->store->catalog, CATALOG_BINDING, buf_slice(&key));
	buf_free(&key);
	return at;
}

static log_position forget_name(struct topology *t, enum catalog_kind kind, struct slice name)
{
	struct buf key = { 0 };
	entries_queue_key(&key, t->vhost, name);
	log_position at = catalog_remove(&t->store->catalog, kind, buf_slice(&key));
	buf_free(&key);
	return at;
}

/* ---- totals ---- */

/* What came; what went is negative. */
struct change {
	int exchanges, queues, bindings;
};

static void note_change(struct topology *t, struct change c)
{
	t->store->topology_changes++;
	t->n_bindings += (uint64_t)c.bindings;
	if (!t->totals)
		return;
	t->totals->exchanges += (uint64_t)c.exchanges;
	t->totals->queues += (uint64_t)c.queues;
	t->totals->bindings += (uint64_t)c.bindings;
}

void topology_join(struct topology *t, struct topology_totals *totals)
{
	struct tally none = { 0 };
	must(!t->totals);
	totals->exchanges += t->exchanges.count;
	totals->queues += t->queues.count;
	totals->bindings += t->n_bindings;
	tally_follow(&totals->messages, &none, &t->tally);
	t->totals = totals;
}

void topology_leave(struct topology *t)
{
	struct topology_totals *totals = t->totals;
	struct tally none = { 0 };
	totals->exchanges -= t->exchanges.count;
	totals->queues -= t->queues.count;
	totals->bindings -= t->n_bindings;
	tally_follow(&totals->messages, &t->tally, &none);
	t->totals = NULL;
}

/* ---- exchanges ---- */

static struct slice name_of_exchange(const struct list *link)
{
	return list_entry(link, struct exchange, link)->name;
}

static struct slice name_of_queue(const struct list *link)
{
	return queue_name(list_entry(link, struct queue, link));
}

/* It is known by its number, if it has one, and to nobody else. */
static struct queue *waiting_new(struct topology *t, struct exchange *x, uint32_t id)
{
	struct queue_spec spec = { .name = x->name, .durable = x->durable, .id = id,
		                       .arguments = slice_of("", 0) };
	struct queue *q = queue_new(t->store, &spec);
	q->topology = t;
	q->waits_in = x;
	return q;
}

/* id: of what waits in it. */
static struct exchange *exchange_new(struct topology *t, const struct exchange_spec *spec,
                                     uint32_t id)
{
	struct exchange *x = mem_zalloc(sizeof *x);
	x->serial = t->next_serial++;
	x->name = mem_own(spec->name);
	x->arguments = mem_own(spec->arguments);
	x->type = spec->type;
	x->durable = spec->durable;
	x->auto_delete = spec->auto_delete;
	x->internal = spec->internal;
	exchange_set_policy(x, slice_of(NULL, 0), false);
	if (spec->delays)
		x->waiting = waiting_new(t, x, id);
	list_init(&x->bindings);
	list_init(&x->inbound);
	list_init(&x->work);
	if (x->type == &exchange_once || dedup_is_asked_for(x->arguments))
		x->dedup = dedup_new(t->store, x->arguments, NULL);
	order_put(&t->all_exchanges, &x->link);
	map_put(&t->exchanges, x->name, x);
	note_change(t, (struct change){ .exchanges = 1 });
	return x;
}

void topology_predeclare(struct topology *t, const char *name, const struct exchange_type *type,
                         bool internal)
{
	struct exchange_spec spec = { .name = slice_str(name), .type = type, .durable = true,
		                          .arguments = slice_of("", 0), .internal = internal };
	exchange_new(t, &spec, 0)->predeclared = true;
}

void topology_init(struct topology *t, struct store *s, uint32_t vhost)
{
	*t = (struct topology){ .store = s, .vhost = vhost, .next_serial = 1 };
	list_init(&t->visit);
	order_init(&t->all_exchanges, name_of_exchange);
	order_init(&t->all_queues, name_of_queue);
	list_init(&t->walks);
	topology_predeclare(t, "", &exchange_direct, false);
	t->nameless = map_get(&t->exchanges, slice_of("", 0));
	topology_predeclare(t, "amq.direct", &exchange_direct, false);
	topology_predeclare(t, "amq.fanout", &exchange_fanout, false);
	topology_predeclare(t, "amq.topic", &exchange_topic, false);
	topology_predeclare(t, "amq.headers", &exchange_headers, false);
	topology_predeclare(t, "amq.match", &exchange_headers, false);
	topology_predeclare(t, "amq.rabbitmq.trace", &exchange_topic, true);
}

struct exchange *topology_add_exchange(struct topology *t, const struct exchange_spec *spec,
                                       log_position *wait_for)
{
	must(!topology_exchange(t, spec->name));
	bool logged = spec->delays && spec->durable && t->store->log;
	struct exchange *x = exchange_new(t, spec, logged ? t->store->next_queue_id++ : 0);
	if (is_kept(x) && x->dedup && dedup_is_kept(x->arguments) && t->store->log)
		x->dedup->id = t->store->next_queue_id++;
	*wait_for = is_kept(x) ? keep_exchange(t, x) : 0;
	return x;
}

static void exchange_free(struct exchange *x)
{
	must(list_empty(&x->bindings) && list_empty(&x->inbound));
	if (x->type->destroy)
		x->type->destroy(x);
	dedup_free(x->dedup);
	if (x->waiting)
		queue_delete(&x->waiting);
	map_free(&x->by_identity);
	motion_free(&x->motion);
	mem_disown(x->name);
	mem_disown(x->arguments);
	mem_free(x);
}

/* ---- bindings ---- */

static struct slice identity_of(const struct binding_spec *s)
{
	return binding_identity(s->queue, s->queue ? queue_name(s->queue) : s->exchange->name, s->key,
	                        s->arguments);
}

static void binding_add(struct topology *t, const struct binding_spec *s, struct slice identity)
{
	struct binding *b = mem_zalloc(sizeof *b);
	b->source = s->source;
	b->queue = s->queue;
	b->exchange = s->exchange;
	b->key = mem_own(s->key);
	b->arguments = mem_own(s->arguments);
	b->identity = identity;
	b->durable = s->source->durable &&
	             (s->queue ? queue_is_logged(s->queue) : s->exchange->durable);
	list_init(&b->on_type);
	list_push(&s->source->bindings, &b->on_source);
	list_push(s->queue ? &s->queue->bindings : &s->exchange->inbound, &b->on_destination);
	map_put(&s->source->by_identity, b->identity, b);
	if (s->source->type->bind)
		s->source->type->bind(s->source, b);
	note_change(t, (struct change){ .bindings = 1 });
}

static void binding_free(struct topology *t, struct binding *b)
{
	note_change(t, (struct change){ .bindings = -1 });
	if (b->source->type->unbind)
		b->source->type->unbind(b->source, b);
	map_remove(&b->source->by_identity, b->identity);
	walks_leave(&t->walks, &b->on_source);
	walks_leave(&t->walks, &b->on_destination);
	list_remove(&b->on_source);
	list_remove(&b->on_destination);
	mem_disown(b->key);
	mem_disown(b->arguments);
	mem_disown(b->identity);
	mem_free(b);
}

/* Exchanges that lost a binding wait on t->visit to be looked at: an auto-delete one whose last
 * binding went is removed, which may put others there.  A list, because bindings can form rings. */
static void lost_binding(struct topology *t, struct exchange *x)
{
	if (x->auto_delete && list_empty(&x->bindings) && !list_linked(&x->work))
		list_push(&t->visit, &x->work);
}

static log_position unbind_one(struct topology *t, struct binding *b)
{
	struct exchange *source = b->source;
	log_position at = b->durable ? keep_binding(t, b, false) : 0;
	departures_note_binding(t->departures, t, b);
	binding_free(t, b);
	lost_binding(t, source);
	return at;
}

static log_position drop_exchange(struct topology *t, struct exchange *x)
{
	log_position at = 0;
	list_remove(&x->work);
	x->auto_delete = false;   /* it is going already */
	while (!list_empty(&x->bindings))
		at = log_later(at, unbind_one(t, list_entry(x->bindings.next, struct binding, on_source)));
	while (!list_empty(&x->inbound))
		at = log_later(at,
		               unbind_one(t, list_entry(x->inbound.next, struct binding, on_destination)));
	if (is_kept(x))
		at = log_later(at, forget_name(t, CATALOG_EXCHANGE, x->name));
	departures_note_exchange(t->departures, t, x);
	note_change(t, (struct change){ .exchanges = -1 });
	map_remove(&t->exchanges, x->name);
	walks_leave(&t->walks, &x->link);
	walks_lose(&t->walks, &x->bindings);
	walks_lose(&t->walks, &x->inbound);
	order_remove(&t->all_exchanges, &x->link);
	exchange_free(x);
	return at;
}

static log_position drop_doomed(struct topology *t)
{
	log_position at = 0;
	while (!list_empty(&t->visit))
		at = log_later(at, drop_exchange(t, list_entry(t->visit.next, struct exchange, work)));
	return at;
}

log_position topology_remove_exchange(struct topology *t, struct exchange *x)
{
	must(!x->predeclared);
	log_position at = drop_exchange(t, x);
	return log_later(at, drop_doomed(t));
}

/* Of predeclared ones there are a few. */
bool topology_clear(struct topology *t)
{
	struct exchange *x;
	must(t->all_queues.count == 0);
	list_each(it, &t->all_exchanges.list) {
		if ((x = list_entry(it, struct exchange, link))->predeclared)
			continue;
		topology_remove_exchange(t, x);
		return true;
	}
	list_each(it, &t->all_exchanges.list)
		while (!list_empty(&(x = list_entry(it, struct exchange, link))->bindings))
			unbind_one(t, list_entry(x->bindings.next, struct binding, on_source));
	return false;
}

const struct refusal *topology_bind(struct topology *t, const struct binding_spec *spec,
                                    log_position *wait_for, struct buf *text)
{
	must(!spec->queue != !spec->exchange);
	*wait_for = 0;
	const struct exchange_type *type = spec->source->type;
	const struct refusal *r =
		type->check ? type->check(spec->key, spec->arguments, text) : NULL;
	if (r)
		return r;
	struct slice identity = identity_of(spec);
	if (map_get(&spec->source->by_identity, identity)) {
		mem_disown(identity);
		return NULL;
	}
	binding_add(t, spec, identity);
	struct binding *b = list_entry(spec->source->bindings.prev, struct binding, on_source);
	if (b->durable)
		*wait_for = keep_binding(t, b, true);
	return NULL;
}

static struct binding *find_binding(const struct binding_spec *spec)
{
	struct slice identity = identity_of(spec);
	struct binding *b = map_get(&spec->source->by_identity, identity);
	mem_disown(identity);
	return b;
}

bool topology_is_bound(const struct binding_spec *spec)
{
	return find_binding(spec) != NULL;
}

log_position topology_unbind(struct topology *t, const struct binding_spec *spec)
{
	struct binding *b = find_binding(spec);
	if (!b)
		return 0;
	log_position at = unbind_one(t, b);
	return log_later(at, drop_doomed(t));
}

/* ---- queues ---- */

static struct queue *place_queue(struct topology *t, const struct queue_spec *spec)
{
	struct queue *q = queue_new(t->store, spec);
	q->topology = t;
	if (q->live->retained)
		q->live->retained->topology = t;
	q->serial = t->next_serial++;
	order_put(&t->all_queues, &q->link);
	map_put(&t->queues, queue_name(q), q);
	note_change(t, (struct change){ .queues = 1 });
	return q;
}

struct queue *topology_add_queue(struct topology *t, const struct queue_spec *spec,
                                 log_position *wait_for)
{
	struct queue_spec s = *spec;
	must(!topology_queue(t, s.name));
	s.id = s.durable && !s.exclusive && t->store->log ? t->store->next_queue_id++ : 0;
	s.retained_id = s.id && retention_is_asked_for(s.arguments) ? t->store->next_queue_id++ : 0;
	struct queue *q = place_queue(t, &s);
	*wait_for = queue_is_logged(q) ? keep_queue(t, q) : 0;
	return q;
}

log_position topology_pause(struct topology *t, struct queue *q, bool paused)
{
	if (q->paused == paused)
		return 0;
	q->paused = paused;
	return queue_is_logged(q) ? keep_queue(t, q) : 0;
}

/* What was counted of it last; what never moved has that still. */
static struct tally told_of(const struct queue *q)
{
	return q->motion ? *motion_told(q->motion) : tally_of(q);
}

static void follow(struct topology *t, struct tally before, struct tally now)
{
	tally_follow(&t->tally, &before, &now);
	tally_follow(&t->store->tally, &before, &now);
	if (t->totals)
		tally_follow(&t->totals->messages, &before, &now);
}

bool topology_count(struct topology *t, struct queue *q)
{
	struct tally before = told_of(q), now = tally_of(q);
	follow(t, before, now);
	if (q->motion)
		*motion_told(q->motion) = now;
	return memcmp(&before, &now, sizeof now) != 0;
}

log_position topology_remove_queue(struct topology *t, struct queue *q)
{
	log_position at = 0;
	while (!list_empty(&q->bindings))
		at = log_later(at,
		               unbind_one(t, list_entry(q->bindings.next, struct binding, on_destination)));
	at = log_later(at, drop_doomed(t));
	if (queue_is_logged(q))
		at = log_later(at, forget_name(t, CATALOG_QUEUE, queue_name(q)));
	if (q->live->stream)
		offsets_forget(q);
	if (q->live->retained)
		offsets_forget(q->live->retained);
	map_remove(&t->queues, queue_name(q));
	walks_lose(&t->walks, &q->bindings);
	note_change(t, (struct change){ .queues = -1 });
	walks_leave(&t->walks, &q->link);
	order_remove(&t->all_queues, &q->link);
	follow(t, told_of(q), (struct tally){ 0 });
	queue_delete(&q);
	return at;
}

/* ---- routing ---- */

void route_set_add(struct route_set *s, struct queue *q)
{
	s->keyed |= q->dedup != NULL;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->queues = mem_realloc(s->queues, s->cap * sizeof *s->queues);
	}
	s->queues[s->n++] = q;
}

static void add_queue(struct topology *t, struct queue *q, struct route_set *out)
{
	if (q->route_mark == t->mark)
		return;
	q->route_mark = t->mark;
	route_set_add(out, q);
}

static void visit(struct topology *t, struct exchange *x)
{
	if (x->route_mark == t->mark)
		return;
	x->route_mark = t->mark;
	list_push(&t->visit, &x->work);
}

static bool is_step(const struct route_step *s, const struct exchange *from, struct destination to)
{
	return s->from == from && s->to.queue == to.queue && s->to.exchange == to.exchange;
}

/* Where the routing is traced: the message goes there from this exchange. */
static void note_step(struct topology *t, struct exchange *from, struct destination to,
                      unsigned why)
{
	struct route_steps *s = t->steps;
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (is_step(&s->at[i], from, to))
			return;
	s->cut |= s->n == ROUTE_STEPS_MOST;
	if (s->cut)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->at = mem_realloc(s->at, s->cap * sizeof *s->at);
	}
	s->at[s->n++] = (struct route_step){ from, to, why };
}

static void note_found(struct topology *t, struct exchange *from)
{
	for (size_t i = 0; i < t->found.n; i++)
		note_step(t, from, t->found.at[i], STEP_BOUND);
}

/* The default exchange is bound to every queue by its name without any binding existing. */
static bool route_default(struct topology *t, struct exchange *x, const struct route *r,
                          struct route_set *out)
{
	struct queue *q = topology_queue(t, r->key);
	if (!q)
		return false;
	add_queue(t, q, out);
	note_step(t, x, (struct destination){ .queue = q }, STEP_BOUND);
	return true;
}

/* By one key. */
static bool match(struct topology *t, struct exchange *x, const struct route *r,
                  struct route_set *out)
{
	t->found.n = 0;
	x->type->route(x, r, &t->found);
	t->found.looked += t->found.n;
	for (size_t i = 0; i < t->found.n; i++) {
		struct destination to = t->found.at[i];
		if (to.queue)
			add_queue(t, to.queue, out);
		else
			visit(t, to.exchange);
	}
	if (t->steps)
		note_found(t, x);
	return t->found.n > 0 || (x->name.n == 0 && route_default(t, x, r, out));
}

/* By those of an array, as far as they are strings. */
static bool match_more(struct topology *t, struct exchange *x, const struct route *r,
                       struct slice keys, struct route_set *out)
{
	struct table_walk w = table_walk(keys);
	struct field f;
	bool matched = false;
	while (array_next(&w, &f)) {
		struct route again = { .key = f.bytes, .headers = r->headers, .header = r->header };
		if (f.letter == 'S' && match(t, x, &again, out))
			matched = true;
	}
	return matched;
}

/* Whether it accepted the key before; else it does so now, if the message finds a queue. */
static bool is_repeated(const struct exchange *x, const struct route *r, struct route_set *out)
{
	struct key_claim c = { .dedup = x->dedup };
	log_position at = 0;
	if (!dedup_digest(c.dedup, r->headers, &c.digest))
		return false;
	c.until_ms = dedup_end(c.dedup, r->headers, r->wall_ms);
	if (!dedup_has(c.dedup, &c.digest, r->wall_ms, &at)) {
		claims_add_key(&out->claims, c);
		return false;
	}
	out->repeated = true;
	out->wait_for = log_later(out->wait_for, at);
	return true;
}

static void route_through(struct topology *t, struct exchange *x, const struct route *r,
                          struct route_set *out)
{
	if (x->dedup && !r->dead && is_repeated(x, r, out))
		return;
	if (x->waiting && delay_of(r->headers)) {
		add_queue(t, x->waiting, out);
		note_step(t, x, (struct destination){ .queue = x->waiting }, STEP_DELAYED);
		return;
	}
	bool matched = match(t, x, r, out);
	bool more = !x->type->one_key;
	if (more && r->cc.n && match_more(t, x, r, r->cc, out))
		matched = true;
	if (more && r->bcc.n && match_more(t, x, r, r->bcc, out))
		matched = true;
	struct exchange *alternate =
		!matched && x->alternate.p ? topology_exchange(t, x->alternate) : NULL;
	if (!alternate)
		return;
	visit(t, alternate);
	note_step(t, x, (struct destination){ .exchange = alternate }, STEP_OTHERWISE);
}

void topology_route(struct topology *t, struct exchange *x, const struct route *r,
                    struct route_set *out)
{
	route_set_clear(out);
	t->mark++;
	visit(t, x);
	for (struct list *l; (l = list_pop(&t->visit));)
		route_through(t, list_entry(l, struct exchange, work), r, out);
}

void topology_trace(struct topology *t, struct exchange *x, const struct route *r,
                    struct route_set *out, struct route_steps *steps)
{
	t->steps = steps;
	topology_route(t, x, r, out);
	t->steps = NULL;
}

void route_set_clear(struct route_set *s)
{
	s->n = 0;
	claims_clear(&s->claims);
	s->keyed = s->repeated = false;
	s->wait_for = 0;
}

void route_set_free(struct route_set *s)
{
	claims_free(&s->claims);
	mem_free(s->queues);
	*s = (struct route_set){ 0 };
}

/* ---- the end ---- */

void topology_free(struct topology *t)
{
	size_t cursor = 0;
	struct exchange *x;
	struct queue *q;
	walks_lose_all(&t->walks);
	while ((x = map_next(&t->exchanges, &cursor))) {
		while (!list_empty(&x->bindings))
			binding_free(t, list_entry(x->bindings.next, struct binding, on_source));
	}
	for (cursor = 0; (q = map_next(&t->queues, &cursor));)
		queue_delete(&q);
	for (cursor = 0; (x = map_next(&t->exchanges, &cursor));)
		exchange_free(x);
	map_free(&t->queues);
	map_free(&t->exchanges);
	order_free(&t->all_queues);
	order_free(&t->all_exchanges);
	mem_free(t->found.at);
}

/* ---- recovery ---- */

static bool recover_exchange(struct topology *t, struct recovery *r, struct slice key,
                             struct slice value)
{
	struct exchange_entry e;
	if (!entries_exchange_decode(key, value, &e))
		return false;
	bool delays = slice_is(e.type, EXCHANGE_DELAYED);
	const struct exchange_type *type =
		delays ? exchange_delayed_type(e.arguments) : exchange_type_find(e.type);
	if (!type || topology_exchange(t, e.name))
		return false;
	struct exchange_spec spec = { e.name, e.arguments, type, true, e.auto_delete, e.internal,
		                          delays };
	struct exchange *x = exchange_new(t, &spec, e.waiting_id);
	if (x->dedup && e.dedup) {
		x->dedup->id = e.dedup;
		store_claim_keys(t->store, r, x->dedup);
	}
	if (delays)
		store_claim(t->store, r, x->waiting);
	return true;
}

static bool recover_queue(struct topology *t, struct recovery *r, struct slice key,
                          struct slice value)
{
	struct queue_entry e;
	if (!entries_queue_decode(key, value, &e) || topology_queue(t, e.name))
		return false;
	struct queue_spec spec = { .name = e.name,
		                       .arguments = e.arguments,
		                       .durable = true,
		                       .auto_delete = e.auto_delete,
		                       .id = e.id,
		                       .retained_id = e.retained_id };
	struct queue *q = place_queue(t, &spec);
	q->paused = e.paused;
	store_claim(t->store, r, q);
	if (q->live->retained)
		store_claim(t->store, r, q->live->retained);
	follow(t, (struct tally){ 0 }, tally_of(q));
	return true;
}

static bool recover_binding(struct topology *t, struct slice key)
{
	struct binding_entry e;
	if (!entries_binding_decode(key, &e))
		return false;
	struct binding_spec spec = { .source = topology_exchange(t, e.source),
		                         .queue = e.to_queue ? topology_queue(t, e.destination) : NULL,
		                         .exchange =
		                             e.to_queue ? NULL : topology_exchange(t, e.destination),
		                         .key = e.key,
		                         .arguments = e.arguments };
	if (!spec.source || (!spec.queue && !spec.exchange) ||
	    (spec.queue && spec.queue->id != e.queue_id))
		return false;
	struct slice identity = identity_of(&spec);
	if (map_get(&spec.source->by_identity, identity))
		mem_disown(identity);
	else
		binding_add(t, &spec, identity);
	return true;
}

static bool recover_entry(struct topology *t, struct recovery *r, uint8_t kind, struct slice key,
                          struct slice value)
{
	switch (kind) {
	case CATALOG_EXCHANGE: return recover_exchange(t, r, key, value);
	case CATALOG_QUEUE: return recover_queue(t, r, key, value);
	default: return recover_binding(t, key);
	}
}

struct rebuilding {
	struct store *store;
	struct recovery *r;
	topology_of *of;
	void *arg;
	uint8_t kind;                /* of the entries it is at */
	uint64_t orphans;            /* of virtual hosts that are gone */
};

/* False when the entry is to be removed. */
static bool place_entry(void *rebuilding, struct slice key, struct slice value)
{
	struct rebuilding *g = rebuilding;
	uint32_t vhost;
	struct topology *t = entries_vhost(key, &vhost) ? g->of(g->arg, vhost) : NULL;
	if (!t)
		g->orphans++;
	else if (recover_entry(t, g->r, g->kind, key, value))
		return true;
	else
		log_warning("a catalog entry of kind %u makes no sense any more and is removed", g->kind);
	return false;
}

void topology_recover(struct store *s, struct recovery *r, topology_of *of, void *arg)
{
	static const enum catalog_kind order[] = {
		CATALOG_EXCHANGE, CATALOG_QUEUE, CATALOG_BINDING,   /* when both its ends are there */
	};
	struct rebuilding g = { .store = s, .r = r, .of = of, .arg = arg };
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		g.kind = (uint8_t)order[i];
		catalog_sift(&s->catalog, g.kind, place_entry, &g);
	}
	if (g.orphans)
		log_info("%llu catalog entries of deleted virtual hosts are removed",
		         (unsigned long long)g.orphans);
}

/* ---- checking ---- */

static uint64_t check_exchange(const struct topology *t, const struct exchange *x)
{
	uint64_t n = 0;
	must(topology_exchange(t, x->name) == x);
	if (x->dedup)
		dedup_check(x->dedup);
	if (x->waiting)
		queue_check(x->waiting);
	list_each(it, &x->bindings) {
		const struct binding *b = list_entry(it, struct binding, on_source);
		must(b->source == x && !b->queue != !b->exchange);
		must(map_get(&x->by_identity, b->identity) == b);
		must(list_linked(&b->on_destination));
		n++;
	}
	list_each(it, &x->inbound)
		must(list_entry(it, struct binding, on_destination)->exchange == x);
	must(n == x->by_identity.count);
	return n;
}

/* What is not counted yet has been stirred. */
static void check_counted(const struct queue *q, struct tally *sum)
{
	struct tally none = { 0 }, told = told_of(q), now = tally_of(q);
	must(q->stirred || memcmp(&told, &now, sizeof now) == 0);
	tally_follow(sum, &none, &told);
}

void topology_check(const struct topology *t)
{
	struct tally sum = { 0 };
	uint64_t n = 0;
	size_t cursor = 0;
	const struct exchange *x;
	const struct queue *q;
	while ((x = map_next(&t->exchanges, &cursor)))
		n += check_exchange(t, x);
	must(n == t->n_bindings);
	order_check(&t->all_exchanges);
	order_check(&t->all_queues);
	must(t->all_exchanges.count == t->exchanges.count && t->all_queues.count == t->queues.count);
	for (cursor = 0; (q = map_next(&t->queues, &cursor));) {
		must(topology_queue(t, queue_name(q)) == q && !q->deleted);
		list_each(it, &q->bindings)
			must(list_entry(it, struct binding, on_destination)->queue == q);
		queue_check(q);
		check_counted(q, &sum);
	}
	must(memcmp(&sum, &t->tally, sizeof sum) == 0);
}
