/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "management/request.h"
#include "tools/ctl_asking.h"

static const struct own owns[] = {
#define OWN(name, way, least, most, usage, help, example) \
	{ #name, OWN_##way, least, most, usage, help, example, own_##name },
#include "tools/ctl_own.def"
#undef OWN
};

const struct own *own_at(size_t i)
{
	return i < sizeof owns / sizeof *owns ? &owns[i] : NULL;
}

const struct own *own_find(struct slice name)
{
	const struct own *o;
	for (size_t i = 0; (o = own_at(i)); i++)
		if (slice_is(name, o->name))
			return o;
	return NULL;
}

/* ---- options ---- */

static void drop(struct request *r, size_t i, size_t n)
{
	r->n -= n;
	memmove(&r->arguments[i], &r->arguments[i + n], (r->n - i) * sizeof *r->arguments);
}

/* At i, with its value, which may be inside; false: it is another one. */
static bool take_value(struct request *r, size_t i, const char *name, const char **value)
{
	struct slice a = r->arguments[i];
	size_t n = strlen(name);
	if (slice_starts(a, name) && a.n > n && a.p[n] == '=') {
		*value = (const char *)a.p + n + 1;
		drop(r, i, 1);
		return true;
	}
	if (!slice_is(a, name) || i + 1 >= r->n)
		return false;
	*value = (const char *)r->arguments[i + 1].p;   /* arguments of the program end with NUL */
	drop(r, i, 2);
	return true;
}

static bool take_number(struct request *r, size_t i, const char *name, long *out)
{
	const char *text;
	if (!take_value(r, i, name, &text))
		return false;
	*out = atol(text) > 0 ? atol(text) : 1;
	return true;
}

static bool take_flag(struct request *r, size_t i, const char *name, bool *out)
{
	if (!slice_is(r->arguments[i], name))
		return false;
	*out = true;
	drop(r, i, 1);
	return true;
}

static void take_options(struct own_call *o)
{
	struct request *r = o->request;
	bool once = false;
	for (size_t i = 0; i < r->n && !slice_is(r->arguments[i], "--");) {
		if (take_flag(r, i, "--once", &once)) {
			o->count = 1;
		} else if (!take_flag(r, i, "--list-ciphers", &o->lists_ciphers) &&
		           !take_flag(r, i, "--list-hashes", &o->lists_hashes) &&
		           !take_value(r, i, "--sort", &o->sort) &&
		           !take_value(r, i, "--cipher", &o->cipher) &&
		           !take_value(r, i, "--hash", &o->hash) &&
		           !take_value(r, i, "--iterations", &o->iterations) &&
		           !take_number(r, i, "--count", &o->count) &&
		           !take_number(r, i, "--interval", &o->interval_s) &&
		           !take_number(r, i, "--number", &o->number)) {
			i++;
		}
	}
}

/* Behind the verb, options too: they are the business of whom the words go to. */
static void take_words(struct own_call *o)
{
	for (size_t i = 0; i < o->request->n; i++)
		if (o->request->arguments[i].p != o->verb.p)
			o->words[o->n++] = o->request->arguments[i];
}

int own_run(const struct own *own, struct whom *w, struct request *r, struct slice verb)
{
	struct own_call o = { .whom = w, .request = r, .verb = verb };
	take_options(&o);
	take_words(&o);
	if (o.n >= own->least && o.n <= own->most)
		return own->handle(&o);
	fprintf(stderr, "Error: leveretctl %s %s\n", own->name, own->usage);
	return CALL_EXIT_USAGE;
}

/* ---- await_startup, wait ---- */

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static bool answers(const struct whom *w)
{
	struct request ping = { .arguments = { slice_str("ping") }, .n = 1 };
	struct asking a = { .whom = w, .quiet = true };
	struct answer_piece p;
	if (asking_open(&a, &ping, ping.arguments[0]))
		while (asking_next(&a, &p))
			;
	asking_close(&a);
	return a.code == CALL_EXIT_OK;
}

static double deadline(const struct whom *w)
{
	return now_s() + (w->timeout_s ? (double)w->timeout_s : 300.);
}

static int too_late(const char *what)
{
	fprintf(stderr, "Error: %s\n", what);
	return EXIT_TIMEOUT;
}

static int await(const struct whom *w, double until_s)
{
	while (!answers(w)) {
		if (now_s() > until_s)
			return too_late("the broker has not started in time");
		rest();
	}
	return CALL_EXIT_OK;
}

int own_await_startup(struct own_call *o)
{
	return await(o->whom, deadline(o->whom));
}

/* The process that the file names; 0: there is no file, or no number in it. */
static long process_in(const char *path)
{
	long pid = 0;
	FILE *f = fopen(path, "re");
	if (f && fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static bool is_running(long pid)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "re");
	if (f)
		fclose(f);
	return f != NULL;
}

int own_wait(struct own_call *o)
{
	double until_s = deadline(o->whom);
	long pid = 0;
	const char *path = o->n ? (const char *)o->words[0].p : NULL;
	if (path)
		printf("Waiting for pid file '%s' to appear\n", path);
	while (path && !(pid = process_in(path))) {
		if (now_s() > until_s)
			return too_late("the file has not appeared in time");
		rest();
	}
	if (path)
		printf("pid is %ld\n", pid);
	while (!answers(o->whom)) {
		if (path && !is_running(pid)) {
			fprintf(stderr, "Error:\nprocess_not_running\n");
			return CALL_EXIT_UNAVAILABLE;
		}
		if (now_s() > until_s)
			return too_late("the broker has not started in time");
		rest();
	}
	return CALL_EXIT_OK;
}

/* ---- report ---- */

int own_report(struct own_call *o)
{
	static const char *const verbs[] = {
		"status", "cluster_status", "listeners", "alarms", "memory_breakdown", "list_plugins",
		"list_feature_flags", "list_vhosts", "list_users", "list_permissions", "list_queues",
		"list_exchanges", "list_bindings", "list_connections", "list_channels", "list_consumers",
		"list_policies", "list_operator_policies", "list_parameters", "list_global_parameters",
		"rank_queues", "message_size_stats", "list_node_auth_attempt_stats", "log_tail",
	};
	int code = CALL_EXIT_OK;
	printf("Reporting server status ...\n");
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		struct buf text = { 0 };
		struct request r = { .arguments = { slice_str(verbs[i]) }, .n = 1 };
		int failed = asking_collect(o->whom, &r, r.arguments[0], &text);
		fwrite(text.p, 1, text.len, stdout);
		putchar('\n');
		code = code ? code : failed;
		buf_free(&text);
		if (failed == CALL_EXIT_UNAVAILABLE)
			break;
	}
	return code;
}
