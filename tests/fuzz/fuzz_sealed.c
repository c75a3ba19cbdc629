/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte, and then the base64 of a value that is encrypted, its bytes, or what it is made
 * of.  What was opened is encrypted and opened again as the same. */
#include "base/base64.h"
#include "management/sealed.h"
#include "tests/fuzz/fuzz.h"

/* How it is encrypted says the byte, too. */
static void choose(struct sealing *s, uint8_t how)
{
	sealing_init(s, "mypassphrase");
	bool ok = sealing_set_cipher(s, slice_str(sealing_cipher_name(how % 3)));
	must(ok);
	s->iterations = 1 + how % 2;
}

static void close_again(const struct sealing *s, const struct literal *l)
{
	struct literal again = { 0 };
	struct buf base64 = { 0 };
	must(sealed_put(&base64, s, l));
	must(sealed_open(&again, s, buf_slice(&base64)));
	must(again.kind == l->kind && slice_eq(buf_slice(&again.text), buf_slice(&l->text)));
	sealed_forget(&again);
	buf_free(&base64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct sealing s;
	struct literal l = { 0 };
	struct buf base64 = { 0 };
	uint8_t how = fuzz_u8(&in);
	choose(&s, how >> 2);
	if (how % 4 == 0)
		buf_append_slice(&base64, in);
	else
		base64_put(&base64, in);
	bool ok = how % 4 == 3 ? literal_unpack(&l, in) : sealed_open(&l, &s, buf_slice(&base64));
	if (ok)
		close_again(&s, &l);
	sealed_forget(&l);
	buf_free(&base64);
	return 0;
}
