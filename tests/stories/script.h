/* SPDX-License-Identifier: Apache-2.0 */
/* A story file as lines, a line as words.  A word is a bare value or key=value (key~value: the
 * value is only part of what is there); quotes and brackets hold a value together. */
#ifndef STORIES_SCRIPT_H
#define STORIES_SCRIPT_H

#include "base/buf.h"

enum { WORDS_MAX = 40 };

struct word {
	char *key; /* NULL: a bare word */
	bool part; /* written with ~ */
	char *value;
};

struct script {
	const char *file;
	char *bytes;
	char **lines; /* line i is number i + 1 of the file */
	int n;
};

/* Reads the file whole; false when it cannot be read. */
bool script_read(struct script *s, const char *file);
void script_free(struct script *s);

/* Cuts a line, which is written into.  Returns how many words, 0 for a comment or an empty line,
 * -1 when there are too many or a quote is open. */
int words_cut(char *line, struct word words[WORDS_MAX]);

/* Values.  Numbers: decimal, 0x, true, false.  Bytes: "text with \n \0 \x41", hex:0a0b, 20*"ab",
 * nested:5 (a table in a table ..., encoded), terms joined by +; anything else is itself.
 * Tables: {a: 1, b: "text", c: t true, d: [1, "x"], e: {..}, f: V, g: D 2/314, h: l 5} or bytes. */
bool value_number(const char *v, uint64_t *out);
bool value_bytes(const char *v, struct buf *out);
bool value_table(const char *v, struct buf *out);

#endif
