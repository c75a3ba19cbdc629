/* SPDX-License-Identifier: Apache-2.0 */
/* What the types have in common that send each message to one of their bindings. */
#ifndef EXCHANGE_SPREAD_H
#define EXCHANGE_SPREAD_H

#include "base/slice.h"

/* The same number for the same bytes and seed, in every process and version. */
uint64_t spread_hash(uint64_t seed, struct slice bytes);

#endif
