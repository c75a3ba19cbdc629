/* SPDX-License-Identifier: Apache-2.0 */
/* A page of HTML about a run: its options, its figures, and charts that need no script. */
#ifndef TOOLS_PERF_PAGE_H
#define TOOLS_PERF_PAGE_H

#include <stddef.h>
#include <stdio.h>

enum {
	PAGE_SENT,
	PAGE_RECEIVED,
	PAGE_CONFIRMED, /* a second */
	PAGE_LATENCY_50,
	PAGE_LATENCY_99,
	PAGE_CONFIRM_50,
	PAGE_CONFIRM_99, /* ms */
	PAGE_VALUES
};

struct page_point {
	double at_s, value[PAGE_VALUES];
};

struct page_points {
	struct page_point *p;
	size_t n, cap;
};

struct stretch;

void page_point(struct page_points *all, struct page_point point);

void page_write(FILE *f, const struct page_points *all, const struct stretch *whole);

#endif
