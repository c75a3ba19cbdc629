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
	git ls-files --cached --others --exclude-standard -- "$@" ':!*/vendor/*'
}

product="base amqp persistence queue exchange broker management server"
headers=$(files $(for f in $product; do echo "$f/*.h"; done))
sources=$(files $(for f in $product; do echo "$f/*.c"; done))

# A command with its operands astray leaves a file in the tree; such names are none of ours.
files | grep -vE '^([a-zA-Z0-9._-]{1,60}/)*[a-zA-Z0-9._-]{1,60}$' &&
	complain "files with such names do not belong here"

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

# What a walk through the code names is there, and under that name.
grep -oE '`[a-z]+_[a-z_]+`' docs/walk.md | tr -d '`' | sort -u | while read -r name; do
	grep -qwF "$name" $headers $sources || echo "house: docs/walk.md: no $name in the code"
done | grep . && found=1

# State lives in objects; two files below server/ have a good reason for a variable of their own.
type='(struct [a-z_]+ |u?int[0-9]*(_t)? |bool |size_t |char |void )'
for file in $sources; do
	case $file in
	server/* | base/logline.c | base/map.c | base/crc32c.c) continue ;;
	esac
	grep -nE "^(static )?$type\**[a-z_]+(\[[^]]*\])?( = .*)?;" "$file" &&
		complain "$file: a global variable"
done

# Every function that a header offers has its contract above it or above its group; what these
# names do needs no words.
plain='_(init|free|close|encode|decode|key|value|next|lock|unlock|is_[a-z_]+)$'
for file in $headers; do
	head -4 "$file" | grep -q '^/\* .' || complain "$file: no story at the head"
	guard=$(echo "$file" | tr 'a-z/.' 'A-Z__')
	grep -q "^#ifndef $guard\$" "$file" || complain "$file: the guard is not $guard"
	awk -v f="$file" -v plain="$plain" '
		BEGIN { RS = "" }
		/\/\*/ { next }
		{
			n = split($0, line, "\n")
			for (i = 1; i <= n; i++) {
				if (line[i] !~ /^[a-z].*[ *][a-z_0-9]+\(/ || line[i] ~ /^(static|typedef)/)
					continue
				name = line[i]
				sub(/\(.*/, "", name)
				sub(/.*[ *]/, "", name)
				if (name !~ plain) { print "house: " f ": " name " has no contract"; bad = 1 }
			}
		}
		END { exit bad }' "$file" || found=1
done

# Tabs indent, blanks align: no tab stands behind a blank.
for file in $(files '*.c' '*.h'); do
	grep -nE '^	* +	' "$file" && complain "$file: a tab behind a blank"
done

# Every configuration key is explained to the operator, twice: in the file to edit, and as a limit.
for key in $(sed -n 's/^KEY("\([^"]*\)".*/\1/p' server/config.def); do
	for page in etc/leveret.conf docs/limits.md; do
		[ ! -e "$page" ] || grep -qF "$key" "$page" || complain "$page does not have the key $key"
	done
done

tools/keys.py --check || complain "the table of keys is an old one: tools/keys.py --write"

# What a tool has made is something that the Makefile makes.
call='"make",( "-[a-z0-9]+",)* f?"[^"]+"'
for target in $(grep -ohE "$call" tools/*.py | sed 's/.* f*"//; s/"$//'); do
	grep -qE "^$target:" Makefile || complain "the Makefile has no target $target"
done

# Every file of the product has its place in the plan; handlers are named by a pattern there.
plan=docs/architecture.md
for file in $sources $(files $(for f in $product; do echo "$f/*.def"; done)); do
	name=${file##*/}
	case $name in
	on_* | api_*) continue ;;
	esac
	[ ! -e "$plan" ] || grep -qF -e "\`$file\`" -e "\`$name\`" "$plan" ||
		complain "$plan does not name $file"
done

# What a page names as `path/file.c`, or as `function` in `path/file.c`, is there.
for page in $(files '*.md'); do
	here=$(dirname "$page")
	for name in $(grep -oE '`[a-z][a-z0-9_/]*/[a-z0-9_-]+\.[a-z]+`' "$page" | tr -d '`'); do
		[ -e "$name" ] || [ -e "$here/$name" ] || complain "$page names $name, which is not there"
	done
	for pair in $(grep -oE '`[a-z_]+` in `[a-z_/]+\.c`' "$page" | tr -d '`' | sed 's/ in /:/'); do
		grep -qsw "${pair%:*}" "${pair#*:}" || complain "$page: ${pair%:*} is not in ${pair#*:}"
	done
done
exit $found
