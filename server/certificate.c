/* SPDX-License-Identifier: Apache-2.0 */
#include "server/certificate.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/buf.h"
#include "base/die.h"
#include "server/config.h"

/* Of the attributes that RabbitMQ knows by name; others are written as numbers. */
static const struct {
	int nid;
	const char *name;
} attributes[] = {
	{ NID_commonName, "CN" },
	{ NID_countryName, "C" },
	{ NID_domainComponent, "DC" },
	{ NID_generationQualifier, "GENERATIONQUALIFIER" },
	{ NID_givenName, "GIVENNAME" },
	{ NID_initials, "INITIALS" },
	{ NID_localityName, "L" },
	{ NID_organizationName, "O" },
	{ NID_organizationalUnitName, "OU" },
	{ NID_pkcs9_emailAddress, "EMAILADDRESS" },
	{ NID_pseudonym, "PSEUDONYM" },
	{ NID_serialNumber, "SERIALNUMBER" },
	{ NID_stateOrProvinceName, "ST" },
	{ NID_streetAddress, "STREET" },
	{ NID_surname, "SN" },
	{ NID_title, "TITLE" },
	{ NID_userId, "UID" },
};

static const struct {
	const char *name;
	int type;
} alternatives[] = {
	{ "dns", GEN_DNS },
	{ "ip", GEN_IPADD },
	{ "email", GEN_EMAIL },
	{ "uri", GEN_URI },
};

/* Appends the string in UTF-8, whatever its type. */
static void append_utf8(struct buf *out, const ASN1_STRING *s)
{
	uint8_t *utf8;
	int n = ASN1_STRING_to_UTF8(&utf8, s);
	if (n < 0)
		return;
	buf_append(out, utf8, (size_t)n);
	OPENSSL_free(utf8);
}

/* RFC 4514 section 2.4. */
static void append_escaped(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		bool first = i == 0, last = i + 1 == value.n;
		if ((c == ' ' && (first || last)) || (c == '#' && first) || (c && strchr("\"+,;<>\\", c)))
			buf_printf(out, "\\%c", c);
		else if (c < 32 || c >= 126)
			buf_printf(out, "\\%02X", c);
		else
			buf_u8(out, c);
	}
}

static void append_attribute(struct buf *out, const ASN1_OBJECT *type)
{
	char numbers[128];
	int nid = OBJ_obj2nid(type);
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (attributes[i].nid == nid) {
			buf_printf(out, "%s=", attributes[i].name);
			return;
		}
	OBJ_obj2txt(numbers, sizeof numbers, type, 1);
	buf_printf(out, "%s=", numbers);
}

static void append_entry(struct buf *out, const X509_NAME_ENTRY *e)
{
	struct buf value = { 0 };
	append_attribute(out, X509_NAME_ENTRY_get_object(e));
	append_utf8(&value, X509_NAME_ENTRY_get_data(e));
	append_escaped(out, buf_slice(&value));
	buf_free(&value);
}

static int set_of(const X509_NAME *name, int i)
{
	return X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i));
}

/* Parts from the last to the first; within a part of several attributes they keep their order. */
void certificate_put_name(struct buf *out, const X509_NAME *name)
{
	for (int end = X509_NAME_entry_count(name); end > 0;) {
		int begin = end - 1;
		while (begin > 0 && set_of(name, begin - 1) == set_of(name, begin))
			begin--;
		buf_printf(out, "%s", out->len ? "," : "");
		for (int i = begin; i < end; i++) {
			buf_printf(out, "%s", i > begin ? "+" : "");
			append_entry(out, X509_NAME_get_entry(name, i));
		}
		end = begin;
	}
}

static void print_common_names(struct buf *out, const X509_NAME *name)
{
	int at = -1;
	while ((at = X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, at)) >= 0) {
		buf_printf(out, "%s", out->len ? "," : "");
		append_utf8(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	}
}

static void print_alternative(struct buf *out, const GENERAL_NAME *g)
{
	char text[INET6_ADDRSTRLEN] = "";
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(g, &type);
	if (type != GEN_IPADD) {
		append_utf8(out, value);
		return;
	}
	int n = ASN1_STRING_length(value);
	if (n == 4 || n == 16)
		inet_ntop(n == 16 ? AF_INET6 : AF_INET, ASN1_STRING_get0_data(value), text, sizeof text);
	buf_printf(out, "%s", text);
}

static int wanted_type(const struct config *c)
{
	for (size_t i = 0; i < ARRAY_LEN(alternatives); i++)
		if (strcmp(alternatives[i].name, c->ssl_cert_login_san_type) == 0)
			return alternatives[i].type;
	must_not_happen("the configuration checks the type");
}

/* The n-th of the names of the type that is asked for. */
static void print_alternatives(struct buf *out, const X509 *cert, const struct config *c)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	uint64_t left = c->ssl_cert_login_san_index;
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		if (g->type == wanted_type(c) && left-- == 0) {
			print_alternative(out, g);
			break;
		}
	}
	GENERAL_NAMES_free(names);
}

void certificate_put_user(struct buf *out, const X509 *cert, const struct config *c)
{
	if (strcmp(c->ssl_cert_login_from, "common_name") == 0)
		print_common_names(out, X509_get_subject_name(cert));
	else if (strcmp(c->ssl_cert_login_from, "subject_alternative_name") == 0)
		print_alternatives(out, cert, c);
	else
		certificate_put_name(out, X509_get_subject_name(cert));
	if (out->len && memchr(out->p, 0, out->len))
		buf_clear(out);
}

static void print_time(struct buf *out, const ASN1_TIME *t)
{
	struct tm at;
	char text[32];
	if (ASN1_TIME_to_tm(t, &at) == 1 && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &at))
		buf_printf(out, "%s", text);
}

void certificate_put_validity(struct buf *out, const X509 *cert)
{
	print_time(out, X509_get0_notBefore(cert));
	buf_printf(out, " - ");
	print_time(out, X509_get0_notAfter(cert));
}
