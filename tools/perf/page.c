/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/perf/page.h"

#include <stdlib.h>

#include "tools/perf/options.h"
#include "tools/perf/report.h"

enum { WIDTH = 860, HEIGHT = 220, LEFT = 70, BOTTOM = 24, TOP = 10, LINES = 4 };

static const char *const colors[] = { "#0072b2", "#d98200", "#00855f", "#a8568a" };

static const char style[] =
	":root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}"
	"body{max-width:900px;margin:2rem auto;padding:0 1rem}"
	"h1{font-size:1.4rem}h2{font-size:1rem;margin:1.6rem 0 .3rem}"
	"table{border-collapse:collapse}td,th{padding:.15rem 1.2rem .15rem 0;text-align:right}"
	"th:first-child,td:first-child{text-align:left}"
	"svg{width:100%;height:auto}svg text{font-size:11px;fill:currentColor;opacity:.7}"
	".g{stroke:currentColor;opacity:.15}path{fill:none;stroke-width:1.8}"
	"code{font-size:.9em}small{opacity:.7}";

void page_point(struct page_points *all, struct page_point point)
{
	if (all->n == all->cap) {
		all->cap = all->cap ? 2 * all->cap : 64;
		all->p = realloc(all->p, all->cap * sizeof *all->p);
	}
	all->p[all->n++] = point;
}

static void put_text(FILE *f, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<': fputs("&lt;", f); break;
		case '>': fputs("&gt;", f); break;
		case '&': fputs("&amp;", f); break;
		case '"': fputs("&quot;", f); break;
		default: fputc(*s, f);
		}
}

/* ---- charts ---- */

struct line {
	unsigned value;
	const char *title;
};

static double highest(const struct page_points *all, const struct line *lines, int n)
{
	double most = 0;
	for (size_t i = 0; i < all->n; i++)
		for (int k = 0; k < n; k++)
			if (all->p[i].value[lines[k].value] > most)
				most = all->p[i].value[lines[k].value];
	return most;
}

static double x_of(const struct page_points *all, double at_s)
{
	return LEFT + (WIDTH - LEFT) * at_s / all->p[all->n - 1].at_s;
}

static double y_of(double value, double most)
{
	return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
}

static void grid(FILE *f, const struct page_points *all, double most, const char *unit)
{
	for (int i = 0; i <= LINES; i++) {
		double value = most * i / LINES, y = y_of(value, most);
		fprintf(f,
		        "<line class=g x1=%d x2=%d y1=%.1f y2=%.1f />"
		        "<text x=%d y=%.1f text-anchor=end>%.*f%s</text>",
		        LEFT, WIDTH, y, y, LEFT - 6, y + 4, most < 10 ? 2 : 0, value, unit);
	}
	fprintf(f, "<text x=%d y=%d>0 s</text><text x=%d y=%d text-anchor=end>%.0f s</text>", LEFT,
	        HEIGHT - 6, WIDTH, HEIGHT - 6, all->p[all->n - 1].at_s);
}

static void draw(FILE *f, const struct page_points *all, const struct line *l, double most,
                 const char *color)
{
	fprintf(f, "<path stroke=\"%s\" d=\"", color);
	for (size_t i = 0; i < all->n; i++)
		fprintf(f, "%c%.1f %.1f", i ? 'L' : 'M', x_of(all, all->p[i].at_s),
		        y_of(all->p[i].value[l->value], most));
	fputs("\"/>", f);
}

static void chart(FILE *f, const struct page_points *all, const char *title, const char *unit,
                  const struct line *lines, int n)
{
	double most = all->n ? highest(all, lines, n) * 1.05 : 0;
	if (most <= 0)
		return;
	fprintf(f, "<h2>%s</h2>\n<svg viewBox=\"0 0 %d %d\" role=img>", title, WIDTH, HEIGHT);
	grid(f, all, most, unit);
	for (int i = 0; i < n; i++)
		draw(f, all, &lines[i], most, colors[i]);
	fputs("</svg>\n<p>", f);
	for (int i = 0; i < n; i++)
		fprintf(f,
		        "<svg viewBox=\"0 0 10 10\" style=\"width:.8em\"><circle cx=5 cy=5 r=5 "
		        "fill=\"%s\"/></svg> %s &emsp;",
		        colors[i], lines[i].title);
	fputs("</p>\n", f);
}

/* ---- tables ---- */

static void row(FILE *f, const char *name, uint64_t n, double seconds)
{
	if (n)
		fprintf(f, "<tr><td>%s<td>%llu<td>%.0f\n", name, (unsigned long long)n,
		        seconds > 0 ? (double)n / seconds : 0);
}

static void times(FILE *f, const char *name, const struct meter_reading *m)
{
	if (!m->n)
		return;
	fprintf(f, "<tr><td>%s", name);
	for (const double *p = (const double[]){ 50, 75, 95, 99, 99.9, 100, 0 }; *p; p++)
		fprintf(f, "<td>%.2f", (double)meter_quantile_us(m, *p) / 1e3);
	fputc('\n', f);
}

static void tables(FILE *f, const struct stretch *s)
{
	fprintf(f, "<h2>Messages in %.1f seconds</h2>\n<table><tr><th><th>all<th>a second\n",
	        s->seconds);
	row(f, "sent", s->n[COUNT_SENT], s->seconds);
	row(f, "received", s->n[COUNT_RECEIVED], s->seconds);
	row(f, "confirmed", s->n[COUNT_CONFIRMED], s->seconds);
	row(f, "nacked", s->n[COUNT_NACKED], s->seconds);
	row(f, "returned", s->n[COUNT_RETURNED], s->seconds);
	fputs("</table>\n<h2>Milliseconds</h2>\n<table><tr><th><th>median<th>75 %<th>95 %<th>99 %"
	      "<th>99.9 %<th>most\n",
	      f);
	times(f, "to the consumer", &s->latency);
	times(f, "to the confirm", &s->confirm);
	fputs("</table>\n", f);
}

static void head(FILE *f)
{
	fputs("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
	      "content=\"width=device-width\"><title>",
	      f);
	put_text(f, options.id);
	fprintf(f, "</title><style>%s</style>\n<h1>leveret-perf <small>", style);
	put_text(f, options.id);
	fprintf(f, "</small></h1>\n<p>%lld producers, %lld consumers, bodies of %lld bytes%s%s</p>\n",
	        (long long)options.producers, (long long)options.consumers, (long long)options.size,
	        options.persistent ? ", persistent" : "", options.confirm > 0 ? ", confirmed" : "");
}

void page_write(FILE *f, const struct page_points *all, const struct stretch *whole)
{
	static const struct line rates[] = { { PAGE_SENT, "sent" },
		                                 { PAGE_RECEIVED, "received" },
		                                 { PAGE_CONFIRMED, "confirmed" } };
	static const struct line waits[] = { { PAGE_LATENCY_50, "to the consumer, median" },
		                                 { PAGE_LATENCY_99, "99 %" },
		                                 { PAGE_CONFIRM_50, "to the confirm, median" },
		                                 { PAGE_CONFIRM_99, "99 %" } };
	head(f);
	chart(f, all, "Messages a second", "", rates, 3);
	chart(f, all, "Milliseconds", " ms", waits, 4);
	tables(f, whole);
	fputs("</html>\n", f);
}
