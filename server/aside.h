/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that reads large texts of JSON for management (management/parsing.h), so that the
 * broker goes on meanwhile. */
#ifndef SERVER_ASIDE_H
#define SERVER_ASIDE_H

#include "base/list.h"

struct aside;
struct loop;

/* It wakes the loop when it has done something.  NULL when the system has no thread to give. */
struct aside *aside_new(struct loop *l);

/* What is put on it is done elsewhere; NULL for no thread. */
struct list *aside_list(struct aside *a);

/* Gives it what is on the list, takes back what is done. */
void aside_turn(struct aside *a);

/* When nobody waits for anything any more. */
void aside_free(struct aside **a);

#endif
