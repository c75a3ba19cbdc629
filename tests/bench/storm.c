/* SPDX-License-Identifier: Apache-2.0 */
/* What a restart of a broker brings: everybody comes back at once, logs in, opens a channel and
 * declares the queue again.  Several processes connect side by side and hold on until the last is
 * in.  Prints one line of key=value; judges nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/wire/wire.h"

static struct {
	uint32_t port, connections, workers, tls, resume;
} options = { 5672, 10000, 4, 0, 1 };

static const struct {
	const char *name;
	uint32_t *value;
} names[] = {
	{ "port=", &options.port },       { "connections=", &options.connections },
	{ "workers=", &options.workers }, { "tls=", &options.tls },
	{ "resume=", &options.resume },
};

static bool read_option(const char *argument)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t n = strlen(names[i].name);
		if (strncmp(argument, names[i].name, n) == 0) {
			*names[i].value = (uint32_t)atoi(argument + n);
			return true;
		}
	}
	return false;
}

static bool come_back(struct wire *w)
{
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("storm") } };
	bool in = wire_open(w, (uint16_t)options.port) &&
	          wire_call(w, &declare, METHOD_queue_declare_ok);
	if (!in)
		fprintf(stderr, "storm: %s\n", w->why);
	buf_free(&w->in);
	buf_free(&w->out);
	return in;
}

/* Says so when its connections are in, and hangs up when it is told. */
_Noreturn static void work(uint32_t n, int said, int told)
{
	struct wire *wires = mem_zalloc(n * sizeof *wires);
	char in = 1;
	for (uint32_t i = 0; i < n && in; i++)
		in = come_back(&wires[i]);
	ssize_t written = write(said, &in, 1), got = read(told, &in, 1);
	_exit(written == 1 && got == 0 && in ? 0 : 1);
}

static bool all_in(int said)
{
	char in = 1;
	for (uint32_t i = 0; i < options.workers && in; i++)
		if (read(said, &in, 1) != 1)
			in = 0;
	return in;
}

int main(int argc, char **argv)
{
	int said[2], told[2];
	struct rlimit r;
	for (int i = 1; i < argc; i++)
		if (!read_option(argv[i])) {
			fprintf(stderr, "usage: storm [port=N] [connections=N] [workers=N] [tls=1] "
			                "[resume=0]\n");
			return 2;
		}
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	if (options.tls)
		wire_use_tls(options.resume);
	if (!options.workers || pipe(said) || pipe(told))
		return 1;
	uint64_t began = wire_now_us();
	for (uint32_t i = 0; i < options.workers; i++)
		if (fork() == 0) {
			close(told[1]);
			work(options.connections / options.workers, said[1], told[0]);
		}
	close(said[1]);
	bool in = all_in(said[0]);
	uint64_t took = wire_now_us() - began;
	close(told[1]);
	while (wait(NULL) > 0)
		;
	if (!in)
		return 1;
	printf("connections=%u workers=%u storm_us=%llu\n", options.connections, options.workers,
	       (unsigned long long)took);
	return 0;
}
