/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs here share: options, dice, complaints, and a broker that is killed. */
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

void victim_start(struct victim *v);

/* Until somebody listens. False, with a complaint, when nobody does in time, or it has ended. */
bool victim_dial(struct victim *v, struct wire *w);

/* Also when it has ended by itself, and that was complained of. */
void victim_kill(struct victim *v);

/* Counts a failure; the first of them are printed. */
void victim_complain(struct victim *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

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
