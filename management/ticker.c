/* SPDX-License-Identifier: Apache-2.0 */
#include "management/ticker.h"

#include <inttypes.h>

#include "base/mem.h"
#include "broker/state.h"
#include "management/http_route.h"
#include "management/http_user.h"
#include "management/object.h"
#include "queue/queue.h"

enum { ALIVE_MS = 15000 };           /* a line for who waits, when there is nothing to tell */

struct topic {
	bool of_queue, told, gone;
	struct slice vhost, name;    /* owned */
	uint64_t numbers[MEASURES];  /* as they were told */
};

struct ticker {
	unsigned *open;
	size_t n;
	struct topic topics[TICKER_TOPICS_MAX];
	uint64_t next_ms, said_ms;
};

static const char *const names[MEASURES] = {
#define TRAFFIC(name) [MEASURE_##name] = #name,
#include "queue/traffic.def"
#undef TRAFFIC
#define MEASURE(name) [MEASURE_##name] = #name,
#include "broker/measures.def"
#undef MEASURE
};

/* ---- topics ---- */

static bool own_decoded(struct slice s, struct slice *out)
{
	struct buf b = { 0 };
	bool decoded = http_route_decode(s, false, &b) && b.len;
	*out = decoded ? mem_own(buf_slice(&b)) : slice_of(NULL, 0);
	buf_free(&b);
	return decoded;
}

/* The virtual host / is often written as it is. */
static bool read_queue(struct topic *t, struct slice s)
{
	struct slice vhost = slice_starts(s, "//") ? slice_take(&s, 1) : slice_cut(&s, '/');
	if (slice_is(vhost, "/"))
		slice_take(&s, 1);
	t->of_queue = true;
	return own_decoded(vhost, &t->vhost) && own_decoded(s, &t->name);
}

static bool read_topic(struct topic *t, struct slice s)
{
	static const char of_queue[] = "queue:";
	if (slice_is(s, "overview"))
		return true;
	if (!slice_starts(s, of_queue))
		return false;
	slice_take(&s, sizeof of_queue - 1);
	return read_queue(t, s);
}

static bool read_topics(struct ticker *t, struct slice topics, struct buf *why)
{
	while (topics.n) {
		struct slice one = slice_cut(&topics, ',');
		if (t->n == TICKER_TOPICS_MAX) {
			buf_printf(why, "there are more than %d topics", TICKER_TOPICS_MAX);
			return false;
		}
		if (!read_topic(&t->topics[t->n++], one)) {
			buf_printf(why, "'%.*s' is no topic: there is overview, and queue:VHOST/NAME",
			           SLICE_ARG(one));
			return false;
		}
	}
	if (t->n == 0)
		buf_printf(why, "no topics are named: there is overview, and queue:VHOST/NAME");
	return t->n != 0;
}

struct ticker *ticker_new(struct slice topics, unsigned *open, struct buf *why)
{
	if (*open >= TICKERS_MAX) {
		buf_printf(why, "there are %u such clients already", *open);
		return NULL;
	}
	struct ticker *t = mem_zalloc(sizeof *t);
	t->open = open;
	++*open;
	if (!read_topics(t, topics, why))
		ticker_free(&t);
	return t;
}

void ticker_free(struct ticker **t)
{
	if (!*t)
		return;
	for (size_t i = 0; i < (*t)->n; i++) {
		mem_disown((*t)->topics[i].vhost);
		mem_disown((*t)->topics[i].name);
	}
	--*(*t)->open;
	mem_free(*t);
	*t = NULL;
}

/* ---- telling ---- */

/* True when something changed, or nothing was told before. */
static bool put_changes(struct topic *t, const uint64_t now[MEASURES], struct buf *out)
{
	bool any = !t->told;
	size_t n = sampling_measures(t->of_queue ? MOTION_QUEUE : MOTION_BROKER);
	for (size_t i = 0; i < n; i++) {
		if (t->told && now[i] == t->numbers[i])
			continue;
		object_put(out, names[i], cell_number(now[i]));
		t->numbers[i] = now[i];
		any = true;
	}
	t->told = true;
	return any;
}

static void begin(const struct topic *t, const char *event, struct buf *out)
{
	buf_printf(out, "event: %s\ndata: {", event);
	if (!t->of_queue)
		return;
	object_put(out, "vhost", cell_slice(t->vhost));
	object_put(out, "name", cell_slice(t->name));
}

static void end(struct buf *out)
{
	object_close(out);
	buf_printf(out, "\n\n");
}

static void tell(struct topic *t, const struct broker *b, const char *event,
                 const uint64_t now[MEASURES], struct buf *out)
{
	size_t before = out->len;
	begin(t, event, out);
	if (put_changes(t, now, out)) {
		object_put(out, "timestamp", cell_number(broker_wall_ms(b)));
		end(out);
	} else {
		out->len = before;
	}
}

/* NULL: it is not there, or not for the user. */
static const struct queue *find(const struct broker *b, const struct user *u,
                                const struct topic *t)
{
	const struct vhost *v = vhost_find(b, t->vhost);
	return v && http_user_sees(u, v) ? topology_queue(&v->topology, t->name) : NULL;
}

static void tell_queue(struct topic *t, struct broker *b, const struct user *u, struct buf *out)
{
	const struct queue *q = find(b, u, t);
	uint64_t now[MEASURES];
	if (q) {
		t->gone = false;
		sampling_measure_queue(b, q, now);
		tell(t, b, "queue", now, out);
	} else if (!t->gone) {
		begin(t, "gone", out);
		end(out);
		t->gone = true;
		t->told = false;
	}
}

static void tell_all(struct ticker *t, struct broker *b, const struct user *u, struct buf *out)
{
	uint64_t now[MEASURES];
	for (size_t i = 0; i < t->n; i++) {
		struct topic *one = &t->topics[i];
		if (one->of_queue) {
			tell_queue(one, b, u, out);
			continue;
		}
		counters_settle(b);
		sampling_measure(b, &b->sampling.motion, now);
		tell(one, b, "overview", now, out);
	}
}

void ticker_tell(struct ticker *t, struct broker *b, const struct user *u, uint64_t now_ms,
                 struct buf *out)
{
	size_t before = out->len;
	if (now_ms < t->next_ms)
		return;
	t->next_ms = now_ms + TICKER_MS;
	tell_all(t, b, u, out);
	if (out->len == before && now_ms >= t->said_ms + ALIVE_MS)
		buf_printf(out, ":\n\n");
	if (out->len > before)
		t->said_ms = now_ms;
}
