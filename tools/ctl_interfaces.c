/* SPDX-License-Identifier: Apache-2.0 */
/* list_network_interfaces: those of this machine, as rabbitmq-diagnostics shows them. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "management/request.h"
#include "tools/ctl_own.h"

static void put_address(const char *what, const struct sockaddr *a)
{
	char text[INET6_ADDRSTRLEN];
	const void *p = NULL;
	if (a && a->sa_family == AF_INET)
		p = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	if (a && a->sa_family == AF_INET6)
		p = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
	if (p && inet_ntop(a->sa_family, p, text, sizeof text))
		printf("%s: %s\n", what, text);
}

static void put_hardware(const struct sockaddr *a)
{
	const struct sockaddr_ll *l = (const struct sockaddr_ll *)(const void *)a;
	if (!a || a->sa_family != AF_PACKET)
		return;
	printf("hwaddr: ");
	for (int i = 0; i < l->sll_halen; i++)
		printf("%s%02x", i ? ":" : "", l->sll_addr[i]);
	putchar('\n');
}

static void put_flags(unsigned set)
{
	static const struct {
		unsigned flag;
		const char *name;
	} flags[] = { { IFF_UP, "up" }, { IFF_BROADCAST, "broadcast" }, { IFF_LOOPBACK, "loopback" },
		          { IFF_POINTOPOINT, "pointtopoint" }, { IFF_RUNNING, "running" },
		          { IFF_MULTICAST, "multicast" } };
	const char *between = "";
	printf("flags: ");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (!(set & flags[i].flag))
			continue;
		printf("%s%s", between, flags[i].name);
		between = ", ";
	}
	printf("\n\n");
}

/* All that there is of one, which the list has once for each address. */
static void put_interface(const struct ifaddrs *all, const char *name)
{
	unsigned flags = 0;
	printf("Interface %s\n\n", name);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (strcmp(i->ifa_name, name) != 0)
			continue;
		flags = i->ifa_flags;
		put_hardware(i->ifa_addr);
		put_address("addr", i->ifa_addr);
		put_address("netmask", i->ifa_netmask);
		if (flags & IFF_BROADCAST)
			put_address("broadaddr", i->ifa_broadaddr);
	}
	put_flags(flags);
}

static bool was_before(const struct ifaddrs *all, const struct ifaddrs *one)
{
	for (; all != one; all = all->ifa_next)
		if (strcmp(all->ifa_name, one->ifa_name) == 0)
			return true;
	return false;
}

int own_list_network_interfaces(struct own_call *o)
{
	struct ifaddrs *all = NULL;
	if (o->whom->host) {
		fprintf(stderr, "Error: those of another machine are not told\n");
		return CALL_EXIT_UNAVAILABLE;
	}
	if (getifaddrs(&all) != 0) {
		perror("Error");
		return CALL_EXIT_UNAVAILABLE;
	}
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (!was_before(all, i))
			put_interface(all, i->ifa_name);
	freeifaddrs(all);
	return CALL_EXIT_OK;
}
