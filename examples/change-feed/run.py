#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The changes of a table of PostgreSQL in a topic exchange, exactly once, while both servers and
the feed between them are killed again and again.

usage: run.py [--full] [--transactions N] [--kills N] [--seed N]
"""
import collections
import contextlib
import json
import os
import sys

import pika
import psycopg2

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
from postgres import Postgres                                           # noqa: E402: found now
from scene import PERSISTENT, Scene, connect, kill_at_random, options   # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LAST = -1       # the id of the row that is written last


def declare(channel):
    """All changes go into a stream; deletions are also wanted by somebody else."""
    channel.exchange_declare('changes', 'topic', durable=True)
    channel.queue_declare('all', durable=True, arguments={'x-queue-type': 'stream'})
    channel.queue_bind('all', 'changes', '#')
    channel.queue_declare('deletions', durable=True)
    channel.queue_bind('deletions', 'changes', '*.*.delete')
    channel.queue_declare('position', durable=True)
    channel.tx_select()
    channel.basic_publish('', 'position', '0', pika.BasicProperties(delivery_mode=PERSISTENT))
    channel.tx_commit()


def query(dsn, command):
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(command)
        return cursor.fetchall() if cursor.description else []


def lay(dsn):
    with open(f'{HERE}/schema.sql') as file:
        query(dsn, file.read())
    query(dsn, "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')")


def read_feed(channel):
    """All changes up to the last row, in order: kind, row."""
    channel.basic_qos(prefetch_count=500)
    for method, _, body in channel.consume('all', arguments={'x-stream-offset': 'first'}):
        channel.basic_ack(method.delivery_tag)
        row = json.loads(body)
        if row['id'] == str(LAST):
            return
        yield method.routing_key.split('.')[-1], row


def replay(changes):
    """The table that comes of the changes."""
    table = {}
    for kind, row in changes:
        if kind == 'delete':
            table.pop(row['id'], None)
        else:
            table[row['id']] = row
    return table


def judge(dsn, channel):
    changes = list(read_feed(channel))
    fed = collections.Counter((kind, row['id'], row['revision']) for kind, row in changes)
    diary = collections.Counter(query(
        dsn, 'SELECT kind, id::text, revision::text FROM diary WHERE id <> -1'))
    table = query(dsn, 'SELECT id::text, name, stock::text, revision::text FROM items '
                       'WHERE id <> -1')
    rows = {tuple(row.values()) for row in replay(changes).values()}
    deletions = channel.queue_declare('deletions', passive=True).method.message_count
    kinds = collections.Counter(kind for kind, _ in changes)
    print('  the feed:', ', '.join(f'{n} times {kind}' for kind, n in kinds.items()))
    print(f'  {(diary - fed).total()} changes missing, {(fed - diary).total()} too many; '
          f'{len(rows)} rows of replay, {len(table)} in the table, '
          f'{len(rows ^ set(table))} different; {deletions} deletions in their queue')
    return fed == diary and rows == set(table) and deletions == kinds['delete']


def main():
    a = options(transactions=(2_000, 20_000), kills=(6, 40))
    with Scene() as scene:
        declare(connect(scene.broker.port).channel())
        postgres = scene.add(Postgres(scene.directory))
        lay(postgres.dsn)
        feed = scene.service('feed.py', postgres.dsn)
        kill_at_random(scene.program('writer.py', postgres.dsn, a.transactions, a.seed),
                       a.transactions, [scene.broker, postgres, feed], a.kills, a.seed)
        query(postgres.dsn, f'INSERT INTO items VALUES ({LAST})')
        exact = judge(postgres.dsn, connect(scene.broker.port).channel())
    print('the feed is', 'exact' if exact else 'NOT EXACT', f'after {a.kills} kills of broker, '
          'PostgreSQL and feed')
    return not exact


sys.exit(main())
