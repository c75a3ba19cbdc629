# SPDX-License-Identifier: Apache-2.0
"""Every transaction of PostgreSQL becomes one transaction of the broker: what changed goes into the
topic exchange `changes`, and how far that is into the queue `position`.

That queue has one message, like a baton: who has it may publish, hands it back by its ack and puts
the next one there, all in the transaction. So there is one position and one feed, whoever dies.

usage: feed.py PORT DSN
"""
import json
import select

import pika
import psycopg2
from pgoutput import Decoder
from psycopg2.extras import LogicalReplicationConnection
from scene import PERSISTENT, connect, crash_only


def replication(dsn, position):
    """What PostgreSQL decodes from that position on."""
    cursor = psycopg2.connect(dsn, connection_factory=LogicalReplicationConnection).cursor()
    cursor.start_replication(slot_name='feed', start_lsn=position, options={
        'proto_version': '1', 'publication_names': 'feed'})
    return cursor


def transactions(cursor, connection):
    """Transactions as they are committed; in the quiet between, both servers hear from us."""
    decoder = Decoder()
    while True:
        message = cursor.read_message()
        if not message:
            select.select([cursor], [], [], 5)
            cursor.send_feedback()
            connection.process_data_events(0)
        elif transaction := decoder.feed(message.payload):
            yield transaction


def publish(channel, transaction):
    for change in transaction.changes:
        channel.basic_publish(
            'changes', f'{change.table}.{change.kind}', json.dumps(change.row),
            pika.BasicProperties(delivery_mode=PERSISTENT, content_type='application/json',
                                 headers={'lsn': transaction.lsn, 'xid': transaction.xid}))


def move(channel, position, method):
    channel.basic_publish('', 'position', str(position),
                          pika.BasicProperties(delivery_mode=PERSISTENT))
    channel.basic_ack(method.delivery_tag)


def feed(port, dsn):
    connection = connect(port)
    channel = connection.channel()
    channel.tx_select()
    baton = channel.consume('position')
    method, _, position = next(baton)
    cursor = replication(dsn, int(position))
    for transaction in transactions(cursor, connection):
        if transaction.lsn > int(position):
            publish(channel, transaction)
            move(channel, transaction.lsn, method)
            channel.tx_commit()
            method, _, position = next(baton)
        cursor.send_feedback(flush_lsn=transaction.end)


crash_only(feed, psycopg2.Error)
