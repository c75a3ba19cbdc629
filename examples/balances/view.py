# SPDX-License-Identifier: Apache-2.0
"""The balances of all accounts as of an offset of the stream `ledger`. A view has nothing but its
memory: it begins with the first transfer, and goes on where it was when the broker is back.

It answers what comes into the queue of its name: how far it is, `all` balances; that it is to
`serve` the queue `balances` as soon as it is so far, or to `retire`. In the queue `balances` people
ask for the balance of an account.

usage: view.py PORT NAME
"""
import collections
import json
import sys

import pika
from scene import LOST, connect
from transfers import book


class View:
    def __init__(self, name):
        self.name, self.balances, self.next = name, collections.Counter(), 0
        self.due = None     # the offset from which on it serves

    def run(self, channel):
        self.channel, self.serving = channel, None
        channel.basic_qos(prefetch_count=500)
        channel.basic_consume('ledger', self.take, arguments={'x-stream-offset': self.next})
        channel.basic_consume(self.name, self.order)
        self.serve_if_due()
        channel.start_consuming()

    def take(self, channel, method, properties, body):
        if properties.headers['x-stream-offset'] != self.next:
            sys.exit(f"offset {properties.headers['x-stream-offset']} came for {self.next}")
        book(self.balances, json.loads(body))
        self.next += 1
        channel.basic_ack(method.delivery_tag)
        self.serve_if_due()

    def serve_if_due(self):
        if self.due is not None and self.next >= self.due and not self.serving:
            self.serving = self.channel.basic_consume('balances', self.asked)

    def retire(self):
        """What it was asked and has not answered goes back into the queue, to its successor."""
        if self.serving:
            self.channel.basic_cancel(self.serving)
        self.due = self.serving = None

    def order(self, channel, method, properties, body):
        question = json.loads(body)
        if 'serve' in question:
            self.due = question['serve']
            self.serve_if_due()
        if 'retire' in question:
            self.retire()
        self.answer(method, properties, balances=dict(self.balances) if 'all' in question else {})

    def asked(self, channel, method, properties, body):
        self.answer(method, properties, cents=self.balances[json.loads(body)['account']])

    def answer(self, method, properties, **more):
        self.channel.basic_publish('', properties.reply_to, json.dumps(
            {'view': self.name, 'next': self.next, **more}))
        self.channel.basic_ack(method.delivery_tag)


def main(port, name):
    view = View(name)
    while True:
        try:
            view.run(connect(port).channel())
        except LOST:
            pass


main(*sys.argv[1:])
