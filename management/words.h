/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of words in one text, as tags are kept. */
#ifndef MANAGEMENT_WORDS_H
#define MANAGEMENT_WORDS_H

#include "base/buf.h"

/* Appends the words, which are separated by commas and perhaps blanks, without the blanks. */
void words_put(struct buf *out, struct slice words);

#endif
