/* SPDX-License-Identifier: Apache-2.0 */
/* Input: which kind of entry, then its key or value.  What decodes encodes to the same bytes. */
#include "base/die.h"
#include "broker/ledger.h"
#include "tests/fuzz/fuzz.h"

static void again(struct slice in, struct buf *out)
{
	must(slice_eq(in, buf_slice(out)));
}

static void try_vhost(struct slice in, struct buf *out)
{
	struct slice name;
	struct vhost_about a;
	if (!ledger_vhost_decode(in, &name, &a))
		return;
	ledger_vhost_value(out, name, &a);
	again(in, out);
}

static void try_user(struct slice in, struct buf *out)
{
	struct user_about a;
	struct buf text = { 0 };
	if (!ledger_user_decode(in, &a))
		return;
	ledger_user_value(out, &a);
	again(in, out);
	struct password p;
	password_print(&text, &a.password);
	must(password_read(&p, a.password.hashing, buf_slice(&text)));
	must(p.n == a.password.n && memcmp(p.bytes, a.password.bytes, p.n) == 0);
	buf_free(&text);
}

static void try_key(struct slice in, bool topics, struct buf *out)
{
	struct grant_key k;
	if (!ledger_grant_key_decode(in, topics, &k))
		return;
	must((k.exchange.p != NULL) == topics);
	ledger_grant_key(out, &k);
	again(in, out);
}

static void try_grant(struct slice in, struct buf *out)
{
	struct slice texts[RIGHTS];
	if (!ledger_grant_decode(in, texts))
		return;
	ledger_grant_value(out, texts);
	again(in, out);
}

static void try_base64(struct slice in)
{
	struct password p;
	for (int h = HASHING_SHA256; h <= HASHING_MD5; h++)
		password_read(&p, (enum hashing)h, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct buf out = { 0 };
	if (size == 0)
		return 0;
	switch (slice_take(&in, 1).p[0]) {
	case 0: try_vhost(in, &out); break;
	case 1: try_user(in, &out); break;
	case 2: try_key(in, false, &out); break;
	case 3: try_key(in, true, &out); break;
	case 4: try_grant(in, &out); break;
	default: try_base64(in);
	}
	buf_free(&out);
	return 0;
}
