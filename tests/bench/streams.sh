#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Streams, as ratios to what they are measured by, taken in turns in one run:
#
#   publish   1 KB messages of 8 publishers, persistent and confirmed, into a stream; beside a queue
#   replay    ten readers from the first message on, while somebody publishes a little: how much the
#             slowest of them gets, times ten; beside the bare disk, read from end to end
#   tail      publish to arrival, the 99th percentile, of that little, for a consumer at the end
#             while the ten read; beside the same without them
#
# The stream has so many GB, the broker less memory than that: it runs in a control group, page
# cache and all. That needs root, or a group of one's own; where none can be made it says so and
# goes on.
#
# usage: streams.sh [GB=20]     RUNS=3 WINDOW=10 (seconds) READERS=10 RATE=500 (a second, at the
#                               end) MEMORY=536870912 (bytes) BUILD=DIR DATA=DIR PORT=N
# Prints each measurement to standard error, and in the end a table of medians.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
. tests/bench/group.sh
gb=${1:-20}
window=${WINDOW:-10}
readers=${READERS:-10}
build=${BUILD:-build}
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/streams.XXXXXX")
broker= mildly=
clean() {
	[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null || true
	[ -z "$broker" ] || wait "$broker" 2> /dev/null || true
	group_remove
	rm -rf "$data"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

start() {
	set -- "$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error
	if [ -n "$group" ]; then group_exec "$@" & else "$@" & fi
	broker=$!
	until_listens "$port" "$broker"
}

stop() {
	kill "$broker"
	wait "$broker" || true
	broker=
	rm -rf "$data/own"
}

flood() {
	$mildly "$build/flood" port="$port" pid="$broker" size=1024 durable=1 confirm=1 autoack=0 \
		prefetch=1000 "$@"
}

note() { # list, value
	echo "  $1 $2" >&2
	echo "$2" >> "$data/$1"
}

# A fault ends the run.
measured() { # figure, a line of flood's
	[ "$(figure verify "$2")" = ok ] || {
		echo "streams.sh: $2" >&2
		exit 1
	}
	figure "$1" "$2"
}

median() { # list
	sort -n "$data/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

publish() { # list, what it goes into
	start
	line=$(flood seconds="$window" publishers=8 consumers=0 window=1000 "$2") || true
	stop
	note "$1" "$(measured published_per_s "$line")"
}

# Bytes a second, past the page cache, of the first GB of the log.
bare() {
	files=$(find "$data/own" -name 'w*.seg' | sort | head -16)
	began=$(date +%s%N)
	for file in $files; do
		dd if="$file" of=/dev/null bs=1M iflag=direct status=none ||
			dd if="$file" of=/dev/null bs=1M status=none
	done
	took=$(($(date +%s%N) - began))
	# shellcheck disable=SC2086
	bytes=$(stat -c %s $files | awk '{ n += $1 } END { print n }')
	note bare "$(awk "BEGIN { printf \"%.0f\", $bytes * 1e9 / $took }")"
}

tail_p99() { # list
	line=$(flood stream=1 tail=1 keep=1 consumers=1 rate="${RATE:-500}" seconds="$window") || true
	note "$1" "$(measured e2e_p99_us "$line")"
}

# Who reads history would be on another machine: what measures comes before it here.
replay() {
	mildly='nice -n 10'
	flood stream=1 keep=1 publishers=0 consumers="$readers" warmup_ms=2000 \
		seconds=$((window + 2)) > "$data/readers" &
	mildly=
	reading=$!
	sleep 1
	tail_p99 beside
	wait "$reading" || true
	line=$(cat "$data/readers")
	echo "  readers $line" >&2
	note replay "$(measured least_per_s "$line" | awk -v n="$readers" '{ print $1 * n * 1024 }')"
}

row() { # name, unit's divisor, unit, measured by, measured, wanted
	awk -v name="$1" -v by="$(median "$4")" -v own="$(median "$5")" -v d="$2" -v unit="$3" \
		-v wanted="$6" 'BEGIN { printf "%-10s %12.1f %12.1f %-6s %6.2f   %s\n", name, by / d,
			own / d, unit, own / by, wanted }'
}

group_make "${MEMORY:-536870912}" || echo "streams.sh: no control group can be made here" >&2
for _ in $(seq "${RUNS:-3}"); do
	publish queue stream=0
	publish stream stream=1
done
start
fill=$(flood count=$((gb * 1000000)) stream=1 keep=1 publishers=8 consumers=0 drain_s=7200) || true
echo "  fill $fill" >&2
[ "$(measured verify "$fill")" = ok ]
for _ in $(seq "${RUNS:-3}"); do
	bare
	tail_p99 quiet
	replay
done
echo "gb=$gb readers=$readers memory=${group:+${MEMORY:-536870912}} peak=${group:+$(group_peak)}" \
	"oom_kill=${group:+$(group_kills)}"
echo "what        measured by     measured         ratio   wanted"
row publish 1000 k/s queue stream "at least 0.80"
row replay 1000000 MB/s bare replay "at least 0.60"
row tail 1000 ms quiet beside "at most 2.00"
