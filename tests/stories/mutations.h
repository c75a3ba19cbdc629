/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORIES_MUTATIONS_H
#define STORIES_MUTATIONS_H

#include "base/buf.h"

/* Plays every truncation, every single bit flip and every lost byte of valid client frames, in
 * every state they belong to, each against a broker of its own.  False with why at the first that
 * is not stood. */
bool mutations_run(struct buf *why);

#endif
