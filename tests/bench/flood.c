/* SPDX-License-Identifier: Apache-2.0 */
/* A load generator that is cheaper than the broker it measures: publishes are encoded once and
 * sent again and again with only their sequence number patched, and what comes back is walked
 * frame by frame without being decoded further than needed.  One thread, poll(2), loopback.
 *
 * It checks what it measures: each publisher's messages arrive in order and once, delivery tags
 * ascend, every confirm belongs to a publish.  Figures are printed as one line of key=value. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "amqp/frame.h"
#include "amqp/method.h"
#include "amqp/props.h"
#include "base/buf.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"

enum { MAX_PEERS = 256, BATCH = 256, READ_BYTES = 1 << 20 };

static struct {
	uint16_t port;
	double seconds;
	uint32_t size, window, prefetch, ack_every;
	int publishers, consumers;
	bool durable, confirm, autoack;
} options = { .port = 5672, .seconds = 5, .size = 16, .window = 4000, .prefetch = 2000,
	          .ack_every = 100, .publishers = 1, .consumers = 1, .autoack = true };

struct peer {
	int fd;
	bool publishes;
	uint32_t number;
	struct buf in;             /* bytes not yet walked */
	struct buf out;            /* being sent */
	size_t sent;
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

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

_Noreturn static void give_up(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- blocking conversation for the set-up ---- */

static void send_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n <= 0)
			give_up("write");
		slice_take(&s, (size_t)n);
	}
}

/* Waits for a method and fails on any close. */
static void expect(struct peer *p, uint32_t id)
{
	for (;;) {
		struct slice in = buf_slice(&p->in);
		struct frame f;
		if (frame_next(&in, 0, &f, NULL) == FRAME_OK) {
			struct method m;
			enum method_result r = f.type == FRAME_METHOD ? method_decode(f.payload, &m) : METHOD_SHORT;
			if (r == METHOD_OK && m.id != id && (m.id == METHOD_connection_close || m.id == METHOD_channel_close)) {
				fprintf(stderr, "flood: refused: %.*s\n", SLICE_ARG(m.connection_close.reply_text));
				exit(1);
			}
			buf_consume(&p->in, p->in.len - in.n);
			if (r == METHOD_OK && m.id == id)
				return;
			continue;
		}
		ssize_t n = read(p->fd, buf_reserve(&p->in, 65536), 65536);
		if (n <= 0)
			give_up("closed by the broker");
		p->in.len += (size_t)n;
	}
}

static void call(struct peer *p, uint16_t channel, const struct method *m, uint32_t answer)
{
	struct buf b = { 0 };
	method_encode(&b, channel, m);
	send_all(p->fd, buf_slice(&b));
	buf_free(&b);
	if (answer)
		expect(p, answer);
}

static void handshake(struct peer *p)
{
	send_all(p->fd, slice_of("AMQP\0\0\x09\x01", 8));
	expect(p, METHOD_connection_start);
	call(p, 0, &(struct method){ .id = METHOD_connection_start_ok,
	     .connection_start_ok = { .mechanism = slice_str("PLAIN"),
	     .response = slice_of("\0guest\0guest", 12), .locale = slice_str("en_US") } },
	     METHOD_connection_tune);
	call(p, 0, &(struct method){ .id = METHOD_connection_tune_ok,
	     .connection_tune_ok = { 2047, 131072, 0, 0 } }, 0);
	call(p, 0, &(struct method){ .id = METHOD_connection_open,
	     .connection_open = { .virtual_host = slice_str("/") } }, METHOD_connection_open_ok);
	call(p, 1, &(struct method){ .id = METHOD_channel_open }, METHOD_channel_open_ok);
}

static struct peer *dial(bool publishes)
{
	struct peer *p = &peers[n_peers++];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(options.port),
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;
	p->publishes = publishes;
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof to))
		give_up("connect");
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	handshake(p);
	return p;
}

static void declare(struct peer *p)
{
	struct slice name = slice_str("flood");
	call(p, 1, &(struct method){ .id = METHOD_queue_delete, .queue_delete = { .queue = name } },
	     METHOD_queue_delete_ok);
	call(p, 1, &(struct method){ .id = METHOD_queue_declare,
	     .queue_declare = { .queue = name, .durable = options.durable } }, METHOD_queue_declare_ok);
}

static void start_publisher(struct peer *p)
{
	if (options.confirm)
		call(p, 1, &(struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok);
	p->sent_at_us = mem_zalloc(options.window * sizeof *p->sent_at_us);
}

static void start_consumer(struct peer *p)
{
	if (!options.autoack)
		call(p, 1, &(struct method){ .id = METHOD_basic_qos,
		     .basic_qos = { .prefetch_count = (uint16_t)options.prefetch } }, METHOD_basic_qos_ok);
	call(p, 1, &(struct method){ .id = METHOD_basic_consume,
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
	buf_clear(&p->out);
	p->sent = 0;
	buf_append(&p->out, template.p, n * message_bytes);
	uint64_t now = options.confirm ? now_us() : 0;
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *at = p->out.p + i * message_bytes + sequence_at;
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
	uint64_t now = now_us();
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
	method_encode(&p->out, 1, &(struct method){ .id = METHOD_basic_ack,
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
	struct slice in = buf_slice(&p->in);
	struct frame f;
	while (frame_next(&in, 0, &f, NULL) == FRAME_OK) {
		if (f.type == FRAME_METHOD)
			on_method(p, f.payload);
		else if (f.type == FRAME_BODY)
			on_body(p, f.payload);
	}
	buf_consume(&p->in, p->in.len - in.n);
	if (!p->publishes && !options.autoack && p->last_tag - p->acked >= options.ack_every)
		ack(p);
}

static void readable(struct peer *p)
{
	ssize_t n = read(p->fd, buf_reserve(&p->in, READ_BYTES), READ_BYTES);
	if (n == 0)
		give_up("closed by the broker");
	if (n < 0 && errno != EAGAIN)
		give_up("read");
	p->in.len += n > 0 ? (size_t)n : 0;
	walk(p);
}

static void writable(struct peer *p)
{
	if (p->publishes && p->sent == p->out.len)
		refill(p);
	if (p->sent == p->out.len)
		return;
	ssize_t n = write(p->fd, p->out.p + p->sent, p->out.len - p->sent);
	if (n < 0 && errno != EAGAIN)
		give_up("write");
	p->sent += n > 0 ? (size_t)n : 0;
	if (p->sent == p->out.len && !p->publishes) {
		buf_clear(&p->out);
		p->sent = 0;
	}
}

static bool wants_to_write(const struct peer *p)
{
	if (p->sent < p->out.len)
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
	for (int i = 0; i < n_peers; i++)
		fds[i] = (struct pollfd){ peers[i].fd, (short)(POLLIN | (wants_to_write(&peers[i]) ? POLLOUT : 0)), 0 };
	if (poll(fds, (nfds_t)n_peers, 100) < 0 && errno != EINTR)
		give_up("poll");
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
	uint64_t begin = now_us(), end = begin + (uint64_t)(options.seconds * 1e6);
	for (int i = 0; i < n_peers; i++)
		fcntl(peers[i].fd, F_SETFL, O_NONBLOCK);
	while (now_us() < end)
		turn();
	uint64_t published = total(false), delivered = total(true);
	double seconds = (double)(now_us() - begin) / 1e6;
	stopping = true;
	for (uint64_t limit = now_us() + 20000000; !all_back() && now_us() < limit;)
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
