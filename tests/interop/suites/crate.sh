#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A crate of RabbitMQ's HTTP API in Rust that has its integration tests with it. What fails is tried
# twice more, as its authors have it (.config/nextest.toml).
#
# usage: crate.sh fetch DIR CRATE     gets and builds the newest, and says its version
#        crate.sh drive DIR           runs the tests
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$2"
export CARGO_TARGET_DIR="$PWD/target" RUST_BACKTRACE=0

fetch() { # crate
	mkdir -p get
	[ -e get/Cargo.toml ] || cargo init -q --lib --vcs none --name get get
	(cd get && cargo add -q "$1" && cargo update -q && cargo fetch -q) >&2
	rm -rf suite
	cargo metadata -q --format-version 1 --manifest-path get/Cargo.toml |
		/usr/bin/python3 -c 'import json, shutil, sys
p, = [p for p in json.load(sys.stdin)["packages"] if p["name"] == sys.argv[1]]
shutil.copytree(p["manifest_path"].removesuffix("/Cargo.toml"), "suite")
print("version", p["version"])' "$1"
	(cd suite && cargo test -q --locked --all-features --test integration --no-run) >&2
}

tests() {
	cargo test --locked --all-features --test integration -- --test-threads 1 "$@"
}

tried() {
	cd suite
	RUST_HTTP_API_CLIENT_RABBITMQCTL=rabbitmqctl \
		RUST_HTTP_API_CLIENT_RABBITMQ_PLUGINS=rabbitmq-plugins sh bin/ci/before_build.sh
	tests > ../tests.log || :
	for i in 1 2; do
		names=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' ../tests.log | sort | uniq -c |
			sed -n "s/^ *$i //p")
		[ -z "$names" ] || tests --exact $names >> ../tests.log || :
	done
}

drive() {
	"$here/own_net.sh" "$PWD/broker.log" "$here/crate.sh" tried "$PWD"
}

case $1 in
fetch) fetch "$3" ;;
drive | tried) "$1" ;;
esac
