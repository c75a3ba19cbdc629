/* SPDX-License-Identifier: Apache-2.0 */
/* A step begins with the first turn after its time.  Of those that have moved until then the
 * traffic is gathered first, because what one of them did is added to others: to a channel, to a
 * virtual host.  Then each is measured, while those that move on stand in another list, and at the
 * end the broker.  Both take as many turns as they take. */
#include "broker/sampling.h"

#include "base/die.h"
#include "broker/channel.h"
#include "queue/queue.h"

enum {
	LOOKS_A_TURN = 500,          /* a tenth of a millisecond */
	BEFORE_ROWS = 2,             /* what was before */
	KEPT_STEPS = 120 + BEFORE_ROWS,   /* ten minutes of five seconds */
	QUIET_STEPS = 2,             /* who rested so long gives up its room to who moves */
	MINUTE_STEPS = 12,
	MINUTES = 480 + BEFORE_ROWS,
	TEN_MINUTES = 144 + BEFORE_ROWS,
	SPARE_ROWS = 6,
	OWN_BYTES = 1 << 20,         /* more than all of it takes */
};

size_t sampling_measures(enum motion_kind kind)
{
	static const size_t n[] = {
		[MOTION_QUEUE] = MEASURE_messages_dlx + 1,
		[MOTION_EXCHANGE] = MEASURE_messages_ready,
		[MOTION_CHANNEL] = MEASURE_messages_ready,
		[MOTION_CONNECTION] = MEASURE_send_oct + 1,
		[MOTION_VHOST] = MEASURE_send_oct + 1,
		[MOTION_BROKER] = MEASURES,
	};
	return n[kind];
}

/* Without samples time stands still. */
static uint64_t step_at(const struct broker *b, uint64_t ms)
{
	return b->sampling.interval_ms ? ms / b->sampling.interval_ms : 0;
}

/* ---- measuring ---- */

static void measure_traffic(const struct traffic *t, uint64_t out[MEASURES])
{
#define TRAFFIC(name) out[MEASURE_##name] = t->name;
#include "queue/traffic.def"
#undef TRAFFIC
}

static void measure_queue(const struct queue *q, uint64_t out[MEASURES])
{
	out[MEASURE_messages_ready] = queue_ready(q);
	out[MEASURE_messages_unacknowledged] = tally_unacked(q).n;
	out[MEASURE_messages_dlx] = q->live->dead.n;
}

static void measure_tally(const struct tally *t, uint64_t out[MEASURES])
{
	out[MEASURE_messages_ready] = t->ready;
	out[MEASURE_messages_unacknowledged] = t->unacked;
	out[MEASURE_messages_dlx] = t->held;
}

static void measure_connection(const struct connection *c, uint64_t out[MEASURES])
{
	out[MEASURE_recv_oct] = c->received_bytes;
	out[MEASURE_send_oct] = c->outbox.total - c->outbox.bytes;
}

static void measure_vhost(const struct vhost *v, uint64_t out[MEASURES])
{
	measure_tally(&v->topology.tally, out);
	out[MEASURE_recv_oct] = v->received_bytes;
	out[MEASURE_send_oct] = v->sent_bytes;
}

static void measure_churn(const struct broker *b, uint64_t out[MEASURES])
{
	const struct counters *c = &b->counters;
	out[MEASURE_connection_created] = b->next_number - 1;
	out[MEASURE_connection_closed] = c->connections_closed;
	out[MEASURE_channel_created] = c->channels_opened;
	out[MEASURE_channel_closed] = c->channels_closed;
	out[MEASURE_queue_declared] = c->queues_declared;
	out[MEASURE_queue_created] = c->queues_created;
	out[MEASURE_queue_deleted] = c->queues_deleted;
}

static void measure_resources(const struct broker *b, uint64_t out[MEASURES])
{
	struct log_stats s = { 0 };
	if (b->options.log)
		log_stats(b->options.log, &s);
	out[MEASURE_mem_used] = b->alarms.memory_used;
	out[MEASURE_disk_free] = b->alarms.disk_free == UINT64_MAX ? 0 : b->alarms.disk_free;
	out[MEASURE_sockets_used] = b->n_connections;
	out[MEASURE_fd_used] = b->descriptors;
	out[MEASURE_disk_reads] = s.fetched;
	out[MEASURE_disk_writes] = s.records;
	out[MEASURE_io_read_count] = s.reads;
	out[MEASURE_io_read_bytes] = s.read_bytes;
	out[MEASURE_io_write_count] = s.batches;
	out[MEASURE_io_write_bytes] = s.bytes;
	out[MEASURE_io_sync_count] = s.syncs_us.count;
	out[MEASURE_io_sync_us] = s.syncs_us.sum;
}

/* Published and confirmed is what channels say, and so is all else. */
static void measure_broker(const struct broker *b, uint64_t out[MEASURES])
{
	measure_traffic(&b->counters.channels, out);
	measure_tally(&b->store.tally, out);
	out[MEASURE_recv_oct] = b->received_bytes;
	out[MEASURE_send_oct] = b->sent_bytes;
	measure_churn(b, out);
	measure_resources(b, out);
}

void sampling_measure(const struct broker *b, const struct motion *m, uint64_t out[MEASURES])
{
	memset(out, 0, MEASURES * sizeof *out);
	counters_gather(m->kind, m->of);
	measure_traffic(&m->traffic, out);
	switch (m->kind) {
	case MOTION_QUEUE: measure_queue(m->of, out); break;
	case MOTION_CONNECTION: measure_connection(m->of, out); break;
	case MOTION_VHOST: measure_vhost(m->of, out); break;
	case MOTION_BROKER: measure_broker(b, out); break;
	case MOTION_EXCHANGE:
	case MOTION_CHANNEL: break;
	}
}

void sampling_measure_queue(const struct broker *b, const struct queue *q, uint64_t out[MEASURES])
{
	memset(out, 0, MEASURES * sizeof *out);
	if (q->motion)
		sampling_measure(b, q->motion, out);
	else
		measure_queue(q, out);
}

/* ---- a step ---- */

static uint64_t oldest(const struct sampling *s, uint64_t steps)
{
	return s->step > steps ? s->step - steps : 0;
}

/* What begins to be sampled has been at rest in the step before: counters that were not there yet
 * were at nought. */
static void put(struct broker *b, struct motion *m, struct series **home, uint64_t steps,
                size_t rows)
{
	struct sampling *s = &b->sampling;
	struct series_pool *pool = m == &s->motion ? &s->own_pool : &s->pool;
	uint64_t now[MEASURES];
	sampling_measure(b, m, now);
	if (*home) {
		series_put(*home, s->step, oldest(s, steps), now);
		return;
	}
	if (!series_new(pool, home, sampling_measures(m->kind), rows, oldest(s, QUIET_STEPS)))
		return;
	if (!m->sampled && s->step) {
		uint64_t before[MEASURES];
		memcpy(before, now, sizeof before);
		memset(before, 0, MEASURE_messages_ready * sizeof *before);
		series_put(*home, s->step - 1, 0, before);
	}
	m->sampled = true;
	series_put(*home, s->step, 0, now);
}

/* The newest look counts a quarter. */
static uint8_t smooth(uint8_t before, bool able)
{
	return (uint8_t)((3u * before + (able ? 100 : 0) + 2) / 4);
}

static void look(struct broker *b, struct motion *m)
{
	counters_gather(m->kind, m->of);
	motion_rest(m);
	if (m->kind == MOTION_CHANNEL)   /* whose sum may have grown since it was looked at */
		motion_stir(&((struct channel *)m->of)->vhost->motion, &b->store.stirred);
	m->moved = b->sampling.step;
	if (m->kind == MOTION_QUEUE)
		m->able = smooth(m->able, rotation_first(&((struct queue *)m->of)->live->rotation));
	put(b, m, &m->series, KEPT_STEPS, 0);
}

/* What is told of the broker as a whole. */
static void measure_own(struct broker *b, struct series **series, struct series **latencies,
                        uint64_t steps, size_t rows)
{
	struct sampling *s = &b->sampling;
	put(b, &s->motion, series, steps, rows + SPARE_ROWS);
	latency_put(b, latencies, oldest(s, steps), rows + SPARE_ROWS);
}

/* Of the driver's loop. */
static uint64_t turns(const struct broker *b)
{
	return b->turns_us ? b->turns_us->count : 0;
}

static void measure_all(struct broker *b)
{
	struct sampling *s = &b->sampling;
	measure_own(b, &s->motion.series, &s->latencies[0], KEPT_STEPS, KEPT_STEPS);
	for (unsigned i = 0; i < SAMPLING_SPANS; i++) {
		struct sampling_span *p = &s->spans[i];
		if (!p->series || s->step / p->steps != series_last(p->series) / p->steps)
			measure_own(b, &p->series, &s->latencies[1 + i], p->steps * p->rows, p->rows);
	}
	s->done = s->step;
	s->turns = turns(b);
}

/* Grows with all that comes and goes. */
static uint64_t churn(const struct broker *b)
{
	const struct counters *c = &b->counters;
	return b->next_number + c->connections_closed + c->channels_opened + c->channels_closed +
	       c->queues_declared + c->queues_created + c->queues_deleted;
}

static void begin(struct sampling *s, struct broker *b, uint64_t step)
{
	s->step = step;
	s->gathers = true;
	s->churn = churn(b);
	list_splice(&s->due, &b->store.stirred);
	series_sweep(&s->pool, oldest(s, KEPT_STEPS));
}

/* What has been stirred by it belongs to the step. */
static size_t gather(struct sampling *s, struct broker *b, size_t looks)
{
	looks = counters_gather_some(&s->due, &s->gathered, looks);
	if (!looks)
		return 0;
	list_splice(&s->due, &s->gathered);
	list_splice(&s->due, &b->store.stirred);
	s->gathers = false;
	return looks;
}

/* True when something moved, came or went. */
static bool is_moved(const struct broker *b)
{
	return !list_empty(&b->store.stirred) || b->sampling.churn != churn(b);
}

void sampling_turn(struct broker *b)
{
	struct sampling *s = &b->sampling;
	uint64_t step = step_at(b, b->now_ms);
	size_t looks = LOOKS_A_TURN;
	if (s->done == s->step && step > s->step && (is_moved(b) || turns(b) != s->turns))
		begin(s, b, step);
	if (s->done == s->step)
		return;
	if (s->gathers)
		looks = gather(s, b, looks);
	for (struct list *l; looks && (l = s->due.next) != &s->due; looks--)
		look(b, list_entry(l, struct motion, stirred));
	if (looks)
		measure_all(b);
}

uint64_t sampling_deadline(const struct broker *b)
{
	const struct sampling *s = &b->sampling;
	if (!s->interval_ms)
		return UINT64_MAX;
	if (s->done != s->step)
		return b->now_ms;
	return is_moved(b) ? (s->step + 1) * s->interval_ms : UINT64_MAX;
}

/* ---- reading ---- */

uint64_t sampling_last(const struct broker *b)
{
	const struct sampling *s = &b->sampling;
	return s->done == s->step ? step_at(b, b->now_ms) : s->done;
}

uint64_t sampling_kept_s(const struct broker *b, unsigned span)
{
	const struct sampling *s = &b->sampling;
	uint64_t rows = KEPT_STEPS, apart = 1;
	if (span) {
		rows = s->spans[span - 1].rows;
		apart = s->spans[span - 1].steps;
	}
	return (rows - BEFORE_ROWS) * apart * s->interval_ms / 1000;
}

uint64_t sampling_wall_ms(const struct broker *b, uint64_t step)
{
	return b->options.wall_ms + step * b->sampling.interval_ms - b->started_ms;
}

static uint64_t sum_of(const uint64_t numbers[MEASURES], uint64_t mask)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < MEASURES; i++)
		if (mask >> i & 1)
			sum += numbers[i];
	return sum;
}

uint64_t sampling_now(const struct broker *b, const struct motion *m, uint64_t mask)
{
	uint64_t now[MEASURES];
	if (!m)
		return 0;
	sampling_measure(b, m, now);
	return sum_of(now, mask);
}

/* NULL: there is none. */
static const struct series *series_of(const struct broker *b, const struct motion *m,
                                      uint64_t step)
{
	struct series *all[1 + SAMPLING_SPANS] = { m->series };
	for (unsigned i = 0; i < SAMPLING_SPANS && m == &b->sampling.motion; i++)
		all[1 + i] = b->sampling.spans[i].series;
	return series_finest(all, ARRAY_LEN(all), step);
}

uint64_t sampling_at(const struct broker *b, const struct motion *m, uint64_t mask, uint64_t step)
{
	step = step > b->sampling.begins ? step : b->sampling.begins;
	const struct series *s = m ? series_of(b, m, step) : NULL;
	uint64_t then[MEASURES] = { 0 };
	if (!s)
		return sampling_now(b, m, mask);
	for (size_t i = 0; i < sampling_measures(m->kind); i++)
		if (mask >> i & 1)
			then[i] = series_get(s, step, i);
	return sum_of(then, mask);
}

double sampling_rate(const struct broker *b, const struct motion *m, uint64_t mask)
{
	uint64_t last = sampling_last(b);
	if (!m || !m->series || last == 0)
		return 0;
	uint64_t now = sampling_at(b, m, mask, last), before = sampling_at(b, m, mask, last - 1);
	return (double)(int64_t)(now - before) * 1e3 / (double)b->sampling.interval_ms;
}

unsigned sampling_capacity(const struct broker *b, const struct queue *q)
{
	bool moves = q->motion && q->motion->moved == sampling_last(b);
	unsigned able = rotation_first(&q->live->rotation) ? 100 : 0;
	return moves ? q->motion->able : able;
}

uint64_t sampling_first(const struct broker *b, const struct motion *m)
{
	const struct series *s = m ? series_of(b, m, 0) : NULL;
	uint64_t first = s ? series_first(s) : step_at(b, b->started_ms);
	return first > b->sampling.begins ? first : b->sampling.begins;
}

/* What is kept grows old as ever: to give it up here would be to go through all that moved. */
void sampling_forget(struct broker *b)
{
	b->sampling.begins = sampling_last(b);
}

/* ---- begin and end ---- */

void sampling_init(struct broker *b, uint64_t interval_ms, uint64_t most_bytes)
{
	struct sampling *s = &b->sampling;
	s->interval_ms = interval_ms;
	s->step = s->done = step_at(b, b->now_ms);
	list_init(&s->due);
	list_init(&s->gathered);
	s->churn = churn(b);
	series_pool_init(&s->pool, most_bytes);
	series_pool_init(&s->own_pool, OWN_BYTES);
	motion_init(&s->motion, MOTION_BROKER, b);
	s->spans[0] = (struct sampling_span){ NULL, MINUTE_STEPS, MINUTES };
	s->spans[1] = (struct sampling_span){ NULL, 10 * MINUTE_STEPS, TEN_MINUTES };
}

void sampling_free(struct broker *b)
{
	struct sampling *s = &b->sampling;
	motion_end(&s->motion);
	for (unsigned i = 0; i < SAMPLING_SPANS; i++)
		series_free(&s->spans[i].series);
	for (size_t i = 0; i < ARRAY_LEN(s->latencies); i++)
		series_free(&s->latencies[i]);
}
