/* SPDX-License-Identifier: Apache-2.0 */
/* A broker inside the test process, driven as the server drives it, on a fake clock and a
 * simulated disk: bytes of peers go in, bytes for peers come out.  Used by the simulator, the
 * stories and the fuzzer. */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "base/buf.h"
#include "base/list.h"
#include "broker/broker.h"
#include "tests/sim/disk_sim.h"

struct log;

/* Bugs that the simulator must find, or it is worth nothing. */
enum plant {
	PLANT_NONE,
	PLANT_LYING_SYNC,        /* the disk says that it synced, and did not */
	PLANT_SWALLOWED_FAULT,   /* a sync that failed is taken for one that did not */
	PLANT_EARLY_CONFIRM,     /* the log says that it is durable up to its end */
	PLANT_FORGOTTEN_ACKS,    /* what a hollow segment says of older ones is lost */
	PLANT_HASTY_DROP,        /* a segment goes before what was copied out of it is durable */
	PLANT_EARLY_SIGHT,       /* readers of a stream see what is not durable yet */
	PLANT_LATE_OFFSET,       /* an offset is written behind the transaction that it is part of */
	PLANT_TORN_REPLAY,       /* the first message that is put back counts by itself */
	PLANT_TORN_MOVE,         /* ... that is moved is there before it has left */
	PLANT_BARE_QUEUE,        /* a message is logged for one queue, and not for what it retains */
	PLANT_LOST_DELETE,       /* a message that is deleted by hand is not gone for the log */
	PLANTS,
};

/* What has to find it: the script, streams, or queues that retain. */
enum plant_of { PLANT_OF_SCRIPT, PLANT_OF_STREAMS, PLANT_OF_RETAINED };

static inline enum plant_of plant_of(enum plant p)
{
	return p >= PLANT_TORN_REPLAY ? PLANT_OF_RETAINED
	       : p >= PLANT_EARLY_SIGHT ? PLANT_OF_STREAMS
	                                : PLANT_OF_SCRIPT;
}

struct inside {
	struct broker_options options;   /* set before inside_start */
	bool durable;                    /* a log on the simulated disk; else nothing is kept */
	enum plant plant;
	bool held;                       /* the log thread gets no time: nothing becomes durable */
	bool stuck;                      /* the broker did not come to rest */
	uint64_t segment_bytes;          /* of the log */
	uint64_t now_ms;
	int64_t ahead_ms;                /* of that, so much the wall clock is at the next start */
	struct broker *broker;
	struct list peers;
	struct disk *disk;               /* made by the first inside_start, kept until inside_forget */
	struct log *log;
};

struct inside_peer {
	struct inside *in;
	struct connection *connection;   /* NULL once the broker let go of it */
	struct list link;
	struct buf input;                /* sent, not yet taken in by the broker */
	struct buf output;               /* for the reader to take from */
	bool gone;                       /* the broker ended the transport ... */
	bool dropped;                    /* ... without writing out first */
	bool deaf;                       /* takes nothing: what it is sent stays with the broker */
};

/* Options at their defaults, no broker yet. */
void inside_init(struct inside *in);

/* Makes the broker; with a log, recovers what is on the disk. False with why. */
bool inside_start(struct inside *in, struct buf *why);

/* A clean stop; the disk stays for the next start. */
void inside_stop(struct inside *in);

/* The end of the process and, unless loss is DISK_SIM_KEEPS_ALL, of the power. */
void inside_crash(struct inside *in, enum disk_sim_loss loss);

/* Frees the disk. */
void inside_forget(struct inside *in);

/* Lets the log thread work again after held, and the broker take note. */
void inside_let_go(struct inside *in);

void inside_dial(struct inside *in, struct inside_peer *p, bool loopback);
void inside_feed(struct inside_peer *p, struct slice bytes);
void inside_hang_up(struct inside_peer *p);

/* The peer stops, or begins again, to take what it is sent. */
void inside_set_deaf(struct inside_peer *p, bool deaf);
void inside_peer_free(struct inside_peer *p);

/* Time passes, stopping at every deadline of the broker. */
void inside_pass(struct inside *in, uint64_t ms);

/* Bytes allocated in this process now. */
size_t inside_memory(void);

#endif
