/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, channels and consumers over HTTP. */
#include "broker/channel.h"
#include "broker/manage.h"
#include "broker/user.h"
#include "management/api.h"

/* ---- connections ---- */

enum call_state api_connections(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CONNECTIONS, NULL);
}

static void of_user(struct http_response *r)
{
	rows_match(&r->rows, "user", r->parts[0]);
}

static void in_vhost(struct http_response *r)
{
	rows_match(&r->rows, "vhost", r->parts[0]);
}

enum call_state api_connections_of(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CONNECTIONS, of_user);
}

enum call_state api_connections_in(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CONNECTIONS, in_vhost);
}

static bool is_theirs(const struct http_response *r, const struct connection *c, const char *tag)
{
	return http_user_is(r->user, tag) || http_user_has(r->user, c);
}

/* One that the user may see, or with another tag do away with; NULL: there is none. */
static const struct connection *find_named(const struct http_response *r, struct slice name,
                                           const char *tag)
{
	list_each(it, &r->host->broker->connections) {
		const struct connection *c = list_entry(it, struct connection, link);
		if (slice_is(name, c->name))
			return is_theirs(r, c, tag) ? c : NULL;
	}
	return NULL;
}

static const struct connection *find(const struct http_response *r, const char *tag)
{
	return find_named(r, r->parts[0], tag);
}

enum call_state api_connection(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker, .connection = find(r, "monitoring") };
	return api_one(r, out, ROSTER_CONNECTIONS, row.connection ? &row : NULL);
}

enum call_state api_connection_close(struct http_response *r, struct buf *out)
{
	const struct connection *c = find(r, "administrator");
	struct slice reason = r->request->reason;
	if (!c)
		return http_not_found(r, out);
	manage_close(r->host->broker, c->number,
	             reason.n ? reason : slice_str("Closed via management plugin"));
	return http_status(r, 204);
}

/* They are AMQP 1.0's. */
enum call_state api_sessions(struct http_response *r, struct buf *out)
{
	if (!find(r, "monitoring"))
		return http_not_found(r, out);
	return http_bad_request(r, out, "connection does not use AMQP 1.0");
}

static void end(void *kept)
{
	expulsion_end(kept);
}

/* Of a user, some at a time. */
enum call_state api_connections_close(struct http_response *r, struct buf *out)
{
	struct expulsion *e = http_keep(r, sizeof *e, end);
	struct slice reason = r->request->reason;
	const struct user *u = user_find(r->host->broker, r->parts[0]);
	(void)out;
	if (!r->begun && u)
		expulsion_begin(e, r->host->broker, NULL, u);
	if (e->user != u)
		expulsion_end(e);
	if (!reason.n)
		reason = slice_str("Closed via management plugin");
	if (e->broker && expulsion_go_on(e, reason))
		return CALL_WAITS;
	return http_status(r, 204);
}

/* ---- channels ---- */

enum call_state api_channels(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CHANNELS, NULL);
}

enum call_state api_channels_in(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CHANNELS, in_vhost);
}

static void of_connection(struct http_response *r)
{
	rows_match(&r->rows, "connection_details.name", r->parts[0]);
}

enum call_state api_channels_of(struct http_response *r, struct buf *out)
{
	if (!r->begun && !find(r, "monitoring"))
		return http_not_found(r, out);
	return api_list(r, out, ROSTER_CHANNELS, of_connection);
}

/* 0, which is no channel's, where it is none. */
static uint16_t number_at(struct slice digits)
{
	unsigned number = 0;
	for (size_t i = 0; i < digits.n && digits.p[i] >= '0' && digits.p[i] <= '9'; i++)
		if ((number = number * 10 + (unsigned)(digits.p[i] - '0')) > UINT16_MAX)
			return 0;
	return (uint16_t)number;
}

/* "CONNECTION (NUMBER)"; NULL: there is none, or it is not for who has not the tag. */
static struct channel *find_channel(const struct http_response *r, const char *tag)
{
	struct slice name = r->parts[0], number = name;
	size_t at = name.n;
	while (at && name.p[at - 1] != '(')
		at--;
	slice_take(&number, at);
	name.n = at > 2 ? at - 2 : 0;
	const struct connection *c = find_named(r, name, tag);
	return c ? connection_channel(c, number_at(number)) : NULL;
}

static bool begin_channel(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker,
		                      .channel = find_channel(r, "monitoring") };
	row.connection = row.channel ? row.channel->connection : NULL;
	return api_begin_one(r, out, ROSTER_CHANNELS, row.channel ? &row : NULL);
}

/* With its consumers, unless columns are chosen. */
enum call_state api_channel(struct http_response *r, struct buf *out)
{
	bool alone = http_query(r, "columns").n;
	if (!r->begun && !begin_channel(r, out))
		return CALL_DONE;
	if (!r->begun && !alone) {
		api_begin_rows(r, out, "consumer_details", ROSTER_CONSUMERS);
		rows_match(&r->rows, "channel_details.name", r->parts[0]);
	}
	if (!alone && rows_go_on(&r->rows, r->user, out))
		return CALL_MORE;
	buf_u8(out, '}');
	return CALL_DONE;
}

/* LavinMQ's: {"prefetch": N} counts for the consumers there are, too. */
enum call_state api_channel_put(struct http_response *r, struct buf *out)
{
	struct channel *ch = find_channel(r, "administrator");
	int64_t n = 0;
	if (!ch)
		return http_not_found(r, out);
	if (!http_read_body(r, out))
		return CALL_DONE;
	if (!http_number(r, "prefetch", &n) || n < 0 || n > UINT16_MAX)
		return http_bad_request(r, out, "prefetch must be between 0 and %d", UINT16_MAX);
	if (!manage_prefetch(ch, (uint16_t)n))
		return http_bad_request(r, out, "a consumer of a stream needs a prefetch count");
	return http_status(r, 204);
}

/* ---- consumers ---- */

enum call_state api_consumers(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CONSUMERS, NULL);
}

static void consuming_in(struct http_response *r)
{
	rows_match(&r->rows, "queue.vhost", r->parts[0]);
}

enum call_state api_consumers_in(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_CONSUMERS, consuming_in);
}

/* .../VHOST/CONNECTION/CHANNEL/TAG, as LavinMQ has it; the client is told, where it can be. */
enum call_state api_consumer_cancel(struct http_response *r, struct buf *out)
{
	const struct connection *c = find_named(r, r->parts[1], "administrator");
	struct channel *ch = c && c->vhost == r->vhost
	                         ? connection_channel(c, number_at(r->parts[2])) : NULL;
	if (!ch || !manage_cancel(ch, r->parts[3]))
		return http_not_found(r, out);
	return http_status(r, 204);
}
