/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulator believes: a broker on a forgetful disk, a client that does a seeded script of
 * operations, and for every message what the broker has promised about it.  After a crash the
 * promises are compared with what is there. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "tests/sim/talk.h"

/* The last queue is where messages end up whose time is over. */
enum {
	PLAIN = 6, ALWAYS = 4, DEAD = PLAIN, QUEUES, MESSAGES = 2048, HELD = 64, TENANTS = 3,
	KEYED = 512, STREAMS = 4, STREAMED = 512, NUMBERED = 300, RETAINED = 200, LINES = 4, LINE = 300,
};

struct shadow;

enum belief { ABSENT, PRESENT, UNSURE };

struct sent_message {
	bool persistent, confirmed;
	uint8_t queues;              /* bit for each queue it went to, or comes to in time */
	uint8_t unsure;              /* ... or may have gone to */
	uint8_t gone;                /* acked, purged with the queue, or lost for a good reason */
	uint8_t surely_gone;         /* ... and that is durable */
	uint32_t gone_before[QUEUES];   /* surely so once the publish of this number is confirmed */
};

struct outstanding {
	uint64_t tag;
	uint32_t id;
	uint8_t queue;
};

/* A message with a deduplication key, sent to the exchange and to the queue that take one once
 * (once.h). */
struct keyed {
	bool confirmed;
	bool taken[2];               /* came out of the queue, and was acked */
};

/* What is believed of streams (streams.h). */
struct streamed {                /* a message that was sent */
	enum belief there;
	bool persistent, taken;      /* taken: out of the queue that it went to as well */
	uint8_t to;                  /* bit for each stream, and for that queue */
	uint8_t key;                 /* where the latest of each key is kept; and no bytes: it ends */
	uint16_t bytes;
	uint32_t place[STREAMS];     /* its offset there, and one; 0: nobody has seen it */
	uint64_t sent_ms;
};

struct span {                    /* where a named offset stands: at one of these or between them */
	uint32_t low, high;
};

struct streams {
	struct streamed sent[STREAMED];
	uint32_t n_sent;
	struct span copied, acked;
	uint32_t tx_first, tx_end;   /* messages of the transaction whose outcome is not known */
	unsigned tx_came, tx_missing;
	uint64_t random;
};

/* A message with a publisher's number (numbers.h). */
struct numbered {
	bool confirmed, answered;    /* answered: confirmed or refused */
	bool taken[2];               /* came out of the queue, and was acked */
};

/* What is believed of queues that retain their messages, and of one beside (retained.h). */
struct retained_message {
	bool persistent;
	uint16_t bytes;
	uint64_t sent_ms;
};

struct line {                    /* messages in order */
	uint16_t id[LINE];
	unsigned n;
};

struct retained_work {           /* begun, and the end of it is not known */
	enum retained_doing { NOTHING, SENT, TAKEN, REPLAYED, MOVED, DELETED } what;
	unsigned from, to;           /* queues */
	unsigned before;             /* what is deleted has so many of the same id before it */
	uint16_t id[LINE];           /* the messages ... */
	unsigned n;                  /* ... so many */
};

struct retained {
	struct retained_message sent[RETAINED];
	uint16_t n_sent;
	struct line ready[LINES];    /* what a queue holds ... */
	struct line kept[LINES - 1]; /* ... and has retained ever, by offset */
	struct retained_work work;
	uint64_t random, deletes_random;
};

/* A virtual host that comes and goes (tenants.h). */
struct tenant {
	enum belief there;
	bool filled, alone;          /* holds its queue with one message, and nothing else */
	char queue[16];
	unsigned limit, maybe;       /* what its policy says, or else one that may be set; 0: none */
	bool ruled;                  /* that is known */
};

struct world {
	uint32_t tx_first, tx_end;   /* of the transaction whose outcome is not known */
	unsigned tx_came, tx_missing;
	uint64_t seed, random;
	bool leaves_one;             /* a queue that nobody reads; the others are emptied often */
	bool leaves_few;             /* ... but some come into it all the time */
	struct inside in;
	struct talk talk;
	bool connected;
	unsigned closed_with;        /* the code of connection.close, 0: it did not come */
	enum belief queues[QUEUES], bound[QUEUES];   /* bound: to the fanout exchange */
	enum belief topic_bound[2];                  /* queues 2 and 3 to the topic exchange */
	struct sent_message sent[MESSAGES];
	uint32_t n_sent;
	uint32_t first_of_run;       /* the first one sent after the last crash */
	uint32_t published[MESSAGES];   /* on the confirm channel of this connection, in order */
	uint64_t n_published;
	uint64_t confirmed_to;       /* the highest tag of a multiple confirm */
	struct tenant tenants[TENANTS];
	enum belief kate;            /* a user who comes and goes, and is given tags */
	bool tags_known;
	char tags[16];
	uint64_t tenants_random;
	struct keyed keyed[KEYED];
	uint32_t n_keyed;
	uint64_t once_random;
	struct streams streams;
	struct numbered numbered[NUMBERED];   /* by number, from 1 on */
	uint32_t n_numbered;
	uint64_t numbers_random;
	struct retained retained;
	struct outstanding held[HELD];
	unsigned n_held;
	unsigned operations;         /* done so far */
	uint64_t restarts;
	bool backs_up, checks_backups;   /* backups are made; and those that are whole looked at */
	struct shadow *shadow;       /* the one under way */
	unsigned backups;
	struct buf why;              /* what is wrong; empty: nothing yet */
};

/* Dice of those beside the script, so that it stays the same. */
static inline uint64_t world_dice(uint64_t *random, uint64_t n)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (*random >> 33) % n;
}

void world_init(struct world *w, uint64_t seed);
void world_free(struct world *w);

/* Starts the broker (again), connects, declares. Stops early, without complaint, when the power
 * goes. */
void world_begin(struct world *w);

/* False when the power is gone, the broker stopped because of a fault, or something is wrong. */
bool world_goes_on(const struct world *w);

/* When the log has failed: the client must have been told 541, and no confirm come after it. */
void world_check_end(struct world *w);

/* One operation of the script. False when the power is gone or something is wrong. */
bool world_step(struct world *w);

/* Acks what is there and lets time pass: the log must shrink to almost nothing. */
void world_drain(struct world *w);

/* Starts the broker on what the disk has left, and compares.  True when all is well. */
bool world_verify(struct world *w);

#endif
