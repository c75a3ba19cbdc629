#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy and cppcheck over the product; nothing they find is let through. What is switched off
# and why stands in .clang-tidy and below; at one place a NOLINT or cppcheck-suppress gives its
# reason. With GCC_ANALYZER=1 gcc's own analyzer looks too (slower, not part of the run).
set -u
cd "$(dirname "$0")/.."
mkdir -p build/analyze
flags="-std=gnu17 -D_GNU_SOURCE -I."
sources=
for floor in base amqp persistence queue exchange broker management server; do
	[ -d "$floor" ] || continue
	sources="$sources $(find "$floor" -maxdepth 1 -name '*.c' | sort | tr '\n' ' ')"
done
n=$(echo $sources | wc -w)
bad=0

report() { # name, file with findings
	findings=$(grep -cE ': (error|warning|style|performance|portability)[: ]' "$2")
	if [ "$findings" -ne 0 ]; then
		cat "$2"
		echo "$1: $findings findings"
		bad=1
	fi
}

# clang-tidy: prints only what is found; its chatter about other people's headers goes away.
echo $sources | tr ' ' '\n' |
	xargs -P 2 -n 1 sh -c 'clang-tidy --quiet "$@" -- '"$flags"' 2> /dev/null' tidy \
		> build/analyze/clang-tidy.txt
code=$?
report clang-tidy build/analyze/clang-tidy.txt
if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
	echo "clang-tidy ended with $code"
	bad=1
fi

# cppcheck: system headers are not given to it; readdir is safe on a stream of one's own, and
# readdir_r is deprecated; mmap of memory takes -1 for the file, and its result does not leak.
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -j 2 \
	--suppress=missingIncludeSystem --suppress=unmatchedSuppression --library=posix \
	--suppress=readdirCalled --suppress=invalidFunctionArg:base/mem.c \
	--suppress=memleak:base/mem.c \
	--error-exitcode=1 --template='{file}:{line}: {severity}: {message} [{id}]' \
	-D_GNU_SOURCE -D__x86_64__ -D__SSE4_2__ -D__BYTE_ORDER__=1234 -D__ORDER_LITTLE_ENDIAN__=1234 \
	-I. $sources 2> build/analyze/cppcheck.txt
code=$?
report cppcheck build/analyze/cppcheck.txt
if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
	cat build/analyze/cppcheck.txt
	bad=1
fi

if [ -n "${GCC_ANALYZER:-}" ]; then
	: > build/analyze/gcc.txt
	for source in $sources; do
		gcc $flags -O1 -fanalyzer -c "$source" -o /dev/null 2>> build/analyze/gcc.txt
	done
	report gcc build/analyze/gcc.txt
fi

[ "$bad" -eq 0 ] && echo "passed $n failed 0 analyze" || echo "passed 0 failed 1 analyze"
exit $bad
