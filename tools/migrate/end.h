/* SPDX-License-Identifier: Apache-2.0 */
/* One of the two brokers of leveret-migrate: a connection with one channel.  What goes wrong ends
 * the program with the broker's own words: what was not confirmed stays where it was. */
#ifndef TOOLS_MIGRATE_END_H
#define TOOLS_MIGRATE_END_H

#include <amqp.h>
#include <stdbool.h>
#include <stdint.h>

struct end {
	const char *what;            /* "the source" */
	amqp_connection_state_t state;
	char vhost[256];
};

enum { END_CHANNEL = 1 };

enum { EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* Last words. */
_Noreturn void end_with(int code, const char *form, ...) __attribute__((format(printf, 2, 3)));

/* Connects by the URI and opens the channel. */
void end_open(struct end *e, const char *what, const char *uri);
void end_close(struct end *e);

/* The last method was answered; doing: what it was for. */
void end_check(struct end *e, const char *doing);

/* A function returned this. */
void end_check_status(struct end *e, int status, const char *doing);

/* Something else came than what is wanted: the words of the broker, if it closes something. */
_Noreturn void end_surprised(struct end *e, const amqp_method_t *m);

/* A frame that is there already or comes within ms; false: none. */
bool end_frame(struct end *e, long ms, amqp_frame_t *out);

/* Waits until bytes have come from one of them, at most ms; not when there are some already. */
void ends_wait(struct end *a, struct end *b, int ms);

#endif
