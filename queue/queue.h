/* SPDX-License-Identifier: Apache-2.0 */
/* A queue: ready entries in order, a count of those out for acknowledgement, and the consumers
 * that take turns.  It hands entries out and takes them back or settles them; what a consumer
 * is beyond its turn, who owns an exclusive queue and what the answers on the wire are, it does
 * not know.  Durable queues write what happens to their persistent messages to the store. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "base/list.h"
#include "persistence/ranges.h"
#include "queue/dedup.h"
#include "queue/live.h"
#include "queue/motion.h"
#include "queue/settings.h"

struct exchange;
struct store;
struct topology;

/* What it is, all the time. */
struct queue {
	struct live *live;            /* what it has; at rest live_none */
	const struct settings *settings;   /* in effect */
	struct ruling *ruling;        /* what policies amount to for it; kept by broker/ */
	struct store *store;
	struct topology *topology;    /* of its virtual host; kept by exchange/, as is the next */
	uint64_t serial;              /* which no other queue or exchange there ever had */
	struct list link;             /* among those of its virtual host */
	struct list bindings;         /* bindings that end here; kept by exchange/ */
	uint64_t route_mark;          /* the last routing that named it; kept by exchange/ */
	struct exchange *waits_in;    /* its messages are delayed there; NULL: it is a client's */
	struct motion *motion;        /* NULL: it never moved */
	struct dedup *dedup;          /* x-message-deduplication; NULL: any may be in it twice */
	uint64_t next_seq;
	struct ranges gone;           /* numbers of entries that are gone, of a queue that is logged */
	uint64_t owner;               /* number of the connection that an exclusive queue belongs to */
	struct list on_owner;         /* on the owning connection's list of exclusive queues */
	uint32_t id;                  /* its number in the log; 0: nothing of it is logged */
	uint32_t arguments_n;
	uint8_t name_n;
	bool durable;                 /* as declared */
	bool auto_delete;
	bool exclusive;
	bool stirred;                 /* its motion stands on the store's list */
	bool paused;                  /* takes messages, and is to hand out none */
	bool deleted;                 /* gone for clients; freed when nothing is unacked any more */
	bool counts;                  /* x-queue-type is quorum: returns are counted and told */
	bool single;                  /* x-single-active-consumer */
	bool had_consumer;            /* auto-delete counts from the first one on */
	uint8_t bytes[];              /* name and arguments; with those, settings of its own */
};

static inline struct slice queue_name(const struct queue *q)
{
	return slice_of(q->bytes, q->name_n);
}

/* An encoded field table. */
static inline struct slice queue_arguments(const struct queue *q)
{
	return slice_of(q->bytes + q->name_n, q->arguments_n);
}

struct queue_spec {
	struct slice name, arguments;
	bool durable, auto_delete, exclusive;
	uint64_t owner;
	uint32_t id;
	uint32_t retained_id;         /* of what it retains; 0: nothing of that is logged */
};

/* A queue without messages. The strings are copied. */
struct queue *queue_new(struct store *s, const struct queue_spec *spec);

/* The settings in effect are what its arguments say, joined by a policy's, which must stay as long
 * as they do.  What depends on them elsewhere is the caller's to look at again. */
void queue_set_policy(struct queue *q, const struct settings *policy);

/* Marks the queue deleted and drops all ready entries; their ends are not logged, the caller
 * logs the end of the queue.  The memory goes when the last unacked entry is settled. Consumers
 * must have been taken off before. */
void queue_delete(struct queue **q);

/* False at rest: it has nothing. */
static inline bool queue_is_live(const struct queue *q)
{
	return q->live != &live_none;
}

/* Ready entries. */
static inline uint64_t queue_ready(const struct queue *q)
{
	const struct live *live = q->live;
	uint64_t n = lane_count(&live->lane) + live->aside;
	for (unsigned i = 0; i < live->n_levels; i++)
		n += lane_count(&live->levels[i]);
	return n;
}

/* The first that is ready, if it is in memory and has the property timestamp; false: it has not. */
bool queue_front_timestamp(const struct queue *q, uint64_t *out);

/* Its lanes by numbers: that of all, then one for each priority. */
struct lane *queue_lane(const struct queue *q, uint16_t number);

/* Where the next entry to be handed out is, or has to be read back from first. */
struct lane *queue_front(struct queue *q);

/* The lane to read back for: that one, or another whose first entry may be due and is not known. */
struct lane *queue_wanted(struct queue *q);

/* True when messages in it may have deadlines. */
static inline bool queue_is_timed(const struct queue *q)
{
	return q->settings->ttl_ms >= 0 || q->settings->max_age_ms >= 0 || q->live->expires;
}

/* True when messages of this queue that are persistent are to be logged. */
static inline bool queue_is_logged(const struct queue *q)
{
	return q->id != 0;
}

/* True when more is ready than the queue's limits allow. */
static inline bool queue_is_over(const struct queue *q)
{
	const struct settings *s = q->settings;
	return queue_ready(q) > s->max_length || q->live->ready_bytes > s->max_bytes;
}

/* True when another message with a body of so many bytes would be within the limits, in which what
 * is held has a part. */
static inline bool queue_has_room(const struct queue *q, uint64_t body_bytes)
{
	const struct settings *s = q->settings;
	const struct live *live = q->live;
	uint64_t bytes = live->ready_bytes + live->dead.bytes;
	return queue_ready(q) + live->dead.n < s->max_length && bytes <= s->max_bytes &&
	       body_bytes <= s->max_bytes - bytes;
}

/* True when a dead letter that nobody takes is to stay. */
static inline bool queue_keeps_dead(const struct queue *q)
{
	const struct settings *s = q->settings;
	return q->counts && s->strategy == STRATEGY_AT_LEAST_ONCE && s->dead_exchange.p &&
	       s->overflow == OVERFLOW_REJECT_PUBLISH;
}

#define QUEUE_NO_DEADLINE DEADLINES_NONE

enum { QUEUE_RECALLS_MOST = 1024 };

/* True when so many that are due are being read back, or wait behind such, that no more are to be
 * taken. */
static inline bool queue_is_behind(const struct queue *q)
{
	return q->live->n_recalls >= QUEUE_RECALLS_MOST;
}

/* When the next ready entry expires, wherever it stands: by the queue's time to live or the
 * message's own, whichever is sooner; on the clock of message.published_ms.  It may be earlier, and
 * it is not known while a first entry is not in memory, or while many that are due are being read
 * back (queue_is_behind: of none). */
int64_t queue_deadline(const struct queue *q);

/* False: queue_deadline is not before that.  Asked after every push, it looks at no message: those
 * that end at a time of their own are among the deadlines, and others end by the queue's only. */
static inline bool queue_may_end_before(const struct queue *q, int64_t ms)
{
	return q->settings->ttl_ms >= 0 || q->live->stream || deadlines_next(&q->live->deadlines) < ms;
}

/* When this entry does. */
int64_t queue_entry_deadline(const struct queue *q, struct message *m);

/* Adds a message at the back under a number from queue_number; takes a reference of its own. */
void queue_push(struct queue *q, uint64_t seq, struct message *m);

/* It moves, or has not since its motion was looked at last: said before anything changes. */
void queue_move(struct queue *q);

static inline void queue_stir(struct queue *q)
{
	if (!q->stirred)
		queue_move(q);
}

/* The number for the next message. */
static inline uint64_t queue_number(struct queue *q)
{
	queue_stir(q);
	return q->next_seq++;
}

/* Hands out the first ready entry (of a queue with groups the first in its lane), which counts as
 * unacked until it is returned or settled.  False when there is none, or it is not in memory: then
 * it is on its way, and the queue will stand on the store's list woken. */
bool queue_take(struct queue *q, struct entry *out);

/* The same from one of its lanes. */
bool queue_take_from(struct queue *q, struct lane *l, struct entry *out);

/* As queue_take, for an entry that is due by then, wherever it stands; in order of their deadlines.
 * One that is in the log only comes without its message, whose size is *body_bytes.  False when
 * none is due, or when it takes another call to find out. */
bool queue_take_due(struct queue *q, int64_t due_ms, struct entry *out, uint64_t *body_bytes);

/* As queue_take, for the entry that was seen there (peek.h), wherever it stands; false when it is
 * not ready any more. */
struct peeked;
bool queue_take_out(struct queue *q, const struct peeked *p, struct entry *out);

/* As queue_take, but of the lowest priority, and with groups the oldest, whoever it is for. */
bool queue_take_lowest(struct queue *q, struct entry *out);

enum cooled { COOLED_NOTHING, COOLED_LATER, COOLED_SOME };

/* Makes a few of the entries at hand cold, if there are some that may be; not before all of them
 * are durable, that is, before the position.  What is in memory only is spilled to the log. */
enum cooled queue_cool(struct queue *q, log_position durable);

/* An entry that was ready and not in memory is gone for good; acked: the log is to know. */
void queue_drop(struct queue *q, struct entry e, uint64_t body_bytes, bool acked);

/* The entry goes back to its place, redelivered. In a deleted queue it is dropped. */
void queue_return(struct queue *q, struct entry e);

/* The same, of a queue that is not deleted, without counting that it came back. */
void queue_put_back(struct queue *q, struct entry e);

/* How long the entry, which is to be returned, has to wait before it is tried again, by the queue's
 * delayed-retry settings: 0: it does not. failed: who had it rejected it, or has left. */
int64_t queue_retry_ms(const struct queue *q, const struct entry *e, bool failed);

/* The entry goes back to its place then, redelivered (unless it dies before).  What is in the
 * log is not kept in memory meanwhile, when memory is short. */
void queue_set_aside(struct queue *q, struct entry e, int64_t when_ms);

/* One that was aside, and had to be read back (RECALL_RETRY), goes back to its place. */
void queue_try_again(struct queue *q, struct entry e);

enum { QUEUE_NOTES = 64 };

/* The entry stays, though it is dead, and comes to light then by way of fetch_recalled, with why
 * RECALL_HELD and the note, which is below QUEUE_NOTES.  Of its memory the same holds as of what is
 * set aside. */
void queue_hold(struct queue *q, struct entry e, int64_t when_ms, unsigned note);

/* True when the entry, which is to be returned, has come back more often than its queue allows. */
bool queue_is_spent(const struct queue *q, const struct entry *e);

/* The entry is done with: acked, rejected without requeue, or sent without acks. */
void queue_settle(struct queue *q, struct entry e);

/* As queue_settle, for a message of a stream, which stays. */
void queue_credit(struct queue *q);

/* As queue_settle, for an entry without its message, whose body is as large. */
void queue_give_up(struct queue *q, struct entry e, uint64_t body_bytes);

/* As queue_settle, for an entry whose end the log already knows: it was moved elsewhere. */
void queue_moved(struct queue *q, struct entry e);

/* Drops all ready entries, and those that are being read back to be tried again; returns how many
 * there were. */
uint64_t queue_purge(struct queue *q);

/* Recovery: messages that the log has, retained already, of which those below had been delivered;
 * and those of them that have deadlines, on the broker's clock.  Takes all of the trail. */
void queue_restore(struct queue *q, struct trail *t, uint64_t redelivered_below);
void queue_restore_due(struct queue *q, const struct due *e);

/* Walks the structures and must()s their invariants. */
void queue_check(const struct queue *q);

#endif
