#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients behind a proxy (proxy_protocol = true): who they are is what its header says, in the log,
in lists and where guest is let in; without a good header nobody comes in.

usage: proxied.py BUILD
"""
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import rig
from rig import check

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 192.0.2.10 198.51.100.1 56324 5672\r\n"
GUEST = b"PROXY TCP4 127.0.0.9 127.0.0.1 4000 5672\r\n"


def binary(family, block, command=1):
    return SIGNATURE + bytes([0x20 + command, family]) + len(block).to_bytes(2, "big") + block


def four(source, port):
    return (socket.inet_aton(source) + socket.inet_aton("198.51.100.1") +
            port.to_bytes(2, "big") + b"\x16\x28")


def six(source, port):
    return (socket.inet_pton(socket.AF_INET6, source) +
            socket.inet_pton(socket.AF_INET6, "2001:db8::ff") + port.to_bytes(2, "big") +
            b"\x16\x28")


def connect(b):
    return socket.create_connection(("127.0.0.1", b.port), 20)


def ends(b):
    """Of the one connection that there is."""
    for _ in range(500):
        rows = b.rows("list_connections", "name", "peer_host", "peer_port", "host", "port")
        if len(rows) == 1:
            return rows[0]
        time.sleep(0.01)
    return rows


def nobody(b):
    for _ in range(500):
        if not b.rows("list_connections", "name"):
            return
        time.sleep(0.01)


def named(b, what, header, wanted, user=b"app"):
    with connect(b) as s:
        s.sendall(header)
        check(f"{what}: a client comes in", rig.log_in(s, user))
        own, peer = s.getsockname()[:2], s.getpeername()[:2]
        real = [f"{own[0]}:{own[1]} -> {peer[0]}:{peer[1]}", own[0], str(own[1]), peer[0],
                str(peer[1])]
        check("... as who it is", ends(b) == (wanted or real), (ends(b), wanted or real))
        name = (wanted or real)[0]
        check("... in the log, too", b.says(f"{name}: user '{user.decode()}' authenticated"),
              b.said)
    nobody(b)


def shown(b):
    ten = ["192.0.2.10:56324 -> 198.51.100.1:5672", "192.0.2.10", "56324", "198.51.100.1", "5672"]
    named(b, "version 1", LINE, ten)
    named(b, "version 1, IPv6", b"PROXY TCP6 2001:DB8:0::1 2001:db8::ff 7 5672\r\n",
          ["[2001:db8::1]:7 -> [2001:db8::ff]:5672", "2001:db8::1", "7", "2001:db8::ff", "5672"])
    named(b, "version 1, unknown", b"PROXY UNKNOWN what ever\r\n", None)
    named(b, "version 2", binary(0x11, four("192.0.2.10", 56324)), ten)
    named(b, "version 2, IPv6", binary(0x21, six("2001:db8::2", 9)),
          ["[2001:db8::2]:9 -> [2001:db8::ff]:5672", "2001:db8::2", "9", "2001:db8::ff", "5672"])
    named(b, "version 2 with fields", binary(0x11, four("192.0.2.10", 56324) + b"\1\0\4amqp" +
                                             b"\x20\0\5\1\0\0\0\0\4\1\0" + bytes(256)), ten)
    named(b, "the proxy itself", binary(0, b"", 0), None)
    named(b, "the proxy itself, with addresses", binary(0x11, four("192.0.2.10", 1), 0), None)


def pieces(b):
    for what, header in (("version 1", LINE), ("version 2", binary(0x21, six("2001:db8::2", 9)))):
        with connect(b) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in header:
                s.sendall(bytes([byte]))
                time.sleep(0.002)
            check(f"{what}, byte by byte", rig.log_in(s, b"app"))
    nobody(b)
    with connect(b) as s:
        s.sendall(LINE + b"AMQP")
        time.sleep(0.1)
        s.sendall(b"\0\0\x09\x01")
        check("what comes with it is not lost", s.recv(4096)[:1] == b"\1")


def is_cut_off(s):
    s.settimeout(20)
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


def refused(b):
    for what, first, why in (
            ("none", b"AMQP\0\0\x09\x01", "something else came first"),
            ("TLS", b"\x16\x03\x01\x02\x00", "something else came first"),
            ("a line without end", b"PROXY UNKNOWN" + b" " * 200, "too long a line"),
            ("no address", b"PROXY TCP4 1.2.3.4 localhost 1 2\r\n", "an address or a port"),
            ("another family", b"PROXY TCP4 ::1 ::1 1 2\r\n", "an address or a port"),
            ("another version", SIGNATURE + b"\x11\x11\0\x0c" + four("1.2.3.4", 5),
             "a binary header of another version than 2"),
            ("too short", binary(0x21, four("1.2.3.4", 5)), "too short for its addresses"),
            ("too long", SIGNATURE + b"\x21\x11\xff\xff", "longer than it may be"),
            ("a field that lies", binary(0x11, four("1.2.3.4", 5) + b"\4\xff\xff"),
             "a field of it is longer"),
            ("a wrong checksum", binary(0x11, four("1.2.3.4", 5) + b"\3\0\4abcd"),
             "its checksum is wrong")):
        with connect(b) as s:
            own, peer = s.getsockname(), s.getpeername()
            s.sendall(first)
            check(f"{what}: cut off", is_cut_off(s))
            check("... and the log says why", b.says(
                f"127.0.0.1:{own[1]} -> 127.0.0.1:{peer[1]}: PROXY header refused: {why}"), b.said)


def guest(b):
    with connect(b) as s:
        s.sendall(GUEST)
        check("guest from where the proxy is", rig.log_in(s))
    with connect(b) as s:
        s.sendall(LINE)
        check("guest from elsewhere, by a proxy on this machine", not rig.log_in(s))
    check("... is told of", b.says("192.0.2.10:56324 -> 198.51.100.1:5672: "), b.said)


def late(b):
    """The time for the first byte is that of the whole header: handshake_timeout is a minute."""
    with connect(b) as s:
        s.sendall(LINE[:20])
        check("half a header in time is none", is_cut_off(s))


def with_tls(b, port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    s = socket.create_connection(("127.0.0.1", port), 20)
    s.sendall(LINE)
    with context.wrap_socket(s) as t:
        check("TLS behind the header", rig.log_in(t, b"app"))
        check("... is known by it", ends(b)[1:3] == ["192.0.2.10", "56324"], ends(b))
    nobody(b)
    s = socket.create_connection(("127.0.0.1", port), 20)
    try:
        context.wrap_socket(s).close()
        check("TLS without a header", False)
    except OSError:
        check("TLS without a header", True)
    s.close()


def main(build):
    with tempfile.TemporaryDirectory() as where:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{where}/key.pem",
                        "-out", f"{where}/cert.pem", "-days", "2", "-subj", "/CN=localhost"],
                       check=True, stderr=subprocess.DEVNULL)
        tls = rig.free_port()
        b = rig.Broker(build, f"{where}/data", "proxy_protocol=true", "handshake_timeout=60000",
                       f"listeners.ssl.1=127.0.0.1:{tls}", f"ssl_options.certfile={where}/cert.pem",
                       f"ssl_options.keyfile={where}/key.pem")
        b.ask("add_user", "app", "app")
        b.ask("set_permissions", "app", ".*", ".*", ".*")
        for part in (shown, pieces, refused, guest, late):
            part(b)
        with_tls(b, tls)
        check("it ends in order", b.end() == 0)
        b = rig.Broker(build, f"{where}/data")
        with connect(b) as s:
            s.sendall(GUEST)
            check("nobody is believed who was not asked", not rig.log_in(s))
        check("it ends in order", b.end() == 0)
    return rig.finish("proxied")


sys.exit(main(os.path.abspath(sys.argv[1])))
