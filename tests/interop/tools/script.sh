#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints where the classic rabbitmqadmin is: this machine's, or else the one out of Debian's package
# of RabbitMQ, which is fetched for it and not installed.
set -eu
installed=/usr/bin/rabbitmqadmin
dir=$(cd "$(dirname "$0")/../../.." && pwd)/build/interop/rabbitmqadmin
[ -e $installed ] || [ -e "$dir/usr/bin/rabbitmqadmin" ] || {
	mkdir -p "$dir"
	cd "$dir"
	apt-get download rabbitmq-server ||
		{ apt-get update -q && apt-get download rabbitmq-server; }
	dpkg-deb -x rabbitmq-server_*.deb .
	rm -rf rabbitmq-server_*.deb usr/lib
} >&2
[ -e $installed ] && echo $installed || echo "$dir/usr/bin/rabbitmqadmin"
