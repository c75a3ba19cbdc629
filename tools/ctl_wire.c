/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "management/request.h"
#include "server/doorway.h"
#include "tools/ctl_whom.h"

enum { READ_BYTES = 64 << 10, CONNECT_S = 10 };

static void set_patience(int fd, int which, long s)
{
	struct timeval t = { .tv_sec = s };
	setsockopt(fd, SOL_SOCKET, which, &t, sizeof t);
}

/* ---- the door ---- */

/* A descriptor, or -errno. */
static int reach_door(const struct whom *whom)
{
	struct sockaddr_un address;
	int directory, error = doorway_address(whom->data_dir, &address, &directory);
	if (error)
		return error;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		error = -errno;
	if (directory >= 0)
		close(directory);
	if (error && fd >= 0)
		close(fd);
	return error ? error : fd;
}

static int complain_of_door(const struct whom *whom, int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		fprintf(stderr,
		        "Error: no broker runs on the data directory '%s' (--data-dir DIR or the variable "
		        "LEVERET_DATA_DIR names another, --host HOST one that is elsewhere)\n",
		        whom->data_dir);
	else
		fprintf(stderr, "Error: the broker of the data directory '%s' cannot be reached: %s\n",
		        whom->data_dir, strerror(error));
	return CALL_EXIT_UNAVAILABLE;
}

/* ---- TCP ---- */

/* One address after the other. A descriptor, or -errno. */
static int reach_any(const struct addrinfo *all)
{
	int error = ENOENT;
	for (const struct addrinfo *a = all; a; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd >= 0)
			set_patience(fd, SO_SNDTIMEO, CONNECT_S);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return fd;
		error = errno == EINPROGRESS ? ETIMEDOUT : errno;
		if (fd >= 0)
			close(fd);
	}
	return -error;
}

static int reach_host(const struct whom *whom, bool quiet)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *all = NULL;
	int bad = getaddrinfo(whom->name, whom->port, &wanted, &all);
	if (bad) {
		fprintf(stderr, "Error: %s: %s\n", whom->name, gai_strerror(bad));
		return -1;
	}
	int fd = reach_any(all);
	freeaddrinfo(all);
	if (fd < 0 && !quiet)
		fprintf(stderr, "Error: %s port %s: %s\n", whom->name, whom->port, strerror(-fd));
	return fd;
}

/* ---- TLS ---- */

static bool is_address(const char *name)
{
	unsigned char room[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, name, room) == 1 || inet_pton(AF_INET6, name, room) == 1;
}

/* Who it is has to be what its certificate says (RFC 9110 section 4.3.4). */
static bool expect(SSL *ssl, const char *name)
{
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

static bool trust(SSL_CTX *rules, const char *ca)
{
	SSL_CTX_set_min_proto_version(rules, TLS1_2_VERSION);
	SSL_CTX_set_verify(rules, SSL_VERIFY_PEER, NULL);
	return ca ? SSL_CTX_load_verify_locations(rules, ca, NULL) == 1
	          : SSL_CTX_set_default_verify_paths(rules) == 1;
}

static int complain_of_tls(const struct whom *whom, const SSL *ssl)
{
	long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	if (verdict != X509_V_OK)
		why = X509_verify_cert_error_string(verdict);
	fprintf(stderr, "Error: TLS with %s: %s%s\n", whom->name, why ? why : "it hung up",
	        verdict == X509_V_OK ? "" : " (--cacert FILE names who is trusted)");
	return CALL_EXIT_UNAVAILABLE;
}

static int shake_hands(struct wire *w, const struct whom *whom)
{
	signal(SIGPIPE, SIG_IGN);    /* OpenSSL writes as one writes to a file */
	w->rules = SSL_CTX_new(TLS_client_method());
	if (!w->rules || !trust(w->rules, whom->ca))
		return complain_of_tls(whom, NULL);
	w->ssl = SSL_new(w->rules);
	if (!w->ssl || !expect(w->ssl, whom->name) || SSL_set_fd(w->ssl, w->fd) != 1 ||
	    SSL_connect(w->ssl) != 1)
		return complain_of_tls(whom, w->ssl);
	return CALL_EXIT_OK;
}

/* ---- from outside ---- */

int wire_open(struct wire *w, const struct whom *whom, bool quiet)
{
	*w = (struct wire){ .fd = whom->host ? reach_host(whom, quiet) : reach_door(whom) };
	if (w->fd < 0)
		return whom->host || quiet ? CALL_EXIT_UNAVAILABLE : complain_of_door(whom, -w->fd);
	set_patience(w->fd, SO_RCVTIMEO, whom->timeout_s);
	int code = whom->tls ? shake_hands(w, whom) : CALL_EXIT_OK;
	if (code)
		wire_close(w);
	return code;
}

void wire_send(struct wire *w, struct slice s)
{
	while (s.n) {
		long n = w->ssl ? SSL_write(w->ssl, s.p, s.n < READ_BYTES ? (int)s.n : READ_BYTES)
		                : send(w->fd, s.p, s.n, MSG_NOSIGNAL);
		if (n <= 0 && (w->ssl || errno != EINTR))
			return;
		slice_take(&s, n > 0 ? (size_t)n : 0);
	}
}

long wire_hear(struct wire *w, struct buf *in)
{
	for (;;) {
		uint8_t *room = buf_reserve(in, READ_BYTES);
		errno = 0;
		long n = w->ssl ? SSL_read(w->ssl, room, READ_BYTES) : recv(w->fd, room, READ_BYTES, 0);
		if (n > 0)
			in->len += (size_t)n;
		if (n > 0 || (n <= 0 && errno == 0))
			return n > 0 ? n : 0;
		if (errno != EINTR)
			return n < 0 ? -errno : 0;
	}
}

void wire_close(struct wire *w)
{
	SSL_free(w->ssl);
	SSL_CTX_free(w->rules);
	if (w->fd >= 0)
		close(w->fd);
	*w = (struct wire){ .fd = -1 };
}
