/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration comes to on this machine. */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdint.h>

struct broker_options;
struct config;

/* Bytes that the process may use, and those of them that the log may keep windows in. */
uint64_t settings_memory_total(const struct config *c);
uint64_t settings_window_bytes(const struct config *c);

/* Connections at a time: what is wanted, or as many as there are descriptors; some are kept for
 * files. */
uint64_t settings_connection_max(const struct config *c);

/* Fills in everything but log, entropy and wall_ms.  Texts are borrowed. */
void settings_of_broker(const struct config *c, struct broker_options *o);

#endif
