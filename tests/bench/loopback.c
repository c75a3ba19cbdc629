/* SPDX-License-Identifier: Apache-2.0 */
/* What TCP over the loopback interface can carry from one process to another, in the pieces that
 * the load generator writes and the broker reads. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/wire/wire.h"

enum { WRITE_BYTES = 256 << 10, READ_BYTES = 64 << 10, WINDOW_US = 1500000 };

static uint8_t bytes[WRITE_BYTES];

static void must_work(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void send_for_ever(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	must_work(connect(fd, (const void *)to, sizeof *to) == 0, "connect");
	while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
		;
	_exit(0);
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must_work(bind(listener, (void *)&at, sizeof at) == 0 && listen(listener, 1) == 0, "listen");
	getsockname(listener, (void *)&at, &n);
	pid_t sender = fork();
	if (sender == 0)
		send_for_ever(&at);
	int fd = accept(listener, NULL, NULL);
	must_work(fd >= 0, "accept");
	uint64_t received = 0, began = wire_now_us();
	while (wire_now_us() - began < WINDOW_US) {
		ssize_t got = recv(fd, bytes, READ_BYTES, 0);
		must_work(got > 0, "recv");
		received += (uint64_t)got;
	}
	double s = (double)(wire_now_us() - began) / 1e6;
	close(fd);
	waitpid(sender, NULL, 0);
	printf("bytes_per_s=%.0f\n", (double)received / s);
	return 0;
}
