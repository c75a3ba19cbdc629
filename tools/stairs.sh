#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No call goes up: a floor includes itself and the floors below it, and the world (loop, sockets,
# threads, clock) is known to server/ and to the posix files of persistence/ alone.
# Where a folder's own files are in an order, too, they stay in it: none comes back to itself.
# With a folder as argument that folder is checked instead of this tree.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$here}
found=0

floor() {
	case $1 in
	base) echo 0 ;;
	amqp | persistence) echo 1 ;;
	queue) echo 2 ;;
	exchange) echo 3 ;;
	broker) echo 4 ;;
	management) echo 5 ;;
	server) echo 6 ;;
	*) echo 9 ;;
	esac
}

complain() {
	echo "stairs: $1"
	found=1
}

check_include() { # file, its folder, what it includes
	target=${3%%/*}
	[ "$target" = "$2" ] && return
	if [ "$(floor "$target")" -ge "$(floor "$2")" ]; then
		complain "$1 ($2, floor $(floor "$2")) includes $3 (floor $(floor "$target"))"
	fi
}

world='<ev\.h>|<sys/socket\.h>|<netinet/|<arpa/|<pthread\.h>|<threads\.h>|<time\.h>'
world="$world|<sys/time\.h>|<poll\.h>|<sys/epoll\.h>|<sys/un\.h>|<netdb\.h>"
# A call, not a member of the same name.
calls='(^|[^a-z0-9_>.])(clock_gettime|gettimeofday|time|nanosleep|usleep|sleep|poll|select|socket'
calls="$calls|accept4?|connect|sendto|recvfrom|pthread_[a-z_]*|ev_[a-z_]*)\\("

# The code without comments and strings.
bare() {
	gcc -fpreprocessed -E -P -x c "$1" 2> /dev/null | sed 's@"[^"]*"@@g'
}

# A file and its header count as one.
circle() { # folder
	for file in "$1"/*.[ch]; do
		[ -e "$file" ] || continue
		from=$(basename "${file%.*}")
		for to in $(sed -n "s@^#include \"$1/\([^\"]*\)\.h\".*@\1@p" "$file"); do
			[ "$to" = "$from" ] || echo "$from $to"
		done
	done | tsort 2>&1 > /dev/null | sed -n 's/^tsort: \([^-]\)/\1/p' | tr '\n' ' '
}

cd "$root" || exit 1
for folder in base exchange management tools; do
	names=$(circle "$folder")
	[ -z "$names" ] || complain "$folder: these include each other in a circle: $names"
done
for folder in base amqp persistence queue exchange broker management server; do
	for file in "$folder"/*.[ch] "$folder"/*.def; do
		[ -e "$file" ] || continue
		for include in $(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file"); do
			check_include "$file" "$folder" "$include"
		done
		case $file in
		server/* | persistence/*_posix.c | persistence/log_thread.c) continue ;;
		esac
		grep -nE "^#include ($world)" "$file" > /dev/null && complain "$file includes the world"
		bare "$file" | grep -E "$calls" > /dev/null && complain "$file calls the world"
	done
done

# The check is itself checked: every kind of violation, planted in an empty tree, must be seen,
# and what only looks like one must not.
plant() { # file, line
	mkdir -p "$planted/${1%/*}"
	echo "$2" > "$planted/$1"
}

if [ "$root" = "$here" ]; then
	planted=$(mktemp -d)
	plant base/up.c '#include "queue/queue.h"'
	plant amqp/stranger.c '#include "persistence/log.h"'
	plant persistence/stranger.h '#include "amqp/table.h"'
	plant exchange/nowhere.c '#include "exchange.h"'
	plant queue/clock.c '#include <time.h>'
	plant broker/call.c 'long f(void) { return clock_gettime(0, 0); }'
	plant persistence/thread.c 'int f(void) { return pthread_join(0, 0); }'
	plant management/one.h '#include "management/two.h"'
	plant management/two.c '#include "management/one.h"'
	violations=8
	plant management/three.c '#include "management/three.h"'
	plant base/fine.c '/* time(0) */ #include "base/buf.h"'
	plant queue/fine.c 'int f(struct o *o) { return o->poll(o) + runtime(o); }'
	plant server/fine.c '#include <ev.h>'
	plant persistence/disk_posix.c '#include <time.h>'
	seen=$(sh "$here/tools/stairs.sh" "$planted" | grep -c .)
	rm -r "$planted"
	[ "$seen" = "$violations" ] ||
		complain "the check sees $seen of $violations planted violations"
fi
exit $found
