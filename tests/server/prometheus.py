#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Metrics: what RabbitMQ's dashboard and our own rules and dashboard ask for is there, the
documentation has it all, and Debian's Prometheus scrapes a real broker.

usage: prometheus.py BUILD
"""
import base64
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import pika

from rig import PERSISTENT, Broker, check, eventually, finish, free_port

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RULES = "etc/prometheus/leveret.rules.yml"
MESSAGES = 40

# What the expressions of RabbitMQ's overview dashboard name.
DASHBOARD = [
    "identity_info", "build_info", "erlang_uptime_seconds", "connections", "channels", "queues",
    "connections_opened_total", "connections_closed_total", "channels_opened_total",
    "channels_closed_total", "queues_declared_total", "queues_created_total",
    "queues_deleted_total", "queue_messages_ready", "queue_messages_unacked", "process_open_fds",
    "process_max_fds", "process_resident_memory_bytes", "resident_memory_limit_bytes",
    "disk_space_available_bytes", "disk_space_available_limit_bytes", "global_publishers",
    "global_consumers", "global_messages_received_total",
    "global_messages_received_confirm_total", "global_messages_routed_total",
    "global_messages_confirmed_total", "global_messages_unroutable_dropped_total",
    "global_messages_unroutable_returned_total", "global_messages_delivered_total",
    "global_messages_delivered_consume_auto_ack_total",
    "global_messages_delivered_consume_manual_ack_total",
    "global_messages_delivered_get_auto_ack_total",
    "global_messages_delivered_get_manual_ack_total", "global_messages_get_empty_total",
    "global_messages_redelivered_total", "global_messages_acknowledged_total",
    "message_size_bytes_bucket", "message_size_bytes_sum", "message_size_bytes_count",
]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as r:
        return r.read().decode()


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def names_in(text):
    return {re.split("[{ ]", line)[0] for line in text.splitlines() if line[0] != "#"}


def metrics_in(expressions):
    """The names of ours that expressions have."""
    return set(re.findall(r"\b(?:rabbitmq|leveret)_[a-z_]+", expressions))


def work(broker):
    """Messages in, some out, one without a way, one refused declaration."""
    connection = broker.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare('named "so"', durable=True)
    for _ in range(MESSAGES):
        channel.basic_publish("", 'named "so"', b"x" * 200, PERSISTENT)
    channel.basic_publish("", "nowhere", b"")
    channel.basic_get('named "so"')
    try:
        connection.channel().queue_declare("not there", passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        pass
    return connection


def names(port):
    found = names_in(get(port, "/metrics"))
    for name in DASHBOARD:
        check(f"RabbitMQ's dashboard: {name}", "rabbitmq_" + name in found)
    told = found | names_in(get(port, "/metrics/detailed?family=queue_coarse_metrics"
                                      "&family=queue_consumer_count"))
    rules = metrics_in("\n".join(re.findall("expr: (.*)", read(RULES))))
    check("the rules ask for what is there", rules and rules <= told, rules - told)
    board = json.loads(read("etc/grafana/leveret-overview.json"))
    asked = metrics_in("\n".join(t["expr"] for p in board["panels"] for t in p.get("targets", [])))
    check("so does the dashboard", len(asked) > 20 and asked <= told, asked - told)


def described(text):
    return set(re.findall(r"^# TYPE (\S+)", text, re.M))


def documentation(port):
    """Every metric stands in the tables, by its name in /metrics, and nothing else."""
    views = ["/metrics", "/metrics/per-object", "/metrics/memory-breakdown",
             "/metrics/detailed?family=vhost_status&family=exchange_names&family=exchange_bindings"
             "&family=auth_attempt_detailed_metrics"]
    told = set().union(*(described(get(port, view)) for view in views))
    told = {name.replace("rabbitmq_detailed_", "rabbitmq_") for name in told}
    page = read("docs/monitoring.md")
    table = set(re.findall(r"^\| `((?:rabbitmq|leveret)_[a-z_]+)` \|", page, re.M))
    check("docs/monitoring.md has every metric", told <= table, told - table)
    check("and no other", table <= told, table - told)


def promtool(port):
    tool = subprocess.run(["promtool", "check", "rules", f"{ROOT}/{RULES}"],
                          capture_output=True, text=True)
    check("promtool: the rules", tool.returncode == 0, tool.stdout + tool.stderr)
    for path in ["/metrics", "/metrics/per-object"]:
        # What it complains of are names that are RabbitMQ's; 1 and 2: it cannot read the text.
        tool = subprocess.run(["promtool", "check", "metrics"], input=get(port, path),
                              capture_output=True, text=True)
        check(f"promtool reads {path}", tool.returncode in (0, 3), tool.stdout + tool.stderr)


def query(port, expression):
    """The value of the only series, or None."""
    answer = json.loads(get(port, "/api/v1/query?query=" + urllib.parse.quote(expression)))
    result = answer["data"]["result"]
    return float(result[0]["value"][1]) if len(result) == 1 else None


def configuration(port):
    """That of etc/, with this broker, more often."""
    text = read("etc/prometheus/prometheus.yml").replace("127.0.0.1:15692", f"127.0.0.1:{port}")
    text = text.replace("leveret.rules.yml", f"{ROOT}/{RULES}")
    return re.sub("scrape_interval: .*", "scrape_interval: 1s", text)


class Prometheus:
    """Debian's, started here alone, with that configuration."""

    def __init__(self, data, text):
        self.port = free_port()
        with open(f"{data}/prometheus.yml", "w", encoding="utf-8") as f:
            f.write(text)
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={data}/prometheus.yml",
             f"--storage.tsdb.path={data}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self.port

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def scraped(port, data):
    with Prometheus(data, configuration(port)) as own:
        job = 'job="leveret"'
        check("Prometheus scrapes the broker",
              eventually(lambda: query(own, "sum(up)") == 2))

        def errors():
            targets = json.loads(get(own, "/api/v1/targets"))["data"]["activeTargets"]
            return [t["lastError"] for t in targets]
        check("without an error", eventually(lambda: errors() == ["", ""]), errors())
        for what, expression, value in [
            ("messages ready", f"rabbitmq_queue_messages_ready{{{job}}}", MESSAGES - 1),
            ("received", f"rabbitmq_global_messages_received_total{{{job}}}", MESSAGES + 1),
            ("confirmed", f"rabbitmq_global_messages_confirmed_total{{{job}}}", MESSAGES + 1),
            ("dropped", f"rabbitmq_channel_messages_unroutable_dropped_total{{{job}}}", 1),
            ("refused", 'leveret_refused_total{code="404"}', 1),
            ("sizes", 'rabbitmq_message_size_bytes_bucket{le="1000.0"}', MESSAGES + 1),
            ("confirm times", "leveret_confirm_seconds_count", MESSAGES),
            ("one queue", 'rabbitmq_detailed_queue_messages{queue="named \\"so\\""}', MESSAGES),
            ("joined as dashboards do",
             f"rabbitmq_queues{{{job}}} * on(instance, job) group_left(rabbitmq_cluster) "
             'rabbitmq_identity_info{rabbitmq_endpoint="aggregated"}', 1),
        ]:
            # A scrape that took longer than it may on a busy machine is no sample.
            check(f"Prometheus knows: {what}", eventually(lambda: query(own, expression) == value),
                  query(own, expression))
        loaded = json.loads(get(own, "/api/v1/rules"))["data"]["groups"]
        check("and has the rules", len(loaded) == 1 and len(loaded[0]["rules"]) > 10, loaded)


SECURED = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: secured
    scheme: https
    tls_config: {{ca_file: {where}/cert.pem, server_name: localhost}}
    basic_auth: {{username: {user}, password: {password}}}
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def status(port, user=None, context=None):
    """Of a request for metrics, over TLS with a context."""
    credentials = base64.b64encode(user.encode()).decode() if user else ""
    headers = {"Authorization": "Basic " + credentials} if user else {}
    if context:
        c = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    else:
        c = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        c.request("GET", "/metrics", headers=headers)
        return c.getresponse().status
    except (OSError, http.client.HTTPException) as e:
        return type(e).__name__
    finally:
        c.close()


def secured(build, data):
    """With TLS, and for who has the tag alone."""
    clear, tls = free_port(), free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{data}/key.pem", "-out",
                    f"{data}/cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)
    broker = Broker(build, f"{data}/secured", f"prometheus.tcp.port={clear}",
                    "prometheus.tcp.ip=127.0.0.1", f"prometheus.ssl.port={tls}",
                    "prometheus.ssl.ip=127.0.0.1", f"prometheus.ssl.certfile={data}/cert.pem",
                    f"prometheus.ssl.keyfile={data}/key.pem",
                    "prometheus.authentication.enabled=true")
    broker.ask("add_user", "plain", "pw")
    broker.ask("add_user", "looker", "pw")
    broker.ask("set_user_tags", "looker", "monitoring")
    context = ssl.create_default_context(cafile=f"{data}/cert.pem")
    for what, port, c in [("in the clear", clear, None), ("over TLS", tls, context)]:
        got = [status(port, user, c) for user in (None, "looker:no", "plain:pw", "looker:pw")]
        check(f"{what} who may look is answered", got == [401, 401, 401, 200], got)
    check("where TLS is spoken nothing else is", status(tls, "looker:pw") != 200)
    check("nor TLS where it is not", status(clear, "looker:pw", context) != 200)
    stranger = ssl.create_default_context()
    check("the certificate is its own", status(tls, "looker:pw", stranger) ==
          "SSLCertVerificationError")
    text = SECURED.format(where=data, user="looker", password="pw", port=tls)
    with Prometheus(data, text) as own:
        check("Prometheus scrapes over TLS, with a login",
              eventually(lambda: query(own, 'rabbitmq_connections{job="secured"}') == 0))
    check("the secured broker stops in order", broker.end() == 0)


def main(build):
    data, port = tempfile.mkdtemp(), free_port()
    broker = Broker(build, f"{data}/broker", f"prometheus.tcp.port={port}",
                    "prometheus.tcp.ip=127.0.0.1")
    connection = work(broker)
    names(port)
    documentation(port)
    promtool(port)
    scraped(port, data)
    connection.close()
    check("the broker stops in order", broker.end() == 0)
    secured(build, data)
    shutil.rmtree(data)
    return finish("prometheus")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
