/* SPDX-License-Identifier: Apache-2.0 */
/* A connection with one channel, as producers and consumers have it.  What goes wrong ends the
 * program, with the broker's own words. */
#ifndef TOOLS_PERF_LINK_H
#define TOOLS_PERF_LINK_H

#include <amqp.h>
#include <stdbool.h>

struct link {
	amqp_connection_state_t state;
	const char *what; /* "producer 3", for words about it */
	char name[32];
};

enum { LINK_CHANNEL = 1 };

/* Connects by options.uri and opens the channel. */
void link_open(struct link *l, const char *kind, int number);
void link_close(struct link *l);

/* The last method was answered; what: that was done. */
void link_check(struct link *l, const char *what);

/* A function of the library returned this, and it is not AMQP_STATUS_OK. */
_Noreturn void link_failed(struct link *l, const char *what, int status);

/* Another method than a delivery or a confirm came: the broker closes something. */
_Noreturn void link_surprised(struct link *l, const amqp_method_t *method);

/* x-max-length=1000,x-queue-type=quorum: numbers, true and false are told from words.  To be freed
 * with its entries. */
amqp_table_t link_table(const char *words);
void link_table_free(amqp_table_t *t);

/* Declares what the options say, and binds it. */
void link_declare(struct link *l);

/* Deletes the queues that are not to stay. */
void link_delete(struct link *l);

#endif
