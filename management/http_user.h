/* SPDX-License-Identifier: Apache-2.0 */
/* What the user who asks over HTTP may see: by tags, rights, and who is who. */
#ifndef MANAGEMENT_HTTP_USER_H
#define MANAGEMENT_HTTP_USER_H

#include <stdbool.h>

struct connection;
struct user;
struct vhost;

/* The tag, or one that says more. */
bool http_user_is(const struct user *u, const char *tag);

/* Whether the user has a right in the virtual host. */
bool http_user_enters(const struct user *u, const struct vhost *v);

/* Whether the user sees what is in the virtual host: who enters it, or looks at all. */
bool http_user_sees(const struct user *u, const struct vhost *v);

/* Whether the user has logged in with that connection. */
bool http_user_has(const struct user *u, const struct connection *c);

#endif
