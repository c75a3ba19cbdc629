#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what the suites of others found against what is accepted.

usage: judge.py SUITE DIR VERSION    what the suite left in DIR: *.xml, or tests.log of Rust
       judge.py --write DIR          what was found by all, DIR/SUITE/verdicts, into
                                     docs/compatibility.md

accepted.txt has reasons, `reason KEY  [sometimes]  SENTENCE`, and tests that miss, `SUITE | KEY |
TEST`, where TEST may have the wildcards of a shell.  A miss that is not in it fails, and so does an
entry for which nothing misses, unless its reason is one that shows only sometimes.
"""
import collections
import fnmatch
import glob
import os
import re
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, '..', '..', '..', 'docs', 'compatibility.md')
BEGIN, END = '<!-- suites: begin -->\n', '<!-- suites: end -->\n'
SUITES = {'rabbit_hole': 'rabbit-hole, Go', 'rabbitmq_http_client': 'rabbitmq_http_client, Rust',
          'rabbitmqadmin': 'rabbitmqadmin 2'}


def accepted():
    """({suite: [(key, pattern)]}, {key: (only sometimes, sentence)})"""
    entries, reasons = collections.defaultdict(list), {}
    with open(os.path.join(HERE, 'accepted.txt')) as file:
        for line in map(str.strip, file):
            if line.startswith('reason '):
                key, rest = line.split(maxsplit=2)[1:]
                reasons[key] = (rest.startswith('sometimes'),
                                rest.removeprefix('sometimes').strip())
            elif line and not line.startswith('#'):
                suite, key, pattern = map(str.strip, line.split('|', 2))
                if key not in reasons:
                    sys.exit(f'accepted.txt: there is no reason {key}')
                entries[suite].append((key, pattern))
    return entries, reasons


def of_ginkgo(folder):
    """{test: it passed}"""
    out = {}
    for path in sorted(glob.glob(os.path.join(folder, '*.xml'))):
        for case in xml.etree.ElementTree.parse(path).iter('testcase'):
            name = case.get('name').removeprefix('RabbitMQ HTTP API client ')
            if case.find('skipped') is None:
                out[name] = case.find('failure') is None
    return out


def of_rust(folder):
    """The last verdict counts: what failed was tried again."""
    path = os.path.join(folder, 'tests.log')
    if not os.path.exists(path):
        return {}
    with open(path, errors='replace') as file:
        found = re.findall(r'^test (\S+) \.\.\. (ok|FAILED)$', file.read(), re.M)
    return {name: verdict == 'ok' for name, verdict in found}


def reason_for(entries, name):
    return next((key for key, pattern in entries if fnmatch.fnmatchcase(name, pattern)), None)


def judge(suite, folder, version):
    entries, reasons = accepted()
    found = of_ginkgo(folder) or of_rust(folder)
    missed = [name for name, passed in found.items() if not passed]
    wrong = [f'FAIL {suite}: {name}' for name in missed
             if not reason_for(entries[suite], name)]
    wrong += [f'FAIL {suite}: nothing misses any more: {pattern}'
              for key, pattern in entries[suite]
              if not reasons[key][0] and not fnmatch.filter(missed, pattern)]
    if not found:
        wrong.append(f'FAIL {suite}: no test has run')
    with open(os.path.join(folder, 'verdicts'), 'w') as file:
        print('version', version, file=file)
        for name, passed in sorted(found.items()):
            print('ok' if passed else 'miss', name, file=file)
    print('\n'.join(wrong + [f'{suite}: {len(found) - len(missed)} of {len(found)} pass, '
                             f'{len(missed)} miss']))
    return len(wrong)


def table(folder):
    entries, reasons = accepted()
    yield '| suite | version | tests | pass | miss |\n|---|---|---|---|---|\n'
    notes = collections.defaultdict(list)
    for suite, title in SUITES.items():
        path = os.path.join(folder, suite, 'verdicts')
        if not os.path.exists(path):
            continue
        with open(path) as file:
            version, *lines = file.read().splitlines()
        missed = [line[5:] for line in lines if line.startswith('miss ')]
        yield (f'| {title} | {version.split()[1]} | {len(lines)} | {len(lines) - len(missed)} | '
               f'{len(missed)} |\n')
        for name in missed:
            notes[reason_for(entries[suite], name)].append(f'`{name}`')
    yield '\nWhat misses, and why:\n\n'
    for key, (_, sentence) in reasons.items():
        if notes[key]:
            yield f'- {len(notes[key])}: {sentence} {", ".join(notes[key])}\n'
    for name in notes[None]:
        yield f'- not accepted: {name}\n'


def write(folder):
    with open(PAGE) as file:
        head, rest = file.read().split(BEGIN)
    with open(PAGE, 'w') as file:
        file.write(head + BEGIN + ''.join(table(folder)) + END + rest.split(END)[1])
    return 0


sys.exit((write if sys.argv[1] == '--write' else judge)(*sys.argv[1 + (sys.argv[1] == '--write'):])
         != 0)
