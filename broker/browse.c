/* SPDX-License-Identifier: Apache-2.0 */
/* What is unacked stands with the channels, in no order: so it is gathered first, the lowest
 * numbers of it, and then put between those that the queue has. */
#include "broker/browse.h"

#include "amqp/props.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/state.h"
#include "broker/vhost.h"
#include "queue/queue.h"

enum { PIECE_LOOKS = 512, PIECE_BYTES = 2 << 20 };

/* ---- beginning and ending ---- */

void browse_begin(struct browse *w, struct broker *b, struct queue *q,
                  const struct browse_spec *spec)
{
	*w = (struct browse){ .broker = b,
		                  .vhost = q->topology->vhost,
		                  .serial = q->serial,
		                  .name = mem_own(queue_name(q)),
		                  .text = mem_own(spec->text),
		                  .where = spec->where,
		                  .history = spec->history,
		                  .since_ms = spec->since_ms,
		                  .from = spec->from };
	w->peek = peek_new(&b->store, spec->from, spec->below);
	if (spec->numbers) {
		w->numbers = mem_alloc((spec->n_numbers + 1) * sizeof *w->numbers);
		memcpy(w->numbers, spec->numbers, spec->n_numbers * sizeof *w->numbers);
		peek_only(w->peek, w->numbers, spec->n_numbers);
	}
	if (!spec->unacked || !q->live->unacked)
		return;
	w->unacked = mem_alloc(BROWSE_MOST * sizeof *w->unacked);
	holdings_begin(&w->holdings, b);
}

static void give_back(struct browse *w)
{
	if (w->given)
		message_drop(&w->given);
}

void browse_end(struct browse *w)
{
	if (!w->broker)
		return;
	give_back(w);
	for (; w->at < w->n; w->at++)
		message_drop(&w->unacked[w->at].seen.message);
	holdings_end(&w->holdings);
	peek_free(&w->peek);
	mem_disown(w->name);
	mem_disown(w->text);
	mem_free(w->numbers);
	mem_free(w->unacked);
	*w = (struct browse){ 0 };
}

void browse_go_on(struct browse *w)
{
	w->to_look = PIECE_LOOKS;
	w->to_read = PIECE_BYTES;
	holdings_go_on(&w->holdings);
}

struct queue *browse_queue(const struct browse *w)
{
	const struct vhost *v = vhost_numbered(w->broker, w->vhost);
	struct queue *q = v ? topology_queue(&v->topology, w->name) : NULL;
	if (!q || q->serial != w->serial)
		return NULL;
	return w->history ? q->live->retained : q;
}

/* ---- looking for a text ---- */

static bool has(struct slice s, struct slice text)
{
	return s.n >= text.n && memmem(s.p, s.n, text.p, text.n);
}

static bool in_properties(const struct props *p, struct slice text)
{
#define IN_shortstr(flag, v) ((p->flags & (flag)) && has((v), text))
#define IN_table(flag, v) false
#define IN_octet(flag, v) false
#define IN_timestamp(flag, v) false
#define PROP(bit, name, type)                    \
	if (IN_##type(PROP_##name, p->name))         \
		return true;
#include "amqp/props.def"
#undef PROP
	return false;
}

/* A text may lie across two stretches: the end of one is looked through with the start of the
 * next. */
static bool in_body(const struct message *m, struct slice text)
{
	uint8_t seam[2 * BROWSE_TEXT_BYTES];
	size_t n = 0, left = BROWSE_BODY_BYTES, keep = text.n - 1;
	struct message_walk w = { 0 };
	struct slice s;
	while (left && message_next_stretch(m, &w, &s)) {
		s.n = s.n < left ? s.n : left;
		left -= s.n;
		size_t start = s.n < keep ? s.n : keep;
		memcpy(seam + n, s.p, start);
		if (has(slice_of(seam, n + start), text) || has(s, text))
			return true;
		n += start;
		if (s.n >= keep) {
			memcpy(seam, s.p + s.n - keep, keep);
			n = keep;
		} else if (n > keep) {
			memmove(seam, seam + n - keep, keep);
			n = keep;
		}
	}
	return false;
}

static bool is_early(struct browse *w, const struct message *m)
{
	if (m->published_ms < w->since_ms)
		return true;
	w->since_ms = 0;
	return false;
}

static bool is_wanted(const struct browse *w, const struct message *m)
{
	struct props p;
	struct slice text = w->text;
	bool any = w->where == BROWSE_ANYWHERE;
	if (text.n == 0)
		return true;
	if (!props_decode(message_header(m), &p))
		p = (struct props){ 0 };
	return ((any || w->where == BROWSE_KEY) && has(message_key(m), text)) ||
	       ((any || w->where == BROWSE_PROPERTIES) && in_properties(&p, text)) ||
	       ((any || w->where == BROWSE_HEADERS) && has(p.headers, text)) ||
	       ((any || w->where == BROWSE_PAYLOAD) && in_body(m, text));
}

static void spend(struct browse *w, const struct message *m)
{
	uint64_t bytes = m->body_bytes + m->header_len;
	w->to_look--;
	w->to_read -= bytes < w->to_read ? bytes : w->to_read;
	w->scanned++;
	w->bytes += bytes;
}

/* ---- what is unacked ---- */

static void keep(struct browse *w, const struct entry *e)
{
	size_t at = w->n;
	if (w->n == BROWSE_MOST && e->seq > w->unacked[w->n - 1].seen.seq)
		return;
	while (at > 0 && w->unacked[at - 1].seen.seq > e->seq)
		at--;
	if (w->n == BROWSE_MOST)
		message_drop(&w->unacked[--w->n].seen.message);
	memmove(&w->unacked[at + 1], &w->unacked[at], (w->n++ - at) * sizeof *w->unacked);
	w->unacked[at] = (struct browsed){ { .message = message_ref(e->message), .seq = e->seq,
		                                 .redelivered = e->redelivered }, true };
}

/* False when it takes another turn. */
static bool gather(struct browse *w, const struct queue *q)
{
	enum roster_answer answer = ROSTER_NOT_YET;
	struct holding h;
	while (w->to_look && w->to_read &&
	       (answer = holdings_next(&w->holdings, q, &h)) == ROSTER_ROW) {
		const struct entry *e = &h.delivery->entry;
		if (!e->message || e->seq < w->from)
			continue;
		spend(w, e->message);
		if (is_wanted(w, e->message))
			keep(w, e);
	}
	if (!w->to_look || !w->to_read || answer != ROSTER_END)
		return false;
	holdings_end(&w->holdings);
	return true;
}

/* ---- going on ---- */

static enum browse_answer look(struct browse *w, struct queue *q)
{
	struct browsed *b = &w->next;
	b->unacked = false;
	while (w->to_look && w->to_read) {
		if (w->scanned >= BROWSE_SCANNED || w->bytes >= BROWSE_BYTES) {
			w->cut = true;
			return BROWSE_END;
		}
		enum peek_answer answer = peek_next(w->peek, q, &b->seen);
		if (answer != PEEK_ENTRY)
			return answer == PEEK_END         ? BROWSE_END
			       : peek_is_busy(w->peek) ? BROWSE_WAITS
			                               : BROWSE_LATER;
		w->from = b->seen.seq + 1;
		spend(w, b->seen.message);
		if (!(w->since_ms && is_early(w, b->seen.message)) && is_wanted(w, b->seen.message))
			return BROWSE_ITEM;
	}
	return BROWSE_LATER;
}

/* Of equal numbers, one that was unacked is ready now. */
static bool unacked_is_next(struct browse *w)
{
	while (w->at < w->n && w->pending && w->unacked[w->at].seen.seq == w->next.seen.seq)
		message_drop(&w->unacked[w->at++].seen.message);
	return w->at < w->n &&
	       (w->pending ? w->unacked[w->at].seen.seq < w->next.seen.seq : !w->cut);
}

enum browse_answer browse_next(struct browse *w, struct browsed *out)
{
	struct queue *q = browse_queue(w);
	give_back(w);
	if (!q)
		return BROWSE_END;
	if (w->holdings.broker && !gather(w, q))
		return BROWSE_LATER;
	if (!w->pending) {
		enum browse_answer answer = look(w, q);
		if (answer != BROWSE_ITEM && (answer != BROWSE_END || !unacked_is_next(w)))
			return answer;
		w->pending = answer == BROWSE_ITEM;
	}
	if (unacked_is_next(w)) {
		*out = w->unacked[w->at++];
		w->given = out->seen.message;
	} else {
		*out = w->next;
		w->pending = false;
	}
	return BROWSE_ITEM;
}
