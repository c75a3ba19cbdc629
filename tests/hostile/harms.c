/* SPDX-License-Identifier: Apache-2.0 */
/* Each harm stands between two quiet moments and is measured against both: machines change their
 * pace.  All of them are gone through as often as there are runs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/siege.h"
#include "tests/hostile/words.h"

enum { QUIET_MS = 3000, HARM_MS = 5000, BEGIN_MS = 1500, REST_MS = 2500, RUNS_MAX = 99 };

#define LOGIN HEADER START_OK TUNE_OK OPEN CHANNEL_OPEN
#define DRIP { .n = 2000, .run = attack_drip, .bytes = HEADER START_OK, \
	           .n_bytes = sizeof(HEADER START_OK) - 1 }
#define FLOOD(once, over) { .n = 200, .run = attack_flood, .bytes = once, \
	                        .n_bytes = sizeof(once) - 1, .again = over, \
	                        .n_again = sizeof(over) - 1 }

enum ratio { P50, P99, MEAN, RATIOS };

static const char *const ratio_names[] = { "p50", "p99", "mean" };

static struct harm {
	const char *name;
	struct attack attacks[2];
	bool stories;
	const char *litter;      /* a queue */
	double ratios[RATIOS][RUNS_MAX];
	double longest_ms[RUNS_MAX];
	unsigned n;
} harms[] = {
	{ .name = "nothing" },
	{ .name = "all hostile stories over and over", .stories = true },
	{ .name = "2,000 that drip (slowloris)", .attacks = { DRIP } },
	{ .name = "200 that flood without a login, 2,000 that drip",
	  .attacks = { FLOOD(HEADER, "\0"), DRIP } },
	{ .name = "200 that flood heartbeats before the login",
	  .attacks = { FLOOD(HEADER, HEARTBEAT) } },
	{ .name = "200 that flood publishes, 2,000 that drip",
	  .attacks = { FLOOD(LOGIN, PUBLISH CONTENT_HEADER), DRIP } },
	{ .name = "200 that flood a queue nobody reads",
	  .attacks = { FLOOD(LOGIN DECLARE, PUBLISH CONTENT_HEADER) }, .litter = "abc" },
	{ .name = "dial and hang up",
	  .attacks = { { .n = 50, .run = attack_churn, .bytes = HEADER, .n_bytes = 8 } } },
	{ .name = "TLS handshakes, one after the other",
	  .attacks = { { .n = 50, .run = attack_greet, .bytes = "", .n_bytes = 0, .tls = true } } },
};

/* Over and over, in a process group that ends as one. */
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

static struct rounds suffer(const struct harm *h, const struct siege *s)
{
	int pids[2] = { 0 }, player = h->stories ? play_stories(s->stories) : 0;
	for (size_t i = 0; i < 2; i++)
		if (h->attacks[i].run)
			pids[i] = attack_begin(h->attacks[i], s);
	siege_pass_ms(BEGIN_MS);
	struct rounds r = good_run(HARM_MS);
	for (size_t i = 0; i < 2; i++)
		if (pids[i])
			attack_end(pids[i]);
	if (player && waitpid(player, NULL, WNOHANG) == player) {
		printf("FAIL the stories ended\n");
		exit(1);
	}
	if (player) {
		kill(-player, SIGKILL);
		waitpid(player, NULL, 0);
	}
	if (h->litter)
		good_delete(s->port, h->litter);
	siege_pass_ms(REST_MS);
	return r;
}

static void note(struct harm *h, struct rounds r, struct rounds before, struct rounds after)
{
	h->ratios[P50][h->n] = 2. * r.p50_us / (before.p50_us + after.p50_us);
	h->ratios[P99][h->n] = 2. * r.p99_us / (before.p99_us + after.p99_us);
	h->ratios[MEAN][h->n] = 2. * r.mean_us / (before.mean_us + after.mean_us);
	h->longest_ms[h->n] = r.max_us / 1e3;
	printf("%-48s p50 %5u us (%5.2f)  p99 %6u us (%5.2f)  mean %5u us (%5.2f)  longest %6u us  "
	       "%u of %u late\n",
	       h->name, r.p50_us, h->ratios[P50][h->n], r.p99_us, h->ratios[P99][h->n], r.mean_us,
	       h->ratios[MEAN][h->n], r.max_us, r.late, r.n);
	fflush(stdout);
	h->n++;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Sorts them: the first is the least, the last the most. */
static double median(double *all, unsigned n)
{
	qsort(all, n, sizeof *all, compare);
	return n % 2 ? all[n / 2] : (all[n / 2 - 1] + all[n / 2]) / 2;
}

static void tell(struct harm *h, FILE *table)
{
	printf("%-48s", h->name);
	for (int i = 0; i < RATIOS; i++) {
		double middle = median(h->ratios[i], h->n), *all = h->ratios[i];
		printf("  %5.2f (%4.2f to %5.2f)", middle, all[0], all[h->n - 1]);
		if (table)
			fprintf(table, "%s\t%s\t%.2f\t%.2f\t%.2f\t%u\n", h->name, ratio_names[i], middle,
			        all[0], all[h->n - 1], h->n);
	}
	double longest = median(h->longest_ms, h->n);
	printf("  %6.1f ms\n", longest);
	if (table)
		fprintf(table, "%s\tlongest_ms\t%.1f\t%.1f\t%.1f\t%u\n", h->name, longest,
		        h->longest_ms[0], h->longest_ms[h->n - 1], h->n);
}

static void tell_all(const struct siege *s)
{
	FILE *table = s->table ? fopen(s->table, "a") : NULL;
	printf("\nratios to quiet moments, the median of %u runs (least to most); the longest round\n"
	       "%-48s  %-21s  %-21s  %-21s\n",
	       s->runs, "", "p50", "p99", "mean");
	for (size_t i = 0; i < LENGTH(harms); i++)
		if (harms[i].n)
			tell(&harms[i], table);
	printf("\n");
	if (table)
		fclose(table);
}

void harms_measure(const struct siege *s)
{
	good_open(s->port);
	good_run(1000);
	struct rounds before = good_run(QUIET_MS);
	for (unsigned run = 0; run < s->runs && run < RUNS_MAX; run++)
		for (size_t i = 0; i < LENGTH(harms); i++) {
			if (!strstr(harms[i].name, s->only))
				continue;
			struct rounds r = suffer(&harms[i], s), after = good_run(QUIET_MS);
			note(&harms[i], r, before, after);
			before = after;
		}
	good_close();
	tell_all(s);
}
