#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package, unpacked: what is in it is what should be, and it works from there.
tools/fresh.sh installs it for real.

usage: deb.py BUILD
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

from rig import Broker, check, finish

PAGES = "man8/leveret.8", "man8/leveretctl.8", "man5/leveret.conf.5", "man1/leveret-perf.1", \
    "man1/leveret-migrate.1"


def run(*words, **more):
    r = subprocess.run(words, capture_output=True, text=True, timeout=120, **more)
    return r.returncode, r.stdout, r.stderr


def try_control(package):
    code, out, err = run("dpkg-deb", "--field", package)
    fields = dict(re.findall(r"^(\S+): (.*)$", out, re.M))
    check("it says what it is", code == 0 and fields["Package"] == "leveret" and
          fields["Version"] in os.path.basename(package), (out, err))
    check("it depends on the libraries that it uses",
          all(name in fields["Depends"] for name in ("libc6", "libev4", "libssl3", "librabbitmq4")),
          fields["Depends"])


def try_pages(root):
    for page in PAGES:
        path = f"{root}/usr/share/man/{page}.gz"
        text = subprocess.run(["zcat", path], capture_output=True, check=True).stdout
        made = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=text, capture_output=True,
                              check=False)
        check(f"{page} is a page without a warning",
              made.returncode == 0 and not made.stderr and len(made.stdout) > 1000, made.stderr)


def try_unit(root):
    with open(f"{root}/lib/systemd/system/leveret.service", encoding="utf-8") as f:
        unit = f.read()
    words = re.search(r"^ExecStart=(.*)$", unit, re.M).group(1).split()
    check("the unit starts what is in it, with the configuration that is in it",
          os.access(root + words[0], os.X_OK) and os.path.exists(root + words[2]), words)
    code, out, err = run(root + words[0], "-c", root + words[2], "--check-config")
    check("the configuration is right", code == 0 and "durability = fsync" in out, (out, err))


def try_programs(root, scratch):
    b = Broker(f"{root}/usr/bin", f"{scratch}/data")
    channel = b.channel()
    channel.queue_declare("q", durable=True)
    channel.basic_publish("", "q", b"x")
    check("leveretctl of the package asks the broker of the package",
          b.rows("list_queues") == [["q", "1"]], b.said)
    code, out, err = run(f"{root}/usr/bin/leveret-perf", "-h",
                         f"amqp://guest:guest@127.0.0.1:{b.port}", "-C", "100", "-D", "100")
    check("and leveret-perf loads it", code == 0 and "receiving rate" in out, (out, err))
    channel.connection.close()
    check("it ends in order", b.end() == 0, b.said)


def main():
    build = os.path.abspath(sys.argv[1])
    code, out, err = run("sh", "tools/deb.sh", env={**os.environ, "BUILD": build})
    check("it is made", code == 0, err)
    package = out.split()[-1]
    try_control(package)
    with tempfile.TemporaryDirectory() as scratch:
        root = f"{scratch}/root"
        check("it unpacks", run("dpkg-deb", "-x", package, root)[0] == 0)
        check("leveretctl has RabbitMQ's names beside its own", all(os.path.samefile(
            f"{root}/usr/lib/leveret/bin/{name}", f"{root}/usr/bin/leveretctl") for name in (
                "rabbitmqctl", "rabbitmq-diagnostics", "rabbitmq-plugins", "rabbitmq-queues",
                "rabbitmq-upgrade")))
        check("the shell completes its verbs", run(
            "bash", "-n", f"{root}/usr/share/bash-completion/completions/leveretctl")[0] == 0 and
              os.path.getsize(f"{root}/usr/share/zsh/vendor-completions/_leveretctl") > 1000)
        check("what watches it finds rules and a dashboard", all(
            os.path.getsize(f"{root}/usr/share/leveret/{name}") for name in (
                "prometheus/prometheus.yml", "prometheus/leveret.rules.yml",
                "grafana/leveret-overview.json")))
        check("programs are small without what debuggers need",
              all(os.path.getsize(p) < 2 << 20 for p in glob.glob(f"{root}/usr/bin/*")))
        try_pages(root)
        try_unit(root)
        try_programs(root, scratch)
    sys.exit(finish("deb"))


main()
