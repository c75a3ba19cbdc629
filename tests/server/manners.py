#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What systemd and Kubernetes expect of a process: it says when it is ready, alive and stopping, it
is drained and revived, answers probes that have no credentials, and goes when it is told to.

usage: manners.py BUILD
"""
import http.client
import os
import signal
import socket
import sys
import tempfile
import time

import pika

import rig
from rig import check


class Notified:
    """systemd's end of the socket."""

    def __init__(self, where):
        self.path = f"{where}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(30)
        self.said = []

    def hears(self, text):
        """In time, in the order in which it is asked."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                self.said.append(self.socket.recv(4096).decode())
            except TimeoutError:
                return False
            if text in self.said[-1]:
                return True
        return False


def with_systemd(build, where):
    n = Notified(where)
    os.environ.update(NOTIFY_SOCKET=n.path, WATCHDOG_USEC="200000")
    b = rig.Broker(build, f"{where}/data")
    del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
    check("READY", n.hears("READY=1"), n.said)
    check("... with a status before", any(s.startswith("STATUS=Ready") for s in n.said), n.said)
    check("WATCHDOG", n.hears("WATCHDOG=1") and n.hears("WATCHDOG=1"), n.said)
    b.process.send_signal(signal.SIGHUP)
    check("RELOADING", n.hears("RELOADING=1\nMONOTONIC_USEC="), n.said)
    check("... and READY again", n.hears("READY=1"), n.said)
    code = b.end()
    check("STOPPING", n.hears("STOPPING=1") and code == 0, n.said)


def recovering(build, where):
    b = rig.Broker(build, f"{where}/data")
    c = b.channel()
    c.queue_declare("q", durable=True)
    for _ in range(40):
        c.basic_publish("", "q", b"x" * 100000, rig.PERSISTENT)
    b.end(signal.SIGKILL)
    n = Notified(where)
    os.environ.update(NOTIFY_SOCKET=n.path)
    b = rig.Broker(build, f"{where}/data")
    del os.environ["NOTIFY_SOCKET"]
    check("a start says what it is doing, with figures", n.hears("STATUS=Recovering: 0 of ") and
          int(n.said[-1].split()[3]) >= 4, n.said)
    check("... and asks for time", n.hears("EXTEND_TIMEOUT_USEC=") and not any(
          "READY=1" in s for s in n.said), n.said)
    check("... before it is ready", n.hears("READY=1") and b.end() == 0, n.said)


def probe(port, path):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    c.request("GET", path)
    status = c.getresponse().status
    c.close()
    return status


def drained(build, where):
    web = rig.free_port()
    b = rig.Broker(build, f"{where}/data", f"management.tcp.port={web}",
                   "management.tcp.ip=127.0.0.1")
    ready = "/api/health/checks/ready-to-serve-clients"
    check("a probe without credentials", probe(web, ready) == 200)
    c = b.connect()
    code, out, _ = b.ask("drain")
    check("drain", code == 0 and "into maintenance mode" in out, out)
    try:
        c.process_data_events(60)
        check("connections are closed", False)
    except pika.exceptions.ConnectionClosedByBroker as e:
        check("connections are closed", (e.reply_code, e.reply_text) == (
            320, "CONNECTION_FORCED - Node was put into maintenance mode"), e)
    check("the probe fails", probe(web, ready) == 503 and
          probe(web, "/api/health/checks/is-in-service") == 503)
    try:
        b.connect()
        check("nobody is let in", False)
    except pika.exceptions.AMQPConnectionError:
        check("nobody is let in", True)
    check("revive", b.ask("revive")[0] == 0 and probe(web, ready) == 200)
    b.connect().close()
    check("it ends in order", b.end() == 0)


def stubborn(broker):
    """A client that does not answer when it is told that all is over."""
    s = socket.create_connection(("127.0.0.1", broker.port))
    body = b"\x00\x0a\x00\x0b\0\0\0\0\x05PLAIN\0\0\0\x0c\0guest\0guest\x05en_US"
    tune = b"\x00\x0a\x00\x1f\x07\xff\x00\x02\x00\x00\x00\x00"
    s.sendall(b"AMQP\x00\x00\x09\x01")
    for part in (body, tune, b"\x00\x0a\x00\x28\x01/\0\0"):
        s.sendall(b"\x01\0\0" + len(part).to_bytes(4, "big") + part + b"\xce")
    check("somebody is there", broker.says("granted access to vhost '/'"))
    return s


def opens(broker):
    try:
        broker.connect().close()
        return True
    except pika.exceptions.AMQPConnectionError:
        return False


def settling(build, where):
    """drain_timeout: consumers may settle what they have, publishers go on meanwhile."""
    n, web = Notified(where), rig.free_port()
    os.environ.update(NOTIFY_SOCKET=n.path)
    b = rig.Broker(build, f"{where}/data", "drain_timeout=60000", f"management.tcp.port={web}",
                   "management.tcp.ip=127.0.0.1")
    del os.environ["NOTIFY_SOCKET"]
    c, got = b.channel(), []
    c.queue_declare("q", durable=True)
    c.basic_qos(prefetch_count=1)
    c.basic_publish("", "q", b"1", rig.PERSISTENT)
    c.basic_publish("", "q", b"2", rig.PERSISTENT)
    c.basic_consume("q", lambda _, m, __, body: got.append((m.delivery_tag, body)))
    while not got:
        c.connection.process_data_events(0.1)
    b.process.send_signal(signal.SIGTERM)
    check("draining", b.says("draining: 1 connections left, 1 messages unacked"), b.said)
    check("systemd hears of it", n.hears("STOPPING=1") and
          n.hears("STATUS=Draining: 1 connections left, 1 messages unacked") and
          n.hears("EXTEND_TIMEOUT_USEC="), n.said)
    check("nobody new is let in", not opens(b))
    check("a probe fails", probe(web, "/api/health/checks/ready-to-serve-clients") == 503)
    c.basic_publish("", "q", b"3", rig.PERSISTENT)
    check("a publisher goes on, and is confirmed", True)
    check("a get is answered", c.basic_get("q", auto_ack=True)[2] == b"2")
    c.connection.process_data_events(0.2)
    check("nothing more is delivered", got == [(1, b"1")], got)
    try:
        c.basic_ack(1)
        c.connection.process_data_events(60)
        check("then clients are told", False)
    except pika.exceptions.ConnectionClosedByBroker as e:
        check("then clients are told", e.reply_code == 320 and "'shutdown'" in e.reply_text, e)
    b.process.wait(60)
    check("what was settled is, what was not is there", b.end(0) == 0 and
          "draining is over: 0 messages unacked" in b.said, b.said)
    b = rig.Broker(build, f"{where}/data")
    check("... after the next start", b.rows("list_queues", "-q", "name", "messages")[-1] ==
          ["q", "1"] and b.end() == 0)


def holder(broker):
    """Who has a message and keeps it."""
    c, got = broker.channel(), []
    c.queue_declare("q", durable=True)
    c.basic_publish("", "q", b"1", rig.PERSISTENT)
    c.basic_consume("q", lambda *a: got.append(a))
    while not got:
        c.connection.process_data_events(0.1)
    return c


def unsettled(build, where):
    b = rig.Broker(build, f"{where}/data", "drain_timeout=300")
    c = holder(b)
    b.process.send_signal(signal.SIGTERM)
    check("the time ends", b.says("draining is over: 1 messages unacked"), b.said)
    try:
        c.connection.process_data_events(60)
        check("clients are told then, too", False)
    except pika.exceptions.ConnectionClosedByBroker as e:
        check("clients are told then, too", e.reply_code == 320, e)
    b.process.wait(60)
    check("... in order", b.end(0) == 0)
    b = rig.Broker(build, f"{where}/data", "drain_timeout=60000")
    c = holder(b)
    b.process.send_signal(signal.SIGTERM)
    check("somebody keeps a message", b.says("draining: 1 connections left, 2 messages unacked"),
          b.said)
    began = time.monotonic()
    check("a second signal is the last here, too", b.end() == 0)
    check("... at once", time.monotonic() - began < 4)
    b = rig.Broker(build, f"{where}/data", "drain_timeout=60000")
    c = b.connect()
    b.process.send_signal(signal.SIGTERM)
    try:
        c.process_data_events(60)
        check("who has nothing to settle keeps nobody", False)
    except pika.exceptions.ConnectionClosedByBroker as e:
        check("who has nothing to settle keeps nobody", e.reply_code == 320, e)
    b.process.wait(60)
    check("it ends in order", b.end(0) == 0)


def by_path(build, where):
    path = f"{where}/amqp"
    b = rig.Broker(build, f"{where}/data", f"listeners.tcp.2=unix:{path}")
    check("a listener of the file system", f"unix:{path}" in b.said, b.said)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        check("somebody comes in there", rig.log_in(s))
    check("... as one from this machine", b.says("unix -> unix: user 'guest' authenticated"),
          b.said)
    check("others have no business there", os.stat(path).st_mode & 0o777 == 0o660)
    check("it is listed", path in b.ask("listeners")[1], b.ask("listeners"))
    other = rig.Broker(build, f"{where}/other", f"listeners.tcp.2=unix:{path}")
    check("it is not taken from who listens there", other.end(0) == 2 and
          f"cannot listen on unix:{path}: Address already in use" in other.said, other.said)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        check("... who still does", rig.log_in(s))
    file = f"{where}/file"
    with open(file, "w") as f:
        f.write("precious")
    other = rig.Broker(build, f"{where}/other", f"listeners.tcp.2=unix:{file}")
    check("a file is not taken for what somebody left behind", other.end(0) == 2 and
          f"cannot listen on unix:{file}: Address already in use" in other.said and
          open(file).read() == "precious", other.said)
    b.end(signal.SIGKILL)
    b = rig.Broker(build, f"{where}/data", f"listeners.tcp.2=unix:{path}")
    check("what a crash left behind is not in the way", b.ready, b.said)
    check("it goes at the end", b.end() == 0 and not os.path.exists(path))


def activated(build, where):
    """Sockets that systemd has opened."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]

        def before():
            os.dup2(s.fileno(), 3)
            os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="amqp")
        b = rig.Broker(build, f"{where}/data", preexec_fn=before, close_fds=False)
        check("a socket that was open", f"127.0.0.1:{port} (descriptor 3)" in b.said, b.said)
        with socket.create_connection(("127.0.0.1", port)) as c:
            check("somebody comes in there", rig.log_in(c))
        check("it is read again as it was", b.ask("reload_config", "-q")[1] == "", b.said)
        check("drained", b.ask("drain")[0] == 0)
        check("revived", b.ask("revive")[0] == 0)
        with socket.create_connection(("127.0.0.1", port)) as c:
            check("somebody comes in again", rig.log_in(c))
        check("it ends in order", b.end() == 0)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID="1")
    b = rig.Broker(build, f"{where}/data")
    check("what is meant for another process is left alone", b.ready and b.end() == 0, b.said)

    def nothing():
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="amqp")
        os.dup2(2, 3)
    b = rig.Broker(build, f"{where}/data", preexec_fn=nothing, close_fds=False)
    del os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"]
    check("what is no socket is refused", b.end(0) == 2 and
          "descriptor 3 is no listening socket" in b.said, b.said)


def told_to_go(build, where):
    b = rig.Broker(build, f"{where}/data")
    s = stubborn(b)
    b.process.send_signal(signal.SIGTERM)
    check("who is left is counted", b.says("stopping: 1 connections left"), b.said)
    began = time.monotonic()
    check("a second signal is the last", b.end() == 0)
    check("... at once", time.monotonic() - began < 4)
    s.close()


def main(build):
    for part in (with_systemd, recovering, drained, settling, unsettled, by_path, activated,
                 told_to_go):
        with tempfile.TemporaryDirectory() as where:
            part(build, where)
    return rig.finish("manners")


sys.exit(main(os.path.abspath(sys.argv[1])))
