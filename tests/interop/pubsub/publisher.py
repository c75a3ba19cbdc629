#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The publisher of the pub/sub stage: numbers 0 to N-1, persistent, at most WINDOW of them
unconfirmed. Ends with 0 when all are confirmed, each once.

usage: publisher.py PORT EXCHANGE N
"""
import sys

import pika

PORT, EXCHANGE, N = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
WINDOW = 1000
PERSISTENT = pika.BasicProperties(delivery_mode=2)


class Publisher:
    def __init__(self):
        self.sent = 0
        self.waiting = set()
        self.trouble = 'closed early'
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters('127.0.0.1', PORT),
            on_open_callback=lambda c: c.channel(on_open_callback=self.opened),
            on_close_callback=lambda c, e: c.ioloop.stop())

    def opened(self, channel):
        self.channel = channel
        channel.confirm_delivery(self.answered, callback=lambda _: self.more())

    def more(self):
        while self.sent < N and len(self.waiting) < WINDOW:
            self.channel.basic_publish(EXCHANGE, '', str(self.sent).encode(), PERSISTENT)
            self.sent += 1
            self.waiting.add(self.sent)

    def answered(self, frame):
        tag = frame.method.delivery_tag
        tags = {t for t in self.waiting if t <= tag} if frame.method.multiple else {tag}
        if not isinstance(frame.method, pika.spec.Basic.Ack) or not tags <= self.waiting:
            self.trouble = f'unexpected {frame.method}'
            self.connection.close()
            return
        self.waiting -= tags
        if self.sent == N and not self.waiting:
            self.trouble = None
            self.connection.close()
        else:
            self.more()


publisher = Publisher()
publisher.connection.ioloop.start()
sys.exit(publisher.trouble)
