/* SPDX-License-Identifier: Apache-2.0 */
/* Input: what comes first where a proxy is expected.  However much of it is there at a time, the
 * same is made of it; a header ends within what came, and what it names can be printed. */
#include "base/die.h"
#include "server/address.h"
#include "server/proxy_header.h"
#include "tests/fuzz/fuzz.h"

static void print(const struct proxy_header *h, char out[ADDRESS_PAIR_BYTES])
{
	memset(out, 0, ADDRESS_PAIR_BYTES);
	if (h->named)
		address_print_ends(out, &h->source, &h->destination);
	for (const char *p = out; *p; p++)
		must(*p >= 0x20 && *p < 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char whole[ADDRESS_PAIR_BYTES], pieces[ADDRESS_PAIR_BYTES];
	struct proxy_header h = { 0 }, again = { 0 };
	enum proxy_header_result r = proxy_header_read(slice_of(data, size), &h);
	enum proxy_header_result same = PROXY_HEADER_MORE;
	for (size_t n = 0; n <= size && same == PROXY_HEADER_MORE; n++)
		same = proxy_header_read(slice_of(data, n), &again);
	must(same == r);
	must(r != PROXY_HEADER_MORE || size < PROXY_HEADER_MAX_BYTES);
	must((r == PROXY_HEADER_BAD) == (h.fault != NULL) && h.fault == again.fault);
	if (r != PROXY_HEADER_OK)
		return 0;
	must(h.n == again.n && h.n <= size && h.n <= PROXY_HEADER_MAX_BYTES);
	print(&h, whole);
	print(&again, pieces);
	must(strcmp(whole, pieces) == 0);
	return 0;
}
