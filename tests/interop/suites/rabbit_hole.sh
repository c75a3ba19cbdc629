#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rabbit-hole, the Go client of the HTTP API: its module has its suite. It sleeps most of its six
# minutes, so four brokers have a quarter of it each.
#
# usage: rabbit_hole.sh fetch DIR     gets and builds it, and says its version
#        rabbit_hole.sh drive DIR     runs it, and leaves DIR/*.xml
set -eu
module=github.com/michaelklishin/rabbit-hole/v2
here=$(cd "$(dirname "$0")" && pwd)
export GO111MODULE=on GOFLAGS=-mod=mod
unset GOPATH
cd "$2"

fetch() {
	[ -e go.mod ] || go mod init suite
	go get "$module@latest"
	[ ! -e suite ] || chmod -R u+w suite
	rm -rf suite
	cp -r "$(go list -m -f '{{.Dir}}' "$module")" suite
	chmod -R u+w suite
	(cd suite && go test -c -o ../tests .) >&2
	go list -m -f '{{.Version}}' "$module" | sed 's/^v/version /'
}

quarter() { # which
	cd suite
	RABBITHOLE_RABBITMQCTL=rabbitmqctl RABBITHOLE_RABBITMQ_PLUGINS=rabbitmq-plugins \
		sh bin/ci/before_build.sh || :   # its last lines ask for plug-ins that are not there
	exec ../tests -ginkgo.noColor -ginkgo.seed 1 -ginkgo.flakeAttempts 2 \
		-ginkgo.parallel.node "$1" -ginkgo.parallel.total 4 -ginkgo.reportFile "../$1.xml"
}

drive() {
	rm -f ./*.xml
	for i in 1 2 3 4; do
		"$here/own_net.sh" "$PWD/broker.$i.log" "$here/rabbit_hole.sh" quarter "$PWD" $i \
			> "tests.$i.log" 2>&1 &
	done
	wait
	! grep -h '^FAIL the broker' tests.*.log
	! grep -hE 'must\(|ERROR: |runtime error' broker.*.log
}

case $1 in
fetch | drive) "$1" ;;
quarter) quarter "$3" ;;
esac
