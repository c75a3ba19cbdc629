/* SPDX-License-Identifier: Apache-2.0 */
/* Input: what a server of HTTP answers to a verb that was called from afar.  In whatever pieces it
 * comes, the same is made of it, and a complaint can be printed. */
#include "base/die.h"
#include "management/http_reply.h"
#include "tests/fuzz/fuzz.h"

/* How it ended, and what was in it. */
static int read_all(struct slice in, size_t step, struct buf *out, struct buf *why)
{
	struct http_reply *r = http_reply_new();
	bool more = true;
	while (in.n && more)
		more = http_reply_take(r, slice_take(&in, in.n < step ? in.n : step), out);
	int code = http_reply_explain(r, why);
	must(more || !http_reply_take(r, slice_str("HTTP/1.1 200 OK\r\n\r\n"), out));
	http_reply_free(&r);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 }, why = { 0 }, again = { 0 };
	struct slice in = slice_of(data, size < HTTP_REPLY_HEAD_MAX_BYTES ? size : 0);
	int code = read_all(in, in.n, &whole, &why), same = read_all(in, 1, &pieces, &again);
	must(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
	must(code == same);
	for (size_t i = 0; i < why.len; i++)
		must(why.p[i] >= 0x20 && why.p[i] != 0x7F);
	buf_free(&whole);
	buf_free(&pieces);
	buf_free(&why);
	buf_free(&again);
	return 0;
}
