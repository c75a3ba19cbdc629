#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stories that need nothing of the broker's inside, over real sockets, each in three ways:
# whole, byte by byte, and what lines in a row send in one piece. A broker for each way, side by
# side.
#
# usage: run.sh      BUILD=build PORT=5870: that port and the two behind it
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
port=${PORT:-5870}
dir=$(mktemp -d)
brokers=

clean() {
	[ -z "$brokers" ] || kill $brokers 2> /dev/null
	wait
	rm -rf "$dir"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

start() { # port
	"$build/leveret" "listeners.tcp.1=127.0.0.1:$1" "data_dir=$dir/$1" 2> "$dir/$1.log" &
	brokers="$brokers $!"
	while kill -0 $!; do
		grep -q ' ready: ' "$dir/$1.log" && return 0
		sleep 0.05
	done
	cat "$dir/$1.log"
	echo "FAIL the broker did not start"
	exit 1
}

players=
for way in '' --split --join; do
	start "$port"
	# shellcheck disable=SC2086
	"$build/stories" $way --port "$port" tests/stories/*.story > "$dir/$port.said" 2>&1 &
	players="$players $!:$port"
	port=$((port + 1))
done
code=0
for player in $players; do
	wait "${player%:*}" || code=1
	cat "$dir/${player#*:}.said"
done
for broker in $brokers; do
	kill -0 "$broker" 2> /dev/null || { echo "FAIL a broker has died" && code=1; }
done
exit $code
