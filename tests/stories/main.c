/* SPDX-License-Identifier: Apache-2.0 */
/* stories [--split | --join] [--scene TEXT] [--port N [--pause MS] [--report FILE]] FILE.story...
 * 0 when all went well, 1 when not, 2 when the command line makes no sense. */
#include <stdio.h>
#include <stdlib.h>

#include "broker/password.h"
#include "memory.h"
#include "play.h"

static void play_file(const char *file, const struct play_options *o, struct tally *t)
{
	struct script s;
	if (!script_read(&s, file)) {
		printf("not ok %s: cannot be read\n", file);
		t->failed++;
	} else {
		play_story(&s, o, t);
	}
	script_free(&s);
}

/* How many arguments the option takes up; 0: there is no such option. */
static int read_option(struct play_options *o, char **argv)
{
	if (!strcmp(argv[0], "--split") || !strcmp(argv[0], "--join")) {
		o->feeding = argv[0][2] == 's' ? FEED_SPLIT : FEED_JOIN;
		return 1;
	}
	if (!argv[1])
		return 0;
	if (!strcmp(argv[0], "--scene"))
		o->only = argv[1];
	else if (!strcmp(argv[0], "--port"))
		o->port = (uint16_t)atoi(argv[1]);
	else if (!strcmp(argv[0], "--pause"))
		o->pause_ms = atoi(argv[1]);
	else if (!strcmp(argv[0], "--report"))
		o->report = fopen(argv[1], "a");
	else
		return 0;
	return 2;
}

int main(int argc, char **argv)
{
	struct play_options o = { .feeding = FEED_WHOLE };
	struct tally t = { 0 };
	static char line[BUFSIZ];
	struct password p;
	memory_prepare(argv);
	/* OpenSSL takes what it keeps */
	password_set(&p, HASHING_SHA256, (const uint8_t *)"salt", slice_str("x"));
	forms_init();
	setvbuf(stdout, line, _IOLBF, sizeof line); /* not taken while a scene is measured */
	for (int i = 1; i < argc; i++) {
		int taken = argv[i][0] == '-' ? read_option(&o, argv + i) : 0;
		if (argv[i][0] != '-') {
			play_file(argv[i], &o, &t);
		} else if (taken == 0) {
			fprintf(stderr, "stories: what is %s?\n", argv[i]);
			return 2;
		} else {
			i += taken - 1;
		}
	}
	play_end(&t);
	printf("passed %d failed %d stories", t.passed, t.failed);
	if (t.inside)
		printf(", %d scenes need the inside of the broker", t.inside);
	printf("\n");
	return t.failed || !t.passed;
}
