/* SPDX-License-Identifier: Apache-2.0 */
/* The header of the PROXY protocol, in which a proxy says, before anything else, between whom it
 * stands: version 1 is a line of text, version 2 is binary (HAProxy's proxy-protocol.txt, sections
 * 2.1 and 2.2).  Nothing here touches a socket. */
#ifndef SERVER_PROXY_HEADER_H
#define SERVER_PROXY_HEADER_H

#include <sys/socket.h>

#include "base/slice.h"

enum {
	PROXY_HEADER_LINE_MAX_BYTES = 107,
	PROXY_HEADER_MAX_BYTES = 4096, /* addresses take 232 at most; the rest is for fields */
};

enum proxy_header_result {
	PROXY_HEADER_OK,
	PROXY_HEADER_MORE, /* so far it may become one */
	PROXY_HEADER_BAD,
};

struct proxy_header {
	size_t n;   /* OK: its length */
	bool named; /* OK: false when it names nobody, and the real ends count */
	struct sockaddr_storage source, destination; /* where named; of a path the family alone */
	const char *fault;                           /* BAD: what is wrong with it, in words */
};

/* Reads what has come so far, from the first byte on; the same bytes with more behind them may be
 * handed in again.  A fault is found with the first byte that makes it one, but for those within a
 * line of text, an address or a field, which are looked at when the header is whole. */
enum proxy_header_result proxy_header_read(struct slice in, struct proxy_header *h);

#endif
