#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""leveret-migrate between two of ours; tests/compat/migrate.py comes from RabbitMQ, under traffic.

usage: migrate.py BUILD
"""
import shutil
import signal
import subprocess
import sys
import tempfile

import pika

import rig
from rig import check

MESSAGES = 2000
QUEUES = ["plain", "with blank ☃"]
MORE = pika.BasicProperties(delivery_mode=2, headers={"a": [1, {"b": "c"}]}, message_id="m",
                            priority=3, expiration="600000")


def declare(channel, queues):
    for q in queues:
        channel.queue_declare(q, durable=True)


def main():
    build = sys.argv[1]
    data = tempfile.mkdtemp()
    old, new = rig.Broker(build, f"{data}/old"), rig.Broker(build, f"{data}/new")
    uris = [f"amqp://guest:guest@127.0.0.1:{b.port}" for b in (old, new)]

    program = f"{build}/leveret-migrate"

    def migrate(*words, names=None):
        r = subprocess.run([program, "--idle", "1", *words], input=names, capture_output=True,
                           text=True, timeout=60)
        return r.returncode, r.stdout, r.stderr

    def left():
        return [r[1] for r in old.rows("list_queues", "name", "messages")]

    source, target = old.channel(), new.channel()
    declare(source, QUEUES)
    for i in range(MESSAGES):
        source.basic_publish("", QUEUES[i % 2], b"%d" % i + b"x" * (i % 7 == 0) * 200000, MORE)
    code, _, err = migrate(*uris, QUEUES[0])
    check("a queue that is not there ends it", code == 1 and "404 NOT_FOUND - no queue" in err, err)
    check("... before anything is moved", len(old.rows("list_queues", "name", "messages")) == 2 and
          sum(int(r[1]) for r in old.rows("list_queues", "name", "messages")) == MESSAGES)
    declare(target, QUEUES)
    p = subprocess.Popen([program, "--follow", "--window", "10", *uris, "-"], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write("\n".join(QUEUES) + "\n")
    p.stdin.close()
    check("nothing is left", rig.eventually(lambda: left() == ["0", "0"]), left())
    p.send_signal(signal.SIGTERM)
    out, err = p.stdout.read(), p.stderr.read()
    check("all that is there is moved", p.wait(60) == 0 and
          f"moved {MESSAGES} messages of 2" in out, out + err)
    seen, same = [], True
    for q in QUEUES:
        while (got := target.basic_get(q, auto_ack=True))[0]:
            seen.append(int(got[2].rstrip(b"x")))
            same = same and got[1].headers == MORE.headers and got[1].message_id == "m"
    check("in order", seen == [*range(0, MESSAGES, 2), *range(1, MESSAGES, 2)], seen[:5])
    check("as it was", same)
    code, out, err = migrate(*uris, *QUEUES)
    check("when nothing comes it ends by itself", code == 0 and "moved 0 messages of 2" in out,
          out + err)
    code, _, err = migrate("--window", "0", *uris, "plain")
    check("nonsense is refused", code == 2 and "a number from 1" in err, err)
    old.end()
    new.end()
    shutil.rmtree(data)
    return rig.finish("migrate")


if __name__ == "__main__":
    sys.exit(main())
