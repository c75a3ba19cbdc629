/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_import.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "management/json.h"
#include "management/request.h"
#include "management/taking.h"
#include "tools/ctl_asking.h"
#include "tools/ctl_terminal.h"
#include "tools/ctl_words.h"

enum { PART_BYTES = 1 << 20, SECTIONS_MAX = 32, READ_BYTES = 64 << 10, KEY_BYTES = 256 };

struct section {
	const char *name;
	off_t at;                    /* behind the bracket that opens it; 0: the file has none */
	uint64_t all, done;
};

struct import {
	const struct whom *whom;
	const struct request *request;
	struct slice verb;
	FILE *file;
	struct section sections[SECTIONS_MAX];
	size_t n;
	struct buf format;           /* what the file says that it is */
	struct buf part;             /* elements, with commas between */
	uint64_t in_part;
	json_t *sums;                /* of what the answers say, where they are JSON */
	struct buf why;              /* it cannot be read */
	int code;
	bool lines;                  /* it goes out as objects of JSON instead */
};

/* ---- reading JSON ---- */

static int peek(struct import *m)
{
	int c = getc_unlocked(m->file);
	while (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		c = getc_unlocked(m->file);
	return ungetc(c, m->file);
}

static bool fail(struct import *m, const char *why)
{
	if (!m->why.len)
		buf_printf(&m->why, "the definitions are no JSON near byte %lld: %s",
		           (long long)ftello(m->file), why);
	return false;
}

static bool expect(struct import *m, int c)
{
	return peek(m) == c ? getc_unlocked(m->file) == c : fail(m, "something else stands there");
}

static bool keep(struct import *m, struct buf *out, int c)
{
	if (out && out->len >= REQUEST_MAX_BYTES / 2)
		return fail(m, "one value is too long");
	if (out)
		buf_u8(out, (uint8_t)c);
	return true;
}

/* Behind its first quote, to the last. */
static bool read_text(struct import *m, struct buf *out)
{
	for (int c; (c = getc_unlocked(m->file)) != EOF;) {
		if (!keep(m, out, c))
			return false;
		if (c == '"')
			return true;
		if (c == '\\' && !keep(m, out, getc_unlocked(m->file)))
			return false;
	}
	return fail(m, "a text does not end");
}

/* Behind an element: a comma and something else, or the bracket that closes it all. */
static bool read_comma(struct import *m, int bracket)
{
	if (peek(m) == bracket)
		return true;
	return expect(m, ',') && (peek(m) != bracket || fail(m, "nothing follows a comma"));
}

/* A value of any kind, to its end; what is in it is not looked at. */
static bool read_value(struct import *m, struct buf *out)
{
	uint64_t depth = 0;
	int c = peek(m);
	do {
		c = getc_unlocked(m->file);
		if (c == EOF)
			return fail(m, "it ends in a value");
		if (!keep(m, out, c) || (c == '"' && !read_text(m, out)))
			return false;
		depth += c == '{' || c == '[';
		if ((c == '}' || c == ']') && depth-- == 0)
			return fail(m, "a bracket is closed that was not opened");
		int next = ungetc(getc_unlocked(m->file), m->file);
		bool ends = next == ',' || next == '}' || next == ']' || next == EOF || next == ' ' ||
		            next == '\n' || next == '\r' || next == '\t';
		if (depth == 0 && (c == '"' || c == '}' || c == ']' || ends))
			return true;
	} while (true);
}

/* ---- parts ---- */

/* As definitions of their own. */
static void wrap(struct import *m, const struct section *s, struct buf *out)
{
	buf_u8(out, '{');
	if (m->format.len)
		buf_printf(out, "\"rabbitmq_definition_format\":%.*s,", SLICE_ARG(buf_slice(&m->format)));
	buf_printf(out, "\"%s\":[", s->name);
	buf_append_slice(out, buf_slice(&m->part));
	buf_printf(out, "]}");
}

static bool check_part(struct import *m, struct section *s, struct slice text)
{
	json_t *v = json_parse(text, &m->why);
	json_decref(v);
	s->all += m->in_part;
	return v != NULL;
}

static void put_progress(const struct import *m, struct buf *out)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->sections[i].done)
			buf_printf(out, "%s%s %" PRIu64 "/%" PRIu64, out->len ? " " : "", m->sections[i].name,
			           m->sections[i].done, m->sections[i].all);
}

static void show(struct import *m)
{
	struct buf text = { 0 };
	put_progress(m, &text);
	if (m->lines)
		printf("{\"progress\":\"%.*s\"}\n", SLICE_ARG(buf_slice(&text)));
	else
		terminal_show(buf_slice(&text));
	fflush(stdout);
	buf_free(&text);
}

/* Where an answer is JSON its last line is a sum. */
static void add_up(struct import *m, struct slice answer)
{
	for (struct slice rest = answer; rest.n;)
		answer = slice_cut(&rest, '\n');
	struct buf why = { 0 };
	const char *key;
	json_t *v = json_parse(answer, &why), *n;
	if (json_is_object(v) && !m->sums)
		m->sums = json_object();
	json_object_foreach(v, key, n)
		json_object_set_new(m->sums, key, json_integer(
			json_integer_value(n) + json_integer_value(json_object_get(m->sums, key))));
	json_decref(v);
	buf_free(&why);
}

/* What is wrong with single objects was said, and the others are in: it goes on. */
static bool send_part(struct import *m, struct section *s, struct slice text)
{
	struct request r = *m->request;
	char before[32];
	struct buf answer = { 0 };
	snprintf(before, sizeof before, "--before=%" PRIu64, s->done);
	r.arguments[r.n++] = slice_str("-q");
	r.arguments[r.n++] = slice_str(before);
	r.arguments[r.n++] = text;
	int code = asking_collect(m->whom, &r, m->verb, &answer);
	add_up(m, buf_slice(&answer));
	buf_free(&answer);
	s->done += m->in_part;
	show(m);
	m->code = m->code ? m->code : code;
	return code == CALL_EXIT_OK || code == CALL_EXIT_DATA;
}

typedef bool part_handler(struct import *m, struct section *s, struct slice text);

static bool hand_on(struct import *m, struct section *s, part_handler *handle)
{
	struct buf text = { 0 };
	wrap(m, s, &text);
	bool ok = m->in_part == 0 || handle(m, s, buf_slice(&text));
	buf_clear(&m->part);
	m->in_part = 0;
	buf_free(&text);
	return ok;
}

/* Behind the bracket, to the one that closes it. */
static bool walk(struct import *m, struct section *s, part_handler *handle)
{
	while (peek(m) != ']') {
		if (m->in_part)
			buf_u8(&m->part, ',');
		if (!read_value(m, &m->part))
			return false;
		m->in_part++;
		if (m->part.len >= PART_BYTES && !hand_on(m, s, handle))
			return false;
		if (!read_comma(m, ']'))
			return false;
	}
	return expect(m, ']') && hand_on(m, s, handle);
}

/* ---- the file ---- */

static void name_sections(struct import *m)
{
	const char *name;
	bool alone;
	for (size_t i = 0; (name = taking_section(i, &alone)); i++) {
		bool known = false;
		for (size_t k = 0; k < m->n; k++)
			known |= strcmp(m->sections[k].name, name) == 0;
		if (!known && m->n < SECTIONS_MAX)
			m->sections[m->n++].name = name;
	}
}

static bool read_pair(struct import *m)
{
	struct buf key = { 0 };
	bool ok = expect(m, '"') && read_text(m, &key) && expect(m, ':');
	struct slice name = slice_of(key.p, key.len ? key.len - 1 : 0);
	struct section *s = NULL;
	for (size_t i = 0; ok && i < m->n; i++)
		s = slice_is(name, m->sections[i].name) ? &m->sections[i] : s;
	if (ok && s) {
		ok = expect(m, '[');
		s->at = ftello(m->file);
		s->all = 0;
		ok = ok && walk(m, s, check_part);
	} else if (ok) {
		bool format = slice_is(name, "rabbitmq_definition_format");
		ok = read_value(m, format ? &m->format : NULL);
	}
	buf_free(&key);
	return ok;
}

static bool read_through(struct import *m)
{
	if (!expect(m, '{'))
		return false;
	while (peek(m) != '}') {
		if (!read_pair(m) || !read_comma(m, '}'))
			return false;
	}
	return expect(m, '}') && (peek(m) == EOF || fail(m, "something follows"));
}

static bool send_through(struct import *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->sections[i].all && (fseeko(m->file, m->sections[i].at, SEEK_SET) != 0 ||
		                           !walk(m, &m->sections[i], send_part)))
			return false;
	return true;
}

/* The input can be read once: it is kept in a file that is gone with the process. */
static FILE *keep_input(struct slice read)
{
	char room[READ_BYTES];
	FILE *f = tmpfile();
	bool ok = f && fwrite(read.p, 1, read.n, f) == read.n;
	for (size_t n = 1; ok && n;) {
		n = fread(room, 1, sizeof room, stdin);
		ok = fwrite(room, 1, n, f) == n && !ferror(stdin);
	}
	if (ok)
		rewind(f);
	else if (f)
		fclose(f);
	return ok ? f : NULL;
}

static bool has(const struct request *r, const char *option)
{
	for (size_t i = 0; i < r->n; i++)
		if (slice_is(r->arguments[i], option))
			return true;
	return false;
}

static int conclude(struct import *m)
{
	terminal_wipe();
	if (m->why.len)
		fprintf(stderr, "Error: %.*s\n", SLICE_ARG(buf_slice(&m->why)));
	char *sums = m->sums ? json_dumps(m->sums, JSON_COMPACT) : NULL;
	if (sums)
		printf("%s\n", sums);
	else if (!m->code && !m->why.len)
		printf("Successfully imported definitions.\n");
	free(sums);
	return m->why.len ? CALL_EXIT_DATA : m->code;
}

int import_in_parts(const struct whom *w, const struct request *r, struct slice verb,
                    const char *path, struct slice read)
{
	struct import m = { .whom = w, .request = r, .verb = verb, .lines = has(r, "--json") };
	if (words_ask_dry_run(r) || has(r, "--reconcile") || r->n + 3 > REQUEST_MAX_ARGUMENTS) {
		fprintf(stderr, "Error: definitions of more than %d MB are imported in parts, and cannot "
		        "be compared with --dry-run or --reconcile\n", REQUEST_MAX_BYTES >> 20);
		return CALL_EXIT_DATA;
	}
	m.file = path ? fopen(path, "re") : keep_input(read);
	if (!m.file) {
		fprintf(stderr, "Error: %s cannot be read: %s\n", path ? path : "the input",
		        strerror(errno));
		return CALL_EXIT_DATA;
	}
	name_sections(&m);
	if (read_through(&m))
		send_through(&m);
	fclose(m.file);
	int code = conclude(&m);
	json_decref(m.sums);
	buf_free(&m.format);
	buf_free(&m.part);
	buf_free(&m.why);
	return code;
}
