/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_pair.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/endian.h"

static struct {
	X509 *cert;
	EVP_PKEY *key;
} authority;

static const char *const files[] = { "ca.pem", "server.pem", "server.key", "other.key" };

const char *pair_path(struct pair *p, const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", p->directory, name);
	return path;
}

/* ---- certificates ---- */

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, authority.cert ? authority.cert : cert, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static X509_NAME *name_of(const struct subject *s)
{
	X509_NAME *name = X509_NAME_new();
	for (size_t i = 0; i < 4 && s->field[i][0]; i++)
		ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, s->field[i][0], MBSTRING_UTF8,
		                                            (const uint8_t *)s->field[i][1], -1, -1, 0), 1);
	if (s->cn.n)
		ck_assert_int_eq(X509_NAME_add_entry_by_NID(name, NID_commonName, s->cn_type, s->cn.p,
		                                            (int)s->cn.n, -1, 0), 1);
	return name;
}

static X509 *issue(const struct subject *s, EVP_PKEY *key, bool is_authority)
{
	X509 *cert = X509_new();
	X509_NAME *name = name_of(s);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), is_authority ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), s->expired ? -7200 : -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), s->expired ? -3600 : 3600);
	X509_set_pubkey(cert, key);
	X509_set_subject_name(cert, name);
	X509_set_issuer_name(cert, is_authority ? name : X509_get_subject_name(authority.cert));
	add_extension(cert, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
	if (s->alternative)
		add_extension(cert, NID_subject_alt_name, s->alternative);
	ck_assert_int_gt(X509_sign(cert, is_authority ? key : authority.key, EVP_sha256()), 0);
	X509_NAME_free(name);
	return cert;
}

static void write_key(struct pair *p, const char *name, EVP_PKEY *key)
{
	FILE *f = fopen(pair_path(p, name), "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

static void write_cert(struct pair *p, const char *name, X509 *cert)
{
	FILE *f = fopen(pair_path(p, name), "w");
	ck_assert_ptr_nonnull(f);
	PEM_write_X509(f, cert);
	fclose(f);
}

static void write_files(struct pair *p)
{
	const struct subject ca = { .field = { { "CN", "authority" } } };
	const struct subject server = { .field = { { "CN", "localhost" } } };
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	authority.cert = NULL;
	authority.key = EVP_EC_gen("P-256");
	authority.cert = issue(&ca, authority.key, true);
	X509 *cert = issue(&server, key, false);
	write_cert(p, "ca.pem", authority.cert);
	write_cert(p, "server.pem", cert);
	write_key(p, "server.key", key);
	write_key(p, "other.key", other);
	X509_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

/* ---- begin and end ---- */

void pair_set(struct pair *p, const char *key, const char *value)
{
	ck_assert_msg(config_set(&p->config, slice_str(key), slice_str(value), "argument", &p->why),
	              "%.*s", SLICE_ARG(buf_slice(&p->why)));
}

void pair_init(struct pair *p)
{
	*p = (struct pair){ 0 };
	snprintf(p->directory, sizeof p->directory, "/tmp/leveret-tls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->directory));
	config_init(&p->config);
	write_files(p);
	pair_set(p, "listeners.ssl.1", "5671");
	pair_set(p, "ssl_options.certfile", pair_path(p, "server.pem"));
	pair_set(p, "ssl_options.keyfile", pair_path(p, "server.key"));
	pair_set(p, "ssl_options.cacertfile", pair_path(p, "ca.pem"));
}

static void part(struct pair *p)
{
	SSL_free(p->client);
	SSL_CTX_free(p->client_context);
	p->client = NULL;
	p->client_context = NULL;
	tls_free(&p->server);
	buf_free(&p->plain);
	buf_free(&p->why);
	p->over = false;
	p->client_trouble = 0;
}

void pair_free(struct pair *p)
{
	part(p);
	tls_context_free(&p->context);
	config_free(&p->config);
	X509_free(authority.cert);
	EVP_PKEY_free(authority.key);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		remove(pair_path(p, files[i]));
	rmdir(p->directory);
}

bool pair_load(struct pair *p)
{
	tls_context_free(&p->context);
	buf_free(&p->why);
	p->context = tls_context_new(&p->config, &p->why);
	return p->context;
}

static void note_secret(const SSL *ssl, const char *line)
{
	struct pair *p = SSL_get_app_data(ssl);
	const char *last = strrchr(line, ' ');
	if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
		snprintf(p->secret, sizeof p->secret, "%s", last + 1);
}

static void give_certificate(struct pair *p, const struct subject *s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = issue(s, key, false);
	ck_assert_int_eq(SSL_CTX_use_certificate(p->client_context, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(p->client_context, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
}

void pair_meet(struct pair *p, const struct subject *s)
{
	part(p);
	p->client_context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_ciphersuites(p->client_context, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set_keylog_callback(p->client_context, note_secret);
	if (s)
		give_certificate(p, s);
	p->client = SSL_new(p->client_context);
	SSL_set_app_data(p->client, p);
	SSL_set_bio(p->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(p->client);
	p->server = tls_new(p->context);
}

void pair_meet_again(struct pair *p)
{
	SSL_SESSION *session = SSL_get1_session(p->client);
	SSL_set_shutdown(p->client, SSL_SENT_SHUTDOWN);   /* else OpenSSL distrusts the session */
	pair_meet(p, NULL);
	SSL_set_session(p->client, session);
	SSL_SESSION_free(session);
}

/* ---- talking ---- */

void pair_feed(struct pair *p, struct slice bytes)
{
	uint8_t *room = buf_reserve(&p->plain, bytes.n + TLS_PLAIN_SLACK_BYTES);
	long n = tls_decrypt(p->server, bytes, room, bytes.n + TLS_PLAIN_SLACK_BYTES, &p->why);
	if (n < 0)
		p->over = true;
	else
		p->plain.len += (size_t)n;
}

static bool to_server(struct pair *p)
{
	uint8_t bytes[32768];
	int n = BIO_read(SSL_get_wbio(p->client), bytes, sizeof bytes);
	if (n > 0 && !p->over)
		pair_feed(p, slice_of(bytes, (size_t)n));
	return n > 0;
}

static bool to_client(struct pair *p)
{
	struct slice out = tls_output(p->server);
	if (out.n == 0)
		return false;
	BIO_write(SSL_get_rbio(p->client), out.p, (int)out.n);
	tls_sent(p->server, out.n);
	return true;
}

void pair_talk(struct pair *p)
{
	uint8_t ignored[256];
	do {
		ERR_clear_error();
		if (SSL_read(p->client, ignored, sizeof ignored) <= 0 && ERR_peek_error())
			p->client_trouble = ERR_GET_REASON(ERR_peek_error());
	} while (to_server(p) | to_client(p));
}

/* ---- records by hand: RFC 8446 sections 5.2 and 7.1 ---- */

static void expand(const uint8_t secret[32], const char *label, uint8_t *out, size_t n)
{
	uint8_t info[64] = { 0, (uint8_t)n, (uint8_t)(6 + strlen(label)) };
	size_t at = 3 + (size_t)sprintf((char *)info + 3, "tls13 %s", label) + 1;
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, 32),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, at),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	ck_assert_int_eq(EVP_KDF_derive(context, out, n, params), 1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

static void read_secret(struct pair *p, uint8_t secret[32])
{
	size_t n;
	int ok = OPENSSL_hexstr2buf_ex(secret, 32, &n, p->secret, '\0');
	ck_assert_int_eq(ok, 1);
}

void pair_turn_key(struct pair *p)
{
	uint8_t old[32], fresh[32];
	read_secret(p, old);
	expand(old, "traffic upd", fresh, sizeof fresh);
	for (int i = 0; i < 32; i++)
		snprintf(p->secret + 2 * i, 3, "%02X", fresh[i]);
}

void pair_seal(struct pair *p, uint64_t number, uint8_t type, struct slice content,
               struct buf *out)
{
	uint8_t secret[32], key[16], iv[12], *sealed;
	size_t n = content.n + 1 + 16;
	uint8_t head[5] = { 0x17, 3, 3, (uint8_t)(n >> 8), (uint8_t)n };
	int got;
	read_secret(p, secret);
	expand(secret, "key", key, sizeof key);
	expand(secret, "iv", iv, sizeof iv);
	for (int i = 0; i < 8; i++)
		iv[11 - i] ^= (uint8_t)(number >> (8 * i));
	buf_append(out, head, sizeof head);
	sealed = buf_reserve(out, n);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, iv);
	EVP_EncryptUpdate(c, NULL, &got, head, sizeof head);
	EVP_EncryptUpdate(c, sealed, &got, content.p, (int)content.n);
	EVP_EncryptUpdate(c, sealed + content.n, &got, &type, 1);
	EVP_EncryptFinal_ex(c, sealed + content.n + 1, &got);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, sealed + content.n + 1);
	EVP_CIPHER_CTX_free(c);
	out->len += n;
}
