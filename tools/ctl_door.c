/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl VERB: a running broker is asked, through the socket in its data directory. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "management/call.h"
#include "server/doorway.h"
#include "server/version.h"
#include "tools/ctl.h"

enum { EXIT_TIMEOUT = 75, READ_BYTES = 64 << 10 };

#define INSTALLED_DATA_DIR "/var/lib/leveret"

struct asking {
	const char *data_dir;
	long timeout_s;              /* 0: as long as it takes */
	struct request request;
	char path[2 * PATH_MAX];     /* of a directory, whole */
	bool shown;                  /* a line of progress stands on the terminal */
};

/* ---- arguments ---- */

/* "--name VALUE" or "--name=VALUE"; false: it is another one. */
static bool takes(const char *name, char **argv, int *i, const char **value)
{
	size_t n = strlen(name);
	if (strncmp(argv[*i], name, n) != 0)
		return false;
	if (argv[*i][n] == '=' && name[1] == '-') {
		*value = argv[*i] + n + 1;
		return true;
	}
	if (argv[*i][n])
		return false;
	*value = argv[*i + 1];
	*i += argv[*i + 1] != NULL;
	return true;
}

/* Where a broker that was started here keeps its data, or one that was installed. */
static const char *usual_directory(void)
{
	const char *named = getenv("LEVERET_DATA_DIR");
	if (named && *named)
		return named;
	return access("./data", F_OK) == 0 ? "./data" : INSTALLED_DATA_DIR;
}

/* What is ours is taken out, the rest is the broker's to understand. NULL: all is well. */
static const char *read_arguments(struct asking *a, int argc, char **argv)
{
	const char *value = "";
	a->data_dir = usual_directory();
	for (int i = 1; i < argc; i++) {
		if (takes("--data-dir", argv, &i, &value)) {
			a->data_dir = value;
		} else if (takes("--timeout", argv, &i, &value) || takes("-t", argv, &i, &value)) {
			a->timeout_s = value ? atol(value) : 0;
		} else if (!takes("--node", argv, &i, &value) && !takes("-n", argv, &i, &value)) {
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
static void complete_path(struct asking *a)
{
	struct slice *path = NULL;
	char here[PATH_MAX];
	bool backup = false;
	for (size_t i = 0; i < a->request.n && !path; i++) {
		struct slice *word = &a->request.arguments[i];
		if (backup && word->n && word->p[0] != '-')
			path = word;
		backup |= slice_is(*word, "backup");
	}
	if (!path || path->p[0] == '/' || path->n >= PATH_MAX || !getcwd(here, sizeof here))
		return;
	snprintf(a->path, sizeof a->path, "%s/%.*s", here, SLICE_ARG(*path));
	*path = slice_str(a->path);
}

/* ---- the connection ---- */

static int complain(const struct asking *a, int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		fprintf(stderr,
		        "Error: no broker runs on the data directory '%s' (--data-dir DIR or the variable "
		        "LEVERET_DATA_DIR names another)\n",
		        a->data_dir);
	else
		fprintf(stderr, "Error: the broker of the data directory '%s' cannot be reached: %s\n",
		        a->data_dir, strerror(error));
	return CALL_EXIT_UNAVAILABLE;
}

/* A descriptor, or -errno. */
static int reach(const struct asking *a)
{
	struct sockaddr_un address;
	int directory, error = doorway_address(a->data_dir, &address, &directory);
	if (error)
		return error;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		error = -errno;
	if (directory >= 0)
		close(directory);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

static void send_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return;
		slice_take(&s, n > 0 ? (size_t)n : 0);
	}
}

/* ---- the answer ---- */

static void wipe_progress(struct asking *a)
{
	if (a->shown)
		fprintf(stderr, "\r\033[K");
	a->shown = false;
}

static void show(struct asking *a, const struct answer_piece *p)
{
	bool progress = p->kind == ANSWER_PROGRESS;
	if (progress && !isatty(STDERR_FILENO))
		return;
	wipe_progress(a);
	FILE *to = p->kind == ANSWER_OUTPUT ? stdout : stderr;
	fwrite(p->bytes.p, 1, p->bytes.n, to);
	fflush(to);
	a->shown = progress;
}

/* What is whole is shown.  True at the end, with the exit code. */
static bool take_pieces(struct asking *a, struct buf *in, int *code)
{
	struct slice rest = buf_slice(in);
	struct answer_piece p;
	enum request_result result;
	bool end = false;
	while (!end && (result = answer_decode(&rest, &p)) == REQUEST_OK) {
		end = p.kind == ANSWER_END;
		if (end)
			*code = (int)p.code;
		else
			show(a, &p);
	}
	if (!end && result == REQUEST_BAD) {
		fprintf(stderr, "Error: the broker answers what this program does not understand\n");
		*code = CALL_EXIT_SOFTWARE;
		return true;
	}
	buf_consume(in, in->len - rest.n);
	return end;
}

/* The broker hangs up behind its answer; when it was to stop it does so by ending. */
static void wait_for_end(int fd)
{
	char byte;
	while (recv(fd, &byte, 1, 0) < 0 && errno == EINTR)
		;
}

/* Reads until something has come; false, and the exit code, when nothing more will. */
static bool hear(const struct asking *a, int fd, struct buf *in, int *code)
{
	for (;;) {
		ssize_t n = recv(fd, buf_reserve(in, READ_BYTES), READ_BYTES, 0);
		if (n < 0 && errno == EINTR)
			continue;
		in->len += n > 0 ? (size_t)n : 0;
		if (n > 0)
			return true;
		if (n < 0 && errno == EAGAIN) {
			fprintf(stderr, "Error: the broker did not answer within %ld s\n", a->timeout_s);
			*code = EXIT_TIMEOUT;
			return false;
		}
		fprintf(stderr, "Error: the broker hung up: it has ended, or this user may not ask it (its "
		                "owner and root may)\n");
		*code = CALL_EXIT_UNAVAILABLE;
		return false;
	}
}

static int listen_to(struct asking *a, int fd)
{
	struct buf in = { 0 };
	int code;
	bool heard;
	while ((heard = hear(a, fd, &in, &code)) && !take_pieces(a, &in, &code))
		;
	wipe_progress(a);
	if (heard)
		wait_for_end(fd);
	buf_free(&in);
	return code;
}

static int ask(struct asking *a)
{
	struct buf out = { 0 };
	if (!request_encode(&out, &a->request)) {
		fprintf(stderr, "Error: the arguments are too long\n");
		return CALL_EXIT_USAGE;
	}
	int fd = reach(a), code;
	if (fd < 0) {
		code = complain(a, -fd);
	} else {
		struct timeval patience = { .tv_sec = a->timeout_s };
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		send_all(fd, buf_slice(&out));   /* who hangs up may have said why */
		code = listen_to(a, fd);
		close(fd);
	}
	buf_free(&out);
	return code;
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

/* It is an option, or the virtual host that the option before it takes. */
static bool is_of_option(const struct request *r, size_t i)
{
	struct slice a = r->arguments[i], before = i ? r->arguments[i - 1] : slice_of(NULL, 0);
	return (a.n > 1 && a.p[0] == '-') || slice_is(before, "-p") || slice_is(before, "--vhost");
}

/* Words that are no options; the first is the verb. */
static size_t plain_words(const struct request *r, struct slice *verb)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (!is_of_option(r, i))
			*verb = n++ ? *verb : r->arguments[i];
	return n;
}

static bool is_left_out(const struct request *r)
{
	struct slice verb = { 0 };
	size_t n = plain_words(r, &verb);
	for (size_t i = 0; i < sizeof with_password / sizeof *with_password; i++)
		if (n && slice_is(verb, with_password[i].verb))
			return n == 1 + with_password[i].without;
	return false;
}

/* From the input, so that no list of processes shows it; line is to be freed. */
static void read_password(struct request *r, char **line)
{
	size_t cap = 0;
	if (!is_left_out(r) || r->n == REQUEST_MAX_ARGUMENTS)
		return;
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "Password: ");
	ssize_t n = getline(line, &cap, stdin);
	if (n > 0 && (*line)[n - 1] == '\n')
		n--;
	if (n > 0)
		r->arguments[r->n++] = slice_of(*line, (size_t)n);
}

/* ---- definitions ---- */

/* The file that the verb names goes out of the request, which must have no other words; "-" is
 * none.  NULL: it names none. */
static const char *take_file(struct request *r, const char *verb)
{
	struct slice said = { 0 };
	const char *path = NULL;
	size_t n = plain_words(r, &said);
	if (n == 0 || n > 2 || !slice_is(said, verb))
		return NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (is_of_option(r, i) || slice_is(r->arguments[i], verb))
			continue;
		path = (const char *)r->arguments[i].p;
		memmove(&r->arguments[i], &r->arguments[i + 1],
		        (--r->n - i) * sizeof *r->arguments);
		break;
	}
	return path && strcmp(path, "-") != 0 ? path : NULL;
}

/* As the last argument; text is to be freed. False: it cannot be read. */
static bool read_definitions(struct request *r, struct buf *text)
{
	struct slice said = { 0 };
	if (plain_words(r, &said) == 0 || !slice_is(said, "import_definitions"))
		return true;
	const char *path = take_file(r, "import_definitions");
	FILE *f = path ? fopen(path, "re") : stdin;
	for (size_t n = 1; f && n && text->len <= REQUEST_MAX_BYTES; text->len += n)
		n = fread(buf_reserve(text, READ_BYTES), 1, READ_BYTES, f);
	bool ok = f && !ferror(f);
	if (!ok)
		fprintf(stderr, "Error: %s cannot be read: %s\n", path ? path : "the input",
		        strerror(errno));
	if (f && path)
		fclose(f);
	r->arguments[r->n++] = buf_slice(text);
	return ok;
}

/* What is exported goes where the caller wants it. */
static bool open_output(struct request *r)
{
	const char *path = take_file(r, "export_definitions");
	if (!path || freopen(path, "we", stdout))
		return true;
	fprintf(stderr, "Error: %s cannot be written: %s\n", path, strerror(errno));
	return false;
}

int ctl_door(int argc, char **argv)
{
	struct asking a = { 0 };
	const char *why = read_arguments(&a, argc, argv);
	if (!why && a.request.n == 0)
		why = "a verb is needed; leveretctl --help lists them";
	if (why) {
		fprintf(stderr, "Error: %s\n", why);
		return CALL_EXIT_USAGE;
	}
	if (a.request.n == 1 && slice_is(a.request.arguments[0], "version")) {
		printf(VERSION "\n");
		return CALL_EXIT_OK;
	}
	char *line = NULL;
	struct buf text = { 0 };
	int code = CALL_EXIT_DATA;
	read_password(&a.request, &line);
	complete_path(&a);
	if (read_definitions(&a.request, &text) && open_output(&a.request))
		code = ask(&a);
	if (fflush(stdout) != 0 || ferror(stdout))
		code = code ? code : CALL_EXIT_SOFTWARE;
	buf_free(&text);
	free(line);
	return code;
}
