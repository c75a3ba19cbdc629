#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whether the broker stands still while it has something large to do: probe.c asks it a thousand
# times a second, meanwhile nothing happens, a queue grows deep, a busy queue has segments cleaned
# beside a backlog that nobody reads, a deep queue is purged, another deleted, one is drained after
# a kill, and policies, permissions and limits change a hundred times a second under load. A row for
# each, in microseconds; "stalls" are answers after more than 5 ms. The next three are without the
# time for which the broker's loop or the probe were ready to run and not run; noise is how late a
# thread wakes that does nothing else.
#
# usage: stall.sh [ROW ...]      nothing, grow, clean, purge, delete, drain, change; else all
#   GROW=5 HELD=10 (millions of 100 bytes)  BACKLOG=1 BUSY=4 (GB of 1 KB)  QUIET=10 (seconds)
#   BUILD=DIR  DATA=DIR  PORT=N  RAW=FILE (gets the lines of the probe)
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/own.sh
grow=$((${GROW:-5} * 1000000))
held=$((${HELD:-10} * 1000000))
backlog=$((${BACKLOG:-1} * 1000000))
busy=$((${BUSY:-4} * 1000000))
build=${BUILD:-build}
port=${PORT:-$(free_port)}
raw=${RAW:-/dev/null}
data=$(mktemp -d "${DATA:-/tmp}/stall.XXXXXX")
broker=
probe=
trap 'kill -9 $broker $probe 2> /dev/null; rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP

start() {
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$port" data_dir="$data/own" \
		log.default.level=error &
	broker=$!
	until_listens "$port" "$broker"
}

killed() {
	[ -n "$broker" ] || return 0
	kill -9 "$broker"
	wait "$broker" 2> /dev/null || true
	broker=
}

anew() {
	killed
	rm -rf "$data/own"
	start
}

flood() {
	"$build/flood" port="$port" durable=1 keep=1 drain_s=7200 "$@" > "$data/flood"
}

fill() { # messages of 100 bytes
	flood count="$1" size=100 confirm=1 consumers=0
}

watch() { # row, what happens meanwhile
	row=$1
	shift
	"$build/probe" port="$port" pid="$broker" > "$data/probe" &
	probe=$!
	sleep 1
	"$@"
	sleep 1
	kill "$probe"
	wait "$probe" || { echo "stall.sh: the probe failed in $row" >&2 && exit 1; }
	probe=
	echo "row=$row $(cat "$data/probe")" >> "$raw"
	# shellcheck disable=SC2046
	table "$row" $(for f in gets p50_us p999_us longest_us stalls own_p999_us own_longest_us \
		own_stalls noise_p999_us noise_longest_us; do figure $f "$(cat "$data/probe")"; done)
}

table() {
	printf '%-9s %7s %6s %7s %7s %6s | %8s %7s %6s | %9s %7s\n' "$@"
}

remove() { # purge or delete
	"$build/remove" "$1" flood.000 "$port" >&2
	sleep 2
}

# With ten thousand queues that a policy is for, and a load of 20,000 messages a second.
change() {
	"$build/declare" port="$port" count=10000 pipeline=100 bind=0 keep=1 > "$data/declare"
	"$build/flood" port="$port" seconds="${QUIET:-10}" durable=1 confirm=1 rate=20000 \
		size=100 > "$data/flood" &
	load=$!
	tests/bench/change.py "$data/own/ctl.sock" "${QUIET:-10}" >&2
	wait "$load"
}

row() {
	case $1 in
	nothing)
		anew
		watch nothing sleep "${QUIET:-10}"
		;;
	grow)
		anew
		watch grow fill "$grow"
		;;
	clean)
		anew
		flood count="$backlog" size=1024 confirm=1 first=1 consumers=0
		watch clean flood count="$busy" size=1024 confirm=1 window=4000 autoack=0
		;;
	purge | delete)
		anew
		fill "$held"
		watch "$1" remove "$1"
		;;
	drain)
		anew
		fill "$grow"
		killed
		start
		watch drain flood count="$grow" size=100 publishers=0 autoack=0 prefetch=1000
		;;
	change)
		anew
		watch change change
		;;
	*)
		echo "stall.sh: there is no row $1" >&2
		exit 2
		;;
	esac
}

table meanwhile gets p50 p99.9 longest stalls 'own 99.9' longest stalls noise99.9 longest
for each in ${*:-nothing grow clean purge delete drain change}; do
	row "$each"
done
