/* SPDX-License-Identifier: Apache-2.0 */
/* The order against a model that is an array. */
#include <check.h>
#include <stdio.h>

#include "base/order.h"
#include "base/walk.h"

Suite *suite_base_order(void);

enum { WORDS = 3000 };

struct word {
	struct list link;
	char text[16];
	bool in;
};

static struct order o;
static struct word words[WORDS];
static const struct word *model[WORDS];
static size_t n_model;
static uint32_t dice;

static struct slice key(const struct list *link)
{
	return slice_str(list_entry(link, struct word, link)->text);
}

static unsigned roll(unsigned sides)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % sides;
}

/* Of some keys others are the beginning. */
static void set_up(void)
{
	dice = 7;
	n_model = 0;
	order_init(&o, key);
	for (int i = 0; i < WORDS; i++) {
		snprintf(words[i].text, sizeof words[i].text, "%d", i);
		list_init(&words[i].link);
		words[i].in = false;
	}
}

static void tear_down(void)
{
	order_free(&o);
}

static void put(struct word *w)
{
	size_t i = n_model++;
	for (; i && strcmp(model[i - 1]->text, w->text) > 0; i--)
		model[i] = model[i - 1];
	model[i] = w;
	order_put(&o, &w->link);
	w->in = true;
}

static void take_out(struct word *w)
{
	size_t i = 0;
	while (model[i] != w)
		i++;
	for (n_model--; i < n_model; i++)
		model[i] = model[i + 1];
	order_remove(&o, &w->link);
	w->in = false;
}

static void compare(void)
{
	size_t n = 0;
	order_check(&o);
	ck_assert_uint_eq(o.count, n_model);
	list_each(it, &o.list) {
		ck_assert_ptr_eq(it, &model[n]->link);
		ck_assert_ptr_eq(order_at(&o, n), it);
		n++;
	}
	ck_assert_uint_eq(n, n_model);
}

START_TEST(an_empty_one_owns_nothing)
{
	compare();
	ck_assert_ptr_null(o.legs[0].next);
	put(&words[0]);
	take_out(&words[0]);
	compare();
	ck_assert_ptr_null(o.legs[0].next);
}
END_TEST

START_TEST(they_stand_by_their_keys_as_bytes)
{
	static const char *const texts[] = { "", "A", "a", "a.b", "aa", "\xc3\xa4" };
	static const int came[] = { 3, 0, 5, 2, 1, 4 };
	for (int i = 0; i < 6; i++) {
		struct word *w = &words[came[i]];
		snprintf(w->text, sizeof w->text, "%s", texts[came[i]]);
		order_put(&o, &w->link);
	}
	order_check(&o);
	for (size_t i = 0; i < 6; i++)
		ck_assert_ptr_eq(order_at(&o, i), &words[i].link);
}
END_TEST

START_TEST(it_is_what_a_sorted_array_is)
{
	for (int round = 0; round < 40; round++) {
		for (unsigned n = roll(400); n; n--) {
			struct word *w = &words[roll(WORDS)];
			bool grow = round < 20;
			if (w->in && (!grow || roll(4) == 0))
				take_out(w);
			else if (!w->in && (grow || roll(4) == 0))
				put(w);
		}
		compare();
	}
	while (n_model)
		take_out(&words[model[roll((unsigned)n_model)] - words]);
	compare();
	ck_assert_ptr_null(o.legs[0].next);
}
END_TEST

START_TEST(those_that_come_in_order_and_go_in_order)
{
	for (int i = 0; i < WORDS; i++)
		snprintf(words[i].text, sizeof words[i].text, "%08d", i);
	for (int i = 0; i < WORDS; i++)
		put(&words[i]);
	compare();
	for (int i = 0; i < WORDS / 2; i++)
		take_out(&words[i]);
	compare();
}
END_TEST

START_TEST(a_walk_meets_once_what_stays_while_others_come_and_go)
{
	struct list walks;
	struct walk w;
	bool met[WORDS] = { false };
	list_init(&walks);
	for (int i = 0; i < WORDS; i += 2)
		put(&words[i]);
	walk_begin(&w, &walks, &o.list);
	for (struct list *l; (l = walk_here(&w)); ) {
		struct word *here = list_entry(l, struct word, link), *other = &words[roll(WORDS)];
		ck_assert(!met[here - words]);
		met[here - words] = true;
		walk_on(&w);
		if ((other - words) % 4 == 0)
			continue;
		if (other->in) {
			walks_leave(&walks, &other->link);
			take_out(other);
		} else {
			put(other);
		}
	}
	walk_end(&w);
	for (int i = 0; i < WORDS; i += 4)
		ck_assert(met[i]);
	compare();
}
END_TEST

Suite *suite_base_order(void)
{
	Suite *s = suite_create("base/order");
	TCase *t = tcase_create("order");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_empty_one_owns_nothing);
	tcase_add_test(t, they_stand_by_their_keys_as_bytes);
	tcase_add_test(t, it_is_what_a_sorted_array_is);
	tcase_add_test(t, those_that_come_in_order_and_go_in_order);
	tcase_add_test(t, a_walk_meets_once_what_stays_while_others_come_and_go);
	suite_add_tcase(s, t);
	return s;
}
