#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stock connectors of stream processors, with kills on both sides. README.md says what is shown.

usage: run.py [PEER ...]    flink debezium storm kafka, else all of those
  BROKER=FILE           the program under test (build/leveret)
  SEED=N                of the moments of the kills
  CONNECTORS_PORTS=N    this port and those behind it (free ones)
"""
import importlib
import os
import random
import signal
import subprocess
import sys
import time

import pika.exceptions
import rig

PEERS = ["flink", "debezium", "storm", "kafka"]
TROUBLE = (rig.Failure, OSError, subprocess.SubprocessError, pika.exceptions.AMQPError)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # what was started is ended
    seed = int(os.environ.get("SEED", "1"))
    print(f"seed {seed}")
    rig.BUILD.mkdir(parents=True, exist_ok=True)
    ports = rig.Ports()
    passed = failed = 0
    for name in sys.argv[1:] or PEERS:
        for case in importlib.import_module(f"with_{name}").CASES:
            begun = time.monotonic()
            try:
                print(f"ok {case(ports, random.Random(seed))}", end="")
                passed += 1
            except rig.Absent as absent:
                print(f"none {name} {case.__name__}: {absent}", end="")
            except TROUBLE as failure:
                print(f"FAIL {name} {case.__name__}: {failure}", end="")
                failed += 1
            print(f" ({time.monotonic() - begun:.0f} s)", flush=True)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
