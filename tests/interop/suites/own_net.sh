#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a command beside a broker that has the ports RabbitMQ has, which suites rely on: in a network
# of its own, so that nobody else's are in the way.  rabbitmqctl and its like are links to
# leveretctl.  The broker has the name of a node of RabbitMQ, for some suites look for that, too.
#
# usage: own_net.sh LOG COMMAND ...     LOG takes what the broker says
set -u
cd "$(dirname "$0")/../../.."
if [ -z "${SUITE_OWN_NET:-}" ]; then
	SUITE_OWN_NET=1
	export SUITE_OWN_NET
	[ "$(id -u)" -eq 0 ] && exec unshare --net "$PWD/tests/interop/suites/own_net.sh" "$@"
	exec unshare --map-root-user --net "$PWD/tests/interop/suites/own_net.sh" "$@"
fi
log=$1
shift
ip link set lo up || exit 1
dir=$(mktemp -d)
broker=
trap '[ -z "$broker" ] || kill -9 "$broker" 2> /dev/null; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$dir/bin"
for name in rabbitmqctl rabbitmq-diagnostics rabbitmq-plugins rabbitmq-queues; do
	ln -s "$PWD/build/leveretctl" "$dir/bin/$name"
done
"${BROKER:-$PWD/build/leveret}" "data_dir=$dir/data" cluster_name=rabbit@localhost \
	> "$log" 2>&1 < /dev/null &
broker=$!
for _ in $(seq 100); do
	grep -q ' ready: ' "$log" && break
	kill -0 "$broker" 2> /dev/null || break
	sleep 0.05
done
grep -q ' ready: ' "$log" || { cat "$log" && exit 1; }
code=0
PATH=$dir/bin:$PATH LEVERET_DATA_DIR=$dir/data CARGO_NET_OFFLINE=true GOFLAGS=-mod=mod \
	GOPROXY=off "$@" || code=$?
kill "$broker"
wait "$broker" || { echo "FAIL the broker ended with $?" && code=1; }
broker=
! grep -E 'must\(|ERROR: |runtime error' "$log" || code=1
exit $code
