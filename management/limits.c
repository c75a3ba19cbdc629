/* SPDX-License-Identifier: Apache-2.0 */
#include "management/limits.h"

#include <inttypes.h>

#include "amqp/table.h"
#include "base/die.h"
#include "broker/term.h"

struct limit {
	const char *name;
	int64_t *value;
};

enum { LIMITS = 4 };             /* at most; of fewer the last have no name */

static void of_vhost(struct vhost_about *about, struct limit out[LIMITS])
{
	out[0] = (struct limit){ "max-connections", &about->max_connections };
	out[1] = (struct limit){ "max-queues", &about->max_queues };
	out[2] = (struct limit){ "max-publish-rate", &about->max_rate };
	out[3] = (struct limit){ "max-bytes", &about->max_bytes };
}

static void of_user(struct user_about *about, struct limit out[LIMITS])
{
	out[0] = (struct limit){ "max-connections", &about->max_connections };
	out[1] = (struct limit){ "max-channels", &about->max_channels };
	out[2] = (struct limit){ "max-publish-rate", &about->max_rate };
	out[3] = (struct limit){ 0 };
}

static bool take(struct limit limits[LIMITS], struct slice key, const struct field *value,
                 struct buf *why)
{
	int i = 0;
	while (i < LIMITS && limits[i].name && !slice_is(key, limits[i].name))
		i++;
	if (i == LIMITS || !limits[i].name) {
		buf_printf(why, "Unrecognised terms [{<<\"%.*s\">>,", SLICE_ARG(key));
		term_put(why, value);
		buf_printf(why, "}] in limits\n");
		return false;
	}
	if (!field_is_integer(value)) {
		buf_printf(why, "%.*s should be a number, actually was ", SLICE_ARG(key));
		term_put(why, value);
		buf_u8(why, '\n');
		return false;
	}
	*limits[i].value = value->integer < 0 ? LEDGER_NO_LIMIT : value->integer;
	return true;
}

static bool read_all(struct limit limits[LIMITS], struct slice table, struct buf *why)
{
	struct table_walk w = table_walk(table);
	struct slice key;
	struct field value;
	while (table_next(&w, &key, &value))
		if (!take(limits, key, &value, why))
			return false;
	return true;
}

bool limits_read_vhost(struct slice table, struct vhost_about *about, struct buf *why)
{
	struct limit limits[LIMITS];
	of_vhost(about, limits);
	return read_all(limits, table, why);
}

bool limits_read_user(struct slice table, struct user_about *about, struct buf *why)
{
	struct limit limits[LIMITS];
	of_user(about, limits);
	return read_all(limits, table, why);
}

bool limits_lift_user(struct slice name, struct user_about *about)
{
	struct limit limits[LIMITS];
	bool all = slice_is(name, "all"), found = all;
	of_user(about, limits);
	for (int i = 0; i < LIMITS && limits[i].name; i++) {
		if (!all && !slice_is(name, limits[i].name))
			continue;
		*limits[i].value = LEDGER_NO_LIMIT;
		found = true;
	}
	return found;
}

static void put_all(struct buf *out, const struct limit limits[LIMITS])
{
	bool more = false;
	buf_u8(out, '{');
	for (int i = 0; i < LIMITS && limits[i].name; i++) {
		if (*limits[i].value == LEDGER_NO_LIMIT)
			continue;
		buf_printf(out, "%s\"%s\":%" PRIi64, more ? "," : "", limits[i].name, *limits[i].value);
		more = true;
	}
	buf_u8(out, '}');
}

void limits_put_vhost(struct buf *out, const struct vhost_about *about)
{
	struct vhost_about copy = *about;
	struct limit limits[LIMITS];
	of_vhost(&copy, limits);
	put_all(out, limits);
}

void limits_put_user(struct buf *out, const struct user_about *about)
{
	struct user_about copy = *about;
	struct limit limits[LIMITS];
	of_user(&copy, limits);
	put_all(out, limits);
}
