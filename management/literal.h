/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Erlang as settings have them: a binary, a string or an atom, in the notation of its
 * source (<<"text">>, "text", text) and as bytes (the external term format, version 131). */
#ifndef MANAGEMENT_LITERAL_H
#define MANAGEMENT_LITERAL_H

#include "base/buf.h"

enum { LITERAL_MAX_BYTES = 65535, LITERAL_ATOM_MAX_BYTES = 255 };

struct literal {
	enum literal_kind { LITERAL_BINARY, LITERAL_STRING, LITERAL_ATOM } kind;
	struct buf text;             /* of a binary its bytes, else UTF-8; owned */
};

/* Reads the notation, which is UTF-8; what is no such value, or longer than LITERAL_MAX_BYTES, is
 * refused.  A zeroed literal, which is to be freed in any case. */
bool literal_read(struct literal *out, struct slice notation);

/* Appends its notation. */
void literal_put(struct buf *out, const struct literal *l);

/* Appends its bytes, of one that was read or unpacked. */
void literal_pack(struct buf *out, const struct literal *l);

/* As literal_read; all of the bytes have to be the value. */
bool literal_unpack(struct literal *out, struct slice bytes);

void literal_free(struct literal *l);

#endif
