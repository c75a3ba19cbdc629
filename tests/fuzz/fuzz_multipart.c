/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the value of a header Content-Type, a line feed, and a body.  A boundary lies in the one
 * and a part in the other, with the boundary ahead of it and behind it. */
#include "management/multipart.h"
#include "tests/fuzz/fuzz.h"

static bool lies_in(struct slice part, struct slice whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of(data, size), type = slice_cut(&body, '\n'), part;
	struct slice boundary = multipart_boundary(type);
	must(boundary.n == 0 || (lies_in(boundary, type) && boundary.n <= MULTIPART_BOUNDARY_MAX));
	if (!multipart_find(body, boundary, "file", &part))
		return 0;
	must(boundary.n && lies_in(part, body));
	const uint8_t *end = part.p + part.n;
	must((size_t)(body.p + body.n - end) >= boundary.n + 4);
	must(memcmp(end, "\r\n--", 4) == 0 && memcmp(end + 4, boundary.p, boundary.n) == 0);
	must(!memmem(part.p, part.n, end, boundary.n + 4));
	return 0;
}
