#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/configuration.md, from server/config.def.

usage: keys.py           prints the page as it should be
       keys.py --write   writes it
       keys.py --check   fails when it is another one
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.abspath(__file__)) + "/.."
PAGE = f"{ROOT}/docs/configuration.md"
ROW = re.compile(r'KEY\("([^"]+)", ([A-Z]+), [a-z_0-9]+, ([A-Z]+), "([^"]*)", [^,]+, [^,]+,\s*'
                 r'((?:"[^"]*"\s*)+)\)')
WHEN = {"LIVE": "reload", "START": "start", "FIRST": "first start"}
HEAD = "| key | kind | default | takes effect | what it is |\n|---|---|---|---|---|\n"


def rows(text):
    for name, kind, when, standard, words in ROW.findall(re.sub(r"\s*\n\s+", " ", text)):
        doc = "".join(re.findall(r'"([^"]*)"', words)).replace("|", "\\|")
        default = f"`{standard}`" if standard and kind != "SECRET" else ""
        yield f"| `{name}` | {kind.lower()} | {default} | {WHEN[when]} | {doc} |\n"


def main(how):
    definitions = open(f"{ROOT}/server/config.def").read()
    table = list(rows(definitions))
    if len(table) != len(re.findall(r"^KEY\(", definitions, re.M)):
        sys.exit("keys.py: not all rows of server/config.def were understood")
    page = open(PAGE).read()
    before, _, rest = page.partition(HEAD)
    after = re.sub(r"\A(\|.*\n)*", "", rest)
    wanted = before + HEAD + "".join(table) + after
    if how == "--write":
        with open(PAGE, "w") as f:
            f.write(wanted)
    elif how == "--check":
        sys.exit(page != wanted)
    else:
        print(wanted, end="")


main((sys.argv + [""])[1])
