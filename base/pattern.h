/* SPDX-License-Identifier: Apache-2.0 */
/* A regular expression over bytes (pcre2), found anywhere in a text unless it says otherwise, as
 * RabbitMQ's re:run does for permissions and policies.  Who writes a pattern or chooses the text
 * may be a stranger: a pattern is short, compiles within milliseconds to little, and a search ends
 * after PATTERN_MAX_STEPS steps whatever is asked, which is less than a millisecond. */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/slice.h"

enum {
	PATTERN_MAX_BYTES = 4096,       /* of a pattern's text */
	PATTERN_MAX_NESTING = 100,      /* parentheses in parentheses */
	PATTERN_MAX_SUBJECT = 512,      /* bytes of a text that is searched */
	PATTERN_MAX_STEPS = 10000,      /* items of a pattern looked at in one search */
	PATTERN_MAX_ROOM_KB = 256,      /* what a search may remember of ways not taken */
};

struct pattern;

/* What a search works in: one serves all patterns of a thread, one search after the other. */
struct pattern_room;

/* Why a pattern is none: a sentence of pcre2, and the byte where it noticed. */
struct pattern_fault {
	char text[128];
	size_t at;
};

enum pattern_answer {
	PATTERN_NOT_FOUND,
	PATTERN_FOUND,
	PATTERN_GAVE_UP,   /* too many steps, too much room or too long a text: nothing is known */
};

/* The caller's, to be freed; NULL with *fault set when text is no pattern or too large a one.
 * The empty pattern is found everywhere. */
struct pattern *pattern_new(struct slice text, struct pattern_fault *fault);
void pattern_free(struct pattern **p);

/* The caller's, to be freed.  It grows in its first searches, never beyond PATTERN_MAX_ROOM_KB. */
struct pattern_room *pattern_room_new(void);
void pattern_room_free(struct pattern_room **r);

/* Is p found in text?  Allocates nothing once r has grown. */
enum pattern_answer pattern_search(const struct pattern *p, struct pattern_room *r,
	struct slice text);

/* The same once, of a pattern that is not kept; what is no pattern is not found. */
enum pattern_answer pattern_search_once(struct slice pattern, struct pattern_room *r,
	struct slice text);

/* Steps that the last search in r took, for tests. */
unsigned pattern_steps(const struct pattern_room *r);

#endif
