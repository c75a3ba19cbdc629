/* SPDX-License-Identifier: Apache-2.0 */
/* Class connection: the handshake (AMQP 0-9-1 section 2.2.4) and the close. */
#define LOGLINE_CATEGORY LOGLINE_CONNECTION

#include "amqp/table.h"
#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/access.h"
#include "broker/link.h"
#include "broker/on.h"
#include "broker/refuse.h"
#include "broker/report.h"
#include "broker/client_properties.h"
#include "broker/user.h"

static void put_capabilities(struct buf *out)
{
	static const char *const all[] = {
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack",
		"consumer_cancel_notify", "connection.blocked", "consumer_priorities",
		"authentication_failure_close", "per_consumer_qos", "direct_reply_to",
		"publisher_nack_reason",
	};
	struct buf table = { 0 };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		table_put_bool(&table, all[i], true);
	table_put_table(out, "capabilities", buf_slice(&table));
	buf_free(&table);
}

enum mechanism { PLAIN, AMQPLAIN, EXTERNAL, MECHANISMS };

static const char *const mechanism_names[MECHANISMS] = {
	[PLAIN] = "PLAIN", [AMQPLAIN] = "AMQPLAIN", [EXTERNAL] = "EXTERNAL"
};

static bool is_offered(const struct connection *c, enum mechanism m)
{
	const struct broker_options *o = &c->broker->options;
	switch (m) {
	case PLAIN: return o->plain;
	case AMQPLAIN: return o->amqplain;
	default: return o->external && security_text(c->security, SECURITY_USER);
	}
}

/* MECHANISMS: there is none of that name, or it is not for this client. */
static enum mechanism find_offered(const struct connection *c, struct slice name)
{
	for (enum mechanism m = 0; m < MECHANISMS; m++)
		if (slice_is(name, mechanism_names[m]) && is_offered(c, m))
			return m;
	return MECHANISMS;
}

static void print_mechanisms(struct buf *out, const struct connection *c)
{
	for (enum mechanism m = 0; m < MECHANISMS; m++)
		if (is_offered(c, m))
			buf_printf(out, "%s%s", out->len ? " " : "", mechanism_names[m]);
}

void on_connection_begin(struct connection *c)
{
	const struct broker_options *o = &c->broker->options;
	struct buf props = { 0 }, mechanisms = { 0 };
	put_capabilities(&props);
	print_mechanisms(&mechanisms, c);
	table_put(&props, slice_str("cluster_name"),
	          &(struct field){ .letter = 'S', .bytes = broker_cluster_name(c->broker) });
	table_put_str(&props, "copyright", "The Leveret project");
	table_put_str(&props, "information", "Leveret, an AMQP 0-9-1 broker compatible with RabbitMQ");
	table_put_str(&props, "platform", "Leveret");
	table_put_str(&props, "product", o->product);
	table_put_str(&props, "version", o->version);
	struct method m = { .id = METHOD_connection_start,
		                .connection_start = { .version_major = 0,
		                                      .version_minor = 9,
		                                      .server_properties = buf_slice(&props),
		                                      .mechanisms = buf_slice(&mechanisms),
		                                      .locales = slice_str("en_US") } };
	connection_send(c, 0, &m);
	buf_free(&props);
	buf_free(&mechanisms);
}

static bool capability(struct slice capabilities, const char *name)
{
	struct field f;
	return table_find(capabilities, name, &f) && f.letter == 't' && f.boolean;
}

static void note_capabilities(struct connection *c, struct slice client_properties)
{
	struct field f;
	if (!table_find(client_properties, "capabilities", &f) || f.letter != 'F')
		return;
	c->can_cancel_notify = capability(f.bytes, "consumer_cancel_notify");
	c->can_auth_close = capability(f.bytes, "authentication_failure_close");
	c->can_blocked = capability(f.bytes, "connection.blocked");
	c->can_nack_reason = capability(f.bytes, "publisher_nack_reason");
}

/* A wrong login is told only to clients that can take it, and then only that much (RabbitMQ's
 * authentication_failure_close). */
static const struct refusal *login_refused(struct connection *c, struct slice mechanism)
{
	const struct refusal *r =
		refuse(c->broker, &ACCESS_REFUSED,
	           "Login was refused using authentication mechanism %.*s. For details see the broker "
	           "logfile.",
	           SLICE_ARG(mechanism));
	if (c->can_auth_close) {
		connection_refuse(c, r, 0);
	} else {
		count_refusal(c->broker, r);
		connection_refuse_silently(c);
	}
	return NULL;
}

static void send_tune(struct connection *c)
{
	const struct broker_options *o = &c->broker->options;
	struct method m = { .id = METHOD_connection_tune,
		                .connection_tune = { .channel_max = o->channel_max,
		                                     .frame_max = o->frame_max,
		                                     .heartbeat = o->heartbeat_s } };
	c->state = CONN_TUNE;
	connection_send(c, 0, &m);
}

struct attempt {
	struct login login;
	struct user *user;           /* NULL: the client may not come in */
	const char *why;
};

/* RFC 4422 appendix A: the name comes from the certificate. */
static void log_in_external(struct connection *c, struct attempt *a)
{
	a->login.user = slice_str(security_text(c->security, SECURITY_USER));
	a->user = access_check_user(c->broker, a->login.user, c->loopback, &a->why);
}

/* False when the response makes no sense. */
static bool log_in(struct connection *c, enum mechanism m, struct slice response, struct attempt *a)
{
	if (m == EXTERNAL) {
		log_in_external(c, a);
		return true;
	}
	if (!(m == PLAIN ? access_parse_plain : access_parse_amqplain)(response, &a->login))
		return false;
	a->user = access_check(c->broker, &a->login, c->loopback, &a->why);
	return true;
}

static void note_attempt(struct connection *c, const struct attempt *a)
{
	struct slice host = slice_of("", 0);
	uint16_t port;
	connection_address(c, false, &host, &port);
	attempts_note(&c->broker->attempts, ATTEMPT_AMQP, host, a->login.user, a->user != NULL,
	              c->broker->now_ms);
}

static const struct refusal *on_start_ok(struct connection *c,
                                         const struct connection_start_ok *m)
{
	struct attempt a = { 0 };
	note_capabilities(c, m->client_properties);
	enum mechanism how = find_offered(c, m->mechanism);
	if (how == MECHANISMS)
		return refuse(c->broker, &COMMAND_INVALID, "unknown authentication mechanism '%.*s'",
		              SLICE_ARG(m->mechanism));
	if (!log_in(c, how, m->response, &a))
		return refuse(c->broker, &SYNTAX_ERROR, "malformed %.*s response", SLICE_ARG(m->mechanism));
	note_attempt(c, &a);
	report_login(c, m->mechanism, a.login.user, a.user != NULL);
	if (!a.user) {
		log_warning("conn=%llu %s: %.*s login refused: user '%.*s'%s",
		            (unsigned long long)c->number, c->name, SLICE_ARG(m->mechanism),
		            SLICE_ARG(a.login.user), a.why);
		return login_refused(c, m->mechanism);
	}
	c->account = a.user;
	c->mechanism = mechanism_names[how];
	c->user = mem_copy(a.login.user);
	client_properties_leave(c->broker, &c->client_properties);
	c->client_properties = client_properties_take(c->broker, m->client_properties);
	send_tune(c);
	return NULL;
}

/* What the client asks for must not be above what was offered, and 0 asks for no limit at all. */
static const struct refusal *check_tuned(struct broker *b, const char *what, uint32_t asked,
                                         uint32_t offered, uint32_t least)
{
	if (asked && asked < least)
		return refuse(b, &NOT_ALLOWED,
		              "negotiated %s = %u is lower than the minimum allowed value (%u)", what,
		              asked, least);
	if (offered && (asked == 0 || asked > offered))
		return refuse(b, &NOT_ALLOWED,
		              "negotiated %s = %u is higher than the maximum allowed value (%u)", what,
		              asked, offered);
	return NULL;
}

static const struct refusal *on_tune_ok(struct connection *c, const struct connection_tune_ok *m)
{
	const struct broker_options *o = &c->broker->options;
	const struct refusal *r =
		check_tuned(c->broker, "frame_max", m->frame_max, o->frame_max, FRAME_MIN_SIZE);
	if (!r)
		r = check_tuned(c->broker, "channel_max", m->channel_max, o->channel_max, 1);
	if (r) {
		connection_refuse(c, r, METHOD_connection_tune_ok);
		return NULL;
	}
	c->frame_max = m->frame_max;
	c->channel_max = m->channel_max;
	c->heartbeat_ms = m->heartbeat * 1000u;
	c->beat_at_ms = c->broker->now_ms + c->heartbeat_ms / 2;
	c->state = CONN_OPEN;
	connection_rearm(c);
	return NULL;
}

/* NULL: it may be opened. */
static const struct refusal *check_open(struct connection *c, const struct vhost *v,
                                        struct slice name)
{
	struct broker *b = c->broker;
	const struct user *u = c->account;
	if (!v)
		return refuse(b, &NOT_ALLOWED, "vhost %.*s not found", SLICE_ARG(name));
	if (ledger_is_reached(v->about.max_connections, v->n_connections))
		return refuse(b, &NOT_ALLOWED,
		              "access to vhost '%.*s' refused for user '%s': connection limit (%lld) is "
		              "reached",
		              SLICE_ARG(v->name), c->user, (long long)v->about.max_connections);
	if (ledger_is_reached(u->about.max_connections, u->n_connections))
		return refuse(b, &NOT_ALLOWED,
		              "connection refused for user '%s': user connection limit (%lld) is reached",
		              c->user, (long long)u->about.max_connections);
	if (!grant_find(u, v, slice_of(NULL, 0)))
		return refuse(b, &NOT_ALLOWED, "access to vhost '%.*s' refused for user '%s'",
		              SLICE_ARG(v->name), c->user);
	return NULL;
}

static const struct refusal *on_open(struct connection *c, const struct connection_open *m)
{
	struct vhost *v = vhost_find(c->broker, m->virtual_host);
	struct method ok = { .id = METHOD_connection_open_ok };
	const struct refusal *r = check_open(c, v, m->virtual_host);
	if (r) {
		connection_refuse(c, r, METHOD_connection_open);
		return NULL;
	}
	connection_enter(c, v);
	connection_send(c, 0, &ok);
	connection_rearm(c);
	c->broker->events.actor = c->user;
	report_connection_created(c);
	log_info("conn=%llu connection %s: user '%s' authenticated and granted access to vhost '%.*s'",
	         (unsigned long long)c->number, c->name, c->user, SLICE_ARG(v->name));
	return NULL;
}

/* Everything the client had is gone before it hears close-ok: it may come back at once and
 * declare its exclusive queues anew. */
static const struct refusal *on_close(struct connection *c)
{
	struct method ok = { .id = METHOD_connection_close_ok };
	if (c->state == CONN_RUNNING)
		log_info("conn=%llu closing AMQP connection %s", (unsigned long long)c->number, c->name);
	connection_clean_up(c);
	if (c->state >= CONN_CLOSING) {
		method_encode(outbox_buf(&c->outbox), 0, &ok);
		outbox_wrote(&c->outbox);
	} else {
		connection_send(c, 0, &ok);
	}
	connection_leave(c);
	return NULL;
}

static const struct refusal *on_update_secret(struct connection *c,
                                              const struct connection_update_secret *m)
{
	struct method ok = { .id = METHOD_connection_update_secret_ok };
	(void)m;   /* the broker's own users hold no secret that expires */
	connection_send(c, 0, &ok);
	return NULL;
}

const struct refusal *connection_method(struct connection *c, const struct method *m)
{
	if (c->state == CONN_START && m->id == METHOD_connection_start_ok)
		return on_start_ok(c, &m->connection_start_ok);
	if (c->state == CONN_TUNE && m->id == METHOD_connection_tune_ok)
		return on_tune_ok(c, &m->connection_tune_ok);
	if (c->state == CONN_OPEN && m->id == METHOD_connection_open)
		return on_open(c, &m->connection_open);
	if (c->state >= CONN_RUNNING && m->id == METHOD_connection_close)
		return on_close(c);
	if (c->state >= CONN_CLOSING && m->id == METHOD_connection_close_ok) {
		connection_finish(c);
		return NULL;
	}
	if (c->state == CONN_RUNNING && m->id == METHOD_connection_update_secret)
		return on_update_secret(c, &m->connection_update_secret);
	return refuse(c->broker, &CHANNEL_ERROR, "unexpected method in connection state %s",
	              c->state == CONN_OPEN ? "opening" : "running");
}
