/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the text of a configuration file.  It is taken, or refused with its place; what is in
 * force then is printed as a file that is taken in turn, and says the same (but for quotes in
 * values, which may be read in two ways).  What is encrypted is decrypted, or refused likewise. */
#include "server/config.h"
#include "tests/fuzz/fuzz.h"

static void print_again(const struct config *c)
{
	struct config again;
	struct buf why = { 0 }, first = { 0 }, second = { 0 };
	config_init(&again);
	config_print(c, &first);
	bool same = config_read(&again, buf_slice(&first), "b.conf", &why);
	must(same);
	config_print(&again, &second);
	must(slice_eq(buf_slice(&first), buf_slice(&second)));
	config_free(&again);
	buf_free(&why);
	buf_free(&first);
	buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c;
	struct buf why = { 0 };
	config_init(&c);
	bool ok = config_read(&c, slice_of(data, size), "a.conf", &why);
	must(ok == (why.len == 0));
	must(ok || slice_starts(buf_slice(&why), "a.conf:"));
	if (ok) {
		ok = config_unseal(&c, "mypassphrase", &why);
		must(ok == (why.len == 0));
		must(ok || slice_starts(buf_slice(&why), "a.conf:"));
	}
	if (!size || !memchr(data, '\'', size))
		print_again(&c);
	config_free(&c);
	buf_free(&why);
	return 0;
}
