/* SPDX-License-Identifier: Apache-2.0 */
/* The way of log lines to a syslog daemon: by its socket in this machine, by UDP, or by TCP (with
 * the length before each line, RFC 6587 section 3.4.1).  A thread of its own has it, so that
 * neither a daemon that does not read nor a name that is not found keeps anybody waiting: lines
 * wait in between, and what finds no room there is dropped. */
#ifndef SERVER_SYSLOG_H
#define SERVER_SYSLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct config;
struct syslog;

/* Begins, as log.syslog.* says; who cannot be reached is tried again each second. */
struct syslog *syslog_open(const struct config *c);

/* What lines are sent to, each with one call: a socket that keeps them apart. */
int syslog_fd(const struct syslog *s);

/* Whether it leads where the configuration says. */
bool syslog_leads_to(const struct syslog *s, const struct config *c);

/* Whether that is in this machine, by a path. */
bool syslog_is_local(const struct syslog *s);

/* Lines that were given up, since this was asked last. */
uint64_t syslog_lost(struct syslog *s);

/* Appends where it leads, and why nobody is there if that is so. */
void syslog_describe(const struct syslog *s, struct buf *out);

/* What was sent to it goes on its way, as long as somebody takes it; nobody waits for that. */
void syslog_leave(struct syslog **s);

/* Sends what it can at once, and ends. */
void syslog_close(struct syslog **s);

#endif
