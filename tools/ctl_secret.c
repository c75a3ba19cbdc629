/* SPDX-License-Identifier: Apache-2.0 */
/* encode, decode, and both of them for rabbitmq.conf: values of a configuration, encrypted with a
 * passphrase, as RabbitMQ keeps them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "management/request.h"
#include "management/sealed.h"
#include "server/secret.h"
#include "tools/ctl_own.h"

enum { ITERATIONS_MAX = 100000000 };

/* What was asked. */
struct secret {
	struct sealing how;
	struct slice value;
	char *typed, *told;          /* passphrase and value, to be freed; NULL: they are arguments */
	bool quiet;
};

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

static int list(const char *name(size_t i))
{
	for (size_t i = 0; name(i); i++)
		printf("%s%s", i ? "," : "[", name(i));
	printf("]\n");
	return CALL_EXIT_OK;
}

static int choose(const struct own_call *o, struct secret *s)
{
	uint64_t n = 1;
	sealing_init(&s->how, NULL);
	if (o->cipher && !sealing_set_cipher(&s->how, slice_str(o->cipher)))
		return refuse_value("The requested cipher is not supported");
	if (o->hash && !sealing_set_hash(&s->how, slice_str(o->hash)))
		return refuse_value("The requested hash is not supported");
	if (o->iterations && (!quantity_count(slice_str(o->iterations), &n) || n == 0 ||
	                      n > ITERATIONS_MAX))
		return refuse_value("The requested number of iterations is incorrect (must be a positive "
		                    "integer)");
	s->how.iterations = (int)n;
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
	if (n == 0 && (s->told = secret_read("Value to encode: ")))
		words[n++] = slice_str(s->told);
	if (n == 2)
		s->how.passphrase = (const char *)words[1].p;   /* arguments of the program end with NUL */
	else if (n == 1)
		s->how.passphrase = s->typed = secret_read("Passphrase: ");
	if (n == 0 || !s->how.passphrase || !*s->how.passphrase)
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
	struct buf base64 = { 0 };
	bool ok = literal_read(&l, s->value) && sealed_put(&base64, &s->how, &l);
	if (ok)
		printf("{encrypted,<<\"%.*s\">>}\n", SLICE_ARG(buf_slice(&base64)));
	sealed_forget(&l);
	buf_free(&base64);
	if (!ok)
		return fail("Error during cipher operation. Is the value a binary (<<\"text\">>), a "
		            "string (\"text\") or an atom (text)?");
	return CALL_EXIT_OK;
}

/* A password without quotes is no atom, to whoever reads the file. */
static int encode_for_file(struct secret *s)
{
	struct literal l = { 0 };
	struct buf base64 = { 0 };
	if (!literal_read(&l, s->value) || l.kind == LITERAL_ATOM) {
		l.kind = LITERAL_BINARY;
		buf_clear(&l.text);
		buf_append_slice(&l.text, s->value);
	}
	bool ok = sealed_put(&base64, &s->how, &l);
	if (ok)
		printf("encrypted:%.*s\n", SLICE_ARG(buf_slice(&base64)));
	sealed_forget(&l);
	buf_free(&base64);
	return ok ? CALL_EXIT_OK : fail("Error during cipher operation");
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
	struct buf text = { 0 };
	unwrap(s->value, &text);
	bool ok = sealed_open(&l, &s->how, buf_slice(&text));
	buf_clear(&text);
	if (ok) {
		literal_put(&text, &l);
		print(&text);
	}
	sealed_forget(&l);
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
		return list(sealing_cipher_name);
	if (o->lists_hashes)
		return list(sealing_hash_name);
	int code = choose(o, &s);
	if (!code)
		code = take_words(o, &s);
	if (!code && !s.quiet)
		printf("%s\n", banner);
	if (!code)
		code = act(&s);
	secret_free(s.typed);
	secret_free(s.told);
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

int own_encrypt_conf_value(struct own_call *o)
{
	return run(o, "Encrypting value to be used in rabbitmq.conf...", encode_for_file);
}

int own_decrypt_conf_value(struct own_call *o)
{
	return run(o, "Decrypting a rabbitmq.conf string value...", decode);
}
