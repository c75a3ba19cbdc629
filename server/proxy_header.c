/* SPDX-License-Identifier: Apache-2.0 */
/* Of the fields behind the addresses (TLVs) the checksum is verified, where there is one, and the
 * others are passed over.  UDP cannot carry AMQP: such a header is one that names nobody. */
#include "server/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/crc32c.h"
#include "base/die.h"

static const char line_start[] = "PROXY ";
static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

enum {
	SIGNATURE_BYTES = sizeof signature - 1,
	AT_COMMAND = SIGNATURE_BYTES,
	AT_FAMILY,
	AT_LENGTH,
	HEAD_BYTES = AT_LENGTH + 2,
	VERSION = 2,
	COMMAND_LOCAL = 0,
	COMMAND_PROXY = 1,
	TRANSPORT_STREAM = 1,
	TRANSPORT_MAX = 2,
	FIELD_HEAD_BYTES = 3,
	FIELD_CRC32C = 3,
};

static enum proxy_header_result bad(struct proxy_header *h, const char *fault)
{
	h->fault = fault;
	return PROXY_HEADER_BAD;
}

static bool may_become(struct slice in, struct slice start)
{
	return memcmp(in.p, start.p, in.n < start.n ? in.n : start.n) == 0;
}

static uint16_t big_endian_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void set_end(struct sockaddr_storage *out, int family, const uint8_t *address, uint16_t port)
{
	struct sockaddr_in6 *v6 = (void *)out;
	struct sockaddr_in *v4 = (void *)out;
	*out = (struct sockaddr_storage){ .ss_family = (sa_family_t)family };
	if (family == AF_INET) {
		memcpy(&v4->sin_addr, address, sizeof v4->sin_addr);
		v4->sin_port = htons(port);
	} else if (family == AF_INET6) {
		memcpy(&v6->sin6_addr, address, sizeof v6->sin6_addr);
		v6->sin6_port = htons(port);
	}
}

/* ---- version 1, section 2.1 ---- */

static bool read_port(struct slice s, uint16_t *out)
{
	uint32_t port = 0;
	if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		port = port * 10 + (s.p[i] - '0');
	}
	*out = (uint16_t)port;
	return port <= UINT16_MAX;
}

static bool read_end(struct sockaddr_storage *out, int family, struct slice host, struct slice port)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t address[sizeof(struct in6_addr)];
	uint16_t number;
	if (host.n == 0 || host.n >= sizeof text || memchr(host.p, '\0', host.n))
		return false;
	memcpy(text, host.p, host.n);
	if (inet_pton(family, text, address) != 1 || !read_port(port, &number))
		return false;
	set_end(out, family, address, number);
	return true;
}

static enum proxy_header_result read_line(struct slice line, struct proxy_header *h)
{
	struct slice protocol = slice_cut(&line, ' ');
	h->named = !slice_is(protocol, "UNKNOWN");
	if (!h->named)
		return PROXY_HEADER_OK;
	if (!slice_is(protocol, "TCP4") && !slice_is(protocol, "TCP6"))
		return bad(h, "neither TCP4, TCP6 nor UNKNOWN");
	int family = slice_is(protocol, "TCP4") ? AF_INET : AF_INET6;
	struct slice from = slice_cut(&line, ' '), to = slice_cut(&line, ' ');
	struct slice from_port = slice_cut(&line, ' ');
	if (!read_end(&h->source, family, from, from_port) ||
	    !read_end(&h->destination, family, to, line))
		return bad(h, "an address or a port is none");
	return PROXY_HEADER_OK;
}

static enum proxy_header_result find_line(struct slice in, struct proxy_header *h)
{
	size_t max = in.n < PROXY_HEADER_LINE_MAX_BYTES ? in.n : PROXY_HEADER_LINE_MAX_BYTES;
	const uint8_t *end = memchr(in.p, '\n', max);
	if (!end && max < PROXY_HEADER_LINE_MAX_BYTES)
		return PROXY_HEADER_MORE;
	if (!end || end[-1] != '\r')
		return bad(h, "too long a line, or one that does not end with CR and LF");
	h->n = (size_t)(end + 1 - in.p);
	struct slice line = slice_of(in.p, h->n - 2);
	slice_take(&line, sizeof line_start - 1);
	return read_line(line, h);
}

/* ---- version 2, section 2.2 ---- */

static const struct {
	int family;
	size_t address_bytes, bytes; /* of one address, and of both with their ports */
} families[] = {
	{ AF_UNSPEC, 0, 0 },
	{ AF_INET, 4, 12 },
	{ AF_INET6, 16, 36 },
	{ AF_UNIX, 108, 216 },
};

/* Of the whole header, with noughts where the checksum stands; section 2.2.3. */
static bool is_checksum(struct slice header, struct slice sum)
{
	static const uint8_t noughts[4];
	const uint8_t *behind = sum.p + sum.n;
	if (sum.n != sizeof noughts)
		return false;
	uint32_t crc = crc32c(0, header.p, (size_t)(sum.p - header.p));
	crc = crc32c(crc, noughts, sizeof noughts);
	crc = crc32c(crc, behind, (size_t)(header.p + header.n - behind));
	return crc == ((uint32_t)big_endian_16(sum.p) << 16 | big_endian_16(sum.p + 2));
}

static const char *check_fields(struct slice header, struct slice fields)
{
	while (fields.n) {
		if (fields.n < FIELD_HEAD_BYTES)
			return "a field of it is cut off";
		struct slice head = slice_take(&fields, FIELD_HEAD_BYTES);
		size_t n = big_endian_16(head.p + 1);
		if (n > fields.n)
			return "a field of it is longer than what is left";
		struct slice value = slice_take(&fields, n);
		if (head.p[0] == FIELD_CRC32C && !is_checksum(header, value))
			return "its checksum is wrong";
	}
	return NULL;
}

static enum proxy_header_result read_addresses(struct slice header, size_t kind,
                                               struct proxy_header *h)
{
	int family = families[kind].family;
	size_t each = families[kind].address_bytes, all = families[kind].bytes;
	struct slice fields = header;
	slice_take(&fields, HEAD_BYTES);
	const uint8_t *from = slice_take(&fields, all).p, *to = from + each, *ports = to + each;
	bool has_ports = all > 2 * each;
	set_end(&h->source, family, from, has_ports ? big_endian_16(ports) : 0);
	set_end(&h->destination, family, to, has_ports ? big_endian_16(ports + 2) : 0);
	const char *fault = check_fields(header, fields);
	return fault ? bad(h, fault) : PROXY_HEADER_OK;
}

static const char *check_head(struct slice in)
{
	if (in.n > AT_COMMAND && in.p[AT_COMMAND] >> 4 != VERSION)
		return "a binary header of another version than 2";
	if (in.n > AT_COMMAND && (in.p[AT_COMMAND] & 15) > COMMAND_PROXY)
		return "neither LOCAL nor PROXY";
	bool local = in.n > AT_COMMAND && (in.p[AT_COMMAND] & 15) == COMMAND_LOCAL;
	if (in.n > AT_FAMILY && !local &&
	    (in.p[AT_FAMILY] >> 4 >= (int)ARRAY_LEN(families) ||
	     (in.p[AT_FAMILY] & 15) > TRANSPORT_MAX))
		return "a family or a transport that is unknown";
	if (in.n < HEAD_BYTES)
		return NULL;
	size_t n = big_endian_16(in.p + AT_LENGTH);
	if (HEAD_BYTES + n > PROXY_HEADER_MAX_BYTES)
		return "longer than it may be";
	if (!local && n < families[in.p[AT_FAMILY] >> 4].bytes)
		return "too short for its addresses";
	return NULL;
}

static enum proxy_header_result read_binary(struct slice in, struct proxy_header *h)
{
	const char *fault = check_head(in);
	if (fault)
		return bad(h, fault);
	if (in.n < HEAD_BYTES)
		return PROXY_HEADER_MORE;
	h->n = HEAD_BYTES + (size_t)big_endian_16(in.p + AT_LENGTH);
	if (in.n < h->n)
		return PROXY_HEADER_MORE;
	size_t kind = in.p[AT_FAMILY] >> 4;
	h->named = (in.p[AT_COMMAND] & 15) == COMMAND_PROXY &&
	           (in.p[AT_FAMILY] & 15) == TRANSPORT_STREAM && families[kind].family != AF_UNSPEC;
	return h->named ? read_addresses(slice_of(in.p, h->n), kind, h) : PROXY_HEADER_OK;
}

enum proxy_header_result proxy_header_read(struct slice in, struct proxy_header *h)
{
	struct slice text = slice_str(line_start), binary = slice_of(signature, SIGNATURE_BYTES);
	if (in.n == 0)
		return PROXY_HEADER_MORE;
	if (may_become(in, text))
		return in.n < text.n ? PROXY_HEADER_MORE : find_line(in, h);
	if (may_become(in, binary))
		return in.n < binary.n ? PROXY_HEADER_MORE : read_binary(in, h);
	return bad(h, "something else came first");
}
