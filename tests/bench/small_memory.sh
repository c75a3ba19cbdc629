#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A backlog far larger than memory: the broker in a control group that may have 128 MiB, page cache
# and all, while so many GB of 1 KB messages go into a queue and come out again. All of them must
# come in order, the kernel must kill nothing. Needs root, or a control group of one's own; where
# none can be made it says so and ends with 77.
#
# usage: small_memory.sh [GB=20]     MEMORY=134217728 (bytes)  BUILD=DIR  DATA=DIR  PORT=N
#                                    RESTART=1 (the broker is killed between in and out)
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
. tests/bench/group.sh
count=$((${1:-20} * 1000000))
memory=${MEMORY:-134217728}
build=${BUILD:-build}
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/small.XXXXXX")
broker=
clean() {
	[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null || true
	[ -z "$broker" ] || wait "$broker" 2> /dev/null || true
	group_remove
	rm -rf "$data"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

start() {
	group_exec "$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error &
	broker=$!
	until_listens "$port" "$broker"
}

# The most that was resident in any of the broker's lives.
note_resident() {
	now=$(awk '/^VmHWM/ { print $2 }' "/proc/$broker/status" 2> /dev/null)
	[ "${now:-0}" -le "$resident" ] || resident=$now
}

flood() {
	"$build/flood" port="$port" pid="$broker" count="$count" size=1024 durable=1 keep=1 \
		drain_s=14400 "$@"
}

group_make "$memory" || {
	echo "small_memory.sh: no control group can be made here" >&2
	exit 77
}
resident=0
start
fill=$(flood confirm=1 consumers=0) || true
echo "fill $fill" >&2
note_resident
if [ "${RESTART:-0}" = 1 ]; then
	kill -9 "$broker"
	wait "$broker" || true
	start
fi
drain=$(flood publishers=0 autoack=0 prefetch=1000) || true
echo "drain $drain" >&2
note_resident
verify=$(figure verify "$drain") oom=$(group_kills)
echo "gb=${1:-20} memory=$memory filled_per_s=$(figure published_per_s "$fill")" \
	"drained_per_s=$(figure delivered_per_s "$drain") peak=$(group_peak) resident_kb=$resident" \
	"oom_kill=${oom:-unknown} verify=${verify:-failed}"
[ "$verify" = ok ] && [ "$oom" = 0 ]
