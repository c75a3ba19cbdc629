#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A move from RabbitMQ 3.10 to here under traffic, counted: definitions, then 100,000 messages by
leveret-migrate, which is killed once on the way, while a publisher goes on at the old broker and
then at the new one, and consumers are at the new one.

usage: migrate.py BUILD PORT [MESSAGES]     needs what definitions.py needs
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pika

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../server")

import definitions as d          # noqa: E402
import rig                       # noqa: E402
from rig import check            # noqa: E402

QUEUES = [f"orders.{i}" for i in range(4)]
WINDOW = 500
PUBLISHED_MEANWHILE = 4000       # at each of the two brokers
LASTS = pika.BasicProperties(delivery_mode=2, headers={"kind": "order", "n": 2**40})


def rabbit(version, port):
    folder = subprocess.run(
        ["sh", HERE + "/rabbit.sh", "start", version, str(port)], check=True,
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "MANAGEMENT": str(port + 1)}).stdout.strip()
    return folder


def connect(port):
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port))


def publish(channel, first, n, pause=0.):
    for i in range(first, first + n):
        channel.basic_publish("", QUEUES[i % len(QUEUES)], b"%d" % i, LASTS)
        if pause:
            time.sleep(pause)


class Consumers(threading.Thread):
    """All queues of the new broker, until told to end."""

    def __init__(self, port):
        super().__init__()
        self.port, self.seen, self.kept, self.over = port, {}, False, False
        self.start()

    def take(self, channel, method, properties, body):
        n = int(body)
        self.seen[n] = self.seen.get(n, 0) + 1
        self.kept = properties.headers == LASTS.headers and properties.delivery_mode == 2
        channel.basic_ack(method.delivery_tag)

    def run(self):
        connection = connect(self.port)
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1000)
        for q in QUEUES:
            channel.basic_consume(q, self.take)
        while not self.over:
            connection.process_data_events(0.1)
        connection.close()


def migrate(build, source, target, *options):
    return subprocess.Popen(
        [f"{build}/leveret-migrate", "--window", str(WINDOW), *options,
         f"amqp://guest:guest@127.0.0.1:{source}", f"amqp://guest:guest@127.0.0.1:{target}",
         *QUEUES], stdout=subprocess.PIPE, text=True)


def left(port):
    connection = connect(port)
    channel = connection.channel()
    n = sum(channel.queue_declare(q, passive=True).method.message_count for q in QUEUES)
    connection.close()
    return n


def move(build, b, port, messages):
    old, new = connect(port), connect(b.port)
    old_channel, new_channel = old.channel(), new.channel()
    old_channel.confirm_delivery()
    new_channel.confirm_delivery()
    began = time.time()
    killed = migrate(build, port, b.port, "--follow")
    consumers = Consumers(b.port)
    while len(consumers.seen) < messages // 4:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = migrate(build, port, b.port, "--follow")
    publish(old_channel, messages, PUBLISHED_MEANWHILE)
    publish(new_channel, messages + PUBLISHED_MEANWHILE, PUBLISHED_MEANWHILE)
    while left(port):
        time.sleep(0.1)
    took = time.time() - began
    time.sleep(1)
    again.send_signal(signal.SIGINT)
    said = again.communicate()[0]
    old.close()
    new.close()
    while left(b.port):
        time.sleep(0.1)
    time.sleep(0.5)
    consumers.over = True
    consumers.join()
    print(f"# {messages} messages and {PUBLISHED_MEANWHILE} published meanwhile: {took:.1f} s; "
          f"after the kill: {said.strip()}")
    return consumers


def main():
    build, port = sys.argv[1], int(sys.argv[2])
    messages = int(sys.argv[3]) if len(sys.argv) > 3 else 100000
    data = tempfile.mkdtemp()
    folder = rabbit("3", port)
    connection = connect(port)
    channel = connection.channel()
    for q in QUEUES:
        channel.queue_declare(q, durable=True)
    publish(channel, 0, messages)
    connection.close()
    while left(port) < messages:
        time.sleep(0.1)
    b = d.start(build, f"{data}/leveret")
    status, all_of_it = d.ask(port + 1, "GET", "definitions")
    check("definitions come over", status == 200 and
          d.ask(b.web, "POST", "definitions", all_of_it)[0] == 204)
    consumers = move(build, b, port, messages)
    wanted = messages + 2 * PUBLISHED_MEANWHILE
    twice = sum(n - 1 for n in consumers.seen.values())
    print(f"# {len(consumers.seen)} of {wanted} came, {twice} of them once more")
    check("none is lost", sorted(consumers.seen) == list(range(wanted)))
    check("of those that came twice there are no more than were on their way", twice <= WINDOW)
    check("properties and headers came with them", consumers.kept)
    check("nothing is left there", left(port) == 0)
    quiet = migrate(build, port, b.port, "--idle", "1", "--json")
    check("a run that finds nothing ends", '"moved":0' in quiet.communicate()[0])
    b.end()
    subprocess.run(["sh", HERE + "/rabbit.sh", "stop", folder], check=True)
    shutil.rmtree(data)
    return rig.finish("compat-migrate")


if __name__ == "__main__":
    sys.exit(main())
