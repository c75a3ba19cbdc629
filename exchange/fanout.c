/* SPDX-License-Identifier: Apache-2.0 */
/* Fanout: every binding matches (AMQP 0-9-1 section 3.1.3.2). */
#include "exchange/exchange.h"

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	(void)r;
	list_each(it, &x->bindings)
		found_add(out, list_entry(it, struct binding, on_source));
}

const struct exchange_type exchange_fanout = {
	.name = "fanout", .one_key = true, .route = route,
};
