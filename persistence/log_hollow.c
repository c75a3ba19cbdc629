/* SPDX-License-Identifier: Apache-2.0 */
/* Segments given up in the middle of the log.  One that nothing retains may still matter: its acks
 * are of messages in older segments.  So the caller is given its summary, appends again what
 * counts, says in the catalog that there is a hole, waits until that is durable, and drops the
 * segment.  A segment that begins inside a message or a transaction is needed by the one before:
 * it goes only after that. */
#include "base/die.h"
#include "persistence/log_state.h"

static struct log_file *self(struct log *l)
{
	return (struct log_file *)(void *)l;
}

bool log_is_needed(const struct log_file *l, size_t i)
{
	const struct segment *s = l->segments[i];
	return s->inside != FORMAT_INSIDE_KNOWN && l->segments[i - 1]->end == s->base;
}

static bool is_hollow(const struct log_file *l, size_t i)
{
	const struct segment *s = l->segments[i];
	return s->hold.live == 0 && !s->mute && !log_is_needed(l, i);
}

/* The last segment is active, and nobody knows yet what the one before it has in memory only. */
bool log_file_hollow(struct log *log, struct log_extent *out)
{
	struct log_file *l = self(log);
	bool later = false;
	if (!l->look_hollow)
		return false;
	for (size_t i = 1; i + 1 < l->n_segments; i++) {
		const struct segment *s = l->segments[i];
		if (!is_hollow(l, i))
			continue;
		later |= s->end == 0 || s->end > l->durable;
		if (s->end == 0 || s->end > l->durable)
			continue;
		*out = (struct log_extent){ s->base, s->end, 0 };
		return true;
	}
	l->look_hollow = later;
	return false;
}

/* It is kept until the worker has read its summary. */
static void ask(struct log_file *l, struct segment *s)
{
	struct log_worker *w = &l->worker;
	s->readers++;
	l->surveyed = s;
	log_thread_lock(l->thread);
	w->survey_base = s->base;
	w->survey_end = s->end;
	w->survey_asked = true;
	w->survey_done = false;
	log_thread_unlock(l->thread);
	log_thread_kick(l->thread);
}

/* False while the worker is at it. */
static bool is_at_rest(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	log_thread_lock(l->thread);
	bool rests = !w->survey_asked || w->survey_done;
	log_thread_unlock(l->thread);
	if (rests && l->surveyed) {
		l->surveyed->readers--;
		l->surveyed = NULL;
		log_give_up_unread(l);
	}
	return rests;
}

enum log_survey log_file_survey(struct log *log, log_position from, struct slice *out)
{
	struct log_file *l = self(log);
	struct log_worker *w = &l->worker;
	if (!is_at_rest(l))
		return LOG_SURVEY_LATER;
	struct segment *s = l->segments[log_segment_index(l, from)];
	must(s->base == from);
	if (!w->survey_asked || w->survey_base != from) {
		ask(l, s);
		return LOG_SURVEY_LATER;
	}
	*out = w->survey.body;
	if (w->survey.pages)
		return LOG_SURVEY_THERE;
	s->mute = true;
	w->survey_asked = false;
	return LOG_SURVEY_NEVER;
}

bool log_survey_step(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	log_thread_lock(l->thread);
	bool asked = w->survey_asked && !w->survey_done;
	log_thread_unlock(l->thread);
	if (!asked)
		return false;
	while (log_summary_step(l))
		;
	log_summary_forget(&w->survey);
	log_summary_read(l, w->survey_base, w->survey_end, false, &w->survey);
	log_thread_lock(l->thread);
	w->survey_done = true;
	log_thread_unlock(l->thread);
	if (l->options.wake)
		l->options.wake(l->options.wake_to);
	return true;
}

bool log_file_drop(struct log *log, log_position from)
{
	struct log_file *l = self(log);
	size_t i = log_segment_index(l, from);
	struct segment *s = l->segments[i];
	must(i > 0 && i + 1 < l->n_segments && s->base == from);
	if (is_at_rest(l)) {
		l->worker.survey_asked = false;
		log_summary_forget(&l->worker.survey);
	}
	if (s->hold.live)
		return false;
	log_give_up(l, i);
	return true;
}
