/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: libev's, with one broker turn in each iteration.  Sockets feed the broker; before the
 * loop sleeps the broker has its turn and whoever has something to say is flushed. */
#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "base/list.h"
#include "server/accesslog.h"
#include "server/config.h"
#include "server/watch.h"

struct aside;
struct broker;
struct door;
struct host;
struct listener;
struct steward;
struct tls_context;

/* Who has not logged in yet, the oldest first, and what all of them take. */
struct strangers {
	struct list all;
	size_t bytes;
};

struct loop {
	struct ev_loop *ev;
	struct broker *broker;
	const struct config *config;
	ev_check check;              /* input is at hand: since then ... */
	uint64_t turn_us;            /* ... it has been at work; 0: it waits */
	struct histogram turns_us;
	ev_prepare prepare;
	ev_timer timer;
	ev_timer tls_turn;
	ev_async wake;               /* sent by the log thread */
	ev_signal term, interrupt, hup, usr1;
	struct watch watch;
	struct door *door;           /* NULL: there is none */
	struct listener *listeners;  /* an array, ended by one that is not open */
	struct listener *web_listeners;   /* for HTTP; likewise */
	struct list webs;            /* clients of HTTP, the one heard last at the end */
	struct accesslog accesslog;
	bool web_waits, door_waits;  /* somebody there does, and be it for the time */
	size_t n_webs[2];            /* in the clear; with TLS */
	struct aside *aside;         /* for what would take long; NULL: there is none */
	struct host *host;           /* what they are served from; borrowed */
	struct steward *steward;     /* whom they ask; borrowed */
	struct web_tls {
		struct config config;        /* for the certificate ... */
		struct tls_context *context; /* ... that they are shown; NULL: none of them speaks TLS */
	} web_tls[HTTP_SERVICES];
	struct strangers strangers[2];   /* in the clear; with TLS */
	struct list sockets;         /* who has logged in */
	struct list line;            /* those that bring much and can be read */
	struct list waiting;         /* those that brought more than could be taken */
	uint64_t work;               /* frames taken in this iteration, and what costs as much */
	uint64_t n_sockets, max_sockets;
	uint8_t *input;              /* one read buffer for all */
	uint8_t *plain;              /* ... and one for what was decrypted */
	struct tls_context *tls;     /* NULL: no listener speaks TLS */
	unsigned handshakes;         /* steps of TLS handshakes in this turn */
	uint64_t moved_bytes;        /* read and written since memory was last given back */
	uint64_t moved_before, rest_at_ms;
	bool resting;                /* the broker has been told of the quiet */
	bool draining, stopping;     /* see drain_timeout; clients are told to go */
	uint64_t drain_by_ms, stop_by_ms;
	uint64_t look_at_ms, say_at_ms;   /* whether all is settled; how many are left is said */
	ev_timer watchdog;           /* systemd wants to hear that all is well */
	int exit_code;
};

enum { LOOP_INPUT_BYTES = 256 << 10, LOOP_PLAIN_BYTES = (256 << 10) + (20 << 10) };

/* Monotonic milliseconds, and microseconds. */
uint64_t loop_now_ms(void);
uint64_t loop_now_us(void);

/* Reads the certificates; nothing when no listener speaks TLS. False and a sentence in why. */
bool loop_load_tls(struct loop *l, struct buf *why);

/* Tells the host, if there is one, of those in force; loop_load_tls does so too. */
void loop_tell_certificates(struct loop *l);

/* Sets up watchers. The broker may be set later, before loop_run. */
void loop_init(struct loop *l, const struct config *c);

/* For log_file_options.wake: may be called from any thread. */
void loop_wake(void *loop);

/* Runs until the end; returns the exit code. */
int loop_run(struct loop *l);

/* Begins an orderly stop: clients are told, after the time for draining if there is one. */
void loop_stop(struct loop *l);

void loop_free(struct loop *l);

#endif
