/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a verb: the request of a peer, its options, and its answer, which is pulled piece by
 * piece.  Output and errors are those of rabbitmqctl, so that scripts go on. */
#ifndef MANAGEMENT_CALL_H
#define MANAGEMENT_CALL_H

#include "management/grid.h"
#include "management/host.h"
#include "management/options.h"
#include "management/piece.h"
#include "persistence/log.h"

struct field;
struct user;
struct verb;
struct vhost;

enum { CALL_FOLLOWERS_MAX = 8 };

struct call {
	struct host *host;

	/* what is asked, and by whom */
	struct slice actor;          /* a user, from afar; p == NULL: the broker's owner */
	struct buf bytes;            /* what the arguments lie in */
	struct request request;      /* as it came */
	const struct verb *verb;     /* NULL: there is no such verb */
	struct slice arguments[REQUEST_MAX_ARGUMENTS];   /* without options */
	size_t n;
	struct options options;
	struct slice vhost;          /* that is meant: the option's, else "/", or another */

	/* what is answered */
	bool begun, over;            /* it was pulled before; it is not to be pulled any more */
	bool follows;                /* it goes on until the caller goes */
	struct grid grid;            /* of rows that are made one by one */
	struct buf error;            /* for the other output */
	struct buf progress;
	uint32_t code;
	log_position wait_for;       /* of what was changed */

	/* what its handler keeps from one pull to the next (call_keep) */
	void *kept;
	void (*end)(void *kept);
};

/* Takes over the bytes of a whole request, which verb and arguments are looked up in. */
struct call *call_new(struct host *h, struct buf *request);

/* Appends the next piece of the answer, at time now_ms. */
enum call_state call_pull(struct call *c, uint64_t now_ms, struct buf *out);

void call_free(struct call **c);

/* ---- for handlers ---- */

/* What the handler keeps from one pull to the next: n bytes, zeroed before the first one.  end,
 * which may be NULL, is called with it when the call goes. */
void *call_keep(struct call *c, size_t n, void end(void *kept));

/* Says why, for the other output, and sets the exit code. */
enum call_state call_fail(struct call *c, uint32_t code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As rabbitmqctl refuses arguments: with what was given, and the usage. */
enum call_state call_refuse(struct call *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same without what was given, where that is nobody's business. */
enum call_state call_refuse_quietly(struct call *c, const char *why);

/* The user that the option or the first argument names; NULL, which was said then: none. */
struct user *call_user(struct call *c);

/* The virtual host that is meant; NULL, which was said then: there is none. */
struct vhost *call_vhost(struct call *c);

/* For a verb that changes something once: does it, and then waits until it is durable, and until
 * policies and rights that changed are in effect.  change sets wait_for. */
enum call_state call_durably(struct call *c, struct buf *out,
                             enum call_state change(struct call *c, struct buf *out));

/* Reads what was typed as JSON (json_read); false when it is none, which was said then. */
bool call_json(struct call *c, struct slice text, struct buf *room, struct field *out);

/* Sets the limits of a virtual host, from an object in JSON, or lifts them.  What is wrong with
 * them goes to why, or was said. */
void call_limit(struct call *c, struct vhost *v, struct slice text, struct buf *why);
void call_lift(struct call *c, struct vhost *v);

/* It is to go on until the caller goes.  False when as many as may do so already, which was said
 * then: others are to find a place, too. */
bool call_follow(struct call *c);

/* Begins the grid, in the form that is wanted, with columns of these names. */
void call_grid(struct call *c, struct buf *out, const char *const *names, size_t n);

/* A line ahead of the output that says what is being done, if it is wanted. */
void call_banner(struct call *c, struct buf *out, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
