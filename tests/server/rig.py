# SPDX-License-Identifier: Apache-2.0
"""A broker of a test, on a port and a data directory of its own, and the count of what was
checked."""
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pika

SEGMENT = 1 << 20                # bytes of a segment of the log: small, that there are many
PERSISTENT = pika.BasicProperties(delivery_mode=2)
passed = failed = 0


def check(what, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("ok" if ok else "FAIL", what, "" if ok else repr(detail))


def finish(name):
    """The last line; what the program ends with."""
    print(f"passed {passed} failed {failed} {name}")
    return 1 if failed else 0


def first_of_kernel():
    """The ports below it the kernel gives to nobody by itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        return int(f.read().split()[0])


def free_port():
    """It stays so until it is listened on, and while the broker on it does not listen."""
    while True:
        try:
            with socket.socket() as s:
                s.bind(("127.0.0.1", random.randrange(10100, max(first_of_kernel(), 10101))))
                return s.getsockname()[1]
        except OSError:
            pass


def eventually(is_so, seconds=60):
    """Whether it comes to be so; a file that is being replaced and a port that nobody listens on
    yet are not so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if is_so():
                return True
        except OSError:
            pass
        time.sleep(0.02)
    return False


def log_in(s, user=b"guest"):
    """Over any kind of socket, with the name as the password; False when the broker hangs up."""
    login = b"\0" + user + b"\0" + user
    start = (b"\x00\x0a\x00\x0b\0\0\0\0\x05PLAIN" + len(login).to_bytes(4, "big") + login +
             b"\x05en_US")
    tune = b"\x00\x0a\x00\x1f\x07\xff\x00\x02\x00\x00\x00\x00"
    s.settimeout(20)
    said = b""
    try:
        s.sendall(b"AMQP\x00\x00\x09\x01")
        for part in (start, tune, b"\x00\x0a\x00\x28\x01/\0\0"):
            s.sendall(b"\x01\0\0" + len(part).to_bytes(4, "big") + part + b"\xce")
        while not said.endswith(b"\x00\x0a\x00\x29\x00\xce"):
            piece = s.recv(4096)
            if not piece:
                return False
            said += piece
    except ConnectionError:
        return False
    return True


class Broker:
    """It is there when this returns, unless it would not start (ready)."""

    def __init__(self, build, data, *settings, **how):
        self.build, self.data, self.port = build, data, free_port()
        self.process = subprocess.Popen(
            [f"{build}/leveret", f"listeners.tcp.1=127.0.0.1:{self.port}", f"data_dir={data}",
             f"log_segment_size={SEGMENT}", *settings], stderr=subprocess.PIPE, text=True, **how)
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if " ready: " in line:
                break
        self.ready = " ready: " in self.said
        self.reader = threading.Thread(target=self.listen)
        self.reader.start()

    def listen(self):
        for line in self.process.stderr:
            self.said += line
        self.process.stderr.close()

    def says(self, text):
        """In time; another thread reads its lines."""
        return eventually(lambda: text in self.said)

    def connect(self):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))

    def channel(self):
        """With confirms, on a connection of its own."""
        channel = self.connect().channel()
        channel.confirm_delivery()
        return channel

    def ask(self, *words, program="leveretctl", **more):
        r = subprocess.run([os.path.abspath(f"{self.build}/{program}"), "--data-dir", self.data,
                            *words], capture_output=True, text=True, timeout=60, **more)
        return r.returncode, r.stdout, r.stderr

    def rows(self, *words):
        code, out, _ = self.ask(*words, "-s")
        return [line.split("\t") for line in out.splitlines()] if code == 0 else code

    def door(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(f"{self.data}/ctl.sock")
        s.settimeout(20)
        return s

    def end(self, how=signal.SIGTERM):
        """ThreadSanitizer's runtime drops one signal in fifty of those that come right after the
        start (seen with a SIGHUP behind it, which arrived; without it none of 2,500 was lost)."""
        self.process.send_signal(how)
        if os.path.basename(self.build) == "build-tsan":
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(how)
        code = self.process.wait(30)
        self.reader.join()
        return code
