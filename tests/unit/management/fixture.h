/* SPDX-License-Identifier: Apache-2.0 */
/* A broker inside the test and a client of its HTTP API, for the tests of this folder. */
#ifndef UNIT_MANAGEMENT_FIXTURE_H
#define UNIT_MANAGEMENT_FIXTURE_H

#include <check.h>
#include <string.h>

#include "tests/sim/browser.h"

static struct inside in;
static struct browser browser;
static struct buf why;

/* What is kept is kept in a log on a simulated disk. */
static inline void set_up(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 1 << 20;
	ck_assert(inside_start(&in, &why));
	browser_open(&browser, &in, true);
}

static inline void tear_down(void)
{
	browser_close(&browser);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
}

static inline void assert_asked_as(unsigned status, const char *who, const char *method,
                                   const char *target, const char *body)
{
	unsigned got = browser_ask_as(&browser, who, method, target, body);
	ck_assert_msg(got == status, "%s: %s %s: %u %s", who ? who : "nobody", method, target, got,
	              browser_body(&browser));
}

static inline void assert_asked(unsigned status, const char *method, const char *target,
                                const char *body)
{
	assert_asked_as(status, "guest:guest", method, target, body);
}

static inline void assert_get(const char *target, const char *body)
{
	assert_asked(200, "GET", target, NULL);
	ck_assert_str_eq(browser_body(&browser), body);
}

/* Of the last answer. */
static inline bool says(const char *text)
{
	return strstr(browser_body(&browser), text) != NULL;
}

static inline bool has_line(const char *line)
{
	return strstr((const char *)browser.head.p, line) != NULL;
}

#endif
