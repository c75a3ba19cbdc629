/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL reads and writes through a BIO of ours: it reads from the slice of the call and writes to
 * the session's output.  So between calls there is no memory but the SSL itself, which gives its
 * own buffers back when they are empty (SSL_MODE_RELEASE_BUFFERS). */
#include "server/tls.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/security.h"
#include "server/certificate.h"
#include "server/config.h"
#include "server/tickets.h"

enum { OUTPUT_MAX_BYTES = 256 << 10, RECORD_OVERHEAD_BYTES = 64 };

struct tls_context {
	unsigned users;              /* the loop and every session made with it */
	SSL_CTX *ctx;
	BIO_METHOD *method;
	struct tickets *tickets;
	const struct config *config;
};

struct tls {
	SSL *ssl;
	struct tls_context *context;
	bool met;                    /* the handshake is done; messages of that kind may come later */
	bool over;
	struct slice in;             /* of the call under way */
	struct buf out;
	size_t sent;
	size_t expected;             /* to be encrypted yet, before buffers are given back */
	size_t taken;                /* by OpenSSL in calls for this session, and not given back */
};

/* ---- memory ---- */

/* What OpenSSL has of the allocator.  One thread uses it, one session at a time: what a call adds
 * is the session's. */
static size_t allocated;

static void *count_alloc(size_t n, const char *file, int line)
{
	void *p = n ? mem_alloc(n) : NULL;
	(void)file;
	(void)line;
	allocated += malloc_usable_size(p);
	return p;
}

static void count_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	allocated -= malloc_usable_size(p);
	mem_free(p);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
	if (!n) {
		count_free(p, file, line);
		return NULL;
	}
	allocated -= malloc_usable_size(p);
	p = mem_realloc(p, n);
	allocated += malloc_usable_size(p);
	return p;
}

void tls_count_memory(void)
{
	CRYPTO_set_mem_functions(count_alloc, count_realloc, count_free);
}

/* What sessions share is the first one's as long as it lives, so a later one may give back more
 * than it took. */
static void charge(struct tls *t, size_t before)
{
	size_t now = t->taken + allocated - before;
	t->taken = now > SIZE_MAX / 2 ? 0 : now;
}

size_t tls_bytes(const struct tls *t)
{
	return sizeof *t + t->taken + t->out.cap;
}

/* ---- the door ---- */

static int door_read(BIO *b, char *p, int n)
{
	struct tls *t = BIO_get_data(b);
	size_t take = t->in.n < (size_t)n ? t->in.n : (size_t)n;
	BIO_clear_retry_flags(b);
	if (take == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	memcpy(p, slice_take(&t->in, take).p, take);
	return (int)take;
}

static int door_write(BIO *b, const char *p, int n)
{
	struct tls *t = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	buf_append(&t->out, p, (size_t)n);
	return n;
}

static long door_control(BIO *b, int what, long number, void *p)
{
	(void)b;
	(void)number;
	(void)p;
	return what == BIO_CTRL_FLUSH;
}

static int door_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static BIO_METHOD *door_new(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "leveret");
	must(m);
	BIO_meth_set_read(m, door_read);
	BIO_meth_set_write(m, door_write);
	BIO_meth_set_ctrl(m, door_control);
	BIO_meth_set_create(m, door_create);
	return m;
}

/* ---- the context ---- */

/* The first error in the queue is the cause; errors of the system have texts of the system. */
static bool complain(struct buf *why, const char *key, const char *value)
{
	unsigned long e = ERR_get_error();
	const char *text = ERR_reason_error_string(e);
	if (ERR_SYSTEM_ERROR(e))
		text = strerror(ERR_GET_REASON(e));
	if (ERR_GET_LIB(e) == ERR_LIB_X509 && ERR_GET_REASON(e) == X509_R_KEY_VALUES_MISMATCH)
		text = "does not belong to the certificate";
	buf_printf(why, "%s: '%s': %s", key, value, text ? text : "not what is needed");
	ERR_clear_error();
	return false;
}

static int give_password(char *p, int max, int writing, void *config)
{
	const struct config *c = config;
	int n = (int)strlen(c->ssl_password);
	(void)writing;
	if (n > max)
		return -1;
	memcpy(p, c->ssl_password, (size_t)n);
	return n;
}

static bool load_files(SSL_CTX *ctx, const struct config *c, struct buf *why)
{
	if (!c->ssl_certfile[0] || !c->ssl_keyfile[0]) {
		buf_printf(why, "listeners.ssl needs ssl_options.certfile and ssl_options.keyfile");
		return false;
	}
	SSL_CTX_set_default_passwd_cb(ctx, give_password);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, (void *)c);
	if (SSL_CTX_use_certificate_chain_file(ctx, c->ssl_certfile) != 1)
		return complain(why, "ssl_options.certfile", c->ssl_certfile);
	if (SSL_CTX_use_PrivateKey_file(ctx, c->ssl_keyfile, SSL_FILETYPE_PEM) != 1)
		return complain(why, "ssl_options.keyfile", c->ssl_keyfile);
	if (c->ssl_cacertfile[0] &&
	    (SSL_CTX_load_verify_locations(ctx, c->ssl_cacertfile, NULL) != 1))
		return complain(why, "ssl_options.cacertfile", c->ssl_cacertfile);
	return true;
}

static bool set_verification(SSL_CTX *ctx, const struct config *c, struct buf *why)
{
	int mode = SSL_VERIFY_NONE;
	if (strcmp(c->ssl_verify, "verify_peer") == 0)
		mode = SSL_VERIFY_PEER;
	if (mode != SSL_VERIFY_NONE && c->ssl_fail_if_no_peer_cert)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (mode != SSL_VERIFY_NONE && !c->ssl_cacertfile[0]) {
		buf_printf(why, "ssl_options.verify = verify_peer needs ssl_options.cacertfile");
		return false;
	}
	if (mode != SSL_VERIFY_NONE)
		SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(c->ssl_cacertfile));
	SSL_CTX_set_verify(ctx, mode, NULL);
	SSL_CTX_set_verify_depth(ctx, (int)c->ssl_depth);
	return true;
}

/* AES-128 first: it is good enough for everybody, and the quickest. */
static const char usual_suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                   "TLS_CHACHA20_POLY1305_SHA256";

/* Names of TLS 1.3 suites begin with TLS_, and are set apart. */
static bool set_ciphers(SSL_CTX *ctx, const struct config *c, struct buf *why)
{
	struct buf old = { 0 }, suites = { 0 };
	for (const char *at = c->ssl_ciphers; *at;) {
		size_t n = strcspn(at, " ");
		bool suite = strncmp(at, "TLS_", 4) == 0 && memchr(at, '-', n) == NULL;
		struct buf *to = suite ? &suites : &old;
		buf_printf(to, "%s%.*s", to->len ? ":" : "", (int)n, at);
		at += n + (at[n] != 0);
	}
	if (!suites.len)
		buf_printf(&suites, "%s", usual_suites);
	buf_u8(&old, 0);
	buf_u8(&suites, 0);
	bool ok = (old.len == 1 || SSL_CTX_set_cipher_list(ctx, (char *)old.p) == 1) &&
	          SSL_CTX_set_ciphersuites(ctx, (char *)suites.p) == 1;
	if (!ok)
		complain(why, "ssl_options.ciphers", c->ssl_ciphers);
	buf_free(&old);
	buf_free(&suites);
	return ok;
}

static void set_rules(SSL_CTX *ctx, const struct config *c)
{
	static const unsigned char id[] = "leveret";
	bool v12 = !c->ssl_versions[0] || strstr(c->ssl_versions, "tlsv1.2");
	bool v13 = !c->ssl_versions[0] || strstr(c->ssl_versions, "tlsv1.3");
	SSL_CTX_set_min_proto_version(ctx, v12 ? TLS1_2_VERSION : TLS1_3_VERSION);
	SSL_CTX_set_max_proto_version(ctx, v13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
	                         (c->ssl_honor_cipher_order ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0) |
	                         (c->ssl_reuse_sessions ? 0 : SSL_OP_NO_TICKET));
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 0);
	/* Tickets keep sessions with the clients; a cache would keep them here. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_num_tickets(ctx, c->ssl_reuse_sessions ? 1 : 0);
	SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
}

struct tls_context *tls_context_new(const struct config *c, struct buf *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	must(ctx);
	set_rules(ctx, c);
	if (!load_files(ctx, c, why) || !set_verification(ctx, c, why) || !set_ciphers(ctx, c, why)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	struct tls_context *t = mem_zalloc(sizeof *t);
	t->users = 1;
	t->ctx = ctx;
	t->method = door_new();
	t->tickets = tickets_new(ctx, TLS_TURN_S);
	t->config = c;
	return t;
}

void tls_context_free(struct tls_context **pt)
{
	struct tls_context *t = *pt;
	*pt = NULL;
	if (!t || --t->users)
		return;
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->method);
	tickets_free(&t->tickets);
	mem_free(t);
}

int64_t tls_context_expires_s(const struct tls_context *t)
{
	struct tm at = { 0 };
	const X509 *certificate = SSL_CTX_get0_certificate(t->ctx);
	if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1)
		return INT64_MAX;
	return (int64_t)timegm(&at);
}

void tls_context_ciphers(const struct tls_context *t, struct buf *out)
{
	STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(t->ctx);
	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
		buf_printf(out, "%s%s", i ? ":" : "", SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)));
}

const char *tls_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

void tls_context_turn(struct tls_context *t)
{
	tickets_turn(t->tickets);
}

/* ---- a session ---- */

struct tls *tls_new(struct tls_context *context)
{
	struct tls *t = mem_zalloc(sizeof *t);
	size_t before = allocated;
	BIO *door = BIO_new(context->method);
	t->ssl = SSL_new(context->ctx);
	must(t->ssl && door);
	BIO_set_data(door, t);
	SSL_set_bio(t->ssl, door, door);
	SSL_set_accept_state(t->ssl);
	t->context = context;
	context->users++;
	charge(t, before);
	return t;
}

void tls_free(struct tls **pt)
{
	struct tls *t = *pt;
	*pt = NULL;
	if (!t)
		return;
	SSL_free(t->ssl);
	tls_context_free(&t->context);
	buf_free(&t->out);
	mem_free(t);
}

bool tls_is_shaking(const struct tls *t)
{
	return !t->met;
}

bool tls_is_over(const struct tls *t)
{
	return t->over;
}

static void explain(struct tls *t, struct buf *why)
{
	char text[200];
	unsigned long error = ERR_peek_error();
	long verdict = SSL_get_verify_result(t->ssl);
	ERR_error_string_n(error, text, sizeof text);
	buf_printf(why, "%s", error ? text : "unexpected end");
	if (verdict != X509_V_OK)
		buf_printf(why, " (certificate: %s)", X509_verify_cert_error_string(verdict));
}

/* A peer can make OpenSSL answer (key updates, alerts), and need not read the answers. */
static bool is_flooding(const struct tls *t)
{
	return t->out.len - t->sent > OUTPUT_MAX_BYTES;
}

/* After SSL_read has given nothing: is it for good? */
static void judge(struct tls *t, int result, struct buf *why)
{
	int error = SSL_get_error(t->ssl, result);
	t->over = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
	must(t->over || t->in.n == 0);
	if (t->over && error != SSL_ERROR_ZERO_RETURN)
		explain(t, why);
	if (!t->over && is_flooding(t)) {
		t->over = true;
		buf_printf(why, "the peer does not read what it asks for");
	}
	ERR_clear_error();
}

/* Buffers that are given back and asked for again with each record cost more than the records. */
static void keep_buffers(struct tls *t, bool on)
{
	if (on)
		SSL_clear_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
	else
		SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
}

long tls_decrypt(struct tls *t, struct slice in, uint8_t *out, size_t max, struct buf *why)
{
	size_t have = 0, before = allocated;
	int n;
	must(max >= in.n + TLS_PLAIN_SLACK_BYTES);
	if (t->over)
		return -1;
	t->in = in;
	ERR_clear_error();
	do {
		keep_buffers(t, t->in.n > 0);
		n = SSL_read(t->ssl, out + have, (int)(max - have));
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	judge(t, n, why);
	charge(t, before);
	t->in = slice_of(NULL, 0);
	t->met |= SSL_is_init_finished(t->ssl);
	return t->over && have == 0 ? -1 : (long)have;
}

void tls_expect(struct tls *t, size_t n)
{
	t->expected = n;
	buf_reserve(&t->out, n + RECORD_OVERHEAD_BYTES * (n / SSL3_RT_MAX_PLAIN_LENGTH + 2));
}

bool tls_encrypt(struct tls *t, const uint8_t *p, size_t n)
{
	size_t before = allocated;
	ERR_clear_error();
	t->expected -= n < t->expected ? n : t->expected;
	keep_buffers(t, t->expected > 0);
	bool ok = n == 0 || SSL_write(t->ssl, p, (int)n) == (int)n;
	charge(t, before);
	return ok;
}

void tls_say_goodbye(struct tls *t)
{
	ERR_clear_error();
	if (!tls_is_shaking(t))
		SSL_shutdown(t->ssl);
}

struct slice tls_output(const struct tls *t)
{
	return slice_of(t->out.p + t->sent, t->out.len - t->sent);
}

void tls_sent(struct tls *t, size_t n)
{
	t->sent += n;
	must(t->sent <= t->out.len);
	if (t->sent == t->out.len) {
		buf_free(&t->out);
		t->sent = 0;
	} else if (t->sent > t->out.len / 2) {
		buf_consume(&t->out, t->sent);
		t->sent = 0;
	}
}

/* ---- who the peer is ---- */

static const X509 *verified_certificate(const struct tls *t)
{
	const X509 *cert = SSL_get0_peer_certificate(t->ssl);
	bool verified = cert && SSL_get_verify_result(t->ssl) == X509_V_OK &&
	                strcmp(t->context->config->ssl_verify, "verify_peer") == 0;
	return verified ? cert : NULL;
}

/* OpenSSL's name of a thing as Erlang writes it, which RabbitMQ shows: without what kind of thing
 * it is, with underlines, and the first SHA without its number. */
static void put_name(struct buf *out, int nid, const char *kind)
{
	const char *name = OBJ_nid2ln(nid);
	size_t skip = strlen(kind);
	name += strncmp(name, kind, skip) == 0 ? skip : 0;
	if (strcmp(name, "sha1") == 0)
		name = "sha";
	for (; *name; name++)
		buf_u8(out, *name == '-' ? '_' : (uint8_t)*name);
}

static void describe_suite(const SSL_CIPHER *suite, struct buf texts[SECURITY_TEXTS])
{
	int how = SSL_CIPHER_get_kx_nid(suite), who = SSL_CIPHER_get_auth_nid(suite);
	put_name(&texts[SECURITY_KEY_EXCHANGE], how, "kx-");
	if (how != NID_kx_any && how != NID_kx_rsa) {
		buf_u8(&texts[SECURITY_KEY_EXCHANGE], '_');
		put_name(&texts[SECURITY_KEY_EXCHANGE], who, "auth-");
	}
	put_name(&texts[SECURITY_CIPHER], SSL_CIPHER_get_cipher_nid(suite), "");
	if (SSL_CIPHER_is_aead(suite))
		buf_printf(&texts[SECURITY_HASH], "aead");
	else
		put_name(&texts[SECURITY_HASH], SSL_CIPHER_get_digest_nid(suite), "");
}

static void describe_certificate(const struct tls *t, const X509 *cert,
                                 struct buf texts[SECURITY_TEXTS])
{
	certificate_put_user(&texts[SECURITY_USER], cert, t->context->config);
	certificate_put_name(&texts[SECURITY_SUBJECT], X509_get_subject_name(cert));
	certificate_put_name(&texts[SECURITY_ISSUER], X509_get_issuer_name(cert));
	certificate_put_validity(&texts[SECURITY_VALIDITY], cert);
}

struct security *tls_security(const struct tls *t)
{
	struct buf texts[SECURITY_TEXTS] = { 0 };
	const X509 *cert = verified_certificate(t);
	const char *version = SSL_version(t->ssl) == TLS1_3_VERSION ? "tlsv1.3" : "tlsv1.2";
	buf_printf(&texts[SECURITY_PROTOCOL], "%s", version);
	describe_suite(SSL_get_current_cipher(t->ssl), texts);
	if (cert)
		describe_certificate(t, cert, texts);
	struct security *s = security_new(texts);
	for (size_t i = 0; i < SECURITY_TEXTS; i++)
		buf_free(&texts[i]);
	return s;
}
