#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The integration tests of the newest amqp091-go, as they are, from the Go proxy. Those that have
# their connections dropped by RabbitMQ's management API find it in droppable.py; those that need
# rabbitmqctl are named and left out.
#
# usage: go_newest.sh build     fetches the newest version and builds its tests
#        go_newest.sh run       runs them on the broker at INTEROP_PORT
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../build/interop/go-newest
module=github.com/rabbitmq/amqp091-go
export GO111MODULE=on GOFLAGS=-mod=mod
unset GOPATH
mkdir -p "$dir"
cd "$dir"

build() {
	[ -e go.mod ] || go mod init newest
	go get -t "$module@latest"
	go test -c -tags integration -o tests "$module"
}

# The names of the tests that call this function, as alternatives of a pattern.
callers() { # function
	awk -v call="$1[(]" '/^func / { split($2, name, "("); test = name[1] }
	     test ~ /^Test/ && $0 ~ call { print test }' ./*_test.go | sort -u | paste -s -d '|'
}

run() {
	tests=$PWD/tests code=0
	echo "amqp091-go $(go list -m -f '{{.Version}}' "$module")"
	cd "$(go list -m -f '{{.Dir}}' "$module")"
	dropped=$(callers dropConnection)
	beyond=$(callers rabbitmqctl)
	echo "left out, for they need rabbitmqctl: $beyond"
	AMQP_URL=amqp://guest:guest@127.0.0.1:$INTEROP_PORT/ "$tests" -test.v -test.timeout 280s \
		-test.skip "^($dropped|$beyond)\$" || code=$?
	"$here/droppable.py" "$INTEROP_PORT" "$tests" -test.v -test.timeout 280s \
		-test.run "^($dropped)\$" || code=$?
	return $code
}

case ${1:-} in
build | run) "$1" ;;
*)
	echo "usage: go_newest.sh build | run" >&2
	exit 2
	;;
esac
