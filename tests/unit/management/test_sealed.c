/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are encrypted: what RabbitMQ has made is understood, what is made is read again, and
 * nothing else is. */
#include "management/sealed.h"

#include <check.h>

#include "base/base64.h"
#include "base/die.h"

Suite *suite_management_sealed(void);

static struct sealing how;
static struct literal l;
static struct buf text;

static void set_up(void)
{
	sealing_init(&how, "mypassphrase");
}

static void tear_down(void)
{
	sealed_forget(&l);
	buf_free(&text);
}

static bool opens(const char *base64)
{
	buf_clear(&l.text);
	return sealed_open(&l, &how, slice_str(base64));
}

/* By rabbitmqctl encode of RabbitMQ 3.10.8. */
static const struct {
	const char *base64, *text;
	enum literal_kind kind;
} golden[] = {
	{ "aUGi6uOGgNU5YPYBl2Yvw/TYciCXrZJ5o+J7V9zKk7KhtqdwZrFwsvVL3dIgZzx5LdpWNKzC6el6KnY1jdsQCA==",
	  "pass-Of-default", LITERAL_BINARY },
	{ "/fFggxjpSz/ZqLayAfrdFc6weFQAGhbrq1CeVjwZWMOpNHLgs2KHhamEaKcCDc/2", "as a string",
	  LITERAL_STRING },
};

/* Likewise, --cipher aes_256_cbc --hash sha512 --iterations 1000. */
static const char hardened[] =
	"d+c+Pk3ZiHxa3g3oKDuvuK7a0VTEAPfeRrJVAwDBCHDlpZiNDwaC995iZKqMbNIxy50w6zyaKMIVV46Ez90dJA==";

START_TEST(what_rabbitmq_has_made_is_understood)
{
	for (size_t i = 0; i < ARRAY_LEN(golden); i++) {
		ck_assert(opens(golden[i].base64));
		ck_assert_int_eq(l.kind, golden[i].kind);
		ck_assert(slice_is(buf_slice(&l.text), golden[i].text));
	}
	ck_assert(!opens(hardened));
	ck_assert(sealing_set_cipher(&how, slice_str("aes_256_cbc")));
	ck_assert(sealing_set_hash(&how, slice_str("sha512")));
	how.iterations = 1000;
	ck_assert(opens(hardened) && slice_is(buf_slice(&l.text), "pass-Of-default"));
	how.iterations = 999;
	ck_assert(!opens(hardened));
}
END_TEST

START_TEST(another_passphrase_opens_nothing)
{
	how.passphrase = "mypassphrasf";
	ck_assert(!opens(golden[0].base64));
	how.passphrase = "";
	ck_assert(!opens(golden[0].base64));
}
END_TEST

START_TEST(every_cipher_and_hash_goes_both_ways)
{
	struct literal value = { .kind = LITERAL_BINARY };
	buf_append(&value.text, "s3cret", 6);
	for (size_t i = 0; sealing_cipher_name(i); i++)
		for (size_t j = 0; sealing_hash_name(j); j++) {
			ck_assert(sealing_set_cipher(&how, slice_str(sealing_cipher_name(i))));
			ck_assert(sealing_set_hash(&how, slice_str(sealing_hash_name(j))));
			buf_clear(&text);
			buf_clear(&l.text);
			ck_assert(sealed_put(&text, &how, &value));
			ck_assert(sealed_open(&l, &how, buf_slice(&text)));
			ck_assert(slice_is(buf_slice(&l.text), "s3cret"));
		}
	ck_assert(!sealing_set_cipher(&how, slice_str("rot13")));
	ck_assert(!sealing_set_hash(&how, slice_str("crc32")));
	literal_free(&value);
}
END_TEST

/* Bytes of the term that are cut off, or whole blocks of it. */
START_TEST(what_is_cut_short_is_refused)
{
	struct buf bytes = { 0 };
	ck_assert(base64_read(&bytes, slice_str(golden[0].base64)));
	for (size_t n = 0; n < bytes.len; n++) {
		buf_clear(&text);
		buf_clear(&l.text);
		base64_put(&text, slice_of(bytes.p, n));
		ck_assert(!sealed_open(&l, &how, buf_slice(&text)));
	}
	ck_assert(!opens("") && !opens("?") && !opens("aUGi6uO"));
	buf_free(&bytes);
}
END_TEST

Suite *suite_management_sealed(void)
{
	Suite *s = suite_create("management/sealed");
	TCase *t = tcase_create("sealed");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_rabbitmq_has_made_is_understood);
	tcase_add_test(t, another_passphrase_opens_nothing);
	tcase_add_test(t, every_cipher_and_hash_goes_both_ways);
	tcase_add_test(t, what_is_cut_short_is_refused);
	suite_add_tcase(s, t);
	return s;
}
