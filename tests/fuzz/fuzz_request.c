/* SPDX-License-Identifier: Apache-2.0 */
/* Input: what comes through the door.  A request lies inside the bytes, is within its limits, and
 * encoded again it is the same; whatever it asks of a broker, the answer comes to an end and reads
 * as one.  The bytes are taken for an answer too. */
#include "base/mem.h"
#include "management/call.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/inside.h"

enum { PULLS_MAX = 100 };

static void check_again(const struct request *r, struct slice whole)
{
	struct buf again = { 0 };
	must(request_encode(&again, r));
	must(slice_eq(buf_slice(&again), whole));
	buf_free(&again);
}

static void check_answer(struct inside *in, struct call *c)
{
	struct buf out = { 0 };
	struct answer_piece p = { 0 };
	enum call_state state = CALL_MORE;
	for (int i = 0; i < PULLS_MAX && state != CALL_DONE; i++) {
		state = call_pull(c, in->now_ms, &out);
		if (state == CALL_WAITS)
			inside_pass(in, 1);
	}
	must(state == CALL_DONE);
	struct slice rest = buf_slice(&out);
	while (rest.n)
		must(answer_decode(&rest, &p) == REQUEST_OK);
	must(p.kind == ANSWER_END);
	buf_free(&out);
}

static void ask(struct slice whole)
{
	struct inside in;
	struct buf bytes = { 0 }, why = { 0 };
	inside_init(&in);
	must(inside_start(&in, &why));
	struct host h = { .broker = in.broker, .version = "1", .data_dir = "d", .listeners = "l" };
	buf_append_slice(&bytes, whole);
	struct call *c = call_new(&h, &bytes);
	check_answer(&in, c);
	call_free(&c);
	inside_stop(&in);
	inside_forget(&in);
}

static void read_answer(struct slice in)
{
	struct slice all = in;
	struct answer_piece p;
	while (answer_decode(&in, &p) == REQUEST_OK)
		must(fuzz_inside(p.bytes, all));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), rest = in;
	struct request r;
	if (request_decode(&rest, &r) == REQUEST_OK) {
		struct slice whole = slice_of(in.p, in.n - rest.n);
		must(r.n > 0 && r.n <= REQUEST_MAX_ARGUMENTS && whole.n <= REQUEST_MAX_BYTES + 8);
		for (size_t i = 0; i < r.n; i++)
			must(fuzz_inside(r.arguments[i], whole));
		check_again(&r, whole);
		ask(whole);
	}
	read_answer(in);
	return 0;
}
