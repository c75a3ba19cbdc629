#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest version of a Rust client; the driver is built with it under build/interop, for
# debugging, since it builds faster so.
#
# usage: cargo.sh CLIENT CRATE [CRATE ...]     the others are what the driver needs beside it
set -u
here=$(cd "$(dirname "$0")" && pwd)
client=$1 crate=$2
dir=$here/../../../build/interop/$client
mkdir -p "$dir/src"
cp "$here/scenarios.rs" "$here/$client"/*.rs "$dir/src" && cd "$dir" || exit 1
shift
cat > Cargo.toml <<- EOF
	[package]
	name = "drive"
	version = "0.0.0"
	edition = "2021"
	[profile.dev]
	debug = false
	[dependencies]
EOF
if ! cargo add -q "$@" >&2 || ! cargo add -q tokio -F full >&2 || ! cargo fetch -q >&2; then
	echo "cargo cannot install $crate"
	exit 3
fi
cargo build -q >&2 || exit 1
echo "version $(cargo tree --depth 1 --prefix none | sed -n "s/^$crate v\([^ ]*\).*/\1/p")"
