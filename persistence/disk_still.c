/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/disk_still.h"

#include <errno.h>

#include "base/mem.h"

struct disk_still {
	struct disk disk;
	struct disk *behind;
};

static struct disk *behind(struct disk *d)
{
	return ((struct disk_still *)(void *)d)->behind;
}

static int still_lock(struct disk *d)
{
	(void)d;
	return 0;
}

static int still_list(struct disk *d, void (*name)(void *to, const char *file), void *to)
{
	return behind(d)->ops->list(behind(d), name, to);
}

static int still_open(struct disk *d, const char *file, bool create, uint64_t size)
{
	(void)size;
	return create ? -EROFS : behind(d)->ops->open(behind(d), file, false, 0);
}

static void still_close(struct disk *d, int handle)
{
	behind(d)->ops->close(behind(d), handle);
}

static int64_t still_size(struct disk *d, int handle)
{
	return behind(d)->ops->size(behind(d), handle);
}

static int still_read(struct disk *d, int handle, uint64_t at, void *p, size_t n)
{
	return behind(d)->ops->read(behind(d), handle, at, p, n);
}

static int still_write(struct disk *d, int handle, uint64_t at, const void *p, size_t n)
{
	(void)d;
	(void)handle;
	(void)at;
	(void)p;
	(void)n;
	return 0;
}

static int still_sync(struct disk *d, int handle)
{
	(void)d;
	(void)handle;
	return 0;
}

static int still_truncate(struct disk *d, int handle, uint64_t size)
{
	(void)d;
	(void)handle;
	(void)size;
	return 0;
}

static int still_rename(struct disk *d, const char *from, const char *to)
{
	(void)d;
	(void)from;
	(void)to;
	return 0;
}

static int still_remove(struct disk *d, const char *file)
{
	(void)d;
	(void)file;
	return 0;
}

static int64_t still_room(struct disk *d)
{
	(void)d;
	return INT64_MAX;
}

static int still_links(struct disk *d, const char *file)
{
	return behind(d)->ops->links(behind(d), file);
}

static int still_link(struct disk *d, const char *file, struct disk *to)
{
	(void)d;
	(void)file;
	(void)to;
	return -EROFS;
}

static int still_beside(struct disk *d, const char *directory, struct disk **out)
{
	(void)d;
	(void)directory;
	(void)out;
	return -ENOTSUP;
}

static void still_destroy(struct disk *d)
{
	mem_free(d);
}

struct disk *disk_still_new(struct disk *behind)
{
	static const struct disk_ops ops = {
		.lock = still_lock,
		.list = still_list,
		.open = still_open,
		.close = still_close,
		.size = still_size,
		.write = still_write,
		.read = still_read,
		.sync = still_sync,
		.truncate = still_truncate,
		.rename = still_rename,
		.remove = still_remove,
		.sync_directory = still_lock,
		.room = still_room,
		.links = still_links,
		.link = still_link,
		.beside = still_beside,
		.destroy = still_destroy,
	};
	struct disk_still *s = mem_zalloc(sizeof *s);
	s->disk = (struct disk){ .ops = &ops, .direct = behind->direct, .how = "nothing is changed" };
	s->behind = behind;
	return &s->disk;
}
