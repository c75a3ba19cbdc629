/* SPDX-License-Identifier: Apache-2.0 */
/* The siege: good clients that keep time, and those outside who do not mean well. */
#ifndef HOSTILE_SIEGE_H
#define HOSTILE_SIEGE_H

#include <stdbool.h>
#include <stdint.h>

/* How long the rounds of good clients took: a round is a publish with its confirm and delivery. */
struct rounds {
	uint32_t n, late;       /* late: begun after they were due, because the one before took long */
	uint32_t p50_us, p99_us, max_us, mean_us;
};

/* 50 clients with a queue each, that begin a round every 20 ms; they stay for all of the siege. */
void good_open(uint16_t port);
struct rounds good_run(uint32_t ms);
void good_close(void);

/* One way of being a nuisance, for n sockets, in a process of its own.  Returns its id. */
struct attack {
	const char *name;
	int n;
	void (*run)(const struct attack *a);
	const char *bytes;      /* what each sends, once or again and again */
	uint32_t n_bytes, zeros; /* then so many zeros */
	uint16_t port;
};

int attack_begin(struct attack a, uint16_t port);
void attack_end(int pid);

/* hold: sends once and keeps the socket; drip: a byte a second; flood: as much as the socket takes;
 * churn: sends and hangs up, as fast as it goes. Who is cut off dials anew. */
void attack_hold(const struct attack *a);
void attack_drip(const struct attack *a);
void attack_flood(const struct attack *a);
void attack_churn(const struct attack *a);

#endif
