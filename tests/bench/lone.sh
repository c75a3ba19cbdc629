#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A publisher who waits for each confirm: 1 KB persistent messages, and beside it what it would wait
# for without a broker (bare.c), in turns.
#
# usage: lone.sh       DIR=where the log lies ROUNDS=3 BUILD=build
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
build=${BUILD:-build}
dir=$(mktemp -d "${DIR:-${TMPDIR:-/tmp}}/lone.XXXXXX")
port=$(free_port)
"$build/leveret" "listeners.tcp.1=127.0.0.1:$port" "data_dir=$dir/data" 2> "$dir/log" &
broker=$!
trap 'kill $broker; wait $broker || true; rm -rf "$dir"' EXIT
until_listens "$port" "$broker"
for _ in $(seq "${ROUNDS:-3}"); do
	bare=$("$build/bare" "$dir")
	said=$("$build/flood" "port=$port" seconds=3 size=1024 durable=1 confirm=1 window=1)
	p50=$(figure confirm_p50_us "$said")
	awk -v trip="$(figure trip_us "$bare")" -v write="$(figure write_us "$bare")" \
		-v both="$(figure both_us "$bare")" -v p50="$p50" 'BEGIN {
			printf "trip_us=%d write_us=%d both_us=%d confirm_p50_us=%d", trip, write, both, p50
			printf " of_the_parts=%.2f of_both=%.2f\n", p50 / (trip + write), p50 / both }'
done
