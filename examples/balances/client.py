# SPDX-License-Identifier: Apache-2.0
"""Who asks views, and gets an answer whatever happens to the broker."""
import collections
import json
import random
import sys

import pika
from scene import LOST, connect
from transfers import ACCOUNTS


class Client:
    """Asks one question at a time, and again when the broker has died meanwhile."""

    def __init__(self, port):
        self.port, self.channel = port, None

    def ask(self, queue, **question):
        while True:
            try:
                self.channel = self.channel or self.open()
                return self.wait_for(queue, question)
            except LOST:
                self.channel = None

    def open(self):
        channel = connect(self.port).channel()
        channel.basic_consume('amq.rabbitmq.reply-to', self.take, auto_ack=True)
        return channel

    def wait_for(self, queue, question):
        self.answer = None
        self.channel.basic_publish('', queue, json.dumps(question), pika.BasicProperties(
            reply_to='amq.rabbitmq.reply-to'))
        while not self.answer:
            self.channel.connection.process_data_events(1)
        return self.answer

    def take(self, channel, method, properties, body):
        self.answer = json.loads(body)


class Public(Client):
    """Somebody who wants to know balances all the time; no answer may be older than the one
    before."""

    def __init__(self, port, seed):
        super().__init__(port)
        self.dice, self.seen, self.answers = random.Random(seed), 0, collections.Counter()

    def look(self):
        answer = self.ask('balances', account=self.dice.randrange(ACCOUNTS))
        if answer['next'] < self.seen:
            sys.exit(f"{answer['view']} answered as of {answer['next']} after {self.seen}")
        self.seen = answer['next']
        self.answers[answer['view']] += 1
        return answer['view']
