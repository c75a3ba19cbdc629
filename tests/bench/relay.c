/* SPDX-License-Identifier: Apache-2.0 */
/* A broker that is none: one thread, epoll, just enough of the protocol for one publisher and one
 * consumer.  Each publish becomes a deliver on the spot; nothing is routed, queued or kept, a
 * confirm promises nothing.  It shows what the frames alone cost on this machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "amqp/method.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/wire/wire.h"

enum { READ_BYTES = 256 << 10, OUT_MAX = 4 << 20, EVENTS = 16, SHORTSTR_MAX = 255 };

struct peer {
	struct wire wire;
	bool greeted, confirms;
	uint64_t published, confirmed;
};

static struct peer *consumer;
static uint8_t tag[SHORTSTR_MAX];
static size_t tag_bytes;
static uint64_t next_tag;

static void say(struct peer *p, uint16_t channel, const struct method *m)
{
	method_encode(&p->wire.out, channel, m);
}

static void start_consumer(struct peer *p, const struct method *m)
{
	consumer = p;
	next_tag = 1;
	tag_bytes = m->basic_consume.consumer_tag.n;
	memcpy(tag, m->basic_consume.consumer_tag.p, tag_bytes);
	if (!m->basic_consume.no_wait)
		say(p, 1, &(struct method){ .id = METHOD_basic_consume_ok, .basic_consume_ok = {
		    .consumer_tag = slice_of(tag, tag_bytes) } });
}

/* Client's methods that are answered with one of the server's without much in it. */
static const struct { uint32_t asked, answer; } answers[] = {
	{ METHOD_connection_open, METHOD_connection_open_ok },
	{ METHOD_channel_open, METHOD_channel_open_ok },
	{ METHOD_queue_delete, METHOD_queue_delete_ok },
	{ METHOD_queue_declare, METHOD_queue_declare_ok },
	{ METHOD_exchange_delete, METHOD_exchange_delete_ok },
	{ METHOD_confirm_select, METHOD_confirm_select_ok },
	{ METHOD_basic_qos, METHOD_basic_qos_ok },
};

static void on_method(struct peer *p, const struct frame *f)
{
	struct method m;
	if (method_decode(f->payload, &m) != METHOD_OK)
		return;
	if (m.id == METHOD_connection_start_ok)
		say(p, 0, &(struct method){ .id = METHOD_connection_tune,
		    .connection_tune = { .channel_max = 2047, .frame_max = 131072 } });
	if (m.id == METHOD_basic_consume)
		start_consumer(p, &m);
	p->confirms |= m.id == METHOD_confirm_select;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (answers[i].asked == m.id)
			say(p, f->channel, &(struct method){ .id = answers[i].answer });
}

/* basic.publish is ticket u16, exchange, key, bits; deliver is tag, number, bit, exchange, key. */
static void relay_publish(struct peer *p, struct slice payload)
{
	size_t names = payload.n - 7, n = 4 + 1 + tag_bytes + 9 + names;
	p->published++;
	if (!consumer)
		return;
	uint8_t *at = buf_reserve(&consumer->wire.out, n + FRAME_OVERHEAD_BYTES);
	at[0] = FRAME_METHOD;
	put_be16(at + 1, 1);
	put_be32(at + 3, (uint32_t)n);
	put_be32(at + 7, METHOD_basic_deliver);
	at[11] = (uint8_t)tag_bytes;
	memcpy(at + 12, tag, tag_bytes);
	put_be64(at + 12 + tag_bytes, next_tag++);
	at[20 + tag_bytes] = 0;
	memcpy(at + 21 + tag_bytes, payload.p + 6, names);
	at[FRAME_HEAD_BYTES + n] = FRAME_END;
	consumer->wire.out.len += n + FRAME_OVERHEAD_BYTES;
}

static void relay_content(const struct frame *f)
{
	if (consumer)
		buf_append(&consumer->wire.out, f->payload.p - FRAME_HEAD_BYTES,
		           f->payload.n + FRAME_OVERHEAD_BYTES);
}

static void on_frame(struct peer *p, const struct frame *f)
{
	if (f->type == FRAME_HEADER || f->type == FRAME_BODY)
		relay_content(f);
	else if (f->type == FRAME_METHOD && get_be32(f->payload.p) == METHOD_basic_publish)
		relay_publish(p, f->payload);
	else if (f->type == FRAME_METHOD && get_be32(f->payload.p) != METHOD_basic_ack)
		on_method(p, f);
}

static void greet(struct peer *p, struct slice *in)
{
	if (p->greeted || in->n < 8)
		return;
	slice_take(in, 8);
	p->greeted = true;
	say(p, 0, &(struct method){ .id = METHOD_connection_start, .connection_start = {
	    .version_minor = 9, .mechanisms = slice_str("PLAIN"), .locales = slice_str("en_US") } });
}

static void confirm(struct peer *p)
{
	if (p->confirms && p->confirmed < p->published)
		say(p, 1, &(struct method){ .id = METHOD_basic_ack,
		    .basic_ack = { .delivery_tag = p->confirmed = p->published, .multiple = true } });
}

static void hang_up(struct peer *p)
{
	consumer = consumer == p ? NULL : consumer;
	wire_close(&p->wire);
	mem_free(p);
}

static void flush(struct peer *p)
{
	wire_write(&p->wire);
}

static void serve(struct peer *p)
{
	if (consumer && p != consumer && consumer->wire.out.len > OUT_MAX) {
		flush(consumer);
		return;
	}
	if (!wire_read(&p->wire)) {
		hang_up(p);
		return;
	}
	struct slice in = buf_slice(&p->wire.in);
	greet(p, &in);
	for (struct frame f; p->greeted && wire_next(&in, &f);)
		on_frame(p, &f);
	wire_done(&p->wire, in);
	confirm(p);
	flush(p);
	if (consumer && p != consumer)
		flush(consumer);
}

static void take_in(int poll, int listener)
{
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	struct peer *p = mem_zalloc(sizeof *p);
	p->wire.fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	epoll_ctl(poll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ EPOLLIN, { .ptr = p } });
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                      .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "5672")) };
	struct epoll_event events[EVENTS];
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int poll = epoll_create1(EPOLL_CLOEXEC);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (void *)&at, sizeof at) || listen(listener, 64)) {
		perror("relay");
		return 1;
	}
	epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){ EPOLLIN, { .ptr = NULL } });
	fprintf(stderr, "relay ready: port %s\n", argc > 1 ? argv[1] : "5672");
	for (;;) {
		bool waiting = consumer && consumer->wire.out.len;
		int n = epoll_wait(poll, events, EVENTS, waiting ? 0 : -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr);
			else
				take_in(poll, listener);
		}
		if (consumer)
			flush(consumer);
	}
}
