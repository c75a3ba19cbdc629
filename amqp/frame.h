/* SPDX-License-Identifier: Apache-2.0 */
/* Frames out of a stream of bytes (AMQP 0-9-1 section 2.3.5): type u8, channel u16, size u32,
 * payload, end octet 0xCE.  Knows nothing of what a payload means. */
#ifndef AMQP_FRAME_H
#define AMQP_FRAME_H

#include "base/buf.h"
#include "base/slice.h"

enum frame_type {
	FRAME_METHOD = 1,
	FRAME_HEADER = 2,
	FRAME_BODY = 3,
	FRAME_HEARTBEAT = 8,
};

enum {
	FRAME_END = 0xCE,
	FRAME_HEAD_BYTES = 7,
	FRAME_OVERHEAD_BYTES = 8,      /* head and end octet */
	FRAME_MIN_SIZE = 4096,         /* the least frame_max a peer may ask for */
};

struct frame {
	uint8_t type;         /* as sent: may be none of enum frame_type */
	uint16_t channel;
	struct slice payload; /* borrowed from the input */
};

enum frame_result {
	FRAME_OK,          /* *out is filled, the bytes are taken off *in */
	FRAME_MORE,        /* not yet whole: nothing is taken; *need says how many bytes would do */
	FRAME_BAD_END,     /* end octet is not 0xCE; out holds type, channel and payload */
	FRAME_TOO_LARGE,   /* payload above the limit; out holds type and channel, payload.n the size */
	FRAME_BAD_TYPE,    /* type octet is none of the four; out holds type and channel */
};

/* Takes one frame off the front of *in, whose bytes may end anywhere.  max_payload is the
 * largest payload accepted (the negotiated frame_max, or 0 for none; RabbitMQ's tolerance of
 * eight bytes is the caller's).  need may be NULL. */
enum frame_result frame_next(struct slice *in, uint32_t max_payload, struct frame *out,
                             size_t *need);

/* Appends a whole frame. */
void frame_write(struct buf *out, uint8_t type, uint16_t channel, struct slice payload);

/* Begins a frame whose size is not known yet; returns a mark for frame_end. */
size_t frame_begin(struct buf *out, uint8_t type, uint16_t channel);
void frame_end(struct buf *out, size_t mark);

#endif
