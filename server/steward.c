/* SPDX-License-Identifier: Apache-2.0 */
#include "server/steward.h"

#include "base/logline.h"
#include "broker/broker.h"
#include "management/host.h"
#include "server/config.h"
#include "server/console.h"
#include "server/listener.h"
#include "server/loop.h"
#include "server/notify.h"
#include "server/settings.h"
#include "server/sources.h"
#include "server/tls.h"

/* ---- the configuration ---- */

void steward_describe(struct steward *s)
{
	struct host *h = s->host;
	buf_clear(&h->settings);
	config_print(s->config, &h->settings);
	h->config_files = buf_slice(&s->config->files);
	h->log_file = console_file();
	h->visits = s->loop->accesslog.file ? &s->loop->accesslog.lines : NULL;
	h->max_connections = s->loop->max_sockets = settings_connection_max(s->config);
	h->memory_total = settings_memory_total(s->config);
	h->max_body_bytes = s->config->management_body_bytes;
	h->path_prefix = s->config->management_prefix;
	h->cors_origins = s->config->management_origins;
	h->login_minutes = s->config->management_login_minutes;
	h->metrics_path = s->config->prometheus_path;
	h->scrapers_log_in = s->config->prometheus_log_in;
	h->metrics_per_object = s->config->prometheus_per_object;
}

/* Certificates are tried before and read once more behind: sessions refer to the place where the
 * configuration in force lies. */
static bool try(const struct config *next, const struct tls_context *in_force, struct buf *why)
{
	struct tls_context *t = in_force ? tls_context_new(next, why) : NULL;
	bool ok = t || !in_force;
	tls_context_free(&t);
	return ok;
}

static bool try_all(const struct steward *s, const struct config *next, struct buf *why)
{
	bool ok = try(next, s->loop->tls, why);
	for (enum http_service i = 0; ok && i < HTTP_SERVICES; i++) {
		struct config web = config_of_web(next, i);
		ok = try(&web, s->loop->web_tls[i].context, why);
	}
	return ok;
}

/* What was in force is in next then. */
static void swap(struct steward *s, struct config *next, struct buf *why)
{
	struct broker_options options;
	config_swap_live(s->config, next);
	settings_of_broker(s->config, &options);
	broker_set_options(s->loop->broker, &options);
	loop_load_tls(s->loop, why);
	listeners_set_options(s->loop);
	console_turn(false);
	console_set(s->config, why);
	accesslog_turn(&s->loop->accesslog, false);
	accesslog_set(&s->loop->accesslog, s->config, why);
	steward_describe(s);
}

static void say(const struct config_changes *c, const char *trouble)
{
	struct slice live = buf_slice(&c->live), start = buf_slice(&c->start);
	log_notice("the configuration was read again: %s%.*s", live.n ? "changed: " : "nothing changed",
	           SLICE_ARG(live));
	if (start.n)
		log_warning("these wait for the next start: %.*s", SLICE_ARG(start));
	if (c->first.len)
		log_notice("these count at a first start only: %.*s", SLICE_ARG(buf_slice(&c->first)));
	if (trouble[0])
		log_error("what was in force of this stays: %s", trouble);
}

static void tell(struct host *h, struct config_changes *c)
{
	buf_free(&h->reloaded.live);
	buf_free(&h->reloaded.start);
	buf_free(&h->reloaded.first);
	h->reloaded.live = c->live;
	h->reloaded.start = c->start;
	h->reloaded.first = c->first;
	*c = (struct config_changes){ 0 };
}

bool steward_reload(struct steward *s)
{
	struct config next;
	struct config_changes changes = { 0 };
	struct buf *why = &s->host->trouble, late = { 0 };
	buf_clear(why);
	notify_reloading();
	config_init(&next);
	bool ok = sources_read(s->sources, &next, why);
	if (ok)
		config_compare(s->config, &next, &changes);
	ok = ok && try_all(s, &next, why);
	if (ok) {
		swap(s, &next, &late);
		buf_u8(&late, 0);
		say(&changes, (const char *)late.p);
		tell(s->host, &changes);
	} else {
		log_error("the configuration in force stays: %.*s", SLICE_ARG(buf_slice(why)));
	}
	config_free(&next);
	config_changes_free(&changes);
	buf_free(&late);
	notify("READY=1");
	return ok;
}

/* ---- wishes ---- */

/* The line is the first in the new file. */
static void rotate_logs(struct loop *l)
{
	console_turn(true);
	accesslog_turn(&l->accesslog, true);
	log_notice("the log file was rotated");
}

static void suspend(struct steward *s)
{
	if (!s->host->suspended)
		listeners_close(s->loop);
	s->host->suspended = true;
}

static void resume(struct steward *s)
{
	struct host *h = s->host;
	struct buf where = { 0 };
	if (h->suspended && !listeners_open(s->loop, &where, &h->trouble))
		listeners_close(s->loop);
	h->suspended = h->trouble.len > 0;
	buf_free(&where);
}

void steward_grant(struct steward *s)
{
	struct host *h = s->host;
	enum host_wish wish = h->wish;
	if (h->stop)
		loop_stop(s->loop);
	h->wish = HOST_GOES_ON;
	if (wish == HOST_GOES_ON)
		return;
	buf_clear(&h->trouble);
	if (wish == HOST_SUSPENDS)
		suspend(s);
	else if (wish == HOST_RESUMES)
		resume(s);
	else if (wish == HOST_SETS_LOG_LEVEL)
		console_set_level(h->log_level);
	else if (wish == HOST_ROTATES_LOGS)
		rotate_logs(s->loop);
	else
		steward_reload(s);
}
