/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over every file of a folder (or over the files named), without a
 * fuzzer: what was once found stays fixed. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/fuzz/fuzz.h"

static unsigned passed, failed;
static const char *current;   /* the file being replayed */

static void name_the_file(int signal_number)
{
	ssize_t ignored = write(STDERR_FILENO, current, strlen(current));
	ignored = write(STDERR_FILENO, "\n", 1);
	(void)ignored;
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static bool load(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	for (size_t n = 1; n;) {
		n = fread(buf_reserve(out, 65536), 1, 65536, f);
		out->len += n;
	}
	bool ok = !ferror(f);
	fclose(f);
	return ok;
}

/* The input lies in memory of exactly its size, so that a sanitizer sees one byte too many. */
static void replay(const char *path)
{
	struct buf b = { 0 };
	if (!load(path, &b)) {
		perror(path);
		failed++;
		return;
	}
	uint8_t *exact = malloc(b.len ? b.len : 1);
	must(exact);
	if (b.len)
		memcpy(exact, b.p, b.len);
	current = path;
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	buf_free(&b);
	passed++;
}

static void replay_folder(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort);
	if (n < 0) {
		perror(folder);
		failed++;
		return;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat s;
		snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		if (stat(path, &s) == 0 && S_ISREG(s.st_mode))
			replay(path);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 && strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 : "corpus";
	signal(SIGABRT, name_the_file);
	for (int i = 1; i < argc; i++) {
		struct stat s;
		if (stat(argv[i], &s) == 0 && S_ISDIR(s.st_mode))
			replay_folder(argv[i]);
		else
			replay(argv[i]);
	}
	printf("passed %u failed %u corpus-%s\n", passed, failed, name);
	return failed || !passed;
}
