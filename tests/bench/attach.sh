#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How soon a consumer that begins to read a long stream at a time gets its first message
# (attach.c): of so many millions of small messages, at random times; cold, when none of the log
# is in the system's memory, and again for the same times; as soon as it listens after it was
# killed, and when it has come to rest.
#
# usage: attach.sh [MILLIONS=100]   TIMES=20 SIZE=16 (bytes) BUILD=DIR DATA=DIR PORT=N
# Prints each step to standard error and one line of figures in the end. A hundred million take
# 9 GB of the disk.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
millions=${1:-100}
times=${TIMES:-20}
build=${BUILD:-build}
port=${PORT:-$(free_port)}
data=$(mktemp -d "${DATA:-/tmp}/attach.XXXXXX")
broker=
trap '[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

start() {
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error &
	broker=$!
	until_listens "$port" "$broker"
}

forget_cached() {
	for file in "$data"/own/*; do
		[ ! -f "$file" ] || dd if="$file" iflag=nocache count=0 status=none
	done
}

attach() { # what is measured
	line=$("$build/attach" port="$port" from="$from" to="$to" times="$times")
	echo "$1 $line" >&2
	figures="$figures $1_ms=$(figure median_ms "$line") $1_max_ms=$(figure max_ms "$line")"
	[ "$(figure verify "$line")" = ok ]
}

figures=
start
from=$(date +%s)
fill=$("$build/flood" port="$port" size="${SIZE:-16}" count=$((millions * 1000000)) stream=1 \
	durable=1 keep=1 consumers=0 drain_s=7200)
to=$(date +%s)
echo "fill $fill" >&2
sleep 2
forget_cached
attach cold
attach warm
kill -9 "$broker"
wait "$broker" 2> /dev/null || true
start
forget_cached
attach restarted
sleep 10   # the index has left memory
forget_cached
attach rested
echo "millions=$millions disk_mb=$(du -sm "$data/own" | cut -f1)" \
	"filled_per_s=$(figure published_per_s "$fill") seconds=$((to - from)) times=$times$figures"
