#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""leveretctl from afar, over HTTP and with TLS: the same as at the door, for those who may; and
what it does by itself.

usage: ctl.py BUILD
"""
import base64
import csv
import hashlib
import http.client
import io
import json
import os
import pty
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import rig
from rig import check

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../compat"))
import everything  # noqa: E402

REQUEST = "application/x-leveret-request"


class Broker(rig.Broker):
    """With an HTTP API, and a port for one with TLS."""

    def __init__(self, build, data, certificate):
        self.web, self.tls = rig.free_port(), rig.free_port()
        super().__init__(build, data, "management.tcp.ip=127.0.0.1",
                         f"management.tcp.port={self.web}", "management.ssl.ip=127.0.0.1",
                         f"management.ssl.port={self.tls}",
                         f"management.ssl.certfile={certificate}/cert.pem",
                         f"management.ssl.keyfile={certificate}/key.pem")

    def afar(self, *words, user="guest", password="guest", host=None, **more):
        env = {"LEVERET_HOST": host or f"127.0.0.1:{self.web}", "LEVERET_USER": user,
               "PATH": os.environ["PATH"]}
        if password is not None:
            env["LEVERET_PASSWORD"] = password
        more.setdefault("stdin", None if "input" in more else subprocess.DEVNULL)
        r = subprocess.run([f"{self.build}/leveretctl", *words], capture_output=True, text=True,
                           timeout=60, env=env, **more)
        return r.returncode, r.stdout, r.stderr


def make_certificate(where):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{where}/key.pem",
                    "-out", f"{where}/cert.pem", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"],
                   check=True, stderr=subprocess.DEVNULL)


def try_the_same(b):
    ch = b.connect().channel()
    for i in range(3000):
        ch.queue_declare(f"q{i}")
    for words in (["list_queues"], ["list_queues", "-q", "name", "durable"], ["ping"],
                  ["list_queues", "--formatter", "json"], ["list_users"], ["help_me"],
                  ["list_queues", "nme"], ["list_queues", "-p", "nowhere"], ["lst_queues"],
                  ["delete_user", "nobody"], ["check_port_listener", "1"]):
        there, here = b.afar(*words), b.ask(*words)
        check(f"{' '.join(words)}: the same from afar", there == here, there[2:])
    ch.connection.close()


def try_forms(b):
    """Every verb that lists has every form."""
    b.ask("import_definitions", input=json.dumps(everything.everything()))
    held = b.channel()
    held.basic_publish("", "q.schlicht", b"x", rig.PERSISTENT)
    held.basic_consume("q.schlicht", lambda *_: None)
    help_text = subprocess.run([f"{b.build}/leveretctl", "help"], capture_output=True,
                               text=True).stdout
    verbs = re.findall(r"^  ((?:list|rank)_\w+|message_size_stats|peek)", help_text, re.M)
    words = {"list_user_permissions": ["neu"], "list_user_topic_permissions": ["neu"],
             "list_unacked": ["q.schlicht"], "peek": ["q.schlicht"],
             "list_user_limits": ["--global"]}
    check("verbs that list", len(verbs) > 20, verbs)
    for verb in verbs:
        if verb in ("list_plugins", "list_network_interfaces"):   # no tables with RabbitMQ either
            continue
        every = [verb, "-q", *words.get(verb, [])]
        plain = b.ask(*every)
        wanted = max(0, plain[1].count("\n") - 1)
        def form(name, *more):
            code, out, err = b.ask(*every, *more, "--formatter", name)
            return out if code == 0 and err == "" else (code, err)
        boxes, csv_text, erlang = form("pretty_table"), form("csv"), form("erlang")
        lines, stream = form("json"), form("json_stream")
        check(f"{verb}: all forms have as many rows",
              plain[0] == 0 and boxes.count("\n") == (2 * wanted + 3 if wanted else 3) and
              len(list(csv.reader(io.StringIO(csv_text)))) == wanted + 1 and
              len(json.loads(lines)) == wanted and stream.count("\n") == wanted and
              all(json.loads(line) for line in stream.splitlines()) and
              (erlang.count("\n [{") + (wanted > 0) == wanted) and erlang.startswith("[") and
              erlang.endswith("]\n"), (plain, boxes, csv_text, erlang, lines, stream))
        bare = b.ask(*every, "--no-table-headers", "--longnames", "-n", "rabbit@here", "-t", "60")
        check(f"{verb}: without headers", bare[0] == 0 and bare[1].count("\n") == wanted, bare)
    held.connection.close()


def try_interfaces(b):
    code, out, _ = b.ask("list_network_interfaces")
    check("list_network_interfaces", code == 0 and "Interface lo\n" in out and
          "addr: 127.0.0.1\n" in out and "flags: up, loopback" in out, out)
    got = b.afar("list_network_interfaces")
    check("... of this machine alone", got[0] == 69 and "another machine" in got[2], got)


def try_changes(b):
    check("add_user, its password from the input",
          b.afar("add_user", "maria", input="rose bud\n")[0] == 0 and
          b.ask("authenticate_user", "maria", "rose bud")[0] == 0)
    check("both passwords from the input", b.afar(
        "--password-stdin", "change_password", "maria", password=None,
        input="guest\nbud\n")[0] == 0 and b.ask("authenticate_user", "maria", "bud")[0] == 0)
    check("suspend_listeners", b.afar("suspend_listeners")[0] == 0 and
          b.ask("check_running")[0] == 69)
    check("resume_listeners", b.afar("resume_listeners")[0] == 0 and
          b.ask("check_running")[0] == 0)
    text = b.afar("export_definitions")[1]
    check("definitions there and back", json.loads(text)["users"] and
          b.afar("import_definitions", input=text)[0] == 0)
    got = b.afar("import_definitions", "-q", "--reconcile", input='{"users":[]}')
    check("who asks is not deleted with the others",
          "keep users 'guest': it is who asks" in got[1] and "delete users 'maria'" in got[1] and
          b.afar("ping")[0] == 0, got)
    for ask in (b.ask, b.afar):
        check("what takes a while ends though nothing else happens",
              ask("log_tail_stream", "--duration", "1")[0] == 0)


def examples(b):
    """Each verb that a broker is asked, with the words of its example."""
    def help_text(*words):
        return subprocess.run([f"{b.build}/leveretctl", "help", *words], capture_output=True,
                              text=True).stdout
    for verb in re.findall(r"^  ([a-z]\w+)", help_text().split("erlang, for lists")[0], re.M):
        text = help_text(verb)
        if "From afar (--host)" in text:
            example = re.search(r"^Example\n\n  leveretctl (.*)$", text, re.M)[1]
            yield verb, shlex.split(example)[1:]


def try_dry_runs(b, where):
    """Where all is there that the examples would change, none of them changes anything."""
    for words in (["add_vhost", "orders"], ["add_user", "maria", "pw"],
                  ["create_queue", "-p", "orders", "bills"],
                  ["create_queue", "-p", "orders", "bills.dead"],
                  ["create_exchange", "-p", "orders", "topic", "news"],
                  ["set_permissions", "-p", "orders", "guest", ".*", ".*", ".*"],
                  ["set_permissions", "-p", "orders", "maria", ".*", ".*", ".*"],
                  ["set_topic_permissions", "-p", "orders", "maria", "amq.topic", ".*", ".*"],
                  ["set_policy", "-p", "orders", "bounded", "^x", '{"max-length": 5}'],
                  ["set_operator_policy", "-p", "orders", "roof", "^x", '{"max-length": 5}'],
                  ["set_parameter", "-p", "orders", "leveret", "merge-policies", "true"],
                  ["set_global_parameter", "site", '"south"'],
                  ["set_vhost_limits", "-p", "orders", '{"max-queues": 256}'],
                  ["set_user_limits", "maria", '{"max-connections": 64}'],
                  ["publish", "-p", "orders", "", "bills", "hello"]):
        got = b.ask(*words)
        check(f"before dry runs: {words[0]}", got[0] == 0, got)

    def state():
        return [b.ask(*words)[1] for words in (
            ["export_definitions"], ["check_running"], ["environment"], ["list_vhosts", "name",
            "tracing", "protected_from_deletion"], ["log_location"],
            ["list_queues", "-p", "orders", "name", "state", "messages_ready", "consumers"])]

    held, before, tried = b.connect(), state(), 0
    with open(f"{where}/kept", "w", encoding="utf-8") as f:
        f.write("kept")
    for verb, words in examples(b):
        if verb == "import_definitions":
            words = []
        for way in (b.ask, b.afar):
            code, out, err = way(verb, "--dry-run", *words, input='{"vhosts": [{"name": "made"}]}')
            here = way == b.afar and "at the door alone" in err
            check(f"{verb}: a dry run", here or code == 0 and (
                "Nothing was changed." in out or f"{verb} was not begun" in out), (code, out, err))
            tried += 1
    check("all verbs were tried", tried > 250, tried)
    check("nothing has changed", state() == before, (before, state()))
    check("nobody was thrown out", held.channel().is_open)
    for way in (b.ask, b.afar):
        code, out, err = way("export_definitions", f"{where}/kept", "--dry_run")
        with open(f"{where}/kept", encoding="utf-8") as f:
            check("a file is not written over", code == 0 and f.read() == "kept", (out, err))
        check("a dry run is checked", way("delete_user", "--dry-run")[0] == 64 and
              way("delete_usr", "--dry-run", "maria")[0] == 64)
    check("... and quiet, if asked for", b.ask("-q", "delete_user", "--dry-run", "maria") ==
          (0, "", ""))
    held.close()
    b.ask("delete_vhost", "orders")
    b.ask("delete_user", "maria")
    b.ask("clear_global_parameter", "site")


def decrypt(text, passphrase, bits, digest, iterations):
    """What openssl makes of it."""
    data = base64.b64decode(text)
    key = hashlib.pbkdf2_hmac(digest, passphrase, data[:16], iterations, bits // 8)
    return subprocess.run(["openssl", "enc", "-d", f"-aes-{bits}-cbc", "-K", key.hex(), "-iv",
                           data[16:32].hex()], input=data[32:], capture_output=True).stdout


def try_secrets(build):
    """As RabbitMQ 3.10.8 understands it; no broker is asked."""
    def ask(*words, text=""):
        r = subprocess.run([f"{build}/leveretctl", *words], capture_output=True, text=True,
                           input=text, env={"LEVERET_HOST": "nowhere"})
        return r.returncode, r.stdout, r.stderr
    guest = "RLn5ZAJnpNUD4r2POysADv+dxcK7rdSm8iD8gEKqXi24gSWoX+DndJzDBx5zv1Zv"
    foo = "XCQ9p8ChyCRknID232CVNsGPGmybO/7C4W0FAZp1EuiWrjYFWrjHir1r+T7Sk+Kh"
    for value in (f'{{encrypted,<<"{guest}">>}}', f'{{encrypted, <<"{guest}">>}}', guest,
                  f'<<"{guest}">>', f'"encrypted:{guest}"', f"encrypted:{guest}"):
        got = ask("decode", value, "mypass")
        check(f"decode {value}", got == (0, 'Decrypting value...\n<<"guest">>\n', ""), got)
    got = ask("-q", "decode", foo, text="mypass\n")
    check("decode, its passphrase from the input", got == (0, "foo\n", ""), got)
    for value, term in (('<<"guest">>', b"\x83m\0\0\0\5guest"),
                        ('"amqp://x"', b"\x83k\0\10amqp://x"),
                        ("foo", b"\x83w\3foo"), ('""', b"\x83j"),
                        ('<<"123456789">>', b"\x83m\0\0\0\x09123456789"),
                        ('<<"1234567890">>', b"\x83m\0\0\0\x0a1234567890")):
        code, out, err = ask("encode", "-q", value, "my pass")
        inside = re.fullmatch(r'\{encrypted,<<"([A-Za-z0-9+/=]+)">>\}\n', out)
        check(f"encode {value}", code == 0 and inside and decrypt(
            inside[1], b"my pass", 128, "sha256", 1) == term, (out, err))
        check("... another each time", ask("encode", "-q", value, "my pass")[1] != out)
        check("... and back", ask("decode", "-q", out.strip(), text="my pass") ==
              (0, value + "\n", ""))
    how = ["--cipher", "aes_256_cbc", "--hash=sha512", "--iterations", "1000"]
    code, out, err = ask("encode", "-q", *how, '<<"guest">>', "mypass")
    check("another cipher, hash, and more iterations", code == 0 and decrypt(
        out[14:-5], b"mypass", 256, "sha512", 1000) == b"\x83m\0\0\0\5guest", (out, err))
    check("... and back", ask(*how, "decode", "-q", out.strip(), "mypass")[1] == '<<"guest">>\n')
    for words in (["decode", out.strip(), "mypass"], ["decode", guest, "other"],
                  ["decode", guest[:-4], "mypass"], ["decode", guest[:44], "mypass"],
                  ["decode", "", "mypass"], ["decode", "?", "mypass"]):
        got = ask(*words)
        check(f"{' '.join(words)} fails", got[0] == 69 and
              "is the passphrase correct?" in got[2] and got[1] == "Decrypting value...\n", got)
    got = ask("encode", "{a,b}", "mypass")
    check("a tuple is no value", got[0] == 69 and "Error during cipher operation." in got[2], got)
    for words, code, why in (
            (["--cipher", "rot13"], 65, "The requested cipher is not supported"),
            (["--hash", "crc32"], 65, "The requested hash is not supported"),
            (["--iterations", "0"], 65, "number of iterations is incorrect"),
            (["--iterations", "-1"], 65, "number of iterations is incorrect"),
            (["more"], 64, "too many arguments")):
        got = ask("encode", *words, "a", "b")
        check(f"encode {' '.join(words)}", got[0] == code and why in got[2] and not got[1], got)
    for words in ([], ["a"], ["a", ""]):
        check(f"encode {words} without a passphrase", ask("encode", *words)[0] == 64)
    for value, inside in (("pass-Of-maria", '<<"pass-Of-maria">>'), ('"a b"', '"a b"'),
                          ('<<"guest">>', '<<"guest">>'), ("guest", '<<"guest">>')):
        code, out, err = ask("encrypt_conf_value", value, "my pass")
        banner, line, *_ = out.splitlines() + ["", ""]
        check(f"encrypt_conf_value {value}", code == 0 and line.startswith("encrypted:") and
              banner == "Encrypting value to be used in rabbitmq.conf...", (out, err))
        check("... and back", ask("decrypt_conf_value", line, "my pass") == (0, "Decrypting a "
              f"rabbitmq.conf string value...\n{inside}\n", ""), line)
    out = ask("encrypt_conf_value", "-q", text="guest\nmy pass\n")[1]
    check("... both from the input", ask("decrypt_conf_value", "-q", out.strip(), "my pass")[1] ==
          '<<"guest">>\n', out)
    check("--list-ciphers", ask("encode", "--list-ciphers")[1] ==
          "[aes_128_cbc,aes_192_cbc,aes_256_cbc]\n")
    for name in ask("decode", "--list-hashes")[1].strip("[]\n").split(","):
        code, out, _ = ask("encode", "-q", "--hash", name, "a", "b")
        check(f"the hash {name}", code == 0 and ask("decode", "-q", "--hash", name, out.strip(),
                                                    "b")[1] == "a\n")


def try_rights(b):
    for name, tags in (("watcher", ["monitoring"]), ("clerk", ["management"]), ("nobody", [])):
        b.ask("add_user", name, "pw")
        b.ask("set_user_tags", name, *tags)
    for user, verb, code, why in (
            ("watcher", ["list_queues"], 0, ""), ("watcher", ["status"], 0, ""),
            ("watcher", ["list_users"], 69, "Not administrator user"),
            ("watcher", ["purge_queue", "q"], 69, "Not administrator user"),
            ("watcher", ["hello"], 64, "not found"),
            ("clerk", ["list_queues"], 69, "Not monitor user"),
            ("nobody", ["ping"], 69, "Not management user"),
            ("guest", ["stop"], 69, "at the door alone"),
            ("guest", ["backup", f"{b.data}/../copy"], 69, "at the door alone")):
        got = b.afar(*verb, user=user, password="guest" if user == "guest" else "pw")
        check(f"{user}: {' '.join(verb)}", got[0] == code and why in got[2], got)
    got = b.afar("ping", password="wrong")
    check("a wrong password", got[0] == 69 and "Login failed" in got[2], got)
    got = b.afar("ping", password=None)
    check("no password", got[0] == 64 and "LEVERET_PASSWORD" in got[2], got)


def post(b, path, body, kind=REQUEST):
    c = http.client.HTTPConnection("127.0.0.1", b.web, timeout=20)
    c.request("POST", path, body, {"Authorization": "Basic Z3Vlc3Q6Z3Vlc3Q=", "Content-Type": kind})
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, text


def try_harm(b):
    ping = b"LVR1" + struct.pack("<II", 8, 4) + b"ping"
    check("a call", post(b, "/api/verbs/ping", ping)[0] == 200)
    for what, path, body, kind in (
            ("a form of a page", "/api/verbs/ping", ping, "text/plain"),
            ("another verb than the path says", "/api/verbs/list_users", ping, REQUEST),
            ("no call", "/api/verbs/ping", b"{}", REQUEST),
            ("half of one", "/api/verbs/ping", ping[:-1], REQUEST),
            ("more than one", "/api/verbs/ping", ping + b"x", REQUEST)):
        status, text = post(b, path, body, kind)
        check(f"{what} is refused", status == 400, (status, text))


def answer_with(data):
    """A port where that is answered, once."""
    s = socket.create_server(("127.0.0.1", 0))

    def serve():
        c = s.accept()[0]
        c.recv(65536)
        c.sendall(data)
        c.close()
        s.close()

    threading.Thread(target=serve).start()
    return f"127.0.0.1:{s.getsockname()[1]}"


def try_others(b):
    """What answers is something else."""
    for what, data, code, why in (
            ("silence", b"", 69, "ended before"),
            ("another protocol", b"SSH-2.0-x\r\n", 69, "does not speak HTTP"),
            ("another server", b"HTTP/1.1 404 no\r\ncontent-length: 0\r\n\r\n", 69, "no Leveret"),
            ("an answer cut off", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", 69, "ended"),
            ("nonsense", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n" + b"\xff" * 9, 70,
             "does not understand")):
        got = b.afar("ping", host=answer_with(data))
        check(what, got[0] == code and why in got[2], got)
    got = b.afar("ping", host=f"127.0.0.1:{rig.free_port()}")
    check("nobody", got[0] == 69 and "refused" in got[2], got)
    for host in ("", ":1", "maria@there"):
        got = b.afar("ping", "--host", host)
        check(f"'{host}' is no host", got[0] == 64 and "is no host" in got[2], got)


def try_tls(b, where):
    good = f"https://localhost:{b.tls}"
    got = b.afar("ping", "--cacert", f"{where}/cert.pem", host=good)
    check("TLS with a certificate that is trusted", got[0] == 0, got)
    got = b.afar("list_users", "-s", "--cacert", f"{where}/cert.pem", host=good)
    check("... and rows", got[1].startswith("guest\t"), got)
    got = b.afar("ping", host=good)
    check("one that is not", got[0] == 69 and "--cacert" in got[2], got)
    got = b.afar("ping", "--cacert", f"{where}/cert.pem", host=f"https://127.0.0.1:{b.tls}")
    check("one of another name", got[0] == 69 and "mismatch" in got[2].lower(), got)
    got = b.afar("ping", host=f"https://localhost:{b.web}")
    check("TLS where there is none", got[0] == 69 and "TLS with localhost" in got[2], got)
    got = b.afar("check_certificate_expiration", "--unit", "days", "--within", "3")
    check("a certificate that expires", got[0] == 69 and "cert.pem expires in" in got[2], got)
    check("... not that soon", b.afar("check_certificate_expiration", "--unit", "days", "--within",
                                      "0")[0] == 0)


def try_own(b, where):
    """What it does by itself."""
    ch = b.connect().channel()
    for i in range(30):
        ch.queue_declare(f"top{i}")
    for _ in range(50):
        ch.basic_publish("", "top7", b"x" * 10)
    ch.queue_declare("top7", passive=True)
    rows = b.rows("rank_queues", "--number", "2")
    check("rank_queues", rows[0][2:4] == ["50", "0"] and rows[1][:5] == [
        "/", "top7", "50", "0", "500"] and len(rows) == 3, rows)
    by = json.loads(b.ask("rank_queues", "--sort", "traffic", "--number", "1", "--formatter",
                          "json")[1])
    check("... by traffic, as JSON", by[1]["name"] == "top7" and by[1]["publish"] == 50, by)
    for bad in (["--sort", "beauty"], ["--number", "0"], ["--number", "1001"]):
        check(f"rank_queues {' '.join(bad)}", b.ask("rank_queues", *bad)[0] == 64)
    code, out, err = b.ask("top", "--count", "2", "--number", "3")
    check("top, where no terminal is", code == 0 and out.count("top7") == 2 and
          out.count("leveretctl top") == 2 and "\033" not in out, (code, out, err))
    check("top from afar", "top7" in b.afar("top", "--once", "--sort=b")[1])
    check("top by beauty", b.ask("top", "--sort", "beauty")[0] == 64)
    code, out, err = b.ask("watch", "--count", "2", "--interval", "1", "-q", "list_queues", "name")
    check("watch", code == 0 and out.count("name\n") == 2 and out.count("top7\n") == 2, (out, err))
    check("watch nothing", b.ask("watch")[0] == 64)
    code, out, _ = b.ask("report")
    check("report", code == 0 and "Cluster status" in out and "top7\t50" in out and
          "Last 50 log lines" in out, out[-300:])
    code, out, _ = b.ask("doctor")
    check("doctor", code in (0, 69) and out.count("ok  ") > 10 and (
        code == 0 or "mend it: " in out), out)
    check("... and looks at 22 things", sum(line[:4] in ("ok  ", "!!  ", "--  ") for line in
                                            out.splitlines()) == 22, out)
    sizes = [r[0] for r in b.rows("message_size_stats") if r[1] == "50"]
    check("message_size_stats", sizes == ["100"], sizes)
    rows = b.rows("list_node_auth_attempt_stats")
    check("list_node_auth_attempt_stats", [r[0] for r in rows] == ["amqp091", "http"] and
          int(rows[1][2]) > 0, rows)
    check("await_startup", b.ask("await_startup")[0] == 0)
    pid_file = f"{where}/pid"
    with open(pid_file, "w", encoding="utf-8") as f:
        print(b.process.pid, file=f)
    code, out, _ = b.ask("wait", pid_file)
    check("wait", code == 0 and f"pid is {b.process.pid}" in out, out)
    code, _, err = b.ask("wait", f"{where}/nowhere", "-t", "1")
    check("wait for what does not come", code == 75 and "has not appeared" in err, err)
    for i in range(30):
        ch.queue_delete(f"top{i}")
    ch.connection.close()


def try_names(b, where):
    """Under RabbitMQ's names."""
    for name, words, wanted in (
            ("rabbitmq-plugins", ["list", "-m", "-q"], "rabbitmq_management\n"),
            ("rabbitmq-plugins", ["enable", "rabbitmq_management"], "configuration unchanged"),
            ("rabbitmq-diagnostics", ["check_running"], "fully booted"),
            ("rabbitmq-queues", ["rebalance", "all"], "Re-balancing"),
            ("rabbitmq-upgrade", ["await_online_quorum_plus_one"], "does not apply")):
        if not os.path.exists(f"{where}/{name}"):
            os.symlink(f"{b.build}/leveretctl", f"{where}/{name}")
        r = subprocess.run([f"{where}/{name}", "-n", "rabbit@x", *words], capture_output=True,
                           text=True, env={"LEVERET_DATA_DIR": b.data})
        check(f"{name} {words[0]}", r.returncode == 0 and wanted in r.stdout, r)


def try_completion(b):
    script = b.ask("completion", "bash")[1]
    there = b.ask("completion", "zsh")[1]
    check("completion for zsh", "#compdef leveretctl" in there and "'ping:" in there)
    check("... for fish", b.ask("completion", "fish")[0] == 64)
    b.ask("add_vhost", "completed")
    test = f"""{script}
PATH={b.build}:$PATH LEVERET_DATA_DIR={b.data}; export LEVERET_DATA_DIR
try() {{
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _leveretctl; echo "${{COMPREPLY[*]}}"
}}
try leveretctl list_que
try leveretctl -p compl
try leveretctl list_queues --formatter pre
try leveretctl delete_vhost comp
try leveretctl help set_pol
"""
    r = subprocess.run(["bash", "-c", test], capture_output=True, text=True)
    check("completion for bash", r.stdout.split() == [
        "list_queues", "completed", "pretty_table", "completed", "set_policy"], r)
    b.ask("delete_vhost", "completed")


def try_terminal(b):
    """A password that is typed is not shown."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(f"{b.build}/leveretctl", ["leveretctl", "--data-dir", b.data, "add_user", "typed"])
    seen = b""
    while b"Password: " not in seen:
        seen += os.read(fd, 100)
    os.write(fd, b"thistle\n")
    try:
        while part := os.read(fd, 1000):
            seen += part
    except OSError:
        pass
    status = os.waitpid(pid, 0)[1]
    os.close(fd)
    check("a password is typed", status == 0 and
          b.ask("authenticate_user", "typed", "thistle")[0] == 0, seen)
    check("... and not shown", b"thistle" not in seen, seen)


def main(build):
    build, where = os.path.abspath(build), tempfile.mkdtemp()
    make_certificate(where)
    try_secrets(build)
    b = Broker(build, f"{where}/data", where)
    try:
        try_the_same(b)
        try_changes(b)
        try_rights(b)
        try_harm(b)
        try_others(b)
        try_tls(b, where)
        try_interfaces(b)
        try_own(b, where)
        try_names(b, where)
        try_completion(b)
        try_terminal(b)
        try_dry_runs(b, where)
        try_forms(b)
        check("the broker ends in order", b.end() == 0)
    finally:
        b.process.kill()
        b.reader.join()
        shutil.rmtree(where)
    return rig.finish("ctl")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
