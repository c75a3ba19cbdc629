#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rules of the house that a machine can check; CONTRIBUTING.md says them in words.
set -u
cd "$(dirname "$0")/.."
found=0

complain() {
	echo "house: $1"
	found=1
}

files() { # patterns
	git ls-files --cached --others --exclude-standard -- "$@"
}

product="base amqp persistence queue exchange broker management server"
headers=$(files $(for f in $product; do echo "$f/*.h"; done))
sources=$(files $(for f in $product; do echo "$f/*.c"; done))

for file in $(files '*.c' '*.h' '*.def' '*.sh' '*.py' '*.js' '*.go'); do
	head -3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
		complain "$file: no SPDX line at the top"
	awk -v f="$file" '
		{ line = $0; gsub(/\t/, "    ", line) }
		length(line) > 100 { print "house: " f ":" NR ": longer than 100 columns"; bad = 1 }
		/[ \t]$/ { print "house: " f ":" NR ": blanks at the end"; bad = 1 }
		END { exit bad }' "$file" || found=1
done

todo='TO''DO|FIX''ME|X''XX'
for file in $(files '*.c' '*.h' '*.def' '*.sh' '*.py' '*.md' Makefile); do
	grep -nE "\b($todo)\b" "$file" && complain "$file: unfinished"
done

# State lives in objects; two files below server/ have a good reason for a variable of their own.
type='(struct [a-z_]+ |u?int[0-9]*(_t)? |bool |size_t |char |void )'
for file in $sources; do
	case $file in
	server/* | base/logline.c | base/map.c | base/crc32c.c) continue ;;
	esac
	grep -nE "^(static )?$type\**[a-z_]+(\[[^]]*\])?( = .*)?;" "$file" &&
		complain "$file: a global variable"
done

# Every function that a header offers has its contract right above it (or above its group).
for file in $headers; do
	head -4 "$file" | grep -q '^/\* .' || complain "$file: no story at the head"
	guard=$(echo "$file" | tr 'a-z/.' 'A-Z__')
	grep -q "^#ifndef $guard\$" "$file" || complain "$file: the guard is not $guard"
done

# Every configuration key is explained to the operator.
if [ -e docs/limits.md ]; then
	for key in $(sed -n 's/^KEY([A-Z_]*, *"\([^"]*\)".*/\1/p' server/config.def); do
		grep -q "$key" docs/limits.md etc/leveret.conf || complain "the key $key is in no document"
	done
fi
exit $found
