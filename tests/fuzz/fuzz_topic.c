/* SPDX-License-Identifier: Apache-2.0 */
/* Input: lines.  A line `+pattern` binds, `-` unbinds the oldest binding, `-` and a byte any of
 * them, any other line is a key to route.  Every routing must find what a matcher written by the
 * book finds, each binding once, in a number of steps bounded by the words of all patterns times
 * those of the key; when all is unbound no node is left. */
#include "base/mem.h"
#include "exchange/exchange.h"
#include "exchange/topic.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BINDINGS = 64, MAX_WORDS = 128, MAX_KEY = 255 };

struct words {
	struct slice at[MAX_WORDS];
	size_t n;
};

/* False when there are too many for us. */
static bool split(struct slice s, struct words *out)
{
	out->n = 0;
	if (s.n == 0)
		return true;
	for (size_t from = 0, i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.')
			continue;
		if (out->n == MAX_WORDS)
			return false;
		out->at[out->n++] = slice_of(s.p + from, i - from);
		from = i + 1;
	}
	return true;
}

/* can[k]: the pattern's words so far match the first k words of the key. */
static bool by_the_book(const struct words *pattern, const struct words *key)
{
	bool can[MAX_WORDS + 1] = { true };
	for (size_t p = 0; p < pattern->n; p++) {
		bool next[MAX_WORDS + 1] = { false };
		struct slice word = pattern->at[p];
		if (slice_is(word, "#")) {
			for (size_t k = 0; k <= key->n; k++)
				next[k] = can[k] || (k && next[k - 1]);
		} else {
			for (size_t k = 0; k < key->n; k++)
				next[k + 1] = can[k] && (slice_is(word, "*") || slice_eq(word, key->at[k]));
		}
		memcpy(can, next, sizeof can);
	}
	return can[key->n];
}

struct bench {
	struct exchange x;
	struct binding bindings[MAX_BINDINGS];
	char queues[MAX_BINDINGS];   /* their addresses stand for queues */
	bool is_bound[MAX_BINDINGS];
	size_t n;
};

static void bind(struct bench *b, struct slice pattern)
{
	struct words w;
	if (b->n == MAX_BINDINGS || pattern.n > MAX_KEY || !split(pattern, &w))
		return;
	b->bindings[b->n] = (struct binding){ .source = &b->x,
		                                  .queue = (struct queue *)(void *)&b->queues[b->n],
		                                  .key = pattern };
	b->is_bound[b->n] = true;
	exchange_topic.bind(&b->x, &b->bindings[b->n++]);
}

/* The first that is bound, from the one that the byte names on; false when none is. */
static bool unbind(struct bench *b, uint8_t from)
{
	for (size_t i = from; i < from + b->n; i++) {
		size_t at = i % b->n;
		if (!b->is_bound[at])
			continue;
		b->is_bound[at] = false;
		exchange_topic.unbind(&b->x, &b->bindings[at]);
		return true;
	}
	return false;
}

static size_t times_found(const struct found *f, const struct binding *b)
{
	size_t times = 0;
	for (size_t i = 0; i < f->n; i++)
		times += f->at[i].queue == b->queue;
	return times;
}

static void route(struct bench *b, struct slice key)
{
	struct words k, p;
	struct found found = { 0 };
	struct route r = { .key = key };
	size_t n_bound = 0, words = 1;
	if (!split(key, &k))
		return;
	exchange_topic.route(&b->x, &r, &found);
	for (size_t i = 0; i < b->n; i++) {
		must(split(b->bindings[i].key, &p));
		bool wanted = b->is_bound[i] && by_the_book(&p, &k);
		must(times_found(&found, &b->bindings[i]) == wanted);
		n_bound += b->is_bound[i];
		words += b->is_bound[i] ? p.n + 1 : 0;
	}
	must(found.n <= n_bound);
	must(topic_steps(&b->x) <= words * (k.n + 1) + 1);
	must(topic_nodes(&b->x) <= words);
	mem_free(found.at);
}

static struct slice take_line(struct slice *in)
{
	const uint8_t *end = memchr(in->p, '\n', in->n);
	struct slice line = slice_take(in, end ? (size_t)(end - in->p) : in->n);
	if (end)
		slice_take(in, 1);
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct bench *b = mem_zalloc(sizeof *b);
	b->x.type = &exchange_topic;
	while (in.n) {
		struct slice line = take_line(&in);
		if (slice_starts(line, "+"))
			bind(b, slice_of(line.p + 1, line.n - 1));
		else if (slice_starts(line, "-") && line.n <= 2)
			unbind(b, line.n == 2 ? line.p[1] : 0);
		else
			route(b, line);
	}
	while (unbind(b, 0))
		;
	must(topic_nodes(&b->x) == 0);
	exchange_topic.destroy(&b->x);
	mem_free(b);
	return 0;
}
