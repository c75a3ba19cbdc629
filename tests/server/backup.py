#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Backups of a running broker under load.

While one publisher confirms and one consumer acks, backups are made, as links and as copies. Each
passes leveretctl log verify, a broker starts on it, and it holds every message that was confirmed
before it was asked for and not acked by then, in order, and none twice. Whatever the broker does
with its segments afterwards, no byte of a backup changes; nor when a broker was started on it.

usage: backup.py BUILD      BACKUPS=6
"""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from rig import PERSISTENT, Broker, check, finish

BACKUPS = int(os.environ.get("BACKUPS", "6"))
KEPT = 500                       # messages that the consumer leaves alone


def ask(build, *words, **more):
    r = subprocess.run([os.path.abspath(f"{build}/leveretctl"), *words], capture_output=True,
                       text=True, timeout=60, **more)
    return r.returncode, r.stdout, r.stderr


class Load:
    """Messages are numbers; confirmed: all below it are. asked: acks were sent for all below."""

    def __init__(self, broker):
        self.broker, self.confirmed, self.asked, self.over = broker, 0, 0, False
        self.failed = None
        self.threads = [threading.Thread(target=self.run, args=(f,))
                        for f in (self.publish, self.consume)]
        for t in self.threads:
            t.start()

    def run(self, f):
        try:
            f()
        except Exception as e:
            self.failed = e

    def publish(self):
        channel = self.broker.connect().channel()
        channel.queue_declare("q", durable=True)
        channel.confirm_delivery()
        while not self.over:
            n = self.confirmed
            channel.basic_publish("", "q", b"%d:" % n + b"x" * (n * 37 % 20000), PERSISTENT)
            self.confirmed = n + 1
        channel.connection.close()

    def consume(self):
        while self.confirmed < KEPT and not self.over:
            time.sleep(0.01)
        channel = self.broker.connect().channel()
        while not self.over:
            if self.confirmed - self.asked < KEPT:
                time.sleep(0.001)
                continue
            method, _, body = channel.basic_get("q")
            n = int(body.split(b":")[0])
            if n != self.asked:
                raise RuntimeError(f"{n} came for {self.asked}")
            self.asked = n + 1
            channel.basic_ack(method.delivery_tag)
        channel.connection.close()

    def end(self):
        self.over = True
        for t in self.threads:
            t.join()


def print_of(directory):
    out = {}
    for name in sorted(os.listdir(directory)):
        with open(f"{directory}/{name}", "rb") as f:
            out[name] = hashlib.sha256(f.read()).hexdigest()
    return out


def served(build, directory):
    """The numbers in q of a broker that is started on it."""
    b = Broker(build, directory)
    channel = b.connect().channel()
    out = []
    while True:
        method, _, body = channel.basic_get("q", auto_ack=True)
        if not method:
            break
        out.append(int(body.split(b":")[0]))
    channel.connection.close()
    check("the broker on it ends in order", b.end() == 0, b.said)
    return out


def try_backup(build, broker, load, directory, how):
    confirmed = load.confirmed
    code, out, err = broker.ask("backup", directory)
    asked = load.asked
    check(f"a backup, {how}", code == 0 and how in out, (code, out, err))
    return directory, confirmed, asked, print_of(directory) if code == 0 else {}


def check_backup(build, made):
    directory, confirmed, asked, before = made
    check("not a byte of it has changed", print_of(directory) == before)
    code, out, err = ask(build, "log", "verify", directory)
    check("verify likes it", code == 0 and "the log is whole" in out, (code, out, err))
    twin = directory + "-twin"   # the files themselves, under other names
    os.mkdir(twin)
    for name in before:
        os.link(f"{directory}/{name}", f"{twin}/{name}")
    got = served(build, twin)
    check("it holds what it must, in order", got and got == list(range(got[0], got[-1] + 1)) and
          got[0] <= asked and got[-1] >= confirmed - 1, (confirmed, asked, got[:1], got[-1:]))
    check("a broker that ran on it has not changed a byte", print_of(directory) == before)
    return got


def try_errors(build, broker, scratch):
    def backup(*words, **more):
        return broker.ask("backup", *words, **more)

    full = f"{scratch}/full"
    os.mkdir(full)
    open(f"{full}/file", "w").close()
    code, _, err = backup(full)
    check("a directory that is not empty", code == 69 and "must be empty" in err and
          os.listdir(full) == ["file"], err)
    code, _, err = backup(broker.data)
    check("the data directory itself", code == 69 and "must be empty" in err, err)
    code, _, err = backup(f"{scratch}/no/such/place")
    check("no such place", code == 69 and "No such file" in err, err)
    code, _, err = backup("/proc/leveret")
    check("where nothing can be made", code == 69 and "cannot be made" in err, err)
    os.mkdir(f"{scratch}/here")
    code, out, err = backup("relative", "-q", cwd=f"{scratch}/here")
    check("a relative path is the caller's", code == 0 and
          os.path.exists(f"{scratch}/here/relative/lock"), (out, err))


def try_small_disk(build, broker, scratch):
    disk = f"{scratch}/disk"
    os.mkdir(disk)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", disk],
                                           capture_output=True).returncode:
        print("   nothing can be mounted here: a full disk is not shown")
        return
    try:
        code, _, err = broker.ask("backup", f"{disk}/b")
        check("no room", code == 69 and "no room" in err, err)
        left = os.listdir(f"{disk}/b")
        check("nothing is left there", left == ["lock"], left)
    finally:
        subprocess.run(["umount", disk])


def try_kill(build, broker, far):
    """The broker is killed while it copies: what is there does not open."""
    p = subprocess.Popen([f"{build}/leveretctl", "--data-dir", broker.data, "backup", far],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.time() + 60
    while time.time() < until and p.poll() is None and not os.path.exists(f"{far}/unfinished"):
        pass
    broker.end(signal.SIGKILL)
    check("leveretctl says that it was not made", p.wait(60) == 69)
    if not os.path.exists(f"{far}/unfinished"):
        print("   it was too quick: a kill in the middle is not shown")
        return
    b = Broker(build, far)
    code = b.process.wait(60)
    b.reader.join()
    check("what is not whole does not open", code == 3 and "not finished" in b.said, b.said)
    code, _, err = ask(build, "log", "verify", far)
    check("nor does verify like it", code == 1 and "not finished" in err, (code, err))


def other_file_system(scratch):
    here = os.stat(scratch).st_dev
    for place in "/dev/shm", "/run", "/var/tmp", "/tmp":
        if os.path.isdir(place) and os.access(place, os.W_OK) and os.stat(place).st_dev != here:
            return tempfile.mkdtemp(dir=place)
    return None


def main():
    build, scratch = sys.argv[1], tempfile.mkdtemp()
    far = other_file_system(scratch)
    broker = Broker(build, f"{scratch}/data")
    try:
        load, made = Load(broker), []
        while load.confirmed < 2 * KEPT and not load.failed:
            time.sleep(0.01)
        for i in range(BACKUPS):
            how = "copied" if far and i % 2 else "linked"
            directory = f"{far if how == 'copied' else scratch}/backup-{i}"
            made.append(try_backup(build, broker, load, directory, how))
            time.sleep(0.3)
        last, until = load.confirmed, time.time() + 120
        while load.confirmed < last + 2 * KEPT and not load.failed and time.time() < until:
            time.sleep(0.01)
        load.end()
        check("publisher and consumer went on", load.failed is None and
              load.confirmed >= last + 2 * KEPT, load.failed)
        held = [check_backup(build, each) for each in made]
        try_errors(build, broker, scratch)
        try_small_disk(build, broker, scratch)
        if far:
            try_kill(build, broker, f"{far}/killed")
        else:
            broker.end()
        b = Broker(build, broker.data)
        check("the broker starts again", " ready: " in b.said, b.said)
        b.end()
        check("and has changed no backup", all(print_of(m[0]) == m[3] for m in made))
        check("each can be served from where it lies",
              [served(build, m[0]) for m in made] == held)
    finally:
        broker.process.kill()
        shutil.rmtree(scratch)
        if far:
            shutil.rmtree(far)
    sys.exit(finish("backup"))


main()
