/* SPDX-License-Identifier: Apache-2.0 */
/* The header x-delay: for how many milliseconds an exchange of type x-delayed-message keeps a
 * message before it is routed. */
#ifndef QUEUE_DELAY_H
#define QUEUE_DELAY_H

#include "base/slice.h"

/* What the headers, an encoded table, say: any integer, a real number, or digits in a string.  0
 * when that is not more than nothing, or makes no sense; at most 2^53. */
int64_t delay_of(struct slice headers);

#endif
