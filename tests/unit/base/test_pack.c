/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pack.h"

#include <check.h>

Suite *suite_base_pack(void);

START_TEST(what_was_packed_comes_out_in_order)
{
	struct buf b = { 0 };
	struct slice in, s;
	uint8_t a;
	uint32_t n;
	uint64_t wide;
	buf_u8(&b, 7);
	pack_u32(&b, 0x01020304);
	pack_u64(&b, UINT64_MAX - 1);
	pack_string(&b, slice_str("name"));
	in = buf_slice(&b);
	ck_assert_uint_eq(in.p[1], 4);   /* little endian */
	ck_assert(unpack_u8(&in, &a) && a == 7);
	ck_assert(unpack_u32(&in, &n) && n == 0x01020304);
	ck_assert(unpack_u64(&in, &wide) && wide == UINT64_MAX - 1);
	ck_assert(unpack_string(&in, &s) && slice_is(s, "name"));
	ck_assert_uint_eq(in.n, 0);
	buf_free(&b);
}
END_TEST

START_TEST(what_is_cut_off_is_not_there)
{
	static const uint8_t bytes[8] = { 5, 0, 0, 0, 'a', 'b', 'c', 'd' };
	struct slice in, s;
	uint8_t a;
	uint32_t n;
	uint64_t wide;
	in = slice_of(bytes, 0);
	ck_assert(!unpack_u8(&in, &a));
	in = slice_of(bytes, 3);
	ck_assert(!unpack_u32(&in, &n));
	in = slice_of(bytes, 7);
	ck_assert(!unpack_u64(&in, &wide));
	in = slice_of(bytes, 8);
	ck_assert(!unpack_string(&in, &s));
	in = slice_of(bytes + 1, 7);
	ck_assert(!unpack_string(&in, &s));
}
END_TEST

START_TEST(a_name_has_at_most_255_bytes)
{
	static char long_name[256];
	struct buf b = { 0 };
	struct slice in, s;
	pack_string(&b, slice_of(long_name, 255));
	in = buf_slice(&b);
	ck_assert(unpack_name(&in, &s));
	buf_clear(&b);
	pack_string(&b, slice_of(long_name, 256));
	in = buf_slice(&b);
	ck_assert(!unpack_name(&in, &s));
	buf_free(&b);
}
END_TEST

Suite *suite_base_pack(void)
{
	Suite *s = suite_create("base/pack");
	TCase *c = tcase_create("pack");
	tcase_add_test(c, what_was_packed_comes_out_in_order);
	tcase_add_test(c, what_is_cut_off_is_not_there);
	tcase_add_test(c, a_name_has_at_most_255_bytes);
	suite_add_tcase(s, c);
	return s;
}
