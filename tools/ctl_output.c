/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_BITS = 0777 };

/* A file that is there stays who it was for, where that can be. */
static bool write_beside(struct output *o, const struct stat *before)
{
	snprintf(o->beside, sizeof o->beside, "%s.XXXXXX", o->path);
	int fd = mkostemp(o->beside, O_CLOEXEC);
	bool kept = fd >= 0 && (!before || (fchown(fd, before->st_uid, before->st_gid) == 0 &&
	                                    fchmod(fd, before->st_mode & MODE_BITS) == 0));
	if (kept && dup2(fd, STDOUT_FILENO) >= 0) {
		close(fd);
		return true;
	}
	if (fd >= 0) {
		close(fd);
		unlink(o->beside);
	}
	o->beside[0] = '\0';
	return false;
}

/* Behind a symbolic link is the file that is meant. */
bool output_begin(struct output *o, const char *path)
{
	struct stat s;
	bool there = stat(path, &s) == 0;
	o->beside[0] = '\0';
	if (there && !S_ISREG(s.st_mode))
		return freopen(path, "we", stdout) != NULL;
	if (there ? realpath(path, o->path) != NULL
	          : snprintf(o->path, sizeof o->path, "%s", path) < (int)sizeof o->path)
		if (write_beside(o, there ? &s : NULL))
			return true;
	return freopen(path, "we", stdout) != NULL;
}

bool output_end(struct output *o, bool whole)
{
	bool ok = true;
	if (!o->beside[0])
		return true;
	if (whole)
		ok = fsync(STDOUT_FILENO) == 0 && rename(o->beside, o->path) == 0;
	if (!whole || !ok)
		unlink(o->beside);
	o->beside[0] = '\0';
	return ok;
}
