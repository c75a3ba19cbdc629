#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The programs of examples/, small: each has to end with its verdict, and leave nothing behind.
#
# usage: run.sh [EXAMPLE ...]     else all of them; PORT and BROKER as in examples/scene.py
set -u
cd "$(dirname "$0")/../.."
TMPDIR=$(mktemp -d)
export TMPDIR
chmod 711 "$TMPDIR"
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM HUP
any_failed=0

size() {
	case $1 in
	word-count) echo --sentences 4000 --kills 3 ;;
	balances) echo --history 5000 ;;
	change-feed) echo --transactions 500 --kills 3 ;;
	esac
}

run() { # example
	passed=0
	# shellcheck disable=SC2046
	"examples/$1/run.py" $(size "$1") < /dev/null && [ -z "$(ls "$TMPDIR")" ] && passed=1
	[ "$passed" = 1 ] || any_failed=1
	echo "passed $passed failed $((1 - passed)) example $1"
}

for each in ${*:-word-count balances change-feed}; do
	run "$each"
done
exit $any_failed
