/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/broker.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/expiry.h"
#include "broker/overflow.h"
#include "broker/owed.h"
#include "broker/parking.h"
#include "broker/patience.h"
#include "broker/refuse.h"
#include "broker/settle.h"
#include "broker/state.h"
#include "broker/user.h"
#include "queue/fetch.h"
#include "queue/offsets.h"
#include "queue/queue.h"

void broker_options_default(struct broker_options *o)
{
	*o = (struct broker_options){
		.channel_max = 2047,
		.frame_max = 131072,
		.initial_frame_max = 8192,
		.heartbeat_s = 60,
		.handshake_timeout_ms = 10000,
		.first_byte_timeout_ms = 5000,
		.close_timeout_ms = 5000,
		.max_message_bytes = 16 << 20,
		.assembly_max_bytes = 128 << 20,
		.outbox_max_bytes = 1 << 20,
		.sample_ms = 5000,
		.samples_bytes = 16 << 20,
		.message_memory_bytes = 256 << 20,
		.stream_keys_max = 1000000,
		.memory_watermark_bytes = UINT64_MAX,
		.product = "RabbitMQ",
		.version = "4.1.0",
		.cluster_name = "leveret",
		.default_user = "guest",
		.default_pass = "guest",
		.default_vhost = "/",
		.default_tags = "administrator",
		.default_configure = ".*",
		.default_write = ".*",
		.default_read = ".*",
		.loopback_users = "guest",
		.founding = { "", "", "" },
		.password_pattern = "",
		.queue_type = "",
		.cluster_tags = "",
		.node_tags = "",
		.plain = true,
		.amqplain = true,
		.external = true,
	};
}

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
	return list_entry(a, struct connection, timer)->timer_ms <
	       list_entry(b, struct connection, timer)->timer_ms;
}

static bool dies_sooner(const struct heap_node *a, const struct heap_node *b)
{
	return list_entry(a, struct live, deadline)->deadline_ms <
	       list_entry(b, struct live, deadline)->deadline_ms;
}

struct broker *broker_new(const struct broker_options *o, uint64_t now_ms)
{
	struct broker *b = mem_zalloc(sizeof *b);
	must(o->frame_max >= FRAME_MIN_SIZE && o->channel_max > 0);
	b->options = *o;
	b->now_ms = b->started_ms = b->previous_turn_ms = now_ms;
	b->durable = o->log ? 0 : UINT64_MAX;
	b->next_number = 1;
	b->rights = 1;
	b->patterns = pattern_room_new();
	alarms_init(&b->alarms, o->memory_watermark_bytes, o->disk_free_limit_bytes);
	vhosts_init(b);
	list_init(&b->all_users);
	list_init(&b->going_users);
	list_init(&b->going_vhosts);
	list_init(&b->connections);
	list_init(&b->consumers);
	list_init(&b->walks);
	list_init(&b->review.walk.link);
	list_init(&b->dirty);
	list_init(&b->owing);
	list_init(&b->confirming);
	list_init(&b->runnable);
	list_init(&b->overfull);
	list_init(&b->graveyard);
	list_init(&b->unparked);
	list_init(&b->orphans);
	list_init(&b->policing);
	list_init(&b->counting);
	heap_init(&b->timers, sooner);
	heap_init(&b->deadlines, dies_sooner);
	patience_heap_init(&b->patience);
	outbox_pool_init(&b->pool);
	counters_init(&b->counters);
	store_init(&b->store, o->log, o->message_memory_bytes);
	sampling_init(b, o->sample_ms, o->samples_bytes);
	events_init(&b->events);
	attempts_init(&b->attempts);
	parameters_init(&b->parameters, &b->store.catalog, 0);
	b->store.page_entries = o->index_page_entries;
	b->store.stream_keys_most = o->stream_keys_max;
	b->store.window_bytes = o->window_bytes;
	b->store.clock_offset_ms = (int64_t)now_ms - (int64_t)o->wall_ms;
	return b;
}

void broker_set_options(struct broker *b, const struct broker_options *o)
{
	struct broker_options before = b->options;
	b->options = *o;
	b->options.log = before.log;
	b->options.entropy = before.entropy;
	b->options.reading = before.reading;
	b->options.wall_ms = before.wall_ms;
	b->options.window_bytes = before.window_bytes;
	b->options.index_page_entries = before.index_page_entries;
	b->store.memory_budget = o->message_memory_bytes;
	b->store.stream_keys_most = o->stream_keys_max;
	if (o->memory_watermark_bytes != before.memory_watermark_bytes)
		b->alarms.memory_watermark = o->memory_watermark_bytes;
	if (o->disk_free_limit_bytes != before.disk_free_limit_bytes)
		b->alarms.disk_free_limit = o->disk_free_limit_bytes;
	alarms_look(b);
}

int broker_recover(struct broker *b, struct buf *why)
{
	struct recovery *r;
	int error = store_scan(&b->store, b->options.reading, &r, why);
	bool first_start = false;
	if (!error)
		error = vhosts_recover(b, r, &first_start, why);
	if (!error)
		error = users_recover(b, first_start, why);
	if (!error && first_start)
		founding_apply(vhost_find(b, slice_str(b->options.default_vhost)));
	if (!error)
		offsets_recover(&b->store);
	store_scan_end(&b->store, &r);
	return error;
}

void broker_run_queue(struct broker *b, struct queue *q)
{
	if (queue_is_timed(q))
		expiry_watch(b, q);
	if (queue_is_over(q))
		overflow_note(b, q);
	struct live *live = q->live;
	if (!list_linked(&live->runnable) && queue_ready(q) && rotation_first(&live->rotation) &&
	    !q->paused)
		list_push(&b->runnable, &live->runnable);
}

/* ---- the turn ---- */

static void run_timers(struct broker *b)
{
	for (struct heap_node *n; (n = heap_top(&b->timers));) {
		struct connection *c = list_entry(n, struct connection, timer);
		if (c->timer_ms > b->now_ms)
			return;
		connection_timeout(c);
	}
}

/* The log is gone: nothing is promised any more, and nobody is left in the belief that it is. */
static void fail(struct broker *b, int error)
{
	b->failed = error;
	log_critical("the log failed: %s; no further confirm is given, stopping", strerror(error));
	const struct refusal *r = refuse(b, &INTERNAL_ERROR, "the log of the broker failed");
	list_each_safe(it, &b->connections)
		connection_refuse(list_entry(it, struct connection, link), r, 0);
}

static void set_pressed(struct broker *b, bool pressed)
{
	if (pressed == b->pressed)
		return;
	b->pressed = pressed;
	list_each(it, &b->connections) {
		struct connection *c = list_entry(it, struct connection, link);
		if (c->publishes)
			connection_touch(c);
	}
}

static void set_log_full(struct broker *b, bool full)
{
	if (full == b->alarms.log_full)
		return;
	b->alarms.log_full = full;
	alarms_look(b);
}

static void poll_log(struct broker *b)
{
	struct log_report report;
	if (!b->options.log || b->failed)
		return;
	log_poll(b->options.log, &report);
	b->durable = report.durable;
	set_pressed(b, report.pressed);
	set_log_full(b, report.full);
	if (report.failed)
		fail(b, report.failed);
}

/* Queues whose front came back from the log, and channels that waited for that. */
static void collect_fetched(struct broker *b)
{
	fetch_collect(&b->store, b->durable);
	expiry_collect(b);
	for (struct list *l; (l = list_pop(&b->store.woken));) {
		struct queue *q = list_entry(l, struct live, woken)->queue;
		parking_wake(b, q);
		broker_run_queue(b, q);
	}
	parking_run(b);
}

static void run_replay(struct broker *b)
{
	struct queue *q = b->failed ? NULL : replay_turn(&b->store, (int64_t)b->now_ms);
	if (!q)
		return;
	quota_placed(&q, 1, b->store.replay.report.bytes);
	broker_run_queue(b, q);
}

static void submit_log(struct broker *b)
{
	if (b->failed)
		return;
	store_turn(&b->store, b->durable);
	live_turn(&b->store, b->now_ms);
	if (b->options.log)
		log_submit(b->options.log, b->now_ms);
}

/* Replies that waited go before the confirms of their connection. */
static void keep_promises(struct broker *b)
{
	if (b->failed)
		return;
	list_each_safe(it, &b->owing)
		owed_pay(list_entry(it, struct connection, owing));
	list_each_safe(it, &b->confirming)
		confirm_flush(list_entry(it, struct channel, confirming));
}

static void bury(struct broker *b)
{
	for (struct list *l; (l = list_pop(&b->graveyard));)
		connection_bury(list_entry(l, struct connection, link));
}

/* The order is the guarantee: what is confirmed below was durable when poll_log looked.
 * Messages expire after the deliveries, so that one that may live no time at all still reaches
 * a consumer that waits for it. */
void broker_turn(struct broker *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	b->trims = OVERFLOW_TURN;
	b->effort = 0;
	b->events.actor = NULL;
	poll_log(b);
	run_timers(b);
	patience_run(b);
	collect_fetched(b);
	run_replay(b);
	policing_turn(b);
	rights_turn(b);
	settle_turn(b);
	if (!b->draining)
		consuming_deliver(b);
	expiry_run(b);
	overflow_run(b);
	users_turn(b);
	vhosts_turn(b);
	quotas_turn(b);
	events_publish(b);
	submit_log(b);
	keep_promises(b);
	bury(b);
	sampling_turn(b);
	b->deaths_before = b->deaths;
	b->previous_turn_ms = now_ms;
}

uint64_t broker_deadline(const struct broker *b)
{
	uint64_t at = UINT64_MAX;
	struct heap_node *n = heap_top(&b->timers);
	if (n)
		at = list_entry(n, struct connection, timer)->timer_ms;
	uint64_t expiry_at = expiry_deadline(b);
	at = expiry_at < at ? expiry_at : at;
	uint64_t late_at = patience_deadline(b);
	at = late_at < at ? late_at : at;
	uint64_t sample_at = sampling_deadline(b);
	at = sample_at < at ? sample_at : at;
	uint64_t look_at = b->failed ? UINT64_MAX : live_deadline(&b->store, b->now_ms);
	at = look_at < at ? look_at : at;
	if (b->options.log && !b->failed) {
		uint64_t log_at = log_deadline(b->options.log);
		at = log_at < at ? log_at : at;
	}
	bool busy = (!list_empty(&b->runnable) && !b->draining) || !list_empty(&b->unparked) ||
	            !list_empty(&b->orphans) || !list_empty(&b->graveyard) || !list_empty(&b->dirty) ||
	            !list_empty(&b->policing) || !list_empty(&b->counting) ||
	            !list_empty(&b->overfull) || !rights_are_reviewed(b) ||
	            !list_empty(&b->going_vhosts) || !list_empty(&b->going_users) ||
	            !list_empty(&b->events.due) || !list_empty(&b->store.recalled) ||
	            (!b->failed && store_is_busy(&b->store, b->durable));
	return busy ? b->now_ms : at;
}

/* What the log has for segments to come it does not need to ask the disk for. */
static uint64_t with_spares(const struct broker *b, uint64_t disk_free)
{
	struct log_stats s = { 0 };
	if (b->options.log)
		log_stats(b->options.log, &s);
	return disk_free > UINT64_MAX - s.spare_bytes ? UINT64_MAX : disk_free + s.spare_bytes;
}

void broker_note_resources(struct broker *b, uint64_t memory_used, uint64_t disk_free)
{
	b->alarms.memory_used = memory_used;
	b->alarms.disk_free = with_spares(b, disk_free);
	alarms_look(b);
}

void broker_note_descriptors(struct broker *b, uint64_t n)
{
	b->descriptors = n;
}

void broker_note_turns(struct broker *b, const struct histogram *us)
{
	b->turns_us = us;
}

bool broker_is_alarmed(const struct broker *b)
{
	return alarms_any(&b->alarms);
}

void broker_rest(struct broker *b)
{
	store_rest(&b->store);
}

struct connection *broker_next_dirty(struct broker *b)
{
	for (struct list *l; (l = list_pop(&b->dirty));) {
		struct connection *c = list_entry(l, struct connection, dirty);
		if (connection_owner(c))
			return c;
	}
	return NULL;
}

int broker_failed(const struct broker *b)
{
	return b->failed;
}

/* ---- the end ---- */

void broker_drain(struct broker *b)
{
	b->draining = true;
}

uint64_t broker_handed_out(struct broker *b)
{
	counters_settle_all(b);
	return b->store.tally.lent;
}

void broker_stop(struct broker *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	b->stopping = true;
	list_each_safe(it, &b->connections) {
		struct connection *c = list_entry(it, struct connection, link);
		const struct refusal *r = refuse(
			b, &CONNECTION_FORCED, "broker forced connection closure with reason 'shutdown'");
		if (c->state == CONN_RUNNING)
			connection_refuse(c, r, 0);
		else if (c->state < CONN_RUNNING || c->state == CONN_LEFT)
			connection_finish(c);
	}
}

bool broker_is_empty(const struct broker *b)
{
	return list_empty(&b->connections);
}

static void note_delivered(struct broker *b)
{
	list_each(it, &b->all_vhosts.list) {
		struct vhost *v = list_entry(it, struct vhost, link);
		list_each(at, &v->topology.all_queues.list) {
			struct queue *q = list_entry(at, struct queue, link);
			if (queue_is_logged(q) && queue_is_live(q))
				store_note_delivered(&b->store, q);
		}
	}
}

static void lose_everyone(struct broker *b)
{
	while (!list_empty(&b->connections))
		connection_lost(list_entry(b->connections.next, struct connection, link), b->now_ms);
	settle_rest(b);
	bury(b);
}

int broker_free(struct broker *b)
{
	int error = 0;
	lose_everyone(b);
	sampling_free(b);
	store_flush_acks(&b->store, false);
	if (b->options.log && !b->failed)
		note_delivered(b);
	while (heap_pop(&b->deadlines))
		;
	users_free(b);
	vhosts_free(b);
	parameters_free(&b->parameters);
	events_free(&b->events);
	attempts_free(&b->attempts);
	fetch_abandon(&b->store);
	pattern_room_free(&b->patterns);
	if (b->options.log)
		error = log_close(b->options.log);
	store_free(&b->store);
	map_free(&b->client_properties);
	map_free(&b->replies);
	map_free(&b->connections_by_number);
	heap_free(&b->timers);
	heap_free(&b->deadlines);
	heap_free(&b->patience);
	outbox_pool_free(&b->pool);
	route_set_free(&b->routed);
	route_set_free(&b->routed_dead);
	buf_free(&b->text);
	buf_free(&b->scratch);
	mem_free(b);
	return error;
}

/* ---- looking ---- */

struct slice broker_cluster_name(const struct broker *b)
{
	const struct parameter *p =
		parameters_find(&b->parameters, slice_of("", 0), slice_str("cluster_name"));
	struct table_walk w = table_walk(p ? p->value : slice_of("", 0));
	struct field name;
	bool said = array_next(&w, &name) && name.letter == 'S' && name.bytes.n;
	return said ? name.bytes : slice_str(b->options.cluster_name);
}

void broker_describe(struct broker *b, struct buf *out)
{
	counters_settle_all(b);
	const struct topology_totals *t = &b->totals;
	buf_printf(out, "connections %llu, consumers %llu\n", (unsigned long long)b->n_connections,
	           (unsigned long long)b->n_consumers);
	buf_printf(out, "virtual hosts %u, exchanges %llu, queues %llu, bindings %llu\n",
	           b->vhosts.count, (unsigned long long)t->exchanges, (unsigned long long)t->queues,
	           (unsigned long long)t->bindings);
	buf_printf(out, "messages ready %llu, unacked %llu, dead and held %llu; %llu bytes of them in "
	           "memory\n",
	           (unsigned long long)t->messages.ready, (unsigned long long)t->messages.unacked,
	           (unsigned long long)t->messages.held, (unsigned long long)b->store.resident);
	if (!b->options.log)
		return;
	struct log_stats s;
	log_stats(b->options.log, &s);
	buf_printf(out,
	           "log: %llu batches, %llu records, %llu bytes; %llu segments, %llu bytes on disk\n",
	           (unsigned long long)s.batches, (unsigned long long)s.records,
	           (unsigned long long)s.bytes, (unsigned long long)s.segments,
	           (unsigned long long)s.disk_bytes);
}

/* Those too that read what a queue retains, which are in no count of the queue. */
static uint64_t consumers_in(const struct topology *t)
{
	uint64_t n = 0;
	list_each(it, &t->all_queues.list) {
		const struct live *live = list_entry(it, struct queue, link)->live;
		n += live->rotation.count + (live->retained ? live->retained->live->rotation.count : 0);
	}
	return n;
}

static void check_totals(const struct broker *b)
{
	struct tally messages = b->totals.messages, none = { 0 };
	uint64_t consumers = 0;
	list_each(it, &b->all_vhosts.list)
		consumers += consumers_in(&list_entry(it, struct vhost, link)->topology);
	list_each(it, &b->going_vhosts) {
		const struct topology *t = &list_entry(it, struct vhost, link)->topology;
		consumers += consumers_in(t);
		tally_follow(&messages, &none, &t->tally);
	}
	must(memcmp(&messages, &b->store.tally, sizeof messages) == 0);
	must(consumers == b->n_consumers);
}

void broker_check(const struct broker *b)
{
	uint64_t connections = 0;
	vhosts_check(b);
	users_check(b);
	publishers_check(&b->store);
	list_each(it, &b->connections) {
		const struct connection *c = list_entry(it, struct connection, link);
		must(c->state != CONN_LOST && c->broker == b);
		must(list_empty(&c->owed) == !list_linked(&c->owing));
		must(connection_numbered(b, c->number) == c);
		connections++;
	}
	must(connections == b->n_connections && connections == b->connections_by_number.count);
	check_totals(b);
}
