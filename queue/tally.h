/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in many queues together, kept with every change, so that nobody has to look at each
 * of them.  Where nobody is to know of a queue it is counted in one that is not looked at. */
#ifndef QUEUE_TALLY_H
#define QUEUE_TALLY_H

#include <stdint.h>

struct tally {
	uint64_t ready, unacked;
	uint64_t held;               /* of these, dead letters that nobody took */
};

#endif
