#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lets Spin try every state of each model here: as it is and in each variant it has to hold, and
# with each planted mistake an assertion has to break. The head of a model names both.
#
# usage: tests/models/run.sh [MODEL.pml ...]
set -u
cd "$(dirname "$0")"
work=$(mktemp -d)
passed=0 failed=0
options='-DSAFETY -DCOLLAPSE -DMEMLIM=3000 -DVECTORSZ=4096'   # MEMLIM: in MB
trap 'rm -rf "$work"' EXIT

try() { # holds or breaks, model, macros
	expected=$1 model=$2 name="$(basename "$2" .pml)${3:+ $3}" flags= began=$(date +%s)
	for macro in $3; do flags="$flags -D$macro"; done
	rm -rf "${work:?}"/*
	# shellcheck disable=SC2086
	(cp "$model" "$work/model.pml" && cd "$work" && spin -a $flags model.pml > spin.log 2>&1 &&
		gcc -O1 -w $options -o pan pan.c >> spin.log 2>&1 &&
		timeout 300 ./pan -m1000000 > pan.log 2>&1)
	states=$(awk '/states, stored/ { print $1 }' "$work/pan.log" 2> /dev/null)
	if grep -q 'assertion violated' "$work/pan.log" 2> /dev/null; then
		got=breaks
	elif grep -q 'errors: 0' "$work/pan.log" 2> /dev/null &&
		! grep -qE 'Search not completed|max search depth too small' "$work/pan.log"; then
		got=holds
	else
		got="ends badly"
	fi
	if [ "$got" = "$expected" ]; then
		passed=$((passed + 1)) word=ok
	else
		failed=$((failed + 1)) word='not ok'
	fi
	echo "$word $name: $got, ${states:-0} states, $(($(date +%s) - began)) s"
	[ "$word" = ok ] || tail -n 25 "$work/spin.log" "$work/pan.log" 2> /dev/null
}

for model in ${*:-*.pml}; do
	try holds "$model" ""
	for macros in $(sed -n 's/^ \* variant \([A-Z_ ]*\):.*/\1/p' "$model" | tr ' ' ,); do
		try holds "$model" "$(echo "$macros" | tr , ' ')"
	done
	for macros in $(sed -n 's/^ \* mistake \([A-Z_ ]*\):.*/\1/p' "$model" | tr ' ' ,); do
		try breaks "$model" "$(echo "$macros" | tr , ' ')"
	done
done
echo "passed $passed failed $failed models"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
