#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Definitions that RabbitMQ exported (tests/golden/definitions) come in, and go out again as they
were; a large file comes in while others are served, over HTTP and through the door.

usage: definitions.py BUILD
"""
import base64
import glob
import http.client
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile

import rig
from rig import check

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../compat"))
import everything  # noqa: E402

GUEST = {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()}
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden/definitions")
LISTS = ("users vhosts permissions topic_permissions parameters global_parameters policies queues "
         "exchanges bindings").split()
QUEUES = 5000


def ask(port, method, path, body=None, more=None):
    """Status and body; the body is said as it is, or as JSON."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    c.request(method, "/api/" + path, body,
              {**GUEST, "Content-Type": "application/json", **(more or {})})
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, text


def plain_vhost(v):
    """Newer versions say all of it twice."""
    inner = v.get("metadata", {})
    kind = v.get("default_queue_type", inner.get("default_queue_type"))
    return {"name": v["name"], "description": v.get("description", inner.get("description", "")),
            "tags": v.get("tags", inner.get("tags", [])),
            "default_queue_type": None if kind in ("undefined", "classic") else kind}


def normal(definitions):
    """What is defined, whatever the order."""
    lists = {k: list(definitions.get(k, [])) for k in LISTS}
    lists["vhosts"] = [plain_vhost(v) for v in lists["vhosts"]]
    return {k: sorted(json.dumps(o, sort_keys=True, ensure_ascii=False) for o in v)
            for k, v in lists.items()}


def differences(a, b):
    """Lines that are in one alone."""
    return [f"{sign} {k}: {line}" for k in LISTS for sign, x, y in (("-", a, b), ("+", b, a))
            for line in x[k] if line not in y[k]]


def start(build, data):
    port = rig.free_port()
    b = rig.Broker(build, data, "management.tcp.ip=127.0.0.1", f"management.tcp.port={port}")
    b.web = port
    return b


def import_golden(build, data):
    for path in sorted(glob.glob(GOLDEN + "/*.json")):
        name = os.path.basename(path)[:-5]
        b = start(build, f"{data}/{name}")
        with open(path, "rb") as f:
            text = f.read()
        check(f"{name}: comes in", ask(b.web, "POST", "definitions", text)[0] == 204)
        wanted = normal(json.loads(text))
        status, out = ask(b.web, "GET", "definitions")
        check("... and goes out as it was", status == 200 and
              differences(wanted, normal(json.loads(out))) == [],
              differences(wanted, normal(json.loads(out))))
        status, again = ask(b.web, "POST", "definitions", out)
        check("... and comes in again", status == 204, again)
        check("a user of each algorithm may come in", all(ask(
            b.web, "GET", "whoami", None,
            {"Authorization": "Basic " + base64.b64encode(f"{u}:{u}".encode()).decode()})[0] == 200
            for u in ("alt", "neu")))
        b.end()


def import_large(build, data):
    b = start(build, f"{data}/large")
    queues = [{"name": f"q{i}", "vhost": "/", "durable": True, "auto_delete": False,
               "arguments": {"x-max-length": i}} for i in range(QUEUES)]
    status, out = ask(b.web, "POST", "definitions", {"queues": queues})
    check("a large file comes in", status == 204, out)
    form = (b'--b0\r\nContent-Disposition: form-data; name="file"; filename="d.json"\r\n\r\n' +
            json.dumps({"queues": queues, "exchanges": [
                {"name": "formed", "vhost": "/", "type": "fanout"}]}).encode() + b"\r\n--b0--\r\n")
    status, out = ask(b.web, "POST", "definitions", form,
                      {"Content-Type": "multipart/form-data; boundary=b0"})
    check("... and as a form", status == 204, out)
    status, out = ask(b.web, "POST", "definitions", b"[" * 100000)
    check("what is too deep is refused", status == 400 and b"nested deeper" in out, out)
    c = http.client.HTTPConnection("127.0.0.1", b.web)
    c.request("POST", "/api/definitions", json.dumps({"queues": queues}), GUEST)
    c.sock.close()               # who does not wait for the answer
    b.ask("export_definitions", f"{data}/all.json")
    code, _, err = b.ask("import_definitions", f"{data}/all.json")
    check("... and through the door", code == 0, err)
    code, out, err = b.ask("import_definitions", "--dry-run", "--reconcile", "--formatter", "json",
                           input='{"queues": []}')
    lines = [json.loads(line) for line in out.splitlines()]
    check("what would be deleted is said", code == 0 and len(lines) == QUEUES + 1 and
          lines[0]["action"] == "delete" and lines[-1]["delete"] == QUEUES, err)
    status, out = ask(b.web, "POST", "definitions?dry_run=true", {"queues": queues})
    check("... and that nothing would change", status == 200 and
          json.loads(out)["equal"] == QUEUES and json.loads(out)["changes"] == [], out[:200])
    status, out = ask(b.web, "GET", "queues/%2F?columns=name")
    check("all of it is there", status == 200 and len(json.loads(out)) == QUEUES)
    status, out = ask(b.web, "POST", "definitions?reconcile=true", {"queues": queues[1:]})
    check("what is not in the file goes", status == 200 and json.loads(out)["changes"] == [
        {"action": "delete", "section": "queues", "vhost": "/", "name": "q0"}], out[:200])
    check("the broker ends in order", b.end() == 0, b.said)


def on_terminal(b, *words, columns="80"):
    """What it shows there, and what it ends with."""
    there, here = pty.openpty()
    p = subprocess.Popen([f"{b.build}/leveretctl", "--data-dir", b.data, *words], stderr=here,
                         stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": columns})
    os.close(here)
    shown = b""
    while True:
        try:
            shown += os.read(there, 65536)
        except OSError:
            break
    os.close(there)
    return p.wait(), shown


def import_in_parts(build, data):
    """More than one call may carry; sections in the wrong order; each part is its own call."""
    b = start(build, f"{data}/parts")
    many = {"bindings": [{"source": "x", "vhost": "v", "destination": f"q{i % 50}",
                          "destination_type": "queue", "routing_key": f"{i} " + "ü\"\\]}" * 30,
                          "arguments": {"n": i}} for i in range(30000)],
            "exchanges": [{"name": "x", "vhost": "v", "type": "topic", "durable": True,
                           "auto_delete": False, "internal": False, "arguments": {}}],
            "queues": [{"name": f"q{i}", "vhost": "v", "durable": True, "auto_delete": False,
                        "arguments": {}} for i in range(50)],
            "unknown": [{"a": [1, {"b": "]"}]}], "vhosts": [{"name": "v"}],
            "rabbit_version": "4.1.0"}
    text = json.dumps(many, ensure_ascii=False)
    path = f"{data}/many.json"
    with open(path, "w") as f:
        f.write(text)
    check("it is more than a call may carry", os.path.getsize(path) > 8 << 20)
    for what, bad in (("does not end", text[:-1]),
                      ("is none", text.replace('"arguments": {}', '"arguments" {}')),
                      ("has more behind it", text + "x"), ("ends with a comma", text[:-1] + ",}"),
                      ("has no list", text[:-1] + ', "users": {}}')):
        code, out, err = b.ask("import_definitions", input=bad)
        check(f"JSON that {what}: nothing is taken in", code == 65 and out == "" and err and
              b.rows("list_vhosts") == [["/"]], (code, out, err[:200]))
    less = json.dumps({"bindings": many["bindings"][:9000] * 2, "exchanges": many["exchanges"],
                       "queues": many["queues"], "vhosts": many["vhosts"]}, ensure_ascii=False)
    check("this is nearly what a call may carry", 5 << 20 < len(less.encode()) < 8 << 20)
    code, out, err = b.ask("import_definitions", "--dry-run", "--formatter", "json", input=less)
    check("... and is compared", code == 0 and
          json.loads(out.splitlines()[-1])["create"] >= 9052, (out[-300:], err[:300]))
    code, _, err = b.ask("import_definitions", "--dry-run", path)
    check("parts are not compared", code == 65 and "in parts" in err, err)
    code, out, err = b.ask("import_definitions", "--formatter", "json", path)
    check("a very large file comes in", code == 0 and json.loads(out)["create"] == 30052,
          (out, err))
    code, out, err = b.ask("import_definitions", "--json", path)
    lines = [json.loads(line) for line in out.splitlines()]
    check("... and says so line by line", code == 0 and lines[-1]["equal"] == 30052 and
          lines[-2]["progress"].endswith("bindings 30000/30000"), (out[-300:], err))
    check("... all of it", len(b.rows("list_bindings", "-p", "v", "routing_key")) == 30050)
    code, out, err = b.ask("import_definitions", input=text)
    check("... and from the input", code == 0 and out == "Successfully imported definitions.\n",
          (code, out, err))
    code, shown = on_terminal(b, "import_definitions", path)
    check("a terminal shows how far it is", code == 0 and b"vhosts 1/1 queues 50/50 " in
          shown.replace(b"exchanges 1/1 ", b"") and b"bindings 30000/30000" in shown, shown[-300:])
    code, shown = on_terminal(b, "import_definitions", path, columns="30")
    widest = max(len(line) for line in shown.replace(b"\x1b[K", b"").split(b"\r"))
    check("... no wider than it is", code == 0 and widest == 29, (widest, shown[-300:]))
    many["bindings"][29990]["destination"] = "nowhere"
    code, out, err = b.ask("import_definitions", input=json.dumps(many))
    check("what is wrong with one object is said, and which", code == 65 and out == "" and
          err.startswith("bindings, number 29991: no such"), (code, out, err[:300]))
    single = {"rabbitmq_definition_format": "single_virtual_host", "metadata": {"tags": []},
              "queues": [{**q, "vhost": None} for q in many["queues"]],
              "bindings": [{k: v for k, v in o.items() if k != "vhost"}
                           for o in many["bindings"] if o["destination"] != "nowhere"],
              "exchanges": [{k: v for k, v in o.items() if k != "vhost"}
                            for o in many["exchanges"]]}
    for q in single["queues"]:
        del q["vhost"]
    b.ask("add_vhost", "w")
    text = json.dumps(single, ensure_ascii=False)
    code, _, err = b.ask("import_definitions", input=text)
    check("of one virtual host, which has to be said", code == 65 and "-p says" in err, err[:300])
    code, _, err = b.ask("import_definitions", "-p", "w", input=text)
    check("... and is", code == 0 and
          len(b.rows("list_bindings", "-p", "w", "routing_key")) == 30049, err[:300])
    b.end()


def fingerprint(data):
    """Of every file of a data directory."""
    return {name: open(f"{data}/{name}", "rb").read() for name in sorted(os.listdir(data))
            if name != "ctl.sock"}


def offline(b, *words):
    r = subprocess.run([f"{b.build}/leveretctl", "definitions", *words], capture_output=True,
                       text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def try_offline(build, data):
    """The log alone says all that a broker says; after a crash and after a stop in order."""
    for how in (signal.SIGKILL, signal.SIGTERM):
        b = start(build, f"{data}/offline{how}")
        ask(b.web, "POST", "definitions", everything.everything())
        ask(b.web, "PUT", "cluster-name", {"name": "hasenstall"})
        ch = b.channel()
        ch.queue_declare("once", durable=True)
        ch.queue_declare("gone", durable=True)
        for _ in range(100):
            ch.basic_publish("", "once", b"x" * 20000, rig.PERSISTENT)
        ch.queue_delete("gone")
        b.ask("delete_user", "alt")
        got = offline(b, b.data)
        check("a directory that is in use is not read", got[0] == 69 and "a broker runs" in got[2],
              got)
        # What is transient ends with the broker.
        wanted = json.loads(b.ask("export_definitions")[1])
        lost = {k: {(o["vhost"], o["name"]) for o in wanted[k] if not o["durable"]}
                for k in ("queues", "exchanges")}
        for k in lost:
            wanted[k] = [o for o in wanted[k] if o["durable"]]
        wanted["bindings"] = [
            o for o in wanted["bindings"]
            if (o["vhost"], o["source"]) not in lost["exchanges"] and (o["vhost"], o["destination"])
            not in lost["queues" if o["destination_type"] == "queue" else "exchanges"]]
        vhost = b.ask("export_definitions", "-p", everything.VHOSTS[2])[1]
        b.end(how)
        before = fingerprint(b.data)
        code, out, err = offline(b, b.data)
        check("offline: equal to what the broker said", code == 0 and err == "" and
              differences(normal(wanted), normal(json.loads(out))) == [] and
              json.loads(out)["original_cluster_name"] == "hasenstall",
              (code, err, code or differences(normal(wanted), normal(json.loads(out)))))
        got = offline(b, "-p", everything.VHOSTS[2], b.data)
        check("... and of one virtual host", got == (0, vhost, ""), got)
        check("... and nothing in the directory changed", fingerprint(b.data) == before)
        again = start(build, b.data)
        check("... and a start finds the same", json.loads(out) ==
              json.loads(again.ask("export_definitions")[1]))
        again.end()
    got = offline(b, "-p", "nowhere", b.data)
    check("a virtual host that there is not", got[0] == 65 and "does not exist" in got[2], got)
    check("... and words that make no sense", offline(b, b.data, "x")[0] == 64)
    os.mkdir(f"{data}/empty")
    got = offline(b, f"{data}/empty")
    check("an empty directory", got[0] == 65 and "no log" in got[2] and
          os.listdir(f"{data}/empty") == [], got)
    check("no directory", offline(b, f"{data}/none")[0] == 69)
    segment = min(f for f in os.listdir(b.data) if f.endswith(".seg") and f[0] == "w")
    with open(f"{b.data}/{segment}", "r+b") as f:
        f.write(b"\xff" * 64)
    got = offline(b, b.data)
    check("a log that is damaged", got[0] == 65 and got[1] == "" and got[2], got)


def main():
    build = sys.argv[1]
    data = tempfile.mkdtemp()
    import_golden(build, data)
    import_large(build, data)
    import_in_parts(build, data)
    try_offline(build, data)
    shutil.rmtree(data)
    return rig.finish("definitions")


if __name__ == "__main__":
    sys.exit(main())
