/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told of the process (sd_notify): one datagram each time, none without
 * $NOTIFY_SOCKET. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/* Lines of NAME=value: "READY=1", "STOPPING=1". */
void notify(const char *state);

/* STATUS=, for people. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The configuration is being read again, until READY=1. */
void notify_reloading(void);

/* Seconds between two signs of life that are asked for, 0: none are. */
double notify_watchdog_s(void);

#endif
