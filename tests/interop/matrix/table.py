#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts what the clients said into a page, as a table of clients by scenarios, between two marks.

usage: table.py DIR PAGE     DIR has a file CLIENT.rows for each client; run.sh writes them
"""
import collections
import glob
import os
import sys

BEGIN, END = '<!-- interop: begin -->\n', '<!-- interop: end -->\n'
HERE = os.path.dirname(os.path.abspath(__file__))


def scenarios():
    with open(os.path.join(HERE, '..', 'scenarios.tsv')) as file:
        return [line.split('\t')[:2] for line in file]


def clients(folder):
    """Name and lines of each client that has a folder here and was run."""
    for path in sorted(glob.glob(os.path.join(folder, '*.rows'))):
        name = os.path.basename(path)[:-len('.rows')]
        if os.path.exists(os.path.join(HERE, name, 'setup')):
            with open(path) as file:
                yield name, file.read().splitlines()


def cells(lines):
    return {words[1]: words[0] for words in map(str.split, lines[1:])}


def reasons(lines, word):
    """What a client said of what is not ok: the scenarios of each reason."""
    out = collections.defaultdict(list)
    for line in lines[1:]:
        if line.startswith(word):
            head, _, why = line.partition(': ')
            out[why].append(head.split()[1])
    return out


def table(folder):
    ids = [number for number, _ in scenarios()]
    yield '| client | version | ' + ' | '.join(ids) + ' |\n'
    yield '|---' * (2 + len(ids)) + '|\n'
    notes = []
    for name, lines in clients(folder):
        what, _, rest = lines[0].partition(' ')
        if what == 'absent':
            yield f'| {name} | cannot be installed: {rest} |' + ' |' * len(ids) + '\n'
            continue
        said = cells(lines)
        yield f'| {name} | {rest} | ' + ' | '.join(said[number] for number in ids) + ' |\n'
        for word in ('part', 'none', 'FAIL'):
            for why, which in reasons(lines, word).items():
                notes.append(f'- {name} {word} {", ".join(which)}: {why}\n')
    yield '\n`ok` is the whole of a scenario, `part` what the client can do of it, `none` that it\n'
    yield 'has no way to do it; the reasons are below.\n'
    yield '\nThe scenarios: ' + ', '.join(f'{i} {n}' for i, n in scenarios()) + '.\n'
    if notes:
        yield '\n'
        yield from notes


def main():
    folder, page = sys.argv[1:]
    with open(page) as file:
        text = file.read()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    with open(page, 'w') as file:
        file.write(head + BEGIN + ''.join(table(folder)) + END + tail)


main()
