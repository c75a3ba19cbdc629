# SPDX-License-Identifier: Apache-2.0
"""Runs a Python client's scenarios. A driver's module has a function for each scenario, named as it
is in ../scenarios.tsv; a string instead of a function says why the client has no way to do it, and
`@part` what of it the client cannot do.
"""
import asyncio
import inspect
import os
import signal
import subprocess
import sys
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = int(sys.argv[1])
LIMIT_S = 15


def name():
    return 'm-' + uuid.uuid4().hex


def broker(verb):
    subprocess.run([os.path.join(HERE, '..', 'broker.sh'), verb], check=True)


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f'{str(got)[:300]} instead of {str(wanted)[:300]}')


def part(why):
    def note(function):
        function.part = why
        return function
    return note


def scenarios():
    with open(os.path.join(HERE, '..', 'scenarios.tsv')) as file:
        return [line.split('\t')[:2] for line in file]


def late(*_):
    raise TimeoutError(f'not done in {LIMIT_S} s')


def call(function):
    if inspect.iscoroutinefunction(function):
        asyncio.run(asyncio.wait_for(function(), LIMIT_S))
        return
    signal.alarm(LIMIT_S)
    try:
        function()
    finally:
        signal.alarm(0)


def main(module):
    """Runs all scenarios, or those whose numbers are given behind the port."""
    signal.signal(signal.SIGALRM, late)
    failed = 0
    for number, what in scenarios():
        if sys.argv[2:] and number not in sys.argv[2:]:
            continue
        case = module[what.replace('-', '_')]
        if isinstance(case, str):
            print(f'none {number} {what}: {case}', flush=True)
            continue
        try:
            call(case)
            lacks = getattr(case, 'part', '')
            print(f'part {number} {what}: {lacks}' if lacks else f'ok {number} {what}', flush=True)
        except Exception as e:  # every trouble is this scenario's
            failed += 1
            text = ' '.join(f'{type(e).__name__} {e}'.split())[:500]
            print(f'FAIL {number} {what}: {text}', flush=True)
    sys.exit(failed != 0)
