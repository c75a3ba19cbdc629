#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 under load, on a disk as it is, on a slow one and on one that forgets what was not
# synced.  A slice; FULL=1 is the long run.  SEED=N repeats one.
set -u
cd "$(dirname "$0")/../.."
kills=40
lossy=15
if [ "${FULL:-}" = 1 ]; then
	kills=1000
	lossy=300
fi
seed=${SEED:-$(date +%s)}
port=${PORT:-5699}
data=$(mktemp -d)
passed=0
failed=0

check() { # what must be true, command
	what=$1
	shift
	rm -rf "$data"
	if "$@" data="$data" port="$port" seed="$seed"; then
		passed=$((passed + 1))
		echo "ok $what"
	else
		failed=$((failed + 1))
		echo "FAIL $what (seed $seed)"
	fi
}

# The forgetful disk must lose something when the broker does not sync; else it shows nothing.
must_fail() {
	! "$@"
}

check "$kills kills" build/kill rounds=$kills
check "no confirm of a persistent message comes before a sync of 50 ms" \
	build/kill mode=slow preload=build/slow_sync.so
check "$lossy kills on a disk that forgets" build/kill rounds=$lossy preload=build/lossy_disk.so
check "that disk is felt by a broker that does not sync" \
	must_fail build/kill rounds=12 preload=build/lossy_disk.so durability=os
rm -rf "$data"
echo "passed $passed failed $failed kill"
[ $failed = 0 ]
