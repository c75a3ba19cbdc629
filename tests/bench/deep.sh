#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A deep queue: what it costs to fill, in memory, to start again after a kill, and to drain. So
# many millions of persistent messages are published, confirmed, to one queue that nobody reads;
# then the broker is killed as it stands and started again, over and over: first.c says how soon the
# first message can be had and a new one is confirmed. In the end all of them must come, in order.
#
# usage: deep.sh [MILLIONS=5]   RESTARTS=20 SIZE=100 (bytes) BUILD=DIR DATA=DIR PORT=N
#                               BROKER='more arguments of the broker'
# Prints each step to standard error and one line of figures in the end.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
millions=${1:-5}
count=$((millions * 1000000))
size=${SIZE:-100}
restarts=${RESTARTS:-$([ "$millions" -ge 50 ] && echo 5 || echo 20)}
build=${BUILD:-build}
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/deep.XXXXXX")
broker=
trap '[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

start() {
	began=$(date +%s%N)
	# shellcheck disable=SC2086
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error ${BROKER:-} &
	broker=$!
}

killed() {
	kill -9 "$broker"
	wait "$broker" 2> /dev/null || true
	broker=
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$broker/status"
}

flood() {
	"$build/flood" port="$port" pid="$broker" size="$size" count="$count" each=1000000 durable=1 \
		keep=1 drain_s=7200 "$@"
}

spread() { # figure: median and maximum over the restarts
	sed "s/.*\b$1=\([^ ]*\).*/\1/" "$data/restarts" | sort -n |
		awk '{ v[NR] = $1 } END { printf "%s %s", v[int((NR + 1) / 2)], v[NR] }'
}

start
until_listens "$port" "$broker"
sleep 1
idle=$(resident_kb)
fill=$(flood confirm=1 consumers=0)
echo "fill $fill" >&2
sleep 5
full=$(resident_kb)
disk_mb=$(du -sm "$data/own" | cut -f1)
: > "$data/restarts"
for _ in $(seq "$restarts"); do
	killed
	start
	"$build/first" port="$port" since="$began" size="$size" | tee -a "$data/restarts" >&2
	restarted=$(resident_kb)
done
drain=$(flood publishers=0 autoack=0 prefetch=1000)
echo "drain $drain" >&2
killed

get=$(spread get_ms) confirm=$(spread confirm_ms)
echo "millions=$millions size=$size idle_kb=$idle" \
	"filled_per_s=$(figure published_per_s "$fill") first_per_s=$(figure first_per_s "$fill")" \
	"last_per_s=$(figure last_per_s "$fill") slowest_per_s=$(figure slowest_per_s "$fill")" \
	"resident_kb=$full" \
	"bytes_each=$(awk "BEGIN { printf \"%.2f\", ($full - $idle) * 1024 / $count }")" \
	"disk_mb=$disk_mb restarts=$restarts first_get_ms=${get% *} first_get_max_ms=${get#* }" \
	"confirm_ms=${confirm% *} confirm_max_ms=${confirm#* } restarted_kb=$restarted" \
	"drained_per_s=$(figure delivered_per_s "$drain") drain_kb=$(figure resident_kb "$drain")" \
	"verify=$(figure verify "$drain")"
