#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest version of a Go client; the driver is built with it under build/interop. A client that
# has its calls from another one takes that one's driver too, beside what differs.
#
# usage: gomod.sh CLIENT MODULE [OTHER_CLIENT OTHER_MODULE]
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../build/interop/$1
export GO111MODULE=on GOFLAGS=-mod=mod CGO_ENABLED=0
mkdir -p "$dir"
cd "$dir" || exit 1
[ -e go.mod ] || go mod init drive >&2 || exit 1
if ! go get "$2@latest" >&2; then
	echo "go cannot install $2"
	exit 3
fi
rm -f ./*.go
cp "$here"/*.go "$here/$1"/*.go .
[ $# -eq 2 ] || sed "s,\"$4\",\"$2\"," "$here/$3/drive.go" > drive.go
go build -o drive . >&2 || exit 1
echo "version $(go list -m -f '{{.Version}}' "$2" | sed 's/^v//')"
