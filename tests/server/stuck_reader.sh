#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A broker whose log lines nobody reads goes on: its stderr is a pipe that fills up while clients
# come and go, and every one of them must still be answered.
#
# usage: stuck_reader.sh      BUILD=build PORT=5697
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
port=${PORT:-5697}
dir=$(mktemp -d)
mkfifo "$dir/log"
sleep 600 < "$dir/log" &
reader=$!
"$build/leveret" "listeners.tcp.1=127.0.0.1:$port" "data_dir=$dir/data" log.default.level=debug \
	2> "$dir/log" &
broker=$!
trap 'kill $reader $broker 2> /dev/null; wait; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# 2,000 clients make the broker say more than the 64 KiB that a pipe takes.
/usr/bin/python3 - "$port" << 'END'
import socket, sys, time

def greeting():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30) as s:
        s.sendall(b"AMQP\0\0\x09\x01")
        return s.recv(11)

for attempt in range(1200):
    try:
        greeting()
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
for i in range(2000):
    if greeting()[7:11] != b"\0\x0a\0\x0a":
        sys.exit(f"client {i} was not greeted")
END
if [ $? = 0 ]; then
	echo "ok a broker whose log nobody reads answers 2,000 clients"
	echo "passed 1 failed 0 stuck_reader"
else
	echo "FAIL a broker whose log nobody reads answers 2,000 clients"
	echo "passed 0 failed 1 stuck_reader"
	exit 1
fi
