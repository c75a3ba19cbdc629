/* SPDX-License-Identifier: Apache-2.0 */
#include "play.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "memory.h"
#include "tests/sim/admin.h"
#include "mutations.h"
#include "verbs.h"

enum { TRACE_BYTES = 1 << 20, TRACE_SHOWN = 6000, ROUNDING_BYTES = 512 };

/* FILE:LINE, scene, line, what came; with tabs between. */
static void report(struct stage *s, char *why)
{
	for (char *p = why; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	fprintf(s->options->report, "%s:%d\t%s\t%s\t%s\n", s->script->file, s->at + 1,
	        s->scene + strspn(s->scene, " "), s->script->lines[s->at], why);
	fflush(s->options->report);
}

void stage_fail(struct stage *s, const char *format, ...)
{
	va_list args;
	char why[1500];
	if (s->failed)
		return;
	s->failed = true;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	if (s->options->report) {
		report(s, why);
		return;
	}
	printf("not ok %s:%d: %s\n  line: %s\n  %s", s->script->file, s->at + 1, s->scene,
	       s->script->lines[s->at], why);
	size_t from = s->trace.len > TRACE_SHOWN ? s->trace.len - TRACE_SHOWN : 0;
	printf("\n  so far:\n%.*s", (int)(s->trace.len - from), (const char *)s->trace.p + from);
}

/* ---- variables ---- */

const struct variable *stage_get(struct stage *s, const char *name, size_t n)
{
	for (int i = 0; i < VARIABLES_MAX; i++)
		if (s->variables[i].name[0] && strlen(s->variables[i].name) == n &&
		    !memcmp(s->variables[i].name, name, n))
			return &s->variables[i];
	return NULL;
}

void stage_set(struct stage *s, const char *name, struct slice value)
{
	struct variable *v = (struct variable *)stage_get(s, name, strlen(name));
	for (int i = 0; !v && i < VARIABLES_MAX; i++)
		if (!s->variables[i].name[0])
			v = &s->variables[i];
	if (!v || strlen(name) >= sizeof v->name) {
		stage_fail(s, "too many variables, or too long a name");
		return;
	}
	strcpy(v->name, name);
	buf_clear(&v->value);
	buf_append_slice(&v->value, value);
}

static void substitute(struct stage *s, const char *line, struct buf *out)
{
	for (const char *p = line; *p; p++) {
		size_t n = 0;
		while (*p == '$' && isalnum((unsigned char)p[1 + n]))
			n++;
		const struct variable *v = n ? stage_get(s, p + 1, n) : NULL;
		if (v) {
			buf_append_slice(out, buf_slice(&v->value));
			p += n;
		} else {
			buf_u8(out, (uint8_t)*p);
		}
	}
	buf_u8(out, 0);
}

/* ---- lines ---- */

void stage_flush(struct stage *s)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (s->clients[i].dialled)
			client_flush(&s->clients[i], s->options->feeding);
	if (s->inside.stuck)
		stage_fail(s, "the broker does not come to rest");
}

void stage_settle(struct stage *s, const struct client *but)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (&s->clients[i] != but)
			client_settle(&s->clients[i]);
}

static void start_inside(struct stage *s)
{
	struct buf why = { 0 };
	if (s->options->port)
		return;
	if (!inside_start(&s->inside, &why))
		stage_fail(s, "the broker does not start: %.*s", SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
}

static struct client *find_client(struct stage *s, const char *name)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (!strcmp(s->clients[i].name, name))
			return &s->clients[i];
	for (int i = 0; i < CLIENTS_MAX && strlen(name) < CLIENT_NAME_MAX; i++)
		if (!s->clients[i].name[0]) {
			strcpy(s->clients[i].name, name);
			return &s->clients[i];
		}
	return NULL;
}

static void play_client(struct stage *s, struct word *words, int n)
{
	struct saying y = { .who = find_client(s, words[0].value), .words = words + 1, .n = n - 1 };
	if (!y.who || words[0].key || y.n < 1) {
		stage_fail(s, "no such client, or nothing said");
		return;
	}
	if (isdigit((unsigned char)y.words[0].value[0]) && !y.words[0].key) {
		y.channel = (uint16_t)atoi(y.words[0].value);
		y.on_channel = true;
		y.words++;
		y.n--;
	}
	if (!s->inside.broker)
		start_inside(s);
	if (y.n < 1)
		stage_fail(s, "nothing said");
	else if (!s->failed)
		verb_play(s, &y);
}

/* broker durable / broker max_message_bytes=1000 ...: before the first client comes. */
static void play_broker(struct stage *s, struct word *words, int n)
{
#define OPTION(name)                                                                               \
	{                                                                                              \
#name, offsetof(struct broker_options, name), sizeof((struct broker_options *)0)->name     \
	}
	static const struct {
		const char *name;
		size_t at, size;
	} options[] = {
		OPTION(channel_max),
		OPTION(frame_max),
		OPTION(heartbeat_s),
		OPTION(max_message_bytes),
		OPTION(assembly_max_bytes),
		OPTION(outbox_max_bytes),
		OPTION(consumer_max_per_channel),
		OPTION(channel_max_per_node),
		OPTION(vhost_max),
		OPTION(cluster_queue_limit),
		OPTION(cluster_exchange_limit),
		OPTION(consumer_timeout_ms),
		OPTION(message_memory_bytes),
		OPTION(index_page_entries),
		OPTION(stream_keys_max),
	};
	for (int i = 1; i < n; i++) {
		uint64_t v = 0;
		size_t k = 0, count = sizeof options / sizeof *options;
		if (!words[i].key && !strcmp(words[i].value, "durable")) {
			s->inside.durable = true;
			continue;
		}
		while (k < count && (!words[i].key || strcmp(words[i].key, options[k].name)))
			k++;
		if (k == count || !value_number(words[i].value, &v))
			stage_fail(s, "no such option of the broker: %s", words[i].value);
		else
			memcpy((char *)&s->inside.options + options[k].at, &v, options[k].size);
	}
}

/* Every client is cut off; the next broker starts from what is on the disk. */
static void play_restart(struct stage *s, const char *how)
{
	if (!s->inside.broker)
		return;
	stage_flush(s);
	if (!strcmp(how, "restart"))
		inside_stop(&s->inside);
	else
		inside_crash(&s->inside, *how == 'k' ? DISK_SIM_KEEPS_ALL : DISK_SIM_LOSES_ALL);
	for (int i = 0; i < CLIENTS_MAX; i++)
		client_reset(&s->clients[i]);
	start_inside(s);
}

static bool is_nothing(const char *line)
{
	return strstr(line, "< nothing");
}

/* What must not have come by then is looked for a little earlier. */
static void pass_outside(struct stage *s, uint64_t ms)
{
	bool last = s->at + 1 >= s->to;
	if (!last && is_nothing(s->script->lines[s->at + 1]))
		s->early_ms = ms < EARLY_MS ? ms : EARLY_MS;
	outside_sleep(ms - s->early_ms);
}

/* What a look was early by passes before anything else is done. */
static void catch_up(struct stage *s, const char *line)
{
	if (is_nothing(line))
		return;
	outside_sleep(s->early_ms);
	s->early_ms = 0;
}

static void play_clock(struct stage *s, const char *by)
{
	char *unit;
	double n = strtod(by, &unit);
	if (strcmp(unit, "s") && strcmp(unit, "ms")) {
		stage_fail(s, "clock +10s or clock +500ms");
		return;
	}
	if (!s->inside.broker)
		start_inside(s);
	stage_flush(s);
	uint64_t ms = (uint64_t)(strcmp(unit, "s") ? n : n * 1000);
	if (s->options->port)
		pass_outside(s, ms);
	else
		inside_pass(&s->inside, ms);
}

/* While the disk holds its breath nothing becomes durable. */
static void play_disk(struct stage *s, const char *what)
{
	stage_flush(s);
	if (!strcmp(what, "held"))
		s->inside.held = true;
	else if (!strcmp(what, "released"))
		inside_let_go(&s->inside);
	else if (!strcmp(what, "fails") && s->inside.disk)
		disk_sim_fail_sync(s->inside.disk);
	else
		stage_fail(s, "disk held, disk released, disk fails");
}

/* What the broker holds now, beside what the clients of this stage hold. */
static size_t settled_memory(struct stage *s)
{
	stage_flush(s);
	for (int i = 0; i < CLIENTS_MAX; i++)
		client_rest(&s->clients[i]);
	return memory_live();
}

/* memory steady: the first time it is noted, after that there must not be more.  The allocator
 * rounds up now and then; what a scene repeats would leave more than that. */
static void play_memory(struct stage *s)
{
	size_t now = settled_memory(s);
	if (!s->noted)
		s->noted = now;
	else if (now > s->noted + ROUNDING_BYTES)
		stage_fail(s, "%zu bytes more than the first time", now - s->noted);
}

/* ctl VERB ARGUMENTS [=> CODE ["TEXT"]]: leveretctl, which ends with that code (0) and says so. */
static void play_ctl(struct stage *s, const struct word *words, int n)
{
	struct request r = { 0 };
	struct buf room[WORDS_MAX] = { 0 }, said = { 0 }, wanted = { 0 };
	int used = 1, code;
	char *end = "";
	stage_flush(s);
	for (; used < n && (words[used].key || strcmp(words[used].value, "=>")); used++) {
		struct buf *word = &room[r.n];
		if (words[used].key)
			buf_printf(word, "%s=", words[used].key);
		value_bytes(words[used].value, word);
		r.arguments[r.n++] = buf_slice(word);
	}
	if (!s->inside.broker)
		start_inside(s);
	if (used + 2 < n)
		value_bytes(words[used + 2].value, &wanted);
	code = s->failed ? 0 : admin_ask(&s->inside, &r, &said);
	if (code != (used + 1 < n ? strtol(words[used + 1].value, &end, 10) : 0) || *end ||
	    (wanted.len && !memmem(said.p, said.len, wanted.p, wanted.len)))
		stage_fail(s, "leveretctl ended with %d and said: %.*s", code, SLICE_ARG(buf_slice(&said)));
	for (size_t i = 0; i < r.n; i++)
		buf_free(&room[i]);
	buf_free(&said);
	buf_free(&wanted);
}

/* The broker is told to stop, as SIGTERM does. */
static void play_shutdown(struct stage *s)
{
	stage_flush(s);
	broker_stop(s->inside.broker, s->inside.now_ms);
	inside_pass(&s->inside, 0);
}

static void play_mutations(struct stage *s)
{
	struct buf why = { 0 };
	if (!mutations_run(&why))
		stage_fail(s, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
}

static void play_words(struct stage *s, struct word *words, int n)
{
	const char *first = words[0].value;
	if (!strcmp(first, "clock") && n == 2)
		play_clock(s, words[1].value);
	else if (!strcmp(first, "ctl") && n > 1)
		play_ctl(s, words, n);
	else if (!strcmp(first, "broker"))
		play_broker(s, words, n);
	else if (!strcmp(first, "disk") && n == 2)
		play_disk(s, words[1].value);
	else if (!strcmp(first, "memory") && n == 2 && !strcmp(words[1].value, "steady"))
		play_memory(s);
	else if (!strcmp(first, "shutdown") && n == 1 && s->inside.broker)
		play_shutdown(s);
	else if (!strcmp(first, "mutations") && n == 1)
		play_mutations(s);
	else if (!strcmp(first, "restart") || !strcmp(first, "killed") || !strcmp(first, "blackout"))
		play_restart(s, first);
	else
		play_client(s, words, n);
}

static void play_text(struct stage *s, const char *text)
{
	struct word words[WORDS_MAX];
	struct buf line = { 0 };
	substitute(s, text, &line);
	catch_up(s, text);
	int n = words_cut((char *)line.p, words);
	if (n < 0)
		stage_fail(s, "a quote or bracket is open, or there are too many words");
	else if (n > 0)
		play_words(s, words, n);
	buf_free(&line);
	if (s->trace.len > TRACE_SHOWN)
		buf_consume(&s->trace, s->trace.len - TRACE_SHOWN);
}

void stage_line(struct stage *s, const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n >= 0 && !s->failed)
		play_text(s, text);
	free(text);
}

/* ---- scenes ---- */

static const char *first_word(const char *line, const char *word)
{
	size_t n = strlen(word);
	line += strspn(line, " \t");
	return !strncmp(line, word, n) && (!line[n] || isspace((unsigned char)line[n])) ? line + n
	                                                                                : NULL;
}

static int matching_end(const struct script *s, int from, int to)
{
	int depth = 1;
	for (int i = from; i < to; i++) {
		if (first_word(s->lines[i], "repeat"))
			depth++;
		else if (first_word(s->lines[i], "end") && --depth == 0)
			return i;
	}
	return to;
}

static void play_lines(struct stage *s, int from, int to);

static void play_repeat(struct stage *s, int from, int to, const char *times)
{
	char i_text[24];
	int n = atoi(times);
	for (int i = 1; i <= n && !s->failed; i++) {
		snprintf(i_text, sizeof i_text, "%d", i);
		stage_set(s, "i", slice_str(i_text));
		play_lines(s, from, to);
	}
}

static void play_lines(struct stage *s, int from, int to)
{
	for (int i = from; i < to && !s->failed; i++) {
		const char *times = first_word(s->script->lines[i], "repeat");
		s->at = i;
		if (times) {
			int end = matching_end(s->script, i + 1, to);
			play_repeat(s, i + 1, end, times);
			i = end;
		} else {
			play_text(s, s->script->lines[i]);
		}
	}
}

/* What is left unread at the end was not expected. */
static void nothing_left(struct stage *s)
{
	struct buf why = { 0 };
	if (!s->failed)
		stage_flush(s);
	for (int i = 0; i < CLIENTS_MAX && !s->failed; i++) {
		struct client *c = &s->clients[i];
		if (!c->dialled)
			continue;
		if (c->port)
			client_wait(c, QUIET_MS);
		if (!client_read(c, &s->trace, &why))
			stage_fail(s, "%.*s", SLICE_ARG(buf_slice(&why)));
		for (size_t k = 0; k < c->n_items; k++)
			if (c->items[k].kind != ITEM_BEAT)
				stage_fail(s, "at the end of the scene %s has something unread", c->name);
	}
	buf_free(&why);
}

static void leave_stage(struct stage *s)
{
	if (s->inside.broker && !s->failed)
		broker_check(s->inside.broker);
	for (int i = 0; i < CLIENTS_MAX; i++)
		client_reset(&s->clients[i]);
	inside_stop(&s->inside);
	inside_forget(&s->inside);
	if (s->options->port)
		litter_sweep(&s->litter, s->options->port);
	for (int i = 0; i < VARIABLES_MAX; i++)
		buf_free(&s->variables[i].value);
	buf_free(&s->trace);
}

/* Behind the line that failed, the next one with which a conversation begins anew. */
static int next_entrance(const struct stage *s, int from, int to)
{
	const char *const *lines = (const char *const *)s->script->lines;
	int depth = 0;
	for (int i = from; i < to; i++) {
		depth += first_word(lines[i], "repeat") ? 1 : 0;
		depth -= first_word(lines[i], "end") ? 1 : 0;
		bool begins = strstr(lines[i], " dials") || strstr(lines[i], " connects");
		if (depth == 0 && i > s->at && begins)
			return i;
	}
	return to;
}

static void play_scene(const struct script *script, const struct play_options *o, int from, int to,
                       struct tally *t)
{
	struct stage *s = mem_zalloc(sizeof *s);
	s->options = o;
	s->script = script;
	s->scene = first_word(script->lines[from], "scene");
	s->at = from;
	s->to = to;
	inside_init(&s->inside);
	size_t before = memory_live();
	buf_reserve(&s->trace, TRACE_BYTES); /* it does not grow while memory is watched */
	bool differs = false;
	for (int at = from + 1; at < to;) {
		s->failed = false;
		play_lines(s, at, to);
		differs |= s->failed;
		at = s->failed && o->report ? next_entrance(s, from, to) : to;
	}
	s->failed = differs;
	nothing_left(s);
	leave_stage(s);
	size_t after = memory_live();
	if (after > before && !o->port)
		stage_fail(s, "%zu bytes are still allocated after the scene", after - before);
	t->passed += !s->failed;
	t->failed += s->failed;
	mem_free(s);
}

static int next_scene(const struct script *s, int from)
{
	while (from < s->n && !first_word(s->lines[from], "scene"))
		from++;
	return from;
}

/* In a process of its own, which shows by how it ends whether the scene passed. */
static void play_apart(const struct script *s, const struct play_options *o, int from, int to,
                       struct tally *t)
{
	struct tally mine = { 0 };
	FILE *said = tmpfile();
	fflush(stdout);
	int pid = said ? fork() : -1;
	if (pid == 0) {
		dup2(fileno(said), STDOUT_FILENO);
		play_scene(s, o, from, to, &mine);
		fflush(stdout);
		_exit(mine.failed != 0);
	}
	must(pid > 0);
	t->apart[t->n_apart].pid = pid;
	t->apart[t->n_apart++].said = said;
}

void play_end(struct tally *t)
{
	for (int i = 0; i < t->n_apart; i++) {
		int status = 1, c;
		waitpid(t->apart[i].pid, &status, 0);
		rewind(t->apart[i].said);
		while ((c = getc(t->apart[i].said)) != EOF)
			putchar(c);
		fclose(t->apart[i].said);
		t->passed += status == 0;
		t->failed += status != 0;
	}
}

void play_story(const struct script *s, const struct play_options *o, struct tally *t)
{
	struct tally mine = { 0 };
	for (int to, from = next_scene(s, 0); from < s->n; from = to) {
		to = next_scene(s, from + 1);
		if (o->only && !strstr(s->lines[from], o->only))
			continue;
		if (o->port && !outside_can_play(s, from + 1, to))
			mine.inside++;
		else if (o->port && t->n_apart < APART_MAX && outside_is_apart(s, from + 1, to))
			play_apart(s, o, from, to, t);
		else
			play_scene(s, o, from, to, &mine);
	}
	t->inside += mine.inside;
	printf("%s %s: %d scenes%s", mine.failed ? "not ok" : "ok", s->file, mine.passed + mine.failed,
	       mine.failed ? ", " : "\n");
	if (mine.failed)
		printf("%d failed\n", mine.failed);
	t->passed += mine.passed;
	t->failed += mine.failed;
}
