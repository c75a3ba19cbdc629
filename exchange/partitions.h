/* SPDX-License-Identifier: Apache-2.0 */
/* x-super-stream: each message goes to one partition, by its routing key, which is hashed as the
 * clients of RabbitMQ's stream protocol do it: who publishes through the exchange and who publishes
 * to the partitions themselves agree where a key belongs. */
#ifndef EXCHANGE_PARTITIONS_H
#define EXCHANGE_PARTITIONS_H

#include <stdint.h>

#include "base/slice.h"

/* MurmurHash3 for 32 bits. */
uint32_t partitions_hash(uint32_t seed, struct slice bytes);

enum { PARTITIONS_SEED = 104729 };

#endif
