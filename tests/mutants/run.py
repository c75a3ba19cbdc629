#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each row of docs/compatibility.md has a test that fails without the feature: for every
mutant of mutants.txt the one change is made in a copy of the tree, the copy is built, and the test
named there must fail. A row without a mutant is a failure, and so is a mutant that does not fit
the source any more.

usage: run.py [--fits] [TEXT ...]     only mutants of rows, or with tests, that contain a TEXT
       --fits: only looks whether each row has one and all of them fit (part of make rules)
"""
import collections
import os
import re
import shutil
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PAGE, LIST, TREE = "docs/compatibility.md", "tests/mutants/mutants.txt", "build/mutants"
FIELDS = ("row", "file", "old", "new", "test")
LIMIT_S = 120

Mutant = collections.namedtuple("Mutant", FIELDS + ("line",))


def rows_of_page():
    """The two tables: 'class: what' of the protocol, and the names of extensions."""
    rows, table, of = [], None, ""
    with open(PAGE, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not cells:
                table = None
            elif cells[0] in ("class", "extension"):
                table = cells[0]
            elif table == "class" and not cells[0].startswith("---"):
                of = cells[0] or of
                rows.append(f"{of}: {cells[1]}")
            elif table == "extension" and not cells[0].startswith("---"):
                rows.append(cells[0])
    return rows


def read_mutants():
    mutants, fields, at = [], {}, 0
    with open(LIST, encoding="utf-8") as file:
        lines = file.read().splitlines() + [""]
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if line.strip():
            name, _, value = line.partition(" ")
            if name not in FIELDS:
                sys.exit(f"{LIST}:{number}: '{name}' is none of {' '.join(FIELDS)}")
            at = at or number
            value = value.strip() if name != "new" else value.strip(" ")
            fields[name] = fields[name] + "\n" + value if name in fields else value
        elif fields:
            if set(fields) != set(FIELDS):
                sys.exit(f"{LIST}:{at}: needs {' '.join(FIELDS)}")
            mutants.append(Mutant(line=at, **fields))
            fields, at = {}, 0
    return mutants


def pattern(old):
    """Lines as they are written, whatever their indent."""
    return r"\n[ \t]*".join(re.escape(line) for line in old.split("\n"))


def fits(mutant):
    with open(mutant.file, encoding="utf-8") as file:
        return len(re.findall(pattern(mutant.old), file.read()))


def is_there(test):
    kind, _, name = test.partition(" ")
    if kind != "unit":
        return os.path.exists(f"tests/stories/{name}.story")
    with open("tests/unit/suites.def", encoding="utf-8") as file:
        return any(suite.startswith(name) for suite in re.findall(r"SUITE\((\w+)\)", file.read()))


def check_list(mutants, rows):
    bad = 0
    for mutant in mutants:
        of = [row for row in rows if row.startswith(mutant.row)]
        if len(of) != 1:
            print(f"FAIL {LIST}:{mutant.line}: {len(of)} rows begin with '{mutant.row}'")
            bad += 1
        if not is_there(mutant.test):
            print(f"FAIL {LIST}:{mutant.line}: there is no test '{mutant.test}'")
            bad += 1
        n = fits(mutant)
        if n != 1:
            print(f"FAIL {LIST}:{mutant.line}: found {n} times in {mutant.file}: {mutant.old}")
            bad += 1
    for row in rows:
        if not any(row.startswith(mutant.row) for mutant in mutants):
            print(f"FAIL no mutant for the row '{row}'")
            bad += 1
    return bad


# ---- the copy ----

def make_copy():
    os.makedirs(TREE, exist_ok=True)
    names = subprocess.run(["git", "ls-files"], text=True, capture_output=True, check=True).stdout
    for name in names.splitlines():
        to = f"{TREE}/{name}"
        os.makedirs(os.path.dirname(to), exist_ok=True)
        if not os.path.exists(to) or open(to, "rb").read() != open(name, "rb").read():
            shutil.copyfile(name, to)
            shutil.copymode(name, to)


def build():
    r = subprocess.run(["make", "-s", "-j2", "LTO=", "OPT=-O0 -w", "build/stories", "build/unit"],
                       cwd=TREE, capture_output=True, text=True)
    return r.returncode == 0, r.stdout + r.stderr


def passes(test):
    kind, _, name = test.partition(" ")
    command = ["build/unit", name] if kind == "unit" else ["build/stories",
                                                           f"tests/stories/{name}.story"]
    try:
        r = subprocess.run(command, cwd=TREE, capture_output=True, timeout=LIMIT_S)
        return r.returncode == 0
    except subprocess.TimeoutExpired:
        return False


def try_mutant(mutant):
    path = f"{TREE}/{mutant.file}"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(pattern(mutant.old), lambda _: mutant.new, text))
    try:
        ok, said = build()
        if not ok:
            return f"does not build: {said[-300:]}"
        return "its test passes all the same" if passes(mutant.test) else None
    finally:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def main():
    words = [word for word in sys.argv[1:] if word != "--fits"]
    rows, mutants = rows_of_page(), read_mutants()
    bad = check_list(mutants, rows)
    if "--fits" in sys.argv[1:]:
        print(f"passed {len(mutants) + len(rows) - bad} failed {bad} mutants fit")
        sys.exit(bad != 0)
    chosen = [mutant for mutant in mutants
              if not words or any(word in mutant.row + " " + mutant.test for word in words)]
    make_copy()
    ok, said = build()
    if not ok:
        sys.exit(said)
    for test in sorted({mutant.test for mutant in chosen}):
        if not passes(test):
            print(f"FAIL '{test}' fails without any change")
            bad += 1
    killed = 0
    for mutant in chosen:
        why = try_mutant(mutant)
        print(f"{'FAIL' if why else 'ok'} {mutant.row} ({mutant.test}){': ' + why if why else ''}",
              flush=True)
        bad, killed = bad + bool(why), killed + (not why)
    build()
    print(f"passed {killed} failed {bad} compat-mutants")
    sys.exit(bad != 0)


main()
