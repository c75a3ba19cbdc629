/* SPDX-License-Identifier: Apache-2.0 */
/* What a publisher who waits for each confirm would wait with no broker at all: 1 KB over a
 * loopback connection to a process that writes 4 KiB past the page cache, syncs, and answers with
 * the bytes of a basic.ack.  The parts alone, and both one after the other.
 *
 * usage: bare DIRECTORY */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/wire/wire.h"

enum { ASK_BYTES = 1024, ANSWER_BYTES = 21, BLOCK_BYTES = 4096, FILE_BYTES = 16 << 20,
       ROUNDS = 10000, ROUNDS_US = 3000000 };

static uint64_t took_us[ROUNDS];

static void must_work(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* ---- the file ---- */

struct file {
	int fd;
	void *block;
	off_t at;
};

static void file_open(struct file *f, const char *directory)
{
	char path[512];
	void *zeros;
	snprintf(path, sizeof path, "%s/bare.probe", directory);
	f->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
	must_work(f->fd >= 0, path);
	unlink(path);
	must_work(posix_memalign(&f->block, BLOCK_BYTES, BLOCK_BYTES) == 0, "memory");
	must_work(posix_memalign(&zeros, BLOCK_BYTES, FILE_BYTES) == 0, "memory");
	memset(f->block, 'x', BLOCK_BYTES);
	memset(zeros, 0, FILE_BYTES);
	must_work(pwrite(f->fd, zeros, FILE_BYTES, 0) == FILE_BYTES, "pwrite");
	must_work(fsync(f->fd) == 0, "fsync");
	free(zeros);
	f->at = 0;
}

static void file_write(struct file *f)
{
	must_work(pwrite(f->fd, f->block, BLOCK_BYTES, f->at) == BLOCK_BYTES, "pwrite");
	must_work(fdatasync(f->fd) == 0, "fdatasync");
	f->at = (f->at + BLOCK_BYTES) % FILE_BYTES;
}

/* ---- the connection ---- */

static bool receive(int fd, size_t n)
{
	uint8_t bytes[ASK_BYTES];
	return recv(fd, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

/* With a file, each answer waits for it. */
_Noreturn static void serve(int listener, struct file *f)
{
	static const uint8_t answer[ANSWER_BYTES];
	int one = 1, fd = accept(listener, NULL, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	while (receive(fd, ASK_BYTES)) {
		if (f)
			file_write(f);
		send(fd, answer, sizeof answer, MSG_NOSIGNAL);
	}
	_exit(0);
}

static int dial(int listener)
{
	struct sockaddr_in at;
	socklen_t n = sizeof at;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	getsockname(listener, (void *)&at, &n);
	must_work(connect(fd, (void *)&at, n) == 0, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* ---- the rounds ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static uint64_t median_us(void (*round)(void *), void *arg)
{
	size_t n = 0;
	for (uint64_t began = wire_now_us(), before = began, now;
	     n < ROUNDS && before - began < ROUNDS_US; before = now) {
		round(arg);
		now = wire_now_us();
		took_us[n++] = now - before;
	}
	qsort(took_us, n, sizeof *took_us, compare);
	return took_us[n / 2];
}

static void ask(void *fd)
{
	static const uint8_t bytes[ASK_BYTES];
	must_work(send(*(int *)fd, bytes, sizeof bytes, MSG_NOSIGNAL) == sizeof bytes, "send");
	must_work(receive(*(int *)fd, ANSWER_BYTES), "recv");
}

static void write_one(void *file)
{
	file_write(file);
}

static uint64_t trip_us(struct file *f)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must_work(bind(listener, (void *)&at, sizeof at) == 0 && listen(listener, 1) == 0, "listen");
	pid_t server = fork();
	must_work(server >= 0, "fork");
	if (server == 0)
		serve(listener, f);
	int fd = dial(listener);
	uint64_t us = median_us(ask, &fd);
	close(fd);
	close(listener);
	waitpid(server, NULL, 0);
	return us;
}

int main(int argc, char **argv)
{
	struct file f;
	signal(SIGPIPE, SIG_IGN);
	file_open(&f, argc > 1 ? argv[1] : ".");
	uint64_t trip = trip_us(NULL), write = median_us(write_one, &f), both = trip_us(&f);
	printf("trip_us=%lu write_us=%lu both_us=%lu\n", trip, write, both);
	free(f.block);
	close(f.fd);
	return 0;
}
