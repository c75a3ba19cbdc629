/* SPDX-License-Identifier: Apache-2.0 */
/* What a client does in a story, word by word. */
#include "verbs.h"

#include <stdio.h>

#include "base/die.h"

/* does METHOD fields [=> fields of METHOD-ok] */
static void does(struct stage *s, struct saying *y)
{
	char name[64];
	int cut = 1;
	while (cut < y->n && (y->words[cut].key || strcmp(y->words[cut].value, "=>")))
		cut++;
	struct saying ask = { y->who, y->channel, true, y->words + 1, cut - 1 };
	if (y->n < 2) {
		stage_fail(s, "does what?");
		return;
	}
	say(s, &ask);
	snprintf(name, sizeof name, "%s-ok", y->words[1].value);
	struct word words[WORDS_MAX] = { { .value = name } };
	struct saying answer = { y->who, y->channel, true, words, 1 };
	for (int i = cut + 1; i < y->n; i++)
		words[answer.n++] = y->words[i];
	if (!s->failed)
		meet(s, &answer);
}

/* refused CODE "TEXT" [METHOD]: channel.close on a channel, else connection.close. */
static void refused(struct stage *s, struct saying *y)
{
	bool channel = y->channel != 0;
	const char *what = channel ? "channel" : "connection";
	const struct form *f = y->n > 3 ? form_find(y->words[3].value) : NULL;
	if (y->n < 3 || (y->n > 3 && !f && strcmp(y->words[3].value, "none"))) {
		stage_fail(s, "refused CODE TEXT METHOD");
		return;
	}
	char ids[64] = "";
	if (y->n > 3)
		snprintf(ids, sizeof ids, "class_id=%u method_id=%u", f ? f->id >> 16 : 0,
		         f ? f->id & 0xFFFF : 0);
	stage_line(s, "%s %u < %s.close reply_code=%s reply_text%s%s %s", y->who->name, y->channel,
	           what, y->words[1].value, y->words[2].value[0] == '~' ? "~" : "=",
	           y->words[2].value + (y->words[2].value[0] == '~'), ids);
	stage_line(s, "%s %u > %s.close-ok", y->who->name, y->channel, what);
	if (!channel)
		stage_line(s, "%s closed", y->who->name);
}

static void dials(struct stage *s, struct saying *y)
{
	bool far = y->n > 1 && !strcmp(y->words[1].value, "far");
	stage_flush(s);
	client_reset(y->who);
	stage_settle(s, y->who);
	if (!s->options->port)
		client_dial(y->who, &s->inside, !far);
	else if (!client_dial_outside(y->who, s->options->port))
		stage_fail(s, "nobody answers on port %u", s->options->port);
}

static const char *option(const struct saying *y, const char *key, const char *otherwise)
{
	for (int i = 1; i < y->n; i++)
		if (y->words[i].key && !strcmp(y->words[i].key, key))
			return y->words[i].value;
	return otherwise;
}

static void capabilities(const struct saying *y, char *out, size_t n)
{
	static const char *const all[] = {
		"publisher_confirms",     "exchange_exchange_bindings", "basic.nack",
		"consumer_cancel_notify", "connection.blocked",         "authentication_failure_close",
	};
	const char *without = option(y, "without", "");
	size_t used = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all && strcmp(without, "all"); i++)
		if (strcmp(all[i], without))
			used += (size_t)snprintf(out + used, n - used, "%s: true, ", all[i]);
	const char *with = option(y, "with", NULL);
	if (with)
		used += (size_t)snprintf(out + used, n - used, "%s: true", with);
	out[used] = 0;
}

/* connects user="..." password= vhost= heartbeat= frame_max= channel_max= without=CAPABILITY
 * with=CAPABILITY */
static void connects(struct stage *s, struct saying *y)
{
	const char *name = y->who->name;
	char able[300];
	capabilities(y, able, sizeof able);
	stage_line(s, "%s dials", name);
	stage_line(s, "%s sends \"AMQP\\0\\0\\x09\\x01\"", name);
	stage_line(s, "%s < connection.start", name);
	stage_line(s,
	           "%s > connection.start-ok client_properties={product: \"story\", "
	           "capabilities: {%s}} mechanism=\"PLAIN\" response=\"\\0\"+%s+\"\\0\"+%s "
	           "locale=\"en_US\"",
	           name, able, option(y, "user", "guest"), option(y, "password", "guest"));
	stage_line(s, "%s < connection.tune", name);
	stage_line(s, "%s > connection.tune-ok channel_max=%s frame_max=%s heartbeat=%s", name,
	           option(y, "channel_max", "2047"), option(y, "frame_max", "131072"),
	           option(y, "heartbeat", "0"));
	stage_line(s, "%s > connection.open virtual_host=%s", name, option(y, "vhost", "\"/\""));
	stage_line(s, "%s < connection.open-ok", name);
}

static void opens(struct stage *s, struct saying *y)
{
	for (int i = 1; i < y->n; i++)
		stage_line(s, "%s %s does channel.open", y->who->name, y->words[i].value);
}

static void closes(struct stage *s, struct saying *y)
{
	stage_line(s, "%s > connection.close reply_code=200 reply_text=\"Goodbye\"", y->who->name);
	stage_line(s, "%s < connection.close-ok", y->who->name);
	stage_line(s, "%s leaves", y->who->name);
}

/* What came and was not read is still looked at, at the end of the scene. */
static void leaves(struct stage *s, struct saying *y)
{
	listen_to(s, y->who);
	client_leave(y->who);
}

/* stops-reading / reads-again */
static void ears(struct stage *s, struct saying *y)
{
	stage_flush(s);
	must(!s->options->port);
	inside_set_deaf(&y->who->peer, y->words[0].value[0] == 's');
}

static const struct {
	const char *word;
	void (*play)(struct stage *, struct saying *);
	bool bare; /* the word itself is not passed on */
	int least; /* words */
} verbs[] = {
	{ ">", say, true, 2 },
	{ "<", meet, true, 2 },
	{ "sends", say_bytes, false, 2 },
	{ "sends-frame", say_frame, false, 1 },
	{ "does", does, false, 2 },
	{ "refused", refused, false, 3 },
	{ "confirmed", meet_confirms, false, 2 },
	{ "dials", dials, false, 1 },
	{ "connects", connects, false, 1 },
	{ "opens", opens, false, 2 },
	{ "closes", closes, false, 1 },
	{ "leaves", leaves, false, 1 },
	{ "stops-reading", ears, false, 1 },
	{ "reads-again", ears, false, 1 },
	{ "closed", meet_end, false, 1 },
	{ "dropped", meet_end, false, 1 },
};

void verb_play(struct stage *s, struct saying *y)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(y->words[0].value, verbs[i].word) || y->words[0].key || y->n < verbs[i].least)
			continue;
		y->words += verbs[i].bare;
		y->n -= verbs[i].bare;
		verbs[i].play(s, y);
		return;
	}
	stage_fail(s, "what does %s mean?", y->words[0].value);
}
