/* SPDX-License-Identifier: Apache-2.0 */
/* The file engine on a real directory and on the disk that forgets.  Summaries are not looked at:
 * with them a scan gives one record for a whole segment, which log.h does not speak of. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/log_file.h"
#include "tests/contract/contract.h"
#include "tests/sim/disk_sim.h"

enum { SEGMENT = 1280 << 10, ROUNDS = 12 };

struct rig {
	struct disk *disk;
	unsigned round;
	char directory[48];          /* empty: simulated */
	bool locked;
};

static int open_log(struct rig *r, struct log **out, struct buf *why)
{
	struct log_file_options o = { .disk = r->disk, .segment_bytes = SEGMENT, .sync = true,
		                          .whole = true, .entropy = 42, .window_bytes = 2 << 20 };
	int error = r->locked ? 0 : r->disk->ops->lock(r->disk);
	if (error)
		return error;
	r->locked = true;
	return log_file_open(out, &o, why);
}

static void work(struct rig *r, struct log *l)
{
	(void)r;
	while (log_file_step(l))
		;
}

static void let_go(struct rig *r)
{
	if (r->locked)
		r->disk->ops->destroy(r->disk);
	r->locked = false;
}

/* ---- the simulated disk ---- */

static struct rig *make_simulated(unsigned round)
{
	struct rig *r = mem_zalloc(sizeof *r);
	r->round = round;
	r->disk = disk_sim_new(round + 1, 0);
	return r;
}

static void destroy_simulated(struct rig *r)
{
	let_go(r);
	disk_sim_free(r->disk);
	mem_free(r);
}

/* Nothing that the engine does while it is freed reaches the disk. */
static void reboot(struct rig *r, struct log *l, enum disk_sim_loss loss)
{
	if (!disk_sim_is_down(r->disk))
		disk_sim_crash_at(r->disk, disk_sim_operations(r->disk) + 1);
	r->disk->ops->sync_directory(r->disk);
	log_close(l);
	let_go(r);
	disk_sim_reboot(r->disk, loss);
}

static void cut_simulated(struct rig *r, struct log *l)
{
	reboot(r, l, (enum disk_sim_loss)(r->round % DISK_SIM_LOSS_KINDS));
}

static void tear_simulated(struct rig *r, struct log *l, uint64_t now_ms)
{
	log_submit(l, now_ms);
	disk_sim_crash_at(r->disk, disk_sim_operations(r->disk) + 1 + r->round / 4);
	work(r, l);
	reboot(r, l, (enum disk_sim_loss)(r->round % DISK_SIM_LOSS_KINDS));
}

static void fail_simulated(struct rig *r, struct log *l)
{
	(void)l;
	disk_sim_fail_sync(r->disk);
}

/* ---- a real directory ---- */

static struct rig *make_directory(unsigned round)
{
	struct rig *r = mem_zalloc(sizeof *r);
	r->round = round;
	strcpy(r->directory, "/tmp/leveret-contract-XXXXXX");
	must(mkdtemp(r->directory));
	r->disk = disk_posix_new(r->directory, true);
	return r;
}

static void path_of(char *out, size_t n, const char *directory, const char *name)
{
	must(snprintf(out, n, "%s/%s", directory, name) < (int)n);
}

static void each_file(const char *directory, void (*f)(void *to, const char *name), void *to)
{
	DIR *d = opendir(directory);
	must(d);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			f(to, e->d_name);
	closedir(d);
}

static void remove_one(void *to, const char *name)
{
	char path[128];
	path_of(path, sizeof path, to, name);
	must(unlink(path) == 0);
}

static void remove_directory(char *directory)
{
	each_file(directory, remove_one, directory);
	must(rmdir(directory) == 0);
}

static void destroy_directory(struct rig *r)
{
	r->disk->ops->destroy(r->disk);
	remove_directory(r->directory);
	mem_free(r);
}

struct copy {
	const char *from, *to;
};

static void copy_one(void *to, const char *name)
{
	const struct copy *c = to;
	char path[128];
	static uint8_t bytes[1 << 16];
	path_of(path, sizeof path, c->from, name);
	int in = open(path, O_RDONLY);
	path_of(path, sizeof path, c->to, name);
	int out = open(path, O_WRONLY | O_CREAT, 0600);
	must(in >= 0 && out >= 0);
	for (ssize_t n; (n = read(in, bytes, sizeof bytes)) != 0;)
		must(n > 0 && write(out, bytes, (size_t)n) == n);
	close(in);
	close(out);
}

/* The files as they are now are taken away before the engine can do anything about it. */
static void cut_directory(struct rig *r, struct log *l)
{
	char taken[sizeof r->directory] = "/tmp/leveret-contract-XXXXXX";
	must(mkdtemp(taken));
	each_file(r->directory, copy_one, &(struct copy){ r->directory, taken });
	log_close(l);
	r->disk->ops->destroy(r->disk);
	remove_directory(r->directory);
	strcpy(r->directory, taken);
	r->disk = disk_posix_new(r->directory, true);
	r->locked = false;
}

static void find_last(void *to, const char *name)
{
	char *last = to;
	if (name[0] == 'w' && strstr(name, ".seg") && strcmp(name, last) > 0)
		strcpy(last, name);
}

/* The batch is written, then a block in the middle of it is lost. */
static void tear_directory(struct rig *r, struct log *l, uint64_t now_ms)
{
	char last[64] = "", path[128];
	static const uint8_t zeros[DISK_BLOCK];
	static uint8_t bytes[SEGMENT];
	log_submit(l, now_ms);
	work(r, l);
	cut_directory(r, l);
	each_file(r->directory, find_last, last);
	path_of(path, sizeof path, r->directory, last);
	int file = open(path, O_RDWR);
	must(file >= 0);
	ssize_t end = pread(file, bytes, sizeof bytes, 0);
	while (end > 0 && bytes[end - 1] == 0)
		end--;
	off_t block = end / DISK_BLOCK - 2 - (off_t)r->round;
	must(pwrite(file, zeros, sizeof zeros, block * DISK_BLOCK) == DISK_BLOCK);
	close(file);
}

/* ---- both ---- */

static const char no_stranger[] =
	"the lock keeps others out, and a file of theirs is not looked at";

static const struct exempt exempt_directory[] = {
	{ "a_failed_write_is_final", "a real disk does not fail when it is asked to" },
	{ "foreign_records_are_passed_over", no_stranger },
	{ NULL, NULL },
};

static const struct exempt exempt_simulated[] = {
	{ "foreign_records_are_passed_over", no_stranger },
	{ NULL, NULL },
};

const struct rig_ops rig_directory = {
	.name = "directory",
	.rounds = 2,
	.exempt = exempt_directory,
	.make = make_directory,
	.destroy = destroy_directory,
	.open = open_log,
	.work = work,
	.cut = cut_directory,
	.tear = tear_directory,
};

const struct rig_ops rig_simulated = {
	.name = "simulated",
	.rounds = ROUNDS,
	.exempt = exempt_simulated,
	.make = make_simulated,
	.destroy = destroy_simulated,
	.open = open_log,
	.work = work,
	.cut = cut_simulated,
	.tear = tear_simulated,
	.fail = fail_simulated,
};
