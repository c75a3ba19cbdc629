/* SPDX-License-Identifier: Apache-2.0 */
/* A broker inside the test and a client of its HTTP API, for the tests of this folder. */
#ifndef UNIT_MANAGEMENT_FIXTURE_H
#define UNIT_MANAGEMENT_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "broker/state.h"
#include "broker/user.h"
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

/* A user with a tag, or "", and rights in the virtual host "/", or none: configure NULL. */
static inline void add_user(const char *name, const char *tag, const char *configure,
                            const char *write, const char *read)
{
	struct user_about about = USER_PLAIN;
	struct pattern_fault fault;
	log_position wait_for;
	about.tags = slice_str(tag);
	user_hash(in.broker, &about.password, slice_str("pw"));
	struct user *u = user_add(in.broker, slice_str(name), &about, &wait_for);
	if (!configure)
		return;
	struct vhost *v = vhost_find(in.broker, slice_str("/"));
	struct slice texts[RIGHTS] = { slice_str(configure), slice_str(write), slice_str(read) };
	ck_assert(grant_set(u, v, slice_of(NULL, 0), texts, &fault, &wait_for));
}

/* By the API, as all that is asked here. */
static inline void publish_by(const char *exchange, const char *key, const char *properties,
                              const char *payload, const char *encoding)
{
	char target[80], body[600];
	snprintf(target, sizeof target, "/api/exchanges/%%2F/%s/publish", exchange);
	snprintf(body, sizeof body,
	         "{\"routing_key\":\"%s\",\"properties\":%s,\"payload\":\"%s\","
	         "\"payload_encoding\":\"%s\"}",
	         key, properties, payload, encoding);
	assert_asked(200, "POST", target, body);
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
