#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the broker's memory may be, at rest and for each of 10,000 connections that have moved a
# megabyte and then rest. The ceilings are tests; how soon it is ready and how fast it stops are
# figures. PORT=N, CONNECTIONS=N, BUILD=DIR move it, RESULTS=FILE gets the last line too.
set -u
cd "$(dirname "$0")/../.."
. tests/bench/free_port.sh
build=${BUILD:-build}
data=$(mktemp -d)
child=
passed=0
failed=0

clean() {
	[ -z "$child" ] || kill "$child" 2> /dev/null
	rm -rf "$data"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

figure() { # name
	sed -n "s/.*\b$1=\(-*[0-9]*\).*/\1/p" "$data/out"
}

at_most() { # what, figure's name, ceiling in bytes
	value=$(figure "$2")
	if [ -n "$value" ] && [ "$value" -le "$3" ]; then
		passed=$((passed + 1))
		echo "ok $1: $value bytes, at most $3"
	else
		failed=$((failed + 1))
		echo "FAIL $1: ${value:-no} bytes, at most $3"
	fi
}

"$build/idle" connections="${CONNECTIONS:-10000}" port="${PORT:-$(free_port)}" \
	data="$data/data" broker="$build/leveret" > "$data/out" &
child=$!
wait "$child" || echo "FAIL idle ended with $?"
child=
cat "$data/out"
at_most "resident at rest" idle_resident $((10 << 20))
at_most "private at rest" idle_private $((4 << 20))
at_most "resident for a connection" resident_per_connection $((10 << 10))
at_most "private for a connection" private_per_connection $((10 << 10))
echo "ready after $(figure ready_us) us; stopped with $(figure stop_connections) connections" \
	"after $(figure stop_us) us"

echo "passed $passed failed $failed memory"
[ -z "${RESULTS:-}" ] || echo "passed $passed failed $failed memory" >> "$RESULTS"
[ "$failed" = 0 ]
