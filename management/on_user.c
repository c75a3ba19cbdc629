/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about users. */
#include "base/die.h"
#include "broker/access.h"
#include "broker/credential.h"
#include "broker/manage.h"
#include "broker/report.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/call.h"
#include "management/verbs.h"
#include "management/words.h"

struct user *call_user(struct call *c)
{
	struct slice name = c->options.user.p ? c->options.user : c->arguments[0];
	struct user *u = user_find(c->host->broker, name);
	if (!u)
		call_fail(c, CALL_EXIT_NO_USER, "User \"%.*s\" does not exist", SLICE_ARG(name));
	return u;
}

/* False when it was refused. */
static bool read_password(struct call *c, struct password *out)
{
	struct slice given = c->arguments[1];
	bool hashed = c->options.pre_hashed;
	struct broker *b = c->host->broker;
	struct buf why = { 0 };
	if (hashed && !password_read(out, b->options.hashing, given))
		buf_printf(&why, "the hash is not one of %s, as base64",
		           password_hashing_name(b->options.hashing));
	else if (given.n == 0)
		buf_printf(&why, "password cannot be empty string.");
	else if (!hashed && credential_check(b, given, &why))
		user_hash(b, out, given);
	buf_u8(&why, '\0');
	if (why.len > 1)
		call_refuse_quietly(c, (const char *)why.p);
	buf_free(&why);
	return c->code == CALL_EXIT_OK;
}

static enum call_state add(struct call *c, struct buf *out)
{
	struct slice name = c->arguments[0];
	struct user_about about = USER_PLAIN;
	call_banner(c, out, "Adding user \"%.*s\" ...", SLICE_ARG(name));
	if (name.n == 0 || name.n > 255 || slice_control_byte(name) >= 0)
		return call_refuse_quietly(c, "the name of a user has 1 to 255 bytes, and no control "
		                           "characters");
	if (user_find(c->host->broker, name))
		return call_fail(c, CALL_EXIT_SOFTWARE, "User \"%.*s\" already exists", SLICE_ARG(name));
	if (!read_password(c, &about.password))
		return CALL_DONE;
	user_add(c->host->broker, name, &about, &c->wait_for);
	return CALL_WAITS;
}

enum call_state verb_add_user(struct call *c, struct buf *out)
{
	enum call_state state = call_durably(c, out, add);
	if (state == CALL_DONE && c->code == CALL_EXIT_OK && !c->options.quiet)
		buf_printf(out, "Done. Don't forget to grant the user permissions to some virtual hosts! "
		                "See 'leveretctl help set_permissions' to learn more.\n");
	return state;
}

static enum call_state delete(struct call *c, struct buf *out)
{
	call_banner(c, out, "Deleting user \"%.*s\" ...", SLICE_ARG(c->arguments[0]));
	struct user *u = call_user(c);
	if (u)
		c->wait_for = user_remove(u);
	return CALL_WAITS;
}

enum call_state verb_delete_user(struct call *c, struct buf *out)
{
	return call_durably(c, out, delete);
}

static enum call_state change_password(struct call *c, struct buf *out)
{
	call_banner(c, out, "Changing password for user \"%.*s\" ...", SLICE_ARG(c->arguments[0]));
	struct user *u = call_user(c);
	struct user_about about = u ? u->about : USER_PLAIN;
	if (u && read_password(c, &about.password)) {
		c->wait_for = user_change(u, &about);
		report_user_password(u, false);
	}
	return CALL_WAITS;
}

enum call_state verb_change_password(struct call *c, struct buf *out)
{
	return call_durably(c, out, change_password);
}

static enum call_state clear_password(struct call *c, struct buf *out)
{
	call_banner(c, out, "Clearing password for user \"%.*s\" ...", SLICE_ARG(c->arguments[0]));
	struct user *u = call_user(c);
	struct user_about about = u ? u->about : USER_PLAIN;
	about.password = (struct password){ .hashing = HASHING_SHA256 };
	if (u) {
		c->wait_for = user_change(u, &about);
		report_user_password(u, true);
	}
	return CALL_WAITS;
}

enum call_state verb_clear_password(struct call *c, struct buf *out)
{
	return call_durably(c, out, clear_password);
}

enum call_state verb_authenticate_user(struct call *c, struct buf *out)
{
	struct login login = { c->arguments[0], c->arguments[1] };
	const char *why;
	call_banner(c, out, "Authenticating user \"%.*s\" ...", SLICE_ARG(login.user));
	if (!access_check(c->host->broker, &login, true, &why))
		return call_fail(c, CALL_EXIT_DATA,
		                 "Error: failed to authenticate user \"%.*s\"\nuser '%.*s'%s",
		                 SLICE_ARG(login.user), SLICE_ARG(login.user), why);
	buf_printf(out, "Success\n");
	return CALL_DONE;
}

static enum call_state set_tags(struct call *c, struct buf *out)
{
	struct buf tags = { 0 };
	for (size_t i = 1; i < c->n; i++)
		words_put(&tags, c->arguments[i]);
	struct cell cell = cell_words(buf_slice(&tags));
	struct buf shown = { 0 };
	cell_put(&shown, cell);
	call_banner(c, out, "Setting tags for user \"%.*s\" to %.*s ...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(buf_slice(&shown)));
	struct user *u = call_user(c);
	struct user_about about = u ? u->about : USER_PLAIN;
	about.tags = buf_slice(&tags);
	if (tags.len > USER_TAGS_MAX) {
		call_refuse(c, "more than %d bytes of tags", USER_TAGS_MAX);
	} else if (u) {
		c->wait_for = user_change(u, &about);
		report_user_tags(u);
	}
	buf_free(&shown);
	buf_free(&tags);
	return CALL_WAITS;
}

enum call_state verb_set_user_tags(struct call *c, struct buf *out)
{
	return call_durably(c, out, set_tags);
}

enum call_state verb_hash_password(struct call *c, struct buf *out)
{
	struct password p;
	call_banner(c, out, "Will hash password");
	if (c->arguments[0].n == 0)
		return call_refuse_quietly(c, "password cannot be empty string.");
	user_hash(c->host->broker, &p, c->arguments[0]);
	password_print(out, &p);
	buf_u8(out, '\n');
	return CALL_DONE;
}
