/* SPDX-License-Identifier: Apache-2.0 */
/* Keys belong where the clients of the stream protocol put them. */
#include "exchange/partitions.h"

#include <check.h>

#include "base/die.h"

Suite *suite_exchange_partitions(void);

START_TEST(hashes_are_those_that_are_published)
{
	ck_assert_uint_eq(partitions_hash(0, slice_str("")), 0);
	ck_assert_uint_eq(partitions_hash(0, slice_str("hello")), 0x248BFA47);
	ck_assert_uint_eq(partitions_hash(0x9747B28C,
	                                  slice_str("The quick brown fox jumps over the lazy dog")),
	                  0x2FA826CD);
}
END_TEST

/* As a client library for .NET expects them, of three partitions. */
START_TEST(keys_are_where_clients_look_for_them)
{
	static const struct {
		const char *key;
		unsigned partition;
	} known[] = {
		{ "hello4", 2 }, { "hello5", 0 }, { "hello6", 2 },  { "hello7", 0 },
		{ "hello8", 1 }, { "hello9", 0 }, { "hello10", 2 }, { "hello88", 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		ck_assert_uint_eq(partitions_hash(PARTITIONS_SEED, slice_str(known[i].key)) % 3,
		                  known[i].partition);
}
END_TEST

Suite *suite_exchange_partitions(void)
{
	Suite *s = suite_create("exchange/partitions");
	TCase *c = tcase_create("hash");
	tcase_add_test(c, hashes_are_those_that_are_published);
	tcase_add_test(c, keys_are_where_clients_look_for_them);
	suite_add_tcase(s, c);
	return s;
}
