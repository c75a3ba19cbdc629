/* SPDX-License-Identifier: Apache-2.0 */
/* A topology without a log, and short words for what the tests of this folder do with it: q("a")
 * makes a queue, bind_q(x, "a", "key") binds it, routed(x, "key") says where a message goes as
 * the sorted names of the queues between blanks. */
#ifndef UNIT_EXCHANGE_FIXTURE_H
#define UNIT_EXCHANGE_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "amqp/table.h"
#include "exchange/topology.h"
#include "queue/queue.h"
#include "queue/store.h"

static struct store store;
static struct topology topology;
static struct route_set routes;

static inline void topology_set_up(void)
{
	store_init(&store, NULL, UINT64_MAX);
	topology_init(&topology, &store, 1);
}

static inline void topology_tear_down(void)
{
	topology_check(&topology);
	route_set_free(&routes);
	topology_free(&topology);
	store_free(&store);
}

static inline struct exchange *find_x(const char *name)
{
	return topology_exchange(&topology, slice_str(name));
}

static inline struct exchange *x_with(const char *name, const struct exchange_type *type,
                                      bool auto_delete, struct slice arguments)
{
	log_position wait_for;
	struct exchange_spec spec = { .name = slice_str(name), .arguments = arguments, .type = type,
		                          .auto_delete = auto_delete };
	return topology_add_exchange(&topology, &spec, &wait_for);
}

static inline struct exchange *x(const char *name, const struct exchange_type *type)
{
	return x_with(name, type, false, slice_str(""));
}

static inline struct queue *find_q(const char *name)
{
	return topology_queue(&topology, slice_str(name));
}

static inline struct queue *q(const char *name)
{
	log_position wait_for;
	struct queue_spec spec = { .name = slice_str(name), .arguments = slice_str("") };
	struct queue *found = find_q(name);
	return found ? found : topology_add_queue(&topology, &spec, &wait_for);
}

static inline const struct refusal *bind_spec(struct binding_spec spec)
{
	log_position wait_for;
	struct buf text = { 0 };
	const struct refusal *r = topology_bind(&topology, &spec, &wait_for, &text);
	ck_assert_int_eq(r != NULL, text.len > 0);
	buf_free(&text);
	return r;
}

static inline struct binding_spec to_q(struct exchange *from, const char *queue, const char *key)
{
	return (struct binding_spec){ .source = from, .queue = q(queue), .key = slice_str(key) };
}

static inline struct binding_spec to_x(struct exchange *from, struct exchange *to, const char *key)
{
	return (struct binding_spec){ .source = from, .exchange = to, .key = slice_str(key) };
}

static inline void bind_q(struct exchange *from, const char *queue, const char *key)
{
	ck_assert_ptr_null(bind_spec(to_q(from, queue, key)));
}

static inline void bind_x(struct exchange *from, struct exchange *to, const char *key)
{
	ck_assert_ptr_null(bind_spec(to_x(from, to, key)));
}

static inline void unbind_q(struct exchange *from, const char *queue, const char *key)
{
	struct binding_spec spec = to_q(from, queue, key);
	topology_unbind(&topology, &spec);
}

static inline void unbind_x(struct exchange *from, struct exchange *to, const char *key)
{
	struct binding_spec spec = to_x(from, to, key);
	topology_unbind(&topology, &spec);
}

static inline int by_name(const void *a, const void *b)
{
	struct slice x = queue_name(*(struct queue *const *)a);
	struct slice y = queue_name(*(struct queue *const *)b);
	int differ = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
	return differ ? differ : (x.n > y.n) - (x.n < y.n);
}

static inline const char *routed_with(struct exchange *from, const char *key, struct slice headers)
{
	static char names[4096];
	size_t at = 0;
	struct route r = { .key = slice_str(key), .headers = headers };
	topology_route(&topology, from, &r, &routes);
	if (routes.n)
		qsort(routes.queues, routes.n, sizeof *routes.queues, by_name);
	names[0] = 0;
	for (size_t i = 0; i < routes.n; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%s%.*s", i ? " " : "",
		                       SLICE_ARG(queue_name(routes.queues[i])));
	ck_assert_uint_lt(at, sizeof names);
	return names;
}

static inline const char *routed(struct exchange *from, const char *key)
{
	return routed_with(from, key, slice_str(""));
}

/* Declares a test function and a case for it, with the topology around each test. */
static inline TCase *topology_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);
	tcase_add_checked_fixture(c, topology_set_up, topology_tear_down);
	suite_add_tcase(s, c);
	return c;
}

#endif
