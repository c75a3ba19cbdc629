/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs here share: options, dice, complaints, a broker that is killed, and clients of
 * it that look after their sockets. */
#ifndef KILL_HARNESS_H
#define KILL_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/wire/wire.h"

struct option {
	const char *name;
	const char **text;           /* one of these two */
	uint64_t *number;
};

/* Reads arguments NAME=VALUE. False when one is none of them. */
bool options_read(int argc, char **argv, const struct option *all, size_t n);

/* Chooses a seed where it is 0, and begins from it. */
void dice_begin(uint64_t *seed);

/* Below n. */
uint64_t dice(uint64_t n);

/* The broker, and how it is started: with command= another one, which listens on the port, lets
 * guest in and finds its data again. Its process group is killed. */
struct victim {
	const char *broker, *data, *preload, *segment, *memory, *command;
	uint64_t port, patience_s;
	pid_t pid;                   /* 0: none runs */
	uint32_t kills;              /* so far; the caller counts */
	uint64_t failures;
	bool quiet;                  /* failures are wanted: they are counted, not printed */
};

#define VICTIM_DEFAULTS(at) \
	{ .broker = "build/leveret", .data = (at), .preload = "", .segment = "4MB", .memory = "0", \
	  .port = 5699, .patience_s = 120 }

#define VICTIM_OPTIONS(v) \
	{ "broker", &(v).broker, NULL }, { "data", &(v).data, NULL }, \
	{ "preload", &(v).preload, NULL }, { "segment", &(v).segment, NULL }, \
	{ "memory", &(v).memory, NULL }, { "command", &(v).command, NULL }, \
	{ "port", NULL, &(v).port }, { "patience_s", NULL, &(v).patience_s }

/* What programs with rounds are asked for, in a struct of theirs. */
#define ROUNDS_OPTIONS(r) \
	{ "loop", &(r).loop, NULL }, { "expect", &(r).expect, NULL }, \
	{ "kills", NULL, &(r).kills }, { "seed", NULL, &(r).seed }, \
	{ "load_ms", NULL, &(r).load_ms }

/* Before the first round. quiet: what is amiss is wanted, and not printed. */
void rounds_begin(struct victim *v, bool quiet, uint64_t *seed);

void victim_start(struct victim *v);

/* Until somebody listens. False, with a complaint, when nobody does in time, or it has ended. */
bool victim_dial(struct victim *v, struct wire *w);

/* Also when it has ended by itself, and that was complained of. */
void victim_kill(struct victim *v);

/* Counts a failure; the first of them are printed. */
void victim_complain(struct victim *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Starts the broker, opens all that is wanted, and moves for 20 ms and up to load_ms more; then
 * kills it.  False, with a complaint, when it hung up before. */
bool victim_round(struct victim *v, uint64_t load_ms, bool (*open)(void), bool (*move)(void));

/* ---- clients ---- */

bool harness_declare(struct wire *w, const char *name, struct slice arguments);

/* What came: a method, with its content in one frame when it carries one; id 0: none that makes
 * sense. */
struct told {
	struct method method;
	struct slice header, body;
};

/* Gives all that is there and whole to note. */
void harness_hear(struct wire *w, void (*note)(void *to, const struct told *t), void *to);

/* One look at the sockets (fd -1: none): hear is called for what came on each.  False when a peer
 * was lost. */
bool harness_look(struct wire *const *all, size_t n, void (*hear)(struct wire *w));

/* What had arrived before the kill still counts: it was promised.  Then the socket is closed. */
void harness_hang_up(struct wire *w, void (*hear)(struct wire *w));

/* Room for one more of n in an array. */
void *harness_grow(void *p, uint32_t n, uint32_t *room, size_t each);

/* ---- messages ---- */

/* Numbers at the front of a body, 8 digits in hex each. False when they are not there. */
bool harness_numbers(struct slice body, unsigned n, uint32_t *out);

/* Appends a persistent message to a queue, with a label at the front of a body of n bytes. */
void harness_publish(struct buf *out, const char *queue, const char *expiration,
                     const char *label, size_t n);

/* One message that was taken out of a queue; headers are empty when it has none. */
struct found {
	struct slice headers, body;
};

/* Takes everything out of a queue, up to a message that is put behind all others. */
bool harness_gather(struct victim *v, const char *queue,
                    void (*note)(void *to, const struct found *f), void *to);

enum { HARNESS_BODY_MOST = 4096 };

/* Sends all of w->out. False when the peer is gone. */
bool harness_send(struct wire *w);

#endif
