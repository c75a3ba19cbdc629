#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""leveretctl log verify, dump and salvage on what a killed broker leaves, whole and damaged.

A bit that is flipped is found, or it changes nothing of what the log says; a broker does not start
on what verify refuses; what salvage saves a broker serves. And the data directories of released
versions (tests/golden) still open.

usage: log_tools.py BUILD [--make-golden FILE]      FLIPS=N: of places at random, 60
"""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import pika

from rig import PERSISTENT, Broker, check, eventually, finish

HERE = os.path.dirname(os.path.abspath(__file__))
RANDOM_FLIPS = int(os.environ.get("FLIPS", "60"))


def body_of(i):
    return b"%d:" % i + bytes([i % 256]) * (i * 37 % 3000)


def fill(channel):
    """What the golden directory and the others hold. 500 messages are left in a and b."""
    for q in "a", "b":
        channel.queue_declare(q, durable=True)
    channel.exchange_declare("x", "topic", durable=True)
    channel.queue_bind("a", "x", "k.#")
    channel.queue_bind("b", "x", "k.*")
    for i in range(300):
        channel.basic_publish("x", f"k.{i}", body_of(i), PERSISTENT)
    for n in 300000, 700000:
        channel.basic_publish("", "a", b"L" * n, PERSISTENT)
    for _ in range(100):
        method, _, _ = channel.basic_get("a")
        channel.basic_ack(method.delivery_tag)
    tx = channel.connection.channel()
    tx.tx_select()
    for i in range(5):
        tx.basic_publish("", "b", b"tx%d" % i, PERSISTENT)
    tx.tx_commit()


EXPECTED = {"a": [body_of(i) for i in range(100, 300)] + [b"L" * 300000, b"L" * 700000],
            "b": [body_of(i) for i in range(300)] + [b"tx%d" % i for i in range(5)]}


def served(channel, queue):
    out = []
    while True:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if not method:
            return out
        out.append(body)


COPIED = 24


def segments_in(data):
    return [f for f in os.listdir(data) if f.endswith(".seg") and f[0] == "w"]


def seal(channel):
    """Deleting it is answered when the disk has that, and so all that was said before."""
    channel.queue_declare("seal", durable=True)
    channel.queue_delete("seal")


def churn(channel):
    """So much goes through a queue that what is left in others is copied forward."""
    for q in "c", "busy":
        channel.queue_declare(q, durable=True)
    for i in range(COPIED):
        channel.basic_publish("", "c", body_of(i), PERSISTENT)
        for _ in range(60):
            channel.basic_publish("", "busy", b"." * 30000, PERSISTENT)
        channel.queue_purge("busy")


KEYED = 20


def send_keyed(channel):
    """Twice, and each message with a key is there once: in k by its exchange, in o by itself."""
    once = {"x-message-deduplication": True}
    channel.exchange_declare("once", "x-message-deduplication", durable=True,
                             arguments={"x-cache-size": 100})
    channel.queue_declare("k", durable=True)
    channel.queue_declare("o", durable=True, arguments=once)
    channel.queue_bind("k", "once", "")
    for i in range(KEYED):
        keyed = pika.BasicProperties(delivery_mode=2, headers={"x-deduplication-header": str(i)})
        channel.basic_publish("once", "", body_of(i), keyed)
        channel.basic_publish("", "o", body_of(i), keyed)


NUMBERED, ROOM, MANY = 5, 2, 20000


def send_numbered(channel):
    """Of a publisher with numbers: n has no room for the last ones, and refuses them."""
    for i in range(NUMBERED):
        numbered = pika.BasicProperties(delivery_mode=2, headers={
            "x-publisher-id": "golden", "x-publisher-sequence": i + 1})
        try:
            channel.basic_publish("", "n", body_of(i), numbered)
        except pika.exceptions.NackError:
            pass


def send_rest(channel):
    """What the others have no records of: dead letters, what leaves memory, transient messages."""
    for q, arguments in {"n": {"x-max-length": ROOM, "x-overflow": "reject-publish"},
                         "dies": {"x-dead-letter-exchange": "",
                                  "x-dead-letter-routing-key": "dead"},
                         "dead": {}, "many": {}, "passing": {}, "delivered": {}}.items():
        channel.queue_declare(q, durable=True, arguments=arguments)
    send_numbered(channel)
    for i in range(10):
        channel.basic_publish("", "dies", body_of(i), PERSISTENT)
        method, _, _ = channel.basic_get("dies")
        channel.basic_nack(method.delivery_tag, requeue=False)
        channel.basic_publish("", "delivered", body_of(i), PERSISTENT)
        channel.basic_publish("", "passing", body_of(i), PERSISTENT)
    tx = channel.connection.channel()
    tx.tx_select()
    for i in range(MANY):
        tx.basic_publish("", "many", b"%d" % i, PERSISTENT)
        tx.basic_publish("", "passing", b"%d" % i)
    tx.tx_commit()
    for _ in range(3):
        channel.basic_get("delivered")


def leave_rest(build, data):
    """With next to no memory; how far queues were delivered is said at a clean stop."""
    b = Broker(build, data, "message_memory=1")
    channel = b.channel()
    send_rest(channel)
    time.sleep(1)     # what leaves memory does
    channel.connection.close()
    b.end()


def leave_behind(build, data, kind=""):
    if kind == "rest":
        leave_rest(build, data)
        return
    b = Broker(build, data)
    fill(b.channel())
    if "once" in kind:
        send_keyed(b.channel())
    if kind:
        churn(b.channel())
        eventually(lambda: len(segments_in(data)) < COPIED)
    seal(b.channel())
    b.end(signal.SIGKILL)


def expected_rest():
    ten = [body_of(i) for i in range(10)]
    return {"n": [body_of(i) for i in range(ROOM)], "dead": ten, "dies": [], "passing": ten,
            "many": [b"%d" % i for i in range(MANY)], "delivered": ten,
            "sent again": [body_of(i) for i in range(ROOM, 2 * ROOM)], "again": 3}


def expected(kind):
    if kind == "rest":
        return expected_rest()
    more = {"c": COPIED} if kind else {}
    more |= {"k": KEYED, "o": KEYED} if "once" in kind else {}
    return EXPECTED | {q: [body_of(i) for i in range(n)] for q, n in more.items()}


def kind_of(name):
    return next((kind for kind in ("copied", "once", "rest") if kind in name), "")


def rest_served(channel):
    """And what comes when all with numbers is sent again; and how much had been delivered."""
    again = 0
    for _ in range(10):
        method, _, _ = channel.basic_get("delivered")
        again += bool(method and method.redelivered)
    channel.close()
    channel = channel.connection.channel()
    channel.confirm_delivery()
    got = {q: served(channel, q) for q in expected("rest") if " " not in q and q != "again"}
    send_numbered(channel)
    return got | {"sent again": served(channel, "n"), "again": again}


def all_served(broker, kind):
    """What is in the queues, after what has keys was sent again."""
    if not broker.ready:
        return {}
    if kind == "rest":
        return rest_served(broker.channel())
    if "once" in kind:
        send_keyed(broker.channel())
    return {q: served(broker.channel(), q) for q in expected(kind)}


def ctl(build, *arguments):
    return subprocess.run([f"{build}/leveretctl", "log", *arguments], capture_output=True,
                          text=True)


def kinds_in(build, data):
    return [json.loads(line)["type"] for line in ctl(build, "dump", "--json", data).stdout
            .splitlines()]


# ---- whole ----

def whole(build, data):
    r = ctl(build, "verify", data)
    check("verify: what a kill leaves is whole",
          r.returncode == 0 and "the log is whole" in r.stdout, r.stdout + r.stderr)
    check("verify: it counts what is left",
          "left      507 messages in 2 queues" in r.stdout, r.stdout)
    r = ctl(build, "dump", "--json", data)
    records = [json.loads(line) for line in r.stdout.splitlines()]
    kinds = [x["type"] for x in records]
    check("dump: every record", kinds.count("PUBLISH") == 307 and kinds.count("COMMIT") == 1, kinds)
    check("dump: positions ascend", [x["position"] for x in records] ==
          sorted({x["position"] for x in records}))
    r = ctl(build, "dump", "--queue", "1", "--body", data)
    lines = r.stdout.splitlines()
    check("dump: of one queue, with bodies", all("1:" in x or "queue=1" in x for x in lines) and
          any('body="7:\\x07' in x for x in lines), lines[:3])
    b = Broker(build, data)
    r = ctl(build, "verify", data)
    check("verify: not while a broker runs", r.returncode == 3 and "stop it first" in r.stderr)
    b.end()
    check("usage", ctl(build, "verify").returncode == 2 and
          ctl(build, "verify", "/nowhere").returncode == 3)


# ---- damaged ----

def positions(data):
    """(file, offset, name): each field of one of each kind of head, and places at random."""
    segments = sorted(f for f in os.listdir(data) if f.endswith(".seg") and f[0] == "w")
    first = segments[0]
    heads = {"segment": (0, [0, 4, 12, 16, 24, 32, 40, 48, 56]),
             "batch": (4096, [0, 4, 8, 16, 20, 24, 28, 32, 40, 48, 52, 56, 58, 60]),
             "record": (4096 + 64, [0, 4, 5, 8, 12, 16])}
    for kind, (at, fields) in heads.items():
        for field in fields:
            yield first, at + field, f"{kind} head at {field}"
    dice = random.Random(1)
    for _ in range(RANDOM_FLIPS):
        name = dice.choice(segments)
        yield name, dice.randrange(os.path.getsize(f"{data}/{name}")), "a random place"


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 1 << at % 8]))


def flips(build, data):
    """The dump says everything that a start would believe."""
    before = ctl(build, "dump", "--body", data).stdout
    found = harmless = 0
    wrong = []
    shown = None
    for name, at, what in positions(data):
        flip(f"{data}/{name}", at)
        verify, dump = ctl(build, "verify", data), ctl(build, "dump", "--body", data)
        if verify.returncode == 1:
            found += 1
            shown = shown or (name, at, verify.stderr)
        elif verify.returncode == 0 and dump.stdout == before:
            harmless += 1
        else:
            wrong.append((name, at, what, verify.stdout + verify.stderr))
        flip(f"{data}/{name}", at)
    check(f"flipped bits: {found} found, {harmless} where nothing is said, the others none",
          not wrong and found > 20, wrong[:3])
    check("what is found is said with its place",
          re.search(r"file w[0-9a-f]{16}\.seg|offset \d+", shown[2]), shown)


STREAMED, DONE_WITH = 40, 7


def read_stream(channel, n):
    """The next messages for the reader whose offset is kept as "n"; it has acked none of them."""
    channel.basic_qos(prefetch_count=n)
    got = []
    for method, _, body in channel.consume(
            "s", inactivity_timeout=30,
            arguments={"x-stream-offset": "first", "x-stream-offset-name": "n"}):
        if method:
            got.append((method.delivery_tag, body))
        if not method or len(got) == n:
            return got


def leave_stream(build, data):
    b = Broker(build, data)
    channel = b.channel()
    channel.queue_declare("s", durable=True, arguments={"x-queue-type": "stream"})
    for i in range(STREAMED):
        channel.basic_publish("", "s", body_of(i), PERSISTENT)
    channel.basic_ack(read_stream(channel, DONE_WITH)[-1][0], multiple=True)
    seal(channel)
    b.end(signal.SIGKILL)


def stream_flips(build, data):
    """In each record of a named offset, and in messages of the stream, a bit at a time."""
    leave_stream(build, data)
    records = [json.loads(x) for x in ctl(build, "dump", "--json", data).stdout.splitlines()]
    offsets = [x for x in records if x.get("of") == "offset"]
    messages = [x for x in records if x["type"] == "PUBLISH"]
    first = sorted(f for f in os.listdir(data) if f.endswith(".seg") and f[0] == "w")[0]
    wrong, tried = [], 0
    for record in offsets + messages[::16]:
        for byte in range(0, 24, 3):
            at = 4096 + 64 + record["position"] - records[0]["position"] + byte
            tried += 1
            flip(f"{data}/{first}", at)
            verify = ctl(build, "verify", data)
            b = Broker(build, data) if byte == 9 else None
            started = b and b.end() != 3
            if verify.returncode != 1 or started:
                wrong.append((record, byte, verify.returncode, started))
            flip(f"{data}/{first}", at)
    check(f"streams: {tried} flipped bits in offsets and messages, each refused",
          offsets and messages and not wrong, wrong[:3])
    b = Broker(build, data)
    got = read_stream(b.channel(), STREAMED - DONE_WITH)
    b.end()
    check("streams: flipped back, the reader goes on where it was",
          [body for _, body in got] == [body_of(i) for i in range(DONE_WITH, STREAMED)], got[:1])


def summaries(build, data):
    """A start does not believe a summary that is damaged."""
    copy = data + ".sum"
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("ctl.sock"))
    names = [f for f in os.listdir(copy) if f.endswith(".sum")]
    for name in names:
        flip(f"{copy}/{name}", os.path.getsize(f"{copy}/{name}") // 2)
    b = Broker(build, copy)
    got = {q: served(b.channel(), q) for q in EXPECTED} if b.ready else {}
    b.end()
    check("damaged summaries are not believed", names and got == EXPECTED,
          {q: len(x) for q, x in got.items()})


def salvage(build, data):
    segments = sorted(f for f in os.listdir(data) if f.endswith(".seg") and f[0] == "w")
    damaged, saved = data + ".damaged", data + ".saved"
    shutil.copytree(data, damaged, ignore=shutil.ignore_patterns("ctl.sock"))
    flip(f"{damaged}/{segments[1]}", 4096 + 70)
    b = Broker(build, damaged)
    code = b.end()
    # The segment has a summary, which is all that a start reads of it: the message is missed later.
    check("the summary stands for a segment that is damaged", b.ready or code == 3, b.said[-300:])
    os.remove(f"{damaged}/{segments[1].replace('.seg', '.sum')}")
    b = Broker(build, damaged)
    code = b.end()
    check("without it a broker does not start, and says where", code == 3 and
          segments[1] in b.said and "salvage" in b.said, (code, b.said[-300:]))
    r = ctl(build, "salvage", damaged, saved)
    check("salvage says what is lost", r.returncode == 1 and "lost: positions" in r.stderr,
          r.stdout + r.stderr)
    check("salvage does not write into what is there", ctl(build, "salvage", damaged, saved)
          .returncode == 3)
    b = Broker(build, saved)
    got = {q: served(b.channel(), q) for q in EXPECTED} if b.ready else {}
    b.end()
    missing = sum(len(set(EXPECTED[q]) - set(got.get(q, []))) for q in EXPECTED)
    strange = [len(x) for q in got for x in got[q] if x not in EXPECTED[q] and q == "b"]
    check(f"a broker serves what was saved ({missing} messages missing)",
          got and 0 < missing < 100 and not strange, (missing, strange))


def admin(build, data, *words):
    r = subprocess.run([f"{build}/leveretctl", "--data-dir", data, *words], capture_output=True,
                       text=True)
    return r.stdout if r.returncode == 0 else r.stderr


def salvage_vhost(build, directory):
    """The batch that names a virtual host is lost, what is in it is not."""
    data, saved = f"{directory}/tenant", f"{directory}/tenant.saved"
    b = Broker(build, data)
    admin(build, data, "add_vhost", "red")
    admin(build, data, "set_permissions", "-p", "red", "guest", ".*", ".*", ".*")
    parameters = pika.ConnectionParameters("127.0.0.1", b.port, "red")
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("q", durable=True)
    for _ in range(5):
        channel.basic_publish("", "q", b"x", pika.BasicProperties(delivery_mode=2))
    connection.close()
    b.end()
    records = [json.loads(x) for x in ctl(build, "dump", "--json", data).stdout.splitlines()]
    named = [x for x in records if x.get("of") == "vhost" and "red" in x.get("value", "")]
    segment = sorted(f for f in os.listdir(data) if f.endswith(".seg") and f[0] == "w")[0]
    flip(f"{data}/{segment}", 4096 + named[0]["position"] - records[0]["position"] + 64 + 20)
    r = ctl(build, "salvage", data, saved)
    check("salvage names a virtual host whose name is lost", r.returncode == 1 and
          "lost: the name of virtual host 2; what was in it is in salvaged.vhost.2" in r.stderr,
          r.stdout + r.stderr)
    b = Broker(build, saved)
    listed = admin(build, saved, "list_queues", "-s", "-p", "salvaged.vhost.2")
    check("and a broker has what was in it", listed == "q\t5\n", listed)
    again = admin(build, saved, "add_vhost", "red") + admin(
        build, saved, "list_queues", "-s", "-p", "red")
    check("a new one gets a number of its own", "q" not in again.replace("queue", ""), again)
    b.end()


def kinds_there_are():
    with open(f"{HERE}/../../persistence/record.h", encoding="utf-8") as file:
        return set(re.findall(r"^\tRECORD_(\w+) = \d+,", file.read(), re.M)) - {"SUMMARY"}


def golden(build, directory):
    """Each kind of record stands in one of them."""
    seen = set()
    for name in sorted(os.listdir(f"{HERE}/../golden")):
        if not name.endswith(".tar.xz"):
            continue
        data = f"{directory}/{name}"
        with tarfile.open(f"{HERE}/../golden/{name}") as t:
            t.extractall(data)
        r = ctl(build, "verify", f"{data}/data")
        seen |= set(kinds_in(build, f"{data}/data"))
        b = Broker(build, f"{data}/data")
        wanted, got = expected(kind_of(name)), all_served(b, kind_of(name))
        b.end()
        check(f"golden {name}: verifies, and is served", r.returncode == 0 and got == wanted,
              r.stdout + r.stderr + b.said[-300:])
    check("golden: records of each kind", seen == kinds_there_are(), seen ^ kinds_there_are())


def copied_forward(build, data, kind):
    """What was copied forward is there once, in its place, and so are keys."""
    leave_behind(build, data, kind)
    segments = segments_in(data)
    kinds = kinds_in(build, data)
    check(f"copies: {kinds.count('RELOCATE')} records, {len(segments)} segments are left",
          "RELOCATE" in kinds and len(segments) < COPIED, kinds[-5:])
    check(f"copies: {kinds.count('DEDUP')} records of keys", ("DEDUP" in kinds) == (kind == "once"))
    r = ctl(build, "verify", data)
    check("copies: verify counts each message once",
          f"left      {sum(map(len, expected(kind).values()))} messages in {len(expected(kind))} "
          "queues" in r.stdout, r.stdout + r.stderr)
    saved = data + ".saved"
    r = ctl(build, "salvage", data, saved)
    for where in data, saved:
        b = Broker(build, where)
        got = all_served(b, kind)
        b.end()
        check(f"copies: all are served from what {'was saved' if where == saved else 'is there'}",
              got == expected(kind), r.stdout + r.stderr + b.said[-300:])


def make_golden(build, path):
    with tempfile.TemporaryDirectory() as directory:
        leave_behind(build, f"{directory}/data", kind_of(path))
        for name in os.listdir(f"{directory}/data"):
            if name in ("ctl.sock", "lock") or name.startswith("spare"):
                os.remove(f"{directory}/data/{name}")
        with tarfile.open(path, "w:xz") as t:
            t.add(f"{directory}/data", "data")


def main():
    build = sys.argv[1]
    if sys.argv[2:3] == ["--make-golden"]:
        make_golden(build, sys.argv[3])
        return
    with tempfile.TemporaryDirectory() as directory:
        data = f"{directory}/data"
        leave_behind(build, data)
        flips(build, data)
        stream_flips(build, f"{directory}/stream")
        summaries(build, data)
        salvage(build, data)
        salvage_vhost(build, directory)
        whole(build, data)
        for kind in "copied", "once":
            copied_forward(build, f"{directory}/{kind}", kind)
        golden(build, directory)
    sys.exit(finish("log-tools"))


if __name__ == "__main__":
    main()
