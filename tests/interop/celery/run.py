#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Task queue: two Celery workers, one killed -9 half way and started again.

usage: run.py TASKS DIR     broker on INTEROP_PORT; notes and logs go to DIR
"""
import collections
import os
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TASKS = int(sys.argv[1])
DIR = sys.argv[2]
NOTES = os.environ['INTEROP_NOTES'] = os.path.join(DIR, 'notes')
PROCESSES = 2
WINDOW = PROCESSES * 4   # times worker_prefetch_multiplier of tasks.py
sys.path.insert(0, HERE)
from tasks import app, note  # noqa: E402: the notes' place comes first


def worker(name, log):
    with open(os.path.join(DIR, log), 'wb') as out:
        return subprocess.Popen(
            ['/usr/bin/python3', '-m', 'celery', '-A', 'tasks', 'worker', '-n', name, '-c',
             str(PROCESSES), '-l', 'warning'],
            cwd=HERE, env={**os.environ, 'C_FORCE_ROOT': '1', 'PYTHONDONTWRITEBYTECODE': '1'},
            stdout=out, stderr=out, start_new_session=True)


def notes():
    try:
        with open(NOTES) as file:
            return [line.split() for line in file]
    except FileNotFoundError:
        return []


def wait(what, until, limit_s):
    end = time.monotonic() + limit_s
    while not until():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.1)


def queue():
    """The queue's messages and consumers; none of either while it is not there."""
    with app.connection() as c:
        try:
            ok = c.default_channel.queue_declare('celery', passive=True)
        except c.channel_errors:
            return 0, 0
        return ok.message_count, ok.consumer_count


failed = 0


def check(name, ok, why=''):
    global failed
    failed += not ok
    print('ok ' + name if ok else f'FAIL {name}: {why}', flush=True)


def send():
    for number in range(TASKS):
        note.delay(number)


def judge(done, before, killed):
    counts = collections.Counter(number for number, _ in done)
    check('every_task_was_executed', sorted(map(int, counts)) == list(range(TASKS)),
          f'{len(counts)} of {TASKS}')
    repeats = [number for number, n in counts.items() if n > 1]
    check('repeats_are_within_the_killed_worker_window',
          len(repeats) <= WINDOW and all(counts[n] == 2 for n in repeats),
          f'{len(repeats)} repeated, window {WINDOW}')
    mine = {number for number, by in before if by == killed}
    check('only_what_the_killed_worker_held_was_repeated', mine.issuperset(repeats), repeats)
    check('nothing_is_left_in_the_queue', queue() == (0, 0), queue())
    share = collections.Counter(by for _, by in done)
    check('both_workers_worked', len(share) == 2, share)
    print(f'{TASKS} tasks, {len(repeats)} repeated, {dict(share)}')


def stopped(process):
    """A worker that does not stop is asked to write into its log where its threads are."""
    try:
        return process.wait(30) == 0
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGUSR1)
        time.sleep(2)
        return False


def main():
    running = {}
    try:
        running = {name: worker(f'{name}@interop', f'{name}.log') for name in ('one', 'two')}
        wait('two workers', lambda: queue()[1] == 2, 60)
        sending = threading.Thread(target=send)
        sending.start()
        wait('half', lambda: len(notes()) >= TASKS // 2, 120)
        os.killpg(running['one'].pid, signal.SIGKILL)
        running['one'].wait()
        before = notes()
        check('killed_half_way', len(before) < TASKS, len(before))
        time.sleep(1)
        running['one'] = worker('one@interop', 'one-again.log')
        sending.join()
        wait('all', lambda: len({number for number, _ in notes()}) >= TASKS, 200)
        time.sleep(1)
        for each in running.values():
            each.terminate()
        for each in running.values():
            check('stops_in_order', stopped(each), each.returncode)
        judge(notes(), before, 'one@interop')
    except TimeoutError as e:
        check('in_time', False, f'{e}: {len(notes())} of {TASKS}')
    finally:
        for each in running.values():
            if each.poll() is None:
                os.killpg(each.pid, signal.SIGKILL)
    sys.exit(failed != 0)


main()
