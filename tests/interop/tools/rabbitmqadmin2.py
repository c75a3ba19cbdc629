#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rabbitmqadmin 2, as it comes: every one of its commands, in the order of rabbitmqadmin2.tsv. It
takes apart all it is answered, so each list is a test of the fields.

usage: rabbitmqadmin2.py PROGRAM

A line of the table is how it ends (ok, or its exit code), a text that the output has ("-" before
it: has not), and the command, whose words are as in a shell; {node} is the node's name, {amqp} a
port, {dir} a folder. A command that the program has and the table has not fails, and so does one
that is gone.
"""
import os
import re
import shlex
import subprocess
import sys

import api

HERE = os.path.dirname(os.path.abspath(__file__))
ENDPOINT = ['--host', api.HOST, '--port', str(api.WEB), '--username', 'guest',
            '--password', 'guest', '--non-interactive']
# What is not about a broker of this kind.
BESIDE = {'tanzu'}


def program(*words):
    r = subprocess.run([sys.argv[1], *words], capture_output=True, text=True, timeout=30,
                       stdin=subprocess.DEVNULL)
    return r.returncode, r.stdout + r.stderr


def table():
    where = {'node': api.NODE, 'amqp': str(api.AMQP), 'dir': os.environ['INTEROP_DIR']}
    with open(os.path.join(HERE, 'rabbitmqadmin2.tsv')) as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                for key, value in where.items():
                    line = line.replace('{%s}' % key, value)
                yield line.rstrip('\n').split('\t')


def command_of(words, known):
    """What of the words names the command: a group and one of its commands."""
    for first, second in zip(words, words[1:]):
        if f'{first} {second}' in known:
            return f'{first} {second}'
    return None


def subcommands(*of):
    said = program(*of, 'help')[1]
    listed = re.search(r'^Commands:\n((?: .*\n|\n)*)', said, re.M)
    return [m for m in re.findall(r'^  ([a-z_0-9]+)', listed[1] if listed else '', re.M)
            if m != 'help']


def main():
    known = {f'{group} {one}' for group in subcommands() if group not in BESIDE
             for one in subcommands(group)}
    scene = api.Scene()
    tried = set()
    for ends, text, command in table():
        words = shlex.split(command)
        name = command_of(words, known)
        tried.add(name)
        if not name:
            api.check(f'there is such a command: {command}', False)
            continue
        code, said = program(*ENDPOINT, *words)
        right = code == (0 if ends == 'ok' else int(ends))
        has = text[1:] not in said if text.startswith('-') else text in said
        api.check(f'{command}', right and has, (code, said))
    for name in sorted(known - tried):
        api.check(f'the table has {name}', False)
    try:
        scene.end()
    except api.pika.exceptions.AMQPError:
        pass   # it was closed from outside
    print(f'{len(known)} commands')
    return api.failed != 0


sys.exit(main())
