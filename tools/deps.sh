#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of etc/packages.build and, unless told --build-only, of
# etc/packages.test. Each line there names something that shows that a package is not needed (a
# command or a path) and the Debian package that brings it.
set -eu
cd "$(dirname "$0")/.."

lists=etc/packages.build
[ "${1:-}" = --build-only ] || lists="$lists etc/packages.test"

missing=
while read -r sign package; do
	case $sign in
	'' | '#'*) continue ;;
	/*) [ -e "$sign" ] && continue ;;
	*) command -v "$sign" > /dev/null && continue ;;
	esac
	missing="$missing $package"
done <<END
$(cat $lists)
END

[ -n "$missing" ] || exit 0
echo "installing:$missing"
if ! command -v apt-get > /dev/null; then
	echo "This system has no apt-get. Install the equivalents of these Debian packages:$missing" >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo > /dev/null; then
		echo "Not root and no sudo. As root: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
install="$as_root apt-get install -y -q --no-install-recommends"
# The lists of packages may be old or absent: they are fetched when the first try fails.
# shellcheck disable=SC2086
if ! $install $missing > /tmp/leveret-deps.$$ 2>&1; then
	$as_root apt-get update -q
	$install $missing
fi
rm -f /tmp/leveret-deps.$$
