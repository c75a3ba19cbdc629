/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd says of directories is where things are unless somebody says otherwise: it comes
 * before the files.  What a person puts into the environment goes before them. */
#include "server/sources.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "server/config.h"
#include "server/secret.h"

extern char **environ;

static const struct {
	const char *name, *key;
} variables[] = {
#define VARIABLE(name, key) { name, key },
#define GONE(name, instead)
#include "server/environment.def"
#undef VARIABLE
#undef GONE
};

static const struct {
	const char *name, *instead;
} gone[] = {
#define VARIABLE(name, key)
#define GONE(name, instead) { name, instead },
#include "server/environment.def"
#undef VARIABLE
#undef GONE
};

/* ---- arguments ---- */

static bool is_option(const char *arg, const char *name)
{
	return strcmp(arg, name) == 0;
}

/* The system shows what was there to who asks for it, as long as the process is. */
static void take_arguments(struct sources *s, int argc, char **argv)
{
	*s = (struct sources){ .argc = argc, .argv = mem_zalloc((size_t)argc * sizeof *argv) };
	for (int i = 0; i < argc; i++) {
		struct slice value = slice_str(argv[i]), key = slice_cut(&value, '=');
		s->argv[i] = mem_strdup(argv[i]);
		if (config_is_secret(key))
			memset((char *)value.p, '*', value.n);
	}
}

void sources_free(struct sources *s)
{
	for (int i = 0; i < s->argc; i++)
		mem_free(s->argv[i]);
	mem_free(s->argv);
	secret_free(s->typed);
}

bool sources_look(struct sources *s, int argc, char **argv, struct buf *why)
{
	take_arguments(s, argc, argv);
	argv = s->argv;
	for (int i = 1; i < argc; i++) {
		if (is_option(argv[i], "-c") && ++i == argc) {
			buf_printf(why, "-c needs a file");
			return false;
		}
		if (is_option(argv[i], "--help") || is_option(argv[i], "-h")) {
			s->wanted = SOURCES_HELP;
			return true;
		}
		if (is_option(argv[i], "--version")) {
			s->wanted = SOURCES_VERSION;
			return true;
		}
		if (is_option(argv[i], "--check-config"))
			s->wanted = SOURCES_CHECK;
		else if (!is_option(argv[i - 1], "-c") && !strchr(argv[i], '=')) {
			buf_printf(why, "argument '%s' is neither an option nor key=value; see --help",
			           argv[i]);
			return false;
		}
	}
	return true;
}

static bool set_arguments(const struct sources *s, struct config *c, struct buf *why)
{
	bool ok = true;
	for (int i = 1; i < s->argc && ok; i++) {
		struct slice value = slice_str(s->argv[i]);
		if (is_option(s->argv[i], "-c"))
			i++;
		else if (!is_option(s->argv[i], "--check-config")) {
			struct slice key = slice_cut(&value, '=');
			ok = config_set(c, key, value, "argument", why);
		}
	}
	return ok;
}

/* ---- files ---- */

static bool set_from_file(struct config *c, const char *key, const char *path, const char *where,
                          struct buf *why)
{
	char text[1024];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof text, f) : 0;
	bool ok = f && !ferror(f) && n < sizeof text;
	if (!ok)
		buf_printf(why, "%s: %s: %s", where, path, f ? "cannot be read, or is too long"
		                                            : strerror(errno));
	if (f)
		fclose(f);
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	return ok && config_set(c, slice_str(key), slice_of(text, n), where, why);
}

/* RabbitMQ takes the name with and without its ending. */
static bool load_named(struct config *c, const char *name, struct buf *why)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s.conf", name);
	return config_load(c, access(name, F_OK) != 0 && access(path, F_OK) == 0 ? path : name, why);
}

/* A directory, or what is in it as a shell would have it. */
static bool load_all_in(struct config *c, const char *where, struct buf *why)
{
	static const char pattern[] = "/*.conf";
	char directory[PATH_MAX];
	size_t n = strlen(where), tail = sizeof pattern - 1;
	if (n > tail && strcmp(where + n - tail, pattern) == 0)
		n -= tail;
	snprintf(directory, sizeof directory, "%.*s", (int)n, where);
	return config_load_directory(c, directory, why);
}

/* Those of the arguments; if there is none what the environment names, or systemd has for us. */
static bool load_files(const struct sources *s, struct config *c, struct buf *why)
{
	const char *named = getenv("RABBITMQ_CONFIG_FILE"), *all = getenv("RABBITMQ_CONFIG_FILES");
	const char *given = getenv("CONFIGURATION_DIRECTORY");
	char ours[PATH_MAX];
	bool any = false;
	for (int i = 1; i + 1 < s->argc; i++) {
		if (!is_option(s->argv[i], "-c"))
			continue;
		any = true;
		if (!config_load(c, s->argv[++i], why))
			return false;
	}
	snprintf(ours, sizeof ours, "%s/leveret.conf", given ? given : "");
	if (!any && named && !load_named(c, named, why))
		return false;
	if (!any && !named && given && access(ours, F_OK) == 0 && !config_load(c, ours, why))
		return false;
	return !all || load_all_in(c, all, why);
}

/* ---- the environment ---- */

/* Sockets that systemd has opened (sd_listen_fds): listeners for AMQP, with TLS those that are
 * named amqps there. */
static bool set_inherited(struct config *c, struct buf *why)
{
	enum { FIRST = 3 };
	const char *pid = getenv("LISTEN_PID"), *many = getenv("LISTEN_FDS");
	const char *named = getenv("LISTEN_FDNAMES");
	struct slice names = slice_str(named ? named : "");
	long n = many && pid && strtol(pid, NULL, 10) == (long)getpid() ? strtol(many, NULL, 10) : 0;
	bool ok = true;
	for (long i = 0; i < n && ok; i++) {
		char key[64], address[32];
		bool tls = slice_is(slice_cut(&names, ':'), "amqps");
		snprintf(key, sizeof key, "listeners.%s.systemd%ld", tls ? "ssl" : "tcp", i + 1);
		snprintf(address, sizeof address, "fd:%ld", FIRST + i);
		ok = config_set(c, slice_str(key), slice_str(address), "LISTEN_FDS", why);
	}
	return ok;
}

/* Before the files. */
static bool set_state_directory(struct config *c, struct buf *why)
{
	const char *state = getenv("STATE_DIRECTORY");
	return !state || !state[0] ||
	       config_set(c, slice_str("data_dir"), slice_str(state), "STATE_DIRECTORY", why);
}

static bool refuse_gone(struct buf *why)
{
	for (char **e = environ; *e; e++)
		for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
			struct slice all = slice_str(*e), name = slice_cut(&all, '=');
			size_t n = strlen(gone[i].name);
			if (!slice_starts(name, gone[i].name) || (gone[i].name[n - 1] != '_' && name.n != n))
				continue;
			buf_printf(why, "the variable %.*s has no effect, with RabbitMQ neither; instead of "
			           "it set %s in a file or as an argument", SLICE_ARG(name), gone[i].instead);
			return false;
		}
	return true;
}

static bool set_variable(struct config *c, const char *name, const char *key, struct buf *why)
{
	char file[64];
	snprintf(file, sizeof file, "%s_FILE", name);
	const char *value = getenv(name), *path = getenv(file);
	if (value && path) {
		buf_printf(why, "both %s and %s are set", name, file);
		return false;
	}
	if (path)
		return set_from_file(c, key, path, file, why);
	return !value || config_set(c, slice_str(key), slice_str(value), name, why);
}

/* RABBITMQ_NODE_PORT and RABBITMQ_NODE_IP_ADDRESS together are one listener. */
static bool set_listener(struct config *c, struct buf *why)
{
	const char *port = getenv("RABBITMQ_NODE_PORT"), *ip = getenv("RABBITMQ_NODE_IP_ADDRESS");
	char address[128];
	bool any = !ip || !ip[0] || strcmp(ip, "auto") == 0;
	if (!port && any)
		return true;
	const char *form = any ? "%s%s" : strchr(ip, ':') ? "[%s]:%s" : "%s:%s";
	snprintf(address, sizeof address, form, any ? "" : ip, port ? port : "5672");
	return config_set(c, slice_str("listeners.tcp.default"), slice_str(address),
	                  port ? "RABBITMQ_NODE_PORT" : "RABBITMQ_NODE_IP_ADDRESS", why);
}

/* RABBITMQ_MNESIA_BASE is where RabbitMQ makes a directory for each node. */
static bool set_base(struct config *c, struct buf *why)
{
	const char *base = getenv("RABBITMQ_MNESIA_BASE");
	char path[PATH_MAX];
	if (!base || getenv("RABBITMQ_MNESIA_DIR"))
		return true;
	snprintf(path, sizeof path, "%s/leveret", base);
	return config_set(c, slice_str("data_dir"), slice_str(path), "RABBITMQ_MNESIA_BASE", why);
}

/* RABBITMQ_LOGS is a file, or - for none. */
static bool set_log_file(struct config *c, struct buf *why)
{
	const char *file = getenv("RABBITMQ_LOGS");
	return !file || strcmp(file, "-") == 0 ||
	       config_set(c, slice_str("log.file"), slice_str(file), "RABBITMQ_LOGS", why);
}

/* RABBITMQ_LOG is words with commas between: a level, or category=level; we have no colours. */
static bool set_log_levels(struct config *c, struct buf *why)
{
	const char *said = getenv("RABBITMQ_LOG");
	bool ok = true;
	for (struct slice rest = slice_str(said ? said : ""); rest.n && ok;) {
		struct slice value = slice_cut(&rest, ',');
		bool is_color = slice_is(value, "+color") || slice_is(value, "-color");
		struct slice name = memchr(value.p, '=', value.n) ? slice_cut(&value, '=')
		                                                  : slice_str("default");
		char key[64];
		snprintf(key, sizeof key, "log.%.*s.level", SLICE_ARG(name));
		ok = is_color || config_set(c, slice_str(key), value, "RABBITMQ_LOG", why);
	}
	return ok;
}

/* What systemd hands over in files that nobody else can read, under the names of the keys. */
static bool set_credentials(struct config *c, struct buf *why)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY"), *key;
	char path[PATH_MAX];
	for (size_t i = 0; directory && (key = config_credential(i)); i++) {
		snprintf(path, sizeof path, "%s/%s", directory, key);
		if (access(path, F_OK) == 0 && !set_from_file(c, key, path, path, why))
			return false;
	}
	return true;
}

static bool set_environment(struct config *c, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++)
		if (!set_variable(c, variables[i].name, variables[i].key, why))
			return false;
	return refuse_gone(why) && set_inherited(c, why) && set_listener(c, why) &&
	       set_base(c, why) && set_log_file(c, why) && set_log_levels(c, why) &&
	       set_credentials(c, why);
}

/* ---- what is encrypted ---- */

static bool read_first_line(const char *path, char *line, size_t size, struct buf *why)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, (int)size, f);
	if (ok)
		line[strcspn(line, "\r\n")] = '\0';
	else
		buf_printf(why, "config_entry_decoder.passphrase: %s: %s", path,
		           f ? "there is no line" : strerror(errno));
	if (f)
		fclose(f);
	return ok;
}

/* Nobody is asked who need not be. */
static bool unseal(struct sources *s, struct config *c, struct buf *why)
{
	static const char file[] = "file:";
	char line[1024] = "";
	const char *said = c->decoder_passphrase, *passphrase = said[0] ? said : NULL;
	if (c->n_sealed && strncmp(said, file, strlen(file)) == 0) {
		if (!read_first_line(said + strlen(file), line, sizeof line, why))
			return false;
		passphrase = line;
	} else if (c->n_sealed && strcmp(said, "prompt") == 0) {
		if (!s->typed)
			s->typed = secret_read("Passphrase of the configuration: ");
		passphrase = s->typed;
	}
	bool ok = config_unseal(c, passphrase, why);
	explicit_bzero(line, sizeof line);
	return ok;
}

bool sources_read(struct sources *s, struct config *c, struct buf *why)
{
	return set_state_directory(c, why) && load_files(s, c, why) && set_environment(c, why) &&
	       set_arguments(s, c, why) && unseal(s, c, why);
}
