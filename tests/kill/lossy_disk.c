/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: a disk with a volatile cache that dies with the process, so that a kill loses what a
 * power cut would: exactly what was not synced.
 *
 * Bytes: what is written to a regular file is held in this process's memory and reaches the file
 * when that file is synced.  Reads see what is held.
 *
 * Names: a created file has no name on the disk (O_TMPFILE), and renames and removals do not
 * happen there, until the directory is synced; then they happen in order.  Until then every call
 * that names a file is answered as if they had.  Syncing a file does not save its name.
 *
 * What is done at once, and so is kinder than some disks: sizes (posix_fallocate), and a listing
 * shows the names of the disk only.  One directory, and the calls that disk_posix.c makes. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct held {                    /* a write, or a truncation when bytes is NULL */
	struct held *next;
	dev_t device;
	ino_t inode;
	off_t at;
	size_t n;
	uint8_t *bytes;
};

enum name_change { CREATED, RENAMED, REMOVED };

struct held_name {
	struct held_name *next, *before;
	enum name_change change;
	char name[64], to[64];       /* to: RENAMED */
	int fd;                      /* CREATED: of the file without a name */
};

/* Where a name leads: to a file without a name on the disk (fd >= 0), to a name of the disk
 * (fd < 0, name), or nowhere (neither). */
struct found {
	int fd;
	const char *name;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct held *writes, **writes_end = &writes;
static struct held_name *names, *last_name;

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static bool is_regular(int fd, struct stat *s)
{
	return fstat(fd, s) == 0 && S_ISREG(s->st_mode);
}

static bool same(const struct held *h, const struct stat *s)
{
	return h->device == s->st_dev && h->inode == s->st_ino;
}

/* ---- bytes ---- */

static void hold(const struct stat *s, off_t at, const void *p, size_t n)
{
	struct held *h = calloc(1, sizeof *h);
	*h = (struct held){ .device = s->st_dev, .inode = s->st_ino, .at = at, .n = n };
	if (p) {
		h->bytes = aligned_alloc(4096, (n + 4095) / 4096 * 4096);
		memcpy(h->bytes, p, n);
	}
	pthread_mutex_lock(&lock);
	*writes_end = h;
	writes_end = &h->next;
	pthread_mutex_unlock(&lock);
}

static ssize_t really_pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
	return go(fd, p, n, at);
}

static int really_ftruncate(int fd, off_t size)
{
	int (*go)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
	return go(fd, size);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	struct stat s;
	if (!is_regular(fd, &s))
		return really_pwrite(fd, p, n, at);
	hold(&s, at, p, n);
	return (ssize_t)n;
}

int ftruncate(int fd, off_t size)
{
	struct stat s;
	if (!is_regular(fd, &s))
		return really_ftruncate(fd, size);
	hold(&s, size, NULL, 0);
	return 0;
}

/* A way to write that this disk does not hold back would make it lie. */
ssize_t pwritev(int fd, const void *v, int n, off_t at);

ssize_t pwritev(int fd, const void *v, int n, off_t at)
{
	(void)v;
	(void)n;
	(void)at;
	fprintf(stderr, "lossy_disk: pwritev to %d is not held back\n", fd);
	abort();
}

static void overlay(const struct stat *s, uint8_t *p, size_t n, off_t at)
{
	pthread_mutex_lock(&lock);
	for (const struct held *h = writes; h; h = h->next) {
		if (!same(h, s) || !h->bytes)
			continue;
		off_t from = h->at > at ? h->at : at;
		off_t end_h = h->at + (off_t)h->n, end_p = at + (off_t)n;
		off_t to = end_h < end_p ? end_h : end_p;
		if (from < to)
			memcpy(p + (from - at), h->bytes + (from - h->at), (size_t)(to - from));
	}
	pthread_mutex_unlock(&lock);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, void *, size_t, off_t) =
		(ssize_t(*)(int, void *, size_t, off_t))real("pread");
	struct stat s;
	ssize_t got = go(fd, p, n, at);
	if (got > 0 && is_regular(fd, &s))
		overlay(&s, p, (size_t)got, at);
	return got;
}

ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);

ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
	if (n > room)
		abort();
	return pread(fd, p, n, at);
}

static bool let_go(int fd, const struct held *h)
{
	return h->bytes ? really_pwrite(fd, h->bytes, h->n, h->at) == (ssize_t)h->n
	                : really_ftruncate(fd, h->at) == 0;
}

/* Writes to the file are done (fd >= 0), or forgotten with it. */
static int settle_writes(int fd, const struct stat *s)
{
	bool ok = true;
	struct held **at = &writes;
	while (*at) {
		struct held *h = *at;
		if (!same(h, s)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		ok = (fd < 0 || let_go(fd, h)) && ok;
		free(h->bytes);
		free(h);
	}
	writes_end = at;
	return ok ? 0 : -1;
}

/* ---- names ---- */

/* From the newest change to the oldest. */
static struct found find(int directory, const char *name)
{
	static const struct found nowhere = { -1, NULL };
	for (const struct held_name *n = last_name; n; n = n->before) {
		if (n->change == RENAMED && strcmp(n->to, name) == 0)
			name = n->name;
		else if (n->change == CREATED && strcmp(n->name, name) == 0)
			return (struct found){ n->fd, name };
		else if (n->change != CREATED && strcmp(n->name, name) == 0)
			return nowhere;
	}
	return faccessat(directory, name, F_OK, 0) < 0 ? nowhere : (struct found){ -1, name };
}

static void hold_name(enum name_change change, const char *name, const char *to, int fd)
{
	struct held_name *n = calloc(1, sizeof *n);
	n->change = change;
	n->fd = fd;
	n->before = last_name;
	snprintf(n->name, sizeof n->name, "%s", name);
	snprintf(n->to, sizeof n->to, "%s", to);
	*(last_name ? &last_name->next : &names) = n;
	last_name = n;
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* The writes of a file that disappears must not show up in the next one with its inode. */
static int really_unlink(int directory, const char *name)
{
	int (*go)(int, const char *, int) = (int (*)(int, const char *, int))real("unlinkat");
	struct stat s;
	if (fstatat(directory, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && s.st_nlink == 1)
		settle_writes(-1, &s);
	return go(directory, name, 0);
}

static int really_name(int directory, const struct held_name *n)
{
	int (*go)(int, const char *, int, const char *) =
		(int (*)(int, const char *, int, const char *))real("renameat");
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", n->fd);
	switch (n->change) {
	case CREATED: return linkat(AT_FDCWD, path, directory, n->name, AT_SYMLINK_FOLLOW);
	case RENAMED: return go(directory, n->name, directory, n->to);
	default: return really_unlink(directory, n->name);
	}
}

static int settle_names(int directory)
{
	int result = 0;
	for (struct held_name *n; (n = names);) {
		if (really_name(directory, n) < 0) {
			fprintf(stderr, "lossy_disk: %s: %s\n", n->name, strerror(errno));
			result = refuse(EIO);
		}
		if (n->fd >= 0)
			close(n->fd);
		names = n->next;
		free(n);
	}
	last_name = NULL;
	return result;
}

static int rename_held(int directory, const char *from, const char *to)
{
	struct found f = find(directory, from);
	if (f.fd < 0 && !f.name)
		return refuse(ENOENT);
	hold_name(RENAMED, from, to, -1);
	return 0;
}

int renameat(int directory, const char *from, int directory_to, const char *to)
{
	pthread_mutex_lock(&lock);
	int result = directory == directory_to ? rename_held(directory, from, to) : refuse(EXDEV);
	pthread_mutex_unlock(&lock);
	return result;
}

static int unlink_held(int directory, const char *name)
{
	struct found f = find(directory, name);
	if (f.fd < 0 && !f.name)
		return refuse(ENOENT);
	hold_name(REMOVED, name, "", -1);
	return 0;
}

int unlinkat(int directory, const char *name, int flags)
{
	(void)flags;
	pthread_mutex_lock(&lock);
	int result = unlink_held(directory, name);
	pthread_mutex_unlock(&lock);
	return result;
}

static int really_open(int directory, const char *name, int flags, mode_t mode)
{
	int (*go)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))real("openat");
	return go(directory, name, flags, mode);
}

static int create_held(int directory, const char *name, int flags, mode_t mode)
{
	int fd = really_open(directory, ".", (flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_TMPFILE, mode);
	if (fd >= 0)
		hold_name(CREATED, name, "", fcntl(fd, F_DUPFD_CLOEXEC, 0));
	return fd;
}

static int open_held(int directory, const char *name, int flags, mode_t mode)
{
	struct found f = find(directory, name);
	char path[32];
	if (f.fd < 0 && !f.name)
		return flags & O_CREAT ? create_held(directory, name, flags, mode) : refuse(ENOENT);
	if (flags & O_CREAT && flags & O_EXCL)
		return refuse(EEXIST);
	flags &= ~(O_CREAT | O_EXCL);
	if (f.fd < 0)
		return really_open(directory, f.name, flags, 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", f.fd);
	return really_open(AT_FDCWD, path, flags, 0);
}

int openat(int directory, const char *name, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
	va_end(more);
	if (directory == AT_FDCWD || name[0] == '/' || flags & O_DIRECTORY)
		return really_open(directory, name, flags, mode);
	pthread_mutex_lock(&lock);
	int fd = open_held(directory, name, flags, mode);
	pthread_mutex_unlock(&lock);
	return fd;
}

/* ---- sync ---- */

/* The process is killed, not the machine: handing the bytes to the kernel is enough. */
static int sync_any(int fd)
{
	struct stat s;
	int result = 0;
	if (fstat(fd, &s) < 0)
		return -1;
	pthread_mutex_lock(&lock);
	if (S_ISDIR(s.st_mode))
		result = settle_names(fd);
	else if (S_ISREG(s.st_mode))
		result = settle_writes(fd, &s);
	pthread_mutex_unlock(&lock);
	return result;
}

int fsync(int fd)
{
	return sync_any(fd);
}

int fdatasync(int fd)
{
	return sync_any(fd);
}
