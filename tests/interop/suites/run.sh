#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The test suites of clients of RabbitMQ's HTTP API, as their authors wrote them and the registries
# have them. Nothing of theirs is kept here: they are fetched, and run on a broker on RabbitMQ's
# ports in a network of its own (own_net.sh). accepted.txt says what misses, and why.
#
# usage: run.sh [--write] [SUITE ...]    rabbit_hole rabbitmq_http_client rabbitmqadmin: all, unless
#                                        some are named
#   --write         puts the table of this and earlier runs into docs/compatibility.md
#   BROKER=FILE     the program under test (build/leveret)
set -u
cd "$(dirname "$0")/../../.."
here=$PWD/tests/interop/suites
out=$PWD/build/interop/suites
export PYTHONDONTWRITEBYTECODE=1
any_failed=0

fails() { # suite, why
	echo "FAIL $1: $2"
	tail -5 "$out/$1/log"
	any_failed=1
}

suite() { # suite, script, what is fetched
	mkdir -p "$out/$1"
	version=$("$here/$2" fetch "$out/$1" $3 2> "$out/$1/log") || { fails "$1" "cannot be built" &&
		return; }
	timeout -k 5 "$4" "$here/$2" drive "$out/$1" > "$out/$1/log" 2>&1 < /dev/null ||
		fails "$1" "its run ended with $?"
	/usr/bin/python3 "$here/judge.py" "$1" "$out/$1" "${version#version }" || any_failed=1
}

write=
[ "${1:-}" != --write ] || { write=1 && shift; }
for each in ${*:-rabbit_hole rabbitmq_http_client rabbitmqadmin}; do
	case $each in
	rabbit_hole) suite "$each" rabbit_hole.sh "" 240 ;;
	rabbitmq_http_client | rabbitmqadmin) suite "$each" crate.sh "$each" 580 ;;
	*) echo "run.sh: there is no suite $each" >&2 && exit 2 ;;
	esac
done
[ -z "$write" ] || /usr/bin/python3 "$here/judge.py" --write "$out"
exit $any_failed
