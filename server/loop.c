/* SPDX-License-Identifier: Apache-2.0 */
#include "server/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "base/slab.h"
#include "broker/broker.h"
#include "broker/connection.h"
#include "management/host.h"
#include "management/ticker.h"
#include "server/aside.h"
#include "server/config.h"
#include "server/console.h"
#include "server/door.h"
#include "server/listener.h"
#include "server/notify.h"
#include "server/socket.h"
#include "server/steward.h"
#include "server/tls.h"
#include "server/web.h"

enum {
	DRAIN_MS = 10000,
	FAILED_DRAIN_MS = 1000,
	SAY_EVERY_MS = 1000,
	LOOK_EVERY_MS = 100,
	REST_MS = 1000,
	REST_AFTER_BYTES = 8 << 20,      /* less traffic leaves nothing worth giving back */
	REST_BELOW_BYTES = 256 << 10,    /* in REST_MS: the burst is over */
	EXIT_LOG_FAILED = 4,
};

uint64_t loop_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t loop_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void stop(struct loop *l, uint64_t drain_ms)
{
	if (l->stopping)
		return;
	l->stopping = true;
	l->stop_by_ms = loop_now_ms() + drain_ms;
	l->say_at_ms = loop_now_ms() + SAY_EVERY_MS;
	notify("STOPPING=1");
	listeners_close(l);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void say_who_is_left(struct loop *l, uint64_t now)
{
	if (!(l->stopping || l->draining) || now < l->say_at_ms)
		return;
	unsigned long long left = l->n_sockets;
	l->say_at_ms = now + SAY_EVERY_MS;
	if (l->stopping) {
		log_info("stopping: %llu connections left", left);
		notify_status("Stopping: %llu connections left", left);
	} else {
		unsigned long long unacked = broker_handed_out(l->broker);
		log_info("draining: %llu connections left, %llu messages unacked", left, unacked);
		notify_status("Draining: %llu connections left, %llu messages unacked", left, unacked);
	}
	notify("EXTEND_TIMEOUT_USEC=15000000");
}

static void begin_stop(struct loop *l)
{
	log_info("stopping: clients are told, then the log is closed (again to stop at once)");
	broker_stop(l->broker, loop_now_ms());
	stop(l, DRAIN_MS);
}

/* Consumers get nothing more, so that what they have comes to an end; publishers would go on for
 * ever, and are told when that is so. */
static void begin_drain(struct loop *l)
{
	uint64_t now = loop_now_ms();
	log_info("draining: consumers have %llu ms to settle what they have (again to stop at once)",
	         (unsigned long long)l->config->drain_ms);
	l->draining = true;
	l->drain_by_ms = now + l->config->drain_ms;
	l->look_at_ms = l->say_at_ms = now;
	notify("STOPPING=1");
	if (l->host)
		l->host->suspended = true;
	listeners_close(l);
	broker_drain(l->broker);
}

/* All that moved lately is looked at for it: not in each turn. */
static void drain_turn(struct loop *l, uint64_t now)
{
	if (!l->draining || l->stopping || now < l->look_at_ms)
		return;
	unsigned long long unacked = broker_handed_out(l->broker);
	l->look_at_ms = earliest(now + LOOK_EVERY_MS, l->drain_by_ms);
	if (l->n_sockets && unacked && now < l->drain_by_ms)
		return;
	log_info("draining is over: %llu messages unacked", unacked);
	begin_stop(l);
}

/* One turn of the broker, then every connection it names is served; serving may make work for
 * another turn (a peer that is gone), which the next iteration does. */
static void turn(struct loop *l)
{
	uint64_t now = loop_now_ms();
	struct connection *c;
	l->handshakes = 0;
	watch_turn(&l->watch, l->broker, l->host, now);
	sockets_read(l);
	broker_turn(l->broker, now);
	while ((c = broker_next_dirty(l->broker)))
		socket_serve(connection_owner(c));
	if (broker_failed(l->broker)) {
		l->exit_code = EXIT_LOG_FAILED;
		stop(l, FAILED_DRAIN_MS);
	}
	say_who_is_left(l, now);
	drain_turn(l, now);
	if (l->stopping && (l->n_sockets == 0 || now >= l->stop_by_ms))
		ev_break(l->ev, EVBREAK_ALL);
}

/* What a burst took goes back to the system in the first quiet seconds after it: in the first the
 * broker gives up what it can do without, after the second the allocator does. */
static void rest(struct loop *l)
{
	uint64_t now = loop_now_ms();
	if (l->moved_bytes < REST_AFTER_BYTES || (l->rest_at_ms && now < l->rest_at_ms))
		return;
	bool quiet = l->rest_at_ms && l->moved_bytes - l->moved_before < REST_BELOW_BYTES;
	if (!quiet) {
		l->resting = false;
	} else if (!l->resting) {
		broker_rest(l->broker);
		l->resting = true;
	} else {
		if (slab_rest())
			return;
		l->resting = false;
		mem_pages_rest(l->input, LOOP_INPUT_BYTES);
		mem_pages_rest(l->plain, LOOP_PLAIN_BYTES);
		mem_rest();
		l->moved_bytes = 0;
	}
	l->rest_at_ms = quiet && !l->resting ? 0 : now + REST_MS;
	l->moved_before = l->moved_bytes;
}

static void sleep_until(struct loop *l, uint64_t at)
{
	uint64_t now = loop_now_ms();
	double s = at <= now ? 0. : (double)(at - now) / 1e3;
	ev_timer_stop(l->ev, &l->timer);
	if (at == UINT64_MAX)
		return;
	ev_now_update(l->ev);
	ev_timer_set(&l->timer, s, 0.);
	ev_timer_start(l->ev, &l->timer);
}

static void on_prepare(struct ev_loop *ev, ev_prepare *w, int events)
{
	struct loop *l = w->data;
	(void)ev;
	(void)events;
	turn(l);
	aside_turn(l->aside);
	l->door_waits = l->door && door_turn(l->door);
	webs_turn(l);
	aside_turn(l->aside);
	rest(l);
	uint64_t at = broker_deadline(l->broker);
	at = earliest(at, watch_deadline(&l->watch, l->broker));
	at = earliest(at, l->web_waits || l->door_waits ? loop_now_ms() + TICKER_MS : UINT64_MAX);
	at = earliest(at, list_empty(&l->waiting) && list_empty(&l->line) ? UINT64_MAX : 0);
	at = earliest(at, l->stopping ? l->stop_by_ms : l->draining ? l->look_at_ms : UINT64_MAX);
	at = earliest(at, l->stopping || l->draining ? l->say_at_ms : UINT64_MAX);
	sleep_until(l, earliest(at, l->rest_at_ms ? l->rest_at_ms : UINT64_MAX));
	if (l->turn_us)
		histogram_add(&l->turns_us, loop_now_us() - l->turn_us, 1);
	l->turn_us = 0;
}

/* Highest in priority: ahead of all that there is to do. */
static void on_check(struct ev_loop *ev, ev_check *w, int events)
{
	struct loop *l = w->data;
	(void)ev;
	(void)events;
	l->turn_us = loop_now_us();
}

static void on_watchdog(struct ev_loop *ev, ev_timer *w, int events)
{
	(void)ev;
	(void)w;
	(void)events;
	notify("WATCHDOG=1");
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
	(void)ev;
	(void)w;
	(void)events;
}

static void on_wake(struct ev_loop *ev, ev_async *w, int events)
{
	(void)ev;
	(void)w;
	(void)events;
}

void loop_stop(struct loop *l)
{
	if (l->stopping || l->draining)
		return;
	if (l->config->drain_ms)
		begin_drain(l);
	else
		begin_stop(l);
}

/* The first signal asks, the second one means it. */
static void on_term(struct ev_loop *ev, ev_signal *w, int events)
{
	struct loop *l = w->data;
	(void)events;
	if (l->stopping || l->draining)
		ev_break(ev, EVBREAK_ALL);
	else
		loop_stop(l);
}

static bool load_tls(const struct config *c, struct tls_context **in_force, struct buf *why)
{
	struct tls_context *fresh = tls_context_new(c, why);
	if (!fresh)
		return false;
	tls_context_free(in_force);
	*in_force = fresh;
	return true;
}

static void tell_certificate(struct host_certificate *to, const char *file,
                             const struct tls_context *t)
{
	if (t)
		*to = (struct host_certificate){ .file = file, .expires_s = tls_context_expires_s(t) };
}

void loop_tell_certificates(struct loop *l)
{
	struct host *h = l->host;
	if (!h)
		return;
	tell_certificate(&h->certificates[HTTP_SERVICES], l->config->ssl_certfile, l->tls);
	for (size_t i = 0; i < HTTP_SERVICES; i++)
		tell_certificate(&h->certificates[i], l->web_tls[i].config.ssl_certfile,
		                 l->web_tls[i].context);
	buf_clear(&h->ciphers);
	if (l->tls)
		tls_context_ciphers(l->tls, &h->ciphers);
}

static bool load_web_tls(struct loop *l, enum http_service s, struct buf *why)
{
	struct web_tls *w = &l->web_tls[s];
	w->config = config_of_web(l->config, s);
	return config_web(l->config, s).ssl_port == 0 || load_tls(&w->config, &w->context, why);
}

static bool has_tls(const struct loop *l)
{
	bool has = l->tls != NULL;
	for (size_t i = 0; i < HTTP_SERVICES; i++)
		has |= l->web_tls[i].context != NULL;
	return has;
}

bool loop_load_tls(struct loop *l, struct buf *why)
{
	bool ok = !config_has_tls(l->config) || load_tls(l->config, &l->tls, why);
	for (enum http_service s = 0; s < HTTP_SERVICES; s++)
		ok = load_web_tls(l, s, why) && ok;
	if (!ok)
		return false;
	if (has_tls(l))
		ev_timer_start(l->ev, &l->tls_turn);
	loop_tell_certificates(l);
	return true;
}

static void on_tls_turn(struct ev_loop *ev, ev_timer *w, int events)
{
	struct loop *l = w->data;
	(void)ev;
	(void)events;
	if (l->tls)
		tls_context_turn(l->tls);
	for (size_t i = 0; i < HTTP_SERVICES; i++)
		if (l->web_tls[i].context)
			tls_context_turn(l->web_tls[i].context);
}

static void on_hup(struct ev_loop *ev, ev_signal *w, int events)
{
	struct loop *l = w->data;
	(void)ev;
	(void)events;
	if (l->steward)
		steward_reload(l->steward);
}

static void on_usr1(struct ev_loop *ev, ev_signal *w, int events)
{
	struct loop *l = w->data;
	struct buf text = { 0 };
	(void)ev;
	(void)events;
	broker_describe(l->broker, &text);
	for (struct slice rest = buf_slice(&text); rest.n;) {
		struct slice line = slice_cut(&rest, '\n');
		log_notice("%.*s", SLICE_ARG(line));
	}
	buf_free(&text);
}

static void watch_signals(struct loop *l)
{
	ev_signal_init(&l->term, on_term, SIGTERM);
	ev_signal_init(&l->interrupt, on_term, SIGINT);
	ev_signal_init(&l->hup, on_hup, SIGHUP);
	ev_signal_init(&l->usr1, on_usr1, SIGUSR1);
	ev_signal *all[] = { &l->term, &l->interrupt, &l->hup, &l->usr1 };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->data = l;
		ev_signal_start(l->ev, all[i]);
	}
	signal(SIGPIPE, SIG_IGN);
}

void loop_init(struct loop *l, const struct config *c)
{
	*l = (struct loop){ .config = c,
		                .watch = { .path = c->data_dir },
		                .moved_bytes = REST_AFTER_BYTES };   /* a start is a burst */
	l->ev = ev_default_loop(EVFLAG_AUTO);
	must(l->ev);
	tls_count_memory();
	list_init(&l->strangers[0].all);
	list_init(&l->strangers[1].all);
	list_init(&l->sockets);
	list_init(&l->webs);
	list_init(&l->line);
	list_init(&l->waiting);
	l->input = mem_pages(LOOP_INPUT_BYTES);
	l->plain = mem_pages(LOOP_PLAIN_BYTES);
	histogram_init(&l->turns_us, &scale_microseconds);
	ev_check_init(&l->check, on_check);
	ev_set_priority(&l->check, EV_MAXPRI);
	l->check.data = l;
	ev_check_start(l->ev, &l->check);
	ev_prepare_init(&l->prepare, on_prepare);
	l->prepare.data = l;
	ev_prepare_start(l->ev, &l->prepare);
	ev_timer_init(&l->timer, on_timer, 0., 0.);
	ev_timer_init(&l->watchdog, on_watchdog, notify_watchdog_s(), notify_watchdog_s());
	if (notify_watchdog_s() > 0)
		ev_timer_start(l->ev, &l->watchdog);
	ev_timer_init(&l->tls_turn, on_tls_turn, TLS_TURN_S, TLS_TURN_S);
	l->tls_turn.data = l;
	ev_async_init(&l->wake, on_wake);
	ev_async_start(l->ev, &l->wake);
	watch_signals(l);
}

void loop_wake(void *loop)
{
	struct loop *l = loop;
	ev_async_send(l->ev, &l->wake);
}

int loop_run(struct loop *l)
{
	ev_run(l->ev, 0);
	return l->exit_code;
}

void loop_free(struct loop *l)
{
	door_close(&l->door);
	listeners_close(l);
	listeners_close_web(l);
	webs_close(l);
	accesslog_write(&l->accesslog);
	accesslog_close(&l->accesslog);
	sockets_close(l);
	aside_free(&l->aside);
	tls_context_free(&l->tls);
	for (size_t i = 0; i < HTTP_SERVICES; i++)
		tls_context_free(&l->web_tls[i].context);
	mem_pages_free(l->input, LOOP_INPUT_BYTES);
	mem_pages_free(l->plain, LOOP_PLAIN_BYTES);
}
