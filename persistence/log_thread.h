/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that do the log's disk work, and the lock between them and the broker's thread.  They
 * know nothing but a step to be repeated.  Every function takes NULL for "no thread". */
#ifndef PERSISTENCE_LOG_THREAD_H
#define PERSISTENCE_LOG_THREAD_H

#include <stdbool.h>

struct log_thread;

enum { LOG_THREADS_MAX = 16 };

/* Starts n threads that each call step until it answers false, then sleep until kicked. NULL when
 * the system has no thread to give; fewer than n are as good. */
struct log_thread *log_thread_new(unsigned n, bool (*step)(void *), void *arg);

void log_thread_lock(struct log_thread *t);
void log_thread_unlock(struct log_thread *t);

/* There is something to do: one more of the threads wakes. */
void log_thread_kick(struct log_thread *t);

/* Lets the steps at hand end, then ends the threads and frees everything. */
void log_thread_free(struct log_thread *t);

#endif
