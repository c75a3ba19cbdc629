/* SPDX-License-Identifier: Apache-2.0 */
/* A connection as the rest of this folder sees it: the inside of broker/connection.h. */
#ifndef BROKER_LINK_H
#define BROKER_LINK_H

#include "amqp/method.h"
#include "amqp/refusal.h"
#include "base/heap.h"
#include "base/list.h"
#include "broker/connection.h"
#include "broker/outbox.h"
#include "broker/security.h"
#include "broker/state.h"
#include "queue/motion.h"

struct channel;
struct grant;
struct client_properties;
struct user;

/* From accept to the end.  A connection only ever moves down this list. */
enum connection_state {
	CONN_HEADER,      /* the protocol header is awaited */
	CONN_START,       /* connection.start-ok is awaited */
	CONN_TUNE,        /* connection.tune-ok is awaited */
	CONN_OPEN,        /* connection.open is awaited */
	CONN_RUNNING,
	CONN_CLOSING,     /* we said connection.close: all but close-ok is ignored */
	CONN_LEAVING,     /* the client said connection.close: what is owed is paid first */
	CONN_LEFT,        /* ... and was answered: it hangs up, a further close is answered again */
	CONN_SILENT,      /* refused before login: nothing is said, the transport goes after a while */
	CONN_DONE,        /* what lies in the outbox is still sent, then the transport goes */
	CONN_DROPPED,     /* the transport is to go at once */
	CONN_LOST,        /* the transport is gone */
};

struct connection {
	struct broker *broker;
	void *owner;
	enum connection_state state;
	bool loopback, by_tls, first_byte;
	bool publishes;              /* has published: waits when the log is pressed */
	bool blocked;                /* published during an alarm, or too fast: it is not read ... */
	uint64_t slow_until_ms;      /* ... because it was too fast, before then; 0: it was not */
	uint64_t placed;             /* messages put into queues by what was read last */
	bool congested;              /* it takes no deliveries: consumers wait */
	uint64_t number;
	char *name;
	char *user;                  /* logged in as; NULL before */
	struct user *account;        /* the same; NULL when it was deleted, too */
	struct grant *grant;         /* what it may do there, as of broker.rights ... */
	uint64_t rights_when;        /* ... being that */
	struct vhost *vhost;         /* opened; NULL before, and when it was deleted */
	struct client_properties *client_properties;   /* NULL before it has logged in */
	struct security *security;   /* NULL: in the clear, or the handshake is not over */
	const char *mechanism;       /* that it has logged in by; NULL before */

	/* what the client can do, from its client-properties */
	bool can_cancel_notify, can_auth_close, can_blocked, can_nack_reason;

	uint16_t channel_max;
	uint32_t frame_max;
	uint32_t n_channels;
	struct channel **channels;   /* by number; NULL where closed */
	struct motion motion;        /* its traffic is that of its channels, and of those it had */
	uint64_t received_bytes, received_count, sent_count;
	size_t cap_channels;

	struct outbox outbox;
	struct list owed;            /* replies that wait for the log, in order (owed.h) */
	uint64_t owed_bytes;
	uint64_t assembling_bytes;   /* half-received bodies and held transactions */
	uint64_t kept_bytes;         /* frames of parked channels */
	uint32_t n_yielding;         /* of these, so many wait for their turn */

	uint64_t accepted_ms, received_ms, close_at_ms;
	uint32_t heartbeat_ms;       /* agreed interval; 0: none */
	uint64_t beat_at_ms, beat_total;
	uint64_t timer_ms;
	struct heap_node timer;

	struct list exclusive_queues;
	struct list link;            /* in broker.connections, then in broker.graveyard */
	struct list dirty;
	struct list owing;
};

/* One end of the connection, its own or the peer's, as its name "PEER:PORT -> OWN:PORT" says it; an
 * address of IPv6 stands there in brackets.  False when it says none. */
bool connection_address(const struct connection *c, bool own, struct slice *host, uint16_t *port);
bool connection_name_address(const char *name, bool own, struct slice *host, uint16_t *port);

/* Asks the driver to look at the connection. */
void connection_touch(struct connection *c);

/* Encodes a method to the peer, after everything that is owed.  Nothing is sent any more once the
 * connection is closing. */
void connection_send(struct connection *c, uint16_t channel, const struct method *m);

/* As connection_send, but not before the log is durable beyond wait_for. */
void connection_send_when(struct connection *c, uint16_t channel, const struct method *m,
                          log_position wait_for);

/* The client has opened the virtual host: it is running. */
void connection_enter(struct connection *c, struct vhost *v);

/* A connection without a transport and without an owner: the user is in the virtual host from the
 * start.  Who made it hands in frames, and takes what is in its outbox. */
struct connection *connection_inside(struct broker *b, struct user *u, struct vhost *v,
                                     const char *name, uint64_t now_ms);

/* Ends everything the client had: channels, consumers, unacked, exclusive queues. */
void connection_clean_up(struct connection *c);

/* Sends connection.close for a refusal just made (class and method id of the method at fault, or
 * 0) and waits for close-ok. */
void connection_refuse(struct connection *c, const struct refusal *r, uint32_t method_id);

/* Refused without a word: the transport goes after three seconds. */
void connection_refuse_silently(struct connection *c);

/* Nothing more is read or promised; the rest of the outbox is sent, then the transport goes. */
void connection_finish(struct connection *c);

/* The client said connection.close and close-ok is on its way: from now on it is the client's to
 * hang up, as it is with RabbitMQ; the close timeout does it otherwise. */
void connection_leave(struct connection *c);

/* Sets the timer for the earliest of handshake, heartbeat and close. */
void connection_rearm(struct connection *c);

/* The timer fired. */
void connection_timeout(struct connection *c);

/* The outbox became shorter or what was owed is paid: consumers may go on. */
void connection_relieved(struct connection *c);

/* True when deliveries may be added to the outbox now. */
bool connection_takes_deliveries(const struct connection *c);

/* By its number, until it is lost; NULL: there is none. */
struct connection *connection_numbered(const struct broker *b, uint64_t number);

/* The open channel of that number, or NULL. */
struct channel *connection_channel(const struct connection *c, uint16_t number);

/* Frees a lost connection. */
void connection_bury(struct connection *c);

/* The connection publishes: while there is an alarm, or when it publishes more than it may, it is
 * told so (connection.blocked) and not read any more. */
void connection_publishes(struct connection *c);

/* The last alarm is over, or it may publish again: it goes on if nothing else is in its way. */
void connection_unblock(struct connection *c);

/* Handles one frame, or keeps it when its channel is parked. */
void connection_frame(struct connection *c, const struct frame *f);

/* on_connection.c: the methods of class connection, on channel 0. */
const struct refusal *connection_method(struct connection *c, const struct method *m);

#endif
