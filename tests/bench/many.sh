#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many deep queues drained at once, beside one queue with as many messages. Messages of 1 KB are
# published to all the queues in turn, so that each one's lie scattered over the whole log; then one
# connection consumes from all of them. What one queue does is measured before and in the same run,
# and what counts is the ratio of the two.
#
# usage: many.sh [QUEUES=1000] [EACH=10000]   SIZE=1024  PREFETCH=1000 (for each queue)  BUILD=DIR
#                                             DATA=DIR  PORT=N
# Prints each step to standard error and one line of figures in the end.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
queues=${1:-1000}
each=${2:-10000}
count=$((queues * each))
build=${BUILD:-build}
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/many.XXXXXX")
broker=
trap '[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

flood() {
	"$build/flood" port="$port" pid="$broker" count="$count" size="${SIZE:-1024}" durable=1 keep=1 \
		drain_s=7200 "$@"
}

io() { # name
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$broker/io"
}

# On an empty directory: fill, drain. $fill and $drain are what flood said, $peak is in KB, $reads
# and $bytes are what the broker asked the system for to drain them.
measure() { # queues
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error &
	broker=$!
	until_listens "$port" "$broker"
	fill=$(flood queues="$1" confirm=1 consumers=0)
	echo "$1 queues: fill $fill" >&2
	reads=$(io syscr) bytes=$(io rchar)
	drain=$(flood queues="$1" publishers=0 autoack=0 prefetch="${PREFETCH:-1000}")
	echo "$1 queues: drain $drain" >&2
	reads=$(($(io syscr) - reads)) bytes=$(($(io rchar) - bytes))
	peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$broker/status")
	kill "$broker"
	wait "$broker" || true
	broker=
	rm -rf "$data/own"
}

measure 1
one=$(figure delivered_per_s "$drain") one_peak=$peak one_fill=$(figure published_per_s "$fill")
one_reads=$reads one_bytes=$bytes
measure "$queues"
all=$(figure delivered_per_s "$drain")
echo "queues=$queues each=$each one_filled_per_s=$one_fill" \
	"filled_per_s=$(figure published_per_s "$fill") one_drained_per_s=$one drained_per_s=$all" \
	"ratio=$(awk "BEGIN { printf \"%.2f\", $all / $one }") one_peak_kb=$one_peak peak_kb=$peak" \
	"one_reads=$one_reads reads=$reads one_read_mb=$((one_bytes >> 20)) read_mb=$((bytes >> 20))" \
	"verify=$(figure verify "$drain")"
