/* SPDX-License-Identifier: Apache-2.0 */
/* What good clients and the broker's memory suffer while others mean harm.
 *
 * siege PORT BROKER_PID STORIES [memory]
 *     STORIES: a shell command that plays the hostile stories once, for as long as it takes.
 *     memory: only the ceilings, which are tests; else ratios to the quiet moments before and
 *     after, taken in the same run, which are figures. */
#include "tests/hostile/siege.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define BYTES(text) (text), sizeof(text) - 1
#define HEADER "AMQP\0\0\x09\x01"
#define START_OK \
	"\1\0\0\0\0\0\x24\0\x0a\0\x0b\0\0\0\0\5PLAIN\0\0\0\x0c\0guest\0guest\5en_US\xce"
#define TUNE_OK "\1\0\0\0\0\0\x0c\0\x0a\0\x1f\7\xff\0\2\0\0\0\0\xce"
#define OPEN "\1\0\0\0\0\0\x08\0\x0a\0\x28\1/\0\0\xce"
#define CHANNEL_OPEN "\1\0\1\0\0\0\5\0\x14\0\x0a\0\xce"
#define PUBLISH "\1\0\1\0\0\0\x0c\0\x3c\0\x28\0\0\0\3abc\0\xce"
#define CONTENT_HEADER "\2\0\1\0\0\0\x0e\0\x3c\0\0\0\0\0\0\0\0\0\0\0\0\xce"

enum { CEILING_BYTES = 16 << 20, QUIET_MS = 4000, HOLD_S = 4, HARM_MS = 8000 };

static int passed, failed;

static long resident_kb(int pid)
{
	char path[64], line[200];
	long kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "RssAnon: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

static void pass_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static const struct attack strangers[] = {
	{ "silent", 10000, attack_hold, BYTES(""), 0, 0 },
	{ "seven bytes of header", 10000, attack_hold, BYTES("AMQP\0\0\x09"), 0, 0 },
	{ "header, then silent", 10000, attack_hold, BYTES(HEADER), 0, 0 },
	{ "128 KiB announced", 10000, attack_hold, BYTES(HEADER "\1\0\0\0\2\0\0"), 60000, 0 },
	{ "a start-ok of 8 KiB less a byte", 10000, attack_hold,
	  BYTES(HEADER "\1\0\0\0\0\x20\0\0\x0a\0\x0b"), 8187, 0 },
	{ "a start-ok of 4 KiB that grows by a byte a second", 10000, attack_drip,
	  BYTES(HEADER "\1\0\0\0\0\x10\0\0\x0a\0\x0b"), 100, 0 },
};

/* The most that the broker took in the time, above what it had before all strangers. */
static void hold(const struct attack *a, uint16_t port, int broker, long before)
{
	long most = before;
	int pid = attack_begin(*a, port);
	for (int i = 0; i < HOLD_S * 20; i++) {
		pass_ms(50);
		long now = resident_kb(broker);
		most = now > most ? now : most;
	}
	attack_end(pid);
	bool ok = before > 0 && (most - before) * 1024 <= CEILING_BYTES;
	passed += ok;
	failed += !ok;
	printf("%s %d strangers, %s: %ld KiB, at most %d\n", ok ? "ok" : "FAIL", a->n, a->name,
	       most - before, CEILING_BYTES >> 10);
	fflush(stdout);
	pass_ms(2500);
}

static void tell(const char *what, struct rounds r, struct rounds quiet)
{
	printf("%-44s %6u rounds  p50 %6u us (%4.2f)  p99 %6u us (%4.2f)  mean %6u us (%4.2f)  "
	       "longest %6u us  %u late\n",
	       what, r.n, r.p50_us, (double)r.p50_us / quiet.p50_us, r.p99_us,
	       (double)r.p99_us / quiet.p99_us, r.mean_us, (double)r.mean_us / quiet.mean_us, r.max_us,
	       r.late);
	fflush(stdout);
}

/* The stories over and over, in a process group that ends as one. */
static int play_stories(const char *command)
{
	fflush(stdout);
	int pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int status = 0; status == 0;)
			status = system(command);
		_exit(1);
	}
	return pid;
}

static struct rounds under(const struct attack *attacks, size_t n, uint16_t port)
{
	int pids[8];
	for (size_t i = 0; i < n; i++)
		pids[i] = attack_begin(attacks[i], port);
	pass_ms(1500);
	struct rounds r = good_run(HARM_MS);
	for (size_t i = 0; i < n; i++)
		attack_end(pids[i]);
	pass_ms(2500);
	return r;
}

static const struct attack slow = { "2,000 that drip", 2000, attack_drip, BYTES(HEADER START_OK),
	                                0, 0 };

static const struct attack harms[][2] = {
	{ { "2,000 that drip (slowloris)", 2000, attack_drip, BYTES(HEADER START_OK), 0, 0 } },
	{ { "200 that flood without a login", 200, attack_flood, BYTES(HEADER), 1 << 20, 0 } },
	{ { "200 that flood heartbeats before the login", 200, attack_flood, BYTES(HEADER), 0, 0 } },
	{ { "200 that flood publishes", 200, attack_flood,
	    BYTES(HEADER START_OK TUNE_OK OPEN CHANNEL_OPEN), 0, 0 } },
	{ { "dial and hang up", 50, attack_churn, BYTES(HEADER), 0, 0 } },
};

static char flood_bytes[1 << 20];

/* As many of the frames as fit, behind what is sent first. */
static struct attack flooding(struct attack a, const char *frame, size_t n)
{
	size_t used = a.n_bytes;
	memcpy(flood_bytes, a.bytes, used);
	for (; used + n <= sizeof flood_bytes; used += n)
		memcpy(flood_bytes + used, frame, n);
	a.bytes = flood_bytes;
	a.n_bytes = (uint32_t)used;
	return a;
}

static void measure(uint16_t port, const char *stories)
{
	good_open(port);
	good_run(1000);
	struct rounds quiet = good_run(QUIET_MS);
	tell("quiet", quiet, quiet);
	int pid = play_stories(stories);
	pass_ms(500);
	struct rounds r = good_run(HARM_MS);
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tell("all hostile stories over and over", r, quiet);
	pass_ms(2000);
	for (size_t i = 0; i < LENGTH(harms); i++) {
		struct attack a[2] = { harms[i][0], slow };
		size_t n = 1;
		if (i == 2)
			a[0] = flooding(a[0], BYTES("\10\0\0\0\0\0\0\xce"));
		if (i == 3)
			a[0] = flooding(a[0], BYTES(PUBLISH CONTENT_HEADER));
		if (i == 1 || i == 3)
			n = 2;
		char what[100];
		snprintf(what, sizeof what, "%s%s", a[0].name, n == 2 ? ", and 2,000 that drip" : "");
		tell(what, under(a, n, port), quiet);
	}
	tell("quiet again", good_run(QUIET_MS), quiet);
	good_close();
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	uint16_t port = (uint16_t)atoi(argv[1]);
	int broker = atoi(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 4)
		measure(port, argv[3]);
	long before = resident_kb(broker);
	for (size_t i = 0; i < LENGTH(strangers); i++)
		hold(&strangers[i], port, broker, before);
	printf("passed %d failed %d siege\n", passed, failed);
	return failed > 0;
}
