#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stock clients against build/leveret on a free port of the loopback interface. README.md beside
# this says what each stage shows.
#
# usage: run.sh [STAGE ...]   pika node go go_package rabbitmq_c celery pubsub rabbitmqadmin fields
#                             calls drift, else all of those; go_newest recover_celery recover_go
#                             recover_spring rabbitmqadmin2 rabbit_hole telegraf hop nagios flower
#                             when named
#   BROKER=FILE           the program under test (build/leveret)
#   INTEROP_PORT=N        its port (a free one)
#   INTEROP_WEB=N         ... of its HTTP API (likewise)
#   INTEROP_TASKS=N       tasks of the celery stage (10000)
#   INTEROP_MESSAGES=N    messages of the pubsub stage (100000)
#   INTEROP_KILL=NAME     the service it kills: python, node or go (node)
#   RESULTS=FILE          takes the lines `passed N failed M STAGE` too
set -u
cd "$(dirname "$0")/../.."
here=$PWD/tests/interop
out=$PWD/build/interop
broker=$here/broker.sh
INTEROP_DIR=$(mktemp -d)
INTEROP_BROKER=${BROKER:-$PWD/build/leveret}
INTEROP_PORT=${INTEROP_PORT:-$(tests/free_port.sh)}
INTEROP_WEB=${INTEROP_WEB:-$(tests/free_port.sh)}
export INTEROP_DIR INTEROP_BROKER INTEROP_PORT INTEROP_WEB PYTHONDONTWRITEBYTECODE=1
# Debian's Go package of the client is found the old way; its compiler is preferred.
export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$out/gocache" GOFLAGS=
go=/usr/bin/go
[ -x "$go" ] || go=go
mkdir -p "$out"
child=
any_failed=0

clean() {
	[ -z "$child" ] || kill "$child" 2> /dev/null
	if [ -s "$INTEROP_DIR/broker.pid" ]; then
		kill -9 "$(cat "$INTEROP_DIR/broker.pid")" 2> /dev/null
	fi
	rm -rf "$INTEROP_DIR"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

note() { # passed, failed, stage
	echo "passed $1 failed $2 $3"
	[ -z "${RESULTS:-}" ] || echo "passed $1 failed $2 $3" >> "$RESULTS"
	[ "$2" -eq 0 ] || any_failed=1
}

# Runs a command with a broker that has an empty directory; `ok` and `FAIL` lines are counted.
stage() { # name, limit in seconds, command
	name=$1 limit=$2 log=$out/$1.log code=0
	shift 2
	rm -rf "$INTEROP_DIR/data"
	if ! "$broker" start > "$log" 2>&1; then
		tail -5 "$log"
		note 0 1 "$name"
		return
	fi
	timeout -k 5 "$limit" "$@" > "$log" 2>&1 < /dev/null &
	child=$!
	wait "$child" || code=$?
	child=
	"$broker" stop >> "$log" 2>&1 || code=97
	mv "$INTEROP_DIR/broker.log" "$out/$name.broker.log"
	if grep -qE 'must\(|ERROR: |runtime error' "$out/$name.broker.log"; then
		code=98
	fi
	good=$(grep -cE '^(ok |--- PASS: )' "$log")
	bad=$(grep -cE '^(FAIL |--- FAIL: )' "$log")
	grep -E '^(FAIL |--- FAIL: )' "$log"
	if [ "$bad" -eq 0 ] && { [ "$code" -ne 0 ] || [ "$good" -eq 0 ]; }; then
		echo "FAIL $name: ended with $code after $good cases"
		tail -5 "$log"
		bad=1
	fi
	note "$good" "$bad" "$name"
}

build() { # name, command
	if ! "$@" > "$out/build.log" 2>&1; then
		echo "FAIL building: $*"
		tail -10 "$out/build.log"
		return 1
	fi
}

amqplib() {
	cd "$here/node" || return 1
	[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci
}

empty() { # name
	rm -rf "${out:?}/$1"
	mkdir -p "$out/$1"
}

run() {
	case $1 in
	pika)
		stage pika 60 /usr/bin/python3 "$here/pika_test.py" "$INTEROP_PORT"
		;;
	node)
		(build amqplib) || note 0 1 node_build
		stage node 60 node "$here/node/cases.js" "$INTEROP_PORT"
		;;
	go)
		build "$go" build -o "$out/go_cases" "$here/go/cases/main.go" || note 0 1 go_build
		stage go 60 "$out/go_cases" "$INTEROP_PORT" "$broker"
		;;
	go_package)
		build "$go" test -c -tags integration -o "$out/go_package" \
			github.com/rabbitmq/amqp091-go || note 0 1 go_package_build
		AMQP_URL=amqp://guest:guest@127.0.0.1:$INTEROP_PORT/
		export AMQP_URL
		stage go_package 200 sh -c "cd '$GOPATH/src/github.com/rabbitmq/amqp091-go' &&
			'$here/go_own.sh' '$out/go_package'"
		;;
	go_newest)
		build "$here/go_newest.sh" build || note 0 1 go_newest_build
		stage go_newest 570 "$here/go_newest.sh" run
		grep -E '^(amqp091-go |left out|--- SKIP)' "$out/go_newest.log"
		;;
	rabbitmq_c)
		build "${CC:-gcc}" -std=gnu17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wshadow -Werror \
			"$here/rabbitmq_c.c" -o "$out/rabbitmq_c" -lrabbitmq || note 0 1 rabbitmq_c_build
		stage rabbitmq_c 60 "$out/rabbitmq_c" "$INTEROP_PORT" "$broker"
		;;
	celery)
		empty celery
		stage celery 300 /usr/bin/python3 "$here/celery/run.py" "${INTEROP_TASKS:-10000}" \
			"$out/celery"
		tail -1 "$out/celery.log"
		;;
	pubsub)
		empty pubsub
		(build amqplib) || note 0 1 node_build
		build "$go" build -o "$out/go_service" "$here/go/service/main.go" || note 0 1 go_build
		stage pubsub 300 /usr/bin/python3 "$here/pubsub/run.py" "${INTEROP_MESSAGES:-100000}" \
			"$out/pubsub" "$out/go_service"
		tail -2 "$out/pubsub.log" | head -1
		;;
	rabbitmqadmin)
		script=$("$here/tools/script.sh" 2> "$out/build.log") || note 0 1 rabbitmqadmin_fetch
		stage rabbitmqadmin 60 /usr/bin/python3 "$here/tools/rabbitmqadmin.py" "$script"
		;;
	fields | calls | drift)
		stage "$1" 60 /usr/bin/python3 "$here/tools/$1.py"
		;;
	rabbitmqadmin2)
		build cargo install -q --locked --root "$out/rabbitmqadmin2" rabbitmqadmin ||
			note 0 1 rabbitmqadmin2_build
		stage rabbitmqadmin2 60 /usr/bin/python3 "$here/tools/rabbitmqadmin2.py" \
			"$out/rabbitmqadmin2/bin/rabbitmqadmin"
		;;
	rabbit_hole | telegraf)
		build "$here/tools/go.sh" "$1" || note 0 1 "$1_build"
		stage "$1" 60 /usr/bin/python3 "$here/tools/with_scene.py" "$out/tools/$1/$1"
		;;
	nagios)
		build "$here/tools/nagios.sh" fetch || note 0 1 nagios_fetch
		stage nagios 60 "$here/suites/own_net.sh" "$out/nagios.net.log" \
			"$here/tools/nagios.sh" run
		;;
	hop)
		build "$here/matrix/maven.sh" hop com.rabbitmq http-client || note 0 1 hop_build
		stage hop 60 /usr/bin/python3 "$here/tools/with_scene.py" java -cp "$out/hop/lib/*" \
			"$here/tools/hop/Hop.java"
		;;
	flower)
		build "$here/matrix/pip.sh" flower flower || note 0 1 flower_build
		stage flower 60 /usr/bin/python3 "$here/tools/flower.py" "$out/flower/bin/celery"
		;;
	recover_celery)
		empty recover_celery
		stage recover_celery 300 /usr/bin/python3 "$here/recover/task_queue.py" \
			"${INTEROP_RECOVER_TASKS:-3000}" "${INTEROP_KILLS:-20}" "$out/recover_celery"
		grep kills, "$out/recover_celery.log"
		;;
	recover_go)
		build "$go" build -o "$out/go_recover" "$here/recover/go/main.go" || note 0 1 go_build
		stage recover_go 200 "$out/go_recover" "$INTEROP_PORT" 20000 "${INTEROP_KILLS:-20}" \
			"$broker"
		grep kills, "$out/recover_go.log"
		;;
	recover_spring)
		build "$here/matrix/java-spring-amqp/setup" ||
			[ -d "$out/java-spring-amqp/lib" ] || note 0 1 spring_build
		stage recover_spring 300 java -cp "$out/java-spring-amqp/lib/*" \
			"$here/recover/spring/Recover.java" "$INTEROP_PORT" 10000 "${INTEROP_KILLS:-20}" \
			"$broker"
		grep kills, "$out/recover_spring.log"
		;;
	*)
		echo "run.sh: there is no stage $1" >&2
		exit 2
		;;
	esac
}

all="pika node go go_package rabbitmq_c celery pubsub rabbitmqadmin fields calls drift"
for each in ${*:-$all}; do
	run "$each"
done
exit $any_failed
