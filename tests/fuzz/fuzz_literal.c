/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte that says what follows, the notation of a value or its bytes.  What was understood
 * is written both ways, and read again as the same. */
#include "management/literal.h"
#include "tests/fuzz/fuzz.h"

static void assert_same(const struct literal *a, const struct literal *b)
{
	must(a->kind == b->kind && slice_eq(buf_slice(&a->text), buf_slice(&b->text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct literal l = { 0 }, read = { 0 }, unpacked = { 0 };
	struct buf notation = { 0 }, bytes = { 0 };
	bool packed = fuzz_u8(&in) % 2;
	if (packed ? literal_unpack(&l, in) : literal_read(&l, in)) {
		literal_put(&notation, &l);
		literal_pack(&bytes, &l);
		must(literal_read(&read, buf_slice(&notation)));
		must(literal_unpack(&unpacked, buf_slice(&bytes)));
		assert_same(&l, &read);
		assert_same(&l, &unpacked);
	}
	literal_free(&l);
	literal_free(&read);
	literal_free(&unpacked);
	buf_free(&notation);
	buf_free(&bytes);
	return 0;
}
