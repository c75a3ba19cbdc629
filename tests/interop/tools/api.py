# SPDX-License-Identifier: Apache-2.0
"""What the tests of tools share: requests to the HTTP API, and a broker in which something of
everything is there."""
import base64
import http.client
import json
import os
import time
import urllib.parse

import pika

HOST, NODE = '127.0.0.1', 'leveret'
AMQP, WEB = int(os.environ['INTEROP_PORT']), int(os.environ['INTEROP_WEB'])
QUEUE = 'orders of+today/1'
failed = 0


def check(what, ok, detail=''):
    global failed
    failed += not ok
    print('ok' if ok else 'FAIL', what, '' if ok else repr(detail)[:600])


def ask(method, path, body=None, user='guest:guest'):
    """The status, and what the body says: JSON, or nothing."""
    c = http.client.HTTPConnection(HOST, WEB, timeout=20)
    headers = {'authorization': 'Basic ' + base64.b64encode(user.encode()).decode()}
    c.request(method, '/api/' + path, None if body is None else json.dumps(body), headers)
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, json.loads(text) if text else None


def quoted(text):
    """As a part of a path."""
    return urllib.parse.quote(text, safe='')


def soon(holds):
    """Within half a minute."""
    for _ in range(600):
        if holds():
            return True
        time.sleep(0.05)
    return False


class Scene:
    """Objects of each kind in "/" and in a virtual host of its own, and a client that publishes to
    QUEUE and consumes from it."""

    def __init__(self):
        for path, body in [
                ('vhosts/shop', {'description': 'a shop', 'tags': 'a,b'}),
                ('users/clerk', {'password': 'pw', 'tags': 'monitoring'}),
                ('permissions/shop/clerk', {'configure': '.*', 'write': '.*', 'read': '.*'}),
                ('topic-permissions/shop/clerk', {'exchange': 'amq.topic', 'write': '.*',
                                                  'read': '^a'}),
                ('policies/%2F/all', {'pattern': '.*', 'definition': {'max-length': 1000},
                                      'apply-to': 'queues', 'priority': 1}),
                ('operator-policies/%2F/least', {'pattern': '^none$', 'apply-to': 'queues',
                                                 'definition': {'max-length': 5000}}),
                ('global-parameters/mark', {'value': {'a': 1}}),
                ('vhost-limits/shop/max-queues', {'value': 100}),
                ('user-limits/clerk/max-channels', {'value': 100})]:
            status, said = ask('PUT', path, body)
            check(f'PUT {path}', status in (201, 204), (status, said))
        self.connection = pika.BlockingConnection(pika.ConnectionParameters(
            HOST, AMQP, client_properties={'connection_name': 'scene'}))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.channel.queue_declare(QUEUE, durable=True)
        self.channel.queue_bind(QUEUE, 'amq.topic', 'a.#', {'x': 'y'})
        for _ in range(5):
            self.channel.basic_publish('amq.topic', 'a.b', b'm',
                                       pika.BasicProperties(delivery_mode=2))
        self.channel.basic_qos(prefetch_count=2)
        self.channel.basic_consume(QUEUE, lambda *_: None)
        self.channel.queue_declare('quiet')
        self.connection.process_data_events(0.2)

    def end(self):
        self.connection.close()
