#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""leveret-perf against a broker: what it says it did, it did.

usage: perf.py BUILD
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

from rig import Broker, check, eventually, finish


class Perf:
    def __init__(self, build, broker, scratch):
        self.program, self.broker, self.scratch = f"{build}/leveret-perf", broker, scratch
        self.uri = f"amqp://guest:guest@127.0.0.1:{broker.port}"

    def run(self, *words):
        r = subprocess.run([self.program, "-h", self.uri, *words], capture_output=True, text=True,
                           timeout=60)
        return r.returncode, r.stdout, r.stderr

    def summary(self, *words):
        code, out, err = self.run("--json", "-", *words)
        check(f"{' '.join(words)}: ends well, its summary is JSON", code == 0, (out, err))
        return json.loads(out)


def depth(broker, queue):
    return broker.connect().channel().queue_declare(queue, passive=True).method.message_count


def try_counts(perf):
    s = perf.summary("-x", "2", "-y", "2", "-C", "3000", "-D", "3000", "-f", "persistent",
                     "-c", "100", "-q", "200", "-A", "10", "-s", "1000", "-u", "both")
    check("as many were sent, confirmed and received as were asked for",
          (s["sent"], s["confirmed"], s["received"]) == (6000, 6000, 6000), s)
    check("times were taken of each",
          s["latency_us"]["count"] == s["confirm_us"]["count"] == 6000 and
          0 < s["latency_us"]["p50"] <= s["latency_us"]["p99"], s)
    s = perf.summary("-y", "0", "-C", "500", "-ad", "false", "-u", "stays")
    check("what is to stay is there", s["sent"] == 500 and depth(perf.broker, "stays") == 500, s)
    s = perf.summary("-x", "0", "-D", "500", "-ad", "false", "-u", "stays", "-m", "0", "-n", "50")
    check("... and is consumed in transactions",
          s["received"] == 500 and depth(perf.broker, "stays") == 0, s)
    s = perf.summary("-y", "0", "-C", "100", "-m", "10", "-u", "committed", "-ad", "false")
    check("transactions of a producer are committed", depth(perf.broker, "committed") == 100, s)


def try_kinds(perf):
    s = perf.summary("-sq", "-C", "1000", "-D", "1000", "-u", "stream")
    check("a stream is read from the first message", s["received"] == 1000, s)
    s = perf.summary("-qp", "many-%d", "-qpf", "1", "-qpt", "4", "-y", "2", "-C", "400",
                     "-D", "200", "-a")
    check("many queues are shared", s["received"] == 400, s)
    s = perf.summary("-y", "0", "-C", "50", "-f", "mandatory", "-c", "10", "-p", "-e",
                     "amq.fanout")
    check("what no queue takes is returned, and confirmed",
          (s["returned"], s["confirmed"]) == (50, 50), s)
    s = perf.summary("-C", "10", "-y", "0", "-u", "short", "-c", "1", "-ad", "false",
                     "-qa", "x-max-length=3,x-overflow=reject-publish")
    check("what a full queue rejects counts as nacked", (s["confirmed"], s["nacked"]) == (3, 7), s)


def try_pace(perf):
    s = perf.summary("-z", "2", "-r", "200")
    check("no faster than it was told", 0 < s["sent"] <= 200 * s["seconds"] + 2, s)


def try_files(perf):
    names = {kind: os.path.join(perf.scratch, f"run.{kind}") for kind in ("csv", "html", "json")}
    code, out, _ = perf.run("-z", "3", "-r", "500", "-c", "50", "-d", "<run> & \"more\"",
                            "-u", "filed", "-o", names["csv"], "--report", names["html"],
                            "--json", names["json"])
    lines = [line for line in out.splitlines() if ", time: " in line]
    with open(names["csv"], encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    with open(names["html"], encoding="utf-8") as f:
        page = f.read()
    with open(names["json"], encoding="utf-8") as f:
        summary = json.load(f)
    check("a line and a row for each interval", code == 0 and 1 < len(lines) == len(rows),
          (out, rows))
    check("rows have numbers", sum(float(r["sent_per_s"]) for r in rows) > 0, rows)
    check("the page has charts, and nothing of it is markup that was not meant",
          page.count("<path") >= 4 and "<run>" not in page and "&lt;run&gt;" in page, page[:300])
    check("the summary is named after the run", summary["id"] == "<run> & \"more\"", summary)


def try_faults(perf):
    for words, needle in (
            (["-x"], "wants N"), (["-x", "many"], "takes a number"), (["--nothing"], "no option"),
            (["-x", "0", "-y", "0"], "producer or a consumer"),
            (["-c", "5", "-m", "5"], "not both"),
            (["-qp", "q-%s", "-qpt", "2"], "queue-pattern"), (["-f", "brave"], "persistent"),
            (["-qa", "x-max-length"], "x-max-length=1000"), (["-h", "http://x"], "URI")):
        code, _, err = perf.run(*words)
        check(f"{' '.join(words)}: refused with a word about it", code == 2 and needle in err,
              (code, err))
    code, _, err = perf.run("-e", "amq.missing", "-z", "1")
    check("what the broker says is told", code == 1 and "404 NOT_FOUND" in err, err)
    code, _, err = perf.run("-h", "amqp://guest:wrong@127.0.0.1:%d" % perf.broker.port, "-z", "1")
    check("a wrong password, too", code == 1 and "403" in err, err)
    code, out, _ = perf.run("--help")
    check("--help tells options", code == 0 and "--multi-ack-every N" in out, out)


def try_lost_broker(perf, broker):
    p = subprocess.Popen([perf.program, "-h", perf.uri, "-z", "30", "-r", "100", "--quiet"],
                         stderr=subprocess.PIPE, text=True)
    check("it is at work", eventually(lambda: broker.rows("list_consumers")))
    broker.end()
    _, err = p.communicate(timeout=30)
    check("a broker that goes ends the run, with its words", p.returncode == 1 and
          ("320" in err or "connection" in err), err)


def main():
    build = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        broker = Broker(build, f"{scratch}/data")
        try:
            perf = Perf(build, broker, scratch)
            try_counts(perf)
            try_kinds(perf)
            try_pace(perf)
            try_files(perf)
            try_faults(perf)
        finally:
            try_lost_broker(perf, broker)
    sys.exit(finish("perf"))


main()
