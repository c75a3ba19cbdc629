/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of sockets as people read them. */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <stdbool.h>

struct sockaddr_storage;

enum { ADDRESS_PAIR_BYTES = 132 };

/* "PEER:PORT -> OWN:PORT" of a connected descriptor; an address of IPv6 stands in brackets, and
 * unix for both ends of a socket of the file system. */
void address_print_pair(char out[ADDRESS_PAIR_BYTES], const struct sockaddr_storage *peer, int fd);

/* The same of ends that somebody has named. */
void address_print_ends(char out[ADDRESS_PAIR_BYTES], const struct sockaddr_storage *peer,
                        const struct sockaddr_storage *own);

/* True for 127/8 and ::1, and who comes by the file system. */
bool address_is_loopback(const struct sockaddr_storage *a);

#endif
