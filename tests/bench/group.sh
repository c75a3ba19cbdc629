#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# To be read in with `.`: a control group whose processes may have so much memory, page cache and
# all. It is made below the group of this shell, so that one that was handed over will do.
group=

own_group() { # first field of /proc/self/cgroup that names the hierarchy
	sed -n "s/^[0-9]*:$1://p" /proc/self/cgroup | head -1
}

make_in() { # hierarchy, own group in it, file that takes the limit, bytes
	group=$1$2/leveret-$$
	mkdir "$group" 2> /dev/null && echo "$4" 2> /dev/null > "$group/$3" && return 0
	rmdir "$group" 2> /dev/null
	group=
	return 1
}

# False where none can be made.
group_make() { # bytes
	root=/sys/fs/cgroup
	grep -qw memory "$root/cgroup.controllers" 2> /dev/null &&
		make_in "$root" "$(own_group '')" memory.max "$1" && return 0
	make_in "$root/memory" "$(own_group memory)" memory.limit_in_bytes "$1"
}

group_remove() {
	[ -z "$group" ] || rmdir "$group" 2> /dev/null || true
}

# Becomes the command, inside.
group_exec() { # command
	exec sh -c 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"' sh "$group" "$@"
}

group_peak() {
	cat "$group/memory.peak" 2> /dev/null || cat "$group/memory.max_usage_in_bytes" 2> /dev/null ||
		echo 0
}

group_kills() {
	cat "$group/memory.events" "$group/memory.oom_control" 2> /dev/null |
		awk '$1 == "oom_kill" { print $2 }'
}
