/* SPDX-License-Identifier: Apache-2.0 */
/* Streams under kill -9.  A publisher with confirms fills a stream; a reader with a named offset
 * copies what it is handed into a queue, publishes, ack and commit in one transaction.  The broker
 * is killed at a random moment and started again, many times; in the end the reader copies what is
 * left, and stream and queue are read and compared.  Each message carries its number, and a copy
 * the offset that it came from:
 *
 *   lost    confirmed messages that are not in the stream
 *   moved   messages that were seen at one offset and are at another, or nowhere; gaps
 *   twice   copies beyond the first, in the stream or in the queue
 *   missing messages of the stream that were not copied
 *   astray  copies of what is not in the stream, or not there
 *   behind  starts at which the reader did not stand where its last transaction had ended
 *
 * All must be 0.  loop=twice commits between the publishes and the ack: with expect=torn it shows
 * that what must not be would be seen. */
#include <stdio.h>
#include <string.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/kill/harness.h"

enum {
	WINDOW = 400, /* publishes that are not confirmed yet */
	PREFETCH = 300,
	BATCH_MOST = 40,  /* messages of a transaction */
	LABEL_BYTES = 16,        /* of a body: number and, in a copy, offset, in hex; then filler */
	BODY_MOST = 1024,
};

static struct victim victim = VICTIM_DEFAULTS("build/streams-data");
static struct {
	const char *loop, *expect;
	uint64_t kills, seed, load_ms, fill;
} options = { .loop = "tx", .expect = "nothing", .kills = 10, .load_ms = 140, .fill = 20000 };

static const char stream[] = "kill.stream", copies[] = "kill.copies";

struct message {
	bool confirmed;
	uint32_t in_stream, in_copies;
};

static struct message *messages;
static uint32_t *seen;           /* by offset: the number there, and one; 0: not seen yet */
static uint32_t n_messages, room_messages, n_seen, room_seen;
static struct {
	uint64_t lost, moved, twice, missing, astray, behind;
} sums;

static struct {
	struct wire wire;
	uint32_t first, end;         /* numbers that it published; and may publish */
	uint64_t confirmed;          /* of them */
} publisher;

static struct {
	struct wire wire;
	struct {
		uint64_t tag;
		uint32_t number, offset;
	} open[PREFETCH];            /* a ring of deliveries, from first on */
	uint32_t first, n_open;
	bool began, awaits;          /* something came; a commit is under way ... */
	uint64_t owes;               /* ... and the ack of this tag, with another one, behind it */
} reader;

/* Where the reader stands: where the last commit-ok said, or where the commit after it says. */
static uint32_t answered, asked;

static bool commits_twice(void)
{
	return strcmp(options.loop, "twice") == 0;
}

static bool expects_torn(void)
{
	return strcmp(options.expect, "torn") == 0;
}

/* ---- setting up ---- */

static bool open_publisher(void)
{
	struct wire *w = &publisher.wire;
	struct method confirm = { .id = METHOD_confirm_select };
	struct buf arguments = { 0 };
	table_put_str(&arguments, "x-queue-type", "stream");
	bool ok = victim_dial(&victim, w) && harness_declare(w, stream, buf_slice(&arguments)) &&
	          harness_declare(w, copies, slice_of("", 0)) &&
	          wire_call(w, &confirm, METHOD_confirm_select_ok);
	buf_free(&arguments);
	publisher.first = n_messages;
	publisher.end = n_messages + (uint32_t)options.fill;
	publisher.confirmed = 0;
	if (ok)
		wire_unblock(w);
	else
		victim_complain(&victim, "the publisher: %s", w->why);
	return ok;
}

static bool consume(struct wire *w, uint16_t prefetch, const char *name)
{
	struct buf arguments = { 0 };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = prefetch } };
	table_put_str(&arguments, "x-stream-offset", "first");
	if (name)
		table_put_str(&arguments, "x-stream-offset-name", name);
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(stream),
		                                   .no_wait = true,
		                                   .consumer_tag = slice_str("reader"),
		                                   .arguments = buf_slice(&arguments) } };
	bool ok = wire_call(w, &qos, METHOD_basic_qos_ok) && wire_call(w, &m, 0);
	buf_free(&arguments);
	return ok;
}

static bool open_reader(void)
{
	struct wire *w = &reader.wire;
	struct method select = { .id = METHOD_tx_select };
	reader.first = reader.n_open = 0;
	reader.owes = 0;
	reader.began = reader.awaits = false;
	bool ok = victim_dial(&victim, w) && wire_call(w, &select, METHOD_tx_select_ok) &&
	          consume(w, PREFETCH, "copier");
	if (ok)
		wire_unblock(w);
	else
		victim_complain(&victim, "the reader: %s", w->why);
	return ok;
}

/* ---- the publisher ---- */

static void publish_some(void)
{
	char label[LABEL_BYTES + 1];
	while (n_messages < publisher.end &&
	       n_messages - publisher.first < publisher.confirmed + WINDOW) {
		messages = harness_grow(messages, n_messages, &room_messages, sizeof *messages);
		messages[n_messages] = (struct message){ 0 };
		snprintf(label, sizeof label, "%08x%08x", n_messages++, 0);
		harness_publish(&publisher.wire.out, stream, NULL, label,
		                LABEL_BYTES + (dice(8) ? 0 : dice(BODY_MOST)));
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

/* ---- the reader ---- */

static bool read_label(struct slice body, uint32_t *number, uint32_t *offset)
{
	uint32_t both[2];
	bool ok = harness_numbers(body, 2, both) && both[0] < n_messages;
	*number = ok ? both[0] : 0;
	*offset = ok ? both[1] : 0;
	return ok;
}

static uint32_t offset_of(struct slice header)
{
	struct props p;
	struct field f;
	bool said = props_decode(header, &p) && table_find(p.headers, "x-stream-offset", &f);
	return said ? (uint32_t)f.integer : UINT32_MAX;
}

static void note_seen(uint32_t offset, uint32_t number)
{
	while (offset >= room_seen) {
		room_seen = room_seen ? 2 * room_seen : 65536;
		seen = mem_realloc(seen, room_seen * sizeof *seen);
	}
	for (; n_seen <= offset; n_seen++)
		seen[n_seen] = 0;
	sums.moved += seen[offset] && seen[offset] != number + 1;
	seen[offset] = number + 1;
}

static void note_start(uint32_t offset)
{
	reader.began = true;
	sums.behind += offset != answered && offset != asked;
	answered = asked = offset;
}

static void on_delivery(uint64_t tag, struct slice header, struct slice body)
{
	uint32_t number, none, offset = offset_of(header);
	if (!read_label(body, &number, &none) || offset == UINT32_MAX || reader.n_open == PREFETCH) {
		victim_complain(&victim, "a delivery that was never published");
		return;
	}
	if (!reader.began)
		note_start(offset);
	note_seen(offset, number);
	uint32_t at = (reader.first + reader.n_open++) % PREFETCH;
	reader.open[at].tag = tag;
	reader.open[at].number = number;
	reader.open[at].offset = offset;
}

static void commit(void)
{
	struct method m = { .id = METHOD_tx_commit };
	method_encode(&reader.wire.out, 1, &m);
	reader.awaits = true;
}

static void ack_and_commit(void)
{
	struct method ack = { .id = METHOD_basic_ack, .basic_ack = { reader.owes, true, 0 } };
	method_encode(&reader.wire.out, 1, &ack);
	reader.owes = 0;
	commit();
}

static void copy_some(void)
{
	char label[LABEL_BYTES + 1];
	uint32_t n = 1 + (uint32_t)dice(BATCH_MOST);
	for (; n && reader.n_open; n--, reader.n_open--) {
		uint32_t offset = reader.open[reader.first].offset;
		snprintf(label, sizeof label, "%08x%08x", reader.open[reader.first].number, offset);
		harness_publish(&reader.wire.out, copies, NULL, label,
		                LABEL_BYTES + (dice(8) ? 0 : dice(BODY_MOST)));
		reader.owes = reader.open[reader.first].tag;
		reader.first = (reader.first + 1) % PREFETCH;
		asked = offset + 1;
	}
	if (commits_twice())
		commit();
	else
		ack_and_commit();
}

static void on_commit_ok(void)
{
	reader.awaits = false;
	if (reader.owes)
		ack_and_commit();
	else
		answered = asked;
}

/* ---- both ---- */

static void note(void *unused, const struct told *t)
{
	const struct method *m = &t->method;
	(void)unused;
	if (m->id == METHOD_basic_ack)
		on_confirm(&m->basic_ack);
	else if (m->id == METHOD_tx_commit_ok)
		on_commit_ok();
	else if (m->id == METHOD_basic_deliver)
		on_delivery(m->basic_deliver.delivery_tag, t->header, t->body);
	else
		victim_complain(&victim, "something unexpected is heard (%x)", m->id);
}

static void hear(struct wire *w)
{
	harness_hear(w, note, NULL);
}

/* False when a peer was lost. */
static bool move(void)
{
	struct wire *const all[] = { &publisher.wire, &reader.wire };
	if (!harness_look(all, ARRAY_LEN(all), hear))
		return false;
	if (publisher.wire.fd >= 0)
		publish_some();
	if (!reader.awaits && reader.n_open)
		copy_some();
	return (publisher.wire.fd < 0 || wire_write(&publisher.wire)) && wire_write(&reader.wire);
}

static bool open_both(void)
{
	return open_publisher() && open_reader();
}

static bool run_round(void)
{
	bool ok = victim_round(&victim, options.load_ms, open_both, move);
	harness_hang_up(&publisher.wire, hear);
	harness_hang_up(&reader.wire, hear);
	return ok;
}

/* ---- reckoning ---- */

/* How many messages there are in the stream. */
static uint32_t count(void)
{
	struct wire w;
	struct frame f;
	struct slice rest;
	struct method answer, m = { .id = METHOD_queue_declare,
		                        .queue_declare = { .queue = slice_str(stream), .passive = true } };
	uint32_t n = 0;
	bool ok = victim_dial(&victim, &w) && wire_call(&w, &m, 0) && wire_await(&w, &f, 1, &rest) &&
	          method_decode(f.payload, &answer) == METHOD_OK;
	if (ok && answer.id == METHOD_queue_declare_ok)
		n = answer.queue_declare_ok.message_count;
	else
		victim_complain(&victim, "the stream cannot be counted");
	wire_close(&w);
	return n;
}

/* Until all of the stream is copied. */
static void copy_the_rest(uint32_t n)
{
	bool ok = open_reader();
	uint64_t until = wire_now_us() + 1000000 * victim.patience_s;
	while (ok && (reader.awaits || asked < n) && wire_now_us() < until)
		ok = move();
	if (!ok || asked < n)
		victim_complain(&victim, "the reader comes to %u of %u", asked, n);
	wire_close(&reader.wire);
}

/* As the reader, but from the front, and nothing is copied. */
static void read_stream(uint32_t n)
{
	struct wire *w = &reader.wire;
	reader.first = reader.n_open = 0;
	reader.began = true;
	bool ok = victim_dial(&victim, w) && consume(w, PREFETCH, NULL);
	for (uint32_t next = 0; ok && next < n;) {
		struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .multiple = true } };
		for (; reader.n_open; reader.n_open--, next++) {
			sums.moved += reader.open[reader.first].offset != next;
			messages[reader.open[reader.first].number].in_stream++;
			ack.basic_ack.delivery_tag = reader.open[reader.first].tag;
			reader.first = (reader.first + 1) % PREFETCH;
		}
		if (ack.basic_ack.delivery_tag)
			method_encode(&w->out, 1, &ack);
		ok = harness_send(w) && (next == n || wire_read(w));
		hear(w);
	}
	if (!ok)
		victim_complain(&victim, "the stream cannot be read: %s", w->why);
	wire_close(w);
}

static void note_copy(void *unused, const struct found *f)
{
	uint32_t number, offset;
	(void)unused;
	if (!read_label(f->body, &number, &offset) || offset >= n_seen) {
		victim_complain(&victim, "a copy of what was never published");
		return;
	}
	messages[number].in_copies++;
	sums.astray += seen[offset] != number + 1;
}

static uint64_t beyond_first(uint32_t n)
{
	return n > 1 ? n - 1 : 0;
}

static uint64_t report(uint32_t n)
{
	uint32_t confirmed = 0;
	for (uint32_t i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];
		confirmed += m->confirmed;
		sums.lost += m->confirmed && !m->in_stream;
		sums.twice += beyond_first(m->in_stream) + beyond_first(m->in_copies);
		sums.missing += m->in_stream && !m->in_copies;
		sums.astray += !m->in_stream && m->in_copies;
	}
	sums.moved += n_seen > n ? n_seen - n : 0;
	printf("seed=%llu kills=%u published=%u confirmed=%u in_stream=%u lost=%llu moved=%llu "
	       "twice=%llu missing=%llu astray=%llu behind=%llu failures=%llu\n",
	       (unsigned long long)options.seed, victim.kills, n_messages, confirmed, n,
	       (unsigned long long)sums.lost, (unsigned long long)sums.moved,
	       (unsigned long long)sums.twice, (unsigned long long)sums.missing,
	       (unsigned long long)sums.astray, (unsigned long long)sums.behind,
	       (unsigned long long)victim.failures);
	return sums.lost + sums.moved + sums.twice + sums.missing + sums.astray + sums.behind;
}

static int run(void)
{
	while (victim.kills < options.kills && run_round())
		;
	victim_start(&victim);
	uint32_t n = count();
	copy_the_rest(n);
	read_stream(n);
	harness_gather(&victim, copies, note_copy, NULL);
	victim_kill(&victim);
	uint64_t torn = report(n);
	return expects_torn() ? torn == 0 : torn || victim.failures;
}

int main(int argc, char **argv)
{
	const struct option all[] = { VICTIM_OPTIONS(victim), ROUNDS_OPTIONS(options),
		                          { "fill", NULL, &options.fill } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr,
		        "usage: streams [kills=N] [seed=N] [load_ms=N] [fill=MESSAGES A ROUND]\n"
		        "               [port=N] [data=DIR] [broker=FILE] [preload=FILE:...]\n"
		        "               [segment=BYTES] [memory=BYTES] [patience_s=N]\n"
		        "               [loop=tx|twice] [expect=nothing|torn]\n"
		        "kills a broker while a stream is filled and copied; its data must be new\n");
		return 2;
	}
	rounds_begin(&victim, expects_torn(), &options.seed);
	publisher.wire.fd = reader.wire.fd = -1;
	return run();
}
