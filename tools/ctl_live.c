/* SPDX-License-Identifier: Apache-2.0 */
/* top and watch: what is shown is drawn anew, over what was there, as long as somebody looks.
 * Where no terminal is, one picture follows the other. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "management/glance.h"
#include "management/request.h"
#include "tools/ctl_asking.h"
#include "tools/ctl_own.h"
#include "tools/ctl_terminal.h"
#include "tools/ctl_words.h"

enum { RATED = 1000, HEAD_LINES = 4 };

static volatile sig_atomic_t over;

static void on_signal(int number)
{
	(void)number;
	over = 1;
}

/* ---- the terminal ---- */

struct screen {
	bool is_terminal, takes_keys;
	bool color;
	size_t columns, lines;
	struct termios before;
};

static void open_screen(struct screen *s)
{
	const char *plain = getenv("NO_COLOR");
	struct termios raw;
	struct sigaction stop = { .sa_handler = on_signal };
	*s = (struct screen){ .is_terminal = isatty(STDOUT_FILENO) };
	s->color = s->is_terminal && !(plain && *plain);
	s->takes_keys = s->is_terminal && isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &s->before);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	raw = s->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (s->takes_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	if (s->is_terminal)
		fputs("\033[?1049h\033[?25l", stdout);
	terminal_measure(STDOUT_FILENO, &s->columns, &s->lines);
}

static void close_screen(struct screen *s)
{
	if (s->is_terminal)
		fputs("\033[?25h\033[?1049l", stdout);
	if (s->takes_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
	fflush(stdout);
}

/* From the top; what is longer than the terminal is cut off. */
static void draw(const struct screen *s, struct slice text)
{
	size_t left = s->lines - 1;
	if (!s->is_terminal) {
		fwrite(text.p, 1, text.n, stdout);
		fflush(stdout);
		return;
	}
	fputs("\033[H", stdout);
	for (; text.n && left; left--) {
		struct slice line = slice_cut(&text, '\n');
		fwrite(line.p, 1, line.n, stdout);
		fputs("\033[K\n", stdout);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

/* For so long, or until a key: it, or 0. */
static char rest(const struct screen *s, long ms)
{
	struct pollfd in = { .fd = s->takes_keys ? STDIN_FILENO : -1, .events = POLLIN };
	char key = 0;
	if (poll(&in, 1, (int)ms) <= 0 || read(STDIN_FILENO, &key, 1) != 1)
		return 0;
	return key;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put_clock(struct buf *out)
{
	char text[32];
	time_t now = time(NULL);
	struct tm at;
	strftime(text, sizeof text, "%H:%M:%S", localtime_r(&now, &at));
	buf_printf(out, "%s", text);
}

/* ---- top ---- */

static int look(struct own_call *o, struct glance *g, size_t lines)
{
	char number[24];
	struct buf rows = { 0 };
	size_t most = g->order == GLANCE_RATE ? RATED : lines < RATED ? lines : RATED;
	struct request r = { .n = 6 };
	snprintf(number, sizeof number, "%zu", most);
	const char *words[] = { "rank_queues", "-s", "--sort", glance_sort(g->order), "--number",
		                    number };
	for (size_t i = 0; i < r.n; i++)
		r.arguments[i] = slice_str(words[i]);
	int code = asking_collect(o->whom, &r, r.arguments[0], &rows);
	if (!code && !glance_take(g, buf_slice(&rows), now_ms()))
		code = CALL_EXIT_SOFTWARE;
	glance_arrange(g);
	buf_free(&rows);
	return code;
}

static void show(const struct own_call *o, const struct glance *g, const struct screen *s,
                 size_t lines)
{
	struct buf text = { 0 };
	buf_printf(&text, "leveretctl top  %s  ", whom_print(o->whom));
	put_clock(&text);
	buf_printf(&text, "  by %s%s\n", glance_sort(g->order),
	           s->takes_keys ? "  (m r u b: another order, q: enough)" : "");
	glance_print(g, lines, s->columns, s->color, &text);
	draw(s, buf_slice(&text));
	buf_free(&text);
}

int own_top(struct own_call *o)
{
	struct glance g = { 0 };
	struct screen s;
	int code = CALL_EXIT_OK;
	if (o->sort && !glance_find_order(slice_str(o->sort), &g.order)) {
		fprintf(stderr, "Error: --sort takes m (messages), r (rate), u (unacknowledged) or b "
		                "(bytes)\n");
		return CALL_EXIT_USAGE;
	}
	open_screen(&s);
	for (long shown = 0; !over && !code && (!o->count || shown < o->count); shown++) {
		terminal_measure(STDOUT_FILENO, &s.columns, &s.lines);
		size_t room = s.lines > HEAD_LINES ? s.lines - HEAD_LINES : 1;
		size_t lines = o->number ? (size_t)o->number : room;
		code = look(o, &g, lines);
		if (!code)
			show(o, &g, &s, lines);
		char key = o->count && shown + 1 >= o->count
		           ? 0 : rest(&s, 1000 * (o->interval_s ? o->interval_s : 1));
		over |= key == 'q';
		if (key)
			glance_find_order(slice_of(&key, 1), &g.order);
	}
	close_screen(&s);
	glance_free(&g);
	return code;
}

int own_observer(struct own_call *o)
{
	return own_top(o);
}

/* ---- watch ---- */

int own_watch(struct own_call *o)
{
	struct screen s;
	struct request r = { .n = o->n };
	struct slice verb = o->words[0];
	int code = CALL_EXIT_OK;
	memcpy(r.arguments, o->words, o->n * sizeof *o->words);
	words_count(&r, &verb);
	open_screen(&s);
	for (long shown = 0; !over && !code && (!o->count || shown < o->count); shown++) {
		struct buf text = { 0 };
		terminal_measure(STDOUT_FILENO, &s.columns, &s.lines);
		code = asking_collect(o->whom, &r, verb, &text);
		draw(&s, buf_slice(&text));
		buf_free(&text);
		if (!o->count || shown + 1 < o->count)
			over |= rest(&s, 1000 * (o->interval_s ? o->interval_s : 2)) == 'q';
	}
	close_screen(&s);
	return code;
}
