/* SPDX-License-Identifier: Apache-2.0 */
/* Crash at every write.  A seeded script of operations is run once to the end, counting what it
 * does to the disk; then once for each of those operations and each kind of loss with the power
 * going at that point.  Half of the time the power goes again soon after the broker is back.  Once
 * more for each operation it fails instead, with EIO and with ENOSPC. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"
#include "base/map.h"
#include "base/mem.h"
#include "persistence/log.h"
#include "tests/sim/world.h"

enum { OPERATIONS = 300, SLICE_STRIDE = 7 };

static const char *const loss_names[DISK_SIM_LOSS_KINDS] = { "loses all", "keeps all", "tears",
	                                                         "reorders" };

static const char *const plant_names[PLANTS] = {
	"none", "a disk that lies about syncs", "a failed sync that is swallowed",
	"confirms before they are durable", "acks that go with their segment",
	"a segment that goes before its copies are durable",
	"a stream that shows what is not durable",
	"an offset that is written behind its transaction",
	"a replay in two steps", "a move in two steps",
	"a queue without what it retains", "a delete by hand that is not logged",
};

static enum plant planted;

struct tally {
	bool quiet;
	uint64_t passed, failed;
	uint64_t restarts;           /* of a broker on what a crash left, planted bugs apart */
	uint64_t stops;              /* faults that ended the log */
	uint64_t copied;             /* records copied forward in whole scripts */
};

static void complain(struct tally *t, const struct world *w, uint64_t at, int loss)
{
	t->failed++;
	if (t->quiet)
		return;
	printf("FAIL seed %llu, power off at disk operation %llu (%s), script at %u: %.*s\n",
	       (unsigned long long)w->seed, (unsigned long long)at,
	       loss < 0 ? "no crash" : loss_names[loss], w->operations, (int)w->why.len,
	       (const char *)w->why.p);
}

/* The script without a crash: how many disk operations, and that the log shrinks again. */
static uint64_t run_whole(struct tally *t, uint64_t seed)
{
	struct world *w = mem_alloc(sizeof *w);
	world_init(w, seed);
	w->in.plant = planted;
	w->checks_backups = true;
	world_begin(w);
	for (int i = 0; i < OPERATIONS && world_step(w); i++)
		;
	if (w->backs_up)
		printf("seed %llu: %u backups made meanwhile, every one opened\n", (unsigned long long)seed,
		       w->backups);
	uint64_t operations = disk_sim_operations(w->in.disk);
	struct log_stats s = { 0 };
	if (w->in.log)
		log_stats(w->in.log, &s);
	t->copied += s.copied;
	if (w->why.len == 0)
		world_drain(w);
	if (w->why.len)
		complain(t, w, 0, -1);
	else
		t->passed++;
	world_free(w);
	mem_free(w);
	return operations;
}

/* A second power cut at one of the next disk operations: in the recovery or soon after it. */
static void crash_again(struct world *w, uint64_t at)
{
	disk_sim_crash_at(w->in.disk, disk_sim_operations(w->in.disk) + 1 + at % 19);
	world_begin(w);
	for (int i = 0; i < 9 && w->why.len == 0 && !disk_sim_is_down(w->in.disk); i++)
		world_step(w);
	inside_crash(&w->in, (enum disk_sim_loss)(at / 19 % DISK_SIM_LOSS_KINDS));
}

static void run_crash(struct tally *t, uint64_t seed, uint64_t at, enum disk_sim_loss loss)
{
	struct world *w = mem_alloc(sizeof *w);
	world_init(w, seed);
	w->in.plant = planted;
	disk_sim_crash_at(w->in.disk, at);
	world_begin(w);
	for (int i = 0; i < OPERATIONS && w->why.len == 0 && !disk_sim_is_down(w->in.disk); i++)
		world_step(w);
	inside_crash(&w->in, loss);
	if (w->why.len == 0 && at % 2)
		crash_again(w, at / 2);
	if (w->why.len == 0 && world_verify(w))
		t->passed++;
	else
		complain(t, w, at, (int)loss);
	t->restarts += w->restarts + 1;
	world_free(w);
	mem_free(w);
}

/* One operation fails, none after it: the broker goes on, or stops and says so to its client, or
 * does not start.  Then the power goes, or the process alone, and half of the time the power again
 * soon after the next start: everything that was promised is there. */
static void run_fault(struct tally *t, uint64_t seed, uint64_t at, int error)
{
	enum disk_sim_loss loss = (enum disk_sim_loss)(at % DISK_SIM_LOSS_KINDS);
	struct world *w = mem_alloc(sizeof *w);
	world_init(w, seed);
	w->in.plant = planted;
	disk_sim_fault_at(w->in.disk, at, error);
	world_begin(w);
	for (int i = 0; i < OPERATIONS && world_goes_on(w); i++)
		world_step(w);
	world_check_end(w);
	t->stops += w->in.broker && broker_failed(w->in.broker);
	inside_crash(&w->in, loss);
	disk_sim_fault_at(w->in.disk, 0, 0);
	if (w->why.len == 0 && (at + error) % 2)
		crash_again(w, at / 2);
	if (w->why.len == 0 && world_verify(w)) {
		t->passed++;
	} else {
		buf_printf(&w->why, " (after %s)", strerror(error));
		complain(t, w, at, -1);
	}
	t->restarts += w->restarts + 1;
	world_free(w);
	mem_free(w);
}

static void run_seed(struct tally *t, uint64_t seed, uint64_t stride)
{
	uint64_t copied = t->copied, operations = run_whole(t, seed), stops = t->stops;
	for (uint64_t at = 1 + seed % stride; at <= operations && t->failed < 10; at += stride)
		for (int loss = 0; loss < DISK_SIM_LOSS_KINDS; loss++)
			run_crash(t, seed, at, (enum disk_sim_loss)loss);
	for (uint64_t at = 1 + seed % stride; at <= operations && t->failed < 10; at += stride) {
		run_fault(t, seed, at, EIO);
		run_fault(t, seed, at, ENOSPC);
	}
	printf("seed %llu: a script of %d operations, %llu disk operations, every %llu a crash point "
	       "and a fault; %llu faults ended the log; %llu records copied forward\n",
	       (unsigned long long)seed, OPERATIONS, (unsigned long long)operations,
	       (unsigned long long)stride, (unsigned long long)(t->stops - stops),
	       (unsigned long long)(t->copied - copied));
}

/* Crashes and faults along one script, until something is wrong. */
static void look_for_it(struct tally *t, uint64_t seed)
{
	for (uint64_t at = 40; at < 1600 && !t->failed; at += 7) {
		run_crash(t, seed, at, DISK_SIM_LOSES_ALL);
		run_fault(t, seed, at, EIO);
	}
}

/* In a process of its own: a bug may also end the broker.  Those of streams, and of queues that
 * retain, have to be found by what these show, where nothing is copied forward. */
static bool is_found(void)
{
	static const uint64_t all[][6] = { [PLANT_OF_SCRIPT] = { 2, 3, 7, 11, 15, 19 },
		                               [PLANT_OF_STREAMS] = { 4, 5, 8, 9, 12, 13 },
		                               [PLANT_OF_RETAINED] = { 13, 5, 4, 8, 9, 12 } };
	const uint64_t *seeds = all[plant_of(planted)];
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct tally t = { .quiet = true };
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		for (size_t i = 0; i < ARRAY_LEN(all[0]) && !t.failed; i++)
			look_for_it(&t, seeds[i]);
		_exit(t.failed != 0);
	}
	must(child > 0 && waitpid(child, &status, 0) == child);
	return status != 0;
}

/* Whoever checks is checked: each planted bug must be found. */
static void run_planted(struct tally *all)
{
	for (planted = PLANT_NONE + 1; planted < PLANTS; planted++) {
		bool found = is_found();
		printf("%s planted: %s\n", found ? "found" : "FAIL not found,", plant_names[planted]);
		all->passed += found;
		all->failed += !found;
	}
	planted = PLANT_NONE;
}

static void usage(void)
{
	fprintf(stderr, "usage: sim [--seed N] [--seeds COUNT] [--slice | --whole]\n"
	                "           [--at OPERATION LOSS | --fault OPERATION]\n"
	                "crashes a broker at every disk operation of a script and compares what is\n"
	                "left with what was promised; --at repeats one crash (LOSS 0 to 3),\n"
	                "--fault one fault, --whole crashes at none\n");
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, at = 0, fault = 0, stride = 1, seeds = 1;
	int loss = 0;
	bool whole = false;
	struct tally t = { 0 };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
			seeds = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--slice") == 0)
			stride = SLICE_STRIDE;
		else if (strcmp(argv[i], "--whole") == 0)
			whole = true;
		else if (strcmp(argv[i], "--at") == 0 && i + 2 < argc) {
			at = strtoull(argv[++i], NULL, 0);
			loss = atoi(argv[++i]);
		} else if (strcmp(argv[i], "--fault") == 0 && i + 1 < argc) {
			fault = strtoull(argv[++i], NULL, 0);
		} else {
			usage();
			return 2;
		}
	}
	map_seed(seed);
	if (at)
		run_crash(&t, seed, at, (enum disk_sim_loss)loss);
	if (fault) {
		run_fault(&t, seed, fault, EIO);
		run_fault(&t, seed, fault, ENOSPC);
	}
	if (!at && !fault && !whole)
		run_planted(&t);
	for (uint64_t i = 0; i < seeds && !at && !fault && !whole; i++)
		run_seed(&t, seed + i, stride);
	for (uint64_t i = 0; i < seeds && whole; i++)
		run_whole(&t, seed + i);
	printf("%llu recoveries\n", (unsigned long long)t.restarts);
	printf("passed %llu failed %llu sim\n", (unsigned long long)t.passed,
	       (unsigned long long)t.failed);
	return t.failed != 0;
}
