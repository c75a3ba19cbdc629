#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest version of a Node package, in a folder of its own under build/interop.
#
# usage: npm.sh CLIENT PACKAGE
set -u
dir=$(cd "$(dirname "$0")/../../.." && pwd)/build/interop/$1
mkdir -p "$dir"
cd "$dir" || exit 1
[ -e package.json ] || echo '{"private": true}' > package.json
if ! npm install --silent --no-audit --no-fund "$2@latest" >&2; then
	echo "npm cannot install $2"
	exit 3
fi
echo "version $(node -p "require('./node_modules/$2/package.json').version")"
