/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_USER

#include "broker/user.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "base/pack.h"
#include "broker/report.h"
#include "broker/rights.h"
#include "broker/state.h"

struct user *user_find(const struct broker *b, struct slice name)
{
	return map_get(&b->users, name);
}

bool user_has_tag(const struct user *u, const char *tag)
{
	return slice_has_word(u->about.tags, ',', slice_str(tag));
}

/* ---- users ---- */

static log_position keep(const struct user *u)
{
	struct buf value = { 0 };
	ledger_user_value(&value, &u->about);
	log_position at =
		catalog_put(&u->broker->store.catalog, CATALOG_USER, u->name, buf_slice(&value));
	buf_free(&value);
	return at;
}

static void tell(struct user *u, const struct user_about *about)
{
	struct slice old = u->about.tags;
	u->about = *about;
	u->about.tags = mem_own(about->tags);
	u->impersonator = user_has_tag(u, "impersonator");
	mem_disown(old);
}

static struct user *user_new(struct broker *b, struct slice name, const struct user_about *about)
{
	struct user *u = mem_zalloc(sizeof *u);
	u->broker = b;
	u->name = mem_own(name);
	tell(u, about);
	list_init(&u->grants);
	list_init(&u->topic_grants);
	list_push(&b->all_users, &u->link);
	map_put(&b->users, u->name, u);
	return u;
}

struct user *user_add(struct broker *b, struct slice name, const struct user_about *about,
                      log_position *wait_for)
{
	must(!user_find(b, name));
	struct user *u = user_new(b, name, about);
	*wait_for = keep(u);
	log_info("created user '%.*s'", SLICE_ARG(name));
	report_user_created(u);
	return u;
}

log_position user_change(struct user *u, const struct user_about *about)
{
	tell(u, about);
	return keep(u);
}

void user_hash(struct broker *b, struct password *out, struct slice text)
{
	uint8_t salt[PASSWORD_SALT_BYTES];
	b->options.entropy(salt, sizeof salt);
	password_set(out, b->options.hashing, salt, text);
}

static log_position forget(struct grant *g);

/* Nobody finds it any more. */
static void hide(struct user *u)
{
	struct broker *b = u->broker;
	map_remove(&b->users, u->name);
	walks_leave(&b->walks, &u->link);
	walks_lose(&b->walks, &u->grants);
	walks_lose(&b->walks, &u->topic_grants);
	list_remove(&u->link);
}

static void user_free(struct user *u)
{
	must(u->n_connections == 0 && u->n_channels == 0);
	expulsion_end(&u->expulsion);
	list_remove(&u->link);
	mem_disown(u->name);
	mem_disown(u->about.tags);
	mem_free(u);
}

/* The user first: without one what was granted is void. */
log_position user_remove(struct user *u)
{
	log_position at = catalog_remove(&u->broker->store.catalog, CATALOG_USER, u->name);
	log_info("deleted user '%.*s'", SLICE_ARG(u->name));
	report_user_deleted(u);
	while (!list_empty(&u->grants))
		forget(list_entry(u->grants.next, struct grant, on_user));
	while (!list_empty(&u->topic_grants))
		forget(list_entry(u->topic_grants.next, struct grant, on_user));
	hide(u);
	list_push(&u->broker->going_users, &u->link);
	expulsion_begin(&u->expulsion, u->broker, NULL, u);
	u->expulsion.goes = true;
	return at;
}

void users_turn(struct broker *b)
{
	while (!list_empty(&b->going_users)) {
		struct user *u = list_entry(b->going_users.next, struct user, link);
		char why[320];
		int n = snprintf(why, sizeof why, "user '%.*s' was deleted", SLICE_ARG(u->name));
		if (expulsion_go_on(&u->expulsion, slice_of(why, (size_t)n)))
			return;
		user_free(u);
	}
}

/* ---- grants ---- */

static bool is_of_topics(const struct grant *g)
{
	return g->exchange.p != NULL;
}

static struct map *map_of(struct broker *b, bool topics)
{
	return topics ? &b->topic_grants : &b->grants;
}

static uint8_t kind_of(bool topics)
{
	return topics ? CATALOG_TOPIC_PERMISSION : CATALOG_PERMISSION;
}

static void put_key(struct buf *out, const struct user *u, const struct vhost *v,
                    struct slice exchange)
{
	struct grant_key key = { v->topology.vhost, u->name, exchange };
	ledger_grant_key(out, &key);
}

struct grant *grant_find(const struct user *u, const struct vhost *v, struct slice exchange)
{
	struct buf key = { 0 };
	put_key(&key, u, v, exchange);
	struct grant *g = map_get(map_of(u->broker, exchange.p != NULL), buf_slice(&key));
	buf_free(&key);
	return g;
}

static void drop_patterns(struct pattern *patterns[RIGHTS])
{
	for (int i = 0; i < RIGHTS; i++)
		if (patterns[i])
			pattern_free(&patterns[i]);
}

static void put_quoted(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x80 && !isalnum(s.p[i]))
			buf_u8(out, '\\');
		buf_u8(out, s.p[i]);
	}
}

/* A name is no pattern, whatever its characters mean in one. */
static void expand(struct buf *out, struct slice text, const struct user *u, const struct vhost *v)
{
	const struct {
		const char *variable;
		struct slice value;
	} variables[] = { { "{username}", u->name }, { "{vhost}", v->name } };
	while (text.n) {
		size_t i = 0;
		while (i < ARRAY_LEN(variables) && !slice_starts(text, variables[i].variable))
			i++;
		if (i < ARRAY_LEN(variables)) {
			put_quoted(out, variables[i].value);
			slice_take(&text, strlen(variables[i].variable));
		} else {
			buf_append_slice(out, slice_take(&text, 1));
		}
	}
}

static struct pattern *compile_for_topics(const struct user *u, const struct vhost *v,
                                          struct slice text, struct pattern_fault *fault)
{
	struct buf expanded = { 0 };
	expand(&expanded, text, u, v);
	struct pattern *p = pattern_new(buf_slice(&expanded), fault);
	buf_free(&expanded);
	return p;
}

/* NULL: it is empty, or faulty. */
static struct pattern *compile_one(const struct user *u, const struct vhost *v, bool topics,
                                   struct slice text, struct pattern_fault *fault)
{
	if (!text.n)
		return NULL;
	return topics ? compile_for_topics(u, v, text, fault) : pattern_new(text, fault);
}

static bool compile(const struct user *u, const struct vhost *v, bool topics,
                    const struct slice texts[RIGHTS], struct pattern *patterns[RIGHTS],
                    struct pattern_fault *fault)
{
	bool ok = true;
	for (int i = 0; i < RIGHTS; i++)
		patterns[i] = NULL;
	for (int i = 0; ok && i < RIGHTS; i++)
		ok = (patterns[i] = compile_one(u, v, topics, texts[i], fault)) || !texts[i].n;
	if (!ok)
		drop_patterns(patterns);
	return ok;
}

/* What compiled when it was granted and does not any more finds nothing. */
static void recompile(const struct user *u, const struct vhost *v, bool topics,
                      const struct slice texts[RIGHTS], struct pattern *patterns[RIGHTS])
{
	static const char *const rights[RIGHTS] = { "configure", "write", "read" };
	struct pattern_fault fault;
	for (int i = 0; i < RIGHTS; i++) {
		patterns[i] = compile_one(u, v, topics, texts[i], &fault);
		if (!patterns[i] && texts[i].n)
			log_warning("user '%.*s' in vhost '%.*s': the pattern '%.*s' does not compile, and "
			            "allows to %s nothing: %s", SLICE_ARG(u->name), SLICE_ARG(v->name),
			            SLICE_ARG(texts[i]), rights[i], fault.text);
	}
}

static void set_patterns(struct grant *g, const struct slice texts[RIGHTS],
                         struct pattern *patterns[RIGHTS])
{
	drop_patterns(g->patterns);
	for (int i = 0; i < RIGHTS; i++) {
		struct slice old = g->texts[i];
		g->texts[i] = mem_own(texts[i]);
		g->patterns[i] = patterns[i];
		mem_disown(old);
	}
}

static struct grant *grant_new(struct user *u, struct vhost *v, struct slice exchange)
{
	struct grant *g = mem_zalloc(sizeof *g);
	struct buf key = { 0 };
	bool topics = exchange.p != NULL;
	put_key(&key, u, v, exchange);
	g->user = u;
	g->vhost = v;
	g->key = mem_own(buf_slice(&key));
	if (topics)
		g->exchange = slice_of(g->key.p + g->key.n - exchange.n, exchange.n);
	list_push(topics ? &u->topic_grants : &u->grants, &g->on_user);
	list_push(topics ? &v->topic_grants : &v->grants, &g->on_vhost);
	map_put(map_of(u->broker, topics), g->key, g);
	buf_free(&key);
	return g;
}

static void grant_free(struct grant *g)
{
	map_remove(map_of(g->user->broker, is_of_topics(g)), g->key);
	walks_leave(&g->user->broker->walks, &g->on_user);
	walks_leave(&g->user->broker->walks, &g->on_vhost);
	list_remove(&g->on_user);
	list_remove(&g->on_vhost);
	drop_patterns(g->patterns);
	for (int i = 0; i < RIGHTS; i++)
		mem_disown(g->texts[i]);
	mem_disown(g->key);
	mem_free(g);
}

bool grant_set(struct user *u, struct vhost *v, struct slice exchange,
               const struct slice texts[RIGHTS], struct pattern_fault *fault,
               log_position *wait_for)
{
	struct pattern *patterns[RIGHTS];
	struct buf value = { 0 };
	if (!compile(u, v, exchange.p != NULL, texts, patterns, fault))
		return false;
	struct grant *g = grant_find(u, v, exchange);
	if (!g)
		g = grant_new(u, v, exchange);
	set_patterns(g, texts, patterns);
	ledger_grant_value(&value, g->texts);
	*wait_for = catalog_put(&u->broker->store.catalog, kind_of(is_of_topics(g)), g->key,
	                        buf_slice(&value));
	buf_free(&value);
	report_grant_created(g);
	g->when = ++u->broker->rights;
	rights_changed(u->broker);
	return true;
}

static log_position forget(struct grant *g)
{
	struct broker *b = g->user->broker;
	log_position at = catalog_remove(&b->store.catalog, kind_of(is_of_topics(g)), g->key);
	grant_free(g);
	b->rights++;
	return at;
}

log_position grant_remove(struct grant *g)
{
	struct broker *b = g->user->broker;
	report_grant_deleted(g);
	log_position at = forget(g);
	rights_changed(b);
	return at;
}

/* There is nobody left to be told. */
void grants_forget(struct vhost *v)
{
	while (!list_empty(&v->grants))
		forget(list_entry(v->grants.next, struct grant, on_vhost));
	while (!list_empty(&v->topic_grants))
		forget(list_entry(v->topic_grants.next, struct grant, on_vhost));
	walks_lose(&v->broker->walks, &v->grants);
	walks_lose(&v->broker->walks, &v->topic_grants);
}

/* ---- recovery ---- */

static int unreadable(struct buf *why, const char *what)
{
	buf_printf(why, "the catalog's entry of a %s does not read: it was written by a newer version, "
	                "or the log is damaged", what);
	return -EUCLEAN;
}

static int recover_user(struct broker *b, struct slice name, struct slice value, struct buf *why)
{
	struct user_about about;
	if (name.n == 0 || name.n > 255 || !ledger_user_decode(value, &about))
		return unreadable(why, "user");
	user_new(b, name, &about);
	return 0;
}

/* Of a user or virtual host that is gone: such entries are gathered, to be removed. */
static int recover_grant(struct broker *b, bool topics, struct slice key, struct slice value,
                         struct buf *orphans, struct buf *why)
{
	struct grant_key k;
	struct slice texts[RIGHTS];
	struct pattern *patterns[RIGHTS];
	if (!ledger_grant_key_decode(key, topics, &k) || !ledger_grant_decode(value, texts))
		return unreadable(why, "permission");
	struct user *u = user_find(b, k.user);
	struct vhost *v = vhost_numbered(b, k.vhost);
	if (!u || !v) {
		buf_append(orphans, &(struct slice){ (uint8_t *)mem_copy(key), key.n }, sizeof key);
		return 0;
	}
	recompile(u, v, topics, texts, patterns);
	set_patterns(grant_new(u, v, k.exchange), texts, patterns);
	return 0;
}

static void remove_orphans(struct broker *b, uint8_t kind, struct buf *orphans)
{
	for (size_t at = 0; at < orphans->len; at += sizeof(struct slice)) {
		struct slice key;
		memcpy(&key, orphans->p + at, sizeof key);
		catalog_remove(&b->store.catalog, kind, key);
		mem_disown(key);
	}
	buf_free(orphans);
}

static int recover_kind(struct broker *b, uint8_t wanted, struct buf *why)
{
	const void *cursor = NULL;
	uint8_t kind;
	struct slice key, value;
	struct buf orphans = { 0 };
	int error = 0;
	while (!error && catalog_next(&b->store.catalog, &cursor, &kind, &key, &value)) {
		if (kind != wanted)
			continue;
		bool topics = kind == CATALOG_TOPIC_PERMISSION;
		error = kind == CATALOG_USER ? recover_user(b, key, value, why)
		                             : recover_grant(b, topics, key, value, &orphans, why);
	}
	remove_orphans(b, wanted, &orphans);
	return error;
}

static void add_default(struct broker *b)
{
	const struct broker_options *o = &b->options;
	const struct slice texts[RIGHTS] = {
		slice_str(o->default_configure), slice_str(o->default_write), slice_str(o->default_read),
	};
	struct user_about about = USER_PLAIN;
	struct pattern_fault fault;
	log_position wait_for;
	about.tags = slice_str(o->default_tags);
	user_hash(b, &about.password, slice_str(o->default_pass));
	struct user *u = user_add(b, slice_str(o->default_user), &about, &wait_for);
	struct vhost *v = vhost_find(b, slice_str(o->default_vhost));
	if (!grant_set(u, v, slice_of(NULL, 0), texts, &fault, &wait_for))
		log_error("default_permissions: %s; the default user has none", fault.text);
}

int users_recover(struct broker *b, bool first_start, struct buf *why)
{
	static const uint8_t kinds[] = { CATALOG_USER, CATALOG_PERMISSION, CATALOG_TOPIC_PERMISSION };
	int error = 0;
	for (size_t i = 0; !error && i < ARRAY_LEN(kinds); i++)
		error = recover_kind(b, kinds[i], why);
	if (!error && first_start && b->users.count == 0 && b->options.default_user[0])
		add_default(b);
	return error;
}

void users_free(struct broker *b)
{
	while (!list_empty(&b->all_users)) {
		struct user *u = list_entry(b->all_users.next, struct user, link);
		while (!list_empty(&u->grants))
			grant_free(list_entry(u->grants.next, struct grant, on_user));
		while (!list_empty(&u->topic_grants))
			grant_free(list_entry(u->topic_grants.next, struct grant, on_user));
		hide(u);
		user_free(u);
	}
	while (!list_empty(&b->going_users))
		user_free(list_entry(b->going_users.next, struct user, link));
	map_free(&b->users);
	map_free(&b->grants);
	map_free(&b->topic_grants);
}

/* ---- checking ---- */

static void check_grants(const struct user *u, const struct list *grants)
{
	list_each(it, grants) {
		const struct grant *g = list_entry(it, struct grant, on_user);
		must(g->user == u && list_linked(&g->on_vhost));
		must(grant_find(u, g->vhost, g->exchange) == g);
		must(vhost_find(u->broker, g->vhost->name) == g->vhost);
	}
}

void users_check(const struct broker *b)
{
	size_t n = 0;
	list_each(it, &b->all_users) {
		const struct user *u = list_entry(it, struct user, link);
		must(user_find(b, u->name) == u);
		check_grants(u, &u->grants);
		check_grants(u, &u->topic_grants);
		n++;
	}
	must(n == b->users.count);
}
