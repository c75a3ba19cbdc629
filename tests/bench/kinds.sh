#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What special kinds of queues and exchanges cost, as ratios to a plain one, taken in turns in one
# run: priorities, times to live, a length limit, groups; a topic exchange with 100,000 bindings
# beside one with 10; and 100,000 queues declared, with what they take.
#
# usage: kinds.sh [ROW ...]     RUNS=3  WINDOW=3 (seconds)  BUILD=DIR  DATA=DIR  PORT=N
# Prints each measurement to standard error, and a line for each row: the medians and their ratio.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
build=${BUILD:-build}
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/kinds.XXXXXX")
broker=
trap '[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

start() {
	taskset -c 0 "$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error &
	broker=$!
	until_listens "$port" "$broker"
}

stop() {
	kill "$broker"
	wait "$broker" || true
	broker=
	rm -rf "$data/own"
}

median() {
	sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}

# Messages a second through one broker, with a queue as the options say.
rate() {
	start
	line=$(taskset -c 1 "$build/flood" port="$port" seconds="${WINDOW:-3}" "$@")
	stop
	echo "$*: $line" >&2
	figure delivered_per_s "$line"
}

# name, what both have in common, the options of the plain one, those of the special one
pair() {
	case " $wanted " in *" $1 "* | "  ") ;; *) return 0 ;; esac
	: > "$data/plain"
	: > "$data/special"
	for _ in $(seq "${RUNS:-3}"); do
		rate $2 $3 >> "$data/plain"
		rate $2 $4 >> "$data/special"
	done
	plain=$(median < "$data/plain") special=$(median < "$data/special")
	echo "$1: plain_per_s=$plain special_per_s=$special" \
		"ratio=$(awk "BEGIN { printf \"%.2f\", $special / $plain }")"
}

wanted="$*"
transient="size=16"
durable="size=1024 durable=1 confirm=1 window=1000 autoack=0 prefetch=1000"
pair priority "$transient" "" "priority=9"
pair priority-durable "$durable" "" "priority=9"
pair ttl "$transient" "" "ttl=60000"
pair expiration "$transient" "" "expiration=60000"
pair expiration-durable "$durable" "" "expiration=60000"
pair limit "$transient" "" "limit=1000000"
pair limit-durable "$durable" "" "limit=1000000"
pair groups "$transient autoack=0 keys=1000 consumers=4" "" "grouped=1"
pair groups-durable "$durable keys=1000 consumers=4" "" "grouped=1"
pair topics "$transient" "bindings=10" "bindings=100000"

case " $wanted " in
*" queues "* | "  ")
	start
	line=$("$build/declare" port="$port" pid="$broker" count=100000 pipeline=100 bind=0)
	stop
	echo "queues: $line"
	;;
esac
