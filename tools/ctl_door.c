/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl VERB: a running broker is asked, through the socket in its data directory or, when it
 * is elsewhere, over HTTP. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "management/request.h"
#include "server/secret.h"
#include "server/version.h"
#include "tools/ctl.h"
#include "tools/ctl_asking.h"
#include "tools/ctl_import.h"
#include "tools/ctl_output.h"
#include "tools/ctl_own.h"
#include "tools/ctl_terminal.h"
#include "tools/ctl_whom.h"
#include "tools/ctl_words.h"

enum { READ_BYTES = 64 << 10 };

struct asked {
	struct whom whom;
	struct request request;
	char path[2 * PATH_MAX];     /* of a directory, whole */
};

/* ---- arguments ---- */

/* How nodes of Erlang are named: there are none. */
static bool is_of_erlang(const char *option)
{
	return strcmp(option, "--longnames") == 0 || strcmp(option, "-l") == 0;
}

/* What is ours is taken out, the rest is the broker's to understand. NULL: all is well. */
static const char *read_arguments(struct asked *a, int argc, char **argv)
{
	const char *value = "", *why;
	whom_init(&a->whom);
	for (int i = 1; i < argc; i++) {
		if (whom_take(&a->whom, argv, &i, &why)) {
			if (why)
				return why;
		} else if (!is_of_erlang(argv[i]) && !option_takes("--node", argv, &i, &value) &&
		           !option_takes("-n", argv, &i, &value)) {
			if (a->request.n == REQUEST_MAX_ARGUMENTS)
				return "there are too many arguments";
			a->request.arguments[a->request.n++] = slice_str(argv[i]);
		}
		if (!value)
			return "an option needs a value";
	}
	return NULL;
}

/* The broker runs in a directory of its own: what backup names is named from here. */
static void complete_path(struct asked *a, struct slice verb)
{
	char here[PATH_MAX];
	size_t i = words_place(&a->request, 1);
	if (!slice_is(verb, "backup") || i == a->request.n)
		return;
	struct slice *path = &a->request.arguments[i];
	if ((path->n && path->p[0] == '/') || path->n >= PATH_MAX || !getcwd(here, sizeof here))
		return;
	snprintf(a->path, sizeof a->path, "%s/%.*s", here, SLICE_ARG(*path));
	*path = slice_str(a->path);
}

/* ---- the answer ---- */

static void show(const struct answer_piece *p)
{
	if (p->kind == ANSWER_PROGRESS) {
		terminal_show(p->bytes);
		return;
	}
	terminal_wipe();
	FILE *to = p->kind == ANSWER_OUTPUT ? stdout : stderr;
	fwrite(p->bytes.p, 1, p->bytes.n, to);
	fflush(to);
}

static int ask(struct asked *a, struct slice verb)
{
	struct asking asking = { .whom = &a->whom };
	struct answer_piece p;
	if (asking_open(&asking, &a->request, verb))
		while (asking_next(&asking, &p))
			show(&p);
	terminal_wipe();
	asking_close(&asking);
	return asking.code;
}

/* ---- passwords ---- */

/* Verbs that take a password last: with how many arguments it is left out. */
static const struct {
	const char *verb;
	size_t without;
} with_password[] = {
	{ "add_user", 1 },
	{ "change_password", 1 },
	{ "authenticate_user", 1 },
	{ "hash_password", 0 },
};

static bool is_left_out(const struct request *r)
{
	struct slice verb = { 0 };
	size_t n = words_count(r, &verb);
	for (size_t i = 0; i < sizeof with_password / sizeof *with_password; i++)
		if (n && slice_is(verb, with_password[i].verb))
			return n == 1 + with_password[i].without;
	return false;
}

/* From the input, so that no list of processes shows it; line is to be secret_free. */
static void read_password(struct request *r, char **line)
{
	if (!is_left_out(r) || r->n == REQUEST_MAX_ARGUMENTS)
		return;
	*line = secret_read("Password: ");
	if (*line)
		r->arguments[r->n++] = slice_str(*line);
}

/* ---- definitions ---- */

/* The file that the verb names goes out of the request, which must have no other words; "-" is
 * none.  NULL: it names none. */
static const char *take_file(struct request *r, const char *verb)
{
	struct slice said = { 0 };
	size_t n = words_count(r, &said), i = words_place(r, 1);
	if (n != 2 || !slice_is(said, verb))
		return NULL;
	const char *path = (const char *)r->arguments[i].p;
	memmove(&r->arguments[i], &r->arguments[i + 1], (--r->n - i) * sizeof *r->arguments);
	return strcmp(path, "-") != 0 ? path : NULL;
}

/* As the last argument; text is to be freed.  False: it cannot be read. */
static bool read_file(struct request *r, const char *path, struct buf *text)
{
	FILE *f = path ? fopen(path, "re") : stdin;
	for (size_t n = 1; f && n && text->len <= REQUEST_MAX_BYTES; text->len += n)
		n = fread(buf_reserve(text, READ_BYTES), 1, READ_BYTES, f);
	bool ok = f && !ferror(f);
	if (!ok)
		fprintf(stderr, "Error: %s cannot be read: %s\n", path ? path : "the input",
		        strerror(errno));
	if (f && path)
		fclose(f);
	if (ok)
		r->arguments[r->n++] = buf_slice(text);
	return ok;
}

/* A payload that was left out; it may look like an option. */
static bool read_payload(struct request *r, struct buf *text)
{
	struct slice said = { 0 };
	size_t n = words_count(r, &said);
	if (n != 3 || !slice_is(said, "publish") || r->n + 2 > REQUEST_MAX_ARGUMENTS)
		return true;
	r->arguments[r->n++] = slice_str("--");
	return read_file(r, NULL, text);
}

/* What is exported goes where the caller wants it. */
static bool open_output(struct request *r, struct output *out)
{
	const char *path = take_file(r, "export_definitions");
	if (!path || words_ask_dry_run(r) || output_begin(out, path))
		return true;
	fprintf(stderr, "Error: %s cannot be written: %s\n", path, strerror(errno));
	return false;
}

/* Some verbs of RabbitMQ's other programs have longer names here. */
static void rename_verb(struct request *r, struct slice *verb, const char *program)
{
	static const struct {
		const char *program, *verb, *here;
	} names[] = {
		{ "rabbitmq-plugins", "list", "list_plugins" },
		{ "rabbitmq-plugins", "enable", "enable_plugins" },
		{ "rabbitmq-plugins", "disable", "disable_plugins" },
	};
	const char *slash = strrchr(program, '/');
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(slash ? slash + 1 : program, names[i].program) != 0 ||
		    !slice_is(*verb, names[i].verb))
			continue;
		for (size_t k = 0; k < r->n; k++)
			if (r->arguments[k].p == verb->p)
				r->arguments[k] = slice_str(names[i].here);
		*verb = slice_str(names[i].here);
		return;
	}
}

/* In one call, if they are short enough for it. */
static int import(struct asked *a, struct slice verb)
{
	struct buf text = { 0 };
	const char *path = take_file(&a->request, "import_definitions");
	int code = CALL_EXIT_DATA;
	if (a->request.n == REQUEST_MAX_ARGUMENTS) {
		fprintf(stderr, "Error: there are too many arguments\n");
		code = CALL_EXIT_USAGE;
	} else if (read_file(&a->request, path, &text)) {
		bool large = !request_fits(&a->request);
		a->request.n -= large;
		code = large ? import_in_parts(&a->whom, &a->request, verb, path, buf_slice(&text))
		             : ask(a, verb);
	}
	buf_free(&text);
	return code;
}

/* What the broker alone can do; the words of the request are settled. */
static int ask_broker(struct asked *a, struct slice verb)
{
	char *line = NULL;
	struct buf text = { 0 };
	struct output out = { 0 };
	int code = CALL_EXIT_DATA;
	read_password(&a->request, &line);
	if (!a->whom.host)
		complete_path(a, verb);
	if (slice_is(verb, "import_definitions"))
		code = import(a, verb);
	else if (read_payload(&a->request, &text) && open_output(&a->request, &out))
		code = ask(a, verb);
	bool written = fflush(stdout) == 0 && !ferror(stdout);
	written = output_end(&out, written && code == CALL_EXIT_OK) && written;
	if (!written)
		code = code ? code : CALL_EXIT_SOFTWARE;
	buf_free(&text);
	secret_free(line);
	return code;
}

int ctl_door(int argc, char **argv)
{
	struct asked a = { 0 };
	struct slice verb = { 0 };
	const char *why = read_arguments(&a, argc, argv);
	words_put_help_first(&a.request);
	if (!why && words_count(&a.request, &verb) == 0)
		why = "a verb is needed; leveretctl --help lists them";
	if (why) {
		fprintf(stderr, "Error: %s\n", why);
		return CALL_EXIT_USAGE;
	}
	rename_verb(&a.request, &verb, argv[0]);
	if (a.request.n == 1 && slice_is(verb, "version")) {
		printf(VERSION "\n");
		return CALL_EXIT_OK;
	}
	const struct own *own = own_find(verb);
	int code = own && own->way == OWN_ALONE ? CALL_EXIT_OK : whom_settle(&a.whom);
	if (!code)
		code = own ? own_run(own, &a.whom, &a.request, verb) : ask_broker(&a, verb);
	whom_free(&a.whom);
	return code;
}
