/* SPDX-License-Identifier: Apache-2.0 */
/* What passes through the door of the broker (server/door.h), as bytes.
 *
 * A request is a list of arguments, the first of them a verb: "LVR1", the number of bytes that
 * follow (u32), then each argument as its length (u32) and its bytes.  An answer is a row of
 * pieces: kind (u8), length (u32), bytes; the last is ANSWER_END, whose bytes are the exit code
 * (u32).  Integers are little endian. */
#ifndef MANAGEMENT_REQUEST_H
#define MANAGEMENT_REQUEST_H

#include "base/buf.h"

enum {
	REQUEST_MAX_BYTES = 8 << 20,    /* of the arguments and their lengths: definitions are one */
	REQUEST_MAX_ARGUMENTS = 256,
	REQUEST_HEAD_BYTES = 8,
	ANSWER_HEAD_BYTES = 5,
	ANSWER_MAX_BYTES = 1 << 20,     /* of one piece */
};

struct request {
	struct slice arguments[REQUEST_MAX_ARGUMENTS];   /* borrowed from the bytes */
	size_t n;                                        /* at least one */
};

enum request_result {
	REQUEST_OK,
	REQUEST_MORE,                /* not all of it is there */
	REQUEST_BAD,                 /* no more of it need be read */
};

/* Takes one whole request off the front of *in. */
enum request_result request_decode(struct slice *in, struct request *out);

/* One call can carry it. */
bool request_fits(const struct request *r);

/* Appends the request; false, and nothing happens, when it is too long. */
bool request_encode(struct buf *out, const struct request *r);

enum answer_kind {
	ANSWER_END,
	ANSWER_OUTPUT,
	ANSWER_ERROR,                /* for the other output */
	ANSWER_PROGRESS,             /* a line for a person, in place of the one before */
};

struct answer_piece {
	enum answer_kind kind;
	struct slice bytes;          /* borrowed */
	uint32_t code;               /* of ANSWER_END */
};

/* Its exit codes, as those of rabbitmqctl. */
enum {
	CALL_EXIT_OK = 0,
	CALL_EXIT_USAGE = 64,
	CALL_EXIT_DATA = 65,
	CALL_EXIT_NO_USER = 67,
	CALL_EXIT_UNAVAILABLE = 69,
	CALL_EXIT_SOFTWARE = 70,
};

/* Appends a piece; one without bytes is left out, but for the end, which has its code only. */
void answer_encode(struct buf *out, const struct answer_piece *p);

/* Takes one whole piece off the front of *in. */
enum request_result answer_decode(struct slice *in, struct answer_piece *out);

#endif
