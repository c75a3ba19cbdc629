/* SPDX-License-Identifier: Apache-2.0 */
/* Files of configuration: lines of key = value. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/config.h"

static struct slice trim(struct slice s)
{
	while (s.n && strchr(" \t\r", s.p[0]))
		slice_take(&s, 1);
	while (s.n && strchr(" \t\r", s.p[s.n - 1]))
		s.n--;
	return s;
}

/* A # behind a blank begins a comment.  What is in quotes ends at the first one behind which there
 * is nothing else. */
static struct slice take_value(struct slice v)
{
	v = trim(v);
	for (size_t i = 1; i < v.n && v.p[0] == '\''; i++) {
		struct slice rest = trim(slice_of(v.p + i + 1, v.n - i - 1));
		if (v.p[i] == '\'' && (rest.n == 0 || rest.p[0] == '#'))
			return slice_of(v.p + 1, i - 1);
	}
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '#' && (i == 0 || strchr(" \t", v.p[i - 1])))
			return trim(slice_of(v.p, i));
	return v;
}

/* What may be a key; what stands behind it may be a password. */
static struct slice first_word(struct slice line)
{
	size_t n = 0;
	while (n < line.n && line.p[n] > ' ' && line.p[n] != ':')
		n++;
	return slice_of(line.p, n);
}

static bool read_line(struct config *c, struct slice line, const char *where, struct buf *why)
{
	line = trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return true;
	if (memchr(line.p, '\0', line.n)) {
		buf_printf(why, "%s: this is no text", where);
		return false;
	}
	const uint8_t *equals = memchr(line.p, '=', line.n);
	if (!equals) {
		buf_printf(why, "%s: '%.*s' is not followed by = and a value", where,
		           SLICE_ARG(first_word(line)));
		return false;
	}
	struct slice key = trim(slice_take(&line, (size_t)(equals - line.p)));
	slice_take(&line, 1);
	return config_set(c, key, take_value(line), where, why);
}

bool config_read(struct config *c, struct slice text, const char *name, struct buf *why)
{
	for (unsigned number = 1; text.n; number++) {
		char where[PATH_MAX + 16];
		struct slice line = slice_cut(&text, '\n');
		snprintf(where, sizeof where, "%s:%u", name, number);
		if (!read_line(c, line, where, why))
			return false;
	}
	return true;
}

static bool load_file(struct config *c, const char *path, struct buf *why)
{
	struct buf text = { 0 };
	FILE *f = fopen(path, "re");
	if (!f) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return false;
	}
	for (size_t n; (n = fread(buf_reserve(&text, 4096), 1, 4096, f)) > 0;)
		text.len += n;
	bool ok = !ferror(f) && text.len < (1 << 20);
	fclose(f);
	if (!ok)
		buf_printf(why, "%s: cannot be read, or is larger than 1 MB", path);
	ok = ok && config_read(c, buf_slice(&text), path, why);
	buf_printf(&c->files, "%s\n", path);
	buf_free(&text);
	return ok;
}

static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

bool config_load_directory(struct config *c, const char *directory, struct buf *why)
{
	char file[PATH_MAX + 257];
	struct dirent **entries;
	int n = scandir(directory, &entries, is_conf, alphasort);
	bool ok = true;
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof file, "%s/%s", directory, entries[i]->d_name);
		ok = ok && load_file(c, file, why);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return ok;
}

bool config_load(struct config *c, const char *path, struct buf *why)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (!load_file(c, path, why))
		return false;
	snprintf(directory, sizeof directory, "%.*sconf.d", slash ? (int)(slash + 1 - path) : 0, path);
	return config_load_directory(c, directory, why);
}
