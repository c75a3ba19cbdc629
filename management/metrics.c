/* SPDX-License-Identifier: Apache-2.0 */
/* The format wants all numbers of one name together, so objects are gone through once for each
 * metric that is told of them.  Where one of them, that is a virtual host with its objects, goes or
 * comes meanwhile it is in some metrics and not in others. */
#include "management/metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/histogram.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/state.h"
#include "management/exposition.h"
#include "management/host.h"
#include "management/memory_use.h"
#include "management/piece.h"
#include "queue/queue.h"
#include "queue/reader.h"

enum { PIECE_ROWS = 500 };

static const char protocol[] = "amqp091";

enum family {
	FAMILY_none,
#define FAMILY(name) FAMILY_##name,
#include "management/families.def"
#undef FAMILY
};

static const char *const families[] = {
	[FAMILY_none] = "",
#define FAMILY(name) [FAMILY_##name] = #name,
#include "management/families.def"
#undef FAMILY
};

_Static_assert(ARRAY_LEN(families) <= 64, "struct metrics has a bit for each");

/* ---- the values ---- */

/* What a value is found by. */
struct sight {
	const struct broker *broker;
	const struct host *host;
	struct log_stats log;
	struct histogram sizes;      /* of messages */
	struct roster_row row;       /* the object */
	size_t nth;                  /* kind of queues, protocol, reply code */
	const struct attempt_source *source;   /* who tried to log in from where */
	struct memory_use memory;
};

#define NOTHING UINT64_MAX

typedef uint64_t metric_value(const struct sight *s);
typedef const struct histogram *metric_spread(const struct sight *s);

/* No limit, or nothing that is known, is nought. */
static uint64_t known(uint64_t bytes)
{
	return bytes == UINT64_MAX ? 0 : bytes;
}

static const struct traffic *kind(const struct sight *s)
{
	return &s->broker->counters.by_kind[s->nth];
}

static struct traffic total(const struct sight *s)
{
	return counters_handed_out(&s->broker->counters);
}

static const struct attempt_count *logins(const struct sight *s)
{
	return &s->broker->attempts.totals[s->nth];
}

static const struct attempt_count *tries(const struct sight *s)
{
	return &s->source->count;
}

static uint64_t refused(const struct sight *s)
{
	return s->broker->counters.refused[s->nth];
}

static const struct traffic *of_queue(const struct queue *q)
{
	static const struct traffic none = { 0 };
	return q->motion ? &q->motion->traffic : &none;
}

static const struct traffic *of_channel(const struct channel *ch)
{
	return &ch->motion.traffic;
}

/* NOTHING where there is none. */
static uint64_t timestamp_of(const struct queue *q)
{
	uint64_t at;
	return queue_front_timestamp(q, &at) ? at : NOTHING;
}

/* Of a stream, whose messages are in the log and which has them for all, it is not told. */
static uint64_t kept_apart(const struct queue *q, uint64_t value)
{
	return q->live->stream ? NOTHING : value;
}

/* Who looks for where to begin is nowhere yet. */
static uint64_t behind(const struct queue *q, const struct list *consumers, uint64_t most)
{
	list_each(it, consumers) {
		const struct reader *r = list_entry(it, struct consumer, turn)->reader;
		uint64_t next = r && !r->high ? r->next : UINT64_MAX;
		uint64_t end = q->live->stream->visible;
		if (next < end && end - next > most)
			most = end - next;
	}
	return most;
}

static uint64_t farthest_behind(const struct queue *q)
{
	const struct rotation *r = &q->live->rotation;
	if (!q->live->stream || !r->count)
		return NOTHING;
	return behind(q, &r->waiting, behind(q, &r->able, 0));
}

/* All that a value may be made of is at hand, and most of it is not used. */
#define LOOK                                      \
	const struct broker *b = s->broker;           \
	const struct host *h = s->host;               \
	const struct log_stats *log = &s->log;        \
	const struct counters *n = &b->counters;      \
	const struct queue *q = s->row.queue;         \
	const struct connection *c = s->row.connection; \
	const struct channel *ch = s->row.channel;    \
	const struct exchange *x = s->row.exchange;   \
	(void)h, (void)log, (void)n, (void)q, (void)c, (void)ch, (void)x

#define VALUE(name, expression)                   \
	static uint64_t name(const struct sight *s)   \
	{                                             \
		LOOK;                                     \
		return expression;                        \
	}

#define METRIC(prefix, family, name, type, parts, of, value, help) VALUE(all_##name, value)
#define EACH(prefix, family, name, type, parts, objects, one, all, help) \
	VALUE(each_##name, one)                                             \
	VALUE(all_##name, all)
#define SPREAD(prefix, family, name, parts, spread, help)               \
	static const struct histogram *spread_##name(const struct sight *s) \
	{                                                                   \
		LOOK;                                                           \
		return spread;                                                  \
	}
#include "management/metrics.def"
#undef METRIC
#undef EACH
#undef SPREAD

/* ---- the table ---- */

enum prefix { RABBIT, OURS, CLUSTER, MEMORY };

struct metric {
	enum prefix prefix;
	enum family family;
	const char *name;
	enum exposition_type type;
	unsigned parts;
	const char *help;
	enum { BROKER, PROTOCOL, KINDS, LOGINS, SOURCES, REPLIES, OBJECTS, HISTOGRAM } of;
	enum roster_kind objects;
	metric_value *all, *one;
	metric_spread *spread;
};

static const struct metric metrics[] = {
#define METRIC(prefix, family, name, type, parts, of, value, help)       \
	{ prefix, FAMILY_##family, #name, EXPOSE_##type, parts, help, of, 0, \
	  all_##name, NULL, NULL },
#define EACH(prefix, family, name, type, parts, objects, one, all, help) \
	{ prefix, FAMILY_##family, #name, EXPOSE_##type, parts, help,        \
	  OBJECTS, ROSTER_##objects, all_##name, each_##name, NULL },
#define SPREAD(prefix, family, name, parts, spread, help)                \
	{ prefix, FAMILY_##family, #name, EXPOSE_HISTOGRAM, parts, help,     \
	  HISTOGRAM, 0, NULL, NULL, spread_##name },
#include "management/metrics.def"
#undef METRIC
#undef EACH
#undef SPREAD
};

/* What replies may say. */
static const struct refusal *const replies[] = {
#define REPLY(code, name, scope) &name,
#include "amqp/errors.def"
#undef REPLY
};

/* ---- beginning and end ---- */

void metrics_begin(struct metrics *m, struct host *h, enum metrics_view view)
{
	*m = (struct metrics){ .host = h, .view = view };
}

void metrics_choose(struct metrics *m, struct slice family)
{
	for (size_t i = 1; i < ARRAY_LEN(families); i++)
		if (slice_is(family, families[i]))
			m->families |= UINT64_C(1) << i;
	if (slice_is(family, "queue_metrics"))   /* they hold those */
		m->families |= UINT64_C(1) << FAMILY_queue_consumer_count;
}

bool metrics_choose_vhost(struct metrics *m, struct slice vhost)
{
	if (m->n_vhosts == METRICS_VHOSTS_MAX)
		return false;
	m->vhosts[m->n_vhosts++] = mem_own(vhost);
	return true;
}

void metrics_end(struct metrics *m)
{
	tour_end(&m->tour);
	for (size_t i = 0; i < m->n_vhosts; i++)
		mem_disown(m->vhosts[i]);
	m->n_vhosts = 0;
}

/* ---- one metric ---- */

static const char *prefix_of(const struct metrics *m, const struct metric *of)
{
	static const char *const prefixes[] = { [RABBIT] = "rabbitmq_", [OURS] = "leveret_",
		                                    [CLUSTER] = "rabbitmq_cluster_",
		                                    [MEMORY] = "rabbitmq_memory_" };
	bool detailed = m->view == METRICS_CHOSEN && of->prefix == RABBIT;
	return detailed ? "rabbitmq_detailed_" : prefixes[of->prefix];
}

static void put_head(const struct metrics *m, const struct metric *of, struct buf *out)
{
	exposition_head(out, prefix_of(m, of), of->name, of->type, of->help);
}

static void put_value(const struct metric *of, uint64_t value, struct buf *out)
{
	exposition_value(out, value, of->parts);
}

/* What it is told of several times. */
static size_t times(const struct metric *of)
{
	switch (of->of) {
	case KINDS: return QUEUE_KINDS;
	case LOGINS: return ATTEMPT_PROTOCOLS;
	case REPLIES: return ARRAY_LEN(replies);
	default: return 1;
	}
}

static void put_reply_labels(struct buf *out, const struct refusal *r)
{
	char code[8];
	snprintf(code, sizeof code, "%u", r->code);
	exposition_label(out, "code", slice_str(code));
	exposition_label(out, "reason", slice_str(r->name));
}

static void put_nth_labels(const struct metric *of, size_t nth, struct buf *out)
{
	switch (of->of) {
	case PROTOCOL: exposition_label(out, "protocol", slice_str(protocol)); return;
	case KINDS:
		exposition_label(out, "protocol", slice_str(protocol));
		exposition_label(out, "queue_type", slice_str(queue_kind_name((enum queue_kind)nth)));
		return;
	case LOGINS:
		exposition_label(out, "protocol",
		                 slice_str(attempts_protocol((enum attempt_protocol)nth)));
		return;
	case REPLIES: put_reply_labels(out, replies[nth]); return;
	default: return;
	}
}

/* There are ATTEMPTS_SOURCES_MAX at most. */
static void put_sources(const struct metrics *m, const struct metric *of, struct sight *s,
                        struct buf *out)
{
	list_each(it, &s->broker->attempts.latest) {
		s->source = list_entry(it, struct attempt_source, link);
		exposition_name(out, prefix_of(m, of), of->name);
		exposition_label(out, "remote_address", s->source->address);
		exposition_label(out, "username", s->source->user);
		exposition_label(out, "protocol", slice_str(attempts_protocol(s->source->protocol)));
		put_value(of, of->all(s), out);
	}
}

static void put_whole(const struct metrics *m, const struct metric *of, struct sight *s,
                      struct buf *out)
{
	put_head(m, of, out);
	if (of->of == SOURCES) {
		put_sources(m, of, s, out);
		return;
	}
	if (of->of == HISTOGRAM) {
		exposition_histogram(out, prefix_of(m, of), of->name, of->spread(s), of->parts);
		return;
	}
	for (s->nth = 0; s->nth < times(of); s->nth++) {
		exposition_name(out, prefix_of(m, of), of->name);
		put_nth_labels(of, s->nth, out);
		put_value(of, of->all(s), out);
	}
}

/* ---- objects ---- */

static void put_channel_labels(struct buf *out, const struct channel *ch)
{
	char name[300];
	snprintf(name, sizeof name, "%s (%u)", ch->connection->name, ch->number);
	exposition_label(out, "connection", slice_str(ch->connection->name));
	exposition_label(out, "channel", slice_str(name));
}

static void put_labels(const struct roster_row *row, enum roster_kind kind, struct buf *out)
{
	if (kind == ROSTER_CONNECTIONS)
		exposition_label(out, "connection", slice_str(row->connection->name));
	else if (kind == ROSTER_CHANNELS)
		put_channel_labels(out, row->channel);
	else
		exposition_label(out, "vhost", row->vhost->name);
	if (kind == ROSTER_QUEUES)
		exposition_label(out, "queue", queue_name(row->queue));
	if (kind != ROSTER_EXCHANGES)
		return;
	exposition_label(out, "exchange", row->exchange->name);
	exposition_label(out, "type", slice_str(exchange_type_name(row->exchange)));
}

/* As RabbitMQ has it; there is no other node that could lead. */
static void put_info_labels(const struct queue *q, struct buf *out)
{
	exposition_label(out, "queue_type", slice_str(queue_kind_name(queue_kind_of(q))));
	exposition_label(out, "membership", slice_str("leader"));
}

static bool is_chosen(const struct metrics *m, const struct vhost *v)
{
	bool chosen = m->n_vhosts == 0;
	for (size_t i = 0; v && i < m->n_vhosts && !chosen; i++)
		chosen = slice_eq(m->vhosts[i], v->name);
	return chosen;
}

/* Of who is in no virtual host yet nothing is told, nor of the exchange without a name. */
static bool is_told(const struct metrics *m, const struct roster_row *row, enum roster_kind kind)
{
	switch (kind) {
	case ROSTER_CONNECTIONS: return row->connection->vhost && is_chosen(m, row->connection->vhost);
	case ROSTER_CHANNELS: return is_chosen(m, row->channel->vhost);
	case ROSTER_VHOSTS: return is_chosen(m, row->vhost);
	case ROSTER_EXCHANGES: return row->exchange->name.n > 0;
	default: return true;
	}
}

/* False when there are no more. */
static bool put_objects(struct metrics *m, const struct metric *of, struct sight *s,
                        struct buf *out)
{
	enum tour_answer a = TOUR_ROW;
	if (!m->touring) {
		put_head(m, of, out);
		tour_begin(&m->tour, m->host->broker, of->objects);
		m->touring = true;
	}
	tour_go_on(&m->tour);
	for (int n = 0; n < PIECE_ROWS && out->len < PIECE_BYTES; n++) {
		a = tour_next(&m->tour, &s->row);
		if (a == TOUR_VHOST && !is_chosen(m, s->row.vhost))
			tour_skip(&m->tour);
		if (a == TOUR_END || a == TOUR_NOT_YET)
			break;
		if (a == TOUR_VHOST || !is_told(m, &s->row, of->objects))
			continue;
		uint64_t value = of->one(s);
		if (value == NOTHING)
			continue;
		exposition_name(out, prefix_of(m, of), of->name);
		put_labels(&s->row, of->objects, out);
		if (of->one == each_queue_info)
			put_info_labels(s->row.queue, out);
		put_value(of, value, out);
	}
	if (a != TOUR_END)
		return true;
	tour_end(&m->tour);
	m->touring = false;
	return false;
}

/* ---- all of them ---- */

static bool is_wanted(const struct metrics *m, const struct metric *of)
{
	switch (m->view) {
	case METRICS_MEMORY: return of->prefix == MEMORY;
	case METRICS_CHOSEN: return of->family && m->families >> of->family & 1;
	default: return (of->prefix == RABBIT || of->prefix == OURS) && of->of != SOURCES;
	}
}

/* Who or what tells: as RabbitMQ's dashboards join everything with it. */
static void put_identity(const struct metrics *m, struct buf *out)
{
	static const char *const views[] = { "aggregated", "per-object", "detailed",
		                                 "memory-breakdown" };
	const struct broker_options *o = &m->host->broker->options;
	char id[40];
	snprintf(id, sizeof id, "rabbitmq-cluster-id-%016" PRIx64, m->log.store);
	exposition_head(out, "rabbitmq_", "build_info", EXPOSE_UNTYPED, "Versions");
	exposition_name(out, "rabbitmq_", "build_info");
	exposition_label(out, "rabbitmq_version", slice_str(o->version));
	exposition_label(out, "prometheus_plugin_version", slice_str(o->version));
	exposition_label(out, "prometheus_client_version", slice_str(m->host->version));
	exposition_label(out, "erlang_version", slice_str("none"));
	exposition_label(out, "product_name", slice_str("Leveret"));
	exposition_label(out, "product_version", slice_str(m->host->version));
	exposition_value(out, 1, 1);
	exposition_head(out, "rabbitmq_", "identity_info", EXPOSE_UNTYPED, "Who tells all this");
	exposition_name(out, "rabbitmq_", "identity_info");
	exposition_label(out, "rabbitmq_node", slice_str(o->cluster_name));
	exposition_label(out, "rabbitmq_cluster", broker_cluster_name(m->host->broker));
	exposition_label(out, "rabbitmq_cluster_permanent_id", slice_str(id));
	exposition_label(out, "rabbitmq_endpoint", slice_str(views[m->view]));
	exposition_value(out, 1, 1);
}

static bool is_known(const struct metric *of, const struct sight *s)
{
	const struct histogram *h = of->of == HISTOGRAM ? of->spread(s) : NULL;
	if (of->of == HISTOGRAM)
		return h && h->scale;
	return of->of != OBJECTS || of->all(s) != NOTHING;
}

/* False when it is not through with it. */
static bool put_metric(struct metrics *m, const struct metric *of, struct sight *s,
                       struct buf *out)
{
	bool each = m->view == METRICS_EACH || m->view == METRICS_CHOSEN;
	if (!is_wanted(m, of))
		return true;
	if (of->of == OBJECTS && each)
		return !put_objects(m, of, s, out);
	if (is_known(of, s))
		put_whole(m, of, s, out);
	return true;
}

static void read_sizes(const struct counters *c, struct histogram *out)
{
	_Static_assert((int)SIZE_CLASSES <= (int)HISTOGRAM_BOUNDS_MAX, "they fit");
	histogram_init(out, &scale_sizes);
	must(out->scale->n + 1 == SIZE_CLASSES);
	for (size_t i = 0; i < SIZE_CLASSES; i++) {
		out->counts[i] = c->sizes[i];
		out->count += c->sizes[i];
	}
	out->sum = c->size_bytes;
}

bool metrics_go_on(struct metrics *m, struct buf *out)
{
	struct broker *b = m->host->broker;
	struct sight s = { .broker = b, .host = m->host };
	if (b->options.log)
		log_stats(b->options.log, &m->log);
	s.log = m->log;
	counters_settle(b);
	s.memory = memory_use_of(m->host, m->host->process.memory);
	read_sizes(&b->counters, &s.sizes);
	while (m->at < ARRAY_LEN(metrics)) {
		if (out->len >= PIECE_BYTES || !put_metric(m, &metrics[m->at], &s, out))
			return true;
		m->at++;
	}
	put_identity(m, out);
	return false;
}
