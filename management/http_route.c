/* SPDX-License-Identifier: Apache-2.0 */
#include "management/http_route.h"

#include "base/die.h"

#define ROUTE(action, path, who, handler) { HTTP_ACTION_##action, path, who, api_##handler },
static const struct http_route routes[] = {
#include "management/routes.def"
};

static const struct http_route scrapes[] = {
#include "management/scrapes.def"
};
#undef ROUTE

static const struct {
	const struct http_route *routes;
	size_t n;
} services[] = {
	[HTTP_API] = { routes, ARRAY_LEN(routes) },
	[HTTP_METRICS] = { scrapes, ARRAY_LEN(scrapes) },
};

const struct http_route *http_routes(size_t *n)
{
	*n = ARRAY_LEN(routes);
	return routes;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_route_decode(struct slice s, bool plus, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			buf_u8(out, plus && s.p[i] == '+' ? ' ' : s.p[i]);
			continue;
		}
		int high = s.n - i > 2 ? digit(s.p[i + 1]) : -1;
		int low = high < 0 ? -1 : digit(s.p[i + 2]);
		if (low < 0)
			return false;
		buf_u8(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return true;
}

/* Room is made once, so that the parts stay where they are. */
bool http_route_cut(struct slice path, struct buf *room,
                    struct slice parts[HTTP_PATH_PARTS_MAX], size_t *n)
{
	*n = 0;
	buf_reserve(room, path.n);
	if (path.n && path.p[0] == '/')
		slice_take(&path, 1);
	while (path.n) {
		size_t at = room->len;
		if (*n == HTTP_PATH_PARTS_MAX || !http_route_decode(slice_cut(&path, '/'), false, room))
			return false;
		parts[(*n)++] = slice_of(room->p + at, room->len - at);
	}
	return true;
}

/* The parts that stars stand for. */
static bool matches(const char *path, const struct slice *parts, size_t n,
                    struct slice out[HTTP_PARTS_MAX])
{
	struct slice rest = slice_str(path);
	size_t i = 0, stars = 0;
	for (; rest.n && i < n; i++) {
		struct slice wanted = slice_cut(&rest, '/');
		if (slice_is(wanted, "*"))
			out[stars++] = parts[i];
		else if (!slice_eq(wanted, parts[i]))
			return false;
	}
	return rest.n == 0 && i == n;
}

const struct http_route *http_route_find(enum http_service service, enum http_action action,
                                         const struct slice *parts, size_t n,
                                         struct slice out[HTTP_PARTS_MAX], unsigned *allowed)
{
	const struct http_route *all = services[service].routes;
	enum http_action meant = action == HTTP_ACTION_HEAD ? HTTP_ACTION_GET : action;
	*allowed = 0;
	for (size_t i = 0; i < services[service].n; i++) {
		if (!matches(all[i].path, parts, n, out))
			continue;
		if (all[i].action == meant)
			return &all[i];
		*allowed |= all[i].action;
	}
	if (*allowed)
		*allowed |= HTTP_ACTION_OPTIONS;
	if (*allowed & HTTP_ACTION_GET)
		*allowed |= HTTP_ACTION_HEAD;
	return NULL;
}
