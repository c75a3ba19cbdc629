/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as a syslog daemon understands them.  The one of this machine is told everything without
 * the machine's name, as it is by everybody else (RFC 3164 without HOSTNAME); one that is far away
 * in the form of RFC 3164 or of RFC 5424. */
#ifndef SERVER_SYSLOG_LINE_H
#define SERVER_SYSLOG_LINE_H

#include <stdbool.h>
#include <time.h>

#include "base/buf.h"
#include "base/logline.h"

enum { SYSLOG_IDENTITY_BYTES = 49, SYSLOG_HOST_BYTES = 65 };   /* with the NUL behind it */

struct syslog_form {
	bool by_5424;
	unsigned facility;
	long pid;
	char identity[SYSLOG_IDENTITY_BYTES];
	char host[SYSLOG_HOST_BYTES];   /* "": it is not named */
};

/* What stands for a facility of that name; -1: there is none. */
int syslog_facility(struct slice name);

/* The name of the i-th; NULL behind the last. */
const char *syslog_facility_name(size_t i);

/* Whether the text can be an identity: 1 to 48 printable characters without blanks. */
bool syslog_is_identity(struct slice text);

/* Appends a line, without an end. */
void syslog_put(struct buf *out, const struct syslog_form *f, enum logline_category category,
                enum logline_level level, const struct timespec *t, struct slice text);

#endif
