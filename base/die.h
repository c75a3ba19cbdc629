/* SPDX-License-Identifier: Apache-2.0 */
/* Our own bugs end the process, loudly and always: these checks are never compiled out. */
#ifndef BASE_DIE_H
#define BASE_DIE_H

/* Prints the failed condition and its place to stderr, then aborts. */
_Noreturn void die_at(const char *file, int line, const char *what);

/* The condition holds, or this is a bug of ours.  Never depends on what a peer sent. */
#define must(cond) ((cond) ? (void)0 : die_at(__FILE__, __LINE__, "must(" #cond ")"))

/* This line cannot be reached; why says what made it so. */
#define must_not_happen(why) die_at(__FILE__, __LINE__, why)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
