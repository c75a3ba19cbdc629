#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is declared from outside and looked at again for drift: the requests of terraform's provider
and of the Kubernetes topology operator. Each object is made (201), said again (2xx), read back as
it was said, number by number, changed and put right, deleted (204), and then not there (404); the
operator looks at status codes alone, the provider at each field."""
import sys

import api

VHOST = 'plan'
ARGUMENTS = {'x-max-length': 5000000000, 'x-message-ttl': 60000, 'x-overflow': 'reject-publish',
             'x-single-active-consumer': True, 'some-float': 0.5, 'some-whole-float': 2.0,
             'some-list': [1, 'two', {'three': 3}], 'some-text': '5'}
EXCHANGE = {'type': 'topic', 'durable': True, 'auto_delete': False,
            'arguments': {'alternate-exchange': 'amq.fanout', 'n': -1}}
QUEUE = {'durable': True, 'auto_delete': False, 'arguments': ARGUMENTS}
POLICY = {'pattern': '^o', 'definition': {'max-length': 10, 'message-ttl': 500, 'expires': 3600000},
          'priority': 3, 'apply-to': 'queues'}

# What it is, the path, what is said, what is said after that; in the order of their making.
OBJECTS = [
    ('virtual host', f'vhosts/{VHOST}',
     {'description': 'one', 'tags': ['a', 'b'], 'tracing': False},
     {'description': 'two', 'tags': ['a', 'b'], 'tracing': False}),
    ('user', 'users/planner', {'password': 'pw', 'tags': 'management,policymaker'},
     {'password': 'pw', 'tags': 'monitoring'}),
    ('permissions', f'permissions/{VHOST}/planner',
     {'configure': '', 'write': '^o', 'read': '.*'}, {'configure': '.*', 'write': '', 'read': ''}),
    ('exchange', f'exchanges/{VHOST}/orders%2Fin', EXCHANGE, None),
    ('queue', f'queues/{VHOST}/orders%20of%20today', QUEUE, None),
    ('policy', f'policies/{VHOST}/p', POLICY, {**POLICY, 'priority': 4}),
    ('policy of the operator', f'operator-policies/{VHOST}/o',
     {'pattern': '^o', 'definition': {'max-length': 20}, 'priority': 0, 'apply-to': 'queues'},
     {'pattern': '^o', 'definition': {'max-length': 30}, 'priority': 0, 'apply-to': 'queues'}),
    ('global parameter', 'global-parameters/plan', {'name': 'plan', 'value': {'a': [1, 2.5, 'x']}},
     {'name': 'plan', 'value': 5}),
]
NOT_READ = ('password', 'tags', 'description')


def same(said, read):
    """Of equal types too: 5 is not "5", nor 5.0, nor True."""
    if isinstance(said, dict):
        return isinstance(read, dict) and said.keys() == read.keys() and \
            all(same(v, read[k]) for k, v in said.items())
    if isinstance(said, list):
        return isinstance(read, list) and len(said) == len(read) and all(map(same, said, read))
    return type(said) is type(read) and said == read


def reads(what, path, said):
    status, read = api.ask('GET', path)
    bad = {k: (v, read.get(k)) for k, v in said.items() if k not in NOT_READ and
           not same(v, read.get(k))} if status == 200 else status
    api.check(f'{what}: it is as it was said', not bad, bad)
    return read


def puts(what, path, said, want):
    status, answer = api.ask('PUT', path, said)
    api.check(f'{what}: {want}', status == want, (status, answer))


def makes():
    for what, path, said, then in OBJECTS:
        api.check(f'{what}: it is not there', api.ask('GET', path)[0] == 404)
        puts(what, path, said, 201)
        puts(what + ', again', path, said, 204)
        reads(what, path, said)
        if then:
            puts(what + ', changed', path, then, 204)
            reads(what + ', changed', path, then)
            puts(what + ', put right', path, said, 204)
            reads(what + ', put right', path, said)


def other_fields():
    v = reads('virtual host', f'vhosts/{VHOST}', {})
    api.check('virtual host: what is in its metadata', v['metadata']['description'] == 'one' and
              v['metadata']['tags'] == ['a', 'b'], v)
    u = reads('user', 'users/planner', {})
    api.check('user: tags', sorted(u['tags']) == ['management', 'policymaker'], u)
    o = api.ask('GET', 'overview')[1]
    api.check('the version is a number of three parts',
              len([int(n) for n in o['rabbitmq_version'].split('.')]) == 3, o['rabbitmq_version'])


def refusals():
    """An object that is otherwise is not replaced: the tool has to say so."""
    for what, path, said in [
            ('exchange', f'exchanges/{VHOST}/orders%2Fin', {**EXCHANGE, 'type': 'fanout'}),
            ('queue', f'queues/{VHOST}/orders%20of%20today', {**QUEUE, 'durable': False}),
            ('queue', f'queues/{VHOST}/orders%20of%20today',
             {**QUEUE, 'arguments': {**ARGUMENTS, 'x-message-ttl': 60001}})]:
        status, answer = api.ask('PUT', path, said)
        api.check(f'{what}: another one is refused', status == 400 and
                  answer['reason'].startswith('inequivalent arg'), (status, answer))
    for path in ('shovel/plan/s', 'federation-upstream/plan/u'):
        status, answer = api.ask('PUT', f'parameters/{path}', {'value': {'uri': 'amqp://'}})
        api.check(f'{path}: it is not there, and is said so', status == 400 and
                  'not found' in answer['reason'], (status, answer))


def topics():
    path = f'topic-permissions/{VHOST}/planner'
    said = {'exchange': 'orders/in', 'write': '^a', 'read': '^b'}
    puts('permissions for topics', path, said, 201)
    puts('permissions for topics, again', path, said, 204)
    status, rows = api.ask('GET', path)
    api.check('permissions for topics: they are there', status == 200 and
              [{k: r[k] for k in said} for r in rows] == [said], rows)
    status, _ = api.ask('DELETE', path + '/orders%2Fin')
    api.check('permissions for topics: deleted', status == 204, status)
    api.check('permissions for topics: gone', api.ask('GET', path)[0] == 404)


def limits():
    for kind, of, keys in (('vhost', VHOST, ('max-connections', 'max-queues')),
                           ('user', 'planner', ('max-connections', 'max-channels'))):
        for n, key in enumerate(keys):
            status, answer = api.ask('PUT', f'{kind}-limits/{of}/{key}', {'value': 40 + n})
            api.check(f'limit of a {kind}: {key}', status in (201, 204), (status, answer))
        status, rows = api.ask('GET', f'{kind}-limits/{of}')
        api.check(f'limits of a {kind}: they are there', status == 200 and
                  same(rows[0]['value'], {key: 40 + n for n, key in enumerate(keys)}), rows)
        for key in keys:
            status, _ = api.ask('DELETE', f'{kind}-limits/{of}/{key}')
            api.check(f'limit of a {kind}: {key} is lifted', status == 204, status)
        status, rows = api.ask('GET', f'{kind}-limits/{of}')
        api.check(f'limits of a {kind}: none', status == 200 and not rows, (status, rows))


def bindings():
    """By the key that the answer's location has, and by the one that the list has."""
    for to, name in (('q', 'orders%20of%20today'), ('e', 'amq.fanout')):
        base = f'bindings/{VHOST}/e/orders%2Fin/{to}/{name}'
        for said in ({'routing_key': 'a.#/b', 'arguments': {}},
                     {'routing_key': '', 'arguments': {'x-match': 'all', 'n': 5, 'f': 0.25}}):
            status, answer = api.ask('POST', base, said)
            api.check(f'binding to {to}: made', status == 201, (status, answer))
            rows = [b for b in api.ask('GET', base)[1] if b['routing_key'] == said['routing_key']]
            api.check(f'binding to {to}: read', len(rows) == 1 and
                      same(said['arguments'], rows[0]['arguments']), rows)
            key = base + '/' + api.quoted(rows[0]['properties_key'])
            api.check(f'binding to {to}: found by its key', api.ask('GET', key)[0] == 200)
            api.check(f'binding to {to}: deleted', api.ask('DELETE', key)[0] == 204)
            api.check(f'binding to {to}: gone', api.ask('GET', key)[0] == 404)


def ends():
    for what, path, _, _ in reversed(OBJECTS):
        status, answer = api.ask('DELETE', path)
        api.check(f'{what}: deleted', status == 204, (status, answer))
        api.check(f'{what}: gone', api.ask('GET', path)[0] == 404)
        api.check(f'{what}: deleting it again', api.ask('DELETE', path)[0] == 404)


makes()
other_fields()
refusals()
topics()
limits()
bindings()
ends()
sys.exit(api.failed != 0)
