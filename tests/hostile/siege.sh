#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A broker under siege (siege.c): what good clients wait for while others mean harm, as ratios to
# quiet moments of the same run, and what strangers make the broker take, which has a ceiling.
#
# usage: siege.sh [memory] [runs=N] [only=TEXT]      BUILD=build PORT=5875 (and the one behind it)
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
port=${PORT:-5875}
table=$build/siege.tsv
case " $* " in *' memory '*) table=/dev/null ;; esac
dir=$(mktemp -d)
broker=
trap '[ -z "$broker" ] || kill $broker; wait; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
ulimit -n 20000 || exit 1
sh tests/tls/certificates.sh "$dir/certificates" || exit 1
"$build/leveret" "listeners.tcp.1=127.0.0.1:$port" "listeners.ssl.1=127.0.0.1:$((port + 1))" \
	"ssl_options.certfile=$dir/certificates/server.pem" \
	"ssl_options.keyfile=$dir/certificates/server.key" "data_dir=$dir/data" \
	log.default.level=error 2> "$dir/log" &
broker=$!
for each in "$port" $((port + 1)); do
	until ss -Hltn "sport = :$each" | grep -q . || ! kill -0 $broker; do
		sleep 0.05
	done
done
{
	echo "# commit=$(git rev-parse --short HEAD) date=$(date +%F) cores=$(nproc) kernel=$(uname -r)"
	printf 'harm\tfigure\tmedian\tleast\tmost\tn\n'
} > "$table"
stories="tests/stories/hostile*.story tests/stories/framing.story tests/stories/handshake.story"
"$build/siege" "$port" $((port + 1)) $broker "table=$table" \
	"stories=$build/stories --port $port $stories > /dev/null" "$@"
code=$?
kill -0 $broker || { echo "FAIL the broker has died" && code=1; }
exit $code
