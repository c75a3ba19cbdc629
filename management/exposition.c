/* SPDX-License-Identifier: Apache-2.0 */
#include "management/exposition.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/histogram.h"

void exposition_head(struct buf *out, const char *prefix, const char *name,
                     enum exposition_type type, const char *help)
{
	static const char *const types[] = { [EXPOSE_COUNTER] = "counter",
		                                 [EXPOSE_GAUGE] = "gauge",
		                                 [EXPOSE_HISTOGRAM] = "histogram",
		                                 [EXPOSE_UNTYPED] = "untyped" };
	buf_printf(out, "# TYPE %s%s %s\n# HELP %s%s %s\n", prefix, name, types[type], prefix, name,
	           help);
}

static void put(struct buf *out, const char *text)
{
	buf_append_slice(out, slice_str(text));
}

void exposition_name(struct buf *out, const char *prefix, const char *name)
{
	put(out, prefix);
	put(out, name);
}

/* Names that are not UTF-8 would spoil the whole answer: bytes beyond ASCII that are none are
 * question marks. */
static size_t character_bytes(struct slice s)
{
	size_t n = s.p[0] < 0x80 ? 1 : s.p[0] < 0xC2 ? 0 : s.p[0] < 0xE0 ? 2 : s.p[0] < 0xF0 ? 3 : 4;
	if (n > s.n || s.p[0] > 0xF4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

static void put_escaped(struct buf *out, struct slice s)
{
	while (s.n) {
		size_t n = character_bytes(s);
		if (n == 0)
			buf_u8(out, '?');
		else if (s.p[0] == '\n')
			put(out, "\\n");
		else if (s.p[0] == '\\' || s.p[0] == '"')
			buf_printf(out, "\\%c", s.p[0]);
		else
			buf_append(out, s.p, n);
		slice_take(&s, n ? n : 1);
	}
}

/* What stands last says whether it is the first one. */
void exposition_label(struct buf *out, const char *key, struct slice value)
{
	buf_u8(out, out->p[out->len - 1] == '"' ? ',' : '{');
	put(out, key);
	put(out, "=\"");
	put_escaped(out, value);
	buf_u8(out, '"');
}

static void put_parts(struct buf *out, uint64_t value, uint64_t parts)
{
	int digits = 0;
	for (uint64_t left = parts; left > 1; left /= 10)
		digits++;
	if (parts <= 1)
		buf_printf(out, " %" PRIu64 "\n", value);
	else
		buf_printf(out, " %" PRIu64 ".%0*" PRIu64 "\n", value / parts, digits, value % parts);
}

void exposition_value(struct buf *out, uint64_t value, uint64_t parts)
{
	if (out->p[out->len - 1] == '"')
		buf_u8(out, '}');
	put_parts(out, value, parts);
}

/* As Prometheus itself spells bounds: 0.005, 100.0, 1e+06. */
static void put_bound(struct buf *out, uint64_t bound, uint64_t parts)
{
	char text[32];
	snprintf(text, sizeof text, "%g", (double)bound / (double)parts);
	put(out, text);
	if (!strpbrk(text, ".e"))
		put(out, ".0");
}

void exposition_histogram(struct buf *out, const char *prefix, const char *name,
                          const struct histogram *h, uint64_t parts)
{
	uint64_t below = 0;
	for (unsigned i = 0; i <= h->scale->n; i++) {
		below += h->counts[i];
		buf_printf(out, "%s%s_bucket{le=\"", prefix, name);
		if (i < h->scale->n)
			put_bound(out, h->scale->bounds[i], parts);
		else
			put(out, "+Inf");
		put(out, "\"}");
		put_parts(out, below, 1);
	}
	buf_printf(out, "%s%s_sum", prefix, name);
	put_parts(out, h->sum, parts);
	buf_printf(out, "%s%s_count", prefix, name);
	put_parts(out, h->count, 1);
}
