/* SPDX-License-Identifier: Apache-2.0 */
#include "server/thread.h"

#include <signal.h>

#include "base/die.h"

pthread_t thread_begin(void *(*work)(void *arg), void *arg)
{
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, work, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	must(error == 0);
	return thread;
}
