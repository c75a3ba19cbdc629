/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as Prometheus reads them: its text format 0.0.4, line by line. */
#ifndef MANAGEMENT_EXPOSITION_H
#define MANAGEMENT_EXPOSITION_H

#include "base/buf.h"

struct histogram;

enum exposition_type { EXPOSE_COUNTER, EXPOSE_GAUGE, EXPOSE_HISTOGRAM, EXPOSE_UNTYPED };

/* The two lines above the numbers of that name, which is made of two parts. */
void exposition_head(struct buf *out, const char *prefix, const char *name,
                     enum exposition_type type, const char *help);

/* One number: its name, any labels, and what it is, which is so many parts of a whole (1, or 1000
 * for milliseconds that are told as seconds). */
void exposition_name(struct buf *out, const char *prefix, const char *name);
void exposition_label(struct buf *out, const char *key, struct slice value);
void exposition_value(struct buf *out, uint64_t value, uint64_t parts);

/* All the lines of a histogram; bounds and sum in parts, likewise. */
void exposition_histogram(struct buf *out, const char *prefix, const char *name,
                          const struct histogram *h, uint64_t parts);

#endif
