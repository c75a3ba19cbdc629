/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/mem.h"

Suite *suite_base_mem(void);

enum { PAGE = 4096, PAGES = 16 };

START_TEST(nothing_is_something_that_can_be_freed)
{
	void *a = mem_alloc(0), *b = mem_zalloc(0), *c = mem_realloc(NULL, 0);
	ck_assert(a && b && c);
	mem_free(a);
	mem_free(b);
	mem_free(c);
	mem_free(NULL);
}
END_TEST

START_TEST(zeros_are_zeros)
{
	static const uint8_t zeros[1000];
	for (int i = 0; i < 50; i++) {
		uint8_t *p = mem_zalloc(1000);
		ck_assert_mem_eq(p, zeros, 1000);
		memset(p, 0xAA, 1000);
		mem_free(p);
	}
}
END_TEST

START_TEST(growing_keeps_the_contents)
{
	char *p = mem_realloc(NULL, 4);
	memcpy(p, "abc", 4);
	p = mem_realloc(p, 100000);
	ck_assert_str_eq(p, "abc");
	p = mem_realloc(p, 4);
	ck_assert_str_eq(p, "abc");
	mem_free(p);
}
END_TEST

START_TEST(a_copy_ends_in_a_nul_that_does_not_count)
{
	char *p = mem_copy(slice_of("abcdef", 3)), *empty = mem_copy(slice_of(NULL, 0));
	char *s = mem_strdup("queue");
	ck_assert_str_eq(p, "abc");
	ck_assert_str_eq(empty, "");
	ck_assert_str_eq(s, "queue");
	mem_free(p);
	mem_free(empty);
	mem_free(s);
}
END_TEST

START_TEST(pages_are_zeros_again_after_a_rest)
{
	static const uint8_t zeros[PAGE];
	uint8_t *p = mem_pages(PAGES * PAGE);
	ck_assert_uint_eq((uintptr_t)p % PAGE, 0);
	for (int i = 0; i < PAGES; i++) {
		ck_assert_mem_eq(p + i * PAGE, zeros, PAGE);
		memset(p + i * PAGE, i + 1, PAGE);
	}
	mem_pages_rest(p + PAGE, (PAGES - 1) * PAGE);
	ck_assert_uint_eq(p[0], 1);
	for (int i = 1; i < PAGES; i++)
		ck_assert_mem_eq(p + i * PAGE, zeros, PAGE);
	p[PAGE] = 9;
	ck_assert_uint_eq(p[PAGE], 9);
	mem_pages_free(p, PAGES * PAGE);
	mem_pages_free(NULL, PAGE);
}
END_TEST

START_TEST(a_rest_harms_nobody)
{
	char *p = mem_strdup("still here");
	mem_free(mem_alloc(1 << 20));
	mem_rest();
	ck_assert_str_eq(p, "still here");
	mem_free(p);
}
END_TEST

Suite *suite_base_mem(void)
{
	Suite *s = suite_create("base/mem");
	TCase *t = tcase_create("mem");
	tcase_add_test(t, nothing_is_something_that_can_be_freed);
	tcase_add_test(t, zeros_are_zeros);
	tcase_add_test(t, growing_keeps_the_contents);
	tcase_add_test(t, a_copy_ends_in_a_nul_that_does_not_count);
	tcase_add_test(t, pages_are_zeros_again_after_a_rest);
	tcase_add_test(t, a_rest_harms_nobody);
	suite_add_tcase(s, t);
	return s;
}
