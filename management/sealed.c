/* SPDX-License-Identifier: Apache-2.0 */
#include "management/sealed.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/base64.h"
#include "base/die.h"

enum { SALT_BYTES = 16, BLOCK_BYTES = 16, PAD_MAX = 32 };

static const struct sealing_cipher {
	const char *name;
	const EVP_CIPHER *(*get)(void);
} ciphers[] = {
	{ "aes_128_cbc", EVP_aes_128_cbc },
	{ "aes_192_cbc", EVP_aes_192_cbc },
	{ "aes_256_cbc", EVP_aes_256_cbc },
};

static const struct sealing_hash {
	const char *name;
	const EVP_MD *(*get)(void);
} hashes[] = {
	{ "sha256", EVP_sha256 },
	{ "sha", EVP_sha1 },
	{ "sha224", EVP_sha224 },
	{ "sha384", EVP_sha384 },
	{ "sha512", EVP_sha512 },
	{ "sha3_224", EVP_sha3_224 },
	{ "sha3_256", EVP_sha3_256 },
	{ "sha3_384", EVP_sha3_384 },
	{ "sha3_512", EVP_sha3_512 },
};

/* ---- how ---- */

void sealing_init(struct sealing *s, const char *passphrase)
{
	*s = (struct sealing){ &ciphers[0], &hashes[0], 1, passphrase };
}

bool sealing_set_cipher(struct sealing *s, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++)
		if (slice_is(name, ciphers[i].name)) {
			s->cipher = &ciphers[i];
			return true;
		}
	return false;
}

bool sealing_set_hash(struct sealing *s, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
		if (slice_is(name, hashes[i].name)) {
			s->hash = &hashes[i];
			return true;
		}
	return false;
}

const char *sealing_cipher_name(size_t i)
{
	return i < ARRAY_LEN(ciphers) ? ciphers[i].name : NULL;
}

const char *sealing_hash_name(size_t i)
{
	return i < ARRAY_LEN(hashes) ? hashes[i].name : NULL;
}

/* ---- bytes ---- */

static void forget(struct buf *b)
{
	OPENSSL_cleanse(b->p, b->cap);
	buf_free(b);
}

/* Encrypts the bytes, which are padded then (PKCS 7), or decrypts them, without looking at what
 * they are padded with; false: OpenSSL cannot. */
static bool apply(const struct sealing *s, const uint8_t salt[SALT_BYTES],
                  const uint8_t iv[BLOCK_BYTES], bool encrypt, struct slice in, struct buf *out)
{
	uint8_t key[EVP_MAX_KEY_LENGTH];
	const EVP_CIPHER *cipher = s->cipher->get();
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	uint8_t *to = buf_reserve(out, in.n + BLOCK_BYTES);
	bool ok = c && PKCS5_PBKDF2_HMAC(s->passphrase, (int)strlen(s->passphrase), salt, SALT_BYTES,
	                                 s->iterations, s->hash->get(),
	                                 EVP_CIPHER_get_key_length(cipher), key) == 1 &&
	          EVP_CipherInit_ex(c, cipher, NULL, key, iv, encrypt) == 1 &&
	          EVP_CIPHER_CTX_set_padding(c, encrypt) == 1 &&
	          EVP_CipherUpdate(c, to, &n, in.p, (int)in.n) == 1 &&
	          EVP_CipherFinal_ex(c, to + n, &last) == 1;
	EVP_CIPHER_CTX_free(c);
	OPENSSL_cleanse(key, sizeof key);
	out->len += ok ? (size_t)(n + last) : 0;
	return ok;
}

/* Some versions pad to 32 bytes. */
static bool unpad(struct buf *b)
{
	size_t n = b->len ? b->p[b->len - 1] : 0;
	if (n == 0 || n > PAD_MAX || n > b->len)
		return false;
	for (size_t i = b->len - n; i < b->len; i++)
		if (b->p[i] != n)
			return false;
	b->len -= n;
	return true;
}

static bool decrypt(const struct sealing *s, struct slice base64, struct buf *bytes)
{
	struct buf all = { 0 };
	bool ok = base64_read(&all, base64) && all.len > SALT_BYTES + BLOCK_BYTES;
	struct slice rest = buf_slice(&all);
	if (ok) {
		const uint8_t *salt = slice_take(&rest, SALT_BYTES).p;
		const uint8_t *iv = slice_take(&rest, BLOCK_BYTES).p;
		ok = rest.n % BLOCK_BYTES == 0 && apply(s, salt, iv, false, rest, bytes) && unpad(bytes);
	}
	buf_free(&all);
	return ok;
}

/* ---- values ---- */

bool sealed_put(struct buf *out, const struct sealing *s, const struct literal *l)
{
	uint8_t head[SALT_BYTES + BLOCK_BYTES];
	struct buf bytes = { 0 }, all = { 0 };
	bool ok = RAND_bytes(head, sizeof head) == 1;
	literal_pack(&bytes, l);
	buf_append(&all, head, sizeof head);
	ok = ok && apply(s, head, head + SALT_BYTES, true, buf_slice(&bytes), &all);
	if (ok)
		base64_put(out, buf_slice(&all));
	forget(&bytes);
	buf_free(&all);
	return ok;
}

bool sealed_open(struct literal *out, const struct sealing *s, struct slice base64)
{
	struct buf bytes = { 0 };
	bool ok = decrypt(s, base64, &bytes) && literal_unpack(out, buf_slice(&bytes));
	forget(&bytes);
	return ok;
}

void sealed_forget(struct literal *l)
{
	forget(&l->text);
}
