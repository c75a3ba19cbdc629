/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that does the log's disk work, and the lock between it and the broker's thread.  It
 * knows nothing but a step to be repeated.  Every function takes NULL for "no thread". */
#ifndef PERSISTENCE_LOG_THREAD_H
#define PERSISTENCE_LOG_THREAD_H

#include <stdbool.h>

struct log_thread;

/* Starts a thread that calls step until it answers false, then sleeps until kicked. NULL when the
 * system has no thread to give. */
struct log_thread *log_thread_new(bool (*step)(void *), void *arg);

void log_thread_lock(struct log_thread *t);
void log_thread_unlock(struct log_thread *t);

/* There is something to do. */
void log_thread_kick(struct log_thread *t);

/* Lets the step at hand end, then ends the thread and frees it. */
void log_thread_free(struct log_thread *t);

#endif
