# SPDX-License-Identifier: Apache-2.0
"""The stream of results. Each says the new totals of some words, and up to which offset the
sentences are counted in them: the newest total of a word is its count."""
import json

import pika
from scene import PERSISTENT


def declare(channel):
    for stream in 'sentences', 'counts':
        channel.queue_declare(stream, durable=True, arguments={'x-queue-type': 'stream'})


def publish(channel, totals, through):
    channel.basic_publish('', 'counts', json.dumps(totals), pika.BasicProperties(
        delivery_mode=PERSISTENT, headers={'through': through}))


def read(channel):
    """All totals, and up to which offset; None when nothing is counted yet."""
    totals, through = {}, None
    left = channel.queue_declare('counts', passive=True).method.message_count
    channel.basic_qos(prefetch_count=100)
    while left:
        for method, properties, body in channel.consume(
                'counts', arguments={'x-stream-offset': 'first'}):
            totals.update(json.loads(body))
            through = properties.headers['through']
            channel.basic_ack(method.delivery_tag)
            left -= 1
            if not left:
                channel.cancel()
                break
    return totals, through
