#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a broker's memory is while so many messages of 100 bytes wait in an exchange for up to a
year, and after a start with them. Figures for memory.sh.

usage: delayed.py BROKER DATA PORT [MESSAGES]
"""
import random
import socket
import struct
import subprocess
import sys
import time

BROKER, DATA, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
MESSAGES = int(sys.argv[4]) if len(sys.argv) > 4 else 1000000
YEAR_MS = 365 * 86400 * 1000
BURST = 1000


class Peer:
    """Just enough of a client to publish without waiting."""

    def __init__(self):
        self.came = b""
        self.socket = socket.create_connection(("127.0.0.1", PORT), timeout=60)
        self.socket.sendall(b"AMQP\0\0\x09\x01")
        self.expect(10, 10)
        login = long(b"\0guest\0guest")
        self.call(0, 10, 11, long(b"") + short(b"PLAIN") + login + short(b"en_US"))
        self.expect(10, 30)
        self.call(0, 10, 31, struct.pack(">HIH", 10, 131072, 0))
        self.call(0, 10, 40, short(b"/") + b"\0\0")
        self.expect(10, 41)
        self.call(1, 20, 10, short(b""))
        self.expect(20, 11)

    def call(self, channel, of, number, arguments):
        self.socket.sendall(frame(1, channel, struct.pack(">HH", of, number) + arguments))

    def expect(self, of, number):
        while True:
            while len(self.came) < 7 or len(self.came) < self.frame_bytes():
                self.came += self.socket.recv(65536)
            payload, self.came = self.came[7:], self.came[self.frame_bytes():]
            if struct.unpack(">HH", payload[:4]) == (of, number):
                return

    def frame_bytes(self):
        return struct.unpack(">I", self.came[3:7])[0] + 8


def short(text):
    return bytes([len(text)]) + text


def long(text):
    return struct.pack(">I", len(text)) + text


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def message():
    headers = b"\x07x-delayl" + struct.pack(">q", random.randrange(1000000, YEAR_MS))
    method = struct.pack(">HH", 60, 40) + b"\0\0" + short(b"x") + short(b"k") + b"\0"
    head = struct.pack(">HHQH", 60, 0, 100, 0x3000) + long(headers) + b"\x02"
    return frame(1, 1, method) + frame(2, 1, head) + frame(3, 1, bytes(100))


def begin():
    broker = subprocess.Popen([BROKER, f"listeners.tcp.1=127.0.0.1:{PORT}", f"data_dir={DATA}",
                               "message_memory=4MB", "log.default.level=error"])
    for _ in range(600):
        try:
            return broker, Peer()
        except OSError:
            time.sleep(0.1)
    broker.kill()
    sys.exit("the broker does not come up")


def resident(broker):
    """Once it has given nothing back for some seconds; a busy machine gets there later."""
    least, still = None, 0
    for _ in range(120):
        time.sleep(0.5)
        with open(f"/proc/{broker.pid}/status", encoding="ascii") as status:
            kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        still = 0 if least is None or kb < least else still + 1
        least = kb if least is None else min(least, kb)
        if still == 10:
            break
    return least * 1024


def main():
    broker, peer = begin()
    peer.call(1, 40, 10, b"\0\0" + short(b"x") + short(b"x-delayed-message") + b"\x02" +
              long(b"\x0ex-delayed-typeS" + long(b"fanout")))
    peer.expect(40, 11)
    for at in range(0, MESSAGES, BURST):
        peer.socket.sendall(b"".join(message() for _ in range(min(BURST, MESSAGES - at))))
    peer.call(1, 20, 40, struct.pack(">H", 200) + short(b"") + b"\0\0\0\0")
    peer.expect(20, 41)
    print(f"delayed_resident={resident(broker)}", flush=True)
    broker.terminate()
    broker.wait()
    broker, peer = begin()
    print(f"delayed_resident_again={resident(broker)}", flush=True)
    broker.terminate()
    broker.wait()


main()
