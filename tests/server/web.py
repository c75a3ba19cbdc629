#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The HTTP API over sockets, in the clear and with TLS: clients that are slow, that send too much
or nonsense, that do not read, and that are many.

usage: web.py BUILD
"""
import base64
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import rig
from rig import check

GUEST = {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()}
QUEUES = 3000


class Broker(rig.Broker):
    """With an HTTP API, and a port for one with TLS."""

    def __init__(self, build, data, *more):
        self.web, self.tls = rig.free_port(), rig.free_port()
        super().__init__(build, data, "management.tcp.ip=127.0.0.1",
                         f"management.tcp.port={self.web}", *[m.format(tls=self.tls) for m in more])


class Raw:
    """A connection on which anything can be said."""

    def __init__(self, port, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))

    def say(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass
        return self

    def hear(self):
        """All, to the end of the connection."""
        said = b""
        try:
            while piece := self.socket.recv(65536):
                said += piece
        except ConnectionResetError:
            said += b"<reset>"
        self.socket.close()
        return said


def ask(port, method, target, body=None, headers=GUEST, context=None):
    if context:
        c = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    else:
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request(method, target, body if body is None else json.dumps(body), headers)
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, text


def head(target, method=b"GET", more=b""):
    return (method + b" " + target + b" HTTP/1.1\r\nHost: h\r\nAuthorization: "
            + GUEST["Authorization"].encode() + b"\r\n" + more + b"\r\n")


def nonsense(broker):
    for what, data, status in [
        ("no HTTP", b"hello\r\n\r\n", b"400"),
        ("AMQP", b"AMQP\0\0\x09\x01", b"400"),
        ("a long head", b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 100000, b"431"),
        ("a long target", b"GET /" + b"x" * 100000, b"431"),
        ("a body that is too long, said before",
         head(b"/api/queues/%2F/q", b"PUT", b"Content-Length: 20000000\r\n") + b"x" * 100000,
         b"413"),
        ("two lengths", head(b"/api/queues/%2F/q", b"PUT",
                             b"Content-Length: 2\r\nContent-Length: 3\r\n") + b"{}", b"400"),
        ("a body that nobody asked for",
         b"PUT /api/queues/%2F/q HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n"
         + b"x" * 1000000, b"401"),
    ]:
        said = Raw(broker.web).say(data).hear()
        check(f"{what}: the answer arrives, and is {status.decode()}",
              said.startswith(b"HTTP/1.1 " + status) and b"<reset>" not in said, said[:200])


def put(body, target=b"/api/queues/%2F/odd", method=b"PUT"):
    return head(target, method, b"Content-Length: %d\r\n" % len(body)) + body


def chunked(rest, more=b""):
    return head(b"/api/queues/%2F/odd", b"PUT", b"Transfer-Encoding: chunked\r\n" + more) + rest


def as_who(credentials):
    return (b"GET /api/whoami HTTP/1.1\r\nHost: h\r\nAuthorization: Basic "
            + base64.b64encode(credentials) + b"\r\n\r\n")


# What is said, the status of the answer, and what is in it.
ODD = [
    ("101 headers", head(b"/api/whoami", more=b"".join(b"X-%d: y\r\n" % i for i in range(101))),
     200, b"guest"),
    ("a header of 9 KB", head(b"/api/whoami", more=b"X: " + b"y" * 9000 + b"\r\n"), 200, b"guest"),
    ("a header of 16 KB", head(b"/api/whoami", more=b"X: " + b"y" * 16384 + b"\r\n"), 431, b""),
    ("a chunk of 2^64 bytes and more", chunked(b"1FFFFFFFFFFFFFFFF\r\n{}"), 400, b""),
    ("a chunk of 2^64 - 1 bytes", chunked(b"FFFFFFFFFFFFFFFF\r\n{}"), 400, b""),
    ("a chunk of -1 bytes", chunked(b"-1\r\n{}"), 400, b""),
    ("a chunk of 50 MB", chunked(b"2FAF080\r\n" + b"x" * (11 << 20)), 413, b"size limit"),
    ("the same length twice", head(b"/api/queues/%2F/odd", b"PUT",
                                   b"Content-Length: 2\r\nContent-Length: 2\r\n") + b"{}",
     400, b""),
    ("a length, and chunks", chunked(b"0\r\n\r\n", b"Content-Length: 5\r\n"), 400, b""),
    ("chunks that are none", chunked(b"0\r\n\r\n", b"Transfer-Encoding: identity\r\n"), 400, b""),
    ("a way up in the path", head(b"/api/%2F%2e%2e/%2e%2e/etc/passwd"), 404, b"Not Found"),
    ("another", head(b"/..%2f..%2f..%2fetc%2fpasswd"), 404, b"Not Found"),
    ("a plain one", head(b"/../../../etc/passwd"), 404, b"Not Found"),
    ("a queue with a NUL", put(b"{}", b"/api/queues/%2F/a%00b"), 400, b"control character 0x00"),
    ("a user with a NUL", put(b'{"password":"x","tags":""}', b"/api/users/guest%00"), 400,
     b"control character 0x00"),
    ("a virtual host with a control character", put(b"{}", b"/api/vhosts/a%1Fb"), 400,
     b"control character 0x1f"),
    ("10,000 brackets", put(b"[" * 10000), 400, b"not_json"),
    ("10,000 objects", put(b'{"a":' * 10000), 400, b"not_json"),
    ("a number that is none", put(b'{"arguments":{"x":1e400}}'), 400, b"not_json"),
    ("a large integer", put(b'{"arguments":{"x":99999999999999999999}}'), 400, b"not_json"),
    ("half a surrogate", put(b'{"arguments":{"x":"\\ud800"}}'), 400, b"not_json"),
    ("the other half", put(b'{"arguments":{"x":"\\udc00"}}'), 400, b"not_json"),
    ("what is no UTF-8", put(b'{"arguments":{"x":"\xff"}}'), 400, b"not_json"),
    ("something behind the object", put(b'{"durable":true}\0'), 400, b"not_json"),
    ("a key twice", put(b'{"durable":true,"durable":false}'), 201, b""),
    ("the last one counts", head(b"/api/queues/%2F/odd?columns=durable"), 200,
     b'{"durable":false}'),
    ("a body of 50 MB", head(b"/api/definitions", b"POST", b"Content-Length: 50000000\r\n"), 413,
     b"size limit"),
    ("page 0", head(b"/api/queues?page=0"), 400, b"page"),
    ("page -1", head(b"/api/queues?page=-1"), 400, b"page"),
    ("page 2^31", head(b"/api/queues?page=2147483648"), 400, b"page"),
    ("page 2^64 + 1", head(b"/api/queues?page=18446744073709551617"), 400, b"page"),
    ("a pattern that takes long", head(b"/api/queues?page=1&use_regex=true&name="
                                       + b"(o%2B)%2B" * 20 + b"$"), 200, b"items"),
    ("a pattern that is long", head(b"/api/queues?page=1&use_regex=true&name=" + b"a" * 2000), 400,
     b"1024"),
    ("columns of 10 KB", head(b"/api/queues?columns=" + b"name," * 2000), 200, b'"odd"'),
    ("a login without a colon", as_who(b"guest"), 401, b"not_authorized"),
    ("a login of 12 KB", as_who(b"nobody:" + b"x" * 9000), 401, b"not_authorized"),
    ("a login of 64 KB", as_who(b"nobody:" + b"x" * 48000), 431, b""),
    ("a login with a NUL", as_who(b"gu\0est:guest"), 401, b"not_authorized"),
    ("the end", head(b"/api/queues/%2F/odd", b"DELETE"), 204, b""),
]


def odd(broker):
    for what, data, status, text in ODD:
        data = data.replace(b"Host: h\r\n", b"Host: h\r\nConnection: close\r\n", 1)
        said = Raw(broker.web).say(data).hear()
        answer = said.split(b"\r\n\r\n", 1)[-1]
        check(f"{what}: {status}", said.startswith(b"HTTP/1.1 %d " % status) and text in answer and
              said.count(b"HTTP/1.1 ") == 1 and b"<reset>" not in said, said[:300])


def slow(build, where):
    broker = Broker(build, f"{where}/slow", "management.tcp.request_timeout=600",
                    "management.tcp.idle_timeout=5000")
    began = time.monotonic()
    silent, dripping = Raw(broker.web), Raw(broker.web)
    over = threading.Event()

    def drip():
        while not over.wait(0.1):
            dripping.say(b"X-A: b\r\n")

    dripping.say(b"GET /api/queues HTTP/1.1\r\n")
    dripper = threading.Thread(target=drip)
    dripper.start()
    check("a slow head ends without an answer", dripping.hear() in (b"", b"<reset>"))
    over.set()
    dripper.join()
    check("silence ends", silent.hear() == b"")
    check("but not at once", time.monotonic() - began > 0.5)
    began = time.monotonic()
    half = Raw(broker.web)
    half.say(head(b"/api/queues/%2F/half", b"PUT", b"Content-Length: 9\r\n") + b"{")
    check("half a body ends without an answer, and nothing of it happens", half.hear() == b"" and
          ask(broker.web, "GET", "/api/queues/%2F/half")[0] == 404)
    check("when nothing more has come for the time that the configuration says",
          4 < time.monotonic() - began < 20)
    check("it ends in order", broker.end() == 0)


def stuck(broker):
    """Who does not read makes nobody wait, and keeps no more than a piece."""
    before = resident(broker)
    deaf = [Raw(broker.web, 4096).say(head(b"/api/queues") * 50) for _ in range(20)]
    for _ in range(20):
        status, _ = ask(broker.web, "GET", "/api/queues?page=1&page_size=5")
        check("others are answered", status == 200, status)
    grown = resident(broker) - before
    check("what they do not take is not made", grown < 20 << 20, grown)
    for d in deaf:
        d.socket.close()


def resident(broker):
    with open(f"/proc/{broker.process.pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def many(broker):
    """More than there are places for: who says nothing makes room."""
    idle = [Raw(broker.web) for _ in range(150)]
    status, _ = ask(broker.web, "GET", "/api/queues?page=1")
    check("who asks is let in", status == 200, status)
    for i in idle:
        i.socket.close()


def of_process(broker):
    """Monitoring divides what is used by what there is."""
    def node():
        return json.loads(ask(broker.web, "GET", "/api/nodes/leveret")[1])

    def tasks():
        return len(os.listdir(f"/proc/{broker.process.pid}/task"))
    check("threads", rig.eventually(lambda: node()["proc_used"] == tasks()), (tasks(), node()))
    n = node()
    check("... are no more than there may be", n["proc_used"] <= n["proc_total"], n)
    opened = len(os.listdir(f"/proc/{broker.process.pid}/fd"))
    check("file descriptors", 0 < n["fd_used"] < n["fd_total"] and
          abs(n["fd_used"] - opened) < 10, (opened, n))


def work(port, context=None):
    named = f"/api/queues/%2F/a%20queue{port}"
    results = [
        ask(port, "PUT", named, {"durable": True}, context=context)[0],
        ask(port, "PUT", named, {"durable": True}, context=context)[0],
        ask(port, "POST", "/api/exchanges/%2F/amq.default/publish",
            {"routing_key": f"a queue{port}", "properties": {}, "payload": "x" * 300000,
             "payload_encoding": "string"}, context=context)[1],
        json.loads(ask(port, "POST", named + "/get", {
            "count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"},
            context=context)[1])[0]["payload_bytes"],
        ask(port, "DELETE", named, context=context)[0],
        ask(port, "GET", named, context=context)[0],
    ]
    check("work", results == [201, 204, b'{"routed":true}', 300000, 204, 404], results)


def keep_alive(broker):
    """A thousand requests are sent before the first answer is read."""
    raw = Raw(broker.web)
    answers = raw.socket.makefile("rb")
    bad = 0
    for i in range(QUEUES):
        raw.say(head(b"/api/queues/%2F/" + b"q%05d" % i, b"PUT", b"Content-Length: 2\r\n") + b"{}")
        if i % 1000 == 999:
            for _ in range(1000):
                bad += not answers.readline().startswith(b"HTTP/1.1 201")
                while answers.readline() != b"\r\n":
                    pass
    check("one connection, many requests ahead", bad == 0, bad)
    raw.socket.close()
    names = [q["name"] for q in json.loads(ask(broker.web, "GET", "/api/queues?columns=name")[1])]
    check("all is there", names == [f"q{i:05d}" for i in range(QUEUES)], len(names))


def with_tls(broker):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    work(broker.tls, context)
    # Some of them come with the last bytes of the handshake, others behind them.
    found = {ask(broker.tls, "GET", "/api/whoami", context=context)[0] for _ in range(40)}
    check("a request may come with the end of the handshake", found == {200}, found)
    status, text = ask(broker.tls, "GET", "/api/queues", context=context)
    check("a long list with TLS", status == 200 and len(json.loads(text)) >= QUEUES, status)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        refused = not ask(broker.tls, "GET", "/api/whoami", context=context)
    except ssl.SSLError as e:
        refused = "VERSION" in str(e)
    check("management.ssl.versions", refused)
    said = Raw(broker.tls).say(head(b"/api/queues")).hear()
    check("HTTP without TLS where there is TLS is no answer", b"HTTP" not in said, said)


def node(broker, file):
    """What the process uses, as the system tells it too."""
    queue = "/api/queues/%2F/turns"
    ask(broker.web, "PUT", queue, {"durable": True})   # a turn passes
    about = json.loads(ask(broker.web, "GET", "/api/nodes")[1])[0]
    used = len(os.listdir(f"/proc/{broker.process.pid}/fd"))
    check("descriptors in use", 5 < about["fd_used"] <= used + 20 and
          about["fd_used"] < about["fd_total"], (about["fd_used"], used))
    check("files", about["config_files"] == [file] and about["log_files"] == ["<stderr>"], about)
    check("contexts", sorted(c["port"] for c in about["contexts"]) ==
          sorted([str(broker.web), str(broker.tls)]), about["contexts"])
    check("the disk was written and synced", about["io_write_count"] > 0 and
          about["io_sync_count"] > 0 and about["io_sync_avg_time"] > 0, about)
    overview = json.loads(ask(broker.web, "GET", "/api/overview")[1])
    check("the library for TLS", overview["crypto_lib_version"].startswith("OpenSSL 3"), overview)
    ask(broker.web, "DELETE", queue)


def main(build):
    where = tempfile.mkdtemp()
    file = f"{where}/leveret.conf"
    with open(file, "w", encoding="utf-8") as f:
        f.write("heartbeat = 30\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{where}/key.pem",
                    "-out", f"{where}/cert.pem", "-days", "2", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    broker = Broker(build, f"{where}/data", "-c", file, "management.ssl.port={tls}",
                    "management.ssl.ip=127.0.0.1", f"management.ssl.certfile={where}/cert.pem",
                    f"management.ssl.keyfile={where}/key.pem", "management.ssl.versions.1=tlsv1.3")
    try:
        node(broker, file)
        nonsense(broker)
        odd(broker)
        slow(build, where)
        of_process(broker)
        work(broker.web)
        keep_alive(broker)
        stuck(broker)
        many(broker)
        with_tls(broker)
        check("the broker ends in order", broker.end() == 0)
    finally:
        broker.process.kill()
        broker.reader.join()
        shutil.rmtree(where)
    return rig.finish("web")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
