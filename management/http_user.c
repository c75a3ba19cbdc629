/* SPDX-License-Identifier: Apache-2.0 */
#include "management/http_user.h"

#include "broker/channel.h"
#include "broker/user.h"

/* Each of them may do what those behind it may. */
bool http_user_is(const struct user *u, const char *tag)
{
	if (user_has_tag(u, tag) || user_has_tag(u, "administrator"))
		return true;
	if (strcmp(tag, "management") == 0)
		return user_has_tag(u, "monitoring") || user_has_tag(u, "policymaker");
	return false;
}

bool http_user_enters(const struct user *u, const struct vhost *v)
{
	return grant_find(u, v, slice_of(NULL, 0)) != NULL;
}

bool http_user_sees(const struct user *u, const struct vhost *v)
{
	return http_user_is(u, "monitoring") || http_user_enters(u, v);
}

bool http_user_has(const struct user *u, const struct connection *c)
{
	return c->user && slice_is(u->name, c->user);
}
