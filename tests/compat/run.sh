#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The stories that can be played from outside, hostile ones and all, against a real RabbitMQ: where
# it answers otherwise than we do, both answers are printed, and the difference has to be one that
# is accepted (accepted.txt). Needs root and the ways of rabbit.sh to the packages; a version takes
# about five minutes, because silence is an answer too.
#
# usage: run.sh [3] [4]      BUILD=build PORT=5890
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
port=${PORT:-5890}
code=0
broker=
mkdir -p build/compat
trap '[ -z "$broker" ] || tests/compat/rabbit.sh stop "$broker"' EXIT
trap 'exit 130' INT TERM HUP
for version in ${*:-3 4}; do
	out=build/compat/rabbitmq-$version.txt
	sh tests/compat/rabbit.sh install "$version" > build/compat/install.log 2>&1 ||
		{ tail -5 build/compat/install.log && exit 1; }
	broker=$(sh tests/compat/rabbit.sh start "$version" "$port") || exit 1
	"$build/stories" --port "$port" tests/stories/*.story > "$out" 2>&1
	sh tests/compat/rabbit.sh stop "$broker"
	broker=
	/usr/bin/python3 tests/compat/compare.py "$version" "$out" || code=1
done
[ $# != 0 ] || /usr/bin/python3 tests/compat/compare.py --write build/compat/rabbitmq-3.txt \
	build/compat/rabbitmq-4.txt
exit $code
