/* SPDX-License-Identifier: Apache-2.0 */
/* Threads beside the loop's. */
#ifndef SERVER_THREAD_H
#define SERVER_THREAD_H

#include <pthread.h>

/* Begins one that does the work; signals are for the loop's. */
pthread_t thread_begin(void *(*work)(void *arg), void *arg);

#endif
