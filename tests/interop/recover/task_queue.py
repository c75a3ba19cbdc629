#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A Celery application whose broker is killed -9 and started again, again and again, while tasks
are sent and worked on. Every task that could be sent is executed; some more than once, for a worker
that loses its connection cannot ack.

usage: task_queue.py TASKS KILLS DIR     environment as for the stages of tests/interop/run.sh
"""
import collections
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
APP = os.path.join(HERE, '..', 'celery')
TASKS, KILLS, DIR = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
NOTES = os.environ['INTEROP_NOTES'] = os.path.join(DIR, 'notes')
sys.path.insert(0, APP)
from tasks import app, note  # noqa: E402: the notes' place comes first

app.conf.broker_connection_max_retries = None
sent = 0


def broker(verb):
    subprocess.run([os.path.join(HERE, '..', 'broker.sh'), verb], check=True)


def worker():
    with open(os.path.join(DIR, 'worker.log'), 'wb') as out:
        return subprocess.Popen(
            ['/usr/bin/python3', '-m', 'celery', '-A', 'tasks', 'worker', '-n', 'w@recover', '-c',
             '2', '-l', 'warning', '--without-gossip', '--without-mingle'],
            cwd=APP, env={**os.environ, 'C_FORCE_ROOT': '1', 'PYTHONDONTWRITEBYTECODE': '1'},
            stdout=out, stderr=out, start_new_session=True)


def send():
    """A task counts as sent when its confirm has come; until then it is sent again."""
    global sent
    for number in range(TASKS):
        while True:
            try:
                note.apply_async((number,), retry=True,
                                 retry_policy={'max_retries': 100, 'interval_max': 0.2})
                break
            except Exception:   # whatever the library makes of a lost connection
                time.sleep(0.1)
        sent = number + 1


def notes():
    try:
        with open(NOTES) as file:
            return [int(line.split()[0]) for line in file]
    except FileNotFoundError:
        return []


def main():
    working = worker()
    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    try:
        for kill in range(KILLS):
            due = TASKS * (kill + 1) // (KILLS + 1)
            end = time.monotonic() + 60
            while sent < due and time.monotonic() < end:
                time.sleep(0.02)
            broker('crash')
            broker('start')
        end = time.monotonic() + 180
        while len(set(notes())) < TASKS and time.monotonic() < end:
            time.sleep(0.2)
    finally:
        working.terminate()
        try:
            working.wait(20)
        except subprocess.TimeoutExpired:
            working.kill()
    counts = collections.Counter(notes())
    missing = [n for n in range(TASKS) if n not in counts]
    ok = not missing and sent == TASKS
    print(f'{KILLS} kills, {sent} tasks sent, {len(counts)} executed, '
          f'{sum(n > 1 for n in counts.values())} of them more than once, {len(missing)} lost')
    print(('ok' if ok else 'FAIL') + ' celery recovers and loses nothing')
    sys.exit(not ok)


main()
