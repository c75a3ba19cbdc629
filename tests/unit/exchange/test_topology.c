/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for all exchanges: bindings and their identity, exchange-to-exchange bindings,
 * alternates, cascades, and what is predeclared. */
#include "tests/unit/exchange/fixture.h"

Suite *suite_exchange_topology(void);

/* ---- totals ---- */

#define ASSERT_TOTALS(t, n_exchanges, n_queues, n_bindings, n_ready)                             \
	do {                                                                                         \
		ck_assert_uint_eq((t).exchanges, n_exchanges);                                           \
		ck_assert_uint_eq((t).queues, n_queues);                                                 \
		ck_assert_uint_eq((t).bindings, n_bindings);                                             \
		ck_assert_uint_eq((t).messages.ready, n_ready);                                          \
	} while (0)

static void put_one(struct queue *q)
{
	struct message *m = message_new(slice_of("", 0), queue_name(q), slice_of("", 0), 0, false);
	queue_push(q, queue_number(q), m);
	message_drop(&m);
}

START_TEST(totals_follow_what_comes_and_goes_in_all_of_them)
{
	struct topology_totals all = { 0 };
	struct topology other;
	struct binding_spec spec;
	topology_init(&other, &store, 2);
	size_t each = other.exchanges.count;
	put_one(q("there before"));
	topology_count(&topology, find_q("there before"));
	topology_join(&topology, &all);
	topology_join(&other, &all);
	ASSERT_TOTALS(all, 2 * each, 1, 0, 1);
	bind_q(x("x", &exchange_fanout), "q", "");
	bind_q(find_x("x"), "there before", "");
	put_one(find_q("q"));
	topology_count(&topology, find_q("q"));
	ASSERT_TOTALS(all, 2 * each + 1, 2, 2, 2);
	spec = to_q(find_x("x"), "q", "");
	topology_unbind(&topology, &spec);
	topology_remove_queue(&topology, find_q("q"));
	ASSERT_TOTALS(all, 2 * each + 1, 1, 1, 1);
	topology_remove_exchange(&topology, find_x("x"));
	ASSERT_TOTALS(all, 2 * each, 1, 0, 1);
	topology_leave(&topology);
	ASSERT_TOTALS(all, each, 0, 0, 0);
	topology_remove_queue(&topology, find_q("there before"));
	ASSERT_TOTALS(all, each, 0, 0, 0);
	topology_leave(&other);
	ASSERT_TOTALS(all, 0, 0, 0, 0);
	topology_free(&other);
}
END_TEST

/* ---- predeclared ---- */

static const struct {
	const char *name, *type;
	bool internal;
} standard[] = {
	{ "", "direct", false },
	{ "amq.direct", "direct", false },
	{ "amq.fanout", "fanout", false },
	{ "amq.topic", "topic", false },
	{ "amq.headers", "headers", false },
	{ "amq.match", "headers", false },
	{ "amq.rabbitmq.trace", "topic", true },
};

START_TEST(the_standard_exchanges_are_there)
{
	const struct exchange *found = find_x(standard[_i].name);
	ck_assert_ptr_nonnull(found);
	ck_assert(found->predeclared && found->durable && !found->auto_delete);
	ck_assert_str_eq(found->type->name, standard[_i].type);
	ck_assert_int_eq(found->internal, standard[_i].internal);
	ck_assert_uint_eq(topology.exchanges.count, sizeof standard / sizeof standard[0]);
}
END_TEST

START_TEST(none_of_them_is_in_the_catalog)
{
	const void *cursor = NULL;
	uint8_t kind;
	struct slice key, value;
	ck_assert(!catalog_next(&store.catalog, &cursor, &kind, &key, &value));
}
END_TEST

START_TEST(types_are_found_by_their_names)
{
	ck_assert_ptr_eq(exchange_type_find(slice_str("direct")), &exchange_direct);
	ck_assert_ptr_eq(exchange_type_find(slice_str("fanout")), &exchange_fanout);
	ck_assert_ptr_eq(exchange_type_find(slice_str("topic")), &exchange_topic);
	ck_assert_ptr_eq(exchange_type_find(slice_str("headers")), &exchange_headers);
	ck_assert_ptr_null(exchange_type_find(slice_str("Direct")));
	ck_assert_ptr_null(exchange_type_find(slice_str("")));
	ck_assert_ptr_null(exchange_type_find(slice_str("topics")));
}
END_TEST

START_TEST(an_exchange_is_what_was_asked_for)
{
	log_position wait_for;
	struct exchange_spec spec = { slice_str("i"), slice_str(""), &exchange_topic, false, true,
		                          true, false };
	struct exchange *i = topology_add_exchange(&topology, &spec, &wait_for);
	ck_assert_ptr_eq(find_x("i"), i);
	ck_assert(i->internal && i->auto_delete && !i->durable && !i->predeclared);
	ck_assert_uint_eq(wait_for, 0);
	topology_remove_exchange(&topology, i);
	ck_assert_ptr_null(find_x("i"));
}
END_TEST

/* ---- identity of bindings ---- */

START_TEST(an_equal_binding_is_made_once)
{
	struct exchange *d = x("d", &exchange_direct);
	bind_q(d, "a", "k");
	bind_q(d, "a", "k");
	ck_assert_uint_eq(topology.n_bindings, 1);
	unbind_q(d, "a", "k");
	ck_assert_uint_eq(topology.n_bindings, 0);
	unbind_q(d, "a", "k");
	ck_assert_uint_eq(topology.n_bindings, 0);
}
END_TEST

START_TEST(names_and_keys_do_not_run_into_each_other)
{
	struct exchange *d = x("d", &exchange_direct);
	bind_q(d, "ab", "c");
	bind_q(d, "a", "bc");
	bind_x(d, x("ab", &exchange_fanout), "c");
	ck_assert_uint_eq(topology.n_bindings, 3);
	unbind_q(d, "ab", "c");
	ck_assert_uint_eq(topology.n_bindings, 2);
	ck_assert_str_eq(routed(d, "bc"), "a");
	ck_assert_str_eq(routed(d, "c"), "");
}
END_TEST

static struct binding_spec with_arguments(struct exchange *from, struct buf *b, const char *one,
                                          const char *two)
{
	struct binding_spec spec = to_q(from, "a", "k");
	buf_clear(b);
	table_put_str(b, one, one);
	table_put_str(b, two, two);
	spec.arguments = buf_slice(b);
	return spec;
}

START_TEST(arguments_are_part_of_the_identity)
{
	struct exchange *f = x("f", &exchange_fanout);
	struct buf b = { 0 };
	bind_spec(with_arguments(f, &b, "m", "n"));
	bind_spec(with_arguments(f, &b, "m", "o"));
	bind_q(f, "a", "k");
	ck_assert_uint_eq(topology.n_bindings, 3);
	struct binding_spec spec = with_arguments(f, &b, "m", "n");
	topology_unbind(&topology, &spec);
	ck_assert_uint_eq(topology.n_bindings, 2);
	buf_free(&b);
}
END_TEST

/* A client whose tables have no order sends them as they come. */
START_TEST(the_order_of_arguments_is_not)
{
	struct exchange *f = x("f", &exchange_fanout);
	struct buf b = { 0 };
	bind_spec(with_arguments(f, &b, "m", "n"));
	bind_spec(with_arguments(f, &b, "n", "m"));
	ck_assert_uint_eq(topology.n_bindings, 1);
	struct binding_spec spec = with_arguments(f, &b, "n", "m");
	topology_unbind(&topology, &spec);
	ck_assert_uint_eq(topology.n_bindings, 0);
	buf_free(&b);
}
END_TEST

/* ---- exchange to exchange ---- */

START_TEST(a_message_passes_from_exchange_to_exchange)
{
	struct exchange *t = x("t", &exchange_topic), *d = x("d", &exchange_direct),
					*f = x("f", &exchange_fanout);
	bind_x(t, d, "*.b");
	bind_x(d, f, "a.b");
	bind_q(f, "end", "");
	bind_q(t, "middle", "#");
	ck_assert_str_eq(routed(t, "a.b"), "end middle");
	ck_assert_str_eq(routed(t, "c.b"), "middle");
	unbind_x(d, f, "a.b");
	ck_assert_str_eq(routed(t, "a.b"), "middle");
}
END_TEST

START_TEST(many_ways_to_a_queue_are_one_delivery)
{
	struct exchange *f = x("f", &exchange_fanout), *l = x("l", &exchange_fanout),
					*r = x("r", &exchange_fanout);
	bind_x(f, l, "");
	bind_x(f, r, "");
	bind_x(l, r, "");
	bind_q(f, "a", "");
	bind_q(l, "a", "");
	bind_q(r, "a", "");
	bind_q(r, "a", "again");
	ck_assert_str_eq(routed(f, ""), "a");
}
END_TEST

START_TEST(rings_are_walked_once)
{
	struct exchange *a = x("a", &exchange_fanout), *b = x("b", &exchange_fanout),
					*c = x("c", &exchange_fanout);
	bind_x(a, b, "");
	bind_x(b, c, "");
	bind_x(c, a, "");
	bind_x(a, a, "");
	bind_q(c, "q", "");
	ck_assert_str_eq(routed(a, ""), "q");
	ck_assert_str_eq(routed(b, ""), "q");
	ck_assert_str_eq(routed(c, ""), "q");
	topology_remove_exchange(&topology, b);
	ck_assert_str_eq(routed(a, ""), "");
	ck_assert_str_eq(routed(c, ""), "q");
}
END_TEST

START_TEST(a_long_chain_is_walked_to_its_end)
{
	char name[16];
	struct exchange *first = x("x0", &exchange_fanout), *last = first;
	for (int i = 1; i < 5000; i++) {
		snprintf(name, sizeof name, "x%d", i);
		struct exchange *next = x(name, &exchange_fanout);
		bind_x(last, next, "");
		last = next;
	}
	bind_q(last, "q", "");
	ck_assert_str_eq(routed(first, ""), "q");
}
END_TEST

/* ---- alternates ---- */

static struct exchange *with_alternate(const char *name, const char *alternate)
{
	struct buf b = { 0 };
	table_put_str(&b, "alternate-exchange", alternate);
	struct exchange *made = x_with(name, &exchange_direct, false, buf_slice(&b));
	buf_free(&b);
	return made;
}

START_TEST(what_matches_nothing_goes_to_the_alternate)
{
	struct exchange *d = with_alternate("d", "f");
	bind_q(x("f", &exchange_fanout), "lost", "");
	bind_q(d, "a", "k");
	ck_assert_str_eq(routed(d, "k"), "a");
	ck_assert_str_eq(routed(d, "other"), "lost");
}
END_TEST

START_TEST(an_alternate_may_come_later_and_go_again)
{
	struct exchange *d = with_alternate("d", "f");
	ck_assert_str_eq(routed(d, "k"), "");
	struct exchange *f = x("f", &exchange_fanout);
	bind_q(f, "lost", "");
	ck_assert_str_eq(routed(d, "k"), "lost");
	topology_remove_exchange(&topology, f);
	ck_assert_str_eq(routed(d, "k"), "");
}
END_TEST

START_TEST(alternates_of_alternates_are_asked_in_turn)
{
	struct exchange *one = with_alternate("one", "two"), *two = with_alternate("two", "three"),
					*three = with_alternate("three", "one");
	bind_q(three, "q", "k");
	ck_assert_str_eq(routed(one, "k"), "q");
	ck_assert_str_eq(routed(two, "k"), "q");
	ck_assert_str_eq(routed(one, "other"), "");
	ck_assert_str_eq(routed(with_alternate("self", "self"), "k"), "");
}
END_TEST

START_TEST(a_binding_to_an_exchange_counts_as_a_match)
{
	struct exchange *d = with_alternate("d", "f");
	bind_q(x("f", &exchange_fanout), "lost", "");
	bind_x(d, x("empty", &exchange_fanout), "k");
	ck_assert_str_eq(routed(d, "k"), "");
	ck_assert_str_eq(routed(d, "other"), "lost");
}
END_TEST

START_TEST(the_alternate_of_an_exchange_on_the_way_is_asked_too)
{
	struct exchange *f = x("f", &exchange_fanout), *d = with_alternate("d", "lost");
	bind_q(x("lost", &exchange_fanout), "lost", "");
	bind_q(f, "a", "");
	bind_x(f, d, "");
	ck_assert_str_eq(routed(f, "k"), "a lost");
}
END_TEST

START_TEST(the_default_exchange_can_be_an_alternate)
{
	struct exchange *d = with_alternate("d", "");
	bind_q(d, "a", "k");
	ck_assert_str_eq(routed(d, "k"), "a");
	ck_assert_str_eq(routed(d, "a"), "a");
	ck_assert_str_eq(routed(d, "b"), "");
}
END_TEST

/* ---- cascades ---- */

static struct exchange *fleeting(const char *name)
{
	return x_with(name, &exchange_fanout, true, slice_str(""));
}

START_TEST(an_auto_delete_exchange_goes_with_its_last_binding)
{
	struct exchange *f = fleeting("f");
	bind_q(f, "a", "");
	bind_q(f, "b", "");
	unbind_q(f, "a", "");
	ck_assert_ptr_eq(find_x("f"), f);
	unbind_q(f, "b", "");
	ck_assert_ptr_null(find_x("f"));
	ck_assert_ptr_nonnull(find_q("b"));
}
END_TEST

START_TEST(one_that_never_had_a_binding_stays)
{
	struct exchange *f = fleeting("f"), *g = fleeting("g");
	unbind_q(f, "a", "");
	bind_x(g, f, "");
	unbind_x(g, f, "");
	ck_assert_ptr_eq(find_x("f"), f);
	ck_assert_ptr_null(find_x("g"));
}
END_TEST

START_TEST(a_queue_takes_its_bindings_along_and_what_hung_on_them)
{
	struct exchange *f = fleeting("f"), *g = fleeting("g"), *stays = x("s", &exchange_fanout);
	bind_x(f, g, "");
	bind_x(stays, f, "");
	bind_q(g, "a", "");
	bind_q(stays, "a", "");
	topology_remove_queue(&topology, q("a"));
	ck_assert_ptr_null(find_x("g"));
	ck_assert_ptr_null(find_x("f"));
	ck_assert_ptr_eq(find_x("s"), stays);
	ck_assert_uint_eq(topology.n_bindings, 0);
}
END_TEST

START_TEST(rings_of_auto_delete_exchanges_collapse)
{
	struct exchange *f = fleeting("f"), *g = fleeting("g"), *h = fleeting("h");
	bind_x(f, g, "");
	bind_x(g, h, "");
	bind_x(h, f, "");
	bind_x(f, f, "");
	topology_remove_exchange(&topology, g);
	ck_assert_ptr_null(find_x("g"));
	ck_assert_ptr_nonnull(find_x("f"));
	unbind_x(f, f, "");
	ck_assert_ptr_null(find_x("f"));
	ck_assert_ptr_null(find_x("h"));
	ck_assert_uint_eq(topology.n_bindings, 0);
}
END_TEST

START_TEST(a_long_chain_of_auto_delete_exchanges_goes_at_once)
{
	char name[16];
	struct exchange *last = fleeting("x0");
	for (int i = 1; i < 5000; i++) {
		snprintf(name, sizeof name, "x%d", i);
		struct exchange *next = fleeting(name);
		bind_x(last, next, "");
		last = next;
	}
	bind_q(last, "a", "");
	topology_remove_queue(&topology, q("a"));
	ck_assert_uint_eq(topology.exchanges.count, sizeof standard / sizeof standard[0]);
}
END_TEST

START_TEST(deleting_an_exchange_takes_bindings_from_and_to_it)
{
	struct exchange *f = x("f", &exchange_fanout), *g = x("g", &exchange_topic);
	bind_x(f, g, "");
	bind_q(g, "a", "#");
	bind_q(f, "b", "");
	topology_remove_exchange(&topology, g);
	ck_assert_uint_eq(topology.n_bindings, 1);
	ck_assert_str_eq(routed(f, ""), "b");
	ck_assert(list_empty(&q("a")->bindings));
}
END_TEST

/* ---- anything in any order ---- */

static unsigned dice_state;

static unsigned dice(unsigned sides)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 16) % sides;
}

static void disturb(void)
{
	static const struct exchange_type *const types[] = { &exchange_direct, &exchange_fanout,
		                                                 &exchange_topic };
	static const char *const keys[] = { "a", "a.b", "#", "*.b", "" };
	char one[4] = { 'x', (char)('0' + dice(8)), 0 }, two[4] = { 'x', (char)('0' + dice(8)), 0 },
		 queue[4] = { 'q', (char)('0' + dice(8)), 0 };
	struct exchange *from = find_x(one), *to = find_x(two);
	switch (from && to ? dice(9) : 0) {
	case 0:
		if (!from)
			x_with(one, types[dice(3)], dice(2), slice_str(""));
		break;
	case 1:
		if (dice(4) == 0)
			topology_remove_exchange(&topology, from);
		break;
	case 2: topology_remove_queue(&topology, q(queue)); break;
	case 3: unbind_q(from, queue, keys[dice(5)]); break;
	case 4: unbind_x(from, to, keys[dice(5)]); break;
	case 5:
	case 6: bind_x(from, to, keys[dice(5)]); break;
	default: bind_q(from, queue, keys[dice(5)]);
	}
}

START_TEST(invariants_hold_whatever_happens)
{
	dice_state = 31u + (unsigned)_i;
	for (int i = 0; i < 3000; i++) {
		disturb();
		topology_check(&topology);
		struct exchange *from = find_x(i % 2 ? "x1" : "x2");
		if (from)
			routed(from, "a.b");
	}
}
END_TEST

static void predeclared_cases(Suite *s)
{
	TCase *c = topology_case(s, "predeclared");
	tcase_add_loop_test(c, the_standard_exchanges_are_there, 0,
	                    sizeof standard / sizeof standard[0]);
	tcase_add_test(c, none_of_them_is_in_the_catalog);
	tcase_add_test(c, types_are_found_by_their_names);
	tcase_add_test(c, an_exchange_is_what_was_asked_for);
}

static void binding_cases(Suite *s)
{
	TCase *c = topology_case(s, "bindings");
	tcase_add_test(c, an_equal_binding_is_made_once);
	tcase_add_test(c, names_and_keys_do_not_run_into_each_other);
	tcase_add_test(c, arguments_are_part_of_the_identity);
	tcase_add_test(c, the_order_of_arguments_is_not);
	tcase_add_test(c, a_message_passes_from_exchange_to_exchange);
	tcase_add_test(c, many_ways_to_a_queue_are_one_delivery);
	tcase_add_test(c, rings_are_walked_once);
	tcase_add_test(c, a_long_chain_is_walked_to_its_end);
}

static void alternate_cases(Suite *s)
{
	TCase *c = topology_case(s, "alternates");
	tcase_add_test(c, what_matches_nothing_goes_to_the_alternate);
	tcase_add_test(c, an_alternate_may_come_later_and_go_again);
	tcase_add_test(c, alternates_of_alternates_are_asked_in_turn);
	tcase_add_test(c, a_binding_to_an_exchange_counts_as_a_match);
	tcase_add_test(c, the_alternate_of_an_exchange_on_the_way_is_asked_too);
	tcase_add_test(c, the_default_exchange_can_be_an_alternate);
}

static void cascade_cases(Suite *s)
{
	TCase *c = topology_case(s, "cascades");
	tcase_add_test(c, an_auto_delete_exchange_goes_with_its_last_binding);
	tcase_add_test(c, one_that_never_had_a_binding_stays);
	tcase_add_test(c, a_queue_takes_its_bindings_along_and_what_hung_on_them);
	tcase_add_test(c, rings_of_auto_delete_exchanges_collapse);
	tcase_add_test(c, a_long_chain_of_auto_delete_exchanges_goes_at_once);
	tcase_add_test(c, deleting_an_exchange_takes_bindings_from_and_to_it);
	tcase_add_loop_test(c, invariants_hold_whatever_happens, 0, 10);
}

static void total_cases(Suite *s)
{
	TCase *c = topology_case(s, "totals");
	tcase_add_test(c, totals_follow_what_comes_and_goes_in_all_of_them);
}

Suite *suite_exchange_topology(void)
{
	Suite *s = suite_create("exchange/topology");
	total_cases(s);
	predeclared_cases(s);
	binding_cases(s);
	alternate_cases(s);
	cascade_cases(s);
	return s;
}
