/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/retention.h"

#include "amqp/table.h"
#include "base/buf.h"
#include "queue/queue.h"
#include "queue/store.h"

static bool number_of(struct slice table, const char *key, int64_t *out)
{
	struct field f;
	bool there = table_find(table, key, &f) && field_is_integer(&f) && f.integer >= 0;
	if (there)
		*out = f.integer;
	return there;
}

bool retention_is_asked_for(struct slice arguments)
{
	int64_t n;
	return number_of(arguments, "x-retain-ms", &n) || number_of(arguments, "x-retain-bytes", &n);
}

/* As settings of a stream. skip: bytes of the keys that are not in the table's. */
static struct settings limits_of(struct slice table, size_t skip)
{
	struct settings s = settings_none;
	int64_t n;
	if (number_of(table, &"x-retain-ms"[skip], &n))
		s.max_age_ms = n < SETTINGS_TIME_MAX_MS ? n : SETTINGS_TIME_MAX_MS;
	if (number_of(table, &"x-retain-bytes"[skip], &n))
		s.max_bytes = (uint64_t)n;
	return s;
}

bool retention_is(const struct queue *q)
{
	return q->live->stream && q->live->stream->hidden;
}

bool retention_limit(struct queue *q, struct slice definition)
{
	struct queue *retained = q->live->retained;
	if (!retained)
		return false;
	struct settings before = *retained->settings;
	struct settings limits = limits_of(queue_arguments(q), 0);
	struct settings policy = limits_of(definition, strlen("x-"));
	settings_join(&limits, &policy);
	queue_set_policy(retained, &limits);
	return !settings_equal(&before, retained->settings);
}

void retention_begin(struct queue *q, uint32_t id)
{
	struct buf arguments = { 0 };
	struct field type = { .letter = 'S', .bytes = slice_str("stream") };
	table_put(&arguments, slice_str("x-queue-type"), &type);
	struct queue_spec spec = { .name = queue_name(q), .arguments = buf_slice(&arguments),
		                       .durable = q->durable, .id = id };
	live_begin(q);
	q->live->retained = queue_new(q->store, &spec);
	q->live->retained->live->stream->hidden = true;
	buf_free(&arguments);
	retention_limit(q, slice_of(NULL, 0));
}
