/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: a disk with a volatile cache that dies with the process.  What the program writes to
 * a regular file is held in this process's memory and reaches the file when the program syncs it;
 * renames and removals are held until the directory is synced.  Reads see what is held.  So a kill
 * loses exactly what was not synced, as a power cut would. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

struct held_name {               /* a rename, or a removal when to is empty */
	struct held_name *next;
	char from[64], to[64];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct held *writes, **writes_end = &writes;
static struct held_name *names, **names_end = &names;

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

/* ---- data ---- */

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
	struct stat s;
	if (!is_regular(fd, &s))
		return go(fd, p, n, at);
	hold(&s, at, p, n);
	return (ssize_t)n;
}

int ftruncate(int fd, off_t size)
{
	int (*go)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
	struct stat s;
	if (!is_regular(fd, &s))
		return go(fd, size);
	hold(&s, size, NULL, 0);
	return 0;
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

/* ---- sync ---- */

static int let_go(int fd, struct held *h)
{
	ssize_t (*write_it)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
	int (*truncate_it)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
	bool ok = h->bytes ? write_it(fd, h->bytes, h->n, h->at) == (ssize_t)h->n
	                   : truncate_it(fd, h->at) == 0;
	free(h->bytes);
	free(h);
	return ok ? 0 : -1;
}

static int sync_file(int fd, const struct stat *s)
{
	int result = 0;
	pthread_mutex_lock(&lock);
	for (struct held **at = &writes; *at;) {
		struct held *h = *at;
		if (!same(h, s)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		result |= let_go(fd, h);
	}
	for (writes_end = &writes; *writes_end; writes_end = &(*writes_end)->next)
		;
	pthread_mutex_unlock(&lock);
	return result;
}

static void sync_names(int directory)
{
	int (*rename_it)(int, const char *, int, const char *) =
		(int (*)(int, const char *, int, const char *))real("renameat");
	int (*remove_it)(int, const char *, int) = (int (*)(int, const char *, int))real("unlinkat");
	pthread_mutex_lock(&lock);
	for (struct held_name *n; (n = names);) {
		names = n->next;
		if (n->to[0])
			rename_it(directory, n->from, directory, n->to);
		else
			remove_it(directory, n->from, 0);
		free(n);
	}
	names_end = &names;
	pthread_mutex_unlock(&lock);
}

static int sync_any(int fd)
{
	struct stat s;
	if (fstat(fd, &s) < 0)
		return -1;
	if (S_ISDIR(s.st_mode))
		sync_names(fd);
	return S_ISREG(s.st_mode) ? sync_file(fd, &s) : 0;
}

int fsync(int fd)
{
	return sync_any(fd);
}

int fdatasync(int fd)
{
	return sync_any(fd);
}

/* ---- names ---- */

static void hold_name(const char *from, const char *to)
{
	struct held_name *n = calloc(1, sizeof *n);
	snprintf(n->from, sizeof n->from, "%s", from);
	snprintf(n->to, sizeof n->to, "%s", to);
	pthread_mutex_lock(&lock);
	*names_end = n;
	names_end = &n->next;
	pthread_mutex_unlock(&lock);
}

int renameat(int a, const char *from, int b, const char *to)
{
	(void)a;
	(void)b;
	hold_name(from, to);
	return 0;
}

int unlinkat(int directory, const char *name, int flags)
{
	(void)flags;
	if (faccessat(directory, name, F_OK, 0) < 0)
		return -1;
	hold_name(name, "");
	return 0;
}

/* A name is looked up: what is held of names must be seen.  Letting it go early makes this disk
 * kinder by a name, never by a byte. */
int openat(int directory, const char *name, int flags, ...)
{
	int (*go)(int, const char *, int, mode_t) =
		(int (*)(int, const char *, int, mode_t))real("openat");
	__builtin_va_list more;
	__builtin_va_start(more, flags);
	mode_t mode = flags & O_CREAT ? __builtin_va_arg(more, mode_t) : 0;
	__builtin_va_end(more);
	if (names)
		sync_names(directory);
	return go(directory, name, flags, mode);
}
