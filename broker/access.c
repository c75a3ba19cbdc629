/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/access.h"

#include "amqp/table.h"
#include "broker/state.h"
#include "broker/user.h"

bool access_parse_plain(struct slice response, struct login *out)
{
	if (!response.n || response.p[0])
		return false;
	slice_take(&response, 1);
	const uint8_t *second = memchr(response.p, 0, response.n);
	if (!second)
		return false;
	out->user = slice_take(&response, (size_t)(second - response.p));
	slice_take(&response, 1);
	out->password = response;
	return true;
}

bool access_parse_amqplain(struct slice response, struct login *out)
{
	struct field login, password;
	if (!table_check(response) || !table_find(response, "LOGIN", &login) ||
	    !table_find(response, "PASSWORD", &password) || login.letter != 'S' ||
	    password.letter != 'S')
		return false;
	*out = (struct login){ login.bytes, password.bytes };
	return true;
}

static struct user *from_there(const struct broker *b, struct user *u, bool loopback,
                               const char **why)
{
	if (loopback || !slice_has_word(slice_str(b->options.loopback_users), ',', u->name))
		return u;
	*why = " can only connect via localhost";
	return NULL;
}

/* Who does not exist has the password that nobody has. */
struct user *access_check(const struct broker *b, const struct login *l, bool loopback,
                          const char **why)
{
	static const struct password nobody_has = { .hashing = HASHING_SHA256 };
	struct user *u = user_find(b, l->user);
	bool right = password_matches(u ? &u->about.password : &nobody_has, l->password);
	*why = " - invalid credentials";
	return u && right && l->password.n ? from_there(b, u, loopback, why) : NULL;
}

struct user *access_check_user(const struct broker *b, struct slice name, bool loopback,
                               const char **why)
{
	struct user *u = user_find(b, name);
	*why = " - invalid credentials";
	return u ? from_there(b, u, loopback, why) : NULL;
}
