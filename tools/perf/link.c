/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/perf/link.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/perf/options.h"
#include "tools/perf/say.h"

enum { FRAME_MOST = 131072, CONNECT_S = 10 };

/* ---- what went wrong ---- */

static void close_words(char *out, size_t n, const amqp_method_t *m)
{
	if (m->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *c = m->decoded;
		snprintf(out, n, "%d %.*s", c->reply_code, (int)c->reply_text.len,
		         (char *)c->reply_text.bytes);
	} else if (m->id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *c = m->decoded;
		snprintf(out, n, "%d %.*s", c->reply_code, (int)c->reply_text.len,
		         (char *)c->reply_text.bytes);
	} else
		snprintf(out, n, "unexpected method %s", amqp_method_name(m->id));
}

void link_failed(struct link *l, const char *what, int status)
{
	say_failed("%s: %s: %s", l->name, what, amqp_error_string2(status));
}

void link_surprised(struct link *l, const amqp_method_t *method)
{
	char words[512];
	close_words(words, sizeof words, method);
	say_failed("%s: the broker said: %s", l->name, words);
}

static void check_reply(struct link *l, amqp_rpc_reply_t r, const char *what)
{
	char words[512];
	switch (r.reply_type) {
	case AMQP_RESPONSE_NORMAL: return;
	case AMQP_RESPONSE_SERVER_EXCEPTION:
		close_words(words, sizeof words, &r.reply);
		say_failed("%s: %s: the broker said: %s", l->name, what, words);
	default: link_failed(l, what, r.library_error);
	}
}

void link_check(struct link *l, const char *what)
{
	check_reply(l, amqp_get_rpc_reply(l->state), what);
}

/* ---- connecting ---- */

static void log_in(struct link *l, const struct amqp_connection_info *at)
{
	amqp_table_entry_t entry = {
		.key = amqp_cstring_bytes("connection_name"),
		.value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(l->name) },
	};
	amqp_table_t properties = { 1, &entry };
	check_reply(l,
	            amqp_login_with_properties(l->state, at->vhost, 0, FRAME_MOST,
	                                       (int)options.heartbeat, &properties,
	                                       AMQP_SASL_METHOD_PLAIN, at->user, at->password),
	            "logging in");
}

/* Certificates are not looked at: it is load that is made, not trust. */
static amqp_socket_t *socket_for(struct link *l, bool tls)
{
	if (!tls)
		return amqp_tcp_socket_new(l->state);
	amqp_socket_t *s = amqp_ssl_socket_new(l->state);
	if (s) {
		amqp_ssl_socket_set_verify_peer(s, 0);
		amqp_ssl_socket_set_verify_hostname(s, 0);
	}
	return s;
}

void link_open(struct link *l, const char *kind, int number)
{
	struct amqp_connection_info at;
	struct timeval patience = { .tv_sec = CONNECT_S };
	char *uri = strdup(options.uri);
	snprintf(l->name, sizeof l->name, "%s %d", kind, number);
	amqp_default_connection_info(&at);
	if (amqp_parse_url(uri, &at) != AMQP_STATUS_OK)
		say_usage("'%s' is no URI like amqp://user:password@host:5672/vhost", options.uri);
	l->state = amqp_new_connection();
	amqp_socket_t *s = socket_for(l, at.ssl);
	int status =
		s ? amqp_socket_open_noblock(s, at.host, at.port, &patience) : AMQP_STATUS_NO_MEMORY;
	if (status != AMQP_STATUS_OK)
		say_failed("%s: no connection to %s, port %d: %s", l->name, at.host, at.port,
		           amqp_error_string2(status));
	log_in(l, &at);
	amqp_channel_open(l->state, LINK_CHANNEL);
	link_check(l, "opening a channel");
	free(uri);
}

void link_close(struct link *l)
{
	amqp_connection_close(l->state, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(l->state);
}

/* ---- arguments ---- */

static amqp_field_value_t value_of(char *word)
{
	char *end;
	long long n = strtoll(word, &end, 10);
	if (*word && !*end)
		return (amqp_field_value_t){ .kind = AMQP_FIELD_KIND_I64, .value.i64 = n };
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
		return (amqp_field_value_t){ .kind = AMQP_FIELD_KIND_BOOLEAN,
			                         .value.boolean = *word == 't' };
	return (amqp_field_value_t){ .kind = AMQP_FIELD_KIND_UTF8,
		                         .value.bytes = amqp_cstring_bytes(strdup(word)) };
}

static void add(amqp_table_t *t, const char *key, char *word)
{
	t->entries = realloc(t->entries, ((size_t)t->num_entries + 1) * sizeof *t->entries);
	t->entries[t->num_entries++] =
		(amqp_table_entry_t){ amqp_cstring_bytes(strdup(key)), value_of(word) };
}

amqp_table_t link_table(const char *words)
{
	amqp_table_t t = { 0 };
	char *copy = strdup(words), *rest = copy;
	for (char *pair; (pair = strsep(&rest, ","));) {
		char *equals = strchr(pair, '=');
		if (!*pair)
			continue;
		if (!equals)
			say_usage("arguments are like x-max-length=1000, not '%s'", pair);
		*equals = '\0';
		add(&t, pair, equals + 1);
	}
	free(copy);
	return t;
}

void link_table_free(amqp_table_t *t)
{
	for (int i = 0; i < t->num_entries; i++) {
		amqp_table_entry_t *e = &t->entries[i];
		free(e->key.bytes);
		if (e->value.kind == AMQP_FIELD_KIND_UTF8)
			free(e->value.value.bytes.bytes);
	}
	free(t->entries);
}

/* ---- queues ---- */

/* A queue of a type that is replicated elsewhere is durable, and stays while nobody consumes. */
static bool is_durable(void)
{
	return options.quorum || options.stream || options.persistent;
}

static bool goes_with_its_consumers(void)
{
	return !options.keep && !options.quorum && !options.stream && options.consumers > 0;
}

static void declare_queue(struct link *l, int64_t n, amqp_table_t arguments)
{
	amqp_bytes_t name = amqp_cstring_bytes(options_queue(n)), key = name;
	if (!options.predeclared) {
		amqp_queue_declare(l->state, LINK_CHANNEL, name, 0, is_durable(), 0,
		                   goes_with_its_consumers(), arguments);
		link_check(l, "declaring a queue");
	}
	if (!*options.exchange || options.predeclared)
		return;
	if (*options.routing_key)
		key = amqp_cstring_bytes(options.routing_key);
	amqp_queue_bind(l->state, LINK_CHANNEL, name, amqp_cstring_bytes(options.exchange), key,
	                amqp_empty_table);
	link_check(l, "binding a queue");
}

static void declare_exchange(struct link *l)
{
	if (!*options.exchange || options.predeclared || strncmp(options.exchange, "amq.", 4) == 0)
		return;
	amqp_exchange_declare(l->state, LINK_CHANNEL, amqp_cstring_bytes(options.exchange),
	                      amqp_cstring_bytes(options.type), 0, 0, 0, 0, amqp_empty_table);
	link_check(l, "declaring the exchange");
}

void link_declare(struct link *l)
{
	amqp_table_t arguments = link_table(options.queue_args);
	if (options.quorum || options.stream)
		add(&arguments, "x-queue-type", options.quorum ? "quorum" : "stream");
	declare_exchange(l);
	for (int64_t i = 0; i < options_queues(); i++)
		declare_queue(l, i, arguments);
	link_table_free(&arguments);
}

void link_delete(struct link *l)
{
	for (int64_t i = 0; i < options_queues() && !options.keep && !options.predeclared; i++) {
		amqp_queue_delete(l->state, LINK_CHANNEL, amqp_cstring_bytes(options_queue(i)), 0, 0);
		amqp_get_rpc_reply(l->state); /* it may have gone by itself */
	}
}
