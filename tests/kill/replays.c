/* SPDX-License-Identifier: Apache-2.0 */
/* A queue that retains its messages, and replays of them, under kill -9.  A publisher with confirms
 * fills the queue; a worker takes some of them out, each published to another queue and acked in
 * one transaction; leveretctl puts back ranges of what came in earlier rounds, one after the other.
 * The broker is killed at a random moment and started again, many times; in the end both queues are
 * emptied, what is retained is read, and all is counted.  Each message carries its number:
 *
 *   lost    confirmed messages that are not in the queues, or not in what is retained
 *   moved   messages that were seen at one offset and are at another, or nowhere; gaps
 *   twice   copies that nobody put there
 *   torn    replays of which a part is there
 *   undone  replays that were answered, and are not there
 *
 * All must be 0.  A replay that was not answered is there, or it is not; no two of those are of the
 * same messages.  loop=halves has each done as two, one half after the other: with expect=torn it
 * shows that what must not be would be seen. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "tests/kill/harness.h"

enum {
	WINDOW = 400,                /* publishes that are not confirmed yet */
	PREFETCH = 200,
	BATCH_MOST = 40,             /* messages of a transaction */
	LABEL_BYTES = 8,             /* of a body: the number, in hex; then filler */
	BODY_MOST = 1024,
	REPLAYED_MOST = 2000,        /* messages */
};

static struct victim victim = VICTIM_DEFAULTS("build/replays-data");
static struct {
	const char *loop, *expect;
	uint64_t kills, seed, load_ms, fill;
} options = { .loop = "replay", .expect = "nothing", .kills = 10, .load_ms = 280, .fill = 4000 };

static const char queue[] = "kill.retained", taken[] = "kill.taken";

struct message {
	bool confirmed;
	uint32_t found;              /* copies, in both queues */
	uint32_t retained;           /* ... and in what is retained */
	uint32_t put_back;           /* so often for sure */
};

struct replay {
	uint32_t first, n;           /* offsets */
	bool answered;
};

static struct message *messages;
static uint32_t *seen;           /* by offset: the number there */
static struct replay *replays;
static uint32_t n_messages, room_messages, n_seen, room_seen, n_replays, room_replays;
static struct {
	uint64_t lost, moved, twice, torn, undone;
} sums;

static struct {
	struct wire wire;
	uint32_t first, end;         /* numbers that it published; and may publish */
	uint64_t confirmed;          /* of them */
} publisher;

static struct {
	struct wire wire;
	uint32_t numbers[PREFETCH];  /* deliveries that are open, the last ones of tag */
	uint32_t n;
	uint64_t tag;
	bool awaits;                 /* a commit is under way */
} worker;

static struct {
	pid_t pid;                   /* of leveretctl; 0: none runs */
	uint32_t from, end;          /* offsets that may be put back: seen, and in no unknown replay */
} replayer;

static bool in_halves(void)
{
	return strcmp(options.loop, "halves") == 0;
}

static bool expects_torn(void)
{
	return strcmp(options.expect, "torn") == 0;
}

/* ---- the publisher ---- */

static void encode_publish(struct wire *w, const char *to, uint32_t number)
{
	char label[LABEL_BYTES + 1];
	snprintf(label, sizeof label, "%08x", number);
	harness_publish(&w->out, to, NULL, label, LABEL_BYTES + (dice(4) ? 0 : dice(BODY_MOST)));
}

static void publish_some(void)
{
	while (n_messages < publisher.end &&
	       n_messages - publisher.first < publisher.confirmed + WINDOW) {
		messages = harness_grow(messages, n_messages, &room_messages, sizeof *messages);
		messages[n_messages] = (struct message){ 0 };
		encode_publish(&publisher.wire, queue, n_messages++);
	}
}

static void on_confirm(const struct basic_ack *ack)
{
	uint64_t from = ack->multiple ? publisher.confirmed + 1 : ack->delivery_tag;
	for (uint64_t tag = from; tag <= ack->delivery_tag; tag++)
		messages[publisher.first + tag - 1].confirmed = true;
	if (ack->delivery_tag > publisher.confirmed)
		publisher.confirmed = ack->delivery_tag;
}

/* ---- the worker ---- */

static void on_delivery(uint64_t tag, struct slice body)
{
	uint32_t number;
	if (!harness_numbers(body, 1, &number) || number >= n_messages || worker.n == PREFETCH) {
		victim_complain(&victim, "a delivery that was never published");
		return;
	}
	worker.numbers[worker.n++] = number;
	worker.tag = tag;
}

/* Others stay where they are, for a while. */
static void take_some(void)
{
	struct method commit = { .id = METHOD_tx_commit };
	uint32_t n = 1 + (uint32_t)dice(BATCH_MOST);
	n = n < worker.n ? n : worker.n;
	struct method ack = { .id = METHOD_basic_ack,
		                  .basic_ack = { worker.tag - worker.n + n, true, 0 } };
	for (uint32_t i = 0; i < n; i++)
		encode_publish(&worker.wire, taken, worker.numbers[i]);
	worker.n -= n;
	memmove(worker.numbers, worker.numbers + n, worker.n * sizeof *worker.numbers);
	method_encode(&worker.wire.out, 1, &ack);
	method_encode(&worker.wire.out, 1, &commit);
	worker.awaits = true;
}

/* ---- replays ---- */

static int put_command(char *out, size_t room, uint32_t first, uint32_t n)
{
	const char *slash = strrchr(victim.broker, '/');
	int directory = slash ? (int)(slash + 1 - victim.broker) : 0;
	return snprintf(out, room, "%.*sleveretctl --data-dir '%s' -q replay %s %u %u > /dev/null 2>&1",
	                directory, victim.broker, victim.data, queue, first, first + n - 1);
}

static void exec_replay(const struct replay *r)
{
	char command[1500];
	uint32_t half = in_halves() ? r->n / 2 : 0;
	int n = half ? put_command(command, 700, r->first, half) : 0;
	if (half)
		n += snprintf(command + n, 8, " && ");
	put_command(command + n, 700, r->first + half, r->n - half);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static void begin_replay(void)
{
	uint32_t first = replayer.from + (uint32_t)dice(replayer.end - replayer.from);
	uint32_t left = replayer.end - first, n = 1 + (uint32_t)dice(REPLAYED_MOST);
	replays = harness_grow(replays, n_replays, &room_replays, sizeof *replays);
	replays[n_replays] = (struct replay){ .first = first, .n = n < left ? n : left };
	struct replay *r = &replays[n_replays++];
	replayer.pid = fork();
	if (replayer.pid == 0)
		exec_replay(r);
}

static void note_answer(struct replay *r)
{
	r->answered = true;
	for (uint32_t i = 0; i < r->n; i++)
		messages[seen[r->first + i]].put_back++;
}

/* Whether it has ended.  Of a broker that is killed it gets no answer. */
static void look_at_replay(int flags)
{
	int status;
	if (replayer.pid <= 0 || waitpid(replayer.pid, &status, flags) != replayer.pid)
		return;
	struct replay *r = &replays[n_replays - 1];
	replayer.pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		note_answer(r);
	else if (victim.pid)
		victim_complain(&victim, "a replay ended with %x", (unsigned)status);
	else
		replayer.from = r->first + r->n;
}

static void go_on_replaying(void)
{
	look_at_replay(WNOHANG);
	if (replayer.pid == 0 && replayer.from < replayer.end)
		begin_replay();
}

/* ---- what is retained ---- */

struct reading {
	struct wire wire;
	uint32_t next;               /* offset */
	uint32_t last;               /* the number that ends it */
	uint64_t tag;
	bool counts, over;
};

static uint32_t offset_of(struct slice header)
{
	struct props p;
	struct field f;
	bool said = props_decode(header, &p) && table_find(p.headers, "x-stream-offset", &f);
	return said ? (uint32_t)f.integer : UINT32_MAX;
}

static void note_retained(void *reading, const struct told *t)
{
	struct reading *r = reading;
	uint32_t number, offset = t->method.id == METHOD_basic_deliver ? offset_of(t->header) : 0;
	if (t->method.id != METHOD_basic_deliver || !harness_numbers(t->body, 1, &number) ||
	    number >= n_messages) {
		victim_complain(&victim, "what was never published is retained");
		return;
	}
	sums.moved += offset != r->next || (offset < n_seen && seen[offset] != number);
	seen = harness_grow(seen, n_seen, &room_seen, sizeof *seen);
	if (offset == n_seen)
		seen[n_seen++] = number;
	messages[number].retained += r->counts;
	r->next = offset + 1;
	r->tag = t->method.basic_deliver.delivery_tag;
	r->over = number == r->last;
}

static bool consume_retained(struct wire *w, uint32_t from)
{
	struct buf arguments = { 0 };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = PREFETCH } };
	table_put_int(&arguments, "x-stream-offset", from);
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue),
		                                   .no_wait = true,
		                                   .arguments = buf_slice(&arguments) } };
	bool ok = wire_call(w, &qos, METHOD_basic_qos_ok) && wire_call(w, &m, 0);
	buf_free(&arguments);
	return ok;
}

/* From an offset to the message of that number. */
static bool read_retained(uint32_t from, uint32_t last, bool counts)
{
	struct reading r = { .next = from, .last = last, .counts = counts };
	bool ok = victim_dial(&victim, &r.wire) && consume_retained(&r.wire, from);
	while (ok && !r.over && (ok = wire_read(&r.wire))) {
		struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .multiple = true } };
		harness_hear(&r.wire, note_retained, &r);
		ack.basic_ack.delivery_tag = r.tag;
		if (r.tag)
			method_encode(&r.wire.out, 1, &ack);
		ok = harness_send(&r.wire);
	}
	if (!ok)
		victim_complain(&victim, "what is retained cannot be read: %s", r.wire.why);
	wire_close(&r.wire);
	return ok;
}

/* ---- all of them ---- */

static void note(void *by, const struct told *t)
{
	const struct method *m = &t->method;
	if (by == &publisher.wire && m->id == METHOD_basic_ack)
		on_confirm(&m->basic_ack);
	else if (by == &worker.wire && m->id == METHOD_basic_deliver)
		on_delivery(m->basic_deliver.delivery_tag, t->body);
	else if (by == &worker.wire && m->id == METHOD_tx_commit_ok)
		worker.awaits = false;
	else
		victim_complain(&victim, "something unexpected is heard (%x)", m->id);
}

static void hear(struct wire *w)
{
	harness_hear(w, note, w);
}

/* Its first message is confirmed when it returns. */
static bool open_publisher(void)
{
	struct wire *w = &publisher.wire;
	struct method confirm = { .id = METHOD_confirm_select };
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-retain-ms", 1000000000);
	bool ok = victim_dial(&victim, w) && harness_declare(w, queue, buf_slice(&arguments)) &&
	          harness_declare(w, taken, slice_of("", 0)) &&
	          wire_call(w, &confirm, METHOD_confirm_select_ok);
	buf_free(&arguments);
	publisher.first = n_messages;
	publisher.end = n_messages + 1;
	publisher.confirmed = 0;
	publish_some();
	ok = ok && harness_send(w);
	while (ok && publisher.confirmed == 0 && (ok = wire_read(w)))
		hear(w);
	publisher.end += (uint32_t)options.fill;
	return ok;
}

static bool open_worker(void)
{
	struct wire *w = &worker.wire;
	struct method select = { .id = METHOD_tx_select };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = PREFETCH } };
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue), .no_wait = true } };
	worker.n = 0;
	worker.awaits = false;
	return victim_dial(&victim, w) && wire_call(w, &select, METHOD_tx_select_ok) &&
	       wire_call(w, &qos, METHOD_basic_qos_ok) && wire_call(w, &m, 0);
}

static bool open_all(void)
{
	struct wire *const all[] = { &publisher.wire, &worker.wire };
	bool ok = open_publisher() && read_retained(n_seen, publisher.first, false) && open_worker();
	replayer.end = n_seen;
	for (size_t i = 0; i < ARRAY_LEN(all) && ok; i++)
		wire_unblock(all[i]);
	if (!ok)
		victim_complain(&victim, "a client: %s%s", publisher.wire.why, worker.wire.why);
	return ok;
}

/* False when a peer was lost. */
static bool move(void)
{
	struct wire *const all[] = { &publisher.wire, &worker.wire };
	bool ok = harness_look(all, ARRAY_LEN(all), hear);
	publish_some();
	if (!worker.awaits && worker.n)
		take_some();
	go_on_replaying();
	for (size_t i = 0; i < ARRAY_LEN(all) && ok; i++)
		ok = wire_write(all[i]);
	return ok;
}

static bool run_round(void)
{
	bool ok = victim_round(&victim, options.load_ms, open_all, move);
	look_at_replay(0);
	harness_hang_up(&publisher.wire, hear);
	harness_hang_up(&worker.wire, hear);
	return ok;
}

/* ---- reckoning ---- */

static void note_found(void *unused, const struct found *f)
{
	uint32_t number;
	(void)unused;
	if (harness_numbers(f->body, 1, &number) && number < n_messages)
		messages[number].found++;
	else
		victim_complain(&victim, "a message that was never published");
}

/* Copies beyond those that are there for sure; below 0: so many of those are not. */
static int64_t beyond_sure(const struct message *m)
{
	return (int64_t)m->found - (m->retained > 0) - m->put_back;
}

/* A replay that was not answered is there as a whole, or not at all; what came of it is due. */
static bool is_torn(const struct replay *r)
{
	uint32_t came = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		struct message *m = &messages[seen[r->first + i]];
		bool one = beyond_sure(m) > 0;
		m->put_back += one;
		came += one;
	}
	return came && came < r->n;
}

static uint64_t report(void)
{
	uint32_t confirmed = 0, unknown = 0;
	for (uint32_t i = 0; i < n_replays; i++) {
		unknown += !replays[i].answered;
		sums.torn += !replays[i].answered && is_torn(&replays[i]);
	}
	for (uint32_t i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];
		int64_t beyond = beyond_sure(m);
		confirmed += m->confirmed;
		sums.lost += (m->confirmed && !m->retained) || (m->retained && !m->found);
		sums.undone += beyond < 0;
		sums.twice += beyond > 0 || m->retained > 1;
	}
	printf("seed=%llu kills=%u published=%u confirmed=%u retained=%u replays=%u unknown=%u "
	       "lost=%llu moved=%llu twice=%llu torn=%llu undone=%llu failures=%llu\n",
	       (unsigned long long)options.seed, victim.kills, n_messages, confirmed, n_seen, n_replays,
	       unknown, (unsigned long long)sums.lost, (unsigned long long)sums.moved,
	       (unsigned long long)sums.twice, (unsigned long long)sums.torn,
	       (unsigned long long)sums.undone, (unsigned long long)victim.failures);
	return sums.lost + sums.moved + sums.twice + sums.torn + sums.undone;
}

static int run(void)
{
	while (victim.kills < options.kills && run_round())
		;
	victim_start(&victim);
	if (!open_publisher() || !read_retained(0, publisher.first, true))
		victim_complain(&victim, "what is retained cannot be counted");
	wire_close(&publisher.wire);
	harness_gather(&victim, queue, note_found, NULL);
	harness_gather(&victim, taken, note_found, NULL);
	victim_kill(&victim);
	uint64_t wrong = report();
	return expects_torn() ? sums.torn == 0 : wrong || victim.failures;
}

int main(int argc, char **argv)
{
	const struct option all[] = { VICTIM_OPTIONS(victim), ROUNDS_OPTIONS(options),
		                          { "fill", NULL, &options.fill } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr, "usage: replays [kills=N] [seed=N] [load_ms=N] [fill=MESSAGES A ROUND]\n"
		                "               [port=N] [data=DIR] [broker=FILE] [preload=FILE:...]\n"
		                "               [segment=BYTES] [memory=BYTES] [patience_s=N]\n"
		                "               [loop=replay|halves] [expect=nothing|torn]\n"
		                "kills a broker while messages are put back; its data must be new\n");
		return 2;
	}
	rounds_begin(&victim, expects_torn(), &options.seed);
	publisher.wire.fd = worker.wire.fd = -1;
	return run();
}
