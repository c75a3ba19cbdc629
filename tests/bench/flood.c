/* SPDX-License-Identifier: Apache-2.0 */
/* A load generator that is cheaper than the broker it measures: publishes are encoded once and
 * sent again and again with only their sequence number patched, and what comes back is walked
 * frame by frame without being decoded further than needed.  One thread, poll(2), loopback.
 *
 * It checks what it measures: each publisher's messages arrive in order and once, delivery tags
 * ascend, every confirm belongs to a publish.  Figures are printed as one line of key=value. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/wire/wire.h"

enum { MAX_PEERS = 256, BATCH = 256 };

static struct {
	uint16_t port;
	double seconds;
	uint32_t size, window, prefetch, ack_every;
	int publishers, consumers;
	bool durable, confirm, autoack;
} options = { .port = 5672, .seconds = 5, .size = 16, .window = 4000, .prefetch = 2000,
	          .ack_every = 100, .publishers = 1, .consumers = 1, .autoack = true };

struct peer {
	struct wire wire;
	bool publishes;
	uint32_t number;
	uint64_t published, confirmed, delivered, acked, last_tag;
	uint64_t *sent_at_us;      /* ring of options.window, for confirm latency */
};

static struct peer peers[MAX_PEERS];
static int n_peers;
static struct buf template;    /* BATCH publishes */
static size_t message_bytes, sequence_at;
static uint64_t next_expected[MAX_PEERS];
static uint64_t latency_us[1 << 16];
static bool stopping;

_Noreturn static void give_up(const struct peer *p, const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, p->wire.why[0] ? p->wire.why : strerror(errno));
	exit(1);
}

static void call(struct peer *p, const struct method *m, uint32_t answer)
{
	if (!wire_call(&p->wire, m, answer))
		give_up(p, method_info(m->id)->name);
}

static struct peer *dial(bool publishes)
{
	struct peer *p = &peers[n_peers++];
	p->publishes = publishes;
	if (!wire_open(&p->wire, options.port))
		give_up(p, "connecting");
	return p;
}

static void declare(struct peer *p)
{
	struct slice name = slice_str("flood");
	call(p, &(struct method){ .id = METHOD_queue_delete, .queue_delete = { .queue = name } },
	     METHOD_queue_delete_ok);
	call(p, &(struct method){ .id = METHOD_queue_declare,
	     .queue_declare = { .queue = name, .durable = options.durable } }, METHOD_queue_declare_ok);
}

static void start_publisher(struct peer *p)
{
	if (options.confirm)
		call(p, &(struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok);
	p->sent_at_us = mem_zalloc(options.window * sizeof *p->sent_at_us);
}

static void start_consumer(struct peer *p)
{
	if (!options.autoack)
		call(p, &(struct method){ .id = METHOD_basic_qos,
		     .basic_qos = { .prefetch_count = (uint16_t)options.prefetch } }, METHOD_basic_qos_ok);
	call(p, &(struct method){ .id = METHOD_basic_consume,
	     .basic_consume = { .queue = slice_str("flood"), .consumer_tag = slice_str("c"),
	     .no_ack = options.autoack } }, METHOD_basic_consume_ok);
}

/* ---- the template ---- */

/* Body: publisher u32, sequence u64, filler. */
static void make_template(void)
{
	struct buf header = { 0 }, body = { 0 };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = options.size,
		               .flags = PROP_delivery_mode, .delivery_mode = options.durable ? 2 : 1 };
	props_encode(&header, &p);
	memset(buf_reserve(&body, options.size), 'x', options.size);
	body.len = options.size;
	for (int i = 0; i < BATCH; i++) {
		method_encode(&template, 1, &(struct method){ .id = METHOD_basic_publish,
		              .basic_publish = { .routing_key = slice_str("flood") } });
		frame_write(&template, FRAME_HEADER, 1, buf_slice(&header));
		sequence_at = i ? sequence_at : template.len + FRAME_HEAD_BYTES;
		frame_write(&template, FRAME_BODY, 1, buf_slice(&body));
		message_bytes = i ? message_bytes : template.len;
	}
}

static void refill(struct peer *p)
{
	uint64_t in_flight = options.confirm ? p->published - p->confirmed : 0;
	uint64_t n = options.confirm ? options.window - in_flight : BATCH;
	n = n < BATCH ? n : BATCH;
	if (stopping || n == 0 || (options.confirm && n < BATCH && in_flight > options.window / 2))
		return;
	buf_clear(&p->wire.out);
	p->wire.sent = 0;
	buf_append(&p->wire.out, template.p, n * message_bytes);
	uint64_t now = options.confirm ? wire_now_us() : 0;
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *at = p->wire.out.p + i * message_bytes + sequence_at;
		put_be32(at, p->number);
		put_be64(at + 4, p->published);
		if (options.confirm)
			p->sent_at_us[p->published % options.window] = now;
		p->published++;
	}
}

/* ---- what comes back ---- */

static void note_latency(uint64_t us)
{
	latency_us[us < 65535 ? us : 65535]++;
}

static void on_confirm(struct peer *p, uint64_t tag, bool multiple)
{
	uint64_t now = wire_now_us();
	if (!multiple && tag != p->confirmed + 1)
		must_not_happen("a confirm out of order: only one kind of message is published");
	must(tag <= p->published && tag > p->confirmed);
	while (p->confirmed < tag)
		note_latency(now - p->sent_at_us[p->confirmed++ % options.window]);
}

static void on_body(struct peer *p, struct slice body)
{
	uint32_t from = get_be32(body.p);
	uint64_t sequence = get_be64(body.p + 4);
	must(from < MAX_PEERS);
	if (options.consumers == 1 && sequence != next_expected[from]) {
		fprintf(stderr, "flood: publisher %u: got %llu, expected %llu\n", from,
		        (unsigned long long)sequence, (unsigned long long)next_expected[from]);
		exit(1);
	}
	next_expected[from] = sequence + 1;
	p->delivered++;
}

static void ack(struct peer *p)
{
	method_encode(&p->wire.out, 1, &(struct method){ .id = METHOD_basic_ack,
	              .basic_ack = { .delivery_tag = p->last_tag, .multiple = true } });
	p->acked = p->last_tag;
}

static void on_method(struct peer *p, struct slice payload)
{
	uint32_t id = get_be32(payload.p);
	if (id == METHOD_basic_deliver) {
		size_t tag_bytes = payload.p[4];
		uint64_t tag = get_be64(payload.p + 5 + tag_bytes);
		must(tag == p->last_tag + 1);
		p->last_tag = tag;
	} else if (id == METHOD_basic_ack) {
		on_confirm(p, get_be64(payload.p + 4), payload.p[12] & 1);
	} else {
		struct method m;
		struct buf text = { 0 };
		method_decode(payload, &m);
		method_print(&text, &m);
		fprintf(stderr, "flood: unexpected %.*s\n", SLICE_ARG(buf_slice(&text)));
		exit(1);
	}
}

static void walk(struct peer *p)
{
	struct slice in = buf_slice(&p->wire.in);
	struct frame f;
	while (wire_next(&in, &f)) {
		if (f.type == FRAME_METHOD)
			on_method(p, f.payload);
		else if (f.type == FRAME_BODY)
			on_body(p, f.payload);
	}
	wire_done(&p->wire, in);
	if (!p->publishes && !options.autoack && p->last_tag - p->acked >= options.ack_every)
		ack(p);
}

static void readable(struct peer *p)
{
	if (!wire_read(&p->wire))
		give_up(p, "the broker hung up");
	walk(p);
}

static void writable(struct peer *p)
{
	if (p->publishes && p->wire.sent == p->wire.out.len)
		refill(p);
	if (!wire_write(&p->wire))
		give_up(p, "write");
}

static bool wants_to_write(const struct peer *p)
{
	if (p->wire.sent < p->wire.out.len)
		return true;
	return p->publishes && !stopping &&
	       (!options.confirm || p->published - p->confirmed <= options.window / 2);
}

static uint64_t total(bool delivered)
{
	uint64_t n = 0;
	for (int i = 0; i < n_peers; i++)
		n += delivered ? peers[i].delivered : peers[i].published;
	return n;
}

static bool all_back(void)
{
	for (int i = 0; i < n_peers; i++)
		if (options.confirm && peers[i].publishes && peers[i].confirmed < peers[i].published)
			return false;
	return options.consumers == 0 || total(true) == total(false);
}

static void turn(void)
{
	struct pollfd fds[MAX_PEERS];
	for (int i = 0; i < n_peers; i++) {
		short events = wants_to_write(&peers[i]) ? POLLIN | POLLOUT : POLLIN;
		fds[i] = (struct pollfd){ peers[i].wire.fd, events, 0 };
	}
	if (poll(fds, (nfds_t)n_peers, 100) < 0 && errno != EINTR)
		give_up(&peers[0], "poll");
	for (int i = 0; i < n_peers; i++) {
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			readable(&peers[i]);
		if (wants_to_write(&peers[i]) && (fds[i].revents & POLLOUT))
			writable(&peers[i]);
	}
}

/* ---- the report ---- */

static uint64_t percentile(double q)
{
	uint64_t all = 0, seen = 0;
	for (size_t i = 0; i < ARRAY_LEN(latency_us); i++)
		all += latency_us[i];
	for (size_t i = 0; i < ARRAY_LEN(latency_us); i++)
		if ((seen += latency_us[i]) > (uint64_t)(q * (double)all))
			return i;
	return 0;
}

static void report(double seconds, uint64_t published, uint64_t delivered)
{
	printf("size=%u publishers=%d consumers=%d durable=%d confirm=%d autoack=%d "
	       "published_per_s=%.0f delivered_per_s=%.0f",
	       options.size, options.publishers, options.consumers, options.durable, options.confirm,
	       options.autoack, (double)published / seconds, (double)delivered / seconds);
	if (options.confirm)
		printf(" confirm_p50_us=%llu confirm_p99_us=%llu", (unsigned long long)percentile(0.5),
		       (unsigned long long)percentile(0.99));
	printf("\n");
}

static void run(void)
{
	uint64_t begin = wire_now_us(), end = begin + (uint64_t)(options.seconds * 1e6);
	for (int i = 0; i < n_peers; i++)
		wire_unblock(&peers[i].wire);
	while (wire_now_us() < end)
		turn();
	uint64_t published = total(false), delivered = total(true);
	double seconds = (double)(wire_now_us() - begin) / 1e6;
	stopping = true;
	for (uint64_t limit = wire_now_us() + 20000000; !all_back() && wire_now_us() < limit;)
		turn();
	if (!all_back()) {
		fprintf(stderr, "flood: %llu published, %llu delivered\n", (unsigned long long)total(false),
		        (unsigned long long)total(true));
		exit(1);
	}
	report(seconds, published, delivered);
}

static void usage(void)
{
	printf("usage: flood [port=5672] [seconds=5] [size=16] [publishers=1] [consumers=1]\n"
	       "             [durable=0] [confirm=0] [autoack=1] [window=4000] [prefetch=2000]\n"
	       "             [ack_every=100]\n"
	       "Publishes to the queue 'flood' on 127.0.0.1 as fast as it goes, consumes it, checks\n"
	       "order and completeness, and prints messages a second. size is at least 12.\n");
}

static void option(const char *arg)
{
	double v = strchr(arg, '=') ? atof(strchr(arg, '=') + 1) : -1;
	struct slice key = slice_of(arg, strcspn(arg, "="));
	if (slice_is(key, "port")) options.port = (uint16_t)v;
	else if (slice_is(key, "seconds")) options.seconds = v;
	else if (slice_is(key, "size")) options.size = (uint32_t)v;
	else if (slice_is(key, "publishers")) options.publishers = (int)v;
	else if (slice_is(key, "consumers")) options.consumers = (int)v;
	else if (slice_is(key, "durable")) options.durable = v > 0;
	else if (slice_is(key, "confirm")) options.confirm = v > 0;
	else if (slice_is(key, "autoack")) options.autoack = v > 0;
	else if (slice_is(key, "window")) options.window = (uint32_t)v;
	else if (slice_is(key, "prefetch")) options.prefetch = (uint32_t)v;
	else if (slice_is(key, "ack_every")) options.ack_every = (uint32_t)v;
	else {
		usage();
		exit(slice_is(key, "--help") ? 0 : 2);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		option(argv[i]);
	if (options.size < 12 || options.window == 0 ||
	    options.publishers + options.consumers > MAX_PEERS || options.publishers < 1) {
		usage();
		return 2;
	}
	make_template();
	for (int i = 0; i < options.publishers; i++) {
		struct peer *p = dial(true);
		p->number = (uint32_t)i;
		if (i == 0)
			declare(p);
		start_publisher(p);
	}
	for (int i = 0; i < options.consumers; i++)
		start_consumer(dial(false));
	run();
	return 0;
}
