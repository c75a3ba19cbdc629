/* SPDX-License-Identifier: Apache-2.0 */
/* The real file system.  Handles are file descriptors. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/disk.h"

struct disk_posix {
	struct disk disk;
	char *path;
	int directory;      /* -1 before lock */
	int lock;
};

static struct disk_posix *self(struct disk *d)
{
	return (struct disk_posix *)(void *)d;
}

static int write_all(int fd, uint64_t at, const void *p, size_t n)
{
	const uint8_t *bytes = p;
	while (n) {
		ssize_t done = pwrite(fd, bytes, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		bytes += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

/* Direct transfers are tried out on a file of their own: some file systems take the flag and fail
 * the write. */
static bool takes_direct(int directory)
{
	static const char name[] = "probe.tmp";
	void *block = mem_pages(DISK_BLOCK);
	int fd = openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT, 0640);
	bool ok = fd >= 0 && write_all(fd, 0, block, DISK_BLOCK) == 0;
	if (fd >= 0)
		close(fd);
	unlinkat(directory, name, 0);
	mem_pages_free(block, DISK_BLOCK);
	return ok;
}

static int make_directory(const char *path, bool *made)
{
	*made = mkdir(path, 0750) == 0;
	return *made || errno == EEXIST ? 0 : -errno;
}

/* A new directory must itself be found after a loss of power. */
static int sync_parent(int directory)
{
	int parent = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = parent < 0 || fsync(parent) < 0 ? -errno : 0;
	if (parent >= 0)
		close(parent);
	return error == -EACCES ? 0 : error;   /* it may be entered and not read */
}

static int posix_lock(struct disk *d)
{
	struct disk_posix *p = self(d);
	bool made = false;
	int error = make_directory(p->path, &made);
	if (error)
		return error;
	p->directory = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->directory < 0)
		return -errno;
	error = made ? sync_parent(p->directory) : 0;
	if (error)
		return error;
	p->lock = openat(p->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (p->lock < 0)
		return -errno;
	if (flock(p->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	d->direct = d->direct && takes_direct(p->directory);
	d->how = d->direct ? "O_DIRECT + fdatasync" : "buffered + fdatasync";
	return 0;
}

static int posix_list(struct disk *d, void (*name)(void *, const char *), void *to)
{
	int fd = openat(self(d)->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			name(to, e->d_name);
	closedir(dir);
	return 0;
}

static int set_size(int fd, uint64_t size)
{
	int result;
	do
		result = ftruncate(fd, (off_t)size);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

/* The log thread takes no signals, but the file system may let other things interrupt this. */
static int allocate(int fd, uint64_t size)
{
	int error;
	do
		error = posix_fallocate(fd, 0, (off_t)size);
	while (error == EINTR);
	return error == EOPNOTSUPP || error == EINVAL ? set_size(fd, size) : -error;
}

static int posix_open(struct disk *d, const char *file, bool create, uint64_t size)
{
	int flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0) | (d->direct ? O_DIRECT : 0);
	int fd = openat(self(d)->directory, file, flags, 0640);
	if (fd < 0)
		return -errno;
	int error = create ? allocate(fd, size) : 0;
	if (error == 0)
		return fd;
	close(fd);
	unlinkat(self(d)->directory, file, 0);
	return error;
}

static void posix_close(struct disk *d, int handle)
{
	(void)d;
	close(handle);
}

static int64_t posix_size(struct disk *d, int handle)
{
	struct stat s;
	(void)d;
	return fstat(handle, &s) < 0 ? -errno : s.st_size;
}

static int posix_write(struct disk *d, int handle, uint64_t at, const void *p, size_t n)
{
	(void)d;
	return write_all(handle, at, p, n);
}

static int posix_read(struct disk *d, int handle, uint64_t at, void *p, size_t n)
{
	uint8_t *bytes = p;
	(void)d;
	while (n) {
		ssize_t done = pread(handle, bytes, n, (off_t)at);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		bytes += done;
		at += (uint64_t)done;
		n -= (size_t)done;
	}
	return 0;
}

static int posix_sync(struct disk *d, int handle)
{
	(void)d;
	return fdatasync(handle) < 0 ? -errno : 0;
}

static int posix_truncate(struct disk *d, int handle, uint64_t size)
{
	(void)d;
	return set_size(handle, size);
}

static int posix_rename(struct disk *d, const char *from, const char *to)
{
	int dir = self(d)->directory;
	return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

static int posix_remove(struct disk *d, const char *file)
{
	return unlinkat(self(d)->directory, file, 0) < 0 ? -errno : 0;
}

static int posix_sync_directory(struct disk *d)
{
	return fsync(self(d)->directory) < 0 ? -errno : 0;
}

static int64_t posix_room(struct disk *d)
{
	struct statvfs s;
	if (fstatvfs(self(d)->directory, &s) < 0)
		return -errno;
	return (int64_t)(s.f_bavail * s.f_frsize);
}

static int posix_links(struct disk *d, const char *file)
{
	struct stat s;
	if (fstatat(self(d)->directory, file, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (int)s.st_nlink;
}

static int posix_link(struct disk *d, const char *file, struct disk *to)
{
	return linkat(self(d)->directory, file, self(to)->directory, file, 0) < 0 ? -errno : 0;
}

static int check_empty(const char *directory)
{
	DIR *dir = opendir(directory);
	int error = 0;
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; (e = readdir(dir));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, "lock") != 0)
			error = -ENOTEMPTY;
	closedir(dir);
	return error;
}

static int posix_beside(struct disk *d, const char *directory, struct disk **out)
{
	int error = check_empty(directory);
	if (!error)
		*out = disk_posix_new(directory, d->direct);
	return error;
}

static void posix_destroy(struct disk *d)
{
	struct disk_posix *p = self(d);
	if (p->lock >= 0)
		close(p->lock);
	if (p->directory >= 0)
		close(p->directory);
	mem_free(p->path);
	mem_free(p);
}

struct disk *disk_posix_new(const char *directory, bool direct)
{
	static const struct disk_ops ops = {
		.lock = posix_lock,
		.list = posix_list,
		.open = posix_open,
		.close = posix_close,
		.size = posix_size,
		.write = posix_write,
		.read = posix_read,
		.sync = posix_sync,
		.truncate = posix_truncate,
		.rename = posix_rename,
		.remove = posix_remove,
		.sync_directory = posix_sync_directory,
		.room = posix_room,
		.links = posix_links,
		.link = posix_link,
		.beside = posix_beside,
		.destroy = posix_destroy,
	};
	struct disk_posix *p = mem_zalloc(sizeof *p);
	p->disk = (struct disk){ .ops = &ops, .direct = direct, .how = "not opened" };
	p->path = mem_strdup(directory);
	p->directory = p->lock = -1;
	return &p->disk;
}
