/* SPDX-License-Identifier: Apache-2.0 */
/* The queues, the exchange and the bindings of one run. */
#ifndef TESTS_BENCH_SCENE_H
#define TESTS_BENCH_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct wire;

/* Deletes what an earlier run left and declares what the options ask for. */
void scene_make(struct wire *w);
void scene_remove(struct wire *w);

/* The name of queue number i, in out[NAME_BYTES]. */
struct slice scene_queue(char *out, uint64_t i);

/* The header that groups go by, where the options ask for keys. */
#define SCENE_GROUP_HEADER "group"

/* Where publishes go. */
struct slice scene_exchange(void);

/* The routing key of a message for queue number i, in out[NAME_BYTES]: always of one length. With
 * bindings its six digits at SCENE_DIGITS are to be replaced by a number below options.bindings. */
struct slice scene_key(char *out, uint64_t i);
enum { SCENE_DIGITS = 4 };

#endif
