#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of etc/packages.build, etc/packages.examples and etc/packages.test; told
# --build-only or --examples, not of those behind. Each line there names something that shows that a
# package is not needed (a command or a path) and the Debian package that brings it.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
--build-only) lists=etc/packages.build ;;
--examples) lists='etc/packages.build etc/packages.examples' ;;
*) lists='etc/packages.build etc/packages.examples etc/packages.test' ;;
esac

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
