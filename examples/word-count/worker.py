# SPDX-License-Identifier: Apache-2.0
"""Counts the words of the stream `sentences`. It keeps nothing: when it starts, it reads in the
stream `counts` what it had counted before.

usage: worker.py PORT exactly-once | at-least-once
"""
import collections

from results import publish, read
from scene import connect, crash_only


def take(channel):
    """The deliveries from now on, as they come. Nobody else has any while this worker is there."""
    taken = []
    channel.basic_qos(prefetch_count=200)
    channel.basic_consume(
        'sentences', lambda _, method, properties, body: taken.append((method, properties, body)),
        exclusive=True,
        arguments={'x-stream-offset': 'first', 'x-stream-offset-name': 'word-count'})
    return taken


def count(channel, totals, batch):
    words = ' '.join(body.decode() for _, _, body in batch).split()
    totals.update(words)
    method, properties, _ = batch[-1]
    publish(channel, {w: totals[w] for w in words}, properties.headers['x-stream-offset'])
    channel.basic_ack(method.delivery_tag, multiple=True)


def work(port, how):
    connection = connect(port)
    channel = connection.channel()
    taken = take(channel)
    totals = collections.Counter(read(connection.channel())[0])
    exactly_once = how == 'exactly-once'
    channel.tx_select() if exactly_once else channel.confirm_delivery()
    while True:
        connection.process_data_events(1)
        if taken:
            batch, taken[:] = taken[:], []
            count(channel, totals, batch)
            if exactly_once:
                channel.tx_commit()


crash_only(work)
