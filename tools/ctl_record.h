/* SPDX-License-Identifier: Apache-2.0 */
/* Records for people: their names, and what they say. */
#ifndef TOOLS_CTL_RECORD_H
#define TOOLS_CTL_RECORD_H

#include <stdbool.h>

#include "base/buf.h"
#include "persistence/log.h"

/* "PUBLISH"; "UNKNOWN" for a type that this version does not know. */
const char *record_name(uint8_t type);

/* True when its body decodes. */
bool record_reads(const struct log_record *r);

/* True when it says something about the queue. */
bool record_names_queue(const struct log_record *r, uint32_t queue);

/* Appends what it says, without a line's end; a body of a message with body only.  json: as an
 * object. */
void record_print(struct buf *out, const struct log_record *r, bool body, bool json);

#endif
