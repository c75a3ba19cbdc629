/* SPDX-License-Identifier: Apache-2.0 */
/* A disk on which nothing changes: reads go to the disk behind it, and everything that would change
 * something is answered as if it had been done.  So the code that opens a log can be used by those
 * who only look. */
#ifndef PERSISTENCE_DISK_STILL_H
#define PERSISTENCE_DISK_STILL_H

#include "persistence/disk.h"

/* The disk behind is borrowed, and locked by the caller; destroy leaves it alone. */
struct disk *disk_still_new(struct disk *behind);

#endif
