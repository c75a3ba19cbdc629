/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody is there yet who would be kept waiting: the broker gets its turns from here.  As with
 * RabbitMQ a global parameter keeps what the files were when they were taken in. */
#include "server/import.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "amqp/table.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/broker.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "management/definitions.h"
#include "management/parsing.h"
#include "server/config.h"
#include "server/loop.h"
#include "server/notify.h"

struct import_file {
	char *name;
	struct parsing *parsing;
	struct definitions definitions;
};

enum { FILE_MAX_BYTES = 1 << 30, SAY_EVERY_MS = 1000, NAP_US = 500 };

/* ---- reading ---- */

static bool read_file(const char *path, struct buf *text, struct buf *why)
{
	FILE *f = fopen(path, "re");
	if (!f) {
		buf_printf(why, "load_definitions: %s: %s", path, strerror(errno));
		return false;
	}
	for (size_t n = 1; n && text->len < FILE_MAX_BYTES;) {
		n = fread(buf_reserve(text, 1 << 16), 1, 1 << 16, f);
		text->len += n;
	}
	bool ok = !ferror(f) && text->len < FILE_MAX_BYTES;
	fclose(f);
	if (!ok)
		buf_printf(why, "load_definitions: %s cannot be read, or has more than 1 GB", path);
	return ok;
}

static bool add(struct import *i, const char *path, struct buf *all, struct buf *why)
{
	struct buf text = { 0 }, fault = { 0 };
	if (!read_file(path, &text, why)) {
		buf_free(&text);
		return false;
	}
	i->files = mem_realloc(i->files, (i->n + 1) * sizeof *i->files);
	struct import_file *f = &i->files[i->n++];
	buf_append_slice(all, buf_slice(&text));
	*f = (struct import_file){ .name = mem_strdup(path) };
	f->parsing = parsing_new(NULL, &text, buf_slice(&text), slice_of(NULL, 0));
	bool ok = definitions_begin(&f->definitions, f->parsing, &fault);
	if (ok)
		i->has_users |= definitions_have_users(&f->definitions);
	else
		buf_printf(why, "load_definitions: %s: %.*s", path, SLICE_ARG(buf_slice(&fault)));
	buf_free(&fault);
	return ok;
}

static int is_json(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static bool add_all(struct import *i, const char *directory, struct buf *all, struct buf *why)
{
	char path[PATH_MAX + 257];
	struct dirent **entries;
	int n = scandir(directory, &entries, is_json, alphasort);
	bool ok = true;
	for (int k = 0; k < n; k++) {
		snprintf(path, sizeof path, "%s/%s", directory, entries[k]->d_name);
		ok = ok && add(i, path, all, why);
		free(entries[k]);
	}
	if (n >= 0)
		free(entries);
	return ok;
}

bool import_read(struct import *i, const struct config *c, struct buf *why)
{
	const char *path = c->load_definitions;
	struct buf all = { 0 };
	struct stat s;
	i->skip_if_unchanged = c->definitions_skip;
	if (!path[0])
		return true;
	bool many = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
	bool ok = many ? add_all(i, path, &all, why) : add(i, path, &all, why);
	i->digest = digest_of(buf_slice(&all));
	buf_free(&all);
	return ok;
}

/* ---- what they were ---- */

static const char hash_name[] = "imported_definition_hash_value";

static void print_hash(const struct import *i, char out[2 * sizeof(struct digest) + 1])
{
	for (size_t k = 0; k < sizeof i->digest; k++)
		snprintf(out + 2 * k, 3, "%02x", i->digest.bytes[k]);
}

static bool is_unchanged(const struct import *i, const struct broker *b)
{
	char hash[2 * sizeof(struct digest) + 1];
	const struct parameter *p =
		parameters_find(&b->parameters, slice_of("", 0), slice_str(hash_name));
	struct buf value = { 0 };
	print_hash(i, hash);
	table_put(&value, slice_of(NULL, 0),
	          &(struct field){ .letter = 'S', .bytes = slice_str(hash) });
	bool same = p && slice_eq(p->value, buf_slice(&value));
	buf_free(&value);
	return same;
}

static log_position note_hash(const struct import *i, struct broker *b)
{
	char hash[2 * sizeof(struct digest) + 1];
	struct buf object = { 0 }, why = { 0 };
	log_position wait_for;
	print_hash(i, hash);
	table_put_str(&object, "name", hash_name);
	table_put_str(&object, "value", hash);
	definitions_take(b, "global_parameters", buf_slice(&object), &wait_for, &why);
	buf_free(&object);
	buf_free(&why);
	return wait_for;
}

/* ---- taking in ---- */

struct progress {
	const char *name;
	uint64_t said_ms;
};

/* A turn, and now and then a word about it. */
static void turn(struct broker *b, struct progress *p)
{
	uint64_t now = loop_now_ms();
	manage_now(b, now);
	broker_turn(b, now);
	if (now - p->said_ms < SAY_EVERY_MS)
		return;
	p->said_ms = now;
	log_info("definitions are being taken in from %s", p->name);
	notify_status("Taking in definitions from %s", p->name);
	notify("EXTEND_TIMEOUT_USEC=30000000");
}

static void wait_for(struct broker *b, log_position at, struct progress *p)
{
	while (!manage_is_durable(b, at) && !broker_failed(b)) {
		turn(b, p);
		usleep(NAP_US);
	}
}

static void complain(const char *name, struct slice lines, struct buf *why)
{
	while (lines.n) {
		struct slice line = slice_cut(&lines, '\n');
		buf_printf(why, "%s%s: %.*s", why->len ? "\n" : "", name, SLICE_ARG(line));
	}
}

static void take(struct import_file *f, struct broker *b, struct buf *why)
{
	struct definitions *d = &f->definitions;
	struct progress p = { .name = f->name, .said_ms = loop_now_ms() };
	struct buf lines = { 0 }, report = { 0 };
	*d = (struct definitions){ .broker = b };
	manage_now(b, loop_now_ms());
	definitions_begin(d, f->parsing, &lines);
	while (definitions_import(d, &report, &lines))
		turn(b, &p);
	wait_for(b, d->wait_for, &p);
	complain(p.name, buf_slice(&lines), why);
	log_info("definitions were taken in from %s%s", p.name, lines.len ? ", not all of them" : "");
	buf_free(&lines);
	buf_free(&report);
}

bool import_run(struct import *i, struct broker *b, struct buf *why)
{
	if (i->n && i->skip_if_unchanged && is_unchanged(i, b)) {
		log_info("definitions are what they were when they were taken in, and are left alone");
		return true;
	}
	for (size_t k = 0; k < i->n; k++)
		take(&i->files[k], b, why);
	if (i->n && why->len == 0 && i->skip_if_unchanged)
		wait_for(b, note_hash(i, b), &(struct progress){ .name = i->files[0].name });
	b->events.actor = NULL;
	return why->len == 0 && !broker_failed(b);
}

void import_free(struct import *i)
{
	for (size_t k = 0; k < i->n; k++) {
		definitions_end(&i->files[k].definitions);
		parsing_end(&i->files[k].parsing);
		mem_free(i->files[k].name);
	}
	mem_free(i->files);
}
