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
import shutil
import sys
import tempfile

import rig
from rig import check

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


def main():
    build = sys.argv[1]
    data = tempfile.mkdtemp()
    import_golden(build, data)
    import_large(build, data)
    shutil.rmtree(data)
    return rig.finish("definitions")


if __name__ == "__main__":
    sys.exit(main())
