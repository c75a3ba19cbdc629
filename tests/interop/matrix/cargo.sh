#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest version of a Rust client; the driver is built with it under build/interop, for
# debugging, since it builds faster so.
#
# usage: cargo.sh CLIENT CRATE
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../build/interop/$1
mkdir -p "$dir/src"
cd "$dir" || exit 1
cat > Cargo.toml <<- EOF
	[package]
	name = "drive"
	version = "0.0.0"
	edition = "2021"
	[profile.dev]
	debug = false
	[dependencies]
EOF
if ! cargo add -q "$2" >&2 || ! cargo add -q tokio -F full >&2 ||
	! cargo add -q futures-util >&2 || ! { [ -e Cargo.lock ] || cargo fetch -q >&2; }; then
	echo "cargo cannot install $2"
	exit 3
fi
cp "$here/scenarios.rs" "$here/$1"/*.rs src/
cargo build -q >&2 || exit 1
echo "version $(cargo tree --depth 1 --prefix none | sed -n "s/^$2 v\([^ ]*\).*/\1/p" | head -1)"
