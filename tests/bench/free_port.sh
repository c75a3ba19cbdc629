#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# To be read in with `.`: free_port prints a port of the loopback interface that nobody listens on.

free_port() {
	for port in $(seq 15672 16672); do
		hex=$(printf '%04X' "$port")
		grep -qE "^ *[0-9]+: [0-9A-F]+:$hex " /proc/net/tcp /proc/net/tcp6 && continue
		echo "$port"
		return
	done
}
