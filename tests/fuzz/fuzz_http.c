/* SPDX-License-Identifier: Apache-2.0 */
/* Input: what a client of the HTTP API sends.  Whatever it is, the conversation comes to rest or to
 * its end, and what is answered begins as an answer does; and it does not matter in which pieces
 * the bytes came. */
#include "tests/fuzz/fuzz.h"
#include "tests/sim/browser.h"

static uint64_t drawn;

/* The same in each conversation. */
static void entropy(void *p, size_t n)
{
	for (uint8_t *at = p; n; n--)
		*at++ = (uint8_t)(++drawn * 0x9E3779B97F4A7C15ull >> 56);
}

static void converse(struct slice bytes, size_t some_at_once, struct buf *said)
{
	struct inside in;
	struct browser b;
	struct buf why = { 0 };
	drawn = 0;
	inside_init(&in);
	in.options.entropy = entropy;
	must(inside_start(&in, &why));
	browser_open(&b, &in, true);
	browser_send(&b, bytes, some_at_once);
	*said = b.output;
	b.output = (struct buf){ 0 };
	browser_close(&b);
	inside_pass(&in, 1);
	broker_check(in.broker);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };
	struct slice in = slice_of(data, size);
	converse(in, 0, &whole);
	converse(in, 1, &pieces);
	must(whole.len == 0 || slice_starts(buf_slice(&whole), "HTTP/1.1 "));
	must(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
