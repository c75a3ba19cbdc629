#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the broker's memory may be, at rest, for each of 10,000 connections that have moved a
# megabyte and then rest, for each of 2,000 that did it through TLS, for each of 100,000 durable
# queues that are empty, when each of them was used once, while a million delayed messages wait
# for up to a year, and with 1,000 streams of one message each, and what those take of the disk. The
# ceilings are tests; how soon it is ready and how fast it stops are figures.
# PORT=N, CONNECTIONS=N, TLS_CONNECTIONS=N, QUEUES=N, DELAYED=N, STREAMS=N and BUILD=DIR move it,
# RESULTS=FILE gets the last line too.
set -u
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
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

at_most() { # what, figure's name, ceiling in bytes
	value=$(figure "$2" "$(cat "$data/out")")
	if [ -n "$value" ] && [ "$value" -le "$3" ]; then
		passed=$((passed + 1))
		echo "ok $1: $value bytes, at most $3"
	else
		failed=$((failed + 1))
		echo "FAIL $1: ${value:-no} bytes, at most $3"
	fi
}

idle() { # connections, more options
	connections=$1
	shift
	rm -rf "$data/data"
	"$build/idle" connections="$connections" port="${PORT:-$(free_port)}" data="$data/data" \
		broker="$build/leveret" "$@" > "$data/out" &
	child=$!
	wait "$child" || echo "FAIL idle ended with $?"
	child=
	cat "$data/out"
}

idle "${CONNECTIONS:-10000}"
at_most "resident at rest" idle_resident $((10 << 20))
at_most "private at rest" idle_private $((4 << 20))
at_most "resident for a connection" resident_per_connection $((10 << 10))
at_most "private for a connection" private_per_connection $((10 << 10))
line=$(cat "$data/out")
echo "ready after $(figure ready_us "$line") us; stopped with $(figure stop_connections "$line")" \
	"connections after $(figure stop_us "$line") us"

sh tests/tls/certificates.sh "$data/certificates"
idle "${TLS_CONNECTIONS:-2000}" tls="$data/certificates"
at_most "resident for a connection with TLS" resident_per_connection $((26 << 10))
at_most "private for a connection with TLS" private_per_connection $((26 << 10))

resident() { # pid
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# Some seconds, or as long as it takes on a busy machine.
until_at_most() { # bytes, pid
	for _ in $(seq 300); do
		[ $(($(resident "$2") << 10)) -gt "$1" ] || return 0
		sleep 0.1
	done
}

# Figures on standard output, while a broker with so many queues runs on the data directory.
with_queues() { # whether to declare and use them
	port=${PORT:-$(free_port)}
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/data" \
		log.default.level=error &
	child=$!
	until_listens "$port" "$child"
	echo "resident_with_queues=$(($(resident "$child") << 10))"
	if [ "$1" = yes ]; then
		sleep 1.5   # it has begun to rest, and is not through with it
		"$build/declare" port="$port" pid="$child" count="$queues" pipeline=100 bind=0 use=1 keep=1
		until_at_most "$used" "$child"
		echo "resident_when_used=$(($(resident "$child") << 10))"
	fi
	kill "$child"
	wait "$child" || echo "FAIL leveret ended with $?"
	child=
}

# Of one that was used it is known which of its messages are gone, how many went which way, and what
# of it its virtual host has counted (64 bytes); and those that moved lately share what samples may
# take.
queues=${QUEUES:-100000}
used=$(((524 + 64 + 232 + 64) * queues + (4 << 20) + (16 << 20)))
rm -rf "$data/data"
with_queues yes > "$data/out"
at_most "resident for a durable queue that is empty" resident_per_queue 524
at_most "resident with $queues when each was used once" resident_when_used "$used"
with_queues no > "$data/out"
at_most "resident after a start with $queues of them" resident_with_queues \
	$((524 * queues + (4 << 20)))

# Figures on standard output, while a broker runs on the data directory.
with_streams() { # whether to fill them
	port=${PORT:-$(free_port)}
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/data" \
		log.default.level=error &
	child=$!
	until_listens "$port" "$child"
	[ "$1" = no ] || "$build/flood" port="$port" queues="$streams" count="$streams" stream=1 \
		durable=1 confirm=1 consumers=0 keep=1 size=1024
	until_at_most $((16 << 20)) "$child"
	echo "resident_with_streams=$(($(resident "$child") << 10))" \
		"disk_of_streams=$(du -sB1 "$data/data" | cut -f1)"
	kill "$child"
	wait "$child" || echo "FAIL leveret ended with $?"
	child=
}

streams=${STREAMS:-1000}
for fill in yes no; do
	[ "$fill" = no ] || rm -rf "$data/data"
	with_streams "$fill" > "$data/out"
	again=$([ "$fill" = yes ] || echo " after a start")
	at_most "resident with $streams streams of one message$again" resident_with_streams \
		$((16 << 20))
	at_most "of the disk, with them$again" disk_of_streams $((100 << 20))
done

rm -rf "$data/data"
/usr/bin/python3 tests/bench/delayed.py "$build/leveret" "$data/data" "${PORT:-$(free_port)}" \
	"${DELAYED:-1000000}" > "$data/out" &
child=$!
wait "$child" || echo "FAIL delayed.py ended with $?"
child=
at_most "resident while ${DELAYED:-1000000} messages wait" delayed_resident $((32 << 20))
at_most "resident after a start with them" delayed_resident_again $((32 << 20))

echo "passed $passed failed $failed memory"
[ -z "${RESULTS:-}" ] || echo "passed $passed failed $failed memory" >> "$RESULTS"
[ "$failed" = 0 ]
