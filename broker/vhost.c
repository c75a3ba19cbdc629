/* SPDX-License-Identifier: Apache-2.0 */
/* In the catalog an entry of kind CATALOG_VHOST is a number and what it stands for; the entry of
 * number 0 holds the largest number that was ever given.  A deletion begins with the end of that
 * entry: what a crash leaves of the rest belongs to nobody and is cleared away at the start. */
#include "broker/vhost.h"

#include <errno.h>
#include <stdio.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "base/pack.h"
#include "broker/expiry.h"
#include "broker/founding.h"
#include "broker/on.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "queue/queue.h"

enum { TURN_BUDGET = 256 };      /* queues and exchanges of deleted ones that go in a turn */

static void about_own(struct vhost_about *out, const struct vhost_about *s)
{
	*out = *s;
	out->description = mem_own(s->description);
	out->tags = mem_own(s->tags);
	out->queue_type = mem_own(s->queue_type);
}

static void about_disown(struct vhost_about *s)
{
	mem_disown(s->description);
	mem_disown(s->tags);
	mem_disown(s->queue_type);
}

static struct slice name_of(const struct list *link)
{
	return list_entry(link, struct vhost, link)->name;
}

void vhosts_init(struct broker *b)
{
	order_init(&b->all_vhosts, name_of);
}

bool vhosts_are_many(const struct broker *b)
{
	return b->options.vhost_max && b->vhosts.count >= b->options.vhost_max;
}

struct vhost *vhost_find(const struct broker *b, struct slice name)
{
	return map_get(&b->vhosts, name);
}

struct vhost *vhost_numbered(const struct broker *b, uint32_t number)
{
	uint8_t key[4];
	put_le32(key, number);
	return map_get(&b->vhosts_by_number, slice_of(key, sizeof key));
}

struct vhost *vhost_of(const struct queue *q)
{
	return list_entry(q->topology, struct vhost, topology);
}

static struct slice number_of(const struct vhost *v)
{
	return slice_of(v->number, sizeof v->number);
}

/* ---- the catalog ---- */

static log_position keep(const struct vhost *v)
{
	struct buf value = { 0 };
	ledger_vhost_value(&value, v->name, &v->about);
	log_position at = catalog_put(&v->broker->store.catalog, CATALOG_VHOST, number_of(v),
	                              buf_slice(&value));
	buf_free(&value);
	return at;
}

static void keep_largest(struct broker *b)
{
	static const uint8_t zero[4];
	uint8_t value[4];
	put_le32(value, b->last_vhost);
	catalog_put(&b->store.catalog, CATALOG_VHOST, slice_of(zero, sizeof zero),
	            slice_of(value, sizeof value));
}

/* ---- begin ---- */

static struct vhost *vhost_new(struct broker *b, struct slice name,
                               const struct vhost_about *about, uint32_t number)
{
	struct vhost *v = mem_zalloc(sizeof *v);
	v->broker = b;
	v->name = mem_own(name);
	about_own(&v->about, about);
	put_le32(v->number, number);
	motion_init(&v->motion, MOTION_VHOST, v);
	topology_init(&v->topology, &b->store, number);
	topology_join(&v->topology, &b->totals);
	v->topology.departures = &b->events.departures;
	list_init(&v->grants);
	list_init(&v->topic_grants);
	parameters_init(&v->parameters, &b->store.catalog, number);
	policing_init(v);
	quota_init(&v->quota);
	order_put(&b->all_vhosts, &v->link);
	map_put(&b->vhosts, v->name, v);
	map_put(&b->vhosts_by_number, number_of(v), v);
	if (slice_is(name, b->options.default_vhost)) {
		topology_predeclare(&v->topology, EVENT_EXCHANGE, &exchange_topic, true);
		if (b->options.log_exchange)
			topology_predeclare(&v->topology, EVENT_LOG_EXCHANGE, &exchange_topic, true);
		events_set_topology(b, &v->topology);
	}
	return v;
}

static struct vhost *found(struct broker *b, struct slice name, const struct vhost_about *about,
                           log_position *wait_for)
{
	must(!vhost_find(b, name) && b->last_vhost < UINT32_MAX);
	struct vhost_about limited = *about;
	founding_limit(b, name, &limited);
	struct vhost *v = vhost_new(b, name, &limited, ++b->last_vhost);
	keep_largest(b);
	*wait_for = keep(v);
	log_info("adding vhost '%.*s'", SLICE_ARG(name));
	report_vhost_created(v);
	list_each(it, &v->topology.all_exchanges.list)
		report_exchange_created(v, list_entry(it, struct exchange, link));
	return v;
}

struct vhost *vhost_add(struct broker *b, struct slice name, const struct vhost_about *about,
                        log_position *wait_for)
{
	struct vhost *v = found(b, name, about, wait_for);
	log_position last = founding_apply(v);
	*wait_for = last ? last : *wait_for;
	return v;
}

log_position vhost_change(struct vhost *v, const struct vhost_about *about)
{
	struct vhost_about old = v->about;
	about_own(&v->about, about);
	about_disown(&old);
	quota_review(v);
	return keep(v);
}

/* ---- end ---- */

log_position vhost_remove(struct vhost *v)
{
	struct broker *b = v->broker;
	log_position at = catalog_remove(&b->store.catalog, CATALOG_VHOST, number_of(v));
	log_info("deleting vhost '%.*s'", SLICE_ARG(v->name));
	parameters_forget(&v->parameters);
	policing_stop(v);
	quota_forget(&v->quota);
	grants_forget(v);
	map_remove(&b->vhosts, v->name);
	map_remove(&b->vhosts_by_number, number_of(v));
	walks_leave(&b->walks, &v->link);
	order_remove(&b->all_vhosts, &v->link);
	list_push(&b->going_vhosts, &v->link);
	topology_leave(&v->topology);
	expulsion_begin(&v->expulsion, b, v, NULL);
	v->expulsion.goes = true;
	report_vhost_deleted(v);
	if (b->events.topology == &v->topology)
		events_set_topology(b, NULL);
	return at;
}

static void vhost_free(struct vhost *v)
{
	expulsion_end(&v->expulsion);
	must(v->n_connections == 0);
	list_remove(&v->link);
	report_departures(v->broker, NULL);
	events_forget(v->broker, &v->topology);
	if (v->broker->events.topology == &v->topology)
		events_set_topology(v->broker, NULL);
	quota_forget(&v->quota);
	topology_free(&v->topology);
	policing_free(v);
	parameters_free(&v->parameters);
	motion_end(&v->motion);
	mem_disown(v->name);
	about_disown(&v->about);
	mem_free(v);
}

/* False when nothing is left. */
static bool clear_some(struct vhost *v)
{
	struct queue *q = list_first(&v->topology.all_queues.list, struct queue, link);
	if (q)
		on_queue_remove(v->broker, q);
	return q || topology_clear(&v->topology);
}

/* False when none are left. */
static bool close_some(struct vhost *v)
{
	char why[320];
	int n = snprintf(why, sizeof why, "vhost '%.*s' is deleted", SLICE_ARG(v->name));
	return v->expulsion.broker && expulsion_go_on(&v->expulsion, slice_of(why, (size_t)n));
}

void vhosts_turn(struct broker *b)
{
	int left = TURN_BUDGET;
	while (left && !list_empty(&b->going_vhosts)) {
		struct vhost *v = list_entry(b->going_vhosts.next, struct vhost, link);
		if (close_some(v) || !list_empty(&b->orphans))
			return;
		for (; left && clear_some(v); left--)
			;
		if (left)
			vhost_free(v);
	}
}

void vhosts_free(struct broker *b)
{
	for (struct list *l; (l = list_pop(&b->going_vhosts));)
		vhost_free(list_entry(l, struct vhost, link));
	for (struct list *l; (l = list_pop(&b->all_vhosts.list));)
		vhost_free(list_entry(l, struct vhost, link));
	order_free(&b->all_vhosts);
	map_free(&b->vhosts);
	map_free(&b->vhosts_by_number);
}

/* ---- recovery ---- */

static int recover_one(struct broker *b, struct slice key, struct slice value, struct buf *why)
{
	struct vhost_about about;
	struct slice name;
	uint32_t number;
	bool reads = unpack_u32(&key, &number) && key.n == 0;
	if (reads && number == 0 && unpack_u32(&value, &b->last_vhost))
		return 0;
	if (reads && ledger_vhost_decode(value, &name, &about) && !vhost_find(b, name)) {
		vhost_new(b, name, &about, number);
		return 0;
	}
	buf_printf(why, "the catalog's entry of a virtual host does not read: it was written by a "
	                "newer version, or the log is damaged");
	return -EUCLEAN;
}

static int recover_all(struct broker *b, struct buf *why)
{
	const void *cursor = NULL;
	uint8_t kind;
	struct slice key, value;
	int error = 0;
	while (!error && catalog_next(&b->store.catalog, &cursor, &kind, &key, &value))
		if (kind == CATALOG_VHOST)
			error = recover_one(b, key, value, why);
	return error;
}

static struct topology *find_topology(void *b, uint32_t number)
{
	struct vhost *v = vhost_numbered(b, number);
	return v ? &v->topology : NULL;
}

static void start_exchanges(struct broker *b, struct topology *t)
{
	list_each(it, &t->all_exchanges.list) {
		struct exchange *x = list_entry(it, struct exchange, link);
		if (x->waiting)
			broker_run_queue(b, x->waiting);
	}
}

static void start_queues(struct broker *b)
{
	list_each(it, &b->all_vhosts.list) {
		struct vhost *v = list_entry(it, struct vhost, link);
		start_exchanges(b, &v->topology);
		list_each(at, &v->topology.all_queues.list) {
			struct queue *q = list_entry(at, struct queue, link);
			expiry_use(b, q);
			broker_run_queue(b, q);
			if (q->live->retained)
				broker_run_queue(b, q->live->retained);
		}
	}
}

/* Before there were several, all was in number 1. */
int vhosts_recover(struct broker *b, struct recovery *r, bool *first_start, struct buf *why)
{
	log_position wait_for;
	int error = recover_all(b, why);
	if (error)
		return error;
	*first_start = b->last_vhost == 0;
	if (*first_start)
		found(b, slice_str(b->options.default_vhost), &VHOST_PLAIN, &wait_for);
	topology_recover(&b->store, r, find_topology, b);
	parameters_recover(b);
	policing_recover(b);
	start_queues(b);
	return 0;
}

/* ---- checking ---- */

void vhosts_check(const struct broker *b)
{
	struct topology_totals sum = { 0 };
	struct tally none = { 0 };
	size_t n = 0;
	list_each(it, &b->all_vhosts.list) {
		const struct vhost *v = list_entry(it, struct vhost, link);
		must(vhost_find(b, v->name) == v);
		must(map_get(&b->vhosts_by_number, number_of(v)) == v);
		must(v->topology.vhost <= b->last_vhost);
		topology_check(&v->topology);
		sum.exchanges += v->topology.exchanges.count;
		sum.queues += v->topology.queues.count;
		sum.bindings += v->topology.n_bindings;
		tally_follow(&sum.messages, &none, &v->topology.tally);
		n++;
	}
	must(memcmp(&sum, &b->totals, sizeof sum) == 0);
	order_check(&b->all_vhosts);
	must(n == b->vhosts.count && n == b->vhosts_by_number.count);
	list_each(it, &b->going_vhosts)
		topology_check(&list_entry(it, struct vhost, link)->topology);
}
