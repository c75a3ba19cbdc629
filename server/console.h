/* SPDX-License-Identifier: Apache-2.0 */
/* Where log lines go: to stderr (or stdout) and, when the configuration says so, a file and a
 * syslog daemon.  In RabbitMQ's form, `2026-11-23 09:43:54.378459+00:00 [info] text`, or as an
 * object of JSON; under journald, which adds the time itself, `<6>text`.  At most
 * CONSOLE_LINES_PER_S lines a second: what strangers make us say must not fill a disk.  Writing
 * never waits for a reader. */
#ifndef SERVER_CONSOLE_H
#define SERVER_CONSOLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/logline.h"

struct broker;
struct config;
struct livelog;

enum { CONSOLE_LINES_PER_S = 1000 };

/* Installs the sink, as log.* says.  Lines go to the live log, too.  False and a sentence in why
 * when the file cannot be opened. */
bool console_open(const struct config *c, struct livelog *live, struct buf *why);

/* log.* says something else now; a file that cannot be opened leaves the one before in place, and
 * is said in why. */
bool console_set(const struct config *c, struct buf *why);

/* From now on lines are published, too, where log.exchange says so; NULL: no longer. */
void console_publish(struct broker *b);

/* Lines below this are not written, whatever was said before of outputs; what was said of
 * categories stays. */
void console_set_level(enum logline_level level);

/* The file is opened anew if somebody has moved it; rotate: and moved aside if nobody has. */
void console_turn(bool rotate);

/* The file, NULL: there is none. */
const char *console_file(void);

/* Nothing is written any more. */
void console_close(void);

#endif
