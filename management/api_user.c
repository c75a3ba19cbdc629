/* SPDX-License-Identifier: Apache-2.0 */
/* Users over HTTP: what they are, and what they are limited to. */
#include "base/die.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/api.h"
#include "management/limits.h"
#include "management/object.h"

static struct user *find(const struct http_response *r)
{
	return user_find(r->host->broker, r->parts[0]);
}

enum call_state api_users(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_USERS, NULL);
}

static bool may_nothing(const struct roster_row *row)
{
	return list_empty(&row->user->grants);
}

static void without_grants(struct http_response *r)
{
	r->rows.wanted = may_nothing;
}

enum call_state api_users_without(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_USERS, without_grants);
}

enum call_state api_user(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker, .user = find(r) };
	return api_one(r, out, ROSTER_USERS, row.user ? &row : NULL);
}

/* Who says no hashing means the one that is in force, or the one whose hashes are as long. */
static enum hashing hashing_of(const struct http_response *r)
{
	static const enum hashing made[] = { HASHING_SHA256, HASHING_SHA512 };
	enum hashing in_force = r->host->broker->options.hashing;
	struct slice hash = http_text(r, "password_hash");
	struct password p;
	if (password_read(&p, in_force, hash))
		return in_force;
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		if (password_read(&p, made[i], hash))
			return made[i];
	return in_force;
}

/* A password that is neither said nor hashed is none. */
enum call_state api_user_put(struct http_response *r, struct buf *out)
{
	static const char *const keys[] = { "name", NULL }, *const needed[] = { "tags", NULL };
	struct field f;
	if (!r->begun && (!http_read_body(r, out) || !api_has_keys(r, out, needed)))
		return CALL_DONE;
	bool plain = table_find(r->body.bytes, "password", &f);
	bool hashed = table_find(r->body.bytes, "password_hash", &f);
	if (plain == hashed)
		return http_bad_request(r, out, "either password or password_hash has to be said");
	if (!r->begun && !table_find(r->body.bytes, "hashing_algorithm", &f)) {
		enum hashing h = hashing_of(r);
		buf_clear(&r->room);
		buf_append_slice(&r->room, r->body.bytes);
		table_put_str(&r->room, "hashing_algorithm", password_hashing_name(h));
		r->body.bytes = buf_slice(&r->room);
	}
	return api_take(r, out, "users", keys, !r->begun && find(r));
}

enum call_state api_user_delete(struct http_response *r, struct buf *out)
{
	struct user *u = r->begun ? NULL : find(r);
	if (!r->begun && !u)
		return http_not_found(r, out);
	if (u)
		r->wait_for = user_remove(u);
	return http_durably(r, 204);
}

/* All that are there of those that are named. */
enum call_state api_users_delete(struct http_response *r, struct buf *out)
{
	struct field users, name;
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	if (!table_find(r->body.bytes, "users", &users) || users.letter != 'A')
		return http_bad_request(r, out, "[{key_missing,users}]");
	for (struct table_walk w = table_walk(users.bytes); !r->begun && array_next(&w, &name);) {
		struct user *u = name.letter == 'S' ? user_find(r->host->broker, name.bytes) : NULL;
		if (u)
			r->wait_for = user_remove(u);
	}
	return http_durably(r, 204);
}

enum call_state api_whoami(struct http_response *r, struct buf *out)
{
	struct roster_row row = { .broker = r->host->broker, .user = r->user };
	rows_begin(&r->rows, r->host, ROSTER_USERS);
	rows_choose(&r->rows, slice_str("name,tags"));
	rows_put_open(&r->rows, &row, out);
	if (r->host->login_minutes)
		object_put(out, "login_session_timeout", cell_number(r->host->login_minutes));
	buf_u8(out, '}');
	return CALL_DONE;
}

/* ---- limits ---- */

enum call_state api_user_limits(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_USER_LIMITS, NULL);
}

static void of_user(struct http_response *r)
{
	rows_match(&r->rows, "user", r->parts[0]);
}

enum call_state api_user_limits_of(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_USER_LIMITS, of_user);
}

/* Nothing is wrong with them: they are in force. */
static void set_limits(struct http_response *r, struct slice limits, struct buf *wrong)
{
	struct user *u = find(r);
	struct user_about about = u->about;
	if (!limits_read_user(limits, &about, wrong))
		return;
	r->wait_for = user_change(u, &about);
	report_user_limits(u, limits);
}

enum call_state api_user_limit_put(struct http_response *r, struct buf *out)
{
	return api_limit(r, out, find(r) != NULL, set_limits);
}

enum call_state api_user_limit_delete(struct http_response *r, struct buf *out)
{
	return api_limit(r, out, find(r) != NULL, set_limits);
}
