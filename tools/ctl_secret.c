/* SPDX-License-Identifier: Apache-2.0 */
/* encode and decode: values of a configuration, encrypted with a passphrase, as RabbitMQ keeps
 * them (rabbit_pbe): base64 of 16 bytes of salt, the initialization vector, and the external term
 * in blocks.  The key is made of passphrase and salt by PBKDF2 (RFC 8018). */
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/quantity.h"
#include "management/request.h"
#include "management/literal.h"
#include "tools/ctl_own.h"

enum { SALT_BYTES = 16, BLOCK_BYTES = 16, PAD_MAX = 32, ITERATIONS_MAX = 100000000 };

static const struct cipher {
	const char *name;
	const EVP_CIPHER *(*get)(void);
} ciphers[] = {
	{ "aes_128_cbc", EVP_aes_128_cbc },
	{ "aes_192_cbc", EVP_aes_192_cbc },
	{ "aes_256_cbc", EVP_aes_256_cbc },
};

static const struct hash {
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

enum { CIPHERS = sizeof ciphers / sizeof *ciphers, HASHES = sizeof hashes / sizeof *hashes };

/* What was asked; the first of each table, and one iteration, if nothing else is said. */
struct secret {
	const struct cipher *cipher;
	const struct hash *hash;
	int iterations;
	struct slice value;
	const char *passphrase;      /* from the arguments, or typed */
	char *typed;                 /* to be freed */
	bool quiet;
};

/* ---- encryption ---- */

/* Encrypts the bytes, which are padded then (PKCS 7), or decrypts them, without looking at what
 * they are padded with; false: OpenSSL cannot. */
static bool apply(const struct secret *s, const uint8_t salt[SALT_BYTES],
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

static bool encrypt(const struct secret *s, struct slice bytes, struct buf *base64)
{
	uint8_t head[SALT_BYTES + BLOCK_BYTES];
	struct buf all = { 0 };
	bool ok = RAND_bytes(head, sizeof head) == 1;
	buf_append(&all, head, sizeof head);
	ok = ok && apply(s, head, head + SALT_BYTES, true, bytes, &all);
	if (ok)
		base64_put(base64, buf_slice(&all));
	buf_free(&all);
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

static bool decrypt(const struct secret *s, struct slice base64, struct buf *bytes)
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

/* ---- arguments ---- */

static int refuse(const char *why)
{
	fprintf(stderr, "Error (argument validation): %s\n", why);
	return CALL_EXIT_USAGE;
}

static int refuse_value(const char *why)
{
	fprintf(stderr, "Error (argument validation): Bad argument: %s\n", why);
	return CALL_EXIT_DATA;
}

static int list_ciphers(void)
{
	for (size_t i = 0; i < CIPHERS; i++)
		printf("%s%s", i ? "," : "[", ciphers[i].name);
	printf("]\n");
	return CALL_EXIT_OK;
}

static int list_hashes(void)
{
	for (size_t i = 0; i < HASHES; i++)
		printf("%s%s", i ? "," : "[", hashes[i].name);
	printf("]\n");
	return CALL_EXIT_OK;
}

static int choose(const struct own_call *o, struct secret *s)
{
	s->cipher = o->cipher ? NULL : &ciphers[0];
	s->hash = o->hash ? NULL : &hashes[0];
	for (size_t i = 0; !s->cipher && i < CIPHERS; i++)
		s->cipher = strcmp(o->cipher, ciphers[i].name) == 0 ? &ciphers[i] : NULL;
	for (size_t i = 0; !s->hash && i < HASHES; i++)
		s->hash = strcmp(o->hash, hashes[i].name) == 0 ? &hashes[i] : NULL;
	uint64_t n = 1;
	bool counted = !o->iterations || quantity_count(slice_str(o->iterations), &n);
	s->iterations = counted && n <= ITERATIONS_MAX ? (int)n : 0;
	if (!s->cipher)
		return refuse_value("The requested cipher is not supported");
	if (!s->hash)
		return refuse_value("The requested hash is not supported");
	if (!s->iterations)
		return refuse_value("The requested number of iterations is incorrect (must be a positive "
		                    "integer)");
	return CALL_EXIT_OK;
}

static bool is_quiet(struct slice word)
{
	return slice_is(word, "-q") || slice_is(word, "--quiet") || slice_is(word, "-s") ||
	       slice_is(word, "--silent");
}

/* What is left out is typed, or comes from the input, so that no list of processes shows it. */
static int take_words(const struct own_call *o, struct secret *s)
{
	struct slice words[2];
	size_t n = 0;
	bool plain = false;
	for (size_t i = 0; i < o->n; i++) {
		struct slice word = o->words[i];
		if (!plain && is_quiet(word))
			s->quiet = true;
		else if (!plain && slice_is(word, "--"))
			plain = true;
		else if (n == 2)
			return refuse("too many arguments.");
		else
			words[n++] = word;
	}
	if (n == 2)
		s->passphrase = (const char *)words[1].p;   /* arguments of the program end with NUL */
	else if (n == 1)
		s->passphrase = s->typed = secret_read("Passphrase: ");
	if (n == 0 || !s->passphrase || !*s->passphrase)
		return refuse("not enough arguments. Please provide a value and a passphrase.");
	s->value = words[0];
	return CALL_EXIT_OK;
}

/* ---- the verbs ---- */

static int fail(const char *why)
{
	fprintf(stderr, "Error:\n%s\n", why);
	return CALL_EXIT_UNAVAILABLE;
}

static void print(const struct buf *line)
{
	fwrite(line->p, 1, line->len, stdout);
	putchar('\n');
}

static int encode(struct secret *s)
{
	struct literal l = { 0 };
	struct buf bytes = { 0 }, base64 = { 0 };
	bool ok = literal_read(&l, s->value);
	if (ok)
		literal_pack(&bytes, &l);
	ok = ok && encrypt(s, buf_slice(&bytes), &base64);
	if (ok)
		printf("{encrypted,<<\"%.*s\">>}\n", SLICE_ARG(buf_slice(&base64)));
	OPENSSL_cleanse(bytes.p, bytes.len);
	literal_free(&l);
	buf_free(&bytes);
	buf_free(&base64);
	if (!ok)
		return fail("Error during cipher operation. Is the value a binary (<<\"text\">>), a "
		            "string (\"text\") or an atom (text)?");
	return CALL_EXIT_OK;
}

/* {encrypted, <<"base64">>}, <<"base64">>, "base64", "encrypted:base64", or as it is. */
static void unwrap(struct slice value, struct buf *base64)
{
	static const char head[] = "{encrypted,", prefix[] = "encrypted:";
	struct literal l = { 0 };
	if (slice_starts(value, head) && value.p[value.n - 1] == '}')
		value = slice_of(value.p + strlen(head), value.n - strlen(head) - 1);
	if (literal_read(&l, value) && l.kind != LITERAL_ATOM)
		value = buf_slice(&l.text);
	if (slice_starts(value, prefix))
		slice_take(&value, strlen(prefix));
	buf_append_slice(base64, value);
	literal_free(&l);
}

static int decode(struct secret *s)
{
	struct literal l = { 0 };
	struct buf bytes = { 0 }, text = { 0 };
	unwrap(s->value, &text);
	bool ok = decrypt(s, buf_slice(&text), &bytes) && literal_unpack(&l, buf_slice(&bytes));
	buf_clear(&text);
	if (ok) {
		literal_put(&text, &l);
		print(&text);
	}
	OPENSSL_cleanse(bytes.p, bytes.len);
	literal_free(&l);
	buf_free(&bytes);
	buf_free(&text);
	if (!ok)
		return fail("Failed to decrypt the value. Things to check: is the passphrase correct? Are "
		            "the cipher and hash algorithms the same as those used for encryption?");
	return CALL_EXIT_OK;
}

static int run(const struct own_call *o, const char *banner, int act(struct secret *s))
{
	struct secret s = { 0 };
	if (o->lists_ciphers)
		return list_ciphers();
	if (o->lists_hashes)
		return list_hashes();
	int code = choose(o, &s);
	if (!code)
		code = take_words(o, &s);
	if (!code && !s.quiet)
		printf("%s\n", banner);
	if (!code)
		code = act(&s);
	if (s.typed)
		OPENSSL_cleanse(s.typed, strlen(s.typed));
	free(s.typed);
	return code;
}

int own_encode(struct own_call *o)
{
	return run(o, "Encrypting value ...", encode);
}

int own_decode(struct own_call *o)
{
	return run(o, "Decrypting value...", decode);
}
