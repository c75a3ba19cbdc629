#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Benches build/leveret and whoever else is there, side by side: each row of tests/bench/rows.tsv is
# run RUNS times, the brokers taking turns within a row; the broker on core 0 and the generator on
# core 1, or both on both where the row says so. Figures go to build/bench.raw as they come;
# tests/bench/table.py makes build/bench.tsv of them and prints the medians.
#
# usage: run.sh [--against 'COMMAND' --port N] [ROW ...]     rows by number: 1a 2a 9b; else all
#   --against      another AMQP broker, that listens on 127.0.0.1:N and lets guest in; without it
#                  Debian's rabbitmq-server, if it is installed (RABBIT=0: not even then)
#   RUNS=3  WINDOW=2 (seconds, after one of warm-up)  FULL=1: windows of 10 s, five million messages
#   NAME=what the other broker is called in the table
#   QUORUM=1: --against is a RabbitMQ, whose quorum and classic queues are measured in durable rows
#   BUILD=build  DATA=DIR (on the disk to be measured)  COMMIT=what is measured
set -u
cd "$(dirname "$0")/../.."
. tests/bench/free_port.sh
against=
port=
while [ "${1:-}" = --against ] || [ "${1:-}" = --port ]; do
	[ "$1" = --against ] && against=$2 || port=$2
	shift 2
done
wanted=" $* "
build=${BUILD:-build}
runs=${RUNS:-3}
full=${FULL:-0}
window=${WINDOW:-$([ "$full" = 1 ] && echo 10 || echo 2)}
data=$(mktemp -d "${DATA:-/tmp}/bench.XXXXXX")
raw=$build/bench.raw
broker=
their_pid=
epmd=
their_port=${port:-$(free_port)}
own_port=$((their_port + 1))
quorum=${QUORUM:-$([ -n "$against" ] && echo 0 || echo 1)}

stop() { # pid
	kill "$1" 2> /dev/null
	wait "$1" 2> /dev/null
}
finish() {
	[ -z "$broker" ] || stop "$broker"
	[ -z "$their_pid" ] || kill "$their_pid"
	[ -z "$their_pid" ] || wait 2> /dev/null
	[ -z "$epmd" ] || ERL_EPMD_PORT=$epmd epmd -kill > /dev/null
	rm -rf "$data"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

listens() { # port: waits until somebody does
	hex=$(printf '%04X' "$1")
	for _ in $(seq 600); do
		grep -qE "^ *[0-9]+: [0-9A-F]+:$hex 0+:0000 0A " /proc/net/tcp /proc/net/tcp6 && return 0
		sleep 0.1
	done
	echo "run.sh: nobody listens on port $1" >&2
	exit 1
}

# ---- the others: started once, for the whole bench ----

# When it lets clients in, and what its memory is five seconds later.
rest_of_theirs() { # nanoseconds at which it was started
	their_ready_us=$((($(date +%s%N) - $1) / 1000))
	sleep 5
	kb=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$their_pid/status")
	their_resident=$((kb * 1024))
}

start_rabbit() {
	lib=$(echo /usr/lib/rabbitmq/lib/rabbitmq_server-*)
	epmd=$((their_port + 2))
	printf 'loopback_users.guest = true\nlisteners.tcp.1 = 127.0.0.1:%s\n' "$their_port" \
		> "$data/rabbitmq.conf"
	began=$(date +%s%N)
	env HOME="$data" RABBITMQ_NODENAME=bench@localhost RABBITMQ_MNESIA_BASE="$data/mnesia" \
		RABBITMQ_LOG_BASE="$data/log" RABBITMQ_CONFIG_FILE="$data/rabbitmq.conf" \
		RABBITMQ_ENABLED_PLUGINS_FILE="$data/plugins" RABBITMQ_DIST_PORT=$((their_port + 3)) \
		ERL_EPMD_PORT=$epmd ERL_EPMD_ADDRESS=127.0.0.1 \
		"$lib/sbin/rabbitmq-server" > "$data/rabbit.out" 2>&1 &
	listens "$their_port"
	their_pid=$(pgrep -f "beam.smp.*$data" | head -1)
	their_name=rabbitmq
	rest_of_theirs "$began"
}

# The process that has the listening socket, which need not be the one that was started.
listener() { # port
	ss -Hltnp "sport = :$1" 2> /dev/null | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -1
}

start_against() {
	began=$(date +%s%N)
	sh -c "exec $against" > "$data/against.out" 2>&1 &
	their_starter=$!
	their_name=${NAME:-$(basename "${against%% *}")}
	listens "$their_port"
	their_pid=$(listener "$their_port")
	their_pid=${their_pid:-$their_starter}
	rest_of_theirs "$began"
}

# ---- ours: a new one on an empty directory for each run ----

start_own() { # arguments
	rm -rf "$data/own"
	start_again "$@"
}

start_again() { # arguments
	"$build/leveret" listeners.tcp.1=127.0.0.1:"$own_port" data_dir="$data/own" \
		log.default.level=error "$@" &
	broker=$!
	listens "$own_port"
}

pin() { # pid, cores
	taskset -a -cp "$2" "$1" > /dev/null
}

# ---- one run ----

generator() { # tool, port, pid, options: one line, or a fault
	tool=$1 at=$2 pid=$3
	shift 3
	case $tool in
	flood) taskset -c "$generator_cores" "$build/flood" port="$at" pid="$pid" \
		seconds="$window" "$@" ;;
	churn) taskset -c "$generator_cores" "$build/churn" port="$at" pid="$pid" \
		seconds="$window" "$@" ;;
	*) taskset -c "$generator_cores" "$build/$tool" port="$at" pid="$pid" "$@" ;;
	esac
}

note() { # broker, figures
	echo "row=$id cores=$cores broker=$1 window=$window warmup=1 $2" >> "$raw"
	echo "  $id $1 $2" >&2
}

measure() { # broker, tool, port, pid, options
	name=$1
	shift
	if line=$(generator "$@" 2>&1); then
		note "$name" "$line"
	else
		note "$name" "verify=failed ${line##*verify=}"
	fi
}

run_own() { # name, arguments of the broker, tool, options
	name=$1 arguments=$2
	shift 2
	# shellcheck disable=SC2086
	start_own $arguments
	pin "$broker" "$cores"
	tool=$1
	shift
	measure "$name" "$tool" "$own_port" "$broker" "$@"
	stop "$broker"
	broker=
}

run_relay() { # tool, options
	"$build/relay" "$own_port" 2> /dev/null &
	broker=$!
	listens "$own_port"
	pin "$broker" "$cores"
	tool=$1
	shift
	measure relay "$tool" "$own_port" "$broker" "$@"
	stop "$broker"
	broker=
}

run_theirs() { # suffix, tool, options
	[ -n "$their_pid" ] || return 0
	suffix=$1 tool=$2
	shift 2
	pin "$their_pid" "$cores"
	measure "$their_name$suffix" "$tool" "$their_port" "$their_pid" "$@"
}

# Fill, stop, start, drain. Only ours: others would take minutes.
backlog() { # count
	start_own
	pin "$broker" 0
	fill=$(taskset -c 1 "$build/flood" port="$own_port" pid="$broker" count="$1" size=100 \
		durable=1 confirm=1 consumers=0 keep=1)
	stop "$broker"
	disk_mb=$(du -sm "$data/own" | cut -f1)
	began=$(date +%s%N)
	start_again
	restart_ms=$((($(date +%s%N) - began) / 1000000))
	pin "$broker" 0
	drain=$(taskset -c 1 "$build/flood" port="$own_port" pid="$broker" count="$1" size=100 \
		durable=1 publishers=0 autoack=0 prefetch=1000 keep=1)
	stop "$broker"
	broker=
	figure() { echo "$2" | sed "s/.*\b$1=\([^ ]*\).*/\1/"; }
	note leveret "count=$1 published_per_s=$(figure published_per_s "$fill") \
resident_kb=$(figure resident_kb "$fill") disk_mb=$disk_mb restart_ms=$restart_ms \
drained_per_s=$(figure delivered_per_s "$drain") verify=$(figure verify "$drain")"
}

row() { # who, tool, options
	who=$1
	shift
	case $who in
	transient)
		run_own leveret "" "$@"
		run_theirs "" "$@"
		;;
	durable)
		run_own leveret durability=fsync "$@"
		[ "$quorum" = 0 ] || run_theirs -quorum "$@" quorum=1
		run_own leveret-os durability=os "$@"
		[ "$quorum" = 0 ] && run_theirs "" "$@" || run_theirs -classic "$@"
		;;
	own)
		run_own leveret "" "$@"
		[ "$full" != 1 ] || run_theirs "" "$@"
		;;
	esac
	case $id in 1a | 1b | 2a | 9a) run_relay "$@" ;; esac
}

ceilings() {
	id=ceiling cores=0,1
	for _ in $(seq "$runs"); do
		"$build/disk" "$data" | while read -r line; do note "disk" "$line"; done
		note loopback "$(taskset -c 0,1 "$build/loopback")"
	done
}

at_rest() {
	id=11 cores=0,1
	[ "$wanted" = "  " ] || case $wanted in *" 11 "*) ;; *) return ;; esac
	note leveret "$("$build/idle" connections=10000 port="$own_port" data="$data/idle" \
		broker="$build/leveret") verify=ok"
	[ -z "$their_pid" ] ||
		note "$their_name" "ready_us=$their_ready_us idle_resident=$their_resident verify=ok"
}

# ---- all of it ----

if [ -n "$against" ]; then
	start_against
elif [ "${RABBIT:-1}" = 1 ] && [ -d /usr/lib/rabbitmq/lib ]; then
	start_rabbit
fi
commit=${COMMIT:-$(git rev-parse --short HEAD 2> /dev/null)$(git diff --quiet HEAD 2> /dev/null ||
	echo ', changed')}
echo "commit=$commit date=$(date +%F) cores=$(nproc) kernel=$(uname -r) runs=$runs" > "$raw"
[ "$wanted" != "  " ] || ceilings
while IFS='	' read -r id cores times who tool options; do
	case $id in '#'* | '') continue ;; esac
	[ "$wanted" = "  " ] || case $wanted in *" $id "*) ;; *) continue ;; esac
	generator_cores=1
	[ "$cores" = 0 ] || generator_cores=0,1
	for _ in $(seq "$([ "$times" = once ] && echo 1 || echo "$runs")"); do
		if [ "$tool" = backlog ]; then
			backlog "$([ "$full" = 1 ] && echo 5000000 || echo 1000000)"
		else
			# shellcheck disable=SC2086
			row "$who" "$tool" $options
		fi
	done
done < tests/bench/rows.tsv
at_rest
/usr/bin/python3 tests/bench/table.py "$raw" "$build/bench.tsv"
