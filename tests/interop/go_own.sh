#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Go client's own tests. Some of them race with themselves: they look ten times without waiting
# for what another goroutine has still to do. One that fails is run again by itself, three times,
# and has to pass each time; the output says which.
#
# usage: go_own.sh TEST_BINARY      in the package's directory, AMQP_URL set
set -u
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$1" -test.v -test.timeout 150s > "$out" 2>&1 && { cat "$out"; exit; }
names=$(sed -n 's/^--- FAIL: \([A-Za-z0-9_]*\) .*/\1/p' "$out")
grep -v '^--- FAIL: ' "$out"
[ -n "$names" ] || exit 1
code=0
for name in $names; do
	if "$1" -test.run "^$name\$" -test.count=3 -test.timeout 30s > "$out" 2>&1; then
		echo "--- PASS: $name when run by itself"
	else
		echo "--- FAIL: $name, by itself too"
		cat "$out"
		code=1
	fi
done
exit "$code"
