# SPDX-License-Identifier: Apache-2.0
"""Flink's RMQSource: acks and tx.commit at each checkpoint, duplicates known by correlation id."""
import signal
import time

from rig import Broker, Peer, build, need

IDS, KILLS = 100_000, 5
CHECKPOINT = r"checkpoint \d+: (\d+) of \d+ ids, (\d+) more than once"


class Job(Peer):
    """The job in a process of its own, and its checkpoints."""

    def __init__(self, broker, ids, known_by):
        super().__init__("flink")
        self.program = self.java("1g", build("flink"), "CountIds", broker.port, "in", ids, known_by,
                                 self.folder)

    def command(self):
        """From the newest checkpoint that is whole, if there is one."""
        whole = sorted(self.folder.glob("*/chk-*/_metadata"), key=lambda p: p.stat().st_mtime_ns)
        return self.program + [each.parent for each in whole[-1:]]

    def checkpoint(self, counted=0):
        """Waits for a checkpoint that holds so many ids: how many, and how many more than once."""
        while True:
            found = self.next(CHECKPOINT, 120)
            if int(found[1]) >= counted:
                return int(found[1]), int(found[2])


def once(ports, chance):
    with Broker(ports.next(), "flink") as broker:
        broker.queue("in")
        broker.fill("in", IDS)
        with Job(broker, IDS, "ids") as job:
            for kill in range(2 * KILLS):
                job.checkpoint(IDS * (kill + 1) // (2 * KILLS + 2))
                time.sleep(chance.uniform(0, 0.05))
                (broker if kill % 2 else job).kill()
            counted, twice = job.checkpoint(IDS)
            job.checkpoint()
            job.checkpoint()
        left = broker.depth("in")
    need(not twice and not left, f"{twice} ids counted more than once, {left} left in the queue")
    return (f"Flink counts each of {counted} ids once through {KILLS} kills of its job and "
            f"{KILLS} of the broker right after a checkpoint")


def would_notice(ports, _):
    """Without correlation ids; the broker dies between a checkpoint and the commit of its acks."""
    ids = 20_000
    with Broker(ports.next(), "flink_control") as broker:
        broker.queue("in")
        broker.fill("in", ids)
        with Job(broker, ids, "nothing") as job:
            job.checkpoint(1)
            broker.signal(signal.SIGSTOP)
            time.sleep(2)
            broker.kill()
            _, twice = job.checkpoint(ids)
    need(twice, "a kill ahead of the commit was not noticed")
    return f"Flink would notice: {twice} ids count twice where it does not know them by their ids"


CASES = [once, would_notice]
