/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/tenants.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/admin.h"

enum { SELDOM = 12 };

static const char *const names[TENANTS] = { "t0", "t1", "t2" };

static uint64_t dice(struct world *w, uint64_t n)
{
	return world_dice(&w->tenants_random, n);
}

/* True when it was answered that all is well; only a broker that is down need not answer. */
static bool asked(struct world *w, const char *words)
{
	struct buf said = { 0 };
	struct request r = { 0 };
	for (struct slice rest = slice_str(words); rest.n;)
		r.arguments[r.n++] = slice_cut(&rest, ' ');
	inside_let_go(&w->in);
	int code = admin_ask(&w->in, &r, &said);
	if (code && world_goes_on(w))
		buf_printf(&w->why, "%s ended with %d: %.*s", words, code, SLICE_ARG(buf_slice(&said)));
	buf_free(&said);
	return code == 0;
}

static bool asked_of(struct world *w, const char *format, const char *name)
{
	char words[100];
	snprintf(words, sizeof words, format, name);
	return asked(w, words);
}

static bool put_message(struct talk *t, struct slice queue)
{
	struct heard h;
	struct method select = { .id = METHOD_confirm_select };
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = queue, .durable = true } };
	talk_send(t, 1, &select);
	talk_send(t, 1, &declare);
	talk_publish(t, 1, slice_of("", 0), queue, false, true, slice_str("of a tenant"));
	return talk_expect(t, METHOD_basic_ack, &h, NULL, NULL);
}

static void fill(struct world *w, struct tenant *t, const char *vhost)
{
	struct talk talk;
	snprintf(t->queue, sizeof t->queue, "q%u", w->operations);
	bool ok = talk_open_at(&talk, &w->in, vhost) && put_message(&talk, slice_str(t->queue));
	if (!ok && world_goes_on(w))
		inside_pass(&w->in, 300);   /* no room may be waited out */
	t->filled = ok;
	talk_free(&talk);
}

static void come(struct world *w, struct tenant *t, const char *vhost)
{
	t->alone = t->there == ABSENT;
	t->there = UNSURE;
	t->filled = false;
	t->ruled = t->alone;
	t->limit = t->maybe = 0;
	if (!asked_of(w, "add_vhost %s", vhost))
		return;
	t->there = PRESENT;
	if (asked_of(w, "set_permissions -p %s guest .* .* .*", vhost))
		fill(w, t, vhost);
}

/* Its policy is set, or set anew. */
static void rule(struct world *w, struct tenant *t, const char *vhost)
{
	struct buf said = { 0 };
	char definition[40];
	t->maybe = w->operations + 1;
	snprintf(definition, sizeof definition, "{\"max-length\":%u}", t->maybe);
	inside_let_go(&w->in);
	int code = admin_say(&w->in, &said, "set_policy", "-p", vhost, "p", "^q", definition, NULL);
	if (code == 0) {
		t->limit = t->maybe;
		t->ruled = true;
	} else if (world_goes_on(w)) {
		buf_printf(&w->why, "set_policy ended with %d: %.*s", code, SLICE_ARG(buf_slice(&said)));
	}
	buf_free(&said);
}

static void go(struct world *w, struct tenant *t, const char *vhost)
{
	t->there = UNSURE;
	if (asked_of(w, "delete_vhost %s", vhost))
		t->there = ABSENT;
}

static void tag(struct world *w)
{
	char tags[16];
	snprintf(tags, sizeof tags, "tag%u", w->operations);
	w->tags_known = false;
	if (!asked_of(w, "set_user_tags kate %s", tags))
		return;
	w->tags_known = true;
	memcpy(w->tags, tags, sizeof tags);
}

static void change_user(struct world *w)
{
	bool there = w->kate == PRESENT, goes = there && dice(w, 3) == 0;
	if (!there || goes) {
		w->kate = UNSURE;
		if (asked(w, goes ? "delete_user kate" : "add_user kate secret"))
			w->kate = goes ? ABSENT : PRESENT;
	}
	if (w->kate == PRESENT)
		tag(w);
}

/* One of whom nothing is known is neither made nor changed. */
void tenants_step(struct world *w)
{
	unsigned i = (unsigned)dice(w, TENANTS);
	if (dice(w, SELDOM) || !w->connected)
		return;
	if (w->kate != UNSURE && dice(w, 3) == 0)
		change_user(w);
	else if (w->tenants[i].there == PRESENT && dice(w, 2))
		rule(w, &w->tenants[i], names[i]);
	else if (w->tenants[i].there == PRESENT)
		go(w, &w->tenants[i], names[i]);
	else
		come(w, &w->tenants[i], names[i]);
}

void tenants_leave(struct world *w)
{
	for (unsigned i = 0; i < TENANTS && world_goes_on(w); i++)
		if (w->tenants[i].there == PRESENT)
			go(w, &w->tenants[i], names[i]);
}

/* ---- afterwards ---- */

static bool has(const struct buf *said, const char *line)
{
	return said->len && memmem(said->p, said->len, line, strlen(line));
}

static void check_there(struct world *w)
{
	struct buf said = { 0 };
	char line[16];
	admin_say(&w->in, &said, "list_vhosts", "-s", NULL);
	for (unsigned i = 0; i < TENANTS; i++) {
		snprintf(line, sizeof line, "%s\n", names[i]);
		enum belief there = w->tenants[i].there;
		if (there != UNSURE && has(&said, line) != (there == PRESENT))
			buf_printf(&w->why, "virtual host %s %s", names[i],
			           there == PRESENT ? "is lost" : "came back");
	}
	buf_free(&said);
}

/* What is in it, and that nothing is that was in one of the same name before. */
static void check_inside(struct world *w, const struct tenant *t, const char *vhost)
{
	struct buf said = { 0 };
	char line[32];
	snprintf(line, sizeof line, "%s\t1\n", t->queue);
	admin_say(&w->in, &said, "list_queues", "-s", "-p", vhost, NULL);
	if (!has(&said, line) || (t->alone && said.len != strlen(line)))
		buf_printf(&w->why, "virtual host %s holds, instead of %s: %.*s", vhost, line,
		           SLICE_ARG(buf_slice(&said)));
	buf_free(&said);
}

/* The number behind the text; 0: it is not said. */
static unsigned number_behind(const struct buf *said, const char *text)
{
	const char *at = said->len ? memmem(said->p, said->len, text, strlen(text)) : NULL;
	return at ? (unsigned)strtoul(at + strlen(text), NULL, 10) : 0;
}

/* The policy, and that its queue goes by it. */
static void check_rule(struct world *w, const struct tenant *t, const char *vhost)
{
	struct buf policies = { 0 }, queues = { 0 };
	admin_say(&w->in, &policies, "list_policies", "-s", "-p", vhost, NULL);
	admin_say(&w->in, &queues, "list_queues", "-s", "-p", vhost, "effective_policy_definition",
	          NULL);
	unsigned n = number_behind(&policies, "\"max-length\":");
	if (n != t->limit && n != t->maybe)
		buf_printf(&w->why, "virtual host %s has a policy of %u instead of %u or %u", vhost, n,
		           t->limit, t->maybe);
	if (t->filled && number_behind(&queues, "<<\"max-length\">>, ") != n)
		buf_printf(&w->why, "virtual host %s: a queue does not go by %u: %.*s", vhost, n,
		           SLICE_ARG(buf_slice(&queues)));
	buf_free(&policies);
	buf_free(&queues);
}

static void check_user(struct world *w)
{
	struct buf said = { 0 };
	char line[40];
	admin_say(&w->in, &said, "list_users", "-s", NULL);
	snprintf(line, sizeof line, "kate\t[%s]\n", w->tags);
	if (w->kate != UNSURE && has(&said, "kate\t") != (w->kate == PRESENT))
		buf_printf(&w->why, "the user %s", w->kate == PRESENT ? "is lost" : "came back");
	else if (w->kate == PRESENT && w->tags_known && !has(&said, line))
		buf_printf(&w->why, "the user is not, as was answered, %s", line);
	buf_free(&said);
}

void tenants_check(struct world *w)
{
	check_there(w);
	check_user(w);
	for (unsigned i = 0; i < TENANTS && w->why.len == 0; i++)
		if (w->tenants[i].there == PRESENT && w->tenants[i].filled)
			check_inside(w, &w->tenants[i], names[i]);
	for (unsigned i = 0; i < TENANTS && w->why.len == 0; i++)
		if (w->tenants[i].there == PRESENT && w->tenants[i].ruled)
			check_rule(w, &w->tenants[i], names[i]);
}
