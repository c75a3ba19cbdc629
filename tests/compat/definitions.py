#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Definitions there and back: what a RabbitMQ exports comes in here and goes out equal, and what
goes out here comes in there and is exported equal.  What that version has no words for, or adds of
itself, is left out of the comparison, and said here (there).

usage: definitions.py BUILD PORT [--golden] [3] [4]     --golden writes tests/golden/definitions
Needs root and what rabbit.sh installs; takes PORT to PORT + 20.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../server")

import definitions as d          # noqa: E402
import rig                       # noqa: E402
from everything import everything   # noqa: E402
from rig import check            # noqa: E402


class Rabbit:
    def __init__(self, version, port):
        self.web = port + 1
        self.folder = subprocess.run(
            ["sh", HERE + "/rabbit.sh", "start", version, str(port)], check=True,
            stdout=subprocess.PIPE, text=True,
            env={**os.environ, "MANAGEMENT": str(self.web)}).stdout.strip()

    def end(self):
        subprocess.run(["sh", HERE + "/rabbit.sh", "stop", self.folder], check=True)


def take(b, definitions):
    status, text = d.ask(b.web, "POST", "definitions", definitions)
    return status == 204 or text


def give(b):
    return json.loads(d.ask(b.web, "GET", "definitions")[1])


def there(definitions, version):
    """As that version says it: 3.10 exports of a virtual host its name alone, 4.0 gives every queue
    a type, and both have parameters of their cluster."""
    out = json.loads(json.dumps(definitions))
    out["global_parameters"] = [p for p in out["global_parameters"] if p["name"] not in
                                ("internal_cluster_id", "cluster_tags")]
    if version == "3":
        out["vhosts"] = [{"name": v["name"]} for v in out["vhosts"]]
    for q in out["queues"] if version == "4" else []:
        q["arguments"].setdefault("x-queue-type", "classic")
    return d.normal(out)


def keep(definitions):
    name = f"rabbitmq-{definitions['rabbitmq_version']}.json"
    with open(f"{d.GOLDEN}/{name}", "w", encoding="utf-8") as f:
        json.dump(definitions, f, ensure_ascii=False, indent=1)


def round_trip(build, version, port, golden, data):
    rabbit = Rabbit(version, port)
    taken = take(rabbit, everything())
    theirs = give(rabbit)
    rabbit.end()
    name = theirs["rabbitmq_version"]
    check(f"{name} takes one of everything", taken is True, taken)
    if golden:
        keep(theirs)
    b = d.start(build, f"{data}/{version}")
    taken = take(b, theirs)
    ours = give(b)
    b.end()
    check("... and what it exports comes in here", taken is True, taken)
    wrong = d.differences(d.normal(theirs), d.normal(ours))
    check("... and goes out equal", not wrong, wrong)
    rabbit = Rabbit(version, port)
    taken = take(rabbit, ours)
    back = give(rabbit)
    rabbit.end()
    check("what goes out here comes in there", taken is True, taken)
    wrong = d.differences(there(ours, version), there(back, version))
    check("... and is exported equal", not wrong, wrong)


def main():
    words = [w for w in sys.argv[3:] if w != "--golden"]
    data = tempfile.mkdtemp()
    for version in words or ["3", "4"]:
        round_trip(sys.argv[1], version, int(sys.argv[2]), "--golden" in sys.argv, data)
    shutil.rmtree(data)
    return rig.finish("compat-definitions")


if __name__ == "__main__":
    sys.exit(main())
