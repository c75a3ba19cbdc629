/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/base64.h"

Suite *suite_base_base64(void);

/* RFC 4648 section 10. */
START_TEST(bytes_are_text_and_text_is_bytes)
{
	static const char *const pairs[][2] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct buf text = { 0 }, bytes = { 0 };
		base64_put(&text, slice_str(pairs[i][0]));
		ck_assert(slice_is(buf_slice(&text), pairs[i][1]));
		ck_assert(base64_read(&bytes, slice_str(pairs[i][1])));
		ck_assert(slice_is(buf_slice(&bytes), pairs[i][0]));
		buf_free(&text);
		buf_free(&bytes);
	}
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
	static const char *const bad[] = { "Z", "Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Z!==",
		                               "Zm9v\n", "Z=g=" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf bytes = { 0 };
		ck_assert_msg(!base64_read(&bytes, slice_str(bad[i])), "%s", bad[i]);
		buf_free(&bytes);
	}
}
END_TEST

Suite *suite_base_base64(void)
{
	Suite *s = suite_create("base_base64");
	TCase *t = tcase_create("all");
	tcase_add_test(t, bytes_are_text_and_text_is_bytes);
	tcase_add_test(t, what_is_no_base64_is_refused);
	suite_add_tcase(s, t);
	return s;
}
