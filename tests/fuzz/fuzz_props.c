/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the payload of a content header.  What is decoded borrows from it only, and encoded again
 * is the payload byte for byte. */
#include "amqp/props.h"
#include "amqp/table.h"
#include "tests/fuzz/fuzz.h"

#define INSIDE_shortstr(v) must(fuzz_inside(v, payload) && (v).n <= 255)
#define INSIDE_table(v) must(fuzz_inside(v, payload) && table_check(v))
#define INSIDE_octet(v) (void)(v)
#define INSIDE_timestamp(v) (void)(v)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice payload = slice_of(data, size);
	struct props p;
	struct buf again = { 0 };
	if (!props_decode(payload, &p))
		return 0;
#define PROP(bit, name, type) INSIDE_##type(p.name);
#include "amqp/props.def"
#undef PROP
	must(slice_eq(props_headers(payload), p.headers));
	must(slice_eq(props_expiration(payload), p.expiration));
	must(slice_eq(props_user_id(payload), p.user_id));
	must(!props_expiration(payload).p == !(p.flags & PROP_expiration));
	must(!props_user_id(payload).p == !(p.flags & PROP_user_id));
	props_encode(&again, &p);
	must(slice_eq(buf_slice(&again), payload));
	buf_free(&again);
	return 0;
}
