/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of both versions: whole, cut anywhere, with any byte changed, and those that lie. */
#include "server/proxy_header.h"

#include <check.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "server/address.h"

#define BYTES(text) slice_of(text, sizeof(text) - 1)
#define KEPT(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define SIGNED "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\0\2\x0a\xc6\x33\x64\1\xdc\4\x01\xbb"   /* 192.0.2.10:56324, 198.51.100.1:443 */
#define TEN "0123456789"

static struct proxy_header h;

static const char *ends(void)
{
	static char out[ADDRESS_PAIR_BYTES];
	if (!h.named)
		return "";
	address_print_ends(out, &h.source, &h.destination);
	return out;
}

/* ---- good ones ---- */

static const struct {
	const char *name;
	struct slice bytes;
	const char *ends;
} good[] = {
	{ "the specification's example", KEPT("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
	  "192.168.0.1:56324 -> 192.168.0.11:443" },
	{ "IPv4, as long as it may be",
	  KEPT("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
	  "255.255.255.255:65535 -> 255.255.255.255:65535" },
	{ "IPv6", KEPT("PROXY TCP6 2001:DB8::1 ::1 1 0\r\n"), "[2001:db8::1]:1 -> [::1]:0" },
	{ "IPv6, as long as it may be",
	  KEPT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 -> "
	  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
	{ "unknown", KEPT("PROXY UNKNOWN\r\n"), "" },
	{ "unknown, with 107 bytes of anything",
	  KEPT("PROXY UNKNOWN " TEN TEN TEN TEN TEN TEN TEN TEN TEN "\r\r\n"), "" },
	{ "binary IPv4", KEPT(SIGNED "\x21\x11\0\x0c" FOUR),
	  "192.0.2.10:56324 -> 198.51.100.1:443" },
	{ "binary IPv6",
	  KEPT(SIGNED "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\xff\xff\x16\x28"),
	  "[2001:db8::1]:65535 -> [::1]:5672" },
	{ "binary, nobody named", KEPT(SIGNED "\x21\0\0\0"), "" },
	{ "binary, UDP", KEPT(SIGNED "\x21\x12\0\x0c" FOUR), "" },
	{ "the proxy itself", KEPT(SIGNED "\x20\0\0\0"), "" },
	{ "... with addresses, and a family that nobody knows", KEPT(SIGNED "\x20\xff\0\x0c" FOUR),
	  "" },
	{ "fields of no interest", KEPT(SIGNED "\x21\x11\0\x15" FOUR "\1\0\2h2\x04\0\1\0"),
	  "192.0.2.10:56324 -> 198.51.100.1:443" },
};

/* A whole one is OK with anything behind it, and each beginning of it asks for more. */
static void expect_good(struct slice bytes, const char *named)
{
	struct buf more = { 0 };
	buf_append_slice(&more, bytes);
	for (size_t n = 0; n < bytes.n; n++) {
		uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, bytes.p, n);
		ck_assert_int_eq(proxy_header_read(slice_of(exact, n), &h), PROXY_HEADER_MORE);
		free(exact);
	}
	ck_assert_int_eq(proxy_header_read(buf_slice(&more), &h), PROXY_HEADER_OK);
	buf_append_slice(&more, BYTES("AMQP\0\0\x09\x01"));
	h = (struct proxy_header){ 0 };
	ck_assert_int_eq(proxy_header_read(buf_slice(&more), &h), PROXY_HEADER_OK);
	ck_assert_uint_eq(h.n, bytes.n);
	ck_assert_str_eq(ends(), named);
	buf_free(&more);
}

START_TEST(good_ones_are_read_however_they_are_cut)
{
	expect_good(good[_i].bytes, good[_i].ends);
}
END_TEST

START_TEST(paths_are_told_as_such)
{
	struct buf b = { 0 };
	buf_append_slice(&b, BYTES(SIGNED "\x21\x31\0\xd8/run/client"));
	b.p[12 + 3] = 216;
	while (b.len < 16 + 216)
		buf_append_slice(&b, BYTES("\0"));
	expect_good(buf_slice(&b), "unix -> unix");
	ck_assert(address_is_loopback(&h.source));
	buf_free(&b);
}
END_TEST

START_TEST(the_longest_may_come_and_no_longer_one)
{
	struct buf b = { 0 };
	uint16_t n = PROXY_HEADER_MAX_BYTES - 16, field = n - 12 - 3;
	uint8_t head[] = { n >> 8, n & 255 }, inner[] = { 4, field >> 8, field & 255 };
	buf_append_slice(&b, BYTES(SIGNED "\x21\x11"));
	buf_append(&b, head, sizeof head);
	buf_append_slice(&b, BYTES(FOUR));
	buf_append(&b, inner, sizeof inner);
	while (b.len < PROXY_HEADER_MAX_BYTES)
		buf_append_slice(&b, BYTES("\0"));
	expect_good(buf_slice(&b), "192.0.2.10:56324 -> 198.51.100.1:443");
	b.p[15]++;
	ck_assert_int_eq(proxy_header_read(slice_of(b.p, 16), &h), PROXY_HEADER_BAD);
	ck_assert_str_eq(h.fault, "longer than it may be");
	buf_free(&b);
}
END_TEST

START_TEST(a_checksum_is_verified)
{
	char bytes[] = SIGNED "\x21\x11\0\x16" FOUR "\3\0\4\0\0\0\0\4\0\0";
	struct slice all = BYTES(bytes);
	uint32_t crc = crc32c_table(0, all.p, all.n);
	for (int i = 0; i < 4; i++)
		bytes[31 + i] = (char)(crc >> (24 - 8 * i));
	expect_good(all, "192.0.2.10:56324 -> 198.51.100.1:443");
	for (size_t i = 16; i < 28; i++) {   /* an address is another, the checksum is not */
		bytes[i] ^= 1;
		ck_assert_int_eq(proxy_header_read(all, &h), PROXY_HEADER_BAD);
		ck_assert_str_eq(h.fault, "its checksum is wrong");
		bytes[i] ^= 1;
	}
}
END_TEST

/* ---- bad ones ---- */

#define LINE "too long a line, or one that does not end with CR and LF"
#define NONE "an address or a port is none"

static const struct {
	struct slice bytes;
	const char *fault;
} bads[] = {
	{ KEPT("A"), "something else came first" },
	{ KEPT("AMQP\0\0\x09\x01"), "something else came first" },
	{ KEPT("\x16\x03\x01"), "something else came first" },
	{ KEPT("PROXY\t"), "something else came first" },
	{ KEPT("\r\n\r\n\0\r\nQUIT\r"), "something else came first" },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"), LINE },
	{ KEPT("PROXY \n"), LINE },
	{ KEPT("PROXY UNKNOWN " TEN TEN TEN TEN TEN TEN TEN TEN TEN "012\r\n"), LINE },
	{ KEPT("PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n"), "neither TCP4, TCP6 nor UNKNOWN" },
	{ KEPT("PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n"), "neither TCP4, TCP6 nor UNKNOWN" },
	{ KEPT("PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n"), "neither TCP4, TCP6 nor UNKNOWN" },
	{ KEPT("PROXY UNKNOWNS\r\n"), "neither TCP4, TCP6 nor UNKNOWN" },
	{ KEPT("PROXY \r\n"), "neither TCP4, TCP6 nor UNKNOWN" },
	{ KEPT("PROXY TCP4\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1  2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4\0x 5.6.7.8 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP4 ::1 ::1 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP6 1::2::3 ::1 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP6 fe80::1%lo ::1 1 2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 1 +2\r\n"), NONE },
	{ KEPT("PROXY TCP4 1.2.3.4 5.6.7.8 100000 2\r\n"), NONE },
	{ KEPT(SIGNED "\x11"), "a binary header of another version than 2" },
	{ KEPT(SIGNED "\x31"), "a binary header of another version than 2" },
	{ KEPT(SIGNED "\x22"), "neither LOCAL nor PROXY" },
	{ KEPT(SIGNED "\x21\x41"), "a family or a transport that is unknown" },
	{ KEPT(SIGNED "\x21\x13"), "a family or a transport that is unknown" },
	{ KEPT(SIGNED "\x21\x11\0\x0b"), "too short for its addresses" },
	{ KEPT(SIGNED "\x21\x21\0\x23"), "too short for its addresses" },
	{ KEPT(SIGNED "\x21\x31\0\xd7"), "too short for its addresses" },
	{ KEPT(SIGNED "\x21\x11\xff\xff"), "longer than it may be" },
	{ KEPT(SIGNED "\x20\0\xff\xff"), "longer than it may be" },
	{ KEPT(SIGNED "\x21\x11\0\x0e" FOUR "\4\0"), "a field of it is cut off" },
	{ KEPT(SIGNED "\x21\x11\0\x10" FOUR "\4\0\2x"),
	  "a field of it is longer than what is left" },
	{ KEPT(SIGNED "\x21\x11\0\x11" FOUR "\3\0\2\0\0"), "its checksum is wrong" },
};

START_TEST(bad_ones_are_refused_as_soon_as_they_are_seen)
{
	ck_assert_int_eq(proxy_header_read(bads[_i].bytes, &h), PROXY_HEADER_BAD);
	ck_assert_str_eq(h.fault, bads[_i].fault);
	struct slice before = slice_of(bads[_i].bytes.p, bads[_i].bytes.n - 1);
	if (slice_starts(before, "PROXY UNKNOWN " TEN))
		before.n = PROXY_HEADER_LINE_MAX_BYTES - 1;
	if (!slice_starts(before, "AMQP") && !slice_starts(before, "\x16"))
		ck_assert_int_eq(proxy_header_read(before, &h), PROXY_HEADER_MORE);
}
END_TEST

/* What is OK says where it ends, within what was given; what is bad says why. */
START_TEST(any_byte_may_be_another)
{
	struct slice from = good[_i].bytes;
	for (size_t at = 0; at < from.n; at++)
		for (int value = 0; value < 256; value++) {
			uint8_t *exact = malloc(from.n);
			memcpy(exact, from.p, from.n);
			exact[at] = (uint8_t)value;
			h = (struct proxy_header){ 0 };
			enum proxy_header_result r = proxy_header_read(slice_of(exact, from.n), &h);
			ck_assert((r == PROXY_HEADER_BAD) == (h.fault != NULL));
			if (r == PROXY_HEADER_OK)
				ck_assert(h.n >= 15 && h.n <= from.n);
			free(exact);
		}
}
END_TEST

Suite *suite_server_proxy_header(void);

Suite *suite_server_proxy_header(void)
{
	Suite *s = suite_create("server/proxy_header");
	TCase *c = tcase_create("reading");
	int n_good = sizeof good / sizeof good[0], n_bad = sizeof bads / sizeof bads[0];
	tcase_add_loop_test(c, good_ones_are_read_however_they_are_cut, 0, n_good);
	tcase_add_test(c, paths_are_told_as_such);
	tcase_add_test(c, the_longest_may_come_and_no_longer_one);
	tcase_add_test(c, a_checksum_is_verified);
	tcase_add_loop_test(c, bad_ones_are_refused_as_soon_as_they_are_seen, 0, n_bad);
	tcase_add_loop_test(c, any_byte_may_be_another, 0, n_good);
	suite_add_tcase(s, c);
	return s;
}
