/* SPDX-License-Identifier: Apache-2.0 */
#include "server/doorway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

int doorway_address(const char *data_dir, struct sockaddr_un *out, int *directory)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*directory = -1;
	int n = snprintf(out->sun_path, sizeof out->sun_path, "%s/" DOORWAY_NAME, data_dir);
	if (n >= 0 && (size_t)n < sizeof out->sun_path)
		return 0;
	*directory = open(data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*directory < 0)
		return -errno;
	snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/" DOORWAY_NAME, *directory);
	return 0;
}
