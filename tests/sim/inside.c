/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/inside.h"

#include <malloc.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"
#include "broker/connection.h"
#include "broker/outbox.h"
#include "persistence/log_file.h"
#include "persistence/record.h"
#include "queue/offsets.h"

enum { RESTLESS_TURNS = 100000, SLICES = 16, BATCH = 256 };

/* The same numbers in every run: the names the broker makes up are not secret here. */
static void entropy(void *p, size_t n)
{
	static uint64_t x = 0x9E3779B97F4A7C15u;
	for (uint8_t *at = p; n; n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		*at++ = (uint8_t)(x >> 32);
	}
}

void inside_init(struct inside *in)
{
	*in = (struct inside){ .now_ms = 1000000, .segment_bytes = 8 << 20 };
	broker_options_default(&in->options);
	in->options.entropy = entropy;
	in->options.window_bytes = 2 << 20;
	list_init(&in->peers);
}

/* ---- planted bugs ---- */

static const struct log_ops *true_ops;

static void poll_early(struct log *l, struct log_report *out)
{
	true_ops->poll(l, out);
	out->durable = true_ops->end(l);
}

/* So nothing has to be waited for. */
static log_position end_at_once(const struct log *l)
{
	(void)l;
	return 1;
}

/* The summary of an empty segment. */
static enum log_survey survey_nothing(struct log *l, log_position from, struct slice *out)
{
	static const uint8_t nothing[20];
	enum log_survey answer = true_ops->survey(l, from, out);
	if (answer == LOG_SURVEY_THERE)
		*out = slice_of(nothing, sizeof nothing);
	return answer;
}

static struct buf late_offset;
static uint64_t submitted_ms;

/* In its place is something that a start ignores. */
static log_position append_but_offset(struct log *l, uint8_t type, bool urgent,
                                      const struct slice *parts, size_t n)
{
	static bool in_tx;
	in_tx = type == RECORD_BEGIN || (in_tx && type != RECORD_COMMIT);
	if (!in_tx || type != RECORD_DEFINE || parts[0].p[0] != CATALOG_OFFSET)
		return true_ops->append(l, type, urgent, parts, n);
	buf_clear(&late_offset);
	buf_append_slice(&late_offset, parts[0]);
	return true_ops->append(l, RECORD_PAGE, urgent, parts, n);
}

static void submit_and_offset(struct log *l, uint64_t now_ms)
{
	struct slice offset = buf_slice(&late_offset);
	true_ops->submit(l, now_ms);
	if (offset.n)
		true_ops->append(l, RECORD_DEFINE, false, &offset, 1);
	buf_free(&late_offset);
}

/* In two transactions, of which the first is on its way to the disk before the second begins. */
static log_position append_torn(struct log *l, uint8_t type, bool urgent,
                                const struct slice *parts, size_t n, bool replay)
{
	static unsigned in_tx;
	in_tx = type == RECORD_BEGIN ? 1 : in_tx ? in_tx + 1 : 0;
	if (in_tx == 3 && type != RECORD_COMMIT && (type == RECORD_RELOCATE) == replay) {
		true_ops->append(l, RECORD_COMMIT, true, NULL, 0);
		true_ops->submit(l, submitted_ms);
		true_ops->append(l, RECORD_BEGIN, false, NULL, 0);
	}
	return true_ops->append(l, type, urgent, parts, n);
}

static log_position append_torn_replay(struct log *l, uint8_t type, bool urgent,
                                       const struct slice *parts, size_t n)
{
	return append_torn(l, type, urgent, parts, n, true);
}

static log_position append_torn_move(struct log *l, uint8_t type, bool urgent,
                                     const struct slice *parts, size_t n)
{
	return append_torn(l, type, urgent, parts, n, false);
}

static void submit_noted(struct log *l, uint64_t now_ms)
{
	submitted_ms = now_ms;
	true_ops->submit(l, now_ms);
}

static log_position append_bare(struct log *l, uint8_t type, bool urgent,
                                const struct slice *parts, size_t n)
{
	struct buf whole = { 0 }, bare = { 0 };
	struct record_publish p;
	struct record_target first;
	for (size_t i = 0; i < n; i++)
		buf_append_slice(&whole, parts[i]);
	if (type == RECORD_PUBLISH && record_publish_decode(buf_slice(&whole), &p) &&
	    record_target_next(&p.packed_targets, &first)) {
		p.targets = &first;
		p.n_targets = 1;
		record_publish_encode(&bare, &p);
		buf_append_slice(&bare, p.body);
	}
	struct slice body = buf_slice(bare.len ? &bare : &whole);
	log_position at = true_ops->append(l, type, urgent, &body, 1);
	buf_free(&whole);
	buf_free(&bare);
	return at;
}

/* A transaction that does nothing else.  In its place is something that a start ignores. */
static log_position append_but_delete(struct log *l, uint8_t type, bool urgent,
                                      const struct slice *parts, size_t n)
{
	static bool begins;
	bool first = begins;
	begins = type == RECORD_BEGIN;
	return true_ops->append(l, first && type == RECORD_ACK ? RECORD_PAGE : type, urgent, parts, n);
}

static void plant(struct inside *in)
{
	static struct log_ops ops;
	true_ops = in->log->ops;
	ops = *true_ops;
	if (in->plant == PLANT_EARLY_CONFIRM)
		ops.poll = poll_early;
	if (in->plant == PLANT_HASTY_DROP || in->plant == PLANT_EARLY_SIGHT)
		ops.end = end_at_once;
	if (in->plant == PLANT_LATE_OFFSET) {
		ops.append = append_but_offset;
		ops.submit = submit_and_offset;
	}
	if (in->plant == PLANT_TORN_REPLAY || in->plant == PLANT_TORN_MOVE) {
		ops.append = in->plant == PLANT_TORN_REPLAY ? append_torn_replay : append_torn_move;
		ops.submit = submit_noted;
	}
	if (in->plant == PLANT_BARE_QUEUE)
		ops.append = append_bare;
	if (in->plant == PLANT_LOST_DELETE)
		ops.append = append_but_delete;
	if (in->plant == PLANT_FORGOTTEN_ACKS)
		ops.survey = survey_nothing;
	in->log->ops = &ops;
	disk_sim_lie(in->disk, in->plant == PLANT_LYING_SYNC, in->plant == PLANT_SWALLOWED_FAULT);
}

/* ---- the broker ---- */

static bool open_log(struct inside *in, struct buf *why)
{
	if (!in->disk)
		in->disk = disk_sim_new(1, 0);
	struct log_file_options o = { .disk = in->disk, .segment_bytes = in->segment_bytes,
		                          .window_bytes = in->options.window_bytes,
		                          .entropy = 1, .sync = true };
	int error = in->disk->ops->lock(in->disk);
	if (!error)
		error = log_file_open(&in->log, &o, why);
	if (error)
		buf_printf(why, " (log: %s)", strerror(-error));
	in->options.log = in->log;
	if (!error && in->plant)
		plant(in);
	return !error;
}

static void end(struct inside *in)
{
	while (!list_empty(&in->peers))
		inside_hang_up(list_entry(in->peers.next, struct inside_peer, link));
	if (in->broker)
		broker_free(in->broker);
	if (in->disk)
		in->disk->ops->destroy(in->disk);
	in->broker = NULL;
	in->log = NULL;
	in->options.log = NULL;
	in->held = false;
}

bool inside_start(struct inside *in, struct buf *why)
{
	if (in->durable && !open_log(in, why)) {
		end(in);
		return false;
	}
	in->options.wall_ms = in->now_ms + (uint64_t)in->ahead_ms;   /* goes on without a broker */
	in->broker = broker_new(&in->options, in->now_ms);
	bool ok = broker_recover(in->broker, why) == 0;
	if (!ok)
		end(in);
	return ok;
}

void inside_stop(struct inside *in)
{
	end(in);
}

/* From here on the disk takes nothing, so that what the broker does while it is freed is lost. */
void inside_crash(struct inside *in, enum disk_sim_loss loss)
{
	must(in->durable);
	if (!disk_sim_is_down(in->disk))
		disk_sim_crash_at(in->disk, disk_sim_operations(in->disk) + 1);
	end(in);
	disk_sim_reboot(in->disk, loss);
}

void inside_forget(struct inside *in)
{
	if (in->disk)
		disk_sim_free(in->disk);
	in->disk = NULL;
}

/* ---- one peer ---- */

static void collect(struct inside_peer *p)
{
	struct outbox *o = connection_outbox(p->connection);
	struct slice s[SLICES];
	for (size_t n; (n = outbox_front(o, s, SLICES));) {
		size_t sent = 0;
		for (size_t i = 0; i < n; i++) {
			buf_append_slice(&p->output, s[i]);
			sent += s[i].n;
		}
		connection_sent(p->connection, sent);
	}
}

static void let_go(struct inside_peer *p)
{
	connection_lost(p->connection, p->in->now_ms);
	p->connection = NULL;
	p->gone = true;
	list_remove(&p->link);
	buf_clear(&p->input);
}

static void serve(struct inside_peer *p)
{
	enum connection_wish wish = connection_wish(p->connection);
	if (p->deaf && wish != CONNECTION_WANTS_DROP)
		return;
	if (wish != CONNECTION_WANTS_DROP)
		collect(p);
	p->dropped = wish == CONNECTION_WANTS_DROP;
	if (wish != CONNECTION_GOES_ON)
		let_go(p);
}

static bool take_header(struct inside_peer *p)
{
	if (p->input.len < 8)
		return false;
	connection_header(p->connection, slice_of(p->input.p, 8), p->in->now_ms);
	buf_consume(&p->input, 8);
	return true;
}

static bool take_batch(struct inside_peer *p)
{
	struct frame frames[BATCH];
	struct slice in = buf_slice(&p->input);
	size_t n = 0, max = connection_batch_max(p->connection);
	uint32_t limit = connection_max_payload(p->connection);
	enum frame_result r = FRAME_MORE;
	while (n < max && n < BATCH && (r = frame_next(&in, limit, &frames[n], NULL)) == FRAME_OK)
		n++;
	bool bad = r != FRAME_OK && r != FRAME_MORE && n < BATCH;
	struct frame last = bad ? frames[n] : (struct frame){ 0 };
	size_t taken = n ? connection_frames(p->connection, frames, n, p->in->now_ms) : 0;
	if (taken < n) {
		buf_consume(&p->input, (size_t)(frames[taken].payload.p - p->input.p) - FRAME_HEAD_BYTES);
		return true;
	}
	if (bad)
		connection_bad_frame(p->connection, r, &last, p->in->now_ms);
	buf_consume(&p->input, bad ? p->input.len : p->input.len - in.n);
	return n || bad;
}

static bool take_input(struct inside_peer *p)
{
	if (!p->connection || !p->input.len || !connection_wants_input(p->connection))
		return false;
	return connection_wants_header(p->connection) ? take_header(p) : take_batch(p);
}

static bool take_all_input(struct inside *in)
{
	bool moved = false;
	list_each(it, &in->peers)
		moved |= take_input(list_entry(it, struct inside_peer, link));
	return moved;
}

/* Turns until nobody has anything to do at this time. */
static void settle(struct inside *in)
{
	for (int i = 0; i < RESTLESS_TURNS; i++) {
		bool moved = take_all_input(in);
		broker_turn(in->broker, in->now_ms);
		for (struct connection *c; (c = broker_next_dirty(in->broker)); moved = true)
			serve(connection_owner(c));
		while (in->log && !in->held && log_file_step(in->log))
			moved = true;
		if (in->disk && disk_sim_is_down(in->disk))
			return;
		if (!moved && (in->held || broker_deadline(in->broker) > in->now_ms)) {
			if (in->log)
				log_file_backup_step(in->log);   /* the slowest of all threads */
			return;
		}
	}
	in->stuck = true;
}

void inside_let_go(struct inside *in)
{
	in->held = false;
	settle(in);
}

void inside_dial(struct inside *in, struct inside_peer *p, bool loopback)
{
	struct peer peer = { .name = loopback ? "127.0.0.1:50000 -> 127.0.0.1:5672"
		                                  : "192.0.2.7:50000 -> 192.0.2.1:5672",
		                 .loopback = loopback };
	*p = (struct inside_peer){ .in = in };
	p->connection = connection_new(in->broker, &peer, p, in->now_ms);
	list_push(&in->peers, &p->link);
	settle(in);
}

void inside_feed(struct inside_peer *p, struct slice bytes)
{
	if (p->gone || !p->in)
		return;
	buf_append_slice(&p->input, bytes);
	connection_received(p->connection, bytes.n);
	if (connection_wants_input(p->connection))
		connection_heard(p->connection, p->in->now_ms);
	settle(p->in);
}

void inside_hang_up(struct inside_peer *p)
{
	if (!p->connection)
		return;
	struct inside *in = p->in;
	let_go(p);
	settle(in);
}

void inside_set_deaf(struct inside_peer *p, bool deaf)
{
	p->deaf = deaf;
	if (!deaf && p->connection)
		serve(p);
	settle(p->in);
}

void inside_peer_free(struct inside_peer *p)
{
	buf_free(&p->input);
	buf_free(&p->output);
}

void inside_pass(struct inside *in, uint64_t ms)
{
	uint64_t until = in->now_ms + ms;
	while (!in->stuck && broker_deadline(in->broker) <= until) {
		uint64_t at = broker_deadline(in->broker);
		in->now_ms = at > in->now_ms ? at : in->now_ms;
		settle(in);
	}
	in->now_ms = until;
	settle(in);
}

size_t inside_memory(void)
{
	return mallinfo2().uordblks + slab_bytes();
}
