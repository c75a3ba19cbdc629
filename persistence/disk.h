/* SPDX-License-Identifier: Apache-2.0 */
/* The one door between persistence and a file system: everything that touches a file goes through
 * this table of functions, so that a simulated disk can take the place of the real one.  All
 * names are plain file names inside one data directory.  Functions answer 0 (or a count) or
 * -errno; none of them blocks on anything but the disk.  One disk is used by one thread at a
 * time for writing; reads may come from others. */
#ifndef PERSISTENCE_DISK_H
#define PERSISTENCE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct disk;

enum {
	DISK_BLOCK = 4096,   /* alignment of offsets, sizes and memory for direct files */
};

struct disk_ops {
	/* Creates the directory when it is missing and takes its lock; -EBUSY when another process
	 * holds it. */
	int (*lock)(struct disk *d);
	/* Calls name for each file in the directory, in no order. */
	int (*list)(struct disk *d, void (*name)(void *to, const char *file), void *to);
	/* Opens a file; create makes a new one (-EEXIST when there) of size bytes, allocated so that
	 * later writes inside it cannot meet a full disk (-ENOSPC now instead).  Returns a handle
	 * >= 0.  Handles are the disk's own numbers. */
	int (*open)(struct disk *d, const char *file, bool create, uint64_t size);
	void (*close)(struct disk *d, int handle);
	int64_t (*size)(struct disk *d, int handle);
	/* Whole or -errno: short and interrupted transfers are continued inside, a short write that
	 * cannot be continued is -EIO; a read past the end is -EIO too. */
	int (*write)(struct disk *d, int handle, uint64_t at, const void *p, size_t n);
	int (*read)(struct disk *d, int handle, uint64_t at, void *p, size_t n);
	/* Returns when all earlier writes to the file are on stable storage. A failure is final. */
	int (*sync)(struct disk *d, int handle);
	int (*truncate)(struct disk *d, int handle, uint64_t size);
	int (*rename)(struct disk *d, const char *from, const char *to);   /* replaces to */
	int (*remove)(struct disk *d, const char *file);
	/* Makes creations, renames and removals durable. */
	int (*sync_directory)(struct disk *d);
	/* Bytes free for us, or -errno. */
	int64_t (*room)(struct disk *d);
	/* How many names the file has, here and elsewhere, or -errno. */
	int (*links)(struct disk *d, const char *file);
	/* Gives the file the same name on another disk too, as one file; -EXDEV and others when that
	 * cannot be done.  All of it must be on stable storage. */
	int (*link)(struct disk *d, const char *file, struct disk *to);
	/* A disk of the same kind on another directory, which must be missing or empty (-ENOTEMPTY),
	 * but for a lock; it is not locked yet. */
	int (*beside)(struct disk *d, const char *directory, struct disk **out);
	void (*destroy)(struct disk *d);   /* gives the lock back and frees */
};

struct disk {
	const struct disk_ops *ops;
	bool direct;         /* transfers bypass the page cache: blocks must be aligned */
	const char *how;     /* for the operator: "O_DIRECT + fdatasync", ... */
};

/* A directory of the real file system. Nothing is touched before lock.  direct asks for
 * O_DIRECT, which is probed in lock; where the file system has none, buffered writes are used. */
struct disk *disk_posix_new(const char *directory, bool direct);

#endif
