/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions under kill -9.  Four workers move messages from a queue to two others, over and
 * over: take a few, publish each to both targets, ack them, commit.  The broker is killed at a
 * random moment and started again, many times; in the end all three queues are emptied and counted.
 * Each message carries its number and, in a target, the number of the transaction it came with:
 *
 *   half    transactions of which some publishes are there and others are not
 *   split   messages that are in a target and still in the source: published without the ack
 *   lost    messages that are nowhere: acked without the publishes
 *   twice   copies beyond the first, in any queue
 *   undone  messages of a transaction whose commit-ok had come, that are not in both targets, or
 *           still in the source
 *
 * All must be 0; where no commit-ok came all of a transaction may be there, or nothing.
 *
 * loop=outside acks as it consumes, outside the transaction, and loop=twice commits between the two
 * targets: with expect=torn they show that what must not be would be seen.  command= starts another
 * broker (it listens on port=, lets guest in and finds its data again); then its process group is
 * killed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/kill/harness.h"

enum {
	WORKERS = 4,
	TARGETS = 2,
	BATCH_MOST = 8,          /* messages of a transaction */
	PREFETCH = 100,
	OPEN_MOST = 1024,
	LABEL_BYTES = 16,        /* of a body: number and transaction, in hex; then filler */
	BODY_MOST = HARNESS_BODY_MOST,
};

static struct victim victim = VICTIM_DEFAULTS("build/tx-data");
static struct {
	const char *loop, *expect;
	uint64_t kills, seed, load_ms, fill;
} options = { .loop = "tx", .expect = "nothing", .kills = 10, .load_ms = 280, .fill = 5000 };

static const char source[] = "tx.source";
static const char *const targets[TARGETS] = { "tx.left", "tx.right" };

/* What the queues were found to have in the end. */
struct message {
	uint32_t in_source, in_target[TARGETS];
	bool committed;
};

struct transaction {
	uint32_t numbers[BATCH_MOST];
	uint32_t n, seen;
	bool committed;
};

struct worker {
	struct wire wire;
	struct {
		uint64_t tag;
		uint32_t number;
	} open[OPEN_MOST];       /* a ring of deliveries, from first on */
	uint32_t first, n_open;
	uint32_t now;            /* the transaction under way, once its commit was sent */
	int awaits;              /* commit-oks */
};

static struct worker workers[WORKERS];
static struct message *messages;
static struct transaction *transactions;
static uint32_t n_messages, n_transactions, room_messages, room_transactions;
static uint32_t n_commits;

static bool loop_is(const char *name)
{
	return strcmp(options.loop, name) == 0;
}

static bool expects_torn(void)
{
	return strcmp(options.expect, "torn") == 0;
}

/* ---- the source ---- */

static void encode_publish(struct buf *out, const char *queue, uint32_t number,
                           uint32_t transaction, size_t n)
{
	char label[LABEL_BYTES + 1];
	snprintf(label, sizeof label, "%08x%08x", number, transaction);
	harness_publish(out, queue, NULL, label, n);
}

static bool declare(struct wire *w, const char *name)
{
	return harness_declare(w, name, slice_of("", 0));
}

static bool commit_and_wait(struct wire *w)
{
	struct method commit = { .id = METHOD_tx_commit };
	return harness_send(w) && wire_call(w, &commit, METHOD_tx_commit_ok);
}

static bool fill(void)
{
	struct wire w;
	struct method select = { .id = METHOD_tx_select };
	bool ok = victim_dial(&victim, &w) && declare(&w, source) && declare(&w, targets[0]) &&
	          declare(&w, targets[1]) && wire_call(&w, &select, METHOD_tx_select_ok);
	for (uint64_t i = 0; ok && i < options.fill; i++) {
		messages = harness_grow(messages, n_messages, &room_messages, sizeof *messages);
		messages[n_messages] = (struct message){ 0 };
		encode_publish(&w.out, source, n_messages++, 0, LABEL_BYTES);
	}
	ok = ok && commit_and_wait(&w);
	if (!ok)
		victim_complain(&victim, "filling the source: %s", w.why);
	wire_close(&w);
	return ok;
}

/* ---- the workers ---- */

static bool open_worker(struct worker *k)
{
	struct method select = { .id = METHOD_tx_select };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = PREFETCH } };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str(source), .no_wait = true,
		                                         .consumer_tag = slice_str("worker"),
		                                         .no_ack = loop_is("outside") } };
	*k = (struct worker){ 0 };
	bool ok = victim_dial(&victim, &k->wire) && wire_call(&k->wire, &select, METHOD_tx_select_ok) &&
	          wire_call(&k->wire, &qos, METHOD_basic_qos_ok) && wire_call(&k->wire, &consume, 0);
	if (ok)
		wire_unblock(&k->wire);
	else
		victim_complain(&victim, "a worker: %s", k->wire.why);
	return ok;
}

static void publish(struct worker *k, int target)
{
	struct transaction *t = &transactions[k->now];
	for (uint32_t i = 0; i < t->n; i++) {
		size_t n = LABEL_BYTES + (dice(8) ? 0 : dice(BODY_MOST - LABEL_BYTES));
		encode_publish(&k->wire.out, targets[target], t->numbers[i], k->now, n);
	}
}

static void commit(struct worker *k)
{
	struct method m = { .id = METHOD_tx_commit };
	method_encode(&k->wire.out, 1, &m);
	k->awaits = 1;
}

static void ack(struct worker *k, uint64_t tag, bool multiple)
{
	struct method m = { .id = METHOD_basic_ack,
		                .basic_ack = { .delivery_tag = tag, .multiple = multiple } };
	if (!loop_is("outside"))
		method_encode(&k->wire.out, 1, &m);
}

/* One by one, or all with the last. */
static void ack_all(struct worker *k)
{
	bool multiple = dice(2);
	struct transaction *t = &transactions[k->now];
	for (uint32_t i = 0; i < t->n; i++) {
		if (!multiple || i + 1 == t->n)
			ack(k, k->open[k->first].tag, multiple);
		k->first = (k->first + 1) % OPEN_MOST;
	}
	k->n_open -= t->n;
}

static void finish(struct worker *k)
{
	publish(k, 1);
	ack_all(k);
	commit(k);
}

static void begin(struct worker *k)
{
	uint32_t n = 1 + (uint32_t)dice(BATCH_MOST);
	transactions =
		harness_grow(transactions, n_transactions, &room_transactions, sizeof *transactions);
	struct transaction *t = &transactions[n_transactions];
	*t = (struct transaction){ .n = n < k->n_open ? n : k->n_open };
	for (uint32_t i = 0; i < t->n; i++)
		t->numbers[i] = k->open[(k->first + i) % OPEN_MOST].number;
	k->now = n_transactions++;
	publish(k, 0);
	if (loop_is("twice"))
		commit(k);
	else
		finish(k);
	k->awaits += loop_is("twice");
}

static void on_commit_ok(struct worker *k)
{
	struct transaction *t = &transactions[k->now];
	if (k->awaits == 0) {
		victim_complain(&victim, "a commit-ok that nobody asked for");
	} else if (--k->awaits) {
		finish(k);
	} else {
		t->committed = true;
		n_commits++;
		for (uint32_t i = 0; i < t->n; i++)
			messages[t->numbers[i]].committed = true;
	}
}

static bool read_label(struct slice body, uint32_t *number, uint32_t *transaction)
{
	uint32_t both[2];
	bool ok = harness_numbers(body, 2, both) && both[0] < n_messages;
	*number = ok ? both[0] : 0;
	*transaction = ok ? both[1] : 0;
	return ok;
}

static void on_delivery(struct worker *k, uint64_t tag, struct slice body)
{
	uint32_t number, none;
	if (!read_label(body, &number, &none)) {
		victim_complain(&victim, "a delivery that was never published");
		return;
	}
	if (k->n_open == OPEN_MOST) {
		must(loop_is("outside"));   /* acked and dropped: lost */
		return;
	}
	uint32_t at = (k->first + k->n_open++) % OPEN_MOST;
	k->open[at].tag = tag;
	k->open[at].number = number;
	if (messages[number].committed)
		victim_complain(&victim, "message %u comes again after a commit-ok", number);
}

static void note(void *worker, const struct told *t)
{
	const struct method *m = &t->method;
	if (m->id == METHOD_tx_commit_ok)
		on_commit_ok(worker);
	else if (m->id == METHOD_basic_deliver)
		on_delivery(worker, m->basic_deliver.delivery_tag, t->body);
	else
		victim_complain(&victim, "a worker hears something unexpected (%x)", m->id);
}

static void hear(struct wire *w)
{
	harness_hear(w, note, (struct worker *)w);
}

/* False when a peer was lost. */
static bool move(void)
{
	struct wire *all[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		all[i] = &workers[i].wire;
	if (!harness_look(all, WORKERS, hear))
		return false;
	for (int i = 0; i < WORKERS; i++) {
		struct worker *k = &workers[i];
		if (!k->awaits && k->n_open)
			begin(k);
		if (!wire_write(&k->wire))
			return false;
	}
	return true;
}

/* ---- rounds ---- */

static bool open_all(void)
{
	bool ok = fill();
	for (int i = 0; i < WORKERS && ok; i++)
		ok = open_worker(&workers[i]);
	return ok;
}

static bool run_round(void)
{
	bool ok = victim_round(&victim, options.load_ms, open_all, move);
	for (int i = 0; i < WORKERS; i++)
		harness_hang_up(&workers[i].wire, hear);
	return ok;
}

/* ---- reckoning ---- */

/* to: the number of the target, or -1. */
static void note_found(void *to, const struct found *f)
{
	int target = *(const int *)to;
	uint32_t number, transaction;
	if (!read_label(f->body, &number, &transaction) ||
	    (target >= 0 && transaction >= n_transactions)) {
		victim_complain(&victim, "a message that was never published");
	} else if (target < 0) {
		messages[number].in_source++;
	} else {
		messages[number].in_target[target]++;
		transactions[transaction].seen++;
	}
}

struct sums {
	uint64_t half, split, twice, lost, undone, unknown, applied;
};

static uint64_t beyond_first(uint32_t n)
{
	return n > 1 ? n - 1 : 0;
}

static void sum_messages(struct sums *s)
{
	for (uint32_t i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];
		bool any = m->in_target[0] || m->in_target[1], both = m->in_target[0] && m->in_target[1];
		s->split += m->in_source && any;
		s->lost += !m->in_source && !any;
		s->twice += beyond_first(m->in_source) + beyond_first(m->in_target[0]) +
		            beyond_first(m->in_target[1]);
		s->undone += m->committed && (!both || m->in_source);
	}
}

static void sum_transactions(struct sums *s)
{
	for (uint32_t i = 0; i < n_transactions; i++) {
		const struct transaction *t = &transactions[i];
		s->half += t->seen && t->seen < TARGETS * t->n;
		s->unknown += !t->committed;
		s->applied += !t->committed && t->seen == TARGETS * t->n;
	}
}

static uint64_t report(void)
{
	struct sums s = { 0 };
	sum_messages(&s);
	sum_transactions(&s);
	printf("seed=%llu kills=%u messages=%u commits=%u unknown=%llu of_these_applied=%llu half=%llu "
	       "split=%llu lost=%llu twice=%llu undone=%llu failures=%llu\n",
	       (unsigned long long)options.seed, victim.kills, n_messages, n_commits,
	       (unsigned long long)s.unknown, (unsigned long long)s.applied,
	       (unsigned long long)s.half, (unsigned long long)s.split, (unsigned long long)s.lost,
	       (unsigned long long)s.twice, (unsigned long long)s.undone,
	       (unsigned long long)victim.failures);
	return s.half + s.split + s.lost + s.twice + s.undone;
}

static int run(void)
{
	while (victim.kills < options.kills && run_round())
		;
	victim_start(&victim);
	for (int i = -1; i < TARGETS; i++)
		harness_gather(&victim, i < 0 ? source : targets[i], note_found, &i);
	victim_kill(&victim);
	uint64_t torn = report();
	return expects_torn() ? torn == 0 : torn || victim.failures;
}

int main(int argc, char **argv)
{
	const struct option all[] = { VICTIM_OPTIONS(victim), ROUNDS_OPTIONS(options),
		                          { "fill", NULL, &options.fill } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr, "usage: tx [kills=N] [seed=N] [load_ms=N] [fill=MESSAGES A ROUND]\n"
		                "          [port=N] [data=DIR] [broker=FILE] [preload=FILE:...]\n"
		                "          [segment=BYTES] [memory=BYTES] [command=TEXT] [patience_s=N]\n"
		                "          [loop=tx|outside|twice] [expect=nothing|torn]\n"
		                "kills a broker while transactions run; its data must be new\n");
		return 2;
	}
	rounds_begin(&victim, expects_torn(), &options.seed);
	for (int i = 0; i < WORKERS; i++)
		workers[i].wire.fd = -1;
	return run();
}
