#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A busy queue beside a backlog that nobody reads: how much the broker writes for each byte that is
# published, and how much the data directory grows meanwhile.
#
# usage: beside.sh [BACKLOG=1] [BUSY=4]     in GB, 1 KB messages; BUILD=DIR, DATA=DIR, PORT=N;
#        SLOW=N: while it is busy, N messages a second come into the queue that nobody reads
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
build=${BUILD:-build}
backlog=$((${1:-1} * 1000000))
busy=$((${2:-4} * 1000000))
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/beside.XXXXXX")
broker=
slow=
trap 'kill $broker $slow 2> /dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" log.default.level=error &
broker=$!
until_listens "$port" "$broker"

written() {
	sed -n 's/^write_bytes: //p' "/proc/$broker/io"
}

used_mb() {
	du -sm "$data/own" | cut -f1
}

flood() {
	"$build/flood" port="$port" pid="$broker" size=1024 durable=1 confirm=1 keep=1 window=4000 "$@"
}

flood count="$backlog" first=1 consumers=0
sleep 2
before=$(written) used=$(used_mb)
if [ -n "${SLOW:-}" ]; then
	flood count=1000000000 first=1 consumers=0 rate="$SLOW" > "$data/slow" 2>&1 &
	slow=$!
fi
flood count="$busy" autoack=0
[ -z "$slow" ] || kill "$slow" 2> /dev/null || cat "$data/slow" >&2
sleep 2
awk -v bytes="$(($(written) - before))" -v n="$busy" -v used="$used" -v after="$(used_mb)" 'BEGIN {
	printf "written for each byte of a body: %.3f; data directory: %d MB before, %d MB after\n",
		bytes / n / 1024, used, after }'
