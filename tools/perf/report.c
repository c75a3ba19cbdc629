/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/perf/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/perf/options.h"
#include "tools/perf/page.h"
#include "tools/perf/say.h"

static FILE *csv;
static struct page_points points;

static const double percents[] = { 50, 75, 95, 99, 99.9 };

void stretch_between(struct stretch *out, const struct reading *from, const struct reading *to,
                     uint64_t began_us)
{
	out->at_s = (double)(to->at_us - began_us) / 1e6;
	out->seconds = (double)(to->at_us - from->at_us) / 1e6;
	for (unsigned i = 0; i < COUNTS; i++)
		out->n[i] = to->n[i] - from->n[i];
	meter_since(&out->latency, &to->latency, &from->latency);
	meter_since(&out->confirm, &to->confirm, &from->confirm);
}

static double rate(const struct stretch *s, unsigned what)
{
	return s->seconds > 0 ? (double)s->n[what] / s->seconds : 0;
}

/* ---- files ---- */

static FILE *open_file(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdout : fopen(name, "w");
	if (!f)
		say_failed("%s cannot be written: %s", name, strerror(errno));
	return f;
}

static void close_file(FILE *f, const char *name)
{
	if (ferror(f) || (f != stdout && fclose(f)))
		say_failed("%s was not written whole: %s", name, strerror(errno));
}

void report_begin(void)
{
	if (!*options.output)
		return;
	csv = open_file(options.output);
	fprintf(csv, "time_s,sent_per_s,received_per_s,confirmed_per_s,nacked_per_s,returned_per_s");
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
		fprintf(csv, ",latency_p%g_us,confirm_p%g_us", percents[i], percents[i]);
	fputc('\n', csv);
}

static void write_csv(const struct stretch *s)
{
	fprintf(csv, "%.3f,%.0f,%.0f,%.0f,%.0f,%.0f", s->at_s, rate(s, COUNT_SENT),
	        rate(s, COUNT_RECEIVED), rate(s, COUNT_CONFIRMED), rate(s, COUNT_NACKED),
	        rate(s, COUNT_RETURNED));
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
		fprintf(csv, ",%llu,%llu", (unsigned long long)meter_quantile_us(&s->latency, percents[i]),
		        (unsigned long long)meter_quantile_us(&s->confirm, percents[i]));
	fputc('\n', csv);
}

/* ---- lines ---- */

static void print_times(const char *what, const struct meter_reading *m)
{
	if (!m->n)
		return;
	printf(
		", median/75th/95th/99th %s: %llu/%llu/%llu/%llu µs", what,
		(unsigned long long)meter_quantile_us(m, 50), (unsigned long long)meter_quantile_us(m, 75),
		(unsigned long long)meter_quantile_us(m, 95), (unsigned long long)meter_quantile_us(m, 99));
}

static void print_line(const struct stretch *s)
{
	printf("id: %s, time: %.3fs", options.id, s->at_s);
	if (options.producers)
		printf(", sent: %.0f msg/s", rate(s, COUNT_SENT));
	if (options.mandatory)
		printf(", returned: %.0f msg/s", rate(s, COUNT_RETURNED));
	if (options.confirm > 0)
		printf(", confirmed: %.0f msg/s, nacked: %.0f msg/s", rate(s, COUNT_CONFIRMED),
		       rate(s, COUNT_NACKED));
	if (options.consumers)
		printf(", received: %.0f msg/s", rate(s, COUNT_RECEIVED));
	print_times("consumer latency", &s->latency);
	print_times("confirm latency", &s->confirm);
	putchar('\n');
	fflush(stdout);
}

/* On a terminal the last line is written over: how far the run is. */
static void print_progress(const struct stretch *s)
{
	if (!isatty(STDERR_FILENO) || options.seconds <= 0)
		return;
	int percent = (int)(100 * s->at_s / (double)options.seconds);
	fprintf(stderr, "\r%3d %% \r", percent > 100 ? 100 : percent);
}

void report_interval(const struct stretch *s)
{
	if (!options.quiet)
		print_line(s);
	print_progress(s);
	if (csv)
		write_csv(s);
	if (*options.report)
		page_point(&points, (struct page_point){
								.at_s = s->at_s,
								.value = { rate(s, COUNT_SENT), rate(s, COUNT_RECEIVED),
		                                   rate(s, COUNT_CONFIRMED),
		                                   (double)meter_quantile_us(&s->latency, 50) / 1e3,
		                                   (double)meter_quantile_us(&s->latency, 99) / 1e3,
		                                   (double)meter_quantile_us(&s->confirm, 50) / 1e3,
		                                   (double)meter_quantile_us(&s->confirm, 99) / 1e3 } });
}

/* ---- the summary ---- */

static void print_summary(const struct stretch *s)
{
	if (options.producers)
		printf("id: %s, sending rate avg: %.0f msg/s\n", options.id, rate(s, COUNT_SENT));
	if (options.confirm > 0)
		printf("id: %s, confirm rate avg: %.0f msg/s\n", options.id, rate(s, COUNT_CONFIRMED));
	if (options.consumers)
		printf("id: %s, receiving rate avg: %.0f msg/s\n", options.id, rate(s, COUNT_RECEIVED));
	if (s->latency.n || s->confirm.n) {
		printf("id: %s", options.id);
		print_times("consumer latency", &s->latency);
		print_times("confirm latency", &s->confirm);
		putchar('\n');
	}
}

static void json_times(FILE *f, const char *what, const struct meter_reading *m)
{
	fprintf(f, ",\n  \"%s\": {\"count\": %llu, \"mean\": %.1f", what, (unsigned long long)m->n,
	        m->n ? (double)m->total_us / (double)m->n : 0);
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
		fprintf(f, ", \"p%g\": %llu", percents[i],
		        (unsigned long long)meter_quantile_us(m, percents[i]));
	fputc('}', f);
}

static void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == '"' || *s == '\\')
			fprintf(f, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, f);
	fputc('"', f);
}

static void write_json(FILE *f, const struct stretch *s)
{
	static const char *const names[COUNTS] = { "sent", "received", "confirmed", "nacked",
		                                       "returned" };
	fputs("{\n  \"id\": ", f);
	json_string(f, options.id);
	fprintf(f, ",\n  \"seconds\": %.3f", s->seconds);
	for (unsigned i = 0; i < COUNTS; i++)
		fprintf(f, ",\n  \"%s\": %llu,\n  \"%s_per_s\": %.1f", names[i],
		        (unsigned long long)s->n[i], names[i], rate(s, i));
	json_times(f, "latency_us", &s->latency);
	json_times(f, "confirm_us", &s->confirm);
	fputs("\n}\n", f);
}

void report_end(const struct stretch *whole)
{
	if (strcmp(options.json, "-") != 0)
		print_summary(whole);
	if (csv)
		close_file(csv, options.output);
	if (*options.json) {
		FILE *f = open_file(options.json);
		write_json(f, whole);
		close_file(f, options.json);
	}
	if (*options.report) {
		FILE *f = open_file(options.report);
		page_write(f, &points, whole);
		close_file(f, options.report);
	}
	free(points.p);
}
