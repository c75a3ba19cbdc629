/* SPDX-License-Identifier: Apache-2.0 */
/* The siege: good clients that keep time, and those outside who do not mean well. */
#ifndef HOSTILE_SIEGE_H
#define HOSTILE_SIEGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct siege {
	uint16_t port, tls_port; /* of the broker on the loopback interface */
	int broker;              /* its process */
	const char *stories;     /* a shell command that plays the hostile stories once */
	const char *only;        /* harms and strangers whose names hold this; all when empty */
	unsigned runs;
	const char *table;       /* a file for the figures; NULL: none */
};

void siege_pass_ms(long ms);

/* Makes good clients play while others mean harm, and prints what they wait for, as ratios to the
 * quiet moments before and after. */
void harms_measure(const struct siege *s);

/* What strangers make the broker take, which has a ceiling: prints a line each, counts both. */
void strangers_hold(const struct siege *s, unsigned *passed, unsigned *failed);

/* ---- good clients ---- */

/* How long the rounds of good clients took: a round is a publish with its confirm and delivery. */
struct rounds {
	uint32_t n, late;       /* late: begun after they were due, because the one before took long */
	uint32_t p50_us, p99_us, max_us, mean_us;
};

/* 50 clients with a queue each, that begin a round every 20 ms; they stay for all of the siege. */
void good_open(uint16_t port);
struct rounds good_run(uint32_t ms);
void good_close(void);

/* Deletes the queue, and what lies in it. */
void good_delete(uint16_t port, const char *queue);

/* ---- attacks ---- */

/* One way of being a nuisance, for n sockets, in a process of its own. */
struct attack {
	const char *name;
	int n;
	void (*run)(const struct attack *a);
	const char *bytes;       /* what each sends */
	uint32_t n_bytes, zeros; /* then so many zeros */
	const char *again;       /* what a flood goes on with, over and over */
	uint32_t n_again;
	bool tls;                /* to that port; what is sent is sent as it is all the same */
	uint16_t port;
};

/* Returns the id of the process. */
int attack_begin(struct attack a, const struct siege *s);
void attack_end(int pid);

/* hold: sends and keeps the socket; drip: a byte a second; flood: as much as the socket takes;
 * churn: sends and hangs up, as fast as it goes; greet: makes a whole TLS handshake, then sends.
 * Who is cut off dials anew. */
void attack_hold(const struct attack *a);
void attack_drip(const struct attack *a);
void attack_flood(const struct attack *a);
void attack_churn(const struct attack *a);
void attack_greet(const struct attack *a);

/* The bytes that an OpenSSL client begins with, at most max of them. */
uint32_t attack_client_hello(char *bytes, uint32_t max);

#endif
