# SPDX-License-Identifier: Apache-2.0
"""Publishes sentences into the stream `sentences`, and prints how many are confirmed. When the
broker dies it cannot know what became of those that were not, and publishes them again.

usage: publisher.py PORT exactly-once | at-least-once SENTENCES
"""
import collections
import sys
import time

import pika
from scene import PERSISTENT
from sentences import sentence

WINDOW = 500        # so many may be on their way


def properties(how, number):
    """By a name and rising numbers the broker knows what it has already."""
    headers = {'x-publisher-id': 'author', 'x-publisher-sequence': number + 1}
    return pika.BasicProperties(delivery_mode=PERSISTENT,
                                headers=headers if how == 'exactly-once' else None)


class Publisher:
    def __init__(self, how, end):
        self.how, self.end, self.confirmed = how, end, 0

    def run(self, port):
        """One connection, from its beginning to its end."""
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters('127.0.0.1', int(port)),
            on_open_callback=lambda c: c.channel(on_open_callback=self.begin),
            on_open_error_callback=lambda c, _: c.ioloop.stop(),
            on_close_callback=lambda c, _: c.ioloop.stop())
        self.connection.ioloop.start()

    def begin(self, channel):
        self.channel = channel
        self.first = self.next = self.confirmed
        self.waiting = collections.deque()      # for their confirms
        channel.confirm_delivery(self.confirm)
        self.publish()

    def publish(self):
        while self.next < min(self.end, self.confirmed + WINDOW):
            self.channel.basic_publish('', 'sentences', sentence(self.next),
                                       properties(self.how, self.next))
            self.waiting.append(self.next)
            self.next += 1

    def confirm(self, frame):
        number = self.first + frame.method.delivery_tag - 1
        if frame.method.multiple:
            while self.waiting and self.waiting[0] <= number:
                self.waiting.popleft()
        else:
            self.waiting.remove(number)
        self.confirmed = self.waiting[0] if self.waiting else self.next
        print(self.confirmed, flush=True)
        self.publish()
        if self.confirmed == self.end:
            self.connection.close()


def main(port, how, end):
    publisher = Publisher(how, end)
    while publisher.confirmed < end:
        publisher.run(port)
        time.sleep(0.02)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
