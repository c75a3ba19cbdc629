/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "persistence/disk.h"
#include "persistence/disk_still.h"
#include "persistence/log_file.h"
#include "tools/ctl_terminal.h"

enum { TELL_MS = 200, SEGMENT_BYTES = 64 << 20 };

struct disk *ctl_lock(const char *directory)
{
	struct stat s;
	if (stat(directory, &s) != 0 || !S_ISDIR(s.st_mode)) {
		fprintf(stderr, "leveretctl: '%s' is not a directory\n", directory);
		return NULL;
	}
	struct disk *d = disk_posix_new(directory, true);
	int error = d->ops->lock(d);
	if (!error)
		return d;
	if (error == -EBUSY)
		fprintf(stderr, "leveretctl: a broker runs on '%s': stop it first\n", directory);
	else
		fprintf(stderr, "leveretctl: '%s' cannot be opened: %s\n", directory, strerror(-error));
	d->ops->destroy(d);
	return NULL;
}

/* ---- progress ---- */

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *what, uint64_t all, bool quiet)
{
	*p = (struct progress){ .what = what, .all = all, .on = !quiet && terminal_shows() };
	p->began_ms = p->told_ms = now_ms();
}

void progress_at(struct progress *p, uint64_t done)
{
	p->done = done;
	uint64_t now = p->on ? now_ms() : 0;
	if (!p->on || now < p->told_ms + TELL_MS)
		return;
	p->told_ms = now;
	struct buf line = { 0 };
	buf_printf(&line, "%s: %llu of %llu MB, %.0f %%, %llu MB/s", p->what,
	           (unsigned long long)done >> 20, (unsigned long long)p->all >> 20,
	           p->all ? 100. * (double)done / (double)p->all : 100.,
	           (unsigned long long)(done / (now - p->began_ms) * 1000) >> 20);
	terminal_show(buf_slice(&line));
	buf_free(&line);
}

void progress_end(struct progress *p)
{
	if (p->on)
		terminal_wipe();
}

/* ---- reading ---- */

static bool is_of_log(const char *name, const char *ending)
{
	return name[0] == 'w' && strlen(name) == 21 && strcmp(name + 17, ending) == 0;
}

static void count_file(void *to, const char *name)
{
	struct reading *r = to;
	r->summaries += is_of_log(name, ".sum");
	if (!is_of_log(name, ".seg"))
		return;
	int handle = r->disk->ops->open(r->disk, name, false, 0);
	int64_t size = handle < 0 ? 0 : r->disk->ops->size(r->disk, handle);
	if (handle >= 0)
		r->disk->ops->close(r->disk, handle);
	r->segments++;
	r->bytes += size > 0 ? (uint64_t)size : 0;
}

bool reading_finds(const char *directory)
{
	DIR *dir = opendir(directory);
	bool found = !dir;
	for (struct dirent *e; !found && (e = readdir(dir));)
		found = is_of_log(e->d_name, ".seg");
	if (dir)
		closedir(dir);
	return found;
}

bool reading_open(struct reading *r, const char *directory, bool whole)
{
	*r = (struct reading){ .disk = ctl_lock(directory) };
	if (!r->disk)
		return false;
	r->disk->ops->list(r->disk, count_file, r);
	r->still = disk_still_new(r->disk);
	struct log_file_options o = {
		.disk = r->still, .segment_bytes = SEGMENT_BYTES, .whole = whole,
	};
	return log_file_open(&r->log, &o, &r->why) == 0;
}

int reading_next(struct reading *r, struct log_record *out)
{
	int more = log_next(r->log, out, &r->why);
	if (more == 1 && !r->first)
		r->first = out->at;
	return more;
}

void reading_close(struct reading *r)
{
	if (r->log)
		log_close(r->log);   /* what it would write goes nowhere */
	if (r->still)
		r->still->ops->destroy(r->still);
	if (r->disk)
		r->disk->ops->destroy(r->disk);
	buf_free(&r->why);
}
