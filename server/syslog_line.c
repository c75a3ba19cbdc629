/* SPDX-License-Identifier: Apache-2.0 */
#include "server/syslog_line.h"

#include "base/die.h"

/* RFC 5424, table 1, under RabbitMQ's names. */
static const struct {
	const char *name;
	unsigned code;
} facilities[] = {
	{ "kern", 0 },    { "kernel", 0 },  { "user", 1 },     { "mail", 2 },    { "daemon", 3 },
	{ "auth", 4 },    { "syslog", 5 },  { "lpr", 6 },      { "news", 7 },    { "uucp", 8 },
	{ "cron", 9 },    { "authpriv", 10 }, { "ftp", 11 },   { "ntp", 12 },    { "audit", 13 },
	{ "alert", 14 },  { "clock", 15 },  { "local0", 16 },  { "local1", 17 }, { "local2", 18 },
	{ "local3", 19 }, { "local4", 20 }, { "local5", 21 },  { "local6", 22 }, { "local7", 23 },
};

int syslog_facility(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(facilities); i++)
		if (slice_is(name, facilities[i].name))
			return (int)facilities[i].code;
	return -1;
}

const char *syslog_facility_name(size_t i)
{
	return i < ARRAY_LEN(facilities) ? facilities[i].name : NULL;
}

bool syslog_is_identity(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.n && text.n < SYSLOG_IDENTITY_BYTES;
}

/* RFC 5424, table 2. */
static unsigned severity(enum logline_level level)
{
	static const unsigned codes[] = { 7, 6, 5, 4, 3, 2 };
	return codes[level];
}

static void put_stamp(struct buf *out, const char *form, const struct tm *t)
{
	char text[32];
	buf_append(out, text, strftime(text, sizeof text, form, t));
}

/* RFC 3164 section 4.1.2: the time is local, the name without its domain. */
static void put_3164(struct buf *out, const struct syslog_form *f, const struct timespec *t)
{
	struct tm local;
	localtime_r(&t->tv_sec, &local);
	put_stamp(out, "%b %e %H:%M:%S ", &local);
	if (f->host[0])
		buf_printf(out, "%.*s ", (int)strcspn(f->host, "."), f->host);
	buf_printf(out, "%s[%ld]: ", f->identity, f->pid);
}

/* RFC 5424 section 6.2; MSGID is the category. */
static void put_5424(struct buf *out, const struct syslog_form *f, enum logline_category category,
                     const struct timespec *t)
{
	struct tm utc;
	gmtime_r(&t->tv_sec, &utc);
	put_stamp(out, "1 %Y-%m-%dT%H:%M:%S", &utc);
	buf_printf(out, ".%06ldZ %s %s %ld %s - ", t->tv_nsec / 1000, f->host[0] ? f->host : "-",
	           f->identity, f->pid, logline_category_name(category));
}

void syslog_put(struct buf *out, const struct syslog_form *f, enum logline_category category,
                enum logline_level level, const struct timespec *t, struct slice text)
{
	buf_printf(out, "<%u>", f->facility * 8 + severity(level));
	if (f->by_5424)
		put_5424(out, f, category, t);
	else
		put_3164(out, f, t);
	buf_append_slice(out, text);
}
