#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Go program of that name here, with the newest version of what it imports, under
# build/interop/tools. rabbit-hole is taken in its version 2: the proxy has no later one.
#
# usage: go.sh rabbit_hole | telegraf
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../build/interop/tools/$1
export GO111MODULE=on GOFLAGS=-mod=mod
unset GOPATH
mkdir -p "$dir"
cp "$here/$1/main.go" "$dir/"
cd "$dir"
[ -e go.mod ] || go mod init "$1"
case $1 in
rabbit_hole) go get github.com/michaelklishin/rabbit-hole/v2@latest ;;
telegraf) go get github.com/influxdata/telegraf/plugins/inputs/rabbitmq@latest ;;
esac
go build -o "$1" .
