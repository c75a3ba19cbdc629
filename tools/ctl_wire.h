/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to a broker and back: through its door, over TCP, or with TLS. */
#ifndef TOOLS_CTL_WIRE_H
#define TOOLS_CTL_WIRE_H

#include "base/buf.h"

struct whom;

struct wire {
	int fd;
	struct ssl_st *ssl;          /* NULL: in the clear */
	struct ssl_ctx_st *rules;
};

/* 0, or the exit code; why is on stderr, unless it is quiet and nobody is there. */
int wire_open(struct wire *w, const struct whom *whom, bool quiet);

/* Who hangs up may have said why: that is heard. */
void wire_send(struct wire *w, struct slice s);

/* Appends what has come, waiting for it: bytes, 0 at the end, -errno. */
long wire_hear(struct wire *w, struct buf *in);

void wire_close(struct wire *w);

#endif
