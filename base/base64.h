/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as base64 (RFC 4648 section 4), with padding, and back. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the bytes as text. */
void base64_put(struct buf *out, struct slice bytes);

/* Appends the bytes that the text stands for; false when it is none, out is undefined then. */
bool base64_read(struct buf *out, struct slice text);

#endif
