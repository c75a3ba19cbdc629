/* SPDX-License-Identifier: Apache-2.0 */
/* What tests look at of topic exchanges. */
#ifndef EXCHANGE_TOPIC_H
#define EXCHANGE_TOPIC_H

#include <stdint.h>

struct exchange;

/* Steps (nodes looked at) that the last routing through x took. */
uint64_t topic_steps(const struct exchange *x);

/* Nodes in x's trie, the root not counted. */
uint64_t topic_nodes(const struct exchange *x);

#endif
