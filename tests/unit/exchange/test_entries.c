/* SPDX-License-Identifier: Apache-2.0 */
/* Catalog entries as bytes: what goes in comes out, and nothing that is cut or wrong does. */
#include "exchange/entries.h"

#include "base/mem.h"
#include "tests/unit/exchange/fixture.h"

Suite *suite_exchange_entries(void);

static struct buf key, value, arguments;
static struct queue *queue;

static void set_up(void)
{
	topology_set_up();
	table_put_str(&arguments, "alternate-exchange", "other");
	table_put_int(&arguments, "x-number", 1ll << 40);
}

static void tear_down(void)
{
	if (queue)
		queue_delete(&queue);
	topology_tear_down();
	buf_free(&key);
	buf_free(&value);
	buf_free(&arguments);
}

static struct queue *queue_with(uint32_t id, struct slice table)
{
	struct queue_spec spec = { .name = slice_str("a queue"), .arguments = table,
		                       .auto_delete = true, .id = id };
	if (queue)
		queue_delete(&queue);
	return queue = queue_new(&store, &spec);
}

static struct queue *numbered_queue(uint32_t id)
{
	return queue_with(id, buf_slice(&arguments));
}

static struct exchange made(unsigned flags)
{
	return (struct exchange){ .name = slice_str("an exchange"), .arguments = buf_slice(&arguments),
		                      .type = &exchange_headers, .durable = flags & 1,
		                      .auto_delete = flags & 2, .internal = flags & 4 };
}

static void check_slice(struct slice got, struct slice wanted)
{
	ck_assert(slice_eq(got, wanted));
}

START_TEST(an_exchange_comes_back_with_every_flag)
{
	struct exchange in = made((unsigned)_i);
	struct exchange_entry out;
	entries_exchange_key(&key, 7, in.name);
	entries_exchange_value(&value, &in);
	ck_assert(entries_exchange_decode(buf_slice(&key), buf_slice(&value), &out));
	check_slice(out.name, in.name);
	check_slice(out.type, slice_str("headers"));
	check_slice(out.arguments, in.arguments);
	ck_assert_int_eq(out.durable, in.durable);
	ck_assert_int_eq(out.auto_delete, in.auto_delete);
	ck_assert_int_eq(out.internal, in.internal);
}
END_TEST

START_TEST(a_queue_comes_back)
{
	struct queue *in = numbered_queue(3000000000u);
	struct queue_entry out;
	in->paused = _i;
	entries_queue_key(&key, 1, queue_name(in));
	entries_queue_value(&value, in);
	ck_assert(entries_queue_decode(buf_slice(&key), buf_slice(&value), &out));
	check_slice(out.name, queue_name(in));
	check_slice(out.arguments, queue_arguments(in));
	ck_assert(out.auto_delete);
	ck_assert_int_eq(out.paused, _i);
	ck_assert_uint_eq(out.id, 3000000000u);
}
END_TEST

START_TEST(a_queue_comes_back_with_the_number_of_what_it_retains)
{
	struct buf retains = { 0 };
	table_put_int(&retains, "x-retain-ms", 1000);
	struct queue_spec spec = { .name = slice_str("q"), .arguments = buf_slice(&retains),
		                       .durable = true, .id = 7, .retained_id = 8 };
	struct queue_entry out;
	queue = queue_new(&store, &spec);
	entries_queue_key(&key, 1, queue_name(queue));
	entries_queue_value(&value, queue);
	ck_assert(entries_queue_decode(buf_slice(&key), buf_slice(&value), &out));
	ck_assert_uint_eq(out.id, 7);
	ck_assert_uint_eq(out.retained_id, 8);
	memset(value.p + value.len - 4, 0, 4);
	ck_assert(!entries_queue_decode(buf_slice(&key), buf_slice(&value), &out));
	buf_free(&retains);
}
END_TEST

START_TEST(a_queue_without_a_number_does_not)
{
	struct queue *in = numbered_queue(0);
	struct queue_entry out;
	entries_queue_key(&key, 1, queue_name(in));
	entries_queue_value(&value, in);
	ck_assert(!entries_queue_decode(buf_slice(&key), buf_slice(&value), &out));
}
END_TEST

static void encode_binding(struct queue *to_queue, struct exchange *to_exchange)
{
	struct exchange source = { .name = slice_str("source") };
	struct binding b = { .source = &source, .queue = to_queue, .exchange = to_exchange,
		                 .key = slice_str("a.*.#"), .arguments = buf_slice(&arguments) };
	entries_binding_key(&key, 1, &b);
}

START_TEST(a_binding_to_a_queue_comes_back_with_its_number)
{
	struct queue *to = numbered_queue(42);
	struct binding_entry out;
	encode_binding(to, NULL);
	ck_assert(entries_binding_decode(buf_slice(&key), &out));
	check_slice(out.source, slice_str("source"));
	check_slice(out.destination, slice_str("a queue"));
	check_slice(out.key, slice_str("a.*.#"));
	check_slice(out.arguments, buf_slice(&arguments));
	ck_assert(out.to_queue);
	ck_assert_uint_eq(out.queue_id, 42);
}
END_TEST

START_TEST(a_binding_to_an_exchange_comes_back)
{
	struct exchange to = made(1);
	struct binding_entry out;
	encode_binding(NULL, &to);
	ck_assert(entries_binding_decode(buf_slice(&key), &out));
	check_slice(out.destination, slice_str("an exchange"));
	ck_assert(!out.to_queue);
	ck_assert_uint_eq(out.queue_id, 0);
}
END_TEST

START_TEST(keys_say_their_virtual_host)
{
	struct exchange to = made(1);
	uint32_t vhost = 0;
	encode_binding(NULL, &to);
	ck_assert(entries_vhost(buf_slice(&key), &vhost));
	ck_assert_uint_eq(vhost, 1);
	buf_clear(&key);
	entries_queue_key(&key, 70000, slice_str(""));
	ck_assert(entries_vhost(buf_slice(&key), &vhost));
	ck_assert_uint_eq(vhost, 70000);
	ck_assert(!entries_vhost(slice_of(key.p, 3), &vhost));
}
END_TEST

START_TEST(names_of_255_bytes_fit_and_longer_ones_are_refused)
{
	char long_name[257];
	struct exchange_entry out;
	struct exchange in = made(1);
	memset(long_name, 'n', sizeof long_name);
	entries_exchange_value(&value, &in);
	entries_exchange_key(&key, 1, slice_of(long_name, 255));
	ck_assert(entries_exchange_decode(buf_slice(&key), buf_slice(&value), &out));
	buf_clear(&key);
	entries_exchange_key(&key, 1, slice_of(long_name, 256));
	ck_assert(!entries_exchange_decode(buf_slice(&key), buf_slice(&value), &out));
}
END_TEST

/* ---- what does not decode ---- */

static bool exchange_decodes(struct slice k, struct slice v)
{
	struct exchange_entry out;
	return entries_exchange_decode(k, v, &out);
}

static bool queue_decodes(struct slice k, struct slice v)
{
	struct queue_entry out;
	return entries_queue_decode(k, v, &out);
}

static bool binding_decodes(struct slice k, struct slice v)
{
	struct binding_entry out;
	(void)v;
	return entries_binding_decode(k, &out);
}

/* Copies of exactly the length, so that a sanitizer sees a read beyond it. */
static void refuse_cuts(bool (*decodes)(struct slice, struct slice), bool of_value)
{
	struct buf *cut = of_value ? &value : &key;
	for (size_t n = 0; n < cut->len; n++) {
		uint8_t *copy = mem_alloc(n);
		memcpy(copy, cut->p, n);
		struct slice s = slice_of(copy, n);
		ck_assert_msg(!decodes(of_value ? buf_slice(&key) : s, of_value ? s : buf_slice(&value)),
		              "cut to %zu bytes", n);
		mem_free(copy);
	}
	buf_u8(cut, 0);
	ck_assert(!decodes(buf_slice(&key), buf_slice(&value)));
	cut->len--;
	ck_assert(decodes(buf_slice(&key), buf_slice(&value)));
}

START_TEST(every_truncation_of_an_exchange_is_refused)
{
	struct exchange in = made(7);
	entries_exchange_key(&key, 1, in.name);
	entries_exchange_value(&value, &in);
	refuse_cuts(exchange_decodes, false);
	refuse_cuts(exchange_decodes, true);
}
END_TEST

START_TEST(every_truncation_of_a_queue_is_refused)
{
	struct queue *in = numbered_queue(9);
	entries_queue_key(&key, 1, queue_name(in));
	entries_queue_value(&value, in);
	refuse_cuts(queue_decodes, false);
	refuse_cuts(queue_decodes, true);
}
END_TEST

START_TEST(every_truncation_of_a_binding_is_refused)
{
	struct queue *to = numbered_queue(9);
	encode_binding(to, NULL);
	refuse_cuts(binding_decodes, false);
}
END_TEST

START_TEST(another_version_is_refused)
{
	struct queue *in = numbered_queue(9);
	struct exchange x_in = made(0);
	entries_queue_key(&key, 1, queue_name(in));
	entries_queue_value(&value, in);
	value.p[0]++;
	ck_assert(!queue_decodes(buf_slice(&key), buf_slice(&value)));
	buf_clear(&value);
	entries_exchange_value(&value, &x_in);
	value.p[0]++;
	ck_assert(!exchange_decodes(buf_slice(&key), buf_slice(&value)));
	buf_clear(&key);
	encode_binding(in, NULL);
	key.p[4]++;
	ck_assert(!binding_decodes(buf_slice(&key), buf_slice(&value)));
}
END_TEST

START_TEST(a_table_that_is_none_is_refused)
{
	struct queue *in = numbered_queue(9);
	entries_queue_key(&key, 1, queue_name(in));
	in = queue_with(9, slice_str("\x05not a table"));
	entries_queue_value(&value, in);
	ck_assert(!queue_decodes(buf_slice(&key), buf_slice(&value)));
}
END_TEST

/* A flipped bit is read as something else or refused, but never read past its end. */
START_TEST(flipped_bits_are_survived)
{
	struct queue *to = numbered_queue(9);
	encode_binding(to, NULL);
	unsigned refused = 0, tried = 0;
	for (size_t bit = 0; bit < 8 * key.len; bit++, tried++) {
		key.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused += !binding_decodes(buf_slice(&key), buf_slice(&value));
		key.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_lt(refused, tried);
}
END_TEST

Suite *suite_exchange_entries(void)
{
	Suite *s = suite_create("exchange/entries");
	TCase *c = tcase_create("entries");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, an_exchange_comes_back_with_every_flag, 0, 8);
	tcase_add_loop_test(c, a_queue_comes_back, 0, 2);
	tcase_add_test(c, a_queue_comes_back_with_the_number_of_what_it_retains);
	tcase_add_test(c, a_queue_without_a_number_does_not);
	tcase_add_test(c, a_binding_to_a_queue_comes_back_with_its_number);
	tcase_add_test(c, a_binding_to_an_exchange_comes_back);
	tcase_add_test(c, keys_say_their_virtual_host);
	tcase_add_test(c, names_of_255_bytes_fit_and_longer_ones_are_refused);
	tcase_add_test(c, every_truncation_of_an_exchange_is_refused);
	tcase_add_test(c, every_truncation_of_a_queue_is_refused);
	tcase_add_test(c, every_truncation_of_a_binding_is_refused);
	tcase_add_test(c, another_version_is_refused);
	tcase_add_test(c, a_table_that_is_none_is_refused);
	tcase_add_test(c, flipped_bits_are_survived);
	suite_add_tcase(s, c);
	return s;
}
