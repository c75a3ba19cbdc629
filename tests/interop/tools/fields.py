#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each answer of the HTTP API has the fields that rabbitmqadmin 2 cannot do without, in their
kinds: fields.tsv says which. There is something of everything in the broker."""
import os
import sys

import api

KINDS = {
    's': lambda v: isinstance(v, str),
    'S': lambda v: isinstance(v, str) and v,
    'n': lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    'b': lambda v: isinstance(v, bool),
    'o': lambda v: isinstance(v, dict),
    'l': lambda v: isinstance(v, list),
    't': lambda v: isinstance(v, (str, list)),
}


def objects(answer, where):
    """All that the path leads to: "[]" stands for every one of a list, which has some."""
    found = [answer]
    for word in {'list': '[]', 'object': ''}.get(where, where).replace('[]', '.[]').split('.'):
        if word == '[]':
            assert all(found), 'a list is empty'
            found = [each for one in found for each in one]
        elif word:
            found = [one[word] for one in found]
    return found


def wrong(answer, where, fields):
    for one in objects(answer, where):
        for field in fields:
            name, kind = field.split(':')
            if name not in one:
                return f'{name} is not in {one}'
            if not KINDS[kind](one[name]):
                return f'{name} is {one[name]!r}, not of kind {kind}'
    return None


def main():
    scene = api.Scene()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'fields.tsv')) as file:
        rows = [line.rstrip('\n').split('\t') for line in file if not line.startswith('#')]
    for path, where, fields in rows:
        status, answer = api.ask('GET', path)
        try:
            why = wrong(answer, where, fields.split()) if status == 200 else status
        except (AssertionError, KeyError, TypeError) as e:
            why = repr(e)
        api.check(f'GET {path}: {where}', why is None, why)
    scene.end()
    return api.failed != 0


sys.exit(main())
