/* SPDX-License-Identifier: Apache-2.0 */
#include "management/visit.h"

#include <inttypes.h>
#include <string.h>

#include "management/http_response.h"
#include "management/http_route.h"

enum { TEXT_MAX = 1024 };

/* Nobody can end a line, or a pair of quotes. */
static void put_text(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n && i < TEXT_MAX; i++) {
		bool plain = s.p[i] > ' ' && s.p[i] < 0x7F && s.p[i] != '"' && s.p[i] != '\\';
		buf_printf(out, plain ? "%c" : "%%%02X", s.p[i]);
	}
}

/* "1.2.3.4:555 -> ..." and "[::1]:555 -> ...". */
static struct slice address_of(const char *peer)
{
	struct slice rest = slice_str(peer), own = slice_cut(&rest, ' ');
	size_t n = own.n;
	while (n && own.p[n - 1] != ':')
		n--;
	return n ? slice_of(own.p, n - 1) : own;
}

/* The one path that has a password in it, whoever asks for it. */
static bool is_secret(const struct http_response *r)
{
	static const char secret[] = "api/auth/hash_password/*";
	const struct slice path = r->request->path;
	return (r->route && strcmp(r->route->path, secret) == 0) ||
	       memmem(path.p, path.n, "hash_password/", strlen("hash_password/"));
}

void visit_put(struct buf *out, const struct http_response *r, uint64_t bytes)
{
	put_text(out, address_of(r->peer->name));
	buf_printf(out, " - ");
	put_text(out, r->user_name.n ? r->user_name : slice_str("-"));
	buf_printf(out, "\t\"%s ", http_action_name(r->request->action));
	put_text(out, is_secret(r) ? slice_str("/api/auth/hash_password/*") : r->request->path);
	buf_printf(out, " HTTP/1.%d\" %u %" PRIu64 "\n", r->request->is_old ? 0 : 1, r->status, bytes);
}
