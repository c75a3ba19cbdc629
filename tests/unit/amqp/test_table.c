/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"

Suite *suite_amqp_table(void);

/* One value of each letter, as clients send it. */
static const struct {
	const char *bytes;
	size_t n;
	const char *name;   /* what the broker's error texts call it */
} values[] = {
#define VALUE(bytes, name) { bytes, sizeof bytes - 1, name }
	VALUE("t\1", "bool"),
	VALUE("t\0", "bool"),
	VALUE("b\200", "byte"),
	VALUE("B\200", "unsignedbyte"),
	VALUE("s\200\1", "short"),
	VALUE("u\200\1", "unsignedshort"),
	VALUE("I\200\0\0\1", "signedint"),
	VALUE("i\200\0\0\1", "unsignedint"),
	VALUE("l\200\0\0\0\0\0\0\1", "long"),
	VALUE("L\177\377\377\377\377\377\377\377", "long"),
	VALUE("f\277\300\0\0", "float"),
	VALUE("f\177\200\0\0", "float"),
	VALUE("d\300\11\41\373\124\104\55\30", "double"),
	VALUE("d\377\360\0\0\0\0\0\0", "double"),
	VALUE("d\177\370\0\0\0\0\0\1", "double"),
	VALUE("D\2\0\0\1\72", "decimal"),
	VALUE("S\0\0\0\3abc", "longstr"),
	VALUE("S\0\0\0\0", "longstr"),
	VALUE("S\0\0\0\2\377\376", "longstr"),
	VALUE("A\0\0\0\7t\1S\0\0\0\0", "array"),
	VALUE("A\0\0\0\0", "array"),
	VALUE("T\0\0\0\0\137\356\146\200", "timestamp"),
	VALUE("F\0\0\0\13\1ab\7\1bI\0\0\0\1", "table"),
	VALUE("F\0\0\0\0", "table"),
	VALUE("V", "void"),
	VALUE("x\0\0\0\4\0\1\2\377", "binary"),
#undef VALUE
};

static struct buf b;

static void tear_down(void)
{
	buf_free(&b);
}

static struct slice value_bytes(size_t i)
{
	return slice_of(values[i].bytes, values[i].n);
}

static void all_values(void)
{
	char key[16];
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		int n = snprintf(key, sizeof key, "k%zu", i);
		buf_u8(&b, (uint8_t)n);
		buf_append(&b, key, (size_t)n);
		buf_append_slice(&b, value_bytes(i));
	}
}

static struct field field(const char *bytes, size_t n)
{
	struct table_walk w = table_walk(slice_of(bytes, n));
	struct field f;
	ck_assert(array_next(&w, &f));
	ck_assert_uint_eq(w.rest.n, 0);
	return f;
}

#define FIELD(bytes) field(bytes, sizeof bytes - 1)

START_TEST(a_table_of_every_letter_comes_back_byte_for_byte)
{
	struct buf again = { 0 };
	struct slice key;
	struct field f;
	all_values();
	ck_assert(table_check(buf_slice(&b)));
	struct table_walk w = table_walk(buf_slice(&b));
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		ck_assert(table_next(&w, &key, &f));
		ck_assert_int_eq(f.letter, values[i].bytes[0]);
		table_put(&again, key, &f);
	}
	ck_assert(!table_next(&w, &key, &f));
	ck_assert(slice_eq(buf_slice(&again), buf_slice(&b)));
	buf_free(&again);
}
END_TEST

START_TEST(an_array_of_every_letter_comes_back_byte_for_byte)
{
	struct buf again = { 0 };
	struct field f;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		buf_append_slice(&b, value_bytes(i));
	ck_assert(array_check(buf_slice(&b)));
	struct table_walk w = table_walk(buf_slice(&b));
	while (array_next(&w, &f))
		table_put(&again, slice_of(NULL, 0), &f);
	ck_assert(slice_eq(buf_slice(&again), buf_slice(&b)));
	buf_free(&again);
}
END_TEST

START_TEST(values_are_what_they_say)
{
	ck_assert(FIELD("t\1").boolean && !FIELD("t\0").boolean);
	ck_assert_int_eq(FIELD("b\200").integer, -128);
	ck_assert_int_eq(FIELD("B\200").integer, 128);
	ck_assert_int_eq(FIELD("s\200\1").integer, -32767);
	ck_assert_int_eq(FIELD("u\200\1").integer, 32769);
	ck_assert_int_eq(FIELD("I\200\0\0\1").integer, -2147483647);
	ck_assert_int_eq(FIELD("i\200\0\0\1").integer, 2147483649);
	ck_assert_int_eq(FIELD("l\200\0\0\0\0\0\0\1").integer, INT64_MIN + 1);
	ck_assert(FIELD("f\277\300\0\0").real == -1.5);
	ck_assert(fabs(FIELD("d\300\11\41\373\124\104\55\30").real + M_PI) < 1e-15);
	ck_assert_uint_eq(FIELD("D\2\0\0\1\72").decimal.scale, 2);
	ck_assert_uint_eq(FIELD("D\2\0\0\1\72").decimal.value, 314);
	ck_assert_uint_eq(FIELD("T\0\0\0\0\137\356\146\200").timestamp, 1609459328);
	ck_assert(slice_is(FIELD("S\0\0\0\3abc").bytes, "abc"));
	ck_assert_uint_eq(FIELD("x\0\0\0\4\0\1\2\377").bytes.n, 4);
}
END_TEST

START_TEST(letters_have_names)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct field f = field(values[i].bytes, values[i].n);
		ck_assert_str_eq(field_type_name(&f), values[i].name);
		ck_assert_int_eq(field_is_integer(&f), strchr("bBsuIilL", f.letter) != NULL);
	}
}
END_TEST

START_TEST(no_other_letter_is_known)
{
	for (int letter = 0; letter < 256; letter++) {
		uint8_t bytes[20] = { 1, 'k', (uint8_t)letter };   /* zeros fit any letter of some length */
		bool accepted = false;
		for (size_t n = 3; n <= 11; n++)
			accepted |= table_check(slice_of(bytes, n));
		bool known = letter && strchr("tbBsuIilLfdDSATFVx", letter);
		ck_assert_msg(accepted == known, "letter %d", letter);
	}
}
END_TEST

START_TEST(a_value_cut_anywhere_is_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		buf_clear(&b);
		buf_append(&b, "\3key", 4);
		buf_append_slice(&b, value_bytes(i));
		ck_assert(table_check(buf_slice(&b)));
		for (size_t n = 1; n < b.len; n++)
			ck_assert_msg(!table_check(slice_of(b.p, n)), "%c at %zu", values[i].bytes[0], n);
	}
}
END_TEST

START_TEST(a_table_cut_anywhere_is_whole_pairs_or_refused)
{
	size_t accepted = 0;
	all_values();
	for (size_t n = 0; n < b.len; n++)
		accepted += table_check(slice_of(b.p, n));
	ck_assert_uint_eq(accepted, ARRAY_LEN(values));
}
END_TEST

START_TEST(lengths_that_lie_are_refused)
{
	ck_assert(!table_check(slice_of("\1kS\0\0\0\4abc", 10)));
	ck_assert(!table_check(slice_of("\1kS\377\377\377\377abc", 10)));
	ck_assert(!table_check(slice_of("\1kA\200\0\0\0abc", 10)));
	ck_assert(!table_check(slice_of("\377k", 2)));
	ck_assert(!table_check(slice_of("\1kF\0\0\0\3\2ab", 10)));
	ck_assert(table_check(slice_of("", 0)));
	ck_assert(array_check(slice_of(NULL, 0)));
}
END_TEST

/* The innermost is a table or array of its own: depth of them in all. */
static struct slice nest(size_t depth, const char *letters)
{
	buf_clear(&b);
	for (size_t i = 1; i < depth; i++) {
		struct buf outer = { 0 };
		char letter = letters[i % strlen(letters)];
		bool in_table = i + 1 == depth || letters[(i + 1) % strlen(letters)] == 'F';
		struct field f = { .letter = letter, .bytes = buf_slice(&b) };
		table_put(&outer, in_table ? slice_str("k") : slice_of(NULL, 0), &f);
		buf_free(&b);
		b = outer;
	}
	return buf_slice(&b);
}

START_TEST(the_depth_is_limited)
{
	static const char *const letters[] = { "F", "A", "FA", "AAF" };
	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		ck_assert(table_check(nest(2, letters[i])));
		ck_assert(table_check(nest(TABLE_MAX_DEPTH, letters[i])));
		ck_assert(!table_check(nest(TABLE_MAX_DEPTH + 1, letters[i])));
		ck_assert(!table_check(nest(512, letters[i])));
	}
}
END_TEST

START_TEST(the_number_of_values_is_limited)
{
	for (int i = 0; i < TABLE_MAX_FIELDS; i++)
		buf_append(&b, "\0V", 2);
	ck_assert(table_check(buf_slice(&b)));
	buf_append(&b, "\0V", 2);
	ck_assert(!table_check(buf_slice(&b)));
}
END_TEST

START_TEST(nested_values_count_too)
{
	struct buf inner = { 0 };
	for (int i = 0; i < TABLE_MAX_FIELDS / 2; i++)
		buf_u8(&inner, 'V');
	struct field f = { .letter = 'A', .bytes = buf_slice(&inner) };
	table_put(&b, slice_str("one"), &f);
	ck_assert(table_check(buf_slice(&b)));
	table_put(&b, slice_str("two"), &f);
	ck_assert(!table_check(buf_slice(&b)));
	buf_free(&inner);
}
END_TEST

START_TEST(a_key_is_found_and_the_last_of_equals_counts)
{
	struct field f;
	table_put_int(&b, "a", 1);
	table_put_int(&b, "ab", 2);
	table_put_int(&b, "a", 3);
	table_put_str(&b, "", "empty");
	ck_assert(table_find(buf_slice(&b), "a", &f) && f.integer == 3);
	ck_assert(table_find(buf_slice(&b), "ab", &f) && f.integer == 2);
	ck_assert(table_find(buf_slice(&b), "", &f) && slice_is(f.bytes, "empty"));
	ck_assert(!table_find(buf_slice(&b), "b", &f));
	ck_assert(!table_find(slice_of(NULL, 0), "a", &f));
}
END_TEST

START_TEST(integers_are_written_as_small_as_clients_read_them)
{
	struct field f;
	table_put_int(&b, "a", INT32_MAX);
	table_put_int(&b, "b", INT32_MIN);
	table_put_int(&b, "c", (int64_t)INT32_MAX + 1);
	table_put_int(&b, "d", INT64_MIN);
	ck_assert(table_check(buf_slice(&b)));
	ck_assert(table_find(buf_slice(&b), "a", &f) && f.letter == 'I' && f.integer == INT32_MAX);
	ck_assert(table_find(buf_slice(&b), "b", &f) && f.letter == 'I' && f.integer == INT32_MIN);
	ck_assert(table_find(buf_slice(&b), "c", &f) && f.letter == 'l' && f.integer == 2147483648);
	ck_assert(table_find(buf_slice(&b), "d", &f) && f.letter == 'l' && f.integer == INT64_MIN);
}
END_TEST

START_TEST(a_table_inside_a_table)
{
	struct buf inner = { 0 };
	struct field f, g;
	table_put_bool(&inner, "basic.nack", true);
	table_put_table(&b, "capabilities", buf_slice(&inner));
	table_put_table(&b, "none", slice_of(NULL, 0));
	ck_assert(table_check(buf_slice(&b)));
	ck_assert(table_find(buf_slice(&b), "capabilities", &f) && f.letter == 'F');
	ck_assert(table_find(f.bytes, "basic.nack", &g) && g.letter == 't' && g.boolean);
	buf_free(&inner);
}
END_TEST

START_TEST(a_key_may_have_255_bytes)
{
	char key[256];
	struct field f = { .letter = 'V' }, got;
	memset(key, 'k', 255);
	key[255] = 0;
	table_put(&b, slice_str(key), &f);
	ck_assert(table_check(buf_slice(&b)));
	ck_assert(table_find(buf_slice(&b), key, &got) && got.letter == 'V');
}
END_TEST

static bool equal(struct field x, struct field y)
{
	ck_assert_int_eq(field_equal(&x, &y), field_equal(&y, &x));
	return field_equal(&x, &y);
}

START_TEST(integers_are_equal_by_value)
{
	struct field seven[] = { FIELD("b\7"), FIELD("B\7"), FIELD("s\0\7"), FIELD("u\0\7"),
		                     FIELD("I\0\0\0\7"), FIELD("i\0\0\0\7"), FIELD("l\0\0\0\0\0\0\0\7"),
		                     FIELD("L\0\0\0\0\0\0\0\7") };
	for (size_t i = 0; i < ARRAY_LEN(seven); i++)
		for (size_t k = 0; k < ARRAY_LEN(seven); k++)
			ck_assert(equal(seven[i], seven[k]));
	ck_assert(!equal(FIELD("b\377"), FIELD("B\377")));
	ck_assert(equal(FIELD("b\377"), FIELD("I\377\377\377\377")));
}
END_TEST

START_TEST(kinds_do_not_mix)
{
	ck_assert(equal(FIELD("f\77\300\0\0"), FIELD("d\77\370\0\0\0\0\0\0")));
	ck_assert(!equal(FIELD("f\100\0\0\0"), FIELD("b\2")));
	ck_assert(!equal(FIELD("t\1"), FIELD("b\1")));
	ck_assert(!equal(FIELD("S\0\0\0\1a"), FIELD("x\0\0\0\1a")));
	ck_assert(!equal(FIELD("T\0\0\0\0\0\0\0\1"), FIELD("l\0\0\0\0\0\0\0\1")));
	ck_assert(!equal(FIELD("D\1\0\0\0\12"), FIELD("D\2\0\0\0\144")));
	ck_assert(equal(FIELD("D\1\0\0\0\12"), FIELD("D\1\0\0\0\12")));
	ck_assert(equal(FIELD("V"), FIELD("V")));
}
END_TEST

START_TEST(tables_are_equal_in_any_order_and_arrays_are_not)
{
	ck_assert(equal(FIELD("F\0\0\0\10\1ab\1\1bb\2"), FIELD("F\0\0\0\10\1bb\2\1ab\1")));
	ck_assert(!equal(FIELD("F\0\0\0\10\1ab\1\1bb\2"), FIELD("F\0\0\0\10\1ab\1\1bb\3")));
	ck_assert(!equal(FIELD("F\0\0\0\4\1ab\1"), FIELD("F\0\0\0\10\1ab\1\1bb\3")));
	ck_assert(!equal(FIELD("F\0\0\0\4\1ab\1"), FIELD("F\0\0\0\4\1bb\1")));
	ck_assert(equal(FIELD("A\0\0\0\4b\1b\2"), FIELD("A\0\0\0\4B\1b\2")));
	ck_assert(!equal(FIELD("A\0\0\0\4b\1b\2"), FIELD("A\0\0\0\4b\2b\1")));
	ck_assert(!equal(FIELD("A\0\0\0\4b\1b\2"), FIELD("A\0\0\0\2b\1")));
	ck_assert(!equal(FIELD("A\0\0\0\0"), FIELD("F\0\0\0\0")));
}
END_TEST

/* Comparing each key with each takes minutes. */
START_TEST(large_tables_are_compared_in_order)
{
	struct buf up = { 0 }, down = { 0 };
	char key[16];
	for (int i = 0; i < 4000; i++) {
		snprintf(key, sizeof key, "k%d", i);
		table_put_int(&up, key, i);
		snprintf(key, sizeof key, "k%d", 3999 - i);
		table_put_int(&down, key, 3999 - i);
	}
	struct field x = { .letter = 'F', .bytes = buf_slice(&up) };
	struct field y = { .letter = 'F', .bytes = buf_slice(&down) };
	for (int i = 0; i < 300; i++)
		ck_assert(field_equal(&x, &y));
	down.p[down.len - 1]++;
	ck_assert(!equal(x, y));
	buf_free(&up);
	buf_free(&down);
}
END_TEST

START_TEST(equal_keys_inside_one_table_compare_by_the_last)
{
	struct field twice = FIELD("F\0\0\0\10\1ab\1\1ab\2");
	ck_assert(equal(twice, twice));
	ck_assert(!equal(twice, FIELD("F\0\0\0\10\1ab\2\1ab\1")));
	ck_assert(!equal(twice, FIELD("F\0\0\0\10\1ab\2\1bb\2")));
}
END_TEST

Suite *suite_amqp_table(void)
{
	Suite *s = suite_create("amqp/table");
	TCase *t = tcase_create("table");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, a_table_of_every_letter_comes_back_byte_for_byte);
	tcase_add_test(t, an_array_of_every_letter_comes_back_byte_for_byte);
	tcase_add_test(t, values_are_what_they_say);
	tcase_add_test(t, letters_have_names);
	tcase_add_test(t, no_other_letter_is_known);
	tcase_add_test(t, a_value_cut_anywhere_is_refused);
	tcase_add_test(t, a_table_cut_anywhere_is_whole_pairs_or_refused);
	tcase_add_test(t, lengths_that_lie_are_refused);
	tcase_add_test(t, the_depth_is_limited);
	tcase_add_test(t, the_number_of_values_is_limited);
	tcase_add_test(t, nested_values_count_too);
	tcase_add_test(t, a_key_is_found_and_the_last_of_equals_counts);
	tcase_add_test(t, integers_are_written_as_small_as_clients_read_them);
	tcase_add_test(t, a_table_inside_a_table);
	tcase_add_test(t, a_key_may_have_255_bytes);
	tcase_add_test(t, integers_are_equal_by_value);
	tcase_add_test(t, kinds_do_not_mix);
	tcase_add_test(t, tables_are_equal_in_any_order_and_arrays_are_not);
	tcase_add_test(t, large_tables_are_compared_in_order);
	tcase_add_test(t, equal_keys_inside_one_table_compare_by_the_last);
	suite_add_tcase(s, t);
	return s;
}
