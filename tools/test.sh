#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything that passes or fails the same way each time. A stage writes to a log of its own under
# build/logs and gets one line here; its counts are the sums of the lines `passed N failed M name`
# in that log. A stage that ends badly, or that counted nothing, has failed. The last line counts
# everything.
#
# usage: tools/test.sh [STAGE ...]    asan tsan sim contract kill server tls memory hostile
#                                     examples interop; else all of them
set -u
cd "$(dirname "$0")/.."
mkdir -p build/logs
: > build/results.txt
make="make --no-print-directory -j2 -Otarget"
child=

interrupted() {
	[ -z "$child" ] || kill "$child" 2> /dev/null
	exit 130
}
trap interrupted INT TERM HUP

count() { # log
	awk '/^passed [0-9]+ failed [0-9]+/ { p += $2; f += $4 } END { print p + 0, f + 0 }' "$1"
}

explain() { # log
	grep -E '^(FAIL|not ok|house:|stairs:)|: error:|ERROR: |WARNING: |must\(|:[EF]:' "$1" | head -20
	echo "  the end of $1:"
	tail -15 "$1" | cut -c1-200 | sed 's/^/  | /'
}

stage() { # name, limit in seconds, command
	name=$1 limit=$2 log=build/logs/$1.log code=0
	shift 2
	began=$(date +%s)
	timeout -k 20 "$limit" "$@" > "$log" 2>&1 < /dev/null &
	child=$!
	wait "$child" || code=$?
	child=
	counts=$(count "$log")
	passed=${counts% *} failed=${counts#* } note=
	if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
		note=" (stopped after $limit s)"
	elif [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
		note=" (ended with $code)"
	elif [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then
		note=" (counted nothing)"
	fi
	[ -z "$note" ] || failed=$((failed + 1))
	printf '%-8s %6d passed %4d failed %5d s%s\n' "$name" "$passed" "$failed" \
		$(($(date +%s) - began)) "$note" | tee -a build/results.txt
	[ "$failed" -eq 0 ] || explain "$log"
}

run_stage() {
	case $1 in
	asan) stage asan 1500 $make asan ;;
	tsan) stage tsan 900 $make tsan ;;
	sim) stage sim 450 $make sim SLICE=1 ;;
	contract) stage contract 200 $make contract ;;
	kill) stage kill 400 $make kill ;;
	hostile) stage hostile 300 $make hostile ;;
	server) stage server 400 $make server-tests ;;
	tls) stage tls 200 $make tls ;;
	memory) stage memory 400 $make memory ;;
	examples) stage examples 200 $make examples ;;
	ui) stage ui 300 $make ui ;;
	interop) stage interop 600 $make interop-debian ;;
	*)
		echo "test.sh: there is no stage $1" >&2
		exit 2
		;;
	esac
}

for each in ${*:-asan tsan sim contract kill server tls memory hostile ui examples interop}; do
	run_stage "$each"
done

awk '{ p += $2; f += $4 } END { print p + 0 " passed, " f + 0 " failed"; exit f > 0 || !p }' \
	build/results.txt
