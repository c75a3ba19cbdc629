/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/admin.h"

#include <stdarg.h>

#include "base/die.h"
#include "management/call.h"

enum { PATIENCE = 20000 };

/* False at the end. */
static bool pull(struct inside *in, struct call *c, struct buf *said, int *code)
{
	struct buf out = { 0 };
	enum call_state state = call_pull(c, in->now_ms, &out);
	struct slice rest = buf_slice(&out);
	struct answer_piece p;
	while (answer_decode(&rest, &p) == REQUEST_OK) {
		if (p.kind == ANSWER_END)
			*code = (int)p.code;
		else
			buf_append_slice(said, p.bytes);
	}
	buf_free(&out);
	return state != CALL_DONE;
}

int admin_ask(struct inside *in, const struct request *r, struct buf *said)
{
	struct host host = { .broker = in->broker, .version = "0", .data_dir = "/data" };
	struct buf bytes = { 0 };
	int code = -1;
	bool encoded = request_encode(&bytes, r);
	must(encoded);
	struct call *c = call_new(&host, &bytes);
	for (int i = 0; i < PATIENCE && pull(in, c, said, &code); i++) {
		inside_pass(in, i < 4 ? 0 : 1);
		if (in->held || broker_failed(in->broker) || (in->disk && disk_sim_is_down(in->disk)))
			break;
	}
	call_free(&c);
	inside_pass(in, 0);
	return code;
}

int admin_say(struct inside *in, struct buf *said, const char *first, ...)
{
	struct request r = { 0 };
	va_list more;
	va_start(more, first);
	for (const char *a = first; a; a = va_arg(more, const char *))
		r.arguments[r.n++] = slice_str(a);
	va_end(more);
	return admin_ask(in, &r, said);
}
