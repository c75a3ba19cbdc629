/* SPDX-License-Identifier: Apache-2.0 */
/* What the disk under a directory can do: batches written past the page cache into a file that was
 * written before (no metadata changes), each followed by fdatasync. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/wire/wire.h"

enum { FILE_BYTES = 64 << 20, ALIGN = 4096, WINDOW_US = 1500000 };

_Noreturn static void give_up(const char *what)
{
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void measure(int fd, uint8_t *bytes, size_t batch)
{
	uint64_t syncs = 0, began = wire_now_us(), now = began;
	for (off_t at = 0; now - began < WINDOW_US; now = wire_now_us(), syncs++) {
		if (pwrite(fd, bytes, batch, at) != (ssize_t)batch)
			give_up("pwrite");
		if (fdatasync(fd))
			give_up("fdatasync");
		at = (at + (off_t)batch) % FILE_BYTES;
	}
	double s = (double)(now - began) / 1e6;
	printf("batch_bytes=%zu syncs_per_s=%.0f bytes_per_s=%.0f\n", batch, (double)syncs / s,
	       (double)syncs * (double)batch / s);
}

int main(int argc, char **argv)
{
	char path[512];
	void *bytes;
	snprintf(path, sizeof path, "%s/disk.probe", argc > 1 ? argv[1] : ".");
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
	if (fd < 0)
		give_up(path);
	unlink(path);
	if (posix_memalign(&bytes, ALIGN, 1 << 20))
		give_up("memory");
	memset(bytes, 'x', 1 << 20);
	for (off_t at = 0; at < FILE_BYTES; at += 1 << 20)
		if (pwrite(fd, bytes, 1 << 20, at) != 1 << 20)
			give_up("pwrite");
	fsync(fd);
	measure(fd, bytes, 4096);
	measure(fd, bytes, 1 << 20);
	free(bytes);
	close(fd);
	return 0;
}
