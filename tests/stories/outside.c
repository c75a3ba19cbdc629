/* SPDX-License-Identifier: Apache-2.0 */
#include "outside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "tests/wire/wire.h"

enum { SPLIT_BYTES = 4096, READ_BYTES = 1 << 16, CLOCK_MAX_S = 10, BROOM_TRIES = 150,
       SETTLE_MS = 1000 };

int outside_dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return fd;
}

void outside_feed(int fd, struct slice bytes, bool split)
{
	for (size_t sent = 0; bytes.n;) {
		ssize_t n = send(fd, bytes.p, split && sent < SPLIT_BYTES ? 1 : bytes.n, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		slice_take(&bytes, (size_t)n);
		sent += (size_t)n;
	}
}

bool outside_take(int fd, struct buf *out, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	if (poll(&p, 1, wait_ms) <= 0)
		return true;
	ssize_t n;
	do {
		n = recv(fd, buf_reserve(out, READ_BYTES), READ_BYTES, MSG_DONTWAIT);
		out->len += n > 0 ? (size_t)n : 0;
	} while (n == READ_BYTES);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

void outside_sleep(uint64_t ms)
{
	if (!ms)
		return;
	struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

/* What the kernel has of the other end of a local connection: it is asked for that one alone, by
 * its ports. False when there is no answer. */
static bool ask(int diag, uint16_t mine, uint16_t port, struct inet_diag_msg *out)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} q = { .head = { .nlmsg_len = sizeof q,
		              .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		              .nlmsg_flags = NLM_F_REQUEST },
		    .body = { .sdiag_family = AF_INET,
		              .sdiag_protocol = IPPROTO_TCP,
		              .idiag_states = -1u,
		              .id = { .idiag_sport = htons(port),
		                      .idiag_dport = htons(mine),
		                      .idiag_src = { htonl(INADDR_LOOPBACK) },
		                      .idiag_dst = { htonl(INADDR_LOOPBACK) },
		                      .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } } };
	union {
		struct nlmsghdr head;
		char bytes[4096];
	} a;
	if (send(diag, &q, sizeof q, 0) != (ssize_t)sizeof q ||
	    recv(diag, &a, sizeof a, 0) < (ssize_t)NLMSG_LENGTH(sizeof *out) ||
	    a.head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	memcpy(out, NLMSG_DATA(&a.head), sizeof *out);
	return true;
}

/* True when the other end has read all, or is gone. */
static bool is_read(uint16_t mine, uint16_t port)
{
	struct inet_diag_msg m;
	int diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool there = ask(diag, mine, port, &m);
	close(diag);
	return !there || m.idiag_rqueue == 0;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void outside_settle(int fd, uint16_t port)
{
	uint64_t until = now_ms() + SETTLE_MS;
	struct sockaddr_in me = { .sin_port = 0 };
	socklen_t n = sizeof me;
	getsockname(fd, (struct sockaddr *)&me, &n);
	while (now_ms() < until && !is_read(ntohs(me.sin_port), port))
		outside_sleep(10);
	outside_sleep(10);
}

/* ---- which scenes ---- */

/* That a broker is to be durable, or to have little memory, can be taken for granted. */
static bool is_any_broker(const struct word *words, int n)
{
	bool any = !strcmp(words[0].value, "broker");
	for (int i = 1; i < n; i++)
		any = any && (words[i].key ? !strcmp(words[i].key, "message_memory_bytes") ||
		                                 !strcmp(words[i].key, "index_page_entries")
		                           : !strcmp(words[i].value, "durable"));
	return any;
}

static bool word_is_of_inside(const struct word *words, int n)
{
	static const char *const inside[] = { "broker",   "disk",     "memory", "mutations", "restart",
		                                  "killed",   "blackout", "shutdown", "ctl" };
	static const char *const verbs[] = { "far", "stops-reading" };
	if (is_any_broker(words, n))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		if (!strcmp(words[0].value, inside[i]))
			return true;
	for (int w = 1; w < n; w++)
		for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
			if (!words[w].key && !strcmp(words[w].value, verbs[i]))
				return true;
	return false;
}

static uint64_t step_ms(const char *by)
{
	return (uint64_t)(strtod(by, NULL) * (strstr(by, "ms") ? 1 : 1000));
}

static bool is_a_step(const struct word *words, int n)
{
	return n == 2 && !strcmp(words[0].value, "clock");
}

/* How long the scene sleeps, in milliseconds; UINT64_MAX when it needs the inside. */
static uint64_t sleeps(const struct script *s, int from, int to)
{
	struct word words[WORDS_MAX];
	uint64_t all = 0, times = 1;
	for (int i = from; i < to; i++) {
		char *line = strdup(s->lines[i]);
		int n = words_cut(line, words);
		bool repeat = n == 2 && !strcmp(words[0].value, "repeat");
		if ((n > 0 && word_is_of_inside(words, n)) ||
		    (is_a_step(words, n) && step_ms(words[1].value) <= MOMENT_MS))
			all = UINT64_MAX;
		else if (repeat || (n == 1 && !strcmp(words[0].value, "end")))
			times = repeat ? strtoull(words[1].value, NULL, 10) : 1;
		else if (is_a_step(words, n) && all != UINT64_MAX)
			all += times * step_ms(words[1].value);
		free(line);
	}
	return all;
}

bool outside_can_play(const struct script *s, int from, int to)
{
	return sleeps(s, from, to) <= CLOCK_MAX_S * 1000;
}

bool outside_is_apart(const struct script *s, int from, int to)
{
	for (int i = from; i < to; i++)
		if (strstr(s->lines[i], "queue") || strstr(s->lines[i], "exchange"))
			return false;
	return sleeps(s, from, to) > 0;
}

/* ---- litter ---- */

void litter_note(struct litter *l, char what, struct slice name)
{
	if (name.n == 0 || name.n > 255 || (what == 'x' && name.n > 4 && !memcmp(name.p, "amq.", 4)))
		return;
	buf_u8(&l->names, (uint8_t)what);
	buf_u8(&l->names, (uint8_t)name.n);
	buf_append_slice(&l->names, name);
}

static bool delete_one(struct wire *w, char what, struct slice name)
{
	struct method m = { .id = METHOD_queue_delete, .queue_delete = { .queue = name } };
	if (what == 'x')
		m = (struct method){ .id = METHOD_exchange_delete,
			                 .exchange_delete = { .exchange = name } };
	return wire_call(w, &m, what == 'x' ? METHOD_exchange_delete_ok : METHOD_queue_delete_ok);
}

/* An exclusive queue is locked until the broker has noticed that its owner is gone. */
void litter_sweep(struct litter *l, uint16_t port)
{
	struct slice rest = buf_slice(&l->names);
	struct wire w = { .fd = -1 };
	for (int tries = 0; rest.n && tries < BROOM_TRIES; tries++) {
		if (w.fd < 0 && !wire_open(&w, port))
			break;
		if (delete_one(&w, (char)rest.p[0], slice_of(rest.p + 2, rest.p[1]))) {
			slice_take(&rest, 2u + rest.p[1]);
			tries = 0;
			continue;
		}
		wire_close(&w);
		outside_sleep(20);
	}
	wire_close(&w);
	buf_free(&l->names);
}
