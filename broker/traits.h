/* SPDX-License-Identifier: Apache-2.0 */
/* What clients say of themselves (client-properties).  Those that say the same share it, as all
 * that use one library do. */
#ifndef BROKER_TRAITS_H
#define BROKER_TRAITS_H

#include "base/slice.h"

struct broker;
struct traits;

enum { TRAITS_MAX_BYTES = 4096 };   /* who says more has said nothing */

/* Takes a share in the table; NULL when it is too long. */
struct traits *traits_take(struct broker *b, struct slice properties);

/* Gives the share back.  NULL is allowed. */
void traits_leave(struct broker *b, struct traits **t);

/* The table; of NULL an empty one. */
struct slice traits_table(const struct traits *t);

#endif
