/* SPDX-License-Identifier: Apache-2.0 */
/* How far a word is from one that is known, for a hint to who mistyped it. */
#ifndef BASE_SPELLING_H
#define BASE_SPELLING_H

#include "base/slice.h"

/* So many letters have to be changed, added or taken away; SIZE_MAX for a known word that is longer
 * than 126 letters. */
size_t spelling_distance(const char *known, struct slice word);

#endif
