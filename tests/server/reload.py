#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The configuration is read again while the broker runs: each key that is marked LIVE in the table
takes effect then, the others do not, and what is wrong changes nothing.

usage: reload.py BUILD
"""
import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import pika

import rig
from rig import check

GUEST = {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()}
ROW = re.compile(r'KEY\("([^"]+)", ([A-Z]+), [a-z_0-9]+, ([A-Z]+), "([^"]*)", ([^,]+), ([^,]+),')
SPECIAL = {
    "auth_mechanisms": "PLAIN AMQPLAIN", "advertised_version": "4.0.9",
    "ssl_options.verify": "verify_peer", "management.ssl.verify": "verify_peer",
    "prometheus.ssl.verify": "verify_peer", "ssl_options.versions": "tlsv1.3",
    "management.ssl.versions": "tlsv1.3", "prometheus.ssl.versions": "tlsv1.3",
    "ssl_cert_login_from": "common_name", "ssl_cert_login_san_type": "email",
    "durability": "os", "vm_memory_high_watermark.absolute": "900000000",
    "connection_max": "500", "management.tcp.ip": "127.0.0.2", "management.ssl.ip": "127.0.0.2",
    "loopback_users": "guest,other", "default_user_tags": "monitoring",
    "disk_free_limit.absolute": "1000", "disk_free_limit.relative": "0.000001",
    "max_message_size": "1500", "message_memory": "50000000",
    "management.cors.allow_origins": "http://localhost:1",
    "default_queue_type": "quorum", "password_hashing_module": "rabbit_password_hashing_sha512",
    "credential_validator.validation_backend": "rabbit_credential_validator_min_password_length",
    "log.file.rotation.date": "$H0", "config_entry_decoder.cipher": "aes_256_cbc",
    "config_entry_decoder.hash": "sha512", "log.syslog.host": "127.0.0.1",
    "log.syslog.transport": "udp", "log.syslog.protocol": "rfc5424",
    "log.syslog.facility": "local0",
    "management.path_prefix": "/", "prometheus.path": "/m", "log.file": "false",
}
ENTRIES = {
    "default_users": (".a.tags", "another"), "default_limits.vhosts": (".a.max_queues", "3"),
    "default_policies.operator": (".a.max_length", "3"), "cluster_tags": (".a", "another"),
    "node_tags": (".a", "another"),
}


def table(root):
    """Rows of config.def: name, kind, when, default, least, most."""
    text = open(f"{root}/server/config.def").read()
    rows = [m.groups() for m in ROW.finditer(re.sub(r",\n\s+", ", ", text))]
    check("all rows of the table are seen", len(rows) == len(re.findall(r"^KEY\(", text, re.M)),
          len(rows))
    return rows


def number(text):
    return eval(text.replace("ll", ""), {})


def size(text):
    units = {"KB": 10, "MB": 20, "GB": 30}
    return int(text[:-2]) << units[text[-2:]] if text[-2:] in units else int(text)


def another(name, kind, standard, least, most):
    """A value that is none's default."""
    if name in ENTRIES:
        return ENTRIES[name][1]
    if name in SPECIAL:
        return SPECIAL[name]
    if kind in ("NUMBER", "LIMIT", "SIZE"):
        value = size(standard)
        return str(value + 1 if value < number(most) else value - 1)
    if kind == "BOOL":
        return "false" if standard == "true" else "true"
    if kind == "SHARE":
        return "0.55"
    if name.startswith("log.") and name.endswith("level"):
        return "debug"
    if name.endswith("formatter"):
        return "json"
    if name.endswith("stdio"):
        return "stdout"
    return "another"


class Broker(rig.Broker):
    def __init__(self, build, where, *settings):
        self.web, self.conf = rig.free_port(), f"{where}/leveret.conf"
        self.write("")
        super().__init__(build, f"{where}/data", "-c", self.conf,
                         f"management.tcp.port={self.web}", "management.tcp.ip=127.0.0.1",
                         *settings)

    def write(self, text):
        with open(self.conf, "w") as f:
            f.write(text)

    def ask_web(self, method, path, headers=GUEST):
        c = http.client.HTTPConnection("127.0.0.1", self.web, timeout=20)
        c.request(method, path, headers=headers)
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, json.loads(text or b"null")

    def reload(self, text):
        self.write(text)
        return self.ask_web("POST", "/api/config/reload")

    def effective(self):
        return self.ask_web("GET", "/api/config/effective")[1]


def whole_table(broker, rows):
    given = {"management.tcp.port", "management.tcp.ip", "data_dir", "log_segment_size"}
    rows = [r for r in rows if r[0] not in given and r[0] != "io_threads"]
    wanted = {name: another(name, kind, standard, least, most)
              for name, kind, _, standard, least, most in rows}
    wanted["management.http_log_dir"] = f"{broker.data}/http"
    before = broker.effective()
    status, told = broker.reload("".join(f"{k}{ENTRIES.get(k, [''])[0]} = {v}\n"
                                         for k, v in wanted.items()) + "listeners.tcp.2 = 1\n")
    check("all keys at once", status == 200, told)
    marked = {w: {r[0] for r in rows if r[2] == w} for w in ("LIVE", "START", "FIRST")}
    marked["LIVE"].discard("config_entry_decoder.passphrase")      # nobody knows what it was
    check("what is LIVE has changed", set(told["changed"]) == marked["LIVE"],
          set(told["changed"]) ^ marked["LIVE"])
    check("what is START waits", set(told["needs_restart"]) == marked["START"] | {"listeners"},
          told["needs_restart"])
    check("what is FIRST does not count", set(told["first_start_only"]) == marked["FIRST"],
          told["first_start_only"])
    now = broker.effective()
    secret = {r[0] for r in rows if r[1] == "SECRET"}
    for name, (behind, value) in ENTRIES.items():
        check(f"{name} takes effect", now.get(name + behind) == value and before[name] == "none",
              now.get(name))
    for name in sorted(marked["LIVE"] - secret - set(ENTRIES)):
        check(f"{name} takes effect", now[name] == wanted[name] != before[name],
              (before[name], now[name]))
    for name in sorted(marked["START"] | marked["FIRST"]):
        check(f"{name} stays", now[name] == before[name], now[name])
    check("secrets are blank", {now[s] for s in secret} == {"********"}, now)
    broker.reload("")
    check("what is taken out of the file is gone", broker.effective() == before,
          {k: v for k, v in broker.effective().items() if before[k] != v})


def offered(broker):
    with socket.create_connection(("127.0.0.1", broker.port), 10) as s:
        s.sendall(b"AMQP\x00\x00\x09\x01")
        f = s.makefile("rb")

        def frame():
            head = f.read(7)
            body = f.read(int.from_bytes(head[3:7], "big") + 1)
            return body[:-1]
        frame()
        table_, answer = b"\0\0\0\0", b"\0guest\0guest"
        body = b"\x00\x0a\x00\x0b" + table_ + b"\x05PLAIN" + len(answer).to_bytes(4, "big") + \
            answer + b"\x05en_US"
        s.sendall(b"\x01\x00\x00" + len(body).to_bytes(4, "big") + body + b"\xce")
        tune = frame()
        return (int.from_bytes(tune[4:6], "big"), int.from_bytes(tune[6:10], "big"),
                int.from_bytes(tune[10:12], "big"))


def come_and_go(broker):
    """What a log that tells of it has: where from."""
    with socket.create_connection(("127.0.0.1", broker.port), 10) as s:
        rig.log_in(s)
        return f"127.0.0.1:{s.getsockname()[1]} -> "


def behaviour(broker):
    old = broker.channel()
    old.queue_declare("q")
    broker.reload("heartbeat = 17\nframe_max = 64KB\nchannel_max = 99\nmax_message_size = 1000\n")
    check("clients are offered other values", offered(broker) == (99, 65536, 17), offered(broker))
    try:
        old.basic_publish("", "q", b"x" * 1001)
        old.queue_declare("q", passive=True)
        check("max_message_size", False)
    except pika.exceptions.ChannelClosedByBroker as e:
        check("max_message_size", e.reply_code == 406, e)
    check("a connection stays", old.connection.is_open)
    old.connection.close()

    broker.reload("total_memory_available_override_value = 1MB\n")
    alarms = "/api/health/checks/alarms"
    check("a watermark", rig.eventually(lambda: broker.ask_web("GET", alarms)[0] == 503))
    broker.reload("")
    check("... and no longer", rig.eventually(lambda: broker.ask_web("GET", alarms)[0] == 200))

    broker.reload("log.default.level = debug\n")
    broker.connect().close()
    check("the level of log lines", broker.says("[debug]"))
    broker.reload("log.default.level = error\n")
    quiet = come_and_go(broker)
    broker.reload("log.default.level = debug\n")
    check("... and less again", broker.says(come_and_go(broker)) and quiet not in broker.said,
          (quiet, broker.said))
    broker.reload("initial_frame_max = 4096\n")
    with socket.create_connection(("127.0.0.1", broker.port), 10) as s:
        s.sendall(b"AMQP\x00\x00\x09\x01\x01\0\0" + (5000).to_bytes(4, "big"))
        check("the largest frame of a stranger", broker.says("5000 bytes of payload, 4088 allowed"))
    broker.reload("auth_mechanisms.1 = AMQPLAIN\n")
    try:
        broker.connect()
        check("auth_mechanisms", False)
    except pika.exceptions.AMQPError:
        check("auth_mechanisms", True)
    broker.reload("management.http.max_body_size = 1024\n")
    check("the largest body over HTTP", broker.ask_web(
        "GET", "/api/overview", {**GUEST, "Content-Length": "2000"})[0] == 413)
    broker.reload("")


def mistakes(broker):
    before = broker.effective()
    status, told = broker.reload("heartbeat = 3\nhartbeat = 4\n")
    check("a mistake is named, with its place", status == 400 and
          f"{broker.conf}:2: hartbeat: unknown key; the nearest one is heartbeat" in
          told["reason"], told)
    check("and nothing of it counts", broker.effective() == before)
    broker.process.send_signal(signal.SIGHUP)
    check("a signal does the same", broker.says("[error] the configuration in force stays: "))
    code, _, error = broker.ask("reload_config")
    check("and leveretctl", code == 65 and "nearest one is heartbeat" in error, error)
    broker.write("heartbeat = 3\n")
    code, out, _ = broker.ask("reload_config", "-q")
    check("put right", (code, out) == (0, "changed: heartbeat\n"), out)
    code, out, _ = broker.ask("environment", "-q")
    check("environment", "heartbeat = 3\n" in out and "default_pass = ********\n" in out, out)
    check("who is no administrator may not", broker.ask_web(
        "POST", "/api/config/reload", {})[0] == 401)
    broker.write("")
    said = len(broker.said)
    broker.process.send_signal(signal.SIGHUP)
    check("a signal", broker.says("[notice] the configuration was read again: changed: heartbeat"),
          broker.said[said:])
    os.remove(broker.conf)
    check("a file that is gone", broker.ask_web("POST", "/api/config/reload")[0] == 400)
    broker.write("")


def shown(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        with context.wrap_socket(s) as t:
            return ssl.DER_cert_to_PEM_cert(t.getpeercert(True))


def certificates(build, where):
    for name in "ab":
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                        f"{where}/{name}.key", "-out", f"{where}/{name}.pem", "-days", "2",
                        "-subj", f"/CN={name}"], check=True, stderr=subprocess.DEVNULL)
    tls, web = rig.free_port(), rig.free_port()

    def text(name, key):
        return (f"ssl_options.certfile = {where}/{name}.pem\n"
                f"ssl_options.keyfile = {where}/{key}.key\n")
    with open(f"{where}/first.conf", "w") as f:
        f.write(text("a", "a"))
    broker = Broker(build, where, "-c", f"{where}/first.conf",
                    f"listeners.ssl.1=127.0.0.1:{tls}", f"management.ssl.port={web}",
                    "management.ssl.ip=127.0.0.1")
    first = shown(tls), shown(web)
    with open(f"{where}/first.conf", "w") as f:
        f.write(text("b", "a"))
    status, told = broker.reload("heartbeat = 5\n")
    check("a key that does not belong to the certificate", status == 400 and
          "ssl_options.keyfile" in told["reason"], told)
    check("then nothing changes", (shown(tls), shown(web)) == first and
          broker.effective()["heartbeat"] == "60")
    with open(f"{where}/first.conf", "w") as f:
        f.write(text("b", "b"))
    status, told = broker.reload("")
    second = shown(tls), shown(web)
    check("another certificate, for both kinds of listeners", status == 200 and
          second[0] == second[1] == open(f"{where}/b.pem").read() != first[0], told)
    broker.reload("management.tcp.max_connections = 2\nmanagement.ssl.max_connections = 1\n")
    clear = socket.create_connection(("127.0.0.1", broker.web), 10)
    first = socket.create_connection(("127.0.0.1", web), 10)
    time.sleep(0.1)
    check("who is shown it", shown(web) == second[1])
    check("those with TLS have a number of their own", first.recv(1) == b"")
    clear.sendall(b"GET /api/health/checks/is-in-service HTTP/1.0\r\n\r\n")
    check("... which is not that of the others", clear.recv(12)[:9] == b"HTTP/1.1 ")
    clear.close()
    first.close()
    check("it ends in order", broker.end() == 0)


def main(build):
    rows = table(os.path.dirname(os.path.abspath(__file__)) + "/../..")
    with tempfile.TemporaryDirectory() as where:
        broker = Broker(build, where)
        try:
            whole_table(broker, rows)
            behaviour(broker)
            mistakes(broker)
            check("it ends in order", broker.end() == 0)
        finally:
            broker.process.kill()
    with tempfile.TemporaryDirectory() as where:
        certificates(build, where)
    return rig.finish("reload")


sys.exit(main(os.path.abspath(sys.argv[1])))
