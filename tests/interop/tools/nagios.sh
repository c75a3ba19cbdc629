#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian's package of Nagios's checks for RabbitMQ, as they are, with what they need: fetched, not
# installed. They ask for a node whose name is rabbit@..., so they run where own_net.sh has one.
#
# usage: nagios.sh fetch        into build/interop/nagios
#        nagios.sh run          beside a broker on RabbitMQ's ports
set -u
dir=$(cd "$(dirname "$0")/../../.." && pwd)/build/interop/nagios
packages="nagios-plugins-rabbitmq libmonitoring-plugin-perl libmath-calc-units-perl
	libparams-validate-perl libclass-accessor-perl libconfig-tiny-perl libmodule-implementation-perl
	libmodule-runtime-perl libsub-name-perl libtry-tiny-perl libwww-perl libjson-perl liburi-perl
	libhttp-message-perl libhttp-date-perl liblwp-mediatypes-perl libencode-locale-perl
	libhtml-parser-perl libhtml-tagset-perl libnet-http-perl libfile-listing-perl
	libhttp-cookies-perl libhttp-negotiate-perl libio-html-perl libclone-perl"

fetch() {
	[ ! -e "$dir/usr/bin/check_rabbitmq_server" ] || return 0
	mkdir -p "$dir"
	cd "$dir" || return 1
	# shellcheck disable=SC2086
	apt-get download $packages || { apt-get update -q && apt-get download $packages; } || return 1
	for deb in ./*.deb; do
		dpkg-deb -x "$deb" . || return 1
	done
	rm -f ./*.deb
}

check() { # exit code, text that it says, check, options
	ends=$1 says=$2 name=$3 code=0
	shift 3
	said=$(perl "$dir/usr/bin/check_rabbitmq_$name" "$@" 2>&1) || code=$?
	if [ "$code" -eq "$ends" ] && echo "$said" | grep -q -e "$says"; then
		echo "ok $name: $said" | head -1
	else
		echo "FAIL $name $*: $code $said"
	fi
}

run() {
	PERL5LIB=$dir/usr/share/perl5:$(echo "$dir"/usr/lib/*/perl5/5.*)
	export PERL5LIB
	/usr/bin/python3 -c '
import pika
c = pika.BlockingConnection()
c.channel().queue_declare("checked")
print(flush=True)
c.process_data_events(40)' | {
		read -r _
		checks
	}
}

# Without a client, and without a shovel, two of them are critical with RabbitMQ, too.
checks() {
	at="-H localhost --port 15672 -u guest -p guest"
	# shellcheck disable=SC2086
	{
		check 0 'Memory OK .* Process OK .* FD OK .* Sockets OK' server $at -n localhost
		check 1 'Memory WARNING' server $at -n localhost -w 0,80,80,80 -c 90,90,90,90
		check 0 'messages=0' overview $at
		check 0 'messages=0' queue $at --vhost / --queue checked
		check 2 'Not Found' queue $at --vhost / --queue none
		check 0 'vhost' objects $at
		check 0 'OK' aliveness $at --vhost /
		check 0 'connections=1' connections $at
		check 0 'OK' partition $at -n localhost
		check 0 'OK' watermark $at -n localhost
		check 2 'empty JSON' shovels -H localhost --port 15672 -u guest -p guest
	}
}

case ${1:-} in
fetch | run) "$1" ;;
*) echo "usage: nagios.sh fetch | run" >&2 && exit 2 ;;
esac
