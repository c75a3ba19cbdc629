/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory that forgets.  It keeps what a reader sees and, apart from it, what would
 * survive a loss of power: data is durable after a sync of its file, names after a sync of the
 * directory, and what was not synced survives, or not, sector by sector as the dice say.
 *
 * Operations that change something are counted.  At the one chosen with disk_sim_crash_at the
 * power goes: that operation happens in part or not at all, every later one fails with -EIO, and
 * disk_sim_reboot decides what is left. */
#ifndef SIM_DISK_SIM_H
#define SIM_DISK_SIM_H

#include "persistence/disk.h"

enum disk_sim_loss {
	DISK_SIM_LOSES_ALL,        /* every unsynced sector is dropped */
	DISK_SIM_KEEPS_ALL,        /* only the process died: all is seen, and still not durable */
	DISK_SIM_TEARS,            /* a write survives up to some sector, later writes are dropped */
	DISK_SIM_REORDERS,         /* each sector of each write by itself */
	DISK_SIM_LOSS_KINDS,
};

/* room is the size of the file system in bytes; 0: as good as endless. */
struct disk *disk_sim_new(uint64_t seed, uint64_t room);

/* Operations so far; the power goes at the n-th from the start (0: never). */
uint64_t disk_sim_operations(const struct disk *d);
void disk_sim_crash_at(struct disk *d, uint64_t n);
bool disk_sim_is_down(const struct disk *d);

/* The n-th operation from the start fails with the errno, once; a write may have happened in part,
 * a sync has dropped what it should have made durable.  faulted: it has failed since it was asked
 * to.  A reboot forgets a fault that has not come. */
void disk_sim_fault_at(struct disk *d, uint64_t n, int error);
bool disk_sim_faulted(const struct disk *d);

/* Planted bugs: every sync of a file only says that it did; a sync that fails says so to nobody. */
void disk_sim_lie(struct disk *d, bool about_syncs, bool about_faults);

/* The power comes back: handles and the lock are gone, unsynced things as loss says. */
void disk_sim_reboot(struct disk *d, enum disk_sim_loss loss);

/* The next sync fails with -EIO and drops what it should have made durable. */
void disk_sim_fail_sync(struct disk *d);

/* How often it has been read from. */
uint64_t disk_sim_reads(const struct disk *d);

/* Changes the room while running. */
void disk_sim_set_room(struct disk *d, uint64_t room);

/* What disk_ops.beside gives; far: on another file system.  Of a file that was linked nothing may
 * have been lost by a sync that was left out, and nobody may write to it any more. */
void disk_sim_set_beside(struct disk *d, struct disk *other, bool far);

/* Flips one bit of the durable and visible bytes of a file. False when there is no such byte. */
bool disk_sim_flip(struct disk *d, const char *file, uint64_t at, unsigned bit);

/* Frees it; ops->destroy only gives up the lock, so that a disk outlives the brokers on it. */
void disk_sim_free(struct disk *d);

#endif
