# SPDX-License-Identifier: Apache-2.0
"""Publishes transfers into the stream `ledger` and prints how many are there: a history at once,
then ten every now and then, until it is told to stop (SIGTERM).

usage: traffic.py PORT HISTORY
"""
import json
import signal
import sys
import time

import pika
from scene import LOST, PERSISTENT, connect
from transfers import transfer

over = False


def stop(*_):
    global over
    over = True


def properties(number):
    """The broker drops what it has already, and so a batch can be sent again."""
    return pika.BasicProperties(delivery_mode=PERSISTENT, headers={
        'x-publisher-id': 'bank', 'x-publisher-sequence': number + 1})


def publish(channel, begin, end):
    for number in range(begin, end):
        channel.basic_publish('', 'ledger', json.dumps(transfer(number)), properties(number))
    channel.tx_commit()     # one answer for all of them


def publish_on(port, done, history):
    channel = connect(port).channel()
    channel.tx_select()
    while not over:
        live = done >= history
        begin, done = done, done + 10 if live else min(done + 200, history)
        publish(channel, begin, done)
        yield done
        time.sleep(0.02 * live)


def main(port, history):
    signal.signal(signal.SIGTERM, stop)
    done = 0
    while not over:
        try:
            for done in publish_on(port, done, history):
                print(done, flush=True)
        except LOST:
            pass


main(sys.argv[1], int(sys.argv[2]))
