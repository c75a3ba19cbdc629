/* SPDX-License-Identifier: Apache-2.0 */
/* Class confirm, RabbitMQ's extension: publisher confirms. */
#include "broker/channel.h"
#include "broker/on.h"
#include "broker/refuse.h"

const struct refusal *on_confirm_select(struct channel *ch, const struct confirm_select *m)
{
	struct method ok = { .id = METHOD_confirm_select_ok };
	if (ch->tx.on)
		return refuse(ch->broker, &PRECONDITION_FAILED, "cannot switch from tx to confirm mode");
	ch->confirm.on = true;
	count_confirming(ch);
	if (!m->no_wait)
		channel_send(ch, &ok);
	return NULL;
}
