/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kill/harness.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amqp/props.h"

enum { DIAL_US = 2000, PRINTED_MOST = 20 };

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

/* ---- messages ---- */

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
