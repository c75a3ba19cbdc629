/* SPDX-License-Identifier: Apache-2.0 */
/* A whole broker in memory and two peers who say anything.
 *
 * Input: flags (u8), then steps.  Flags: 1 logged in already, with channels 1 and 2 open; 2 the
 * broker has a log, is stopped at the end and started again; 4 the peers are far away.  A step is
 * a u8 whose low three bits say what it is and whose next two the channel:
 *   0 raw bytes (u8 length)    1, 2, 3 a method, header, body frame (u8 length of the payload)
 *   4 a heartbeat frame        5 time passes (u8, in 64 ms)
 *   6 the other peer goes on   7 this peer hangs up and comes again
 *
 * Whatever they say, the broker comes to rest, its structures hold, and what it answers are whole
 * frames with methods that a server may send. */
#include "amqp/frame.h"
#include "amqp/method.h"
#include "amqp/props.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/inside.h"

enum { LOGGED_IN = 1, DURABLE = 2, FAR_AWAY = 4, MAX_STEPS = 400, SEGMENT = 1 << 20 };

struct play {
	struct inside in;
	struct inside_peer peers[2];
	unsigned turn;           /* whose */
	uint8_t flags;
};

/* ---- what the broker says ---- */

/* A routing key comes back as it was published, which may be any bytes. */
static void check_method(struct slice payload)
{
	struct method m;
	enum method_result result = method_decode(payload, &m);
	must(result == METHOD_OK || (result == METHOD_BAD_UTF8 && method_info(m.id)->content));
	must(method_info(m.id)->sender & SENT_BY_SERVER);
}

static void check_frame(const struct frame *f)
{
	struct props p;
	if (f->type == FRAME_METHOD)
		check_method(f->payload);
	else if (f->type == FRAME_HEADER)
		must(f->channel != 0 && props_decode(f->payload, &p) && p.class_id == CLASS_BASIC);
	else if (f->type == FRAME_BODY)
		must(f->channel != 0 && f->payload.n > 0);
	else
		must(f->channel == 0 && f->payload.n == 0);
}

/* A broker that does not like the protocol header answers with its own. */
static void check_output(struct inside_peer *p)
{
	struct slice out = buf_slice(&p->output);
	struct frame f;
	if (slice_starts(out, "AMQP"))
		slice_take(&out, 8);
	while (out.n) {
		must(frame_next(&out, 0, &f, NULL) == FRAME_OK);
		check_frame(&f);
	}
	buf_clear(&p->output);
}

static void check_all(struct play *p)
{
	must(!p->in.stuck);
	check_output(&p->peers[0]);
	check_output(&p->peers[1]);
}

/* ---- what the peers say ---- */

static void say(struct inside_peer *p, const struct method *m, uint16_t channel)
{
	struct buf b = { 0 };
	method_encode(&b, channel, m);
	inside_feed(p, buf_slice(&b));
	buf_free(&b);
}

static void log_in(struct inside_peer *p)
{
	struct method start_ok = { .id = METHOD_connection_start_ok,
		                       .connection_start_ok = { .mechanism = slice_str("PLAIN"),
		                                                .response = slice_of("\0guest\0guest", 12),
		                                                .locale = slice_str("en_US") } };
	struct method tune_ok = { .id = METHOD_connection_tune_ok,
		                      .connection_tune_ok = { 2047, 8192, 10, 0 } };
	struct method open = { .id = METHOD_connection_open,
		                   .connection_open = { .virtual_host = slice_str("/") } };
	struct method channel = { .id = METHOD_channel_open };
	inside_feed(p, slice_of("AMQP\0\0\11\1", 8));
	say(p, &start_ok, 0);
	say(p, &tune_ok, 0);
	say(p, &open, 0);
	say(p, &channel, 1);
	say(p, &channel, 2);
}

static void arrive(struct play *p)
{
	struct inside_peer *peer = &p->peers[p->turn];
	inside_dial(&p->in, peer, !(p->flags & FAR_AWAY));
	if (p->flags & LOGGED_IN)
		log_in(peer);
}

static void leave(struct inside_peer *peer)
{
	inside_hang_up(peer);
	check_output(peer);
	inside_peer_free(peer);
	*peer = (struct inside_peer){ 0 };
}

static void send_frame(struct inside_peer *peer, uint8_t type, uint16_t channel, struct slice bytes)
{
	struct buf b = { 0 };
	frame_write(&b, type, channel, bytes);
	inside_feed(peer, buf_slice(&b));
	buf_free(&b);
}

static void step(struct play *p, struct slice *in)
{
	static const uint8_t types[] = { 0, FRAME_METHOD, FRAME_HEADER, FRAME_BODY };
	uint8_t what = fuzz_u8(in);
	struct inside_peer *peer = &p->peers[p->turn];
	switch (what & 7) {
	case 0: inside_feed(peer, fuzz_bytes(in, fuzz_u8(in))); break;
	case 1:
	case 2:
	case 3:
		send_frame(peer, types[what & 7], what >> 3 & 3, fuzz_bytes(in, fuzz_u8(in)));
		break;
	case 4: send_frame(peer, FRAME_HEARTBEAT, 0, slice_of(NULL, 0)); break;
	case 5: inside_pass(&p->in, fuzz_u8(in) * 64u); break;
	case 6:
		p->turn ^= 1;
		if (!p->peers[p->turn].in)
			arrive(p);
		break;
	default:
		leave(peer);
		arrive(p);
	}
}

/* ---- begin and end ---- */

static void begin(struct play *p)
{
	struct buf why = { 0 };
	inside_init(&p->in);
	p->in.durable = p->flags & DURABLE;
	p->in.segment_bytes = SEGMENT;
	must(inside_start(&p->in, &why));
	buf_free(&why);
	arrive(p);
}

static void end(struct play *p)
{
	struct buf why = { 0 };
	broker_check(p->in.broker);
	leave(&p->peers[0]);
	leave(&p->peers[1]);
	broker_check(p->in.broker);
	must(broker_is_empty(p->in.broker));
	inside_stop(&p->in);
	if (p->flags & DURABLE) {
		must(inside_start(&p->in, &why));
		broker_check(p->in.broker);
		inside_stop(&p->in);
	}
	inside_forget(&p->in);
	buf_free(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct play p = { .flags = fuzz_u8(&in) };
	begin(&p);
	for (int i = 0; in.n && i < MAX_STEPS; i++) {
		step(&p, &in);
		check_all(&p);
	}
	end(&p);
	return 0;
}
