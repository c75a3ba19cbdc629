#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what a RabbitMQ answered to the stories against the differences that are accepted.

usage: compare.py VERSION OUTPUT        VERSION: 3 or 4; OUTPUT: what `stories --port` printed
       compare.py --write OUTPUT OUTPUT  for 3 and 4: what was seen, into docs/compatibility.md

accepted.txt has reasons, `reason KEY  [sometimes]  SENTENCE`, and differences,
`VERSIONS | STORY | SCENE | KEY | BEGINNING`, where BEGINNING is how what came begins. A difference
that is not in it fails, one that begins otherwise too, and so does an entry without a difference,
unless its reason is one that shows only sometimes.  SCENE may be *, of that story every one, and
STORY too.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def differences(path):
    """{(story, scene): (expected line, what came)} of a run."""
    out = {}
    with open(path, errors="replace") as f:
        said = f.read()
    pattern = r'^not ok (\S+?):\d+:  "(.*)"\n((?:.*\n)*?)(?=^(?:not ok|ok|passed) )'
    for m in re.finditer(pattern, said, re.M):
        lines = [line.strip() for line in m[3].split("  so far:")[0].strip().split("\n")]
        story = os.path.basename(m[1]).removesuffix(".story")
        out[story, m[2]] = lines[0].removeprefix("line: "), " ".join(lines[1:])
    return out


def accepted(path, version):
    """({(story, scene): [(reason, beginning)]}, {reason: shows only sometimes})"""
    entries, reasons = {}, {}
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if line.startswith("reason "):
                key, *rest = line.split(maxsplit=2)[1:]
                reasons[key] = rest[0].startswith("sometimes")
            elif line and not line.startswith("#"):
                parts = f"{line} ".split(" |", 4)
                versions, story, scene, key, beginning = [p.strip() for p in parts]
                if key not in reasons:
                    sys.exit(f"{path}:{number}: there is no reason {key}")
                if version in versions:
                    entries.setdefault((story, scene), []).append((key, beginning))
    return entries, reasons


def lookup(entries, where, came):
    """The reason for a difference, or None."""
    for key in (where, (where[0], "*"), ("*", "*")):
        for reason, beginning in entries.get(key, []):
            if came.startswith(beginning):
                return reason
    return None


def judge(version, output, say):
    """Says each difference; (a line for the documentation, how many passed, how many failed)."""
    found = differences(output)
    entries, reasons = accepted(os.path.join(HERE, "accepted.txt"), version)
    counts, failed = {}, 0
    with open(output, errors="replace") as f:
        last = f.read().rstrip().split("\n")[-1]
    equal = int(re.match(r"passed (\d+)", last)[1])
    for where, (expected, came) in sorted(found.items()):
        key = lookup(entries, where, came)
        verdict = f"accepted, {key}" if key else "NEW"
        failed += verdict == "NEW"
        counts[key] = counts.get(key, 0) + (verdict != "NEW")
        say(f"{verdict}: {where[0]}: {where[1]}\n    ours    {expected}\n    theirs  {came}")
    shown = set(found) | {(story, "*") for story, _ in found}
    for where, accepts in sorted(entries.items()):
        if where not in shown and not reasons[accepts[0][0]]:
            failed += 1
            say(f"STALE: {where[0]}: {where[1]}: equal now")
    total = ", ".join(f"{n} {key}" for key, n in sorted(counts.items(), key=lambda i: -i[1]) if n)
    line = f"{equal} scenes equal; accepted: {total}"
    return line, equal + sum(counts.values()), failed


def write(outputs):
    path = os.path.join(HERE, "../../docs/compatibility.md")
    names = {"3": "RabbitMQ 3.10.8", "4": "RabbitMQ 4.0.5"}
    lines = [f"- {names[v]}: {judge(v, output, lambda text: None)[0]}."
             for v, output in zip("34", outputs)]
    with open(path) as f:
        head, rest = f.read().split("<!-- compat: begin -->")
    tail = rest.split("<!-- compat: end -->")[1]
    with open(path, "w") as f:
        f.write("\n".join([head + "<!-- compat: begin -->", *lines, "<!-- compat: end -->" + tail]))


def main():
    if sys.argv[1] == "--write":
        write(sys.argv[2:])
        return
    line, passed, failed = judge(*sys.argv[1:3], print)
    print(f"RabbitMQ {sys.argv[1]}: {line}")
    print(f"passed {passed} failed {failed} compat-{sys.argv[1]}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
