/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/log_thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/die.h"
#include "base/mem.h"

struct log_thread {
	pthread_t ids[LOG_THREADS_MAX];
	unsigned n;
	pthread_mutex_t lock;        /* of what steps and the broker share, not of kicks */
	sem_t kicks;                 /* not yet taken up; no more than threads */
	_Atomic bool stop;
	bool (*step)(void *);
	void *arg;
};

static bool wait_for_kick(struct log_thread *t)
{
	while (sem_wait(&t->kicks) != 0)
		must(errno == EINTR);
	return !t->stop;
}

static void *run(void *arg)
{
	struct log_thread *t = arg;
	while (wait_for_kick(t))
		while (!t->stop && t->step(t->arg))
			;
	return NULL;
}

/* Signals are for the broker's thread. */
static int start(struct log_thread *t, pthread_t *id)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	int error = pthread_create(id, &attributes, run, t);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct log_thread *log_thread_new(unsigned n, bool (*step)(void *), void *arg)
{
	struct log_thread *t = mem_zalloc(sizeof *t);
	must(n <= LOG_THREADS_MAX);
	t->step = step;
	t->arg = arg;
	pthread_mutex_init(&t->lock, NULL);
	sem_init(&t->kicks, 0, 0);
	while (t->n < n && start(t, &t->ids[t->n]) == 0)
		t->n++;
	if (t->n)
		return t;
	mem_free(t);
	return NULL;
}

void log_thread_lock(struct log_thread *t)
{
	if (t)
		pthread_mutex_lock(&t->lock);
}

void log_thread_unlock(struct log_thread *t)
{
	if (t)
		pthread_mutex_unlock(&t->lock);
}

void log_thread_kick(struct log_thread *t)
{
	int waiting;
	if (!t)
		return;
	sem_getvalue(&t->kicks, &waiting);
	if (waiting < (int)t->n)
		sem_post(&t->kicks);
}

void log_thread_free(struct log_thread *t)
{
	if (!t)
		return;
	t->stop = true;
	for (unsigned i = 0; i < t->n; i++)
		sem_post(&t->kicks);
	for (unsigned i = 0; i < t->n; i++)
		pthread_join(t->ids[i], NULL);
	pthread_mutex_destroy(&t->lock);
	sem_destroy(&t->kicks);
	mem_free(t);
}
