/* SPDX-License-Identifier: Apache-2.0 */
/* Segments of which little is left.  A few messages that nobody takes would keep every segment they
 * lie in: so the caller is told of one that is worth it, appends again what is left there, and
 * says where it went (log_forward); then the segment goes as any other that nothing retains.
 *
 * Worth it: more than half of the log is dead, and of all segments this one has the smallest part
 * alive, at most a half.  So at most one byte is copied for one that comes back. */
#include "base/die.h"
#include "persistence/log_state.h"

enum {
	SLACK = 4,                   /* segments that may lie dead without a reason to copy */
	FORWARDS_MAX = 1 << 20,      /* records that may be known by an old position */
};

static struct log_file *self(struct log *l)
{
	return (struct log_file *)(void *)l;
}

static double part_alive(const struct segment *s)
{
	return s->hold.put > s->hold.weight ? (double)s->hold.weight / (double)s->hold.put : 1;
}

/* What ends inside a message or a transaction is not all said in its summary: a message that goes
 * on behind it is in the next one's. */
static bool may_be_copied(const struct log_file *l, size_t i)
{
	const struct segment *s = l->segments[i];
	bool next_known = l->segments[i + 1]->end && l->segments[i + 1]->end <= l->durable;
	bool goes_on = l->segments[i + 1]->inside & FORMAT_IN_MESSAGE;
	return !s->offered && !s->mute && s->hold.live && s->end && s->end <= l->durable &&
	       (i == 0 || !log_is_needed(l, i)) && (next_known || !goes_on);
}

bool log_file_sparse(struct log *log, struct log_extent *out)
{
	struct log_file *l = self(log);
	struct segment *best = NULL;
	double alive = 0, least = l->full ? 0.125 : 0.5;
	if (!l->look_sparse || l->n_segments < 2 || l->forwards.count > FORWARDS_MAX)
		return false;
	l->look_sparse = false;
	for (size_t i = 0; i + 1 < l->n_segments; i++) {
		struct segment *s = l->segments[i];
		double part = part_alive(s);
		alive += part;
		if (part > least || !may_be_copied(l, i))
			continue;
		best = s;
		least = part;
	}
	if (!best || (double)(l->n_segments - 1) < 2 * alive + (l->full ? 0 : SLACK))
		return false;
	best->offered = l->look_sparse = true;
	*out = (struct log_extent){ best->base, best->end, best->hold.live };
	return true;
}

/* Those of one segment. */
static void forward(struct log_file *l, struct segment *s, const struct log_move *moves, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t weight = moves[i].bytes + moves[i].n * HOLD_EACH;
		must(moves[i].n <= s->hold.live && weight <= s->hold.weight);
		s->hold.live -= moves[i].n;
		s->hold.weight -= weight;
		log_retain(&l->log, moves[i].to, moves[i].n, moves[i].bytes);
	}
	forward_add(&l->forwards, s->base, moves, n);
	l->stats.copied += n;
	l->look_hollow |= s->hold.live == 0;
}

void log_file_forward(struct log *log, const struct log_move *moves, size_t n)
{
	struct log_file *l = self(log);
	while (n) {
		size_t i = log_segment_index(l, moves->from), here = 1;
		log_position end = i + 1 < l->n_segments ? l->segments[i + 1]->base : UINT64_MAX;
		while (here < n && moves[here].from < end)
			here++;
		forward(l, l->segments[i], moves, here);
		moves += here;
		n -= here;
	}
}

log_position log_file_where(const struct log *log, log_position at)
{
	const struct log_file *l = (const struct log_file *)(const void *)log;
	return forward_find(&l->forwards, at);
}
