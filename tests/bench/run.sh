#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Throughput of build/leveret on this machine: an empty data directory and a fresh process for
# each run, three runs of each row, the median and the spread. PORT=N, BUILD=DIR, SECONDS_EACH=N.
set -u
cd "$(dirname "$0")/../.."
. tests/bench/free_port.sh
build=${BUILD:-build}
port=${PORT:-$(free_port)}
seconds=${SECONDS_EACH:-5}
data=$(mktemp -d)
broker=

stop() {
	[ -z "$broker" ] || kill "$broker" 2> /dev/null
	[ -z "$broker" ] || wait "$broker"
	broker=
}
trap 'stop; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

start() {
	rm -rf "$data/data"
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/data" \
		log.console.level=info 2> "$data/log" &
	broker=$!
	for _ in $(seq 100); do
		grep -q ' ready: ' "$data/log" && return 0
		sleep 0.05
	done
	cat "$data/log"
	exit 1
}

median() { # of the numbers on stdin, with the least and the most
	sort -n | awk '{ v[NR] = $1 }
		END { printf "%d (%d to %d)", v[int((NR + 1) / 2)], v[1], v[NR] }'
}

row() { # what, options of flood
	what=$1
	shift
	: > "$data/runs"
	for _ in 1 2 3; do
		start
		"$build/flood" port="$port" seconds="$seconds" "$@" >> "$data/runs" || exit 1
		stop
	done
	for figure in delivered_per_s confirm_p50_us confirm_p99_us; do
		grep -q "\b$figure=" "$data/runs" || continue
		echo "$what: $figure $(sed "s/.*\b$figure=\([0-9]*\).*/\1/" "$data/runs" | median)"
	done
}

row "16 B transient, one publisher, one consumer" size=16
row "1 KB persistent, confirmed, fsync" size=1024 durable=1 confirm=1 autoack=0 \
	window=1000 prefetch=1000
