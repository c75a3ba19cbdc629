/* SPDX-License-Identifier: Apache-2.0 */
/* Answers are made piece by piece, so that a long one neither makes others wait nor is ever there
 * whole: who makes one is called again and again, appends the next piece each time, and says what
 * is to come then. */
#ifndef MANAGEMENT_PIECE_H
#define MANAGEMENT_PIECE_H

enum call_state {
	CALL_MORE,                   /* pull again when the peer has taken this */
	CALL_WAITS,                  /* pull again after the next turn of the broker */
	CALL_DONE,
};

/* A piece that has got as long ends with the row that it is at. */
enum { PIECE_BYTES = 32 << 10 };

#endif
