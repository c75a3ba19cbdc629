#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The web UI in a browser (ui.js); pictures of its pages are in build/ui/pictures afterwards.
#
# usage: run.sh [TASK ...]      BUILD=build
set -eu
cd "$(dirname "$0")/../.."
build=$PWD/${BUILD:-build}
cd tests/ui
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent
exec node ui.js "$build" "$build/ui/pictures" "$@"
