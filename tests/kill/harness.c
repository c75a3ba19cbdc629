/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kill/harness.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/mem.h"

enum { DIAL_US = 2000, PRINTED_MOST = 20, LOOKED_AT = 8 };

static uint64_t dice_state;

static bool set_option(const char *arg, const struct option *all, size_t n)
{
	const char *value = strchr(arg, '=');
	for (size_t i = 0; value && i < n; i++) {
		if (!slice_is(slice_of(arg, (size_t)(value - arg)), all[i].name))
			continue;
		if (all[i].text)
			*all[i].text = value + 1;
		else
			*all[i].number = strtoull(value + 1, NULL, 0);
		return true;
	}
	return false;
}

bool options_read(int argc, char **argv, const struct option *all, size_t n)
{
	for (int i = 1; i < argc; i++)
		if (!set_option(argv[i], all, n))
			return false;
	return true;
}

void dice_begin(uint64_t *seed)
{
	if (*seed == 0)
		*seed = wire_now_us();
	dice_state = *seed * 0x9E3779B97F4A7C15u + 1;
}

uint64_t dice(uint64_t n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (dice_state >> 20) % n;
}

/* ---- the broker ---- */

static void exec_broker(const struct victim *v)
{
	char listen[40], data[512], segment[64], memory[64], command[1024];
	snprintf(listen, sizeof listen, "listeners.tcp.1=127.0.0.1:%u", (unsigned)v->port);
	snprintf(data, sizeof data, "data_dir=%s", v->data);
	snprintf(segment, sizeof segment, "log_segment_size=%s", v->segment);
	snprintf(memory, sizeof memory, "message_memory=%s", v->memory);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);   /* it does not outlive an interrupted run */
	if (v->preload[0])
		setenv("LD_PRELOAD", v->preload, 1);
	if (v->command) {
		snprintf(command, sizeof command, "exec %s > /dev/null 2>&1", v->command);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	}
	execl(v->broker, v->broker, listen, data, segment, memory, "log.console.level=error",
	      (char *)NULL);
	_exit(127);
}

void rounds_begin(struct victim *v, bool quiet, uint64_t *seed)
{
	v->quiet = quiet;
	dice_begin(seed);
	signal(SIGPIPE, SIG_IGN);
}

void victim_start(struct victim *v)
{
	fflush(stdout);
	v->pid = fork();
	if (v->pid == 0)
		exec_broker(v);
	setpgid(v->pid, v->pid);
}

void victim_kill(struct victim *v)
{
	if (!v->pid)
		return;
	kill(-v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
	v->pid = 0;
}

void victim_complain(struct victim *v, const char *format, ...)
{
	va_list args;
	if (v->failures++ > PRINTED_MOST || v->quiet)
		return;
	printf("FAIL kill %u: ", v->kills);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static bool has_ended(struct victim *v)
{
	if (v->pid && waitpid(v->pid, NULL, WNOHANG) == v->pid)
		v->pid = 0;
	return !v->pid;
}

bool victim_dial(struct victim *v, struct wire *w)
{
	uint64_t limit = wire_now_us() + v->patience_s * 1000000;
	while (!wire_open(w, (uint16_t)v->port)) {
		bool ended = has_ended(v);
		if (ended || wire_now_us() > limit) {
			victim_complain(v, ended ? "the broker has ended: %s" : "the broker does not start: %s",
			                w->why);
			return false;
		}
		wire_close(w);
		usleep(DIAL_US);
	}
	return true;
}

bool victim_round(struct victim *v, uint64_t load_ms, bool (*open)(void), bool (*move)(void))
{
	victim_start(v);
	bool ok = open();
	uint64_t until = wire_now_us() + 1000 * (20 + dice(load_ms + 1));
	while (ok && wire_now_us() < until)
		ok = move();
	if (!ok)
		victim_complain(v, "the broker hung up before it was killed");
	victim_kill(v);
	v->kills++;
	return ok;
}

/* ---- clients ---- */

bool harness_declare(struct wire *w, const char *name, struct slice arguments)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = {
							.queue = slice_str(name), .durable = true, .arguments = arguments } };
	return wire_call(w, &m, METHOD_queue_declare_ok);
}

/* Bodies above one frame do not occur. False when it is not yet whole. */
static bool hear_one(struct slice *rest, struct told *t)
{
	struct frame f, header, body;
	*t = (struct told){ 0 };
	if (!wire_next(rest, &f))
		return false;
	if (f.type != FRAME_METHOD || method_decode(f.payload, &t->method) != METHOD_OK)
		t->method.id = 0;
	if (t->method.id == 0 || !method_info(t->method.id)->content)
		return true;
	if (!wire_next(rest, &header) || !wire_next(rest, &body))
		return false;
	t->header = header.payload;
	t->body = body.payload;
	return true;
}

void harness_hear(struct wire *w, void (*note)(void *to, const struct told *t), void *to)
{
	struct slice rest = buf_slice(&w->in), before = rest;
	for (struct told t; before = rest, hear_one(&rest, &t);)
		note(to, &t);
	wire_done(w, before);
}

bool harness_look(struct wire *const *all, size_t n, void (*hear)(struct wire *w))
{
	struct pollfd fds[LOOKED_AT];
	must(n <= LOOKED_AT);
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ all[i]->fd, all[i]->out.len ? POLLIN | POLLOUT : POLLIN, 0 };
	poll(fds, n, 1);
	for (size_t i = 0; i < n; i++) {
		if (all[i]->fd < 0 || !(fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		if (!wire_read(all[i]))
			return false;
		hear(all[i]);
	}
	return true;
}

void harness_hang_up(struct wire *w, void (*hear)(struct wire *w))
{
	while (w->fd >= 0 && poll(&(struct pollfd){ w->fd, POLLIN, 0 }, 1, 0) > 0)
		if (!wire_read(w))
			break;
	hear(w);
	wire_close(w);
}

void *harness_grow(void *p, uint32_t n, uint32_t *room, size_t each)
{
	if (n < *room)
		return p;
	*room = *room ? 2 * *room : 65536;
	return mem_realloc(p, *room * each);
}

/* ---- messages ---- */

bool harness_numbers(struct slice body, unsigned n, uint32_t *out)
{
	for (unsigned i = 0; i < n; i++) {
		char text[9] = "";
		if (body.n < 8)
			return false;
		memcpy(text, slice_take(&body, 8).p, 8);
		if (sscanf(text, "%8x", &out[i]) != 1)
			return false;
	}
	return true;
}

bool harness_send(struct wire *w)
{
	while (w->out.len)
		if (!wire_write(w))
			return false;
	return true;
}

static void put_content(struct buf *out, const char *queue, const struct props *props,
                        struct slice body)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str(queue) } };
	method_encode(out, 1, &m);
	size_t mark = frame_begin(out, FRAME_HEADER, 1);
	props_encode(out, props);
	frame_end(out, mark);
	frame_write(out, FRAME_BODY, 1, body);
}

void harness_publish(struct buf *out, const char *queue, const char *expiration,
                     const char *label, size_t n)
{
	static char body[HARNESS_BODY_MOST + 1];
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = n, .flags = PROP_delivery_mode,
		                   .delivery_mode = 2 };
	if (expiration) {
		props.flags |= PROP_expiration;
		props.expiration = slice_str(expiration);
	}
	memset(body, 'x', sizeof body);
	memcpy(body, label, strlen(label));
	put_content(out, queue, &props, slice_of(body, n));
}

static const char last[] = "the last message";

enum heard { HEARD_MORE, HEARD_LAST, HEARD_CANCEL_OK };

static bool is_cancel_ok(const struct frame *f)
{
	struct method m;
	return f->type == FRAME_METHOD && method_decode(f->payload, &m) == METHOD_OK &&
	       m.id == METHOD_basic_cancel_ok;
}

/* Whether the last message was among them, or the answer to the cancel behind it. */
static enum heard note_contents(struct wire *w, void (*note)(void *to, const struct found *f),
                                void *to)
{
	struct slice rest = buf_slice(&w->in), before = rest;
	enum heard heard = HEARD_MORE;
	for (struct frame f, body; before = rest, wire_next(&rest, &f);) {
		struct props props;
		if (is_cancel_ok(&f))
			heard = HEARD_CANCEL_OK;
		if (f.type != FRAME_HEADER)
			continue;
		if (!wire_next(&rest, &body))
			break;
		if (slice_eq(body.payload, slice_of(last, sizeof last)))
			heard = HEARD_LAST;
		else if (props_decode(f.payload, &props))
			note(to, &(struct found){ props.headers, body.payload });
	}
	wire_done(w, before);
	return heard;
}

/* What comes behind the last message is on its way to nobody else: it is read, too. */
bool harness_gather(struct victim *v, const char *queue,
                    void (*note)(void *to, const struct found *f), void *to)
{
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = sizeof last };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str(queue), .no_ack = true,
		                                         .consumer_tag = slice_str("gather"),
		                                         .no_wait = true } };
	struct method cancel = { .id = METHOD_basic_cancel,
		                     .basic_cancel = { .consumer_tag = slice_str("gather") } };
	struct wire w;
	enum heard heard = HEARD_MORE;
	bool ok = victim_dial(v, &w);
	put_content(&w.out, queue, &props, slice_of(last, sizeof last));
	method_encode(&w.out, 1, &consume);
	ok = ok && harness_send(&w);
	while (ok && heard != HEARD_CANCEL_OK && (ok = wire_read(&w))) {
		heard = note_contents(&w, note, to);
		if (heard == HEARD_LAST) {
			method_encode(&w.out, 1, &cancel);
			ok = harness_send(&w);
		}
	}
	if (!ok)
		victim_complain(v, "%s could not be emptied", queue);
	wire_close(&w);
	return ok;
}
