/* SPDX-License-Identifier: Apache-2.0 */
/* What a broker costs when it does nothing: how soon it is ready, its memory at rest, the memory
 * of each connection that has moved a megabyte and then rests, and how fast it stops with many
 * connections open.  Prints one line of key=value; judges nothing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/wire/wire.h"

enum { STARTS = 20, PIECE = 65536, PIECES = 16, REST_S = 5, LOOKS_MOST = 60,
       STOP_CONNECTIONS = 1000 };

static struct {
	const char *broker, *data;
	const char *tls;             /* folder of server.pem and server.key; NULL: in the clear */
	uint16_t port;
	uint32_t connections;
} options = { .broker = "build/leveret", .data = "build/idle-data", .port = 5698,
	          .connections = 10000 };

static struct wire *wires;
static pid_t broker;
static int broker_log = -1;   /* a pipe: the broker stands still when nobody reads it */

struct memory {
	uint64_t resident, private;   /* bytes */
};

_Noreturn static void give_up(const char *what)
{
	fprintf(stderr, "idle: %s\n", what);
	if (broker > 0)
		kill(broker, SIGKILL);
	exit(1);
}

_Noreturn static void become_broker(void)
{
	char listen[40], data[512], cert[512], key[512];
	const char *none = "listeners.tcp.none=none", *in = options.tls;
	snprintf(listen, sizeof listen, "listeners.%s.1=127.0.0.1:%u", in ? "ssl" : "tcp",
	         options.port);
	snprintf(data, sizeof data, "data_dir=%s", options.data);
	snprintf(cert, sizeof cert, "ssl_options.certfile=%s/server.pem", in ? in : "");
	snprintf(key, sizeof key, "ssl_options.keyfile=%s/server.key", in ? in : "");
	execl(options.broker, options.broker, listen, none, data, "log.console.level=info",
	      in ? cert : NULL, key, (char *)NULL);
	_exit(127);
}

/* Returns the microseconds from fork to the line that says ready. */
static uint64_t start(void)
{
	char text[8192] = "";
	int log[2];
	must(pipe2(log, O_CLOEXEC) == 0);
	uint64_t began = wire_now_us();
	broker = fork();
	if (broker == 0) {
		dup2(log[1], 2);
		become_broker();
	}
	close(log[1]);
	for (size_t n = 0; !strstr(text, " ready"); text[n] = 0) {
		ssize_t got = read(log[0], text + n, sizeof text - 1 - n);
		if (got <= 0)
			give_up("the broker does not start");
		n += (size_t)got;
	}
	uint64_t took = wire_now_us() - began;
	broker_log = log[0];
	fcntl(broker_log, F_SETFL, O_NONBLOCK);
	return took;
}

/* Throws away what the broker has said; false when it has hung up. */
static bool drain_log(void)
{
	char text[8192];
	ssize_t n;
	while ((n = read(broker_log, text, sizeof text)) > 0)
		;
	return n < 0 && errno == EAGAIN;
}

static void wait_for_end(void)
{
	int status;
	while (drain_log())
		poll(&(struct pollfd){ broker_log, POLLIN, 0 }, 1, 1000);
	close(broker_log);
	waitpid(broker, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		give_up("the broker did not stop cleanly");
	broker = 0;
}

static struct memory memory_of_broker(void)
{
	char path[64], line[256];
	struct memory m = { 0, 0 };
	unsigned long kb;
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)broker);
	FILE *f = fopen(path, "r");
	if (!f)
		give_up("no smaps_rollup");
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "Rss: %lu", &kb) == 1)
			m.resident = kb * 1024;
		else if (sscanf(line, "Private_Clean: %lu", &kb) == 1 ||
		         sscanf(line, "Private_Dirty: %lu", &kb) == 1)
			m.private += kb * 1024;
	}
	fclose(f);
	return m;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static uint64_t median_start(void)
{
	uint64_t took[STARTS];
	for (int i = 0; i < STARTS; i++) {
		took[i] = start();
		kill(broker, SIGTERM);
		wait_for_end();
	}
	qsort(took, STARTS, sizeof *took, by_size);
	return took[STARTS / 2];
}

static void dial(struct wire *w)
{
	drain_log();
	if (!wire_open(w, options.port))
		give_up(w->why);
}

static void call(struct wire *w, const struct method *m, uint32_t answer)
{
	if (!wire_call(w, m, answer))
		give_up(w->why);
}

/* A megabyte in and out, and nothing left behind but the connection and its channel. */
static void move_a_megabyte(struct wire *w)
{
	static uint8_t body[PIECE];
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .routing_key = slice_str("idle") } };
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = slice_str("idle"), .no_ack = true } };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = PIECE };
	for (int i = 0; i < PIECES; i++) {
		struct buf b = { 0 };
		method_encode(&b, 1, &publish);
		size_t mark = frame_begin(&b, FRAME_HEADER, 1);
		props_encode(&b, &p);
		frame_end(&b, mark);
		frame_write(&b, FRAME_BODY, 1, slice_of(body, PIECE));
		buf_append_slice(&w->out, buf_slice(&b));
		buf_free(&b);
		while (w->out.len)
			if (!wire_write(w))
				give_up("publishing");
		call(w, &get, METHOD_basic_get_ok);
		while (w->in.len < PIECE)   /* header and body follow */
			if (!wire_read(w))
				give_up("consuming");
	}
	buf_free(&w->in);
	buf_free(&w->out);
}

/* Leaves the sockets open. */
static void fill(uint32_t n, bool traffic)
{
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("idle") } };
	for (uint32_t i = 0; i < n; i++) {
		dial(&wires[i]);
		if (i == 0)
			call(&wires[i], &declare, METHOD_queue_declare_ok);
		if (traffic)
			move_a_megabyte(&wires[i]);
		buf_free(&wires[i].in);
	}
}

static void answer_close(struct wire *w)
{
	struct method ok = { .id = METHOD_connection_close_ok };
	struct buf b = { 0 };
	method_encode(&b, 0, &ok);
	buf_append_slice(&w->out, buf_slice(&b));
	buf_free(&b);
	wire_read(w);
	wire_write(w);
	wire_close(w);
}

static uint64_t time_stop(uint32_t n)
{
	struct pollfd *fds = mem_alloc(n * sizeof *fds);
	uint64_t began = wire_now_us();
	uint32_t open = n;
	kill(broker, SIGTERM);
	while (open) {
		for (uint32_t i = 0; i < n; i++)
			fds[i] = (struct pollfd){ wires[i].fd, POLLIN, 0 };
		poll(fds, n, 100);
		drain_log();
		for (uint32_t i = 0; i < n; i++) {
			if (fds[i].fd >= 0 && fds[i].revents) {
				answer_close(&wires[i]);
				open--;
			}
		}
	}
	wait_for_end();
	mem_free(fds);
	return wire_now_us() - began;
}

/* Once it has given nothing back for some seconds; a busy machine gets there later. */
static struct memory memory_at_rest(void)
{
	struct memory least = memory_of_broker();
	for (int looks = 0, still = 0; still < REST_S && looks < LOOKS_MOST; looks++) {
		sleep(1);
		struct memory now = memory_of_broker();
		bool less = now.resident < least.resident;
		least = less ? now : least;
		still = less ? 0 : still + 1;
	}
	return least;
}

static void hang_up(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		wire_close(&wires[i]);
}

/* As many as both processes may open descriptors for. */
static uint32_t possible(uint32_t wanted)
{
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	uint32_t room = r.rlim_cur > 200 ? (uint32_t)r.rlim_cur - 200 : 1;
	return wanted < room ? wanted : room;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "connections=", 12) == 0)
			options.connections = (uint32_t)atoi(argv[i] + 12);
		else if (strncmp(argv[i], "port=", 5) == 0)
			options.port = (uint16_t)atoi(argv[i] + 5);
		else if (strncmp(argv[i], "data=", 5) == 0)
			options.data = argv[i] + 5;
		else if (strncmp(argv[i], "broker=", 7) == 0)
			options.broker = argv[i] + 7;
		else if (strncmp(argv[i], "tls=", 4) == 0)
			options.tls = argv[i] + 4;
		else {
			fprintf(stderr, "usage: idle [connections=N] [port=N] [data=DIR] [broker=FILE] "
			                "[tls=FOLDER OF CERTIFICATES]\n");
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	if (options.tls)
		wire_use_tls(true);
	uint32_t n = possible(options.connections);
	wires = mem_zalloc((n > STOP_CONNECTIONS ? n : STOP_CONNECTIONS) * sizeof *wires);
	uint64_t ready = median_start();
	start();
	sleep(1);
	struct memory rest = memory_of_broker();
	fill(n, true);
	struct memory full = memory_at_rest();
	hang_up(n);
	kill(broker, SIGTERM);
	wait_for_end();
	start();
	uint32_t at_stop = possible(STOP_CONNECTIONS);
	fill(at_stop, false);
	uint64_t stop = time_stop(at_stop);
	printf("ready_us=%llu idle_resident=%llu idle_private=%llu connections=%u "
	       "resident_per_connection=%lld private_per_connection=%lld "
	       "stop_connections=%u stop_us=%llu\n",
	       (unsigned long long)ready, (unsigned long long)rest.resident,
	       (unsigned long long)rest.private, n,
	       ((long long)full.resident - (long long)rest.resident) / n,
	       ((long long)full.private - (long long)rest.private) / n, at_stop,
	       (unsigned long long)stop);
	mem_free(wires);
	return 0;
}
