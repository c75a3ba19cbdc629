/* SPDX-License-Identifier: Apache-2.0 */
/* Class channel beyond open and close (which channel.c has), and the obsolete class access. */
#include "broker/channel.h"
#include "broker/on.h"
#include "broker/refuse.h"

/* As RabbitMQ: a client cannot stop the flow of a channel. */
const struct refusal *on_channel_flow(struct channel *ch, const struct channel_flow *m)
{
	if (!m->active)
		return refuse(ch->broker, &NOT_IMPLEMENTED, "active=false");
	struct method ok = { .id = METHOD_channel_flow_ok, .channel_flow_ok = { .active = true } };
	channel_send(ch, &ok);
	return NULL;
}

/* The server never sends channel.flow, so nothing can be answered with this. */
const struct refusal *on_channel_flow_ok(struct channel *ch, const struct channel_flow_ok *m)
{
	(void)m;
	return refuse(ch->broker, &COMMAND_INVALID, "unimplemented method");
}

const struct refusal *on_access_request(struct channel *ch, const struct access_request *m)
{
	struct method ok = { .id = METHOD_access_request_ok, .access_request_ok = { .ticket = 1 } };
	(void)m;
	channel_send(ch, &ok);
	return NULL;
}
