/* SPDX-License-Identifier: Apache-2.0 */
/* The table of records that were copied forward, against an array. */
#include <check.h>
#include <stdlib.h>

#include "persistence/forward.h"

Suite *suite_persistence_forward(void);

enum { PARTS = 5, EACH = 400, PART_BYTES = 8 * EACH };

static log_position base_of(unsigned part)
{
	return 4096 + (log_position)part * PART_BYTES;
}

/* Moves of one part that were not there yet, ascending. */
static size_t some_moves(struct log_move *m, unsigned part, unsigned *held)
{
	size_t n = 0;
	for (unsigned i = 0; i < EACH; i++) {
		if (held[i] || rand() % 6)
			continue;
		held[i] = 1 + (unsigned)rand() % 3;
		log_position from = base_of(part) + 8 * (log_position)i;
		m[n++] = (struct log_move){ from, from + 1000000, held[i], 0 };
	}
	return n;
}

/* Somebody who holds one lets go, maybe the last. */
static void let_some_go(struct forward_table *t, unsigned part, unsigned *held)
{
	for (unsigned i = 0; i < EACH; i++) {
		log_position from = base_of(part) + 8 * (log_position)i;
		if (held[i] && rand() % 4 == 0) {
			held[i]--;
			ck_assert_uint_eq(forward_take(t, from), from + 1000000);
		}
	}
}

static void expect(const struct forward_table *t, unsigned held[PARTS][EACH])
{
	for (unsigned p = 0; p < PARTS; p++)
		for (unsigned i = 0; i < EACH; i++) {
			log_position from = base_of(p) + 8 * (log_position)i;
			ck_assert_uint_eq(forward_find(t, from), held[p][i] ? from + 1000000 : 0);
		}
}

START_TEST(moves_are_found_until_nobody_holds_them)
{
	struct forward_table t = { 0 };
	struct log_move moves[EACH];
	unsigned held[PARTS][EACH] = { 0 };
	srand((unsigned)_i);
	for (unsigned n = 0; n < 4 * PARTS; n++) {
		unsigned p = (unsigned)rand() % PARTS;
		size_t some = some_moves(moves, p, held[p]);
		if (some)
			forward_add(&t, base_of(p), moves, some);
		expect(&t, held);
		let_some_go(&t, p, held[p]);
	}
	ck_assert_uint_eq(forward_find(&t, 8), 0);
	for (unsigned p = 0; p < PARTS; p++)
		for (unsigned i = 0; i < EACH; i++)
			for (; held[p][i]; held[p][i]--) {
				log_position from = base_of(p) + 8 * (log_position)i;
				ck_assert_uint_eq(forward_take(&t, from), from + 1000000);
			}
	expect(&t, held);
	ck_assert_uint_eq(t.n, 0);
	ck_assert_uint_eq(t.count, 0);
	forward_free(&t);
}
END_TEST

Suite *suite_persistence_forward(void)
{
	Suite *s = suite_create("persistence/forward");
	TCase *t = tcase_create("forward");
	tcase_add_loop_test(t, moves_are_found_until_nobody_holds_them, 0, 6);
	suite_add_tcase(s, t);
	return s;
}
