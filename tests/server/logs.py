#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where log lines go, what form they have, and that no password is ever among them.

usage: logs.py BUILD
"""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import pika

import rig
from rig import check

PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00 \[(\w+)\] (.*)")


def lines(path):
    with open(path) as f:
        return f.read().splitlines()


def wait(what):
    for _ in range(200):
        if what():
            return True
        time.sleep(0.02)
    return False


def forms(build, where):
    file = f"{where}/logs/broker.log"
    b = rig.Broker(build, f"{where}/data", f"log.dir={where}/logs", "log.file=broker.log",
                   "log.file.formatter=json", "log.file.level=debug",
                   "log.connection.level=warning")
    b.connect().close()
    b.ask("add_user", "maria", "pass-Of-maria")
    with rig.socket.create_connection(("127.0.0.1", b.port)) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        s.recv(8)
    b.ask("add_vhost", "v")
    check("the file has lines", wait(lambda: os.path.exists(file) and "adding vhost 'v'" in
                                     open(file).read()))
    told = [json.loads(line) for line in lines(file)]
    check("each is an object of JSON", all({"time", "level", "msg", "domain", "pid"} <= set(t)
                                           for t in told), told)
    check("with what it is about", {"default", "user"} == {t["domain"] for t in told}, told)
    check("a category has a level of its own", "authenticated" not in b.said and
          not any("authenticated" in t["msg"] for t in told), b.said)
    check("the output is plain beside it", all(PLAIN.match(line) for line in
                                               b.said.splitlines()), b.said)
    check("log_location", file in b.ask("log_location", "-q")[1])
    b.ask("rotate_logs")
    check("rotate_logs moves it aside", wait(lambda: os.path.exists(file + ".0") and
                                             os.path.exists(file) and lines(file)))
    check("... and the next begins with a line about it", "was rotated" in lines(file)[0],
          lines(file))
    os.rename(file, f"{where}/elsewhere")
    b.process.send_signal(signal.SIGHUP)
    check("one that was moved is opened anew", wait(lambda: os.path.exists(file) and lines(file)))
    b.ask("set_log_level", "error")
    said = len(b.said)
    b.ask("add_vhost", "w")
    check("set_log_level", b.end() == 0 and "adding vhost" not in b.said[said:], b.said[said:])


def sizes(build, where):
    file = f"{where}/small.log"
    b = rig.Broker(build, f"{where}/data2", f"log.file={file}", "log.file.rotation.size=2000",
                   "log.file.rotation.count=2")
    for i in range(60):
        b.ask("add_vhost", f"vhost-with-a-long-name-{i}-" + 100 * "x")
    check("no more files are kept than that", wait(lambda: sorted(glob.glob(file + "*")) ==
                                                   [file, file + ".0", file + ".1"]),
          glob.glob(file + "*"))
    b.end()
    kept = [line for name in (file + ".1", file + ".0", file) for line in lines(name)]
    check("lines are whole", all(PLAIN.match(line) for line in kept), kept)
    check("... and in order", kept == sorted(kept), kept)
    check("files are not much larger than said", max(
        os.path.getsize(n) for n in glob.glob(file + "*")) < 20000)


def journal(build, where):
    data = f"{where}/data3"
    os.environ["JOURNAL_STREAM"] = "8:1"
    b = rig.Broker(build, data)
    del os.environ["JOURNAL_STREAM"]
    b.connect().close()
    check("levels for journald", b.end() == 0 and all(re.match(r"<[2-7]>[^ ]", line) for line in
                                                      b.said.splitlines()), b.said)


def exchange(build, where):
    """Lines as messages, for those who bind a queue to amq.rabbitmq.log."""
    b = rig.Broker(build, f"{where}/data6", "log.exchange=true", "log.exchange.level=debug")
    c = b.channel()
    c.queue_declare("all", exclusive=True)
    c.queue_declare("bad", exclusive=True)
    c.queue_bind("all", "amq.rabbitmq.log", "#")
    c.queue_bind("bad", "amq.rabbitmq.log", "error")
    rig.socket.create_connection(("127.0.0.1", b.port)).close()
    b.ask("add_vhost", "v")

    def get(queue):
        got = []
        for _ in range(200):
            method, props, body = c.basic_get(queue, auto_ack=True)
            if method:
                got.append((method.routing_key, props, body.decode()))
            elif any("adding vhost 'v'" in g[2] for g in got) or queue == "bad":
                break
            else:
                time.sleep(0.02)
        return got
    got = get("all")
    mine = [g for g in got if "adding vhost 'v'" in g[2]]
    check("a line is a message under its level", len(mine) == 1 and mine[0][0] == "info" and
          PLAIN.match(mine[0][2]), got)
    check("... a text of this node", mine and mine[0][1].content_type == "text/plain" and
          mine[0][1].headers == {"node": "leveret"}, mine)
    check("the output has a level of its own", any(g[0] == "debug" and "[debug]" in g[2]
                                                   for g in got) and "[debug]" not in b.said, got)
    check("another level is another key", get("bad") == [])
    c.connection.close()
    check("nobody listens any more, and it ends in order", b.ask("add_vhost", "w")[0] == 0 and
          b.end() == 0)
    b = rig.Broker(build, f"{where}/data6")
    check("without the key there is none", ["amq.rabbitmq.log", "topic"] not in
          b.rows("list_exchanges", "-q") and b.end() == 0)


def texts(build, where):
    """What people look for; and no password, right or wrong, in any of it."""
    b = rig.Broker(build, f"{where}/data4", "log.default.level=debug", "default_pass=s3cret-right",
                   "heartbeat=1")
    credentials = pika.PlainCredentials("guest", "s3cret-right")
    c = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", b.port,
                                                          credentials=credentials))
    c.close()
    for user, password in (("guest", "s3cret-wrong"), ("nobody", "s3cret-wrong")):
        try:
            pika.BlockingConnection(pika.ConnectionParameters(
                "127.0.0.1", b.port, credentials=pika.PlainCredentials(user, password)))
        except pika.exceptions.AMQPError:
            pass
    b.ask("add_user", "maria", "s3cret-maria")
    b.ask("change_password", "maria", "s3cret-other")
    b.ask("authenticate_user", "maria", "s3cret-bad")
    b.ask("reload_config")
    c = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", b.port, heartbeat=0,
                                                          credentials=credentials))
    c._impl._transport.abort() if hasattr(c._impl, "_transport") else c.close()
    for text in ("Server startup complete", "accepting AMQP connection 127.0.0.1:",
                 "user 'guest' authenticated and granted access to vhost '/'",
                 "closing AMQP connection 127.0.0.1:", "PLAIN login refused: user 'nobody'"):
        check(f"'{text}'", b.says(text), b.said)
    check("it ends in order", b.end() == 0)
    check("no password", "s3cret" not in b.said, re.findall(".*s3cret.*", b.said))


def main(build):
    with tempfile.TemporaryDirectory() as where:
        forms(build, where)
        sizes(build, where)
        journal(build, where)
        exchange(build, where)
        texts(build, where)
        r = subprocess.run([f"{build}/leveret", f"data_dir={where}/data5",
                            f"log.file={where}/none/x.log"], capture_output=True, text=True,
                           timeout=10)
        check("a file that cannot be", r.returncode == 2 and r.stderr.startswith(
            f"leveret: log.file: {where}/none/x.log: No such file"), r.stderr)
    return rig.finish("logs")


sys.exit(main(os.path.abspath(sys.argv[1])))
