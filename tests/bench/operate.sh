#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What it costs to be looked at: with 100,000 queues and 5,000 messages a second flowing, how long a
# page of queues and the metrics take, and whether a basic.get, a thousand times a second, waits for
# anything while lists of everything are pulled and definitions of 5,000 queues come in.  Times in
# milliseconds; those of the probe without what the broker's loop, or the probe, waited for a
# processor beside them (probe.c).
#
# usage: operate.sh      QUEUES=100000 RATE=5000 IMPORT=5000  BUILD=DIR  DATA=DIR  PORT=N
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
build=${BUILD:-build}
port=${PORT:-$(free_port)}
web=$((port + 1))
metrics=$((port + 2))
data=$(mktemp -d "${DATA:-/tmp}/operate.XXXXXX")
broker=
flood=
trap 'kill $flood $broker 2> /dev/null; wait; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" log.console.level=error \
	management.tcp.ip=127.0.0.1 management.tcp.port="$web" \
	prometheus.tcp.ip=127.0.0.1 prometheus.tcp.port="$metrics" &
broker=$!
until_listens "$port" "$broker"
"$build/declare" port="$port" count="${QUEUES:-100000}" pipeline=1000 keep=1 > "$data/declare"
"$build/flood" port="$port" durable=1 confirm=1 rate="${RATE:-5000}" seconds=600 \
	> "$data/flood" 2>&1 &
flood=$!
sleep 1
kill -0 "$flood"
/usr/bin/python3 tests/bench/operate.py "$build" "$port" "$web" "$metrics" "$broker" \
	"${IMPORT:-5000}"
