/* SPDX-License-Identifier: Apache-2.0 */
/* leveret: reads the configuration, opens the log, rebuilds the broker from it, listens, runs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/map.h"
#include "base/mem.h"
#include "broker/broker.h"
#include "management/call.h"
#include "management/livelog.h"
#include "persistence/log_file.h"
#include "server/aside.h"
#include "server/config.h"
#include "server/console.h"
#include "server/descriptors.h"
#include "server/door.h"
#include "server/doorway.h"
#include "server/listener.h"
#include "server/loop.h"
#include "server/memory.h"
#include "server/tls.h"
#include "server/version.h"

enum { EXIT_USAGE = 2, EXIT_DATA = 3, EXIT_LOG = 4, SPARE_DESCRIPTORS = 64 };

enum { MESSAGE_MEMORY_MAX = 256 << 20 };   /* unless the configuration says more */

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
	       "Signals: TERM or INT stops in order (clients are told), USR1 logs the state,\n"
	       "HUP reads the certificates again.\n"
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

/* ---- arguments ---- */

struct arguments {
	bool check, done;
};

static bool set_argument(struct config *c, const char *arg, struct buf *why)
{
	struct slice value = slice_str(arg);
	const char *equals = strchr(arg, '=');
	if (!equals) {
		buf_printf(why, "argument '%s' is neither an option nor key=value; see --help", arg);
		return false;
	}
	struct slice key = slice_take(&value, (size_t)(equals - arg));
	slice_take(&value, 1);
	return config_set(c, key, value, "argument", why);
}

/* Files first, whatever their place, so that arguments win over them. */
static bool read_arguments(struct config *c, int argc, char **argv, struct arguments *a)
{
	struct buf why = { 0 };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") != 0)
			continue;
		if (++i == argc) {
			buf_printf(&why, "-c needs a file");
			return fail(&why);
		}
		if (!config_load(c, argv[i], &why))
			return fail(&why);
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0) {
			i++;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help();
			a->done = true;
			return true;
		} else if (strcmp(argv[i], "--version") == 0) {
			printf("leveret " VERSION "\n");
			a->done = true;
			return true;
		} else if (strcmp(argv[i], "--check-config") == 0) {
			a->check = true;
		} else if (!set_argument(c, argv[i], &why)) {
			return fail(&why);
		}
	}
	return true;
}

/* ---- opening ---- */

static uint64_t wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t memory_total(const struct config *c)
{
	return c->memory_total ? c->memory_total : memory_limit();
}

static uint64_t memory_watermark(const struct config *c)
{
	return c->memory_watermark ? c->memory_watermark
	                           : (uint64_t)(c->memory_share * (double)memory_total(c));
}

static uint64_t disk_free_limit(const struct config *c)
{
	return c->disk_free_share > 0 ? (uint64_t)(c->disk_free_share * (double)memory_total(c))
	                              : c->disk_free_limit;
}

/* Messages alone should never set the alarm. */
static uint64_t message_memory(const struct config *c)
{
	uint64_t share = memory_total(c) / 8, half = memory_watermark(c) / 2;
	share = share < half ? share : half;
	if (c->message_memory)
		return c->message_memory;
	return share < MESSAGE_MEMORY_MAX ? share : MESSAGE_MEMORY_MAX;
}

/* Beside it; two windows at least, or there are none. */
static uint64_t window_bytes(const struct config *c)
{
	uint64_t share = message_memory(c) / 8;
	return share < 2 << 20 ? 0 : share;
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
		                          .window_bytes = window_bytes(c),
		                          .sync = strcmp(c->durability, "fsync") == 0,
		                          .threaded = true,
		                          .wall_ms = wall_ms(),
		                          .wake = loop_wake,
		                          .wake_to = loop,
		                          .clock_us = loop_now_us };
	entropy(&o.entropy, sizeof o.entropy);
	return log_file_open(log, &o, why) == 0;
}

static void set_options(const struct config *c, struct broker_options *o, struct log *log)
{
	broker_options_default(o);
	o->wall_ms = wall_ms();
	o->log = log;
	o->entropy = entropy;
	o->channel_max = (uint16_t)c->channel_max;
	o->frame_max = (uint32_t)c->frame_max;
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
	o->message_memory_bytes = message_memory(c);
	o->window_bytes = window_bytes(c);
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
	struct slice named = slice_str(c->auth_mechanisms);
	bool all = named.n == 0;
	o->plain = all || slice_has_word(named, ' ', slice_str("PLAIN"));
	o->amqplain = all || slice_has_word(named, ' ', slice_str("AMQPLAIN"));
	o->external = all || slice_has_word(named, ' ', slice_str("EXTERNAL"));
}

/* Some descriptors are kept for files. */
static uint64_t connection_max(const struct config *c)
{
	uint64_t fds = descriptors_limit();
	uint64_t room = fds > 2 * SPARE_DESCRIPTORS ? fds - SPARE_DESCRIPTORS : fds / 2;
	return c->connection_max && c->connection_max < room ? c->connection_max : room;
}

/* systemd's readiness protocol: one datagram. */
static void notify(const char *state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	if (!path || strlen(path) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd >= 0)
		sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, n);
	if (fd >= 0)
		close(fd);
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
	log_info("Leveret " VERSION " ready: amqp on %.*s%s%.*s%s%.*s; data in %s (%s); started in "
	         "%llu ms",
	         where->len ? (int)where->len : 7, where->len ? (char *)where->p : "nothing",
	         web[HTTP_API].len ? "; http on " : "", SLICE_ARG(buf_slice(&web[HTTP_API])),
	         web[HTTP_METRICS].len ? "; metrics on " : "",
	         SLICE_ARG(buf_slice(&web[HTTP_METRICS])), c->data_dir, disk->how,
	         (unsigned long long)(loop_now_ms() - began_ms));
	notify("READY=1");
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

static int run(const struct config *c, const struct livelog *livelog, uint64_t began_ms)
{
	struct loop loop;
	struct disk *disk = NULL;
	struct log *log;
	struct broker_options options;
	struct buf why = { 0 }, where = { 0 }, web[HTTP_SERVICES] = { 0 };
	loop_init(&loop, c);
	if (!loop_load_tls(&loop, &why)) {
		fail(&why);
		loop_free(&loop);
		return EXIT_USAGE;
	}
	if (!open_log(c, &loop, &disk, &log, &why)) {
		fail(&why);
		disk->ops->destroy(disk);
		return EXIT_DATA;
	}
	set_options(c, &options, log);
	uint64_t opened_ms = loop_now_ms();
	loop.max_sockets = connection_max(c);
	loop.aside = aside_new(&loop);
	loop.broker = broker_new(&options, loop_now_ms());
	int code = broker_recover(loop.broker, &why) ? EXIT_DATA : 0;
	uint64_t recovered_ms = loop_now_ms();
	if (code == 0 && !open_listeners(&loop, &where, web, &why))
		code = EXIT_USAGE;
	buf_u8(&where, '\0');
	where.len--;
	struct host host = { .broker = loop.broker,
		                 .version = VERSION,
		                 .data_dir = c->data_dir,
		                 .listeners = (const char *)where.p,
		                 .pid = (uint64_t)getpid(),
		                 .max_connections = loop.max_sockets,
		                 .max_descriptors = descriptors_limit(),
		                 .processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
		                 .memory_total = memory_total(c),
		                 .code_bytes = memory_code(),
		                 .max_body_bytes = c->management_body_bytes,
		                 .aside = aside_list(loop.aside),
		                 .metrics_path = c->prometheus_path,
		                 .scrapers_log_in = c->prometheus_log_in,
		                 .metrics_per_object = c->prometheus_per_object,
		                 .recovery_ms = recovered_ms - opened_ms,
		                 .turns_us = &loop.turns_us,
		                 .livelog = livelog };
	struct host_port *ports = listeners_ports(&loop, &host.n_ports);
	host.ports = ports;
	loop.host = &host;
	loop_tell_certificates(&loop);
	if (code == 0) {
		open_door(&loop, &host);
		say_ready(c, disk, &where, web, began_ms);
		code = loop_run(&loop);
		notify("STOPPING=1");
	} else {
		fail(&why);
	}
	loop_free(&loop);
	buf_free(&where);
	for (size_t i = 0; i < HTTP_SERVICES; i++)
		buf_free(&web[i]);
	mem_free(ports);
	buf_free(&host.trouble);
	buf_free(&host.ciphers);
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

int main(int argc, char **argv)
{
	uint64_t seed, began_ms = loop_now_ms();
	struct config config;
	struct arguments a = { 0 };
	struct livelog livelog = { 0 };
	entropy(&seed, sizeof seed);
	map_seed(seed);
	umask(0027);
	config_init(&config);
	int code = 0;
	if (!read_arguments(&config, argc, argv, &a)) {
		code = EXIT_USAGE;
	} else if (a.check && !a.done) {
		code = check(&config);
	} else if (!a.done) {
		console_open(config.log_level, &livelog);
		code = run(&config, &livelog, began_ms);
	}
	config_free(&config);
	logline_set_sink(NULL);
	livelog_free(&livelog);
	return code;
}
