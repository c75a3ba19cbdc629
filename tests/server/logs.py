#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where log lines go, what form they have, and that no password is ever among them.

usage: logs.py BUILD
"""
import base64
import glob
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pika

import rig
from rig import check, eventually

PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00 \[(\w+)\] (.*)")


def lines(path):
    with open(path) as f:
        return f.read().splitlines()


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
    check("the file has lines", eventually(lambda: "adding vhost 'v'" in open(file).read()))
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
    check("rotate_logs moves it aside", eventually(lambda: os.path.exists(file + ".0") and
                                                   lines(file)))
    check("... and the next begins with a line about it", "was rotated" in lines(file)[0],
          lines(file))
    os.rename(file, f"{where}/elsewhere")
    b.process.send_signal(signal.SIGHUP)
    check("one that was moved is opened anew", eventually(lambda: lines(file)))
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
    check("no more files are kept than that", eventually(
        lambda: sorted(glob.glob(file + "*")) == [file, file + ".0", file + ".1"]),
          glob.glob(file + "*"))
    b.end()
    kept = [line for name in (file + ".1", file + ".0", file) for line in lines(name)]
    check("lines are whole", all(PLAIN.match(line) for line in kept), kept)
    moments = [line[:26] for line in kept]
    check("... and in order", moments == sorted(moments), kept)
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


def dated(build, where):
    """A file that was written to before its time came is moved aside with the next line."""
    file = f"{where}/dated.log"
    with open(file, "w") as f:
        f.write("2026-01-01 00:00:00.000000+00:00 [info] of long ago\n")
    os.utime(file, (time.time() - 2 * 86400,) * 2)
    b = rig.Broker(build, f"{where}/data7", f"log.file={file}", "log.file.rotation.date=$D0")
    check("it is", eventually(lambda: os.path.exists(file + ".0")) and b.end() == 0)
    check("... with what was in it", lines(file + ".0")[0].endswith("of long ago") and
          len(lines(file + ".0")) == 1 and "ready" in open(file).read(), glob.glob(file + "*"))
    b = rig.Broker(build, f"{where}/data7", f"log.file={file}", "log.file.rotation.date=$D0")
    check("what is of today is not", b.end() == 0 and not os.path.exists(file + ".1"))
    r = subprocess.run([f"{build}/leveret", "log.file.rotation.date=daily", "--check-config"],
                       capture_output=True, text=True, timeout=10)
    check("another time is none", r.returncode == 2 and "is no time such as $D0" in r.stderr,
          r.stderr)


def visits(build, where):
    """A line for each request over HTTP."""
    web, directory = rig.free_port(), f"{where}/access"
    b = rig.Broker(build, f"{where}/data8", f"management.tcp.port={web}",
                   "management.tcp.ip=127.0.0.1", f"management.http_log_dir={directory}")
    right = {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"guest:s3cret").decode()}
    sizes = []
    for method, path, headers in (
            ("GET", "/api/overview", right), ("GET", "/api/queues?name=s3cret", right),
            ("GET", "/api/overview", wrong), ("GET", "/api/auth/hash_password/s3cret", right),
            ("GET", "/api/auth/hash_password/s3cret", {}), ("PUT", "/api/vhosts/a%22b", right),
            ("HEAD", "/api/overview", right), ("DELETE", "/nowhere", right)):
        c = http.client.HTTPConnection("127.0.0.1", web, timeout=10)
        c.request(method, path, headers=headers)
        r = c.getresponse()
        sizes.append((r.status, len(r.read())))
        c.close()
    file = f"{directory}/access.log"
    check("lines", eventually(lambda: len(lines(file)) == 8), sizes)
    form = re.compile(r'127\.0\.0\.1 - (\S+) \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
                      r'"([A-Z]+ \S+) HTTP/1\.1" (\d+) (\d+)')
    got = [form.fullmatch(line) for line in lines(file)]
    check("of the form", all(got), lines(file))
    check("what was answered", [(int(m[3]), int(m[4])) for m in got] == sizes, lines(file))
    check("who asked for what", [(m[1], m[2]) for m in got][:2] == [
        ("guest", "GET /api/overview"), ("guest", "GET /api/queues")], lines(file))
    check("a quote stays one of its own", got[5][2] == "PUT /api/vhosts/a%22b", got[5])
    check("no password, no query", "s3cret" not in open(file).read(), lines(file))
    b.ask("rotate_logs")
    c = http.client.HTTPConnection("127.0.0.1", web, timeout=10)
    c.request("GET", "/api/overview", headers=right)
    c.getresponse().read()
    c.close()
    check("rotate_logs moves it aside", eventually(lambda: os.path.exists(file + ".0") and
                                                   len(lines(file)) == 1), glob.glob(file + "*"))
    check("it ends in order", b.end() == 0)
    r = subprocess.run([f"{build}/leveret", f"data_dir={where}/data8",
                        f"management.http_log_dir={where}/none/there"], capture_output=True,
                       text=True, timeout=10)
    check("a directory that cannot be", r.returncode == 2 and
          f"management.http_log_dir: {where}/none/there/access.log: No such" in r.stderr, r.stderr)


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
        end = time.monotonic() + 60
        while time.monotonic() < end:
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


class Daemon:
    """What syslog's daemon would get at a path, by UDP, or by TCP."""

    def __init__(self, where, kind=socket.SOCK_DGRAM):
        path = isinstance(where, str)
        self.got, self.gone, self.tcp = [], False, kind == socket.SOCK_STREAM
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(where if path else ("127.0.0.1", where))
        self.where = self.socket.getsockname()
        if self.tcp:
            self.socket.listen()
        self.socket.settimeout(0.02)
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        talk, rest = None if self.tcp else self.socket, b""
        while not self.gone:
            try:
                if not talk:
                    talk = self.socket.accept()[0]
                    talk.settimeout(0.02)
                piece = talk.recv(65536)
            except TimeoutError:
                continue
            if self.tcp:
                rest = self.take(rest + piece)
            else:
                self.got.append(piece.decode())
        if self.tcp and talk:
            talk.close()

    def take(self, text):
        """Each line has its length before it; what is left."""
        while b" " in text:
            length, _, more = text.partition(b" ")
            if len(more) < int(length):
                break
            self.got.append(more[:int(length)].decode())
            text = more[int(length):]
        return text

    def has(self, what):
        return eventually(lambda: any(what in line for line in self.got))

    def end(self):
        self.gone = True
        self.thread.join()
        self.socket.close()
        if isinstance(self.where, str):
            os.unlink(self.where)


def local_syslog(build, where):
    path = f"{where}/devlog"
    d = Daemon(path)
    b = rig.Broker(build, f"{where}/syslog", "log.syslog=true", f"log.syslog.host=unix:{path}",
                   "log.syslog.level=warning", "log.syslog.facility=local3",
                   "log.syslog.identity=my_rabbit", "log.user.level=info")
    b.ask("add_user", "maria", "pass-Of-maria")
    check("syslog: a line in the form of this machine", d.has("created user 'maria'") and
          re.fullmatch(r"<158>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d my_rabbit\[%d\]: created user "
                       "'maria'" % b.process.pid, d.got[-1]), d.got)
    b.ask("add_vhost", "v")
    b.ask("add_user", "lena", "pass-Of-lena")
    check("... of its level", d.has("'lena'") and "vhost" not in str(d.got), d.got)
    d.end()
    b.ask("add_user", "mona", "pass-Of-mona")
    d = Daemon(path)
    check("a daemon that begins anew misses nothing", d.has("'mona'"), d.got)
    b.ask("set_log_level", "debug")
    b.ask("add_vhost", "w")
    check("set_log_level", d.has("adding vhost 'w'"), d.got)
    check("the last line arrives", b.end() == 0 and d.has("]: stopped"), d.got[-2:])
    check("... and no password", "pass-Of" not in str(d.got))
    d.end()


def far_syslog(build, where):
    d, t = Daemon(0), Daemon(0, socket.SOCK_STREAM)
    conf = f"{where}/syslog.conf"

    def write(*rows):
        with open(conf, "w", encoding="utf-8") as f:
            f.write("".join(f"log.syslog{row}\n" for row in rows))
    write(" = true", ".ip = 127.0.0.1", f".port = {d.where[1]}")
    b = rig.Broker(build, f"{where}/syslog", "-c", conf)
    here = socket.gethostname()
    check("by UDP, as RFC 3164 has it", d.has("startup complete") and all(
        re.match(r"<30>\w{3} [ \d]\d [\d:]{8} %s leveret\[%d\]: " %
                 (re.escape(here.split(".")[0]), b.process.pid), line) for line in d.got), d.got)
    write(" = true", ".transport = tcp", f".port = {t.where[1]}", ".protocol = rfc5424",
          ".formatter = json")
    b.ask("reload_config")
    b.ask("add_user", "lily", "pass-Of-lily")
    shape = r"<30>1 \d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z %s leveret %d user - (\{.*\})"
    told = t.has("'lily'") and re.fullmatch(shape % (re.escape(here), b.process.pid), t.got[-1])
    check("by TCP, as RFC 5424 and JSON have it", told and
          json.loads(told[1])["msg"] == "created user 'lily'", t.got)
    t.end()
    t = Daemon(t.where[1], socket.SOCK_STREAM)
    b.ask("add_user", "rose", "pass-Of-rose")
    check("a connection that is gone is made anew", t.has("'rose'"), t.got)
    write(" = false")
    b.ask("reload_config")
    b.ask("add_user", "iris", "pass-Of-iris")
    check("no more", b.end() == 0 and "'iris'" not in str(t.got), t.got)
    d.end()
    t.end()


def deaf_syslog(build, where):
    """A daemon that does not read, and one that is not there, keep nobody waiting."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(f"{where}/deaf")
        b = rig.Broker(build, f"{where}/deaf-data", "log.syslog=true",
                       f"log.syslog.host=unix:{where}/deaf", "log.syslog.level=debug")
        b.ask("add_user", "x" * 200, "pass")
        served = 0
        for i in range(2400):
            if i % 800 == 799:
                time.sleep(1.1)
            with socket.create_connection(("127.0.0.1", b.port), timeout=20) as s:
                s.sendall(b"GET / HTTP/1.1\r\n\r\n")
                served += s.recv(8) == b"AMQP\0\0\x09\x01"
        check("who comes is served all the same", served == 2400, served)
        b.ask("add_vhost", "v")
        check("lines that found no room are counted", b.says("log lines did not reach syslog at "
              f"unix:{where}/deaf"), b.said[-500:])
        check("it ends in order", b.end() == 0)
    b = rig.Broker(build, f"{where}/deaf-data", "log.syslog=true",
                   f"log.syslog.host=unix:{where}/nowhere")
    check("it begins without a daemon", b.ready)
    check("... and ends without one", b.end() == 0)


def main(build):
    with tempfile.TemporaryDirectory() as where:
        forms(build, where)
        sizes(build, where)
        journal(build, where)
        exchange(build, where)
        dated(build, where)
        visits(build, where)
        texts(build, where)
        local_syslog(build, where)
        far_syslog(build, where)
        deaf_syslog(build, where)
        r = subprocess.run([f"{build}/leveret", f"data_dir={where}/data5",
                            f"log.file={where}/none/x.log"], capture_output=True, text=True,
                           timeout=10)
        check("a file that cannot be", r.returncode == 2 and r.stderr.startswith(
            f"leveret: log.file: {where}/none/x.log: No such file"), r.stderr)
    return rig.finish("logs")


sys.exit(main(os.path.abspath(sys.argv[1])))
