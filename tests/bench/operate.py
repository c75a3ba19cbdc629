#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The questions of operate.sh."""
import base64
import http.client
import json
import signal
import subprocess
import sys
import time

GUEST = {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()}
LISTS = ("queues exchanges bindings connections channels consumers users vhosts permissions "
         "policies parameters overview nodes definitions").split()


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path, method="GET", body=None):
        """Milliseconds, and bytes."""
        began = time.perf_counter()
        self.connection.request(method, path, body, GUEST)
        r = self.connection.getresponse()
        n = len(r.read())
        if r.status >= 400:
            raise RuntimeError(f"{path}: {r.status}")
        return (time.perf_counter() - began) * 1e3, n


def row(what, times, n):
    times.sort()
    print(f"{what:<34} {len(times):>5} {times[len(times) // 2]:>9.2f} "
          f"{times[len(times) * 99 // 100]:>9.2f} {times[-1]:>9.2f} {n:>10}", flush=True)


def many(client, what, path, times):
    got = [client.ask(path) for _ in range(times)]
    row(what, [t for t, _ in got], got[-1][1])


class Probe:
    def __init__(self, build, port, pid):
        self.process = subprocess.Popen([f"{build}/probe", f"port={port}", f"pid={pid}"],
                                        stdout=subprocess.PIPE, text=True)
        time.sleep(1)

    def end(self, what):
        time.sleep(0.5)
        self.process.send_signal(signal.SIGTERM)
        said = dict(w.split("=") for w in self.process.communicate()[0].split() if "=" in w)
        print(f"{what:<34} {said['gets']:>7} {int(said['p50_us']) / 1e3:>7.2f} "
              f"{int(said['p999_us']) / 1e3:>7.2f} {int(said['longest_us']) / 1e3:>7.2f} "
              f"{said['stalls']:>7} {int(said['own_longest_us']) / 1e3:>8.2f} "
              f"{said['own_stalls']:>7} {int(said['noise_longest_us']) / 1e3:>7.2f}", flush=True)


def definitions(n):
    return json.dumps({"queues": [
        {"name": f"imported.{i}", "vhost": "/", "durable": True, "auto_delete": False,
         "arguments": {"x-max-length": 100000}} for i in range(n)], "bindings": [
        {"source": "amq.topic", "vhost": "/", "destination": f"imported.{i}",
         "destination_type": "queue", "routing_key": f"imported.{i}", "arguments": {}}
        for i in range(n)]})


def main():
    build, port, web, metrics, pid, n = sys.argv[1], *map(int, sys.argv[2:7])
    api, scrape = Client(web), Client(metrics)
    print(f"{'':<34} {'times':>5} {'median':>9} {'p99':>9} {'longest':>9} {'bytes':>10}")
    many(api, "/api/queues?page=1", "/api/queues?page=1", 20)
    many(api, "/api/queues?page=1, few columns",
         "/api/queues?page=1&page_size=100&columns=name,messages", 20)
    many(scrape, "/metrics", "/metrics", 100)
    print(f"\n{'a basic.get each ms, while':<34} {'gets':>7} {'median':>7} {'p99.9':>7} "
          f"{'longest':>7} {'> 5 ms':>7} {'own long':>8} {'> 5 ms':>7} {'noise':>7}")
    probe = Probe(build, port, pid)
    time.sleep(3)
    probe.end("nothing else happens")
    probe = Probe(build, port, pid)
    got = [(path, *api.ask("/api/" + path)) for path in LISTS]
    probe.end("lists of everything are pulled")
    probe = Probe(build, port, pid)
    for _ in range(3):
        api.ask("/api/queues?page=1")
        scrape.ask("/metrics")
        scrape.ask("/metrics/per-object")
    probe.end("pages, metrics of each object")
    probe = Probe(build, port, pid)
    took = api.ask("/api/definitions", "POST", definitions(n))[0]
    probe.end(f"{n} queues come in")
    probe = Probe(build, port, pid)
    again = api.ask("/api/definitions?dry_run=true", "POST", definitions(n))[0]
    probe.end("... and are compared")
    print(f"\nimport of {n} queues and as many bindings: {took:.0f} ms; a dry run: {again:.0f} ms")
    for path, ms, size in got:
        print(f"/api/{path:<29} {ms:>9.1f} ms {size:>10} bytes")


if __name__ == "__main__":
    main()
