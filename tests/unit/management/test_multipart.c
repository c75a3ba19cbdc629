/* SPDX-License-Identifier: Apache-2.0 */
#include "management/multipart.h"

#include <check.h>
#include <stdio.h>

Suite *suite_management_multipart(void);

static struct slice part;

static void assert_boundary(const char *type, const char *boundary)
{
	struct slice b = multipart_boundary(slice_str(type));
	ck_assert_msg(slice_is(b, boundary), "%s: %.*s", type, SLICE_ARG(b));
}

START_TEST(the_boundary_is_a_parameter_of_the_type)
{
	assert_boundary("multipart/form-data; boundary=abc", "abc");
	assert_boundary("Multipart/Form-Data;charset=x; BOUNDARY=\"a b;c\"", "a b;c");
	assert_boundary("multipart/form-data", "");
	assert_boundary("multipart/form-data; boundary=", "");
	assert_boundary("application/json; boundary=abc", "");
	assert_boundary("multipart/form-data; boundary="
	                "12345678901234567890123456789012345678901234567890123456789012345678901", "");
}
END_TEST

static bool find(const char *body)
{
	part = slice_of(NULL, 0);
	return multipart_find(slice_str(body), slice_str("B"), "file", &part);
}

#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"; filename=\"a\"\r\n" \
	               "Content-Type: application/json\r\n\r\n"

START_TEST(a_part_is_found_by_its_name)
{
	ck_assert(find("--B\r\n" HEAD("file") "{\r\n--}\r\n--B--\r\n"));
	ck_assert(slice_is(part, "{\r\n--}"));
	ck_assert(find("before\r\n--B \r\n" HEAD("x") "1\r\n--B\r\n" HEAD("file") "\r\n--B--"));
	ck_assert(part.p && part.n == 0);
	ck_assert(find("--B\r\ncontent-DISPOSITION:form-data;name=file\r\n\r\n2\r\n--B--"));
	ck_assert(slice_is(part, "2"));
}
END_TEST

START_TEST(what_is_not_whole_is_none)
{
	ck_assert(!find(""));
	ck_assert(!find("--B"));
	ck_assert(!find("--B--\r\n"));
	ck_assert(!find("--B\r\n" HEAD("file") "{}"));
	ck_assert(!find("--B\r\n" HEAD("files") "{}\r\n--B--"));
	ck_assert(!find("--B\r\nX: name=\"file\"\r\n\r\n{}\r\n--B--"));
	ck_assert(!find("--B\r\nContent-Disposition: form-data; name=\"file\"\r\n{}\r\n--B--"));
	ck_assert(!multipart_find(slice_str("--\r\n\r\n\r\n--"), slice_str(""), "file", &part));
}
END_TEST

START_TEST(nobody_looks_through_many_parts)
{
	char body[8192];
	int n = 0;
	for (int i = 0; i < MULTIPART_PARTS_MAX; i++)
		n += snprintf(body + n, sizeof body - (size_t)n, "--B\r\nX: y\r\n\r\n\r\n");
	snprintf(body + n, sizeof body - (size_t)n, "--B\r\n" HEAD("file") "{}\r\n--B--");
	ck_assert(!find(body));
	ck_assert(find(strstr(body + 1, "--B")));
}
END_TEST

Suite *suite_management_multipart(void)
{
	Suite *s = suite_create("management/multipart");
	TCase *t = tcase_create("multipart");
	tcase_add_test(t, the_boundary_is_a_parameter_of_the_type);
	tcase_add_test(t, a_part_is_found_by_its_name);
	tcase_add_test(t, what_is_not_whole_is_none);
	tcase_add_test(t, nobody_looks_through_many_parts);
	suite_add_tcase(s, t);
	return s;
}
