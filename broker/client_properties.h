/* SPDX-License-Identifier: Apache-2.0 */
/* What clients say of themselves (client-properties).  Those that say the same share it, as all
 * that use one library do. */
#ifndef BROKER_CLIENT_PROPERTIES_H
#define BROKER_CLIENT_PROPERTIES_H

#include "base/slice.h"

struct broker;
struct client_properties;

enum { CLIENT_PROPERTIES_MAX_BYTES = 4096 };   /* who says more has said nothing */

/* Takes a share in the table; NULL when it is too long. */
struct client_properties *client_properties_take(struct broker *b, struct slice properties);

/* Gives the share back.  NULL is allowed. */
void client_properties_leave(struct broker *b, struct client_properties **t);

/* The table; of NULL an empty one. */
struct slice client_properties_table(const struct client_properties *t);

#endif
