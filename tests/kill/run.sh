#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 under load, on a disk as it is, on a slow one, on one that forgets what was not synced and
# on one that takes no O_DIRECT and little at a time; and amid transactions. A slice; FULL=1 is the
# long run. Each stage has a free port of its own, so that runs do not meet; PORT=N gives one to
# all. SEED=N repeats a run, BUILD=DIR says where the programs are, RESULTS=FILE gets the last line
# too.
set -u
cd "$(dirname "$0")/../.."
kills=40
slow=1
lossy=15
tx=10
moves=10
breaks=100
if [ "${FULL:-}" = 1 ]; then
	kills=1000
	slow=5
	lossy=300
	tx=200
	moves=500
	breaks=2000
fi
seed=${SEED:-$(date +%s)}
build=${BUILD:-build}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
trap 'exit 130' INT TERM HUP
passed=0
failed=0

check() { # what must be true, options of kill
	check_with kill "$@"
}

check_with() { # tool, what must be true, options
	tool=$1 what=$2
	shift 2
	rm -rf "$data"
	port=${PORT:-$(tests/free_port.sh)}
	if "$build/$tool" "$@" broker="$build/leveret" data="$data" port="$port" seed="$seed"; then
		passed=$((passed + 1))
		echo "ok $what"
	else
		failed=$((failed + 1))
		echo "FAIL $what (seed $seed)"
	fi
}

check "$kills kills" rounds=$kills
check "$lossy kills with next to no memory for messages" rounds=$lossy memory=1
check "$lossy kills on a disk that forgets, beside a queue that nobody reads" \
	rounds=$lossy aside=1 segment=1MB preload="$build/lossy_disk.so"
for run in $(seq $slow); do
	check "no confirm of a persistent message comes before a sync of 50 ms" \
		mode=slow preload="$build/slow_sync.so"
done
check "$lossy kills on a disk that forgets" rounds=$lossy preload="$build/lossy_disk.so"
check "$lossy kills where O_DIRECT is refused and little is done at the first try" \
	rounds=$lossy preload="$build/rough_disk.so" says="(buffered + fdatasync)"
check "$lossy kills on a disk that forgets and is as rough" rounds=$lossy segment=1MB \
	preload="$build/rough_disk.so:$build/lossy_disk.so" says="(buffered + fdatasync)"
export ROUGH_LATE=1
check "2 kills where O_DIRECT is taken and its writes are refused" rounds=2 \
	preload="$build/rough_disk.so" says="(buffered + fdatasync)"
unset ROUGH_LATE

check "$kills kills at chosen calls to the disk" rounds=$kills aim=1 segment=1MB \
	preload="$build/aimed.so"
check "$lossy kills at chosen calls, on a disk that forgets" rounds=$lossy aim=1 segment=1MB \
	preload="$build/aimed.so:$build/lossy_disk.so"

check_with tx "$tx kills amid transactions: all of each, or nothing" kills=$tx
check_with tx "$tx kills amid transactions, on a disk that forgets" kills=$tx segment=1MB \
	preload="$build/lossy_disk.so"

check_with moves "$moves kills while messages die or wait to be tried again: each is in one place" \
	kills=$moves
check_with moves "$moves kills while messages die or wait, on a disk that forgets" kills=$moves \
	segment=1MB preload="$build/lossy_disk.so"
check_with moves "$moves kills while messages die or wait, with next to no memory for them" \
	kills=$moves memory=1

check_with again "$breaks breaks of a publisher with numbers, every fifth a kill: each once" \
	breaks=$breaks
check_with again "$breaks breaks of a publisher with numbers, on a disk that forgets" \
	breaks=$breaks segment=1MB preload="$build/lossy_disk.so"

check_with streams "$tx kills while a stream is filled and copied: each message once" kills=$tx
check_with streams "$tx kills while a stream is copied, on a disk that forgets" kills=$tx \
	segment=1MB preload="$build/lossy_disk.so"
check_with streams "$tx kills while a stream is copied, with next to no memory" kills=$tx memory=1

check_with replays "$tx kills while messages are put back: all of each replay, or nothing" \
	kills=$tx
check_with replays "$tx kills while messages are put back, on a disk that forgets" kills=$tx \
	segment=1MB preload="$build/lossy_disk.so"
check_with replays "$tx kills while messages are put back, with next to no memory" kills=$tx \
	memory=1

# The shims must bite; else what they show is worth nothing.
check "the slow disk is not felt by a broker that does not sync" \
	mode=slow preload="$build/slow_sync.so" durability=os expect=early
check "the forgetful disk takes messages from a broker that does not sync" \
	rounds=1 segment=64MB preload="$build/lossy_disk.so" durability=os expect=loss
check_with tx "acks outside of the transaction are seen to lose messages" kills=2 loop=outside \
	expect=torn
check_with tx "a second commit between two targets is seen to tear them apart" kills=$tx \
	loop=twice expect=torn

check_with streams "a second commit between copy and offset is seen to copy twice" kills=$tx \
	loop=twice expect=torn

check_with replays "replays in two halves are seen to be torn" kills=$tx loop=halves expect=torn

check_with moves "dead letters and retries by hand, in two steps, are seen to be in two places" \
	kills=5 loop=copy expect=twice
check_with moves "in the other order they are seen to be nowhere" kills=10 loop=late expect=lost

check_with again "without numbers messages are seen to be there twice" breaks=20 numbers=0 \
	expect=twice

echo "passed $passed failed $failed kill"
[ -z "${RESULTS:-}" ] || echo "passed $passed failed $failed kill" >> "$RESULTS"
[ "$failed" = 0 ]
