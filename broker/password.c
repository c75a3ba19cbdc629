/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

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

void password_set(struct password *p, const uint8_t salt[PASSWORD_SALT_BYTES], struct slice text)
{
	*p = (struct password){ .hashing = HASHING_SHA256, .n = PASSWORD_SALT_BYTES + 32 };
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
	memcpy(out->bytes, hash.p, hash.n);
	return true;
}

/* ---- base64 ---- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void password_print(struct buf *out, const struct password *p)
{
	for (size_t i = 0; i < p->n; i += 3) {
		uint32_t v = (uint32_t)p->bytes[i] << 16;
		v |= i + 1 < p->n ? (uint32_t)p->bytes[i + 1] << 8 : 0;
		v |= i + 2 < p->n ? p->bytes[i + 2] : 0;
		buf_u8(out, (uint8_t)letters[v >> 18]);
		buf_u8(out, (uint8_t)letters[v >> 12 & 63]);
		buf_u8(out, i + 1 < p->n ? (uint8_t)letters[v >> 6 & 63] : '=');
		buf_u8(out, i + 2 < p->n ? (uint8_t)letters[v & 63] : '=');
	}
}

bool password_read(struct password *out, enum hashing h, struct slice base64)
{
	uint8_t bytes[PASSWORD_MAX_BYTES + 2];
	size_t n = 0;
	uint32_t v = 0;
	size_t padding = 0;
	if (base64.n % 4 || base64.n / 4 * 3 > sizeof bytes)
		return false;
	for (size_t i = 0; i < base64.n; i++) {
		const char *at = memchr(letters, base64.p[i], 64);
		padding += base64.p[i] == '=';
		if (!at != (padding > 0) || padding > 2)
			return false;
		v = v << 6 | (at ? (uint32_t)(at - letters) : 0);
		for (int k = 16; i % 4 == 3 && k >= 0; k -= 8)
			bytes[n++] = (uint8_t)(v >> k);
	}
	return password_take(out, h, slice_of(bytes, n - padding));
}
