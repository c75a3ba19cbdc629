#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A client that comes as a Debian package, which is installed when it is not there.
#
# usage: debian.sh PACKAGE
set -u
export DEBIAN_FRONTEND=noninteractive
shown() {
	dpkg-query -W -f '${db:Status-Abbrev}version ${source:Upstream-Version}\n' "$1" \
		2> /dev/null | sed -n 's/^ii //p' | grep .
}
shown "$1" && exit 0
apt-get install -y -q --no-install-recommends "$1" >&2 && shown "$1" && exit 0
echo "there is no Debian package $1 here"
exit 3
