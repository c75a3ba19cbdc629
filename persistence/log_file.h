/* SPDX-License-Identifier: Apache-2.0 */
/* The file engine: a log in segment files on a disk.  docs/log-format.md has the byte layout. */
#ifndef PERSISTENCE_LOG_FILE_H
#define PERSISTENCE_LOG_FILE_H

#include "persistence/disk.h"
#include "persistence/log.h"

struct log_file_options {
	struct disk *disk;           /* borrowed; must outlive the log; lock() already done */
	uint64_t segment_bytes;      /* a multiple of DISK_BLOCK; 64 MiB in production */
	bool sync;                   /* durability=fsync; false: written is durable enough */
	bool whole;                  /* the scan reads every record, summaries are not looked at */
	bool threaded;               /* true: a log thread runs the steps; false: log_file_step does */
	uint64_t window_bytes;       /* memory for reading ahead what queues lie interleaved in */
	uint64_t entropy;            /* a random number, for the identity of a new store */
	uint64_t wall_ms;            /* wall clock at open, kept in headers */
	void (*wake)(void *to);      /* called by the log thread when log_poll has news */
	void *wake_to;
	uint64_t (*clock_us)(void);  /* for how long syncs take; NULL: nobody wants to know */
};

/* Opens or creates the log: reads the segment headers, nothing more; log_next does the scan.
 * 0 and *out, or -errno and a sentence in why. */
int log_file_open(struct log **out, const struct log_file_options *options, struct buf *why);

/* Without a thread: does the next piece of disk work (write and sync the batch in flight, or a
 * slice of housekeeping). False when there was nothing to do. */
bool log_file_step(struct log *l);

/* Without a thread: a piece of a backup, which has a pace of its own. False when there was nothing
 * to do. */
bool log_file_backup_step(struct log *l);

#endif
