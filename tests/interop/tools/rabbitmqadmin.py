#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The classic rabbitmqadmin, as it comes: every list, show, declare, delete, publish, get, purge,
close, export and import, and what it says of refusals.

usage: rabbitmqadmin.py SCRIPT
"""
import collections
import json
import os
import subprocess
import sys

import api

SCRIPT = sys.argv[1]


def run(*words, stdin=''):
    r = subprocess.run(['/usr/bin/python3', SCRIPT, '-H', api.HOST, '-P', str(api.WEB), *words],
                       input=stdin, capture_output=True, text=True, timeout=20)
    return r.returncode, r.stdout, r.stderr


def says(text, *words, **more):
    """It succeeds, and its output has the text."""
    code, out, err = run(*words, **more)
    api.check(' '.join(words), code == 0 and text in out, (code, out, err))


def refuses(text, *words):
    code, out, err = run(*words)
    api.check('refused: ' + ' '.join(words), code == 1 and text in out + err, (code, out, err))


def rows(*words):
    code, out, err = run('-f', 'raw_json', *words)
    return json.loads(out) if code == 0 else (code, err)


def lists():
    for kind, some in [
            ('connections', 'guest'), ('channels', '(1)'), ('consumers', 'ctag1'),
            ('exchanges', 'amq.topic'), ('queues', 'quiet'), ('bindings', 'a.#'),
            ('users', 'clerk'), ('vhosts', 'shop'), ('permissions', 'guest'),
            ('nodes', api.NODE), ('parameters', 'operator_policy'), ('policies', 'max-length'),
            ('operator_policies', 'least'), ('vhost_limits', 'max-queues')]:
        says(some, 'list', kind)
    says('quiet', 'list', 'queues', 'name', 'messages', '-S', 'messages', '-R')
    for form in ('long', 'pretty_json', 'kvp', 'tsv', 'bash', 'table'):
        says('quiet', '-f', form, 'list', 'queues', 'name')
    found = rows('-V', 'shop', 'list', 'exchanges', 'vhost')
    api.check('a list of one virtual host', {x['vhost'] for x in found} == {'shop'}, found)
    says('rabbitmq_version', '-d', '3', '-f', 'long', 'show', 'overview')
    says('4.', 'show', 'overview', 'rabbitmq_version')


def objects():
    for made in [
            ('exchange', 'name=x', 'type=topic', 'durable=true', 'arguments={"a":1}'),
            ('queue', 'name=q', 'durable=true', 'queue_type=classic'),
            ('queue', 'name=qq', 'durable=true', 'queue_type=quorum'),
            ('queue', 'name=a b', 'auto_delete=false', 'arguments={"x-max-length":10}'),
            ('binding', 'source=x', 'destination=q', 'routing_key=a.#'),
            ('binding', 'source=x', 'destination=x', 'destination_type=exchange',
             'routing_key=b', 'arguments={"k":"v"}'),
            ('vhost', 'name=v/1', 'tracing=true'),
            ('user', 'name=u', 'password=pw', 'tags=monitoring,management'),
            ('user', 'name=h', 'password_hash=', 'tags='),
            ('permission', 'vhost=v/1', 'user=u', 'configure=.*', 'write=.*', 'read=.*'),
            ('policy', 'name=p', 'pattern=^q', 'definition={"max-length":100}', 'priority=3',
             'apply-to=queues'),
            ('operator_policy', 'name=o', 'pattern=^q', 'definition={"max-length":200}'),
            ('vhost_limit', 'vhost=v/1', 'name=max-connections', 'value=7')]:
        says('declared', 'declare', *made)
    q = api.ask('GET', 'queues/%2F/q')[1]
    api.check('the queue is as declared', (q['durable'], q['policy'], q['type']) ==
              (True, 'p', 'classic'), q)
    b = api.ask('GET', 'bindings/%2F/e/x/e/x')[1]
    api.check('the binding is', [(i['routing_key'], i['arguments']) for i in b] ==
              [('b', {'k': 'v'})], b)
    refuses('inequivalent arg', 'declare', 'queue', 'name=q', 'durable=false')
    refuses('component none not found', 'declare', 'parameter', 'component=none', 'name=n',
            'value={}')


def messages():
    says('Message published', 'publish', 'routing_key=q', 'payload=first',
         'properties={"delivery_mode":2,"headers":{"n":5}}')
    says('Message published', 'publish', 'exchange=x', 'routing_key=a.b', stdin='second')
    says('NOT routed', 'publish', 'routing_key=nowhere', 'payload=lost')
    got = rows('get', 'queue=q', 'count=10', 'ackmode=ack_requeue_true')
    api.check('get', [(m['payload'], m['message_count'], m['redelivered']) for m in got] ==
              [('first', 1, False), ('second', 0, False)] and
              got[0]['properties'] == {'delivery_mode': 2, 'headers': {'n': 5}}, got)
    path = os.path.join(os.environ['INTEROP_DIR'], 'payload')
    run('get', 'queue=q', f'payload_file={path}', 'ackmode=ack_requeue_false')
    with open(path) as file:
        payload = file.read()
    api.check('get into a file', payload == 'first', payload)
    says('purged', 'purge', 'queue', 'name=q')
    api.check('it is empty', rows('get', 'queue=q') == [])


def definitions():
    path = os.path.join(os.environ['INTEROP_DIR'], 'definitions.json')
    says('Exported definitions', 'export', path)
    with open(path) as file:
        before = json.load(file)
    says('deleted', 'delete', 'queue', 'name=q')
    says('deleted', 'delete', 'vhost', 'name=v/1')
    says('Uploaded definitions', 'import', path)
    says('Exported definitions', 'export', path)
    with open(path) as file:
        after = json.load(file)

    def plain(d):
        return collections.Counter(k + json.dumps(i, sort_keys=True) for k, v in d.items()
                                   if isinstance(v, list) for i in v)
    lost, more = plain(before) - plain(after), plain(after) - plain(before)
    api.check('what was deleted is there again', not lost and not more, (lost, more))


def ends():
    for gone in [
            ('binding', 'source=x', 'destination_type=queue', 'destination=q',
             'properties_key=a.%23'),
            ('exchange', 'name=x'), ('queue', 'name=q'), ('queue', 'name=a b'),
            ('permission', 'vhost=v/1', 'user=u'), ('user', 'name=u'), ('user', 'name=h'),
            ('policy', 'name=p'), ('operator_policy', 'name=o'),
            ('vhost_limit', 'vhost=v/1', 'name=max-connections'), ('vhost', 'name=v/1')]:
        says('deleted', 'delete', *gone)
    refuses('Not found', 'delete', 'queue', 'name=q')
    name = rows('list', 'connections', 'name')[0]['name']
    says('closed', 'close', 'connection', f'name={name}')
    api.check('the connection is gone', api.soon(lambda: rows('list', 'connections') == []))
    refuses('Access refused', '-u', 'guest', '-p', 'wrong', 'list', 'queues')


def main():
    scene = api.Scene()
    lists()
    objects()
    messages()
    definitions()
    ends()
    try:
        scene.end()
    except api.pika.exceptions.AMQPError:
        pass   # it was closed from outside
    return api.failed != 0


sys.exit(main())
