/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5077 section 4 in OpenSSL's words: AES-256-CBC and HMAC-SHA-256 under a key that the ticket
 * names. */
#include "server/tickets.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "base/die.h"
#include "base/mem.h"

struct ticket_key {
	uint8_t name[16], aes[32], hmac[32];
};

struct tickets {
	struct ticket_key now, before;
};

static void fill(struct ticket_key *k)
{
	int ok = RAND_priv_bytes((uint8_t *)k, sizeof *k);
	must(ok == 1);
}

static bool use(const struct ticket_key *k, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                const uint8_t *iv, int seal)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)k->hmac, sizeof k->hmac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->aes, iv, seal) == 1 &&
	       EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 1: done, 2: done, and the client is to get a new one, 0: not a ticket of ours, -1: trouble. */
static int on_ticket(SSL *ssl, uint8_t *name, uint8_t *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int seal)
{
	const struct tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (seal) {
		memcpy(name, t->now.name, sizeof t->now.name);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
			return -1;
		return use(&t->now, cipher, mac, iv, 1) ? 1 : -1;
	}
	if (memcmp(name, t->now.name, sizeof t->now.name) == 0)
		return use(&t->now, cipher, mac, iv, 0) ? 1 : -1;
	if (memcmp(name, t->before.name, sizeof t->before.name) == 0)
		return use(&t->before, cipher, mac, iv, 0) ? 2 : -1;
	return 0;
}

struct tickets *tickets_new(SSL_CTX *ctx, long good_for_s)
{
	struct tickets *t = mem_zalloc(sizeof *t);
	fill(&t->now);
	fill(&t->before);
	SSL_CTX_set_app_data(ctx, t);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	SSL_CTX_set_timeout(ctx, good_for_s);
	return t;
}

void tickets_free(struct tickets **pt)
{
	struct tickets *t = *pt;
	*pt = NULL;
	if (!t)
		return;
	OPENSSL_cleanse(t, sizeof *t);
	mem_free(t);
}

void tickets_turn(struct tickets *t)
{
	t->before = t->now;
	fill(&t->now);
}
