/* SPDX-License-Identifier: Apache-2.0 */
/* x-message-deduplication: as a fanout, for messages whose key was not accepted before; what it has
 * of keys every exchange may have (exchange.dedup). */
#include "exchange/exchange.h"
#include "queue/dedup.h"

static const struct refusal *check_exchange(struct slice arguments, struct buf *text)
{
	const char *fault = dedup_fault(arguments, false);
	if (!fault)
		return NULL;
	buf_printf(text, "%s", fault);
	return &PRECONDITION_FAILED;
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	exchange_fanout.route(x, r, out);
}

const struct exchange_type exchange_once = {
	.name = "x-message-deduplication", .one_key = true, .check_exchange = check_exchange,
	.route = route,
};
