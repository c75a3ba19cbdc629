#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a loopback port that is free and stays so while its broker is being restarted: one that the
# kernel gives to nobody by itself, and none that browsers refuse (10080).
exec /usr/bin/python3 -c '
import random, socket
with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
    first = int(file.read().split()[0])
while True:
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", random.randrange(10100, max(first, 10101))))
            print(s.getsockname()[1])
            break
    except OSError:
        pass
'
