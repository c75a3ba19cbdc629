/* SPDX-License-Identifier: Apache-2.0 */
/* One message in one queue.  Whoever holds an entry holds its reference to the message, and one
 * count that retains the record at its position. */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include "queue/message.h"

struct entry {
	struct message *message;
	uint64_t seq;
	log_position at;              /* of its record; 0: it is in memory only, nothing is retained */
	bool kept;                    /* the log must be told of its end */
	bool redelivered;
	uint32_t returns;             /* how often it came back; of a queue that counts or delays */
};

#endif
