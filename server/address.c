/* SPDX-License-Identifier: Apache-2.0 */
#include "server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

static void print_address(char *out, size_t n, const struct sockaddr_storage *a)
{
	char host[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in6 *v6 = (const void *)a;
	const struct sockaddr_in *v4 = (const void *)a;
	if (a->ss_family == AF_UNIX) {
		snprintf(out, n, "unix");
	} else if (a->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(out, n, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): the system has filled it in */
		snprintf(out, n, "%s:%u", host, ntohs(v4->sin_port));
	}
}

bool address_is_loopback(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *v6 = (const void *)a;
	const struct sockaddr_in *v4 = (const void *)a;
	if (a->ss_family == AF_UNIX)
		return true;
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

void address_print_ends(char out[ADDRESS_PAIR_BYTES], const struct sockaddr_storage *peer,
                        const struct sockaddr_storage *own)
{
	char a[64], b[64];
	print_address(a, sizeof a, peer);
	print_address(b, sizeof b, own);
	snprintf(out, ADDRESS_PAIR_BYTES, "%s -> %s", a, b);
}

void address_print_pair(char out[ADDRESS_PAIR_BYTES], const struct sockaddr_storage *peer, int fd)
{
	struct sockaddr_storage own = { 0 };
	socklen_t n = sizeof own;
	getsockname(fd, (struct sockaddr *)&own, &n);
	address_print_ends(out, peer, &own);
}
