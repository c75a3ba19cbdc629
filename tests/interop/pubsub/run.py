#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pub/sub: one publisher, services in Python, Node and Go on durable queues of their own. The
one that INTEROP_KILL names (python, node or go; else node) is killed -9 when it has had half of the
messages, and started again.

usage: run.py MESSAGES DIR GO_SERVICE     broker on INTEROP_PORT; notes and logs go to DIR
"""
import os
import subprocess
import sys
import time

import pika

HERE = os.path.dirname(os.path.abspath(__file__))
N, DIR = int(sys.argv[1]), sys.argv[2]
PORT = os.environ['INTEROP_PORT']
EXCHANGE = 'pubsub'
WINDOW = 100   # every service's prefetch
VICTIM = os.environ.get('INTEROP_KILL', 'node')
SERVICES = {
    'python': ['/usr/bin/python3', os.path.join(HERE, 'service.py')],
    'node': ['node', os.path.join(HERE, '..', 'node', 'service.js')],
    'go': [sys.argv[3]],
}


def notes_of(name, life):
    return os.path.join(DIR, f'{name}.{life}')


def start(name, life):
    with open(os.path.join(DIR, f'{name}.{life}.log'), 'wb') as log:
        return subprocess.Popen([*SERVICES[name], PORT, EXCHANGE + '.' + name,
                                 notes_of(name, life)], stdout=log, stderr=log)


def size(name, life):
    try:
        with open(notes_of(name, life), 'rb') as file:
            return sum(block.count(b'\n') for block in iter(lambda: file.read(1 << 16), b''))
    except FileNotFoundError:
        return 0


def notes(name, life):
    with open(notes_of(name, life)) as file:
        return [tuple(map(int, line.split())) for line in file]


def declare():
    with pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(PORT))) as c:
        ch = c.channel()
        ch.exchange_declare(EXCHANGE, 'fanout', durable=True)
        for name in SERVICES:
            ch.queue_declare(f'{EXCHANGE}.{name}', durable=True)
            ch.queue_bind(f'{EXCHANGE}.{name}', EXCHANGE)


def left():
    with pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(PORT))) as c:
        ch = c.channel()
        return {name: ch.queue_declare(f'{EXCHANGE}.{name}', passive=True).method.message_count
                for name in SERVICES}


def consumers(name):
    with pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(PORT))) as c:
        return c.channel().queue_declare(f'{EXCHANGE}.{name}', passive=True).method.consumer_count


def wait(what, until, limit_s):
    end = time.monotonic() + limit_s
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


failed = 0


def check(name, ok, why=''):
    global failed
    failed += not ok
    print('ok ' + name if ok else f'FAIL {name}: {why}', flush=True)


def first_wrong(numbers, begin):
    for i, number in enumerate(numbers):
        if number != begin + i:
            return f'{number} where {begin + i} should be'
    return f'{len(numbers)} messages'


def judge_whole(name):
    got = [number for number, _ in notes(name, 1)]
    check(f'{name}_got_every_message_in_order', got == list(range(N)), first_wrong(got, 0))


def judge_killed(name):
    first, second = notes(name, 1), notes(name, 2)
    numbers = [number for number, _ in first]
    check(f'{name}_in_order_until_killed', numbers == list(range(len(first))) and len(first) < N,
          first_wrong(numbers, 0))
    begin = second[0][0] if second else N
    check(f'{name}_goes_on_where_it_stopped', len(first) - WINDOW <= begin <= len(first),
          f'at {begin} after {len(first)}')
    numbers = [number for number, _ in second]
    check(f'{name}_got_every_message_in_order', numbers == list(range(begin, N)),
          first_wrong(numbers, begin))
    again = [number for number, redelivered in second if redelivered]
    check(f'{name}_redelivered_only_what_it_held',
          again == list(range(begin, begin + len(again))) and len(again) <= WINDOW
          and begin + len(again) >= len(first), again[:5])
    print(f'{N} messages, {name} killed after {len(first)}, {len(first) - begin} repeated')


def run(running):
    declare()
    for name in SERVICES:
        running[name] = start(name, 1)
    publisher = running['publisher'] = subprocess.Popen(
        ['/usr/bin/python3', os.path.join(HERE, 'publisher.py'), PORT, EXCHANGE, str(N)])
    wait('half', lambda: size(VICTIM, 1) >= N // 2, 200)
    running[VICTIM].kill()
    running[VICTIM].wait()
    wait('the broker to see that', lambda: consumers(VICTIM) == 0, 60)
    running[VICTIM] = start(VICTIM, 2)
    check('all_confirmed', publisher.wait(200) == 0, publisher.returncode)
    others = [name for name in SERVICES if name != VICTIM]
    wait('the end', lambda: all(size(name, 1) >= N for name in others)
         and size(VICTIM, 1) + size(VICTIM, 2) >= N and not any(left().values()), 200)
    time.sleep(0.5)
    for name in others:
        judge_whole(name)
    judge_killed(VICTIM)


def main():
    running = {}
    try:
        run(running)
    except TimeoutError as e:
        check('in_time', False, f'{e}: ' + ' '.join(f'{n} {size(n, 1)}' for n in SERVICES))
    finally:
        for each in running.values():
            if each.poll() is None:
                each.kill()
    check('nothing_is_left', not any(left().values()), left())
    sys.exit(failed != 0)


main()
