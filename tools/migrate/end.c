/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/migrate/end.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { FRAME_MOST = 131072, CONNECT_S = 10, HEARTBEAT_S = 60 };

void end_with(int code, const char *form, ...)
{
	va_list values;
	va_start(values, form);
	fputs("leveret-migrate: ", stderr);
	vfprintf(stderr, form, values);
	fputc('\n', stderr);
	va_end(values);
	exit(code);
}

/* ---- what went wrong ---- */

void end_surprised(struct end *e, const amqp_method_t *m)
{
	const amqp_connection_close_t *connection = m->decoded;
	const amqp_channel_close_t *channel = m->decoded;
	if (m->id == AMQP_CONNECTION_CLOSE_METHOD)
		end_with(EXIT_TROUBLE, "%s said: %d %.*s", e->what, connection->reply_code,
		         (int)connection->reply_text.len, (char *)connection->reply_text.bytes);
	if (m->id == AMQP_CHANNEL_CLOSE_METHOD)
		end_with(EXIT_TROUBLE, "%s said: %d %.*s", e->what, channel->reply_code,
		         (int)channel->reply_text.len, (char *)channel->reply_text.bytes);
	end_with(EXIT_TROUBLE, "%s sent an unexpected %s", e->what, amqp_method_name(m->id));
}

void end_check_status(struct end *e, int status, const char *doing)
{
	if (status != AMQP_STATUS_OK)
		end_with(EXIT_TROUBLE, "%s: %s: %s", e->what, doing, amqp_error_string2(status));
}

static void check_reply(struct end *e, amqp_rpc_reply_t r, const char *doing)
{
	if (r.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
		end_surprised(e, &r.reply);
	if (r.reply_type != AMQP_RESPONSE_NORMAL)
		end_check_status(e, r.library_error, doing);
}

void end_check(struct end *e, const char *doing)
{
	check_reply(e, amqp_get_rpc_reply(e->state), doing);
}

/* ---- connecting ---- */

void end_open(struct end *e, const char *what, const char *uri)
{
	struct amqp_connection_info at;
	struct timeval patience = { .tv_sec = CONNECT_S };
	char *copy = strdup(uri);
	e->what = what;
	amqp_default_connection_info(&at);
	if (amqp_parse_url(copy, &at) != AMQP_STATUS_OK)
		end_with(EXIT_USAGE, "'%s' is no URI like amqp://user:password@host:5672/vhost", uri);
	snprintf(e->vhost, sizeof e->vhost, "%s", at.vhost);
	e->state = amqp_new_connection();
	amqp_socket_t *s = at.ssl ? amqp_ssl_socket_new(e->state) : amqp_tcp_socket_new(e->state);
	int status = s ? amqp_socket_open_noblock(s, at.host, at.port, &patience)
	               : AMQP_STATUS_NO_MEMORY;
	if (status != AMQP_STATUS_OK)
		end_with(EXIT_TROUBLE, "%s: no connection to %s, port %d: %s", what, at.host, at.port,
		         amqp_error_string2(status));
	check_reply(e,
	            amqp_login(e->state, at.vhost, 0, FRAME_MOST, HEARTBEAT_S, AMQP_SASL_METHOD_PLAIN,
	                       at.user, at.password),
	            "logging in");
	amqp_channel_open(e->state, END_CHANNEL);
	end_check(e, "opening a channel");
	free(copy);
}

void end_close(struct end *e)
{
	amqp_connection_close(e->state, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(e->state);
}

/* ---- what comes ---- */

bool end_frame(struct end *e, long ms, amqp_frame_t *out)
{
	struct timeval patience = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	int status = amqp_simple_wait_frame_noblock(e->state, out, &patience);
	if (status == AMQP_STATUS_TIMEOUT)
		return false;
	end_check_status(e, status, "waiting for it");
	return true;
}

static bool has_some(struct end *e)
{
	return amqp_frames_enqueued(e->state) || amqp_data_in_buffer(e->state);
}

void ends_wait(struct end *a, struct end *b, int ms)
{
	struct pollfd fds[2] = { { .fd = amqp_get_sockfd(a->state), .events = POLLIN },
		                     { .fd = amqp_get_sockfd(b->state), .events = POLLIN } };
	if (!has_some(a) && !has_some(b))
		poll(fds, 2, ms);
}
