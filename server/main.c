/* SPDX-License-Identifier: Apache-2.0 */
/* leveret: reads the configuration, opens the log, rebuilds the broker from it, listens, runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/map.h"
#include "base/mem.h"
#include "broker/broker.h"
#include "management/host.h"
#include "management/livelog.h"
#include "persistence/log_file.h"
#include "server/aside.h"
#include "server/config.h"
#include "server/console.h"
#include "server/descriptors.h"
#include "server/door.h"
#include "server/doorway.h"
#include "server/import.h"
#include "server/listener.h"
#include "server/loop.h"
#include "server/memory.h"
#include "server/notify.h"
#include "server/process.h"
#include "server/settings.h"
#include "server/sources.h"
#include "server/steward.h"
#include "server/tls.h"
#include "server/version.h"

enum { EXIT_USAGE = 2, EXIT_DATA = 3, EXIT_LOG = 4, SAY_EVERY_MS = 1000,
	   MOTD_LINES = 50 };

static void entropy(void *p, size_t n)
{
	ssize_t got = getrandom(p, n, 0);
	must(got == (ssize_t)n);
}

static void print_buf(struct buf *b, FILE *to)
{
	fwrite(b->p, 1, b->len, to);
	buf_free(b);
}

static void help(void)
{
	struct buf keys = { 0 };
	config_print_keys(&keys);
	printf("usage: leveret [-c FILE] [key=value ...]\n"
	       "\n"
	       "An AMQP 0-9-1 message broker. Clients for RabbitMQ connect to it unchanged.\n"
	       "\n"
	       "  leveret                                    all addresses, port 5672, data in ./data\n"
	       "  leveret listeners.tcp.1=127.0.0.1:5700 data_dir=/tmp/leveret\n"
	       "  leveret -c /etc/leveret/leveret.conf       a file in the form of rabbitmq.conf\n"
	       "  leveret -c FILE --check-config             prints what would be in force, and ends\n"
	       "\n"
	       "  -c FILE          configuration file; conf.d/*.conf beside it is read after it\n"
	       "  --check-config   check, certificates too, print what would be in force, exit 0 or 2\n"
	       "  --version        print the version\n"
	       "  --help           this\n"
	       "\n"
	       "The environment of RabbitMQ counts, too: RABBITMQ_DEFAULT_USER, _PASS, _VHOST (or\n"
	       "each with _FILE behind it), RABBITMQ_NODE_PORT, RABBITMQ_CONFIG_FILE and others.\n"
	       "\n"
	       "Signals: TERM or INT stops in order (clients are told), USR1 logs the state,\n"
	       "HUP reads the configuration and certificates again.\n"
	       "Exit codes: 0 clean, 2 usage or configuration, 3 data directory refused, 4 log "
	       "failed.\n"
	       "\n"
	       "Keys, with their defaults:\n");
	print_buf(&keys, stdout);
}

static bool fail(struct buf *why)
{
	fprintf(stderr, "leveret: ");
	print_buf(why, stderr);
	fprintf(stderr, "\n");
	return false;
}

/* ---- opening ---- */

static uint64_t wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool open_log(const struct config *c, struct loop *loop, struct disk **disk,
                     struct log **log, struct buf *why)
{
	*disk = disk_posix_new(c->data_dir, true);
	int error = (*disk)->ops->lock(*disk);
	if (error == -EBUSY)
		buf_printf(why, "the data directory '%s' is in use by another broker", c->data_dir);
	else if (error)
		buf_printf(why, "the data directory '%s' cannot be opened: %s", c->data_dir,
		           strerror(-error));
	if (error)
		return false;
	struct log_file_options o = { .disk = *disk,
		                          .segment_bytes = c->segment_bytes / DISK_BLOCK * DISK_BLOCK,
		                          .window_bytes = settings_window_bytes(c),
		                          .sync = strcmp(c->durability, "fsync") == 0,
		                          .threaded = true,
		                          .wall_ms = wall_ms(),
		                          .wake = loop_wake,
		                          .wake_to = loop,
		                          .clock_us = loop_now_us };
	entropy(&o.entropy, sizeof o.entropy);
	return log_file_open(log, &o, why) == 0;
}

/* ---- running ---- */

static void say_ready(const struct config *c, struct disk *disk, struct buf *where,
                      const struct buf web[HTTP_SERVICES], uint64_t began_ms)
{
	bool guest = strcmp(c->default_user, "guest") == 0 && strcmp(c->default_pass, "guest") == 0;
	if (c->n_ignored)
		log_warning("%u keys of the configuration have no effect in this version (the first: %s)",
		            c->n_ignored, c->first_ignored);
	if (guest && !slice_has_word(slice_str(c->loopback_users), ',', slice_str("guest")))
		log_warning("the user guest with its well-known password may log in from anywhere");
	if (strcmp(c->durability, "os") == 0)
		log_warning("durability=os: a confirm does not wait for the disk");
	log_info("Server startup complete. Leveret " VERSION " ready: amqp on %.*s%s%.*s%s%.*s; "
	         "data in %s (%s); started in %llu ms",
	         where->len ? (int)where->len : 7, where->len ? (char *)where->p : "nothing",
	         web[HTTP_API].len ? "; http on " : "", SLICE_ARG(buf_slice(&web[HTTP_API])),
	         web[HTTP_METRICS].len ? "; metrics on " : "",
	         SLICE_ARG(buf_slice(&web[HTTP_METRICS])), c->data_dir, disk->how,
	         (unsigned long long)(loop_now_ms() - began_ms));
	notify_status("Ready");
	notify("READY=1");
}

/* ---- files about the process ---- */

static bool write_pid(const char *path, struct buf *why)
{
	if (!path[0])
		return true;
	FILE *f = fopen(path, "we");
	bool ok = f && fprintf(f, "%ld\n", (long)getpid()) > 0;
	ok = f && fclose(f) == 0 && ok;
	if (!ok)
		buf_printf(why, "pid_file: %s: %s", path, strerror(errno));
	return ok;
}

/* The message of the day is for people: without it the broker goes on. */
static void say_motd(const char *path)
{
	char line[256];
	FILE *f = path[0] ? fopen(path, "re") : NULL;
	if (path[0] && !f)
		log_warning("motd_file: %s: %s", path, strerror(errno));
	for (int i = 0; f && i < MOTD_LINES && fgets(line, sizeof line, f); i++)
		log_info("%.*s", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

static bool open_listeners(struct loop *l, struct buf *where, struct buf web[HTTP_SERVICES],
                           struct buf *why)
{
	bool open = listeners_open(l, where, why);
	for (enum http_service s = 0; open && s < HTTP_SERVICES; s++)
		open = listeners_open_web(l, s, &web[s], why);
	return open;
}

/* Administration is not what the broker is for: without a door it goes on. */
static void open_door(struct loop *loop, struct host *h)
{
	int error = door_open(loop, h);
	if (error)
		log_warning("leveretctl will not find this broker: " DOORWAY_NAME " cannot be made in the "
		            "data directory: %s",
		            strerror(-error));
}

static struct host host_of(const struct loop *l, const struct config *c, const char *where,
                           const struct livelog *livelog)
{
	return (struct host){ .broker = l->broker,
		                  .version = VERSION,
		                  .data_dir = c->data_dir,
		                  .listeners = where,
		                  .pid = (uint64_t)getpid(),
		                  .max_descriptors = descriptors_limit(),
		                  .max_threads = process_max_threads(),
		                  .processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
		                  .code_bytes = memory_code(),
		                  .crypto = tls_library(),
		                  .aside = aside_list(l->aside),
		                  .livelog = livelog };
}

static void host_free(struct host *h)
{
	mem_free((void *)h->ports);
	buf_free(&h->trouble);
	buf_free(&h->ciphers);
	buf_free(&h->settings);
	buf_free(&h->reloaded.live);
	buf_free(&h->reloaded.start);
	buf_free(&h->reloaded.first);
}

/* Listeners are the last thing: who comes in finds everything there. */
static int serve(struct loop *l, struct steward *steward, struct disk *disk, uint64_t began_ms)
{
	struct config *c = steward->config;
	struct buf why = { 0 }, where = { 0 }, web[HTTP_SERVICES] = { 0 };
	if (c->log_exchange)
		console_publish(l->broker);
	bool open = accesslog_set(&l->accesslog, c, &why) && open_listeners(l, &where, web, &why) &&
	            write_pid(c->pid_file, &why);
	buf_u8(&where, '\0');
	where.len--;
	broker_note_turns(l->broker, &l->turns_us);
	struct host host = host_of(l, c, (const char *)where.p, steward->livelog);
	host.ports = listeners_ports(l, &host.n_ports);
	host.recovery_ms = steward->recovery_ms;
	steward->host = l->host = &host;
	l->steward = steward;
	steward_describe(steward);
	loop_tell_certificates(l);
	int code = EXIT_USAGE;
	if (open) {
		open_door(l, &host);
		say_motd(c->motd_file);
		say_ready(c, disk, &where, web, began_ms);
		code = loop_run(l);
	} else {
		fail(&why);
	}
	console_publish(NULL);
	if (open && c->pid_file[0])
		unlink(c->pid_file);
	loop_free(l);
	buf_free(&where);
	for (size_t i = 0; i < HTTP_SERVICES; i++)
		buf_free(&web[i]);
	host_free(&host);
	return code;
}

/* A long log takes its time: systemd is asked for more, and people are told. */
static struct {
	uint64_t total, from, said_ms;   /* bytes; where it began; when it was said last */
} reading;

static void expect_reading(const struct log *log)
{
	struct log_stats s = { 0 };
	log_stats(log, &s);
	reading.total = s.disk_bytes - s.spare_bytes;
}

static void on_reading(uint64_t at)
{
	uint64_t now = loop_now_ms();
	if (!reading.said_ms)
		reading.from = at;
	else if (now - reading.said_ms < SAY_EVERY_MS)
		return;
	unsigned long long done = (at - reading.from) >> 20, total = reading.total >> 20;
	if (reading.said_ms)
		log_info("reading the log: %llu of %llu MB", done, total);
	reading.said_ms = now;
	notify_status("Recovering: %llu of %llu MB of the log are read", done, total);
	notify("EXTEND_TIMEOUT_USEC=60000000");
}

static int run(struct sources *sources, struct config *c, const struct livelog *livelog,
               uint64_t began_ms)
{
	struct loop loop;
	struct disk *disk = NULL;
	struct log *log;
	struct broker_options options;
	struct import import = { 0 };
	struct buf why = { 0 };
	loop_init(&loop, c);
	struct steward steward = { .loop = &loop, .config = c, .sources = sources,
		                       .livelog = livelog };
	if (!loop_load_tls(&loop, &why) || !import_read(&import, c, &why)) {
		fail(&why);
		import_free(&import);
		loop_free(&loop);
		return EXIT_USAGE;
	}
	if (!open_log(c, &loop, &disk, &log, &why)) {
		fail(&why);
		import_free(&import);
		disk->ops->destroy(disk);
		return EXIT_DATA;
	}
	settings_of_broker(c, &options);
	options.wall_ms = wall_ms();
	options.log = log;
	options.entropy = entropy;
	options.reading = on_reading;
	loop.aside = aside_new(&loop);
	if (import.has_users)
		options.default_user = "";
	expect_reading(log);
	uint64_t opened_ms = loop_now_ms();
	loop.broker = broker_new(&options, opened_ms);
	int code = broker_recover(loop.broker, &why) ? EXIT_DATA : 0;
	steward.recovery_ms = loop_now_ms() - opened_ms;
	if (code == 0 && !import_run(&import, loop.broker, &why))
		code = EXIT_USAGE;
	import_free(&import);
	if (code) {
		fail(&why);
		loop_free(&loop);
	} else {
		code = serve(&loop, &steward, disk, began_ms);
	}
	if (broker_free(loop.broker) && code == 0)
		code = EXIT_LOG;
	disk->ops->destroy(disk);
	if (code == 0)
		log_info("stopped");
	return code;
}

static bool check_tls(const struct config *c, struct buf *why)
{
	struct tls_context *tls = tls_context_new(c, why);
	bool good = tls != NULL;
	tls_context_free(&tls);
	return good;
}

/* What would stop a start, certificates too, and else what would be in force. */
static int check(const struct config *c)
{
	struct buf text = { 0 }, why = { 0 };
	bool good = !config_has_tls(c) || check_tls(c, &why);
	for (enum http_service s = 0; good && s < HTTP_SERVICES; s++) {
		struct config web = config_of_web(c, s);
		good = config_web(c, s).ssl_port == 0 || check_tls(&web, &why);
	}
	if (!good) {
		fail(&why);
		return EXIT_USAGE;
	}
	config_print(c, &text);
	print_buf(&text, stdout);
	return 0;
}

static int go_on(struct sources *sources, struct config *config, uint64_t began_ms)
{
	struct livelog livelog = { 0 };
	struct buf why = { 0 };
	int code;
	if (!sources_read(sources, config, &why)) {
		fail(&why);
		return EXIT_USAGE;
	}
	if (sources->wanted == SOURCES_CHECK)
		return check(config);
	if (console_open(config, &livelog, &why)) {
		code = run(sources, config, &livelog, began_ms);
	} else {
		fail(&why);
		code = EXIT_USAGE;
	}
	console_close();
	livelog_free(&livelog);
	return code;
}

int main(int argc, char **argv)
{
	uint64_t seed, began_ms = loop_now_ms();
	struct config config;
	struct sources sources;
	struct buf why = { 0 };
	int code = 0;
	entropy(&seed, sizeof seed);
	map_seed(seed);
	umask(0027);
	config_init(&config);
	if (!sources_look(&sources, argc, argv, &why)) {
		fail(&why);
		code = EXIT_USAGE;
	} else if (sources.wanted == SOURCES_HELP) {
		help();
	} else if (sources.wanted == SOURCES_VERSION) {
		printf("leveret " VERSION "\n");
	} else {
		code = go_on(&sources, &config, began_ms);
	}
	config_free(&config);
	sources_free(&sources);
	return code;
}
