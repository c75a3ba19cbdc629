#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest version of a Node package, in a folder of its own under build/interop; or, if
# INTEROP_FIXED is set, the version that ../node/package-lock.json says.
#
# usage: npm.sh CLIENT PACKAGE
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../build/interop/$1
mkdir -p "$dir"
cd "$dir" || exit 1

install() { # package
	if [ -n "${INTEROP_FIXED:-}" ]; then
		cp "$here"/../node/package*.json . && npm ci --silent --no-audit --no-fund
	else
		echo '{"private": true}' > package.json
		npm install --silent --no-audit --no-fund "$1@latest"
	fi
}

if ! install "$2" >&2; then
	echo "npm cannot install $2"
	exit 3
fi
echo "version $(node -p "require('./node_modules/$2/package.json').version")"
