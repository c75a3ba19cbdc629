/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes are of "secret" with the salt "salt", made with another implementation. */
#include "broker/password.h"

#include <check.h>

Suite *suite_broker_password(void);

static const struct {
	enum hashing hashing;
	const char *base64;
} known[] = {
	{ HASHING_SHA256, "c2FsdL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul41" },
	{ HASHING_SHA512, "c2FsdJkBhH/4x2vV+0c7e9Lk9N3REDMqUqiI/WnesnZhOIXd84LlzxIQ7Q3s24AQrjmUMxqeBjnD"
	                  "yn6eixEN1Ql4znY=" },
	{ HASHING_MD5, "c2FsdNQqD3Qv/Bvk4cwIRcJCnJc=" },
};

START_TEST(hashes_of_others_match_and_are_printed_as_they_came)
{
	struct password p;
	struct buf text = { 0 };
	ck_assert(password_read(&p, known[_i].hashing, slice_str(known[_i].base64)));
	ck_assert(password_matches(&p, slice_str("secret")));
	ck_assert(!password_matches(&p, slice_str("Secret")));
	ck_assert(!password_matches(&p, slice_str("secret ")));
	ck_assert(!password_matches(&p, slice_str("")));
	password_print(&text, &p);
	ck_assert(slice_is(buf_slice(&text), known[_i].base64));
	buf_free(&text);
}
END_TEST

START_TEST(a_password_that_was_set_is_the_known_hash)
{
	struct password p;
	struct buf text = { 0 };
	password_set(&p, HASHING_SHA256, (const uint8_t *)"salt", slice_str("secret"));
	password_print(&text, &p);
	ck_assert(slice_is(buf_slice(&text), known[0].base64));
	buf_free(&text);
}
END_TEST

START_TEST(nothing_matches_no_password)
{
	struct password none = { .hashing = HASHING_SHA256 };
	ck_assert(password_take(&none, HASHING_SHA512, slice_of("", 0)));
	ck_assert(!password_matches(&none, slice_str("")));
	ck_assert(!password_matches(&none, slice_str("secret")));
}
END_TEST

/* Nor the digest of nothing that an empty one would be compared with. */
START_TEST(an_empty_text_is_no_password)
{
	struct password p;
	password_set(&p, HASHING_SHA256, (const uint8_t *)"salt", slice_str("x"));
	ck_assert(!password_matches(&p, slice_str("")));
}
END_TEST

START_TEST(what_is_no_hash_is_not_taken)
{
	static const char *const wrong[] = {
		"c2FsdL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul4=",       /* a byte too few */
		"c2FsdL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul41AAAA",   /* three too many */
		"c2FsdL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul4",
		"c2FsdL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul4-",
		"====",
		"c2F=dL7ekDhtRQzqi3e4IviIcGXk5avxMsL53M/Mf71Mul41",
	};
	struct password p;
	ck_assert(!password_read(&p, HASHING_SHA256, slice_str(wrong[_i])));
	ck_assert(password_read(&p, HASHING_SHA256, slice_str("")));
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

START_TEST(hashings_go_by_the_names_of_modules)
{
	enum hashing h;
	ck_assert(password_hashing_find(slice_str("rabbit_password_hashing_sha512"), &h));
	ck_assert_int_eq(h, HASHING_SHA512);
	ck_assert_str_eq(password_hashing_name(HASHING_MD5), "rabbit_password_hashing_md5");
	ck_assert(!password_hashing_find(slice_str("rabbit_password_hashing_crc"), &h));
}
END_TEST

Suite *suite_broker_password(void)
{
	Suite *s = suite_create("broker/password");
	TCase *t = tcase_create("password");
	tcase_add_loop_test(t, hashes_of_others_match_and_are_printed_as_they_came, 0, 3);
	tcase_add_test(t, a_password_that_was_set_is_the_known_hash);
	tcase_add_test(t, nothing_matches_no_password);
	tcase_add_test(t, an_empty_text_is_no_password);
	tcase_add_loop_test(t, what_is_no_hash_is_not_taken, 0, 6);
	tcase_add_test(t, hashings_go_by_the_names_of_modules);
	suite_add_tcase(s, t);
	return s;
}
