/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on stderr, in RabbitMQ's form: `2026-11-23 09:43:54.378459+00:00 [info] text`; under
 * journald, which adds the time itself, `<6>text`.  At most CONSOLE_LINES_PER_S lines a second:
 * what strangers make us say must not fill a disk.  Writing never waits for a reader. */
#ifndef SERVER_CONSOLE_H
#define SERVER_CONSOLE_H

struct livelog;

enum { CONSOLE_LINES_PER_S = 1000 };

/* Installs the sink; level is a value of log.console.level.  Lines go to the live log, too. */
void console_open(const char *level, struct livelog *live);

#endif
