#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The long runs, in slices: kills, transactions, simulated crashes, fuzzing, models. For MINUTES
(30) it takes one step after the other, each with a seed of its own, of what is furthest from its
aim, and puts a line into docs/evidence.tsv for each; the next call goes on from there. A step that
was interrupted leaves no line. The table of docs/evidence.md is made of these lines, and a row of
the README once its aim is reached. What failed is kept below build/evidence.

usage: MINUTES=30 tools/evidence.py [KIND ...]     kinds by name: kill tx sim; else all of ours;
                                                   tx-rabbitmq: the same with RabbitMQ
       MINUTES=0 tools/evidence.py                 the tables only
       FULL=1 goes on beyond the aims;  BUILD=build;  PORT=N: that one, not a free one
"""
import collections
import datetime
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
BUILD = os.environ.get("BUILD", "build")
LINES = "docs/evidence.tsv"
PAGE = "docs/evidence.md"
FLOORS = "base amqp persistence queue exchange broker server".split()
LIMIT_S = 1200

Kind = collections.namedtuple("Kind", "name what unit aim command read")
Line = collections.namedtuple("Line", "kind commit date seed count failed more")


# ---- what a step says: count, failed, more ----

def figures(text):
    return {key: int(value) for key, value in re.findall(r"\b(\w+)=(\d+)\b", text)}


def read_kill(text, _):
    said = figures(text)
    more = f"confirmed={said['confirmed']} lost={said['lost']}"
    more += f" aimed={said['aimed']}" if said.get("aimed") else ""
    return said["kills"], said["lost"] + said["failures"], more


def read_tx(text, _):
    said = figures(text)
    names = ("half", "split", "lost", "twice", "undone")
    bad = sum(said[name] for name in names) + said["failures"]
    more = [f"{name}={said[name]}" for name in ("commits", "unknown", *names)]
    return said["kills"], bad, " ".join(more)


def read_again(text, _):
    said = figures(text)
    bad = said["lost"] + said["twice"] + said["astray"] + said["failures"]
    more = [f"{name}={said[name]}" for name in ("kills", "messages", "again", "lost", "twice")]
    return said["breaks"], bad, " ".join(more)


RETRY = ("retried", "spent", "lapsed", "held")    # of it only where it was used


def read_moves(text, _):
    said = figures(text)
    bad = said["lost"] + said["twice"] + said["astray"] + said["failures"]
    names = ("confirmed", "dead", "retried", "spent", "lapsed", "held", "lost", "twice", "astray")
    more = [f"{name}={said[name]}" for name in names if said["retried"] or name not in RETRY]
    return said["kills"], bad, " ".join(more)


def read_sums(text, told, bad):
    said = figures(text)
    more = [f"{name}={said[name]}" for name in ("confirmed", *told, *bad)]
    return said["kills"], sum(said[name] for name in (*bad, "failures")), " ".join(more)


def read_streams(text, _):
    return read_sums(text, (), ("lost", "moved", "twice", "missing", "astray", "behind"))


def read_replays(text, _):
    return read_sums(text, ("replays", "unknown"), ("lost", "moved", "twice", "torn", "undone"))


def read_other(text, took_s):
    """What another broker shows is no failure of ours."""
    count, _, more = read_tx(text, took_s)
    return count, 0, more


def read_sim(text, _):
    recoveries = int(re.search(r"^(\d+) recoveries$", text, re.M).group(1))
    passed, failed = re.search(r"^passed (\d+) failed (\d+) sim$", text, re.M).groups()
    return recoveries, int(failed), f"points={passed}"


def read_fuzz(text, took_s):
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    failed = int("SUMMARY:" in text or not runs)
    return round(took_s), failed, f"runs={runs.group(1) if runs else 0}"


def read_models(text, _):
    passed, failed = re.search(r"^passed (\d+) failed (\d+) models$", text, re.M).groups()
    return int(passed), int(failed), ""


# ---- the kinds ----

def killing(program, *options):
    return lambda seed, data: [f"{BUILD}/{program}", f"seed={seed}", f"data={data}",
                               f"port={port()}", f"broker={BUILD}/leveret", *options]


def tx_rabbit(seed, data):
    at = port()
    rabbit = "sh tests/compat/rabbit.sh"
    os.makedirs(data)
    return ["sh", "-c", f"{BUILD}/tx seed={seed} port={at} kills=20 fill=2000 load_ms=1500 "
            f"expect=torn command='{rabbit} run 3 {at} {data}'; {rabbit} stop {data}; true"]


def fuzz(target):
    def command(_, data):
        found = f"build-fuzz/found/{target}"
        os.makedirs(found, exist_ok=True)
        subprocess.run(["make", "-s", "-j2", "fuzz-programs"], check=True)
        return [f"build-fuzz/fuzz_{target}", "-max_total_time=300", "-timeout=10",
                "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={data}-", found,
                f"tests/fuzz/corpus/{target}"]
    return command


FORGETS = f"preload={BUILD}/lossy_disk.so"
AIMED = f"preload={BUILD}/aimed.so"
ROUGH = f"preload={BUILD}/rough_disk.so:{BUILD}/lossy_disk.so"
KINDS = [
    Kind("kill", "kill -9 under load", "kills", 5600, killing("kill", "rounds=100"), read_kill),
    Kind("kill-memory", "the same with next to no memory for messages", "kills", 700,
         killing("kill", "rounds=50", "memory=1"), read_kill),
    Kind("kill-forgets", "kill -9 on a disk that drops what was not synced, beside a queue that "
         "nobody reads", "kills", 3000,
         killing("kill", "rounds=50", "aside=1", "segment=1MB", FORGETS), read_kill),
    Kind("kill-rough", "the same without O_DIRECT, and little is done at the first try", "kills",
         700, killing("kill", "rounds=50", "segment=1MB", ROUGH), read_kill),
    Kind("kill-aimed", "kills at chosen calls to the disk: around a sync, within a summary, while "
         "segments go, in the middle of a start", "kills", 2000,
         killing("kill", "rounds=100", "aim=1", "segment=1MB", AIMED), read_kill),
    Kind("kill-aimed-forgets", "the same on a disk that drops what was not synced", "kills", 1000,
         killing("kill", "rounds=100", "aim=1", "segment=1MB", AIMED + ":" + FORGETS.split("=")[1]),
         read_kill),
    Kind("tx", "kill -9 amid transactions", "kills", 1000, killing("tx", "kills=100"), read_tx),
    Kind("tx-forgets", "the same on a disk that drops what was not synced", "kills", 500,
         killing("tx", "kills=50", "segment=1MB", FORGETS), read_tx),
    Kind("moves", "kill -9 while messages die", "kills", 500,
         killing("moves", "kills=100", "retry=0"), read_moves),
    Kind("moves-forgets", "the same on a disk that drops what was not synced", "kills", 500,
         killing("moves", "kills=50", "segment=1MB", "retry=0", FORGETS), read_moves),
    Kind("retry", "kill -9 while messages die, expire, and wait to be tried again (retried: "
         "delivered again after they had waited; spent: dead of the delivery limit; lapsed: dead "
         "because their time was over after they had been given back; held: dead at an earlier "
         "start, and still there for want of room)", "kills", 250,
         killing("moves", "kills=50"), read_moves),
    Kind("retry-forgets", "the same on a disk that drops what was not synced", "kills", 250,
         killing("moves", "kills=50", "segment=1MB", FORGETS), read_moves),
    Kind("again", "a publisher with numbers whose connection is cut, every fifth time by kill -9 "
         "(again: sent again)", "breaks", 2000, killing("again", "breaks=500"), read_again),
    Kind("again-forgets", "the same on a disk that drops what was not synced", "breaks", 2000,
         killing("again", "breaks=500", "segment=1MB", FORGETS), read_again),
    Kind("streams", "kill -9 while a stream is filled and copied, with its offset in the same "
         "transaction", "kills", 500, killing("streams", "kills=50"), read_streams),
    Kind("streams-forgets", "the same on a disk that drops what was not synced", "kills", 500,
         killing("streams", "kills=50", "segment=1MB", FORGETS), read_streams),
    Kind("replays", "kill -9 while what a queue retains is put back (unknown: replays that "
         "were not answered)", "kills", 500, killing("replays", "kills=50"), read_replays),
    Kind("replays-forgets", "the same on a disk that drops what was not synced", "kills", 500,
         killing("replays", "kills=50", "segment=1MB", FORGETS), read_replays),
    Kind("sim", "power cuts and faults at every disk operation, simulated", "recoveries", 100000,
         lambda seed, _: [f"{BUILD}/sim", "--seed", str(seed)], read_sim),
    Kind("models", "models of recovery and of giving up segments, every state", "models", 1,
         lambda *_: ["tests/models/run.sh"], read_models),
] + [
    Kind("fuzz-" + target, f"fuzzing: {target}", "s", 3600, fuzz(target), read_fuzz)
    for target in sorted(re.sub(r".*fuzz_(\w+)\.c", r"\1", path)
                         for path in glob.glob("tests/fuzz/fuzz_*.c"))
]

OTHERS = [
    Kind("tx-rabbitmq", "kill -9 amid transactions, of RabbitMQ 3 (`tests/compat/rabbit.sh`)",
         "kills", 20, tx_rabbit, read_other),
]


def port():
    """Below those the system gives to clients: who dials one of these until somebody listens may
    be given the same at his own end, and talks to himself."""
    if os.environ.get("PORT"):
        return int(os.environ["PORT"])
    while True:
        at = random.randrange(15672, 16672)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", at))
                return at
            except OSError:
                pass


def commit_of_code():
    """The last commit that changed the broker; with a plus when it has been changed since."""
    name = subprocess.run(["git", "log", "-1", "--format=%h", "--", *FLOORS], text=True,
                          capture_output=True, check=True).stdout.strip()
    clean = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *FLOORS], check=False)
    return name + ("" if clean.returncode == 0 else "+")


# ---- the lines ----

def read_lines():
    lines = []
    if os.path.exists(LINES):
        with open(LINES, encoding="utf-8") as file:
            for row in file:
                if not row.startswith("#"):
                    kind, commit, date, seed, count, failed, more = row.rstrip("\n").split("\t")
                    lines.append(Line(kind, commit, date, int(seed), int(count), int(failed),
                                      more))
    return lines


def append(line):
    new = not os.path.exists(LINES)
    with open(LINES, "a", encoding="utf-8") as file:
        if new:
            file.write("# kind\tcommit\tdate\tseed\tcount\tfailed\tmore\n")
        file.write("\t".join(map(str, line)) + "\n")


def done(kind, lines, commit):
    """Models are of one commit; everything else adds up."""
    return sum(line.count for line in lines if line.kind == kind.name and
               (kind.name != "models" or line.commit == commit))


# ---- a step ----

def keep(name, text, data):
    os.makedirs("build/evidence", exist_ok=True)
    with open(f"build/evidence/{name}.log", "w", encoding="utf-8") as file:
        file.write(text)
    for path in glob.glob(data + "*"):
        shutil.move(path, f"build/evidence/{name}{path[len(data):]}.data")


def execute(command):
    """What it printed, and its exit code. Whatever it began ends with it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as child:
        try:
            out, _ = child.communicate(timeout=LIMIT_S)
            return out.decode(errors="replace"), child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, _ = child.communicate()
            return out.decode(errors="replace") + "\nstopped: too late\n", 124
        except KeyboardInterrupt:
            os.killpg(child.pid, signal.SIGKILL)
            raise


def step(kind, lines, commit):
    seed = 1 + max([line.seed for line in lines if line.kind == kind.name], default=0)
    with tempfile.TemporaryDirectory(prefix="evidence.") as folder:
        data = folder + "/data"
        command = kind.command(seed, data)
        began = time.monotonic()
        text, code = execute(command)
        try:
            count, failed, more = kind.read(text, time.monotonic() - began)
        except (AttributeError, KeyError):
            count, failed, more = 0, 1, "what it printed was not understood"
        failed = failed or int(code != 0)
        if failed:
            keep(f"{kind.name}-{seed}", text, data)
    line = Line(kind.name, commit, datetime.date.today().isoformat(), seed, count, failed, more)
    append(line)
    lines.append(line)
    print(f"{kind.name} seed {seed}: {count} {kind.unit}, {failed} failed, {more}", flush=True)
    return failed


def next_kind(kinds, lines, commit):
    least = min(kinds, key=lambda kind: done(kind, lines, commit) / kind.aim)
    short = done(least, lines, commit) < least.aim
    return least if short or os.environ.get("FULL") == "1" else None


def run(kinds, minutes):
    lines, commit = read_lines(), commit_of_code()
    until = time.monotonic() + minutes * 60
    bad = 0
    while time.monotonic() < until and kinds:
        kind = next_kind(kinds, lines, commit)
        if not kind:
            break
        failed = step(kind, lines, commit)
        bad += failed
        if failed:
            kinds = [other for other in kinds if other != kind]
    return bad


# ---- the tables ----

def total(name, lines):
    out = collections.Counter()
    for line in lines:
        if line.kind == name:
            out.update(figures(line.more))
    return out


def table(lines):
    commit = commit_of_code()
    out = ["| what | done | aim | of the code at " + commit + " | failed | counted meanwhile |",
           "|---|---|---|---|---|---|"]
    for kind in KINDS + OTHERS:
        of_kind = [line for line in lines if line.kind == kind.name]
        if kind in OTHERS and not of_kind:
            continue
        now = sum(line.count for line in of_kind if line.commit == commit)
        bad = sum(line.failed for line in of_kind)
        more = ", ".join(f"{key} {n:,}" for key, n in total(kind.name, lines).items())
        aim = "all" if kind.name == "models" else f"{kind.aim:,}"
        out.append(f"| {kind.what} | {done(kind, lines, commit):,} {kind.unit} | {aim} "
                   f"| {now:,} | {bad} | {more} |")
    return "\n".join(out) + "\n"


def lost_of(names, lines):
    """What the README says of kills, once all of them have been made."""
    kinds = [kind for kind in KINDS if kind.name in names]
    if any(done(kind, lines, "") < kind.aim for kind in kinds):
        return None
    sums = sum((total(name, lines) for name in names), collections.Counter())
    kills = sum(done(kind, lines, "") for kind in kinds)
    return f"{sums['lost']:,} of {sums['confirmed']:,} in {kills:,} kills"


def simulated(lines):
    of_sim = [line for line in lines if line.kind == "sim"]
    aim = next(kind.aim for kind in KINDS if kind.name == "sim")
    if sum(line.count for line in of_sim) < aim:
        return None
    seeds = [line.seed for line in of_sim]
    bad = sum(line.failed for line in of_sim)
    points = total("sim", lines)["points"]
    return f"{points:,} in seeds {min(seeds)} to {max(seeds)}, {bad or 'none'}"


def readme_cells(lines):
    cells = {
        "confirmed messages lost in kills": lost_of(("kill", "kill-memory"), lines),
        "confirmed messages lost on a disk": lost_of(("kill-forgets", "kill-rough"), lines),
        "crash points and disk faults": simulated(lines),
    }
    return {what: cell for what, cell in cells.items() if cell}


def replace(path, mark, change):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    marks = re.compile(rf"(<!-- {mark}: begin -->\n)(.*?)(<!-- {mark}: end -->)", re.S)
    new, n = marks.subn(lambda m: m.group(1) + change(m.group(2)) + m.group(3), text)
    if n != 1:
        sys.exit(f"evidence.py: {path} does not have the marks once")
    with open(path, "w", encoding="utf-8") as file:
        file.write(new)


def fill(text, cells):
    rows = text.splitlines()
    for i, row in enumerate(rows):
        for what, cell in cells.items():
            if row.startswith(f"| {what}"):
                rows[i] = f"|{row.split('|')[1]}| {cell} | | `make evidence` |"
    return "\n".join(rows) + "\n"


def main():
    unknown = set(sys.argv[1:]) - {kind.name for kind in KINDS + OTHERS}
    if unknown:
        sys.exit(__doc__)
    kinds = [kind for kind in KINDS + OTHERS if kind.name in sys.argv[1:]] or KINDS
    bad = 0
    try:
        bad = run(kinds, float(os.environ.get("MINUTES", "30")))
    except KeyboardInterrupt:
        print("interrupted")
    lines = read_lines()
    replace(PAGE, "evidence", lambda _: table(lines))
    replace("README.md", "figures", lambda text: fill(text, readme_cells(lines)))
    print(f"failed {bad} in this slice, {sum(line.failed for line in lines)} in all")
    sys.exit(bad != 0)


main()
