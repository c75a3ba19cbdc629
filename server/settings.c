/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings.h"

#include "base/die.h"
#include "broker/broker.h"
#include "server/config.h"
#include "server/descriptors.h"
#include "server/memory.h"

enum {
	MESSAGE_MEMORY_MAX = 256 << 20,   /* unless the configuration says more */
	SPARE_DESCRIPTORS = 64,
};

uint64_t settings_memory_total(const struct config *c)
{
	return c->memory_total ? c->memory_total : memory_limit();
}

static uint64_t memory_watermark(const struct config *c)
{
	return c->memory_watermark ? c->memory_watermark
	                           : (uint64_t)(c->memory_share * (double)settings_memory_total(c));
}

static uint64_t disk_free_limit(const struct config *c)
{
	double total = (double)settings_memory_total(c);
	return c->disk_free_share > 0 ? (uint64_t)(c->disk_free_share * total) : c->disk_free_limit;
}

/* Messages alone should never set the alarm. */
static uint64_t message_memory(const struct config *c)
{
	uint64_t share = settings_memory_total(c) / 8, half = memory_watermark(c) / 2;
	share = share < half ? share : half;
	if (c->message_memory)
		return c->message_memory;
	return share < MESSAGE_MEMORY_MAX ? share : MESSAGE_MEMORY_MAX;
}

/* Beside it; two windows at least, or there are none. */
uint64_t settings_window_bytes(const struct config *c)
{
	uint64_t share = message_memory(c) / 8;
	return share < 2 << 20 ? 0 : share;
}

/* RabbitMQ's longer names are of the same three. */
static const char *queue_type(const struct config *c)
{
	static const char *const types[] = { "classic", "quorum", "stream" };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strstr(c->default_queue_type, types[i]))
			return types[i];
	return "";
}

void settings_of_broker(const struct config *c, struct broker_options *o)
{
	broker_options_default(o);
	o->channel_max = (uint16_t)c->channel_max;
	o->frame_max = (uint32_t)c->frame_max;
	o->initial_frame_max = (uint32_t)c->initial_frame_max;
	o->heartbeat_s = (uint16_t)c->heartbeat_s;
	o->handshake_timeout_ms = (uint32_t)c->handshake_timeout_ms;
	o->max_message_bytes = c->max_message_bytes;
	o->consumer_max_per_channel = (uint32_t)c->consumer_max_per_channel;
	o->channel_max_per_node = c->channel_max_per_node;
	o->vhost_max = c->vhost_max;
	o->stream_keys_max = c->stream_keys_max;
	o->cluster_queue_limit = c->cluster_queue_limit;
	o->cluster_exchange_limit = c->cluster_exchange_limit;
	o->consumer_timeout_ms = c->consumer_timeout_ms;
	o->assembly_max_bytes = c->assembly_max_bytes;
	o->outbox_max_bytes = c->outbox_max_bytes;
	o->sample_ms = (uint32_t)c->sample_ms;
	o->samples_bytes = c->samples_bytes;
	o->message_memory_bytes = message_memory(c);
	o->window_bytes = settings_window_bytes(c);
	o->memory_watermark_bytes = memory_watermark(c);
	o->disk_free_limit_bytes = disk_free_limit(c);
	o->product = c->product;
	o->version = c->version;
	o->cluster_name = c->cluster_name;
	o->default_user = c->default_user;
	o->default_pass = c->default_pass;
	o->default_vhost = c->default_vhost;
	o->default_tags = c->default_user_tags;
	o->default_configure = c->default_configure;
	o->default_write = c->default_write;
	o->default_read = c->default_read;
	o->loopback_users = c->loopback_users;
	o->founding[FOUNDING_LIMITS] = c->default_limits;
	o->founding[FOUNDING_POLICIES] = c->default_policies;
	o->founding[FOUNDING_USERS] = c->default_users;
	o->log_exchange = c->log_exchange;
	o->cluster_tags = c->cluster_tags;
	o->node_tags = c->node_tags;
	o->queue_type = queue_type(c);
	password_hashing_find(slice_str(c->hashing), &o->hashing);
	if (strcmp(c->validator, CONFIG_LONG_PASSWORD) == 0)
		o->password_min_bytes = (uint32_t)c->password_min_bytes;
	if (strcmp(c->validator, CONFIG_MATCHING_PASSWORD) == 0)
		o->password_pattern = c->password_pattern;
	struct slice named = slice_str(c->auth_mechanisms);
	bool all = named.n == 0;
	o->plain = all || slice_has_word(named, ' ', slice_str("PLAIN"));
	o->amqplain = all || slice_has_word(named, ' ', slice_str("AMQPLAIN"));
	o->external = all || slice_has_word(named, ' ', slice_str("EXTERNAL"));
}

uint64_t settings_connection_max(const struct config *c)
{
	uint64_t fds = descriptors_limit();
	uint64_t room = fds > 2 * SPARE_DESCRIPTORS ? fds - SPARE_DESCRIPTORS : fds / 2;
	return c->connection_max && c->connection_max < room ? c->connection_max : room;
}
