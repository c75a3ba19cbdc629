#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The integration tests of the newest amqp091-go, as they are, from the Go proxy. Those
# that need more than AMQP, RabbitMQ's management API or rabbitmqctl, are named and left out.
#
# usage: go_newest.sh build     fetches the newest version and builds its tests
#        go_newest.sh run       runs them on the broker at AMQP_URL
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../build/interop/go-newest
module=github.com/rabbitmq/amqp091-go
export GO111MODULE=on GOFLAGS=-mod=mod
unset GOPATH
mkdir -p "$dir"
cd "$dir"

# The names of tests that call what goes beyond AMQP.
beyond() {
	awk '/^func / { match($0, /^func [A-Za-z0-9_]+/); test = substr($0, 6, RLENGTH - 5) }
	     test ~ /^Test/ && /dropConnection\(/ { print test, "management API" }
	     test ~ /^Test/ && /rabbitmqctl\(/ { print test, "rabbitmqctl" }' ./*_test.go | sort -u
}

build() {
	[ -e go.mod ] || go mod init newest
	go get -t "$module@latest"
	go test -c -tags integration -o tests "$module"
}

run() {
	tests=$PWD/tests
	version=$(go list -m -f '{{.Version}}' "$module")
	cd "$(go list -m -f '{{.Dir}}' "$module")"
	beyond > "$dir/beyond"
	echo "amqp091-go $version, without $(wc -l < "$dir/beyond") tests that need more than AMQP:"
	sed 's/\([^ ]*\) \(.*\)/  \1 (\2)/' "$dir/beyond"
	exec "$tests" -test.v -test.timeout 290s \
		-test.skip "^($(cut -d ' ' -f 1 "$dir/beyond" | paste -s -d '|'))\$"
}

case ${1:-} in
build | run) "$1" ;;
*)
	echo "usage: go_newest.sh build | run" >&2
	exit 2
	;;
esac
