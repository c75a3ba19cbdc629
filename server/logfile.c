/* SPDX-License-Identifier: Apache-2.0 */
#include "server/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "server/config.h"
#include "server/thread.h"

enum { PIPE_BYTES = 256 << 10, CHUNK_BYTES = 64 << 10 };

struct logfile {
	char *path;
	int in, out;                 /* the pipe */
	pthread_t thread;
	_Atomic uint64_t max_bytes, lost;
	_Atomic unsigned keep;
	_Atomic struct rotation rotation;
	_Atomic int wanted;          /* enum wanted */

	/* the thread's */
	int fd;
	uint64_t bytes;
	int64_t written_s;           /* when it was written to last, since 1970 */
	char chunk[CHUNK_BYTES];
};

enum wanted { NOTHING, REOPEN, ROTATE };

static int open_end(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

/* What was there before counts, too. */
static void look_at(struct logfile *f)
{
	struct stat s;
	bool there = fstat(f->fd, &s) == 0;
	f->bytes = there ? (uint64_t)s.st_size : 0;
	f->written_s = f->bytes ? (int64_t)s.st_mtime : (int64_t)time(NULL);
}

/* ---- on the thread ---- */

/* The one before stays when it cannot be. */
static void reopen(struct logfile *f)
{
	int fd = open_end(f->path);
	if (fd < 0)
		return;
	close(f->fd);
	f->fd = fd;
	look_at(f);
}

static void rotate(struct logfile *f)
{
	char from[PATH_MAX], to[PATH_MAX];
	unsigned keep = f->keep;
	for (unsigned i = keep; i-- > 1;) {
		snprintf(from, sizeof from, "%s.%u", f->path, i - 1);
		snprintf(to, sizeof to, "%s.%u", f->path, i);
		rename(from, to);
	}
	snprintf(to, sizeof to, "%s.0", f->path);
	if (keep ? rename(f->path, to) : unlink(f->path))
		return;
	reopen(f);
}

static bool was_moved(const struct logfile *f)
{
	struct stat here, there;
	return stat(f->path, &there) < 0 || fstat(f->fd, &here) < 0 || here.st_ino != there.st_ino ||
	       here.st_dev != there.st_dev;
}

static void obey(struct logfile *f)
{
	int wanted = atomic_exchange(&f->wanted, NOTHING);
	if (wanted == NOTHING)
		return;
	if (was_moved(f))
		reopen(f);
	else if (wanted == ROTATE)
		rotate(f);
}

static void keep_time(struct logfile *f)
{
	struct rotation r = f->rotation;
	int64_t now = (int64_t)time(NULL);
	if (rotation_next(&r, f->written_s) <= now && f->bytes)
		rotate(f);
	f->written_s = now;
}

static void put(struct logfile *f, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(f->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		p += done;
		n -= (size_t)done;
		f->bytes += (uint64_t)done;
	}
	f->lost += n;
}

static void *work(void *arg)
{
	struct logfile *f = arg;
	bool whole = true;           /* lines are, in the file */
	for (ssize_t n; (n = read(f->in, f->chunk, sizeof f->chunk)) != 0;) {
		if (n < 0)
			continue;
		if (whole) {
			obey(f);
			keep_time(f);
		}
		put(f, f->chunk, (size_t)n);
		whole = f->chunk[n - 1] == '\n';
		if (whole && f->max_bytes && f->bytes >= f->max_bytes)
			rotate(f);
	}
	return NULL;
}

/* ---- outside ---- */

struct logfile *logfile_open(const struct logfile_options *o, struct buf *why)
{
	int ends[2], fd = open_end(o->path);
	if (fd < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		buf_printf(why, "%s: %s: %s", o->key, o->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct logfile *f = mem_zalloc(sizeof *f);
	f->path = mem_strdup(o->path);
	f->fd = fd;
	look_at(f);
	f->in = ends[0];
	f->out = ends[1];
	logfile_limit(f, o);
	fcntl(f->out, F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(f->out, F_SETFL, O_NONBLOCK);
	f->thread = thread_begin(work, f);
	return f;
}

int logfile_fd(const struct logfile *f)
{
	return f->out;
}

const char *logfile_path(const struct logfile *f)
{
	return f->path;
}

void logfile_limit(struct logfile *f, const struct logfile_options *o)
{
	f->max_bytes = o->max_bytes;
	f->keep = o->keep;
	f->rotation = o->rotation;
}

struct logfile_options logfile_options_of(const struct config *c, const char *key,
                                          const char *path)
{
	struct logfile_options o = { path, key, c->log_file_bytes, (unsigned)c->log_file_count,
		                         { .how = ROTATION_NEVER } };
	rotation_read(slice_str(c->log_file_date), &o.rotation);
	return o;
}

void logfile_turn(struct logfile *f, bool rotate_it)
{
	f->wanted = rotate_it ? ROTATE : REOPEN;
}

uint64_t logfile_lost(struct logfile *f)
{
	return atomic_exchange(&f->lost, 0);
}

void logfile_close(struct logfile **pf)
{
	struct logfile *f = *pf;
	if (!f)
		return;
	*pf = NULL;
	close(f->out);
	pthread_join(f->thread, NULL);
	close(f->in);
	close(f->fd);
	mem_free(f->path);
	mem_free(f);
}
