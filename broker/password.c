/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/die.h"

static const struct {
	const char *name;
	const EVP_MD *(*digest)(void);
	size_t bytes;
} hashings[] = {
	[HASHING_SHA256] = { "rabbit_password_hashing_sha256", EVP_sha256, 32 },
	[HASHING_SHA512] = { "rabbit_password_hashing_sha512", EVP_sha512, 64 },
	[HASHING_MD5] = { "rabbit_password_hashing_md5", EVP_md5, 16 },
};

/* False when this build of OpenSSL does not have the digest. */
static bool digest(enum hashing h, const uint8_t *salt, struct slice text, uint8_t *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c && EVP_DigestInit_ex(c, hashings[h].digest(), NULL) &&
	          EVP_DigestUpdate(c, salt, PASSWORD_SALT_BYTES) &&
	          EVP_DigestUpdate(c, text.p, text.n) && EVP_DigestFinal_ex(c, out, NULL);
	EVP_MD_CTX_free(c);
	return ok;
}

void password_set(struct password *p, enum hashing h, const uint8_t salt[PASSWORD_SALT_BYTES],
                  struct slice text)
{
	*p = (struct password){ .hashing = h, .n = PASSWORD_SALT_BYTES + hashings[h].bytes };
	memcpy(p->bytes, salt, PASSWORD_SALT_BYTES);
	bool ok = digest(p->hashing, salt, text, p->bytes + PASSWORD_SALT_BYTES);
	must(ok);
}

bool password_matches(const struct password *p, struct slice text)
{
	uint8_t given[64] = { 0 };
	bool ok = digest(p->hashing, p->bytes, text, given);
	bool same = CRYPTO_memcmp(given, p->bytes + PASSWORD_SALT_BYTES,
	                          hashings[p->hashing].bytes) == 0;
	return ok && same && p->n > 0;
}

const char *password_hashing_name(enum hashing h)
{
	return hashings[h].name;
}

bool password_hashing_find(struct slice name, enum hashing *out)
{
	for (size_t i = 0; i < ARRAY_LEN(hashings); i++) {
		if (!slice_is(name, hashings[i].name))
			continue;
		*out = (enum hashing)i;
		return true;
	}
	return false;
}

bool password_take(struct password *out, enum hashing h, struct slice hash)
{
	*out = (struct password){ .hashing = h, .n = hash.n };
	if (hash.n && hash.n != PASSWORD_SALT_BYTES + hashings[h].bytes)
		return false;
	if (hash.n)
		memcpy(out->bytes, hash.p, hash.n);
	return true;
}

/* ---- as base64 ---- */

void password_print(struct buf *out, const struct password *p)
{
	base64_put(out, slice_of(p->bytes, p->n));
}

bool password_read(struct password *out, enum hashing h, struct slice base64)
{
	struct buf bytes = { 0 };
	bool read = base64.n <= (PASSWORD_MAX_BYTES + 2) / 3 * 4 && base64_read(&bytes, base64) &&
	            password_take(out, h, buf_slice(&bytes));
	buf_free(&bytes);
	return read;
}
