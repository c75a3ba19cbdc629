#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# To be read in with `.`, by what measures a broker that it starts itself.
. tests/bench/free_port.sh

# Waits until somebody listens; with set -e the caller ends when the broker does not live so long.
until_listens() { # port, pid of the broker
	until ss -Hltn "sport = :$1" | grep -q .; do
		kill -0 "$2"
		sleep 0.01
	done
}

figure() { # name, a line of name=value
	echo "$2" | sed -n "s/.*\b$1=\([^ ]*\).*/\1/p"
}
