# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of one's own: it listens on a socket in its directory, and runs as who may not do
much when root starts it."""
import os
import signal
import subprocess
import time

import psycopg2
from scene import Server

BIN = '/usr/lib/postgresql/15/bin'
SETTINGS = {'listen_addresses': '', 'wal_level': 'logical', 'log_min_messages': 'panic'}


def nobody_much():
    if os.geteuid() != 0:
        return {}
    return {'user': 'postgres', 'group': 'postgres', 'extra_groups': []}


class Postgres(Server):
    name = 'PostgreSQL'
    ends_by = signal.SIGINT     # whoever is connected

    def __init__(self, directory):
        os.chmod(directory, 0o711)
        self.home = f'{directory}/postgres'
        self.dsn = f'host={self.home} user=postgres dbname=postgres'
        self.who = nobody_much()
        os.mkdir(self.home)
        if self.who:
            subprocess.run(['chown', 'postgres:postgres', self.home], check=True)
        subprocess.run([f'{BIN}/initdb', '-U', 'postgres', '-A', 'trust', '-D',
                        f'{self.home}/data'],
                       cwd='/', stdout=subprocess.DEVNULL, check=True, **self.who)

    def start(self):
        """What a killed server leaves behind may keep the next one out for a moment."""
        settings = [f'--{key}={value}' for key, value in SETTINGS.items()]
        while True:
            if not self.process or self.process.poll() is not None:
                self.spawn(f'{BIN}/postgres', '-D', f'{self.home}/data', '-k', self.home,
                           *settings, cwd='/', stderr=subprocess.DEVNULL, **self.who)
            try:
                return psycopg2.connect(self.dsn).close()
            except psycopg2.OperationalError:
                time.sleep(0.05)
