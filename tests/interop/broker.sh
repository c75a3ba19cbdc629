#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The broker of one run of tests/interop/run.sh: INTEROP_DIR holds its data, its log and its process
# id, INTEROP_PORT is its port, INTEROP_BROKER the program. The tests call this to crash and restart
# it.
#
# usage: broker.sh start | crash | stop       crash: kill -9; stop: in order, within a minute
set -eu
log=$INTEROP_DIR/broker.log
pidfile=$INTEROP_DIR/broker.pid

# What has died and is not buried yet does not live. Its threads may: one that waits for the disk
# keeps the lock of the data directory after the first thread is a zombie.
alive() {
	kill -0 "$1" 2> /dev/null || return 1
	! grep -q '^State:.*Z' "/proc/$1/status" 2> /dev/null ||
		[ "$(ls "/proc/$1/task" 2> /dev/null | wc -l)" -gt 1 ]
}

gone() { # pid, tenths of a second
	for _ in $(seq "$2"); do
		alive "$1" || return 0
		sleep 0.1
	done
	return 1
}

start() {
	: > "$log.now"
	setsid "$INTEROP_BROKER" "listeners.tcp.1=127.0.0.1:$INTEROP_PORT" \
		"data_dir=$INTEROP_DIR/data" log.default.level=info \
		${INTEROP_WEB:+management.tcp.ip=127.0.0.1 "management.tcp.port=$INTEROP_WEB"} \
		> /dev/null 2>> "$log.now" < /dev/null &
	echo $! > "$pidfile"
	for _ in $(seq 1200); do
		grep -q ' ready: ' "$log.now" && return 0
		alive "$(cat "$pidfile")" || break
		sleep 0.05
	done
	rm -f "$pidfile"
	cat "$log.now" >&2
	echo "FAIL the broker did not start"
	return 1
}

end() { # signal, tenths of a second
	[ -s "$pidfile" ] || return 0
	pid=$(cat "$pidfile")
	if kill "-$1" "$pid" 2> /dev/null; then
		gone "$pid" "$2" || return 1
	else
		echo "FAIL the broker had died by itself"
	fi
	cat "$log.now" >> "$log"
	rm -f "$pidfile"
}

case ${1:-} in
start) start ;;
crash) end KILL 600 ;;
stop) end TERM 600 ;;
*)
	echo "usage: broker.sh start | crash | stop" >&2
	exit 2
	;;
esac
