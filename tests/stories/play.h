/* SPDX-License-Identifier: Apache-2.0 */
/* Plays the scenes of a story.  README.md of this folder has the language. */
#ifndef STORIES_PLAY_H
#define STORIES_PLAY_H

#include <stdio.h>

#include "client.h"
#include "form.h"
#include "outside.h"
#include "script.h"

enum { APART_MAX = 200 };

struct tally {
	int passed, failed;
	int inside;       /* scenes that cannot be played outside */
	struct {
		int pid;
		FILE *said;   /* what it printed */
	} apart[APART_MAX]; /* scenes that are being played in processes of their own */
	int n_apart;
};

struct play_options {
	enum client_feeding feeding;
	const char *only; /* scenes whose title holds this; NULL: all */
	uint16_t port;    /* of a broker outside; 0: the one inside */
	int pause_ms;     /* outside: before each sending, for brokers that do several things at once */
	FILE *report;     /* outside: a line for each thing that came differently; or NULL */
};

/* Outside, scenes that only wait begin here and end in play_end. */
void play_story(const struct script *s, const struct play_options *o, struct tally *t);
void play_end(struct tally *t);

/* ---- shared with verbs.h ---- */

enum { CLIENTS_MAX = 12, VARIABLES_MAX = 16 };

struct variable {
	char name[16];
	struct buf value;
};

struct stage {
	const struct play_options *options;
	const struct script *script;
	int at; /* index of the line being played */
	int to; /* of the line behind the scene */
	const char *scene;
	bool failed;
	struct inside inside;
	struct client clients[CLIENTS_MAX];
	struct variable variables[VARIABLES_MAX];
	struct buf trace; /* the conversation so far */
	size_t noted;     /* memory */
	struct litter litter;
	uint64_t early_ms; /* outside: that much of the last clock has still to pass */
};

/* One line of a client: the words behind the name and the channel. */
struct saying {
	struct client *who;
	uint16_t channel;
	bool on_channel;
	struct word *words;
	int n;
};

/* The scene fails here; only the first failure counts. */
void stage_fail(struct stage *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Plays one line given as text. */
void stage_line(struct stage *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lets go everything pending, of one client last or of all. */
void stage_flush(struct stage *s);

/* Outside: the broker has read what all but this one (NULL: all) said. */
void stage_settle(struct stage *s, const struct client *but);

/* Sets a variable; NULL when there is none yet. */
void stage_set(struct stage *s, const char *name, struct slice value);
const struct variable *stage_get(struct stage *s, const char *name, size_t n);

#endif
