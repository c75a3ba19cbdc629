/* SPDX-License-Identifier: Apache-2.0 */
/* TLS without sockets: sessions, what a hostile peer may try in one, the names in certificates, and
 * what is said about settings that are wrong. */
#include <check.h>
#include <stdio.h>

#include "base/mem.h"
#include "broker/security.h"
#include "tls_pair.h"

Suite *suite_server_tls(void);

static struct pair pair;

static const struct subject guest = { .field = { { "O", "Leveret" }, { "CN", "guest" } } };

static void set_up(void)
{
	pair_init(&pair);
}

static void tear_down(void)
{
	pair_free(&pair);
}

static void expect_why(const char *text)
{
	buf_u8(&pair.why, 0);
	ck_assert_msg(strstr((char *)pair.why.p, text), "'%s' is not in '%s'", text,
	              (char *)pair.why.p);
}

static void meet_as(const struct subject *s)
{
	pair_set(&pair, "ssl_options.verify", "verify_peer");
	ck_assert(pair_load(&pair));
	pair_meet(&pair, s);
	pair_talk(&pair);
}

static void expect_text(enum security_text t, const char *text)
{
	struct security *s = tls_security(pair.server);
	const char *found = security_text(s, t);
	if (text)
		ck_assert_str_eq(found ? found : "(none)", text);
	else
		ck_assert_msg(!found, "'%s'", found);
	mem_free(s);
}

static void expect_name(const struct subject *s, const char *name)
{
	meet_as(s);
	expect_text(SECURITY_USER, name);
}

/* ---- the session ---- */

START_TEST(both_sides_meet_and_talk)
{
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	ck_assert(tls_is_shaking(pair.server));
	pair_talk(&pair);
	ck_assert(!tls_is_shaking(pair.server));
	SSL_write(pair.client, "hello", 5);
	pair_talk(&pair);
	ck_assert(slice_is(buf_slice(&pair.plain), "hello"));
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	while (tls_is_shaking(pair.server) && !pair.over) {
		uint8_t byte;
		SSL_do_handshake(pair.client);
		while (BIO_read(SSL_get_wbio(pair.client), &byte, 1) == 1)
			pair_feed(&pair, slice_of(&byte, 1));
		struct slice out = tls_output(pair.server);
		BIO_write(SSL_get_rbio(pair.client), out.p, (int)out.n);
		tls_sent(pair.server, out.n);
	}
	ck_assert(!pair.over);
}
END_TEST

/* A message of the handshake that comes in two records, as RFC 8446 section 5.1 allows, leaves
 * OpenSSL in a handshake for a while. */
START_TEST(a_key_update_in_two_pieces_is_no_second_handshake)
{
	static const uint8_t update[] = { 24, 0, 0, 1, 0 };
	struct buf first = { 0 }, second = { 0 };
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	pair_seal(&pair, 0, 22, slice_of(update, 4), &first);
	pair_seal(&pair, 1, 22, slice_of(update + 4, 1), &second);
	pair_feed(&pair, buf_slice(&first));
	ck_assert(!tls_is_shaking(pair.server));
	ck_assert(!pair.over);
	pair_feed(&pair, buf_slice(&second));
	ck_assert(!tls_is_shaking(pair.server));
	ck_assert(!pair.over);
	buf_free(&first);
	buf_free(&second);
}
END_TEST

/* Each key update that asks for one is answered, and turns the keys: RFC 8446 section 7.2. */
START_TEST(who_asks_without_reading_the_answers_is_cut_off)
{
	static const uint8_t update[] = { 24, 0, 0, 1, 1 };
	unsigned n = 0;
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	for (; !pair.over && n < 100000; n++) {
		struct buf record = { 0 };
		pair_seal(&pair, 0, 22, slice_of(update, sizeof update), &record);
		pair_turn_key(&pair);
		pair_feed(&pair, buf_slice(&record));
		buf_free(&record);
		ck_assert_uint_le(tls_output(pair.server).n, 300 << 10);
	}
	ck_assert_uint_gt(n, 1000);
	ck_assert(pair.over);
	expect_why("does not read");
}
END_TEST

/* OpenSSL's client gives up when it is told no. */
START_TEST(nobody_renegotiates)
{
	pair_set(&pair, "ssl_options.versions", "tlsv1.2");
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	ck_assert(!tls_is_shaking(pair.server));
	ck_assert_int_eq(SSL_renegotiate(pair.client), 1);
	ck_assert_int_eq(pair.client_trouble, 0);
	pair_talk(&pair);
	ck_assert_int_eq(pair.client_trouble, SSL_R_NO_RENEGOTIATION);
	ck_assert(!tls_is_shaking(pair.server));
}
END_TEST

START_TEST(garbage_ends_the_session_with_a_reason)
{
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_feed(&pair, slice_of("AMQP\0\0\x09\x01 and more", 17));
	ck_assert(pair.over);
	expect_why("wrong version number");
}
END_TEST

START_TEST(bytes_before_a_fault_are_given_and_the_end_is_told_next)
{
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	SSL_write(pair.client, "last", 4);
	BIO_write(SSL_get_wbio(pair.client), "\x17\x03\x03\x00\x20" "garbage garbage garbage garbage ",
	          37);
	pair_talk(&pair);
	ck_assert(slice_is(buf_slice(&pair.plain), "last"));
	ck_assert(tls_is_over(pair.server));
}
END_TEST

START_TEST(a_goodbye_is_told_with_the_bytes_before_it)
{
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	SSL_write(pair.client, "bye", 3);
	SSL_shutdown(pair.client);
	pair_talk(&pair);
	ck_assert(slice_is(buf_slice(&pair.plain), "bye"));
	ck_assert(tls_is_over(pair.server));
	ck_assert_uint_eq(pair.why.len, 0);
}
END_TEST

/* A record of which all but the last byte has come waits inside; what comes next is on top. */
START_TEST(a_whole_read_behind_a_waiting_record_fits)
{
	enum { READ = 256 << 10 };
	static uint8_t body[READ + 32768];
	struct buf wire = { 0 };
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	SSL_write(pair.client, body, sizeof body);
	uint8_t *room = buf_reserve(&wire, 2 * sizeof body);
	wire.len = (size_t)BIO_read(SSL_get_wbio(pair.client), room, 2 * sizeof body);
	struct slice rest = buf_slice(&wire);
	pair_feed(&pair, slice_take(&rest, 16384 + 20));
	ck_assert_uint_eq(pair.plain.len, 0);
	pair_feed(&pair, slice_take(&rest, READ));
	ck_assert(!pair.over);
	pair_feed(&pair, rest);
	ck_assert(!pair.over);
	ck_assert_uint_eq(pair.plain.len, sizeof body);
	buf_free(&wire);
}
END_TEST

/* A ticket is good in the turn it was made in and in the next. */
START_TEST(sessions_are_resumed_until_the_keys_have_turned_twice)
{
	static const struct {
		int turns;
		bool reused;
	} cases[] = { { 0, true }, { 1, true }, { 2, false } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pair_set(&pair, "ssl_options.versions", _i ? "tlsv1.2" : "tlsv1.3");
		ck_assert(pair_load(&pair));
		pair_meet(&pair, NULL);
		pair_talk(&pair);
		for (int n = 0; n < cases[i].turns; n++)
			tls_context_turn(pair.context);
		pair_meet_again(&pair);
		pair_talk(&pair);
		ck_assert(!tls_is_shaking(pair.server));
		ck_assert_int_eq(SSL_session_reused(pair.client), cases[i].reused);
	}
}
END_TEST

START_TEST(no_tickets_are_given_when_none_are_wanted)
{
	pair_set(&pair, "ssl_options.reuse_sessions", "false");
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	pair_meet_again(&pair);
	pair_talk(&pair);
	ck_assert(!tls_is_shaking(pair.server));
	ck_assert(!SSL_session_reused(pair.client));
}
END_TEST

START_TEST(a_resumed_session_has_the_name_of_the_first)
{
	pair_set(&pair, "ssl_cert_login_from", "common_name");
	expect_name(&guest, "guest");
	pair_meet_again(&pair);
	pair_talk(&pair);
	ck_assert(SSL_session_reused(pair.client));
	expect_text(SECURITY_USER, "guest");
}
END_TEST

START_TEST(sessions_outlive_their_context)
{
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	for (int i = 0; i < 200; i++)
		ck_assert(pair_load(&pair));
	pair_talk(&pair);
	ck_assert(!tls_is_shaking(pair.server));
}
END_TEST

/* ---- names ---- */

START_TEST(a_distinguished_name_is_written_as_rabbitmq_does)
{
	expect_name(&guest, "CN=guest,O=Leveret");
	const struct subject odd = { .field = { { "DC", "org" }, { "O", " a,b+c" },
	                                        { "emailAddress", "x@y.z" }, { "CN", "#\xc3\xa9 " } } };
	expect_name(&odd, "CN=\\#\\C3\\A9\\ ,EMAILADDRESS=x@y.z,O=\\ a\\,b\\+c,DC=org");
	const struct subject rare = { .field = { { "serialNumber", "7" }, { "SN", "Hare" },
	                                         { "GN", "Mad" }, { "role", "none" } } };
	expect_name(&rare, "2.5.4.72=none,GIVENNAME=Mad,SN=Hare,SERIALNUMBER=7");
}
END_TEST

START_TEST(common_names_are_joined)
{
	pair_set(&pair, "ssl_cert_login_from", "common_name");
	expect_name(&guest, "guest");
	const struct subject two = { .field = { { "CN", "one" }, { "CN", "two" } } };
	expect_name(&two, "one,two");
	const struct subject none = { .field = { { "O", "Leveret" } } };
	expect_name(&none, NULL);
}
END_TEST

START_TEST(a_common_name_of_any_type_becomes_utf8)
{
	pair_set(&pair, "ssl_cert_login_from", "common_name");
	const struct subject wide = { .cn = slice_of("\0g\0\xe9", 4), .cn_type = V_ASN1_BMPSTRING };
	expect_name(&wide, "g\xc3\xa9");
}
END_TEST

START_TEST(a_name_with_a_nul_in_it_is_none)
{
	const struct subject cut = { .cn = slice_of("guest\0.example", 14),
		                         .cn_type = V_ASN1_UTF8STRING };
	expect_name(&cut, "CN=guest\\00.example");
	pair_set(&pair, "ssl_cert_login_from", "common_name");
	expect_name(&cut, NULL);
}
END_TEST

static const struct {
	const char *type, *index, *name;
} alternatives[] = {
	{ "dns", "0", "one.example" }, { "dns", "1", "guest" },   { "dns", "2", NULL },
	{ "email", "0", "g@x.y" },     { "uri", "0", "urn:guest" },
};

START_TEST(an_alternative_name_is_chosen_by_type_and_index)
{
	const struct subject s = { .field = { { "CN", "x" } },
		                       .alternative = "DNS:one.example,email:g@x.y,DNS:guest,"
		                                      "URI:urn:guest,IP:127.0.0.1" };
	pair_set(&pair, "ssl_cert_login_from", "subject_alternative_name");
	pair_set(&pair, "ssl_cert_login_san_type", alternatives[_i].type);
	pair_set(&pair, "ssl_cert_login_san_index", alternatives[_i].index);
	expect_name(&s, alternatives[_i].name);
}
END_TEST

START_TEST(who_has_no_verified_certificate_has_no_name)
{
	expect_name(NULL, NULL);
	ck_assert(!pair.over);
	pair_set(&pair, "ssl_options.verify", "verify_none");
	ck_assert(pair_load(&pair));
	pair_meet(&pair, &guest);
	pair_talk(&pair);
	ck_assert(!tls_is_shaking(pair.server));
	expect_text(SECURITY_USER, NULL);
	expect_text(SECURITY_SUBJECT, NULL);
}
END_TEST

START_TEST(whose_certificate_it_is_is_told)
{
	pair_set(&pair, "ssl_cert_login_from", "common_name");
	expect_name(&guest, "guest");
	expect_text(SECURITY_SUBJECT, "CN=guest,O=Leveret");
	expect_text(SECURITY_ISSUER, "CN=authority");
	struct security *s = tls_security(pair.server);
	const char *validity = security_text(s, SECURITY_VALIDITY);
	int n = 0;
	sscanf(validity, "20%*2d-%*2d-%*2dT%*2d:%*2d:%*2dZ - 20%*2d-%*2d-%*2dT%*2d:%*2d:%*2dZ%n", &n);
	ck_assert_msg(n == 43 && strlen(validity) == 43, "%s", validity);
	mem_free(s);
}
END_TEST

/* With a certificate of an elliptic curve, as RabbitMQ writes it. */
static const struct {
	const char *version, *suite, *texts[4];
} suites[] = {
	{ "tlsv1.3", "TLS_AES_128_GCM_SHA256", { "tlsv1.3", "any", "aes_128_gcm", "aead" } },
	{ "tlsv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305",
	  { "tlsv1.2", "ecdhe_ecdsa", "chacha20_poly1305", "aead" } },
	{ "tlsv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256",
	  { "tlsv1.2", "ecdhe_ecdsa", "aes_128_gcm", "aead" } },
	{ "tlsv1.2", "ECDHE-ECDSA-AES256-SHA384",
	  { "tlsv1.2", "ecdhe_ecdsa", "aes_256_cbc", "sha384" } },
	{ "tlsv1.2", "ECDHE-ECDSA-AES128-SHA", { "tlsv1.2", "ecdhe_ecdsa", "aes_128_cbc", "sha" } },
};

START_TEST(how_a_session_is_secured_is_told)
{
	pair_set(&pair, "ssl_options.versions", suites[_i].version);
	pair_set(&pair, "ssl_options.ciphers", suites[_i].suite);
	ck_assert(pair_load(&pair));
	pair_meet(&pair, NULL);
	pair_talk(&pair);
	for (int i = 0; i < 4; i++)
		expect_text((enum security_text)(SECURITY_PROTOCOL + i), suites[_i].texts[i]);
	expect_text(SECURITY_ISSUER, NULL);
}
END_TEST

START_TEST(an_expired_certificate_is_refused)
{
	struct subject old = guest;
	old.expired = true;
	meet_as(&old);
	ck_assert(pair.over);
	expect_why("expired");
}
END_TEST

START_TEST(a_missing_certificate_can_be_refused)
{
	pair_set(&pair, "ssl_options.fail_if_no_peer_cert", "true");
	meet_as(NULL);
	ck_assert(pair.over);
}
END_TEST

/* ---- the context ---- */

static const struct {
	const char *key, *value, *why;
} faults[] = {
	{ "ssl_options.certfile", "/nowhere.pem", "ssl_options.certfile: '/nowhere.pem'" },
	{ "ssl_options.keyfile", "/nowhere.key", "ssl_options.keyfile: '/nowhere.key'" },
	{ "ssl_options.cacertfile", "/nowhere.pem", "ssl_options.cacertfile: '/nowhere.pem'" },
	{ "ssl_options.certfile", "", "ssl_options.certfile" },
	{ "ssl_options.ciphers.1", "ROT13", "ssl_options.ciphers" },
};

START_TEST(a_fault_in_the_settings_is_named)
{
	pair_set(&pair, faults[_i].key, faults[_i].value);
	ck_assert(!pair_load(&pair));
	expect_why(faults[_i].why);
}
END_TEST

START_TEST(a_key_of_another_certificate_is_refused)
{
	pair_set(&pair, "ssl_options.keyfile", pair_path(&pair, "other.key"));
	ck_assert(!pair_load(&pair));
	expect_why("other.key': does not belong to the certificate");
	pair_set(&pair, "ssl_options.keyfile", pair_path(&pair, "server.key"));
	ck_assert(pair_load(&pair));
}
END_TEST

Suite *suite_server_tls(void)
{
	Suite *s = suite_create("server/tls");
	TCase *t = tcase_create("sessions"), *n = tcase_create("names"), *c = tcase_create("context");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, both_sides_meet_and_talk);
	tcase_add_test(t, bytes_may_come_one_by_one);
	tcase_add_test(t, a_key_update_in_two_pieces_is_no_second_handshake);
	tcase_add_test(t, who_asks_without_reading_the_answers_is_cut_off);
	tcase_add_test(t, nobody_renegotiates);
	tcase_add_test(t, garbage_ends_the_session_with_a_reason);
	tcase_add_test(t, bytes_before_a_fault_are_given_and_the_end_is_told_next);
	tcase_add_test(t, a_goodbye_is_told_with_the_bytes_before_it);
	tcase_add_test(t, a_whole_read_behind_a_waiting_record_fits);
	tcase_add_loop_test(t, sessions_are_resumed_until_the_keys_have_turned_twice, 0, 2);
	tcase_add_test(t, no_tickets_are_given_when_none_are_wanted);
	tcase_add_test(t, a_resumed_session_has_the_name_of_the_first);
	tcase_add_test(t, sessions_outlive_their_context);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(n, set_up, tear_down);
	tcase_add_test(n, a_distinguished_name_is_written_as_rabbitmq_does);
	tcase_add_test(n, common_names_are_joined);
	tcase_add_test(n, a_common_name_of_any_type_becomes_utf8);
	tcase_add_test(n, a_name_with_a_nul_in_it_is_none);
	tcase_add_loop_test(n, an_alternative_name_is_chosen_by_type_and_index, 0,
	                    sizeof alternatives / sizeof alternatives[0]);
	tcase_add_test(n, who_has_no_verified_certificate_has_no_name);
	tcase_add_test(n, whose_certificate_it_is_is_told);
	tcase_add_loop_test(n, how_a_session_is_secured_is_told, 0, sizeof suites / sizeof suites[0]);
	tcase_add_test(n, an_expired_certificate_is_refused);
	tcase_add_test(n, a_missing_certificate_can_be_refused);
	suite_add_tcase(s, n);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, a_fault_in_the_settings_is_named, 0, sizeof faults / sizeof faults[0]);
	tcase_add_test(c, a_key_of_another_certificate_is_refused);
	suite_add_tcase(s, c);
	return s;
}
