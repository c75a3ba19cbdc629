/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_whom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "management/request.h"
#include "server/secret.h"

#define INSTALLED_DATA_DIR "/var/lib/leveret"

/* ---- options ---- */

bool option_takes(const char *name, char **argv, int *i, const char **value)
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

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

/* Where a broker that was started here keeps its data, or one that was installed. */
void whom_init(struct whom *w)
{
	bool here = access("./data", F_OK) == 0;
	*w = (struct whom){ .host = variable("LEVERET_HOST", NULL) };
	w->data_dir = variable("LEVERET_DATA_DIR", here ? "./data" : INSTALLED_DATA_DIR);
	w->user = variable("LEVERET_USER", "guest");
}

bool whom_take(struct whom *w, char **argv, int *i, const char **why)
{
	const char *value = "", *seconds = NULL;
	const struct {
		const char *name;
		const char **set;
	} options[] = {
		{ "--data-dir", &w->data_dir }, { "--host", &w->host }, { "--username", &w->user },
		{ "--cacert", &w->ca }, { "--timeout", &seconds }, { "-t", &seconds },
	};
	*why = NULL;
	if (strcmp(argv[*i], "--password-stdin") == 0) {
		w->password_from_input = true;
		return true;
	}
	for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
		if (!option_takes(options[k].name, argv, i, &value))
			continue;
		*options[k].set = value;
		if (!value)
			*why = "an option needs a value";
		else if (options[k].set == &w->data_dir)
			w->host = NULL;
		w->timeout_s = seconds ? atol(seconds) : w->timeout_s;
		return true;
	}
	return false;
}

/* ---- passwords ---- */

static int find_password(struct whom *w)
{
	const char *said = getenv("LEVERET_PASSWORD");
	if (w->password_from_input || !said)
		w->password = w->password_from_input || isatty(STDIN_FILENO)
		              ? secret_read("Password of the user to log in as: ")
		              : NULL;
	else
		w->password = strdup(said);
	if (w->password)
		return CALL_EXIT_OK;
	fprintf(stderr, "Error: there is no password: it comes from the variable LEVERET_PASSWORD, "
	                "with --password-stdin from the input, or from a terminal\n");
	return CALL_EXIT_USAGE;
}

/* ---- the host ---- */

static bool strip(char **s, const char *prefix)
{
	size_t n = strlen(prefix);
	if (strncmp(*s, prefix, n) != 0)
		return false;
	memmove(*s, *s + n, strlen(*s + n) + 1);
	return true;
}

/* "[::1]:15672", "name:15672", "name". */
static void split(struct whom *w)
{
	char *s = w->name, *end = s[0] == '[' ? strchr(s, ']') : NULL, *colon;
	w->port = w->tls ? "15671" : "15672";
	if (end) {
		memmove(s, s + 1, (size_t)(end - s - 1));
		colon = end[1] == ':' ? end + 1 : NULL;
		end[-1] = '\0';
	} else {
		colon = strrchr(s, ':');
		colon = colon && strchr(s, ':') == colon ? colon : NULL;   /* ::1 is an address */
	}
	if (!colon)
		return;
	*colon = '\0';
	w->port = colon + 1;
}

int whom_settle(struct whom *w)
{
	if (!w->host)
		return CALL_EXIT_OK;
	w->name = strdup(w->host);
	if (strip(&w->name, "https://"))
		w->tls = true;
	else
		strip(&w->name, "http://");
	w->name[strcspn(w->name, "/")] = '\0';
	split(w);
	if (strchr(w->name, '@') || !*w->name || !*w->port) {
		fprintf(stderr, "Error: '%s' is no host: [https://]NAME[:PORT]\n", w->host);
		return CALL_EXIT_USAGE;
	}
	return find_password(w);
}

void whom_free(struct whom *w)
{
	secret_free(w->password);
	free(w->name);
}

const char *whom_print(const struct whom *w)
{
	return w->host ? w->host : w->data_dir;
}
