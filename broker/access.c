/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/access.h"

#include "amqp/table.h"
#include "broker/state.h"

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

static bool equal_in_constant_time(struct slice given, const char *kept)
{
	size_t n = strlen(kept);
	volatile uint8_t difference = given.n != n;
	for (size_t i = 0; i < given.n; i++)
		difference |= (uint8_t)(given.p[i] ^ (uint8_t)kept[n ? i % n : 0]);
	return difference == 0;
}

bool access_check(const struct broker *b, const struct login *l, bool loopback)
{
	const struct broker_options *o = &b->options;
	bool user = equal_in_constant_time(l->user, o->default_user);
	bool password = equal_in_constant_time(l->password, o->default_pass);
	bool from = loopback || !o->default_user_loopback_only;
	return user && password && l->password.n > 0 && from;
}

bool access_check_user(const struct broker *b, struct slice user, bool loopback)
{
	const struct broker_options *o = &b->options;
	return slice_is(user, o->default_user) && (loopback || !o->default_user_loopback_only);
}
