#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The files of the web UI, compressed, as assembler source with a table (management/asset.h).
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

n=0
{
	echo '	.section .rodata'
	for file in $(find management/ui -type f ! -name '*.md' -printf '%P\n' | LC_ALL=C sort); do
		gzip -9n < "management/ui/$file" > "$dir/$n"
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
