#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A new version of a view is built by replay while the old one serves, and takes its place.

usage: run.py [--full] [--history N] [--kills N] [--seed N]
"""
import collections
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
from client import Client, Public                           # noqa: E402: they are found now
from scene import Scene, connect, options                   # noqa: E402
from transfers import ACCOUNTS, book, transfer              # noqa: E402


def declare(channel):
    channel.queue_declare('ledger', durable=True, arguments={'x-queue-type': 'stream'})
    for queue in 'balances', 'v1', 'v2':
        channel.queue_declare(queue, durable=True)


def begin(scene, public, client, history):
    """v1 has seen the history and serves; the traffic goes on."""
    scene.service('view.py', 'v1')
    client.ask('v1', serve=0)
    traffic = scene.program('traffic.py', history)
    done = next(done for done in traffic if done >= history)
    while public.seen < done:
        public.look()
    print(f'  v1 serves, {done} transfers old')
    return traffic


def replay(broker, public, client, a):
    """Until v2 has passed v1; the broker is killed on the way."""
    due = sorted(random.Random(a.seed).sample(range(a.history // 10, a.history), a.kills))
    old, new = 1, 0
    while new < old or due:
        public.look()
        old, new = client.ask('v1')['next'], client.ask('v2')['next']
        while due and new >= due[0]:
            print(f'  v2 is at {new}, v1 at {old}; the broker is killed')
            due.pop(0)
            broker.kill()
    print(f'  v2 is at {new}, v1 at {old}: it takes over')


def swap(public, client):
    last = client.ask('v1', retire=True)['next']
    client.ask('v2', serve=last)
    print(f'  v1 stopped as of {last}, {public.look()} goes on as of {public.seen}')
    while public.seen < last + 1000:
        public.look()


def settled(client, total):
    """The balances of both when they have seen all."""
    while min(client.ask(view)['next'] for view in ('v1', 'v2')) < total:
        pass
    return [client.ask(view, all=True)['balances'] for view in ('v1', 'v2')]


def true_balances(total):
    balances = collections.Counter({account: 0 for account in range(ACCOUNTS)})
    for number in range(total):
        book(balances, transfer(number))
    return balances


def judge(v1, v2, total, public, a):
    truth = {str(account): cents for account, cents in true_balances(total).items()}
    print(f'  {total} transfers; asked meanwhile: '
          + ', '.join(f'{n} times answered by {view}' for view, n in public.answers.items()))
    print('v1 and v2 are', 'equal' if v1 == v2 else 'NOT EQUAL', 'and',
          'right' if v1 == truth else 'WRONG', f'after {a.kills} kills')
    return v1 == v2 == truth


def main():
    a = options(history=(30_000, 200_000), kills=(2, 2))
    with Scene() as scene:
        port = scene.broker.port
        declare(connect(port).channel())
        public, client = Public(port, a.seed), Client(port)
        traffic = begin(scene, public, client, a.history)
        scene.service('view.py', 'v2')
        replay(scene.broker, public, client, a)
        swap(public, client)
        traffic.process.terminate()
        total = max(traffic)
        return not judge(*settled(client, total), total, public, a)


sys.exit(main())
