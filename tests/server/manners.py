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
        self.socket.settimeout(5)
        self.said = []

    def hears(self, text):
        """In time, in the order in which it is asked."""
        end = time.monotonic() + 5
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
        c.process_data_events(5)
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
    for part in (with_systemd, drained, told_to_go):
        with tempfile.TemporaryDirectory() as where:
            part(build, where)
    return rig.finish("manners")


sys.exit(main(os.path.abspath(sys.argv[1])))
