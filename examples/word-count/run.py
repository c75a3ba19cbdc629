#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts words while the broker and the worker are killed again and again: exactly once, and then
without what makes it so.

usage: run.py [--full] [--sentences N] [--kills N] [--seed N]
"""
import collections
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
import results                                              # noqa: E402: they are found now
from scene import Scene, connect, kill_at_random, options   # noqa: E402
from sentences import sentence                              # noqa: E402


def count(how, a):
    """How many sentences came into the stream, and what was counted in them."""
    print(how)
    with Scene() as scene:
        results.declare(connect(scene.broker.port).channel())
        worker = scene.service('worker.py', how)
        kill_at_random(scene.program('publisher.py', how, a.sentences), a.sentences,
                       [scene.broker, worker], a.kills, a.seed)
        channel = connect(scene.broker.port).channel()
        came = channel.queue_declare('sentences', passive=True).method.message_count
        while True:
            totals, through = results.read(channel)
            if through == came - 1:
                return came, totals
            time.sleep(0.1)


def compare(expected, a, how):
    began = time.monotonic()
    came, totals = count(how, a)
    wrong = sum(totals.get(w, 0) != n for w, n in expected.items())
    print(f'  {came} sentences for {a.sentences}; {sum(totals.values())} words counted for '
          f'{sum(expected.values())}; {wrong} of {len(expected)} counts wrong; '
          f'{time.monotonic() - began:.0f} s')
    return totals == expected


def main():
    a = options(sentences=(20_000, 100_000), kills=(6, 20))
    expected = collections.Counter(
        w for number in range(a.sentences) for w in sentence(number).split())
    exact = compare(expected, a, 'exactly-once')
    compare(expected, a, 'at-least-once')
    print('exactly-once:', 'exact' if exact else 'NOT EXACT', f'after {a.kills} kills')
    return not exact


sys.exit(main())
