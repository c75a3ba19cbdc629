#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A service of the pub/sub stage: takes messages from a durable queue, notes each in a file, then
acks it.

usage: service.py PORT QUEUE FILE
"""
import os
import sys

import pika

file = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def take(channel, method, _, body):
    os.write(file, b'%s %d\n' % (body, method.redelivered))
    channel.basic_ack(method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(sys.argv[1])))
ch = connection.channel()
ch.basic_qos(prefetch_count=100)
ch.basic_consume(sys.argv[2], take)
ch.start_consuming()
