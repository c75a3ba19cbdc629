#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The matrix: every client goes through the forty scenarios of ../scenarios.tsv in its own way. A
# client is a folder here with two programs: `setup` installs it under build/interop and says
# `version X`, or ends with 3 and one line saying why it cannot be had; `drive PORT` prints one line
# for each scenario: `ok NN name`, `part NN name: what of it the client cannot do`, `FAIL NN name:
# why` or `none NN name: why it has no way to`.
#
# usage: run.sh [--write | --fixed] [CLIENT ...]     all clients, unless some are named
#   --write         puts the table of this and earlier runs into docs/compatibility.md
#   --fixed         the clients that Debian has, and npm's in the versions that ../node fixes; each
#                   must be there
#   BROKER=FILE     the program under test (build/leveret)
#   INTEROP_PORT=N  its port (a free one)
#   RESULTS=FILE    takes the lines `passed N failed M interop-CLIENT` too
set -u
cd "$(dirname "$0")/../../.."
here=$PWD/tests/interop/matrix
out=$PWD/build/interop
broker=$PWD/tests/interop/broker.sh
INTEROP_DIR=$(mktemp -d)
INTEROP_BROKER=${BROKER:-$PWD/build/leveret}
INTEROP_PORT=${INTEROP_PORT:-$(tests/free_port.sh)}
INTEROP_FIXED=
export INTEROP_DIR INTEROP_BROKER INTEROP_PORT INTEROP_FIXED PYTHONDONTWRITEBYTECODE=1
mkdir -p "$out/matrix"
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

note() { # passed, failed, client, what is neither
	echo "passed $1 failed $2 interop-$3${4:-}"
	[ -z "${RESULTS:-}" ] || echo "passed $1 failed $2 interop-$3" >> "$RESULTS"
	[ "$2" -eq 0 ] || any_failed=1
}

# The lines of a log that the scenarios ask for, one for each; what is missing, or there twice, has
# failed.
verdicts() { # log
	while IFS='	' read -r id name _; do
		line=$(grep -aE "^(ok|part|FAIL|none) $id $name(:|\$)" "$1")
		case $(printf '%s\n' "$line" | grep -c .) in
		0) echo "FAIL $id $name: says nothing" ;;
		1) printf '%s\n' "$line" ;;
		*) echo "FAIL $id $name: says more than one thing" ;;
		esac
	done < tests/interop/scenarios.tsv
}

# Runs a client's forty scenarios on a broker with an empty directory.
drive() { # client, version
	log=$out/matrix/$1.log rows=$out/matrix/$1.rows code=0
	rm -rf "$INTEROP_DIR/data"
	if "$broker" start > "$log" 2>&1; then
		timeout -k 5 180 "$here/$1/drive" "$INTEROP_PORT" > "$log" 2>&1 < /dev/null &
		child=$!
		wait "$child" || code=$?
		child=
		"$broker" stop >> "$log" 2>&1 || code=97
		mv "$INTEROP_DIR/broker.log" "$out/matrix/$1.broker.log"
		if grep -qE 'must\(|ERROR: |runtime error' "$out/matrix/$1.broker.log"; then
			code=98
		fi
	fi
	{
		echo "version $2"
		verdicts "$log"
	} > "$rows"
	good=$(grep -c '^ok ' "$rows")
	bad=$(grep -c '^FAIL ' "$rows")
	rest=", $(grep -c '^part ' "$rows") in part, $(grep -c '^none ' "$rows") not at all"
	grep '^FAIL ' "$rows"
	if [ "$bad" -eq 0 ] && [ "$code" -ne 0 ]; then
		echo "FAIL $1: ended with $code"
		tail -5 "$log"
		bad=1
	fi
	note "$good" "$bad" "$1" "$rest"
}

client() { # client
	code=0
	told=$("$here/$1/setup" 2> "$out/matrix/$1.setup.log") || code=$?
	case $code in
	0) drive "$1" "$(printf '%s\n' "$told" | sed -n 's/^version //p' | tail -1)" ;;
	3)
		why=$(printf '%s\n' "$told" | tail -1)
		echo "absent $why" > "$out/matrix/$1.rows"
		echo "$1 cannot be installed: $why"
		[ -z "$INTEROP_FIXED" ] || note 0 1 "$1"
		;;
	*)
		echo "absent setup failed" > "$out/matrix/$1.rows"
		tail -5 "$out/matrix/$1.setup.log"
		note 0 1 "$1"
		;;
	esac
}

# Those whose packages these scripts install.
clients() { # scripts
	(cd "$here" && grep -lE "$1" ./*/setup | sed 's,^\./\(.*\)/setup$,\1,')
}

write=
which=.
case ${1:-} in
--write) write=1 ;;
--fixed) INTEROP_FIXED=1 which='/(debian|npm)\.sh' ;;
esac
case ${1:-} in
--*) shift ;;
esac
for each in ${*:-$(clients "$which")}; do
	if [ ! -x "$here/$each/setup" ]; then
		echo "run.sh: there is no client $each" >&2
		exit 2
	fi
	client "$each"
done
[ -z "$write" ] || /usr/bin/python3 "$here/table.py" "$out/matrix" docs/compatibility.md
exit $any_failed
