/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of all sizes come and go in any order, and none touches another. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/slab.h"

Suite *suite_base_slab(void);

enum { PIECES = 3000, ROUNDS = 60000 };

struct piece {
	uint8_t *p;
	size_t n;
	uint8_t fill;
};

static void fill(struct piece *x, size_t n)
{
	x->n = n;
	x->fill = (uint8_t)rand();
	x->p = slab_alloc(n);
	ck_assert_uint_eq((uintptr_t)x->p % 16, 0);
	memset(x->p, x->fill, n);
}

static void empty(struct piece *x)
{
	size_t same = 0;
	while (same < x->n && x->p[same] == x->fill)
		same++;
	ck_assert_uint_eq(same, x->n);
	slab_free(x->p, x->n);
	x->p = NULL;
}

START_TEST(pieces_do_not_touch)
{
	static struct piece all[PIECES];
	size_t before = slab_bytes();
	srand((unsigned)_i);
	for (int i = 0; i < ROUNDS; i++) {
		struct piece *x = &all[rand() % PIECES];
		if (x->p)
			empty(x);
		else
			fill(x, (size_t)(_i == 1 ? rand() % 9000 : rand() % 600));
		if (i % 5000 == 0)
			slab_rest();
	}
	for (int i = 0; i < PIECES; i++)
		if (all[i].p)
			empty(&all[i]);
	ck_assert_uint_eq(slab_bytes(), before);
	while (slab_rest())
		;
}
END_TEST

/* What is given back can be taken again, and none of it is there any more. */
START_TEST(empty_slabs_rest)
{
	static struct piece all[PIECES];
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < PIECES; i++)
			fill(&all[i], 700);
		for (int i = 0; i < PIECES; i++)
			empty(&all[i]);
		while (slab_rest())
			;
		ck_assert(!slab_rest());
	}
}
END_TEST

Suite *suite_base_slab(void)
{
	Suite *s = suite_create("base/slab");
	TCase *t = tcase_create("slab");
	tcase_add_loop_test(t, pieces_do_not_touch, 0, 2);
	tcase_add_test(t, empty_slabs_rest);
	suite_add_tcase(s, t);
	return s;
}
