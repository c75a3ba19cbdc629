/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a request that are no options. */
#ifndef TOOLS_CTL_WORDS_H
#define TOOLS_CTL_WORDS_H

#include "management/request.h"

/* It is an option, or what the option before it takes. */
bool words_is_of_option(const struct request *r, size_t i);

/* How many are none; the first is the verb. */
size_t words_count(const struct request *r, struct slice *verb);

/* Where the nth of them stands, the verb being the 0th; r->n: there are not so many. */
size_t words_place(const struct request *r, size_t nth);

/* "--help", wherever it stands, becomes the verb "help", and what was the verb its argument. */
void words_put_help_first(struct request *r);

/* Nothing may be changed, here neither. */
bool words_ask_dry_run(const struct request *r);

#endif
