# SPDX-License-Identifier: Apache-2.0
"""What the examples share: a broker of their own, programs that are started again whenever they
die, and somebody who kills them."""
import argparse
import contextlib
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pika

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LOST = (pika.exceptions.AMQPError, OSError)     # whatever becomes of a connection
GONE = 75                                       # how a program ends that has lost one
PERSISTENT = 2

logging.getLogger('pika').setLevel(logging.CRITICAL)


# ---- for the programs ----

def connect(port):
    """A connection to the broker, as soon as there is a broker."""
    while True:
        try:
            return pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(port)))
        except LOST:
            time.sleep(0.05)


def crash_only(main, *lost):
    """For a program that has one way to begin and none back: when a connection is lost it ends, and
    who started it starts it again."""
    try:
        main(*sys.argv[1:])
    except LOST + lost:
        sys.exit(GONE)


# ---- for who runs them ----

class Server:
    """A process that is there until stop, but for a moment at each kill. How it starts is for the
    classes below to say."""
    process = None
    ends_by = signal.SIGTERM

    def spawn(self, *command, **more):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                                        **more)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self):
        if self.process:
            self.process.send_signal(self.ends_by)
            self.process.wait()


class Broker(Server):
    name = 'broker'

    def __init__(self, directory):
        self.data, self.log = f'{directory}/broker', f'{directory}/broker.log'
        self.port = os.environ.get('PORT') or subprocess.check_output(
            f'{ROOT}/tests/free_port.sh', text=True).strip()

    def start(self):
        with open(self.log, 'w') as log:
            self.spawn(os.environ.get('BROKER', f'{ROOT}/build/leveret'),
                       f'listeners.tcp.1=127.0.0.1:{self.port}', f'data_dir={self.data}',
                       stderr=log)
        while ' ready: ' not in self.said():
            if self.process.poll() is not None:
                raise RuntimeError('the broker did not start: ' + self.said())
            time.sleep(0.01)

    def stop(self):
        super().stop()
        if self.process.returncode:
            raise RuntimeError(f'the broker ended with {self.process.returncode}: ' + self.said())

    def said(self):
        with open(self.log) as log:
            return log.read()


class Program(Server):
    """Runs once, and prints numbers, which are read by going over it."""

    def __init__(self, command):
        self.command = command

    def start(self):
        self.spawn(*self.command, stdout=subprocess.PIPE, text=True)

    def __iter__(self):
        yield from map(int, self.process.stdout)
        if self.process.wait():
            raise RuntimeError(f'{self.command} ended with {self.process.returncode}')


class Service(Server):
    """A program that is started again when it was killed or had lost a connection. When it ends in
    another way, all is over."""

    def __init__(self, name, command):
        self.name, self.command, self.over = name, command, False
        self.lock = threading.Lock()
        self.keeper = threading.Thread(target=self.keep)

    def start(self):
        self.begin()
        self.keeper.start()

    def begin(self):
        with self.lock:
            if not self.over:
                self.spawn(*self.command)
            return not self.over

    def keep(self):
        while self.process.wait() in (GONE, -signal.SIGKILL) and self.begin():
            pass
        if not self.over:
            print(f'the {self.name} ended by itself', file=sys.stderr)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)

    def kill(self):
        self.process.kill()

    def stop(self):
        with self.lock:
            self.over = True
            self.process.kill()
        self.keeper.join()


class Scene:
    """A directory, a broker and programs. At the end of the `with` nothing of it is left."""

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        os.environ.update(PYTHONPATH=HERE, PYTHONDONTWRITEBYTECODE='1')
        with contextlib.ExitStack() as self.ending:
            self.directory = tempfile.mkdtemp(prefix='leveret-')
            self.ending.callback(shutil.rmtree, self.directory)
            self.broker = self.add(Broker(self.directory))
            self.ending = self.ending.pop_all()
        return self

    def __exit__(self, *_):
        self.ending.close()

    def add(self, server):
        """Starts something that is to be stopped in the end."""
        self.ending.callback(server.stop)
        server.start()
        return server

    def service(self, script, *arguments):
        """A program that lies beside the example's, kept running. The broker's port comes first
        among its arguments."""
        return self.add(Service(script.removesuffix('.py'), self.command(script, arguments)))

    def program(self, script, *arguments):
        """One that runs once, and prints how far it is."""
        return self.add(Program(self.command(script, arguments)))

    def command(self, script, arguments):
        here = os.path.dirname(os.path.abspath(sys.argv[0]))
        return [sys.executable, f'{here}/{script}', self.broker.port, *map(str, arguments)]


def options(**sizes):
    """What the command line says; each size has a usual value and one for --full."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--full', action='store_true', help='the long run')
    parser.add_argument('--seed', type=int, default=1, help='of the moments of the kills')
    for name, (usual, full) in sizes.items():
        parser.add_argument(f'--{name}', type=int, help=f'{usual}, in the long run {full}')
    given = parser.parse_args()
    for name, (usual, full) in sizes.items():
        if getattr(given, name) is None:
            setattr(given, name, full if given.full else usual)
    return given


def kill_at_random(progress, end, victims, kills, seed):
    """Follows a progress to its end, and kills so often on the way there, each victim about as
    often as the others."""
    dice = random.Random(seed)
    due = sorted(dice.sample(range(end), kills))
    victims = dice.sample((victims * kills)[:kills], kills)
    for done in progress:
        while due and due[0] <= done:
            due.pop(0)
            victim = victims.pop()
            time.sleep(dice.uniform(0, 0.05))
            victim.kill()
            print(f'  {victim.name} killed at {done}', flush=True)
