/* SPDX-License-Identifier: Apache-2.0 */
/* Where the door of a broker is (server/door.h), for those outside as well. */
#ifndef SERVER_DOORWAY_H
#define SERVER_DOORWAY_H

struct sockaddr_un;

/* The name of the socket in a data directory. */
#define DOORWAY_NAME "ctl.sock"

/* The address of the door of a data directory.  One whose path is too long for an address is
 * reached through a descriptor, *directory, which the caller closes (-1: none is needed).  0 or
 * -errno. */
int doorway_address(const char *data_dir, struct sockaddr_un *out, int *directory);

#endif
