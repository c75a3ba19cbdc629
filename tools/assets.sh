#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The files of the web UI as assembler source with a table (management/asset.h): compressed, and our
# own without indentation, empty lines, comments that end a line or are lines, and blanks and ends
# of lines around what stands in no sentence.
#
# usage: tools/assets.sh FILE.S      the compressed files lie beside it
set -eu
cd "$(dirname "$0")/.."
source=$1
dir=$(dirname "$source")/files
rm -rf "$dir"
mkdir -p "$dir"

type_of() {
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.svg) echo 'image/svg+xml' ;;
	*) return 1 ;;
	esac
}

bare='s/^\t*//; s/   \/\*[^`]*\*\/$//; /^$/d; /^\/\*.*\*\/$/d; /^\/\*/,/\*\/$/d'
operators='s/ (=>|[!=]==|&&|\|\||\?\?) /\1/g; s/^(import) \{ (.*) \} (from) /\1{\2}\3/
	s/^((export )?const [a-z_]+) = /\1=/; s/^(if|for|while|switch) \(/\1(/; s/\) \{$/){/'
keys='s/([{,]) (title|cell|sort|number|more|roomy|type|required|value|words|verb): /\1\2:/g
	s/ \},/},/g'
lighten() {
	case $1 in
	vendor/*) cat ;;
	*.js) sed -E "$bare" | sed -E "$operators; $keys" |
		sed -zE 's/([;,{([]|html`)\n/\1/g; s/\n([])}])/\1/g' ;;
	*.css) sed -E "$bare" | sed -E 's/([:;,{]) /\1/g; s/ \{/{/g; s/; *\}/}/g' |
		sed -zE 's/([;,{}])\n/\1/g; s/;\}/}/g; s/([ :(,])0\./\1./g' ;;
	*) cat ;;
	esac
}

n=0
{
	echo '	.section .rodata'
	for file in $(find management/ui -type f ! -name '*.md' -printf '%P\n' | LC_ALL=C sort); do
		lighten "$file" < "management/ui/$file" | gzip -9n > "$dir/$n"
		cat << END
path$n:	.string "$file"
type$n:	.string "$(type_of "$file")"
etag$n:	.string "$(sha256sum < "$dir/$n" | cut -c1-16)"
body$n:	.incbin "$dir/$n"
end$n:
END
		n=$((n + 1))
	done
	cat << END
	.section .data.rel.ro, "aw"
	.balign 8
	.global assets, assets_n
assets:
END
	for i in $(seq 0 $((n - 1))); do
		echo "	.quad path$i, type$i, etag$i, body$i, end$i - body$i"
	done
	printf 'assets_n:\n\t.quad %d\n' "$n"
	echo '	.section .note.GNU-stack, "", @progbits'
} > "$source"
