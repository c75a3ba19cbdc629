#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A real file system of 200 MB that a publisher fills: it is told (connection.blocked), a consumer
# on another connection gets and acks everything, the publisher is told again and goes on. Needs
# root and a loop device; where there is none it says so and passes nothing.
#
# usage: full_disk.sh      BUILD=build PORT=5696
set -u
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
port=${PORT:-5696}
dir=$(mktemp -d)
broker=
clean() {
	[ -z "$broker" ] || kill "$broker" 2> /dev/null
	[ -z "$broker" ] || wait "$broker" 2> /dev/null
	umount "$dir/disk" 2> /dev/null
	rm -rf "$dir"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

mkdir "$dir/disk"
truncate -s 200M "$dir/image"
if ! mkfs.ext4 -q "$dir/image" 2> /dev/null ||
	! mount -o loop "$dir/image" "$dir/disk" 2> /dev/null; then
	echo "a loop device cannot be mounted here: the full disk is not shown"
	echo "passed 0 failed 0 full_disk"
	exit 0
fi
"$build/leveret" "listeners.tcp.1=127.0.0.1:$port" "data_dir=$dir/disk/data" \
	log_segment_size=16MB 2> "$dir/log" &
broker=$!
until grep -q ' ready: ' "$dir/log" || ! kill -0 $broker; do
	sleep 0.05
done

/usr/bin/python3 - "$port" << 'END'
import sys, time
import pika

def connect():
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(sys.argv[1])))

told = []
publisher, consumer = connect(), connect()
publisher.add_on_connection_blocked_callback(lambda *_: told.append("blocked"))
publisher.add_on_connection_unblocked_callback(lambda *_: told.append("unblocked"))
out = publisher.channel()
out.queue_declare("full", durable=True)
persistent, body, sent = pika.BasicProperties(delivery_mode=2), b"x" * 16000, 0
until = time.time() + 120
while not told and time.time() < until:
    for _ in range(50):
        out.basic_publish("", "full", body, persistent)
        sent += 1
    publisher.process_data_events(0)
if told != ["blocked"]:
    sys.exit(f"FAIL after {sent} messages the publisher was told {told}")
got, inward = 0, consumer.channel()
inward.basic_qos(prefetch_count=100)
for method, _, _ in inward.consume("full", inactivity_timeout=1):
    if method is None and inward.queue_declare("full", passive=True).method.message_count == 0:
        break
    if method is None:
        continue
    inward.basic_ack(method.delivery_tag)
    got += 1
    if got % 100 == 0:
        publisher.process_data_events(0)
until = time.time() + 120
while told == ["blocked"] and time.time() < until:
    publisher.process_data_events(1)
inward.cancel()
if told != ["blocked", "unblocked"] or got < sent - 100:
    sys.exit(f"FAIL {got} of {sent} came out, the publisher was told {told}")
out.confirm_delivery()
out.basic_publish("", "full", b"more", persistent, mandatory=True)
publisher.close()
consumer.close()
print(f"ok {sent} messages fill a disk of 200 MB, come out again, and it goes on")
END
if [ $? = 0 ]; then
	echo "passed 1 failed 0 full_disk"
else
	tail -5 "$dir/log"
	echo "passed 0 failed 1 full_disk"
	exit 1
fi
