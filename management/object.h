/* SPDX-License-Identifier: Apache-2.0 */
/* An object of JSON that is put pair by pair behind what is in a buffer. */
#ifndef MANAGEMENT_OBJECT_H
#define MANAGEMENT_OBJECT_H

#include "management/cell.h"

/* Begins one, as the value of a key of one that is open (NULL: of none), and ends it. */
void object_open(struct buf *out, const char *key);
void object_close(struct buf *out);

/* The same with a list, whose elements are objects, or values, without keys (NULL). */
void object_open_list(struct buf *out, const char *key);
void object_close_list(struct buf *out);

/* A pair of the one that is open. */
void object_put(struct buf *out, const char *key, struct cell value);

#endif
