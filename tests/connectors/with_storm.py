# SPDX-License-Identifier: Apache-2.0
"""storm-rabbitmq in a topology on LocalCluster; a bolt fails the first attempt of every tenth."""
import re
import time

from rig import Broker, Peer, build, cannot_be_had, need, until

IDS, KILLS = 10_000, 2


class Topology(Peer):
    """The topology in a process of its own."""

    def __init__(self, broker, ports, failed):
        super().__init__("storm")
        self.program = self.java("768m", build("storm"), "Topology", broker.port, failed,
                                 ports.next())

    def command(self):
        return self.program

    def said(self, what):
        """The ids of which the topology said that."""
        return set(re.findall(rf"^{what} (\d+)$", self.log.read_text(), re.MULTILINE))


def prepare(broker, **arguments):
    broker.queue("in", **arguments)
    broker.fill("in", IDS)
    broker.queue("out")
    with broker.connect() as connection:
        connection.channel().queue_bind("out", "amq.direct", "out")


def ids(messages):
    return [body.decode() for _, _, body in messages]


def every_id(ports, chance):
    with Broker(ports.next(), "storm") as broker:
        prepare(broker)

        def out():
            topology.look_after()
            return broker.depth("out")

        with Topology(broker, ports, "requeue") as topology:
            for kill in range(2 * KILLS):
                goal = int(IDS * (kill + chance.random()) / (2 * KILLS + 1))
                until(lambda: out() > goal, 120, f"the topology does not go on past {goal}", 0.02)
                if kill % 2:
                    broker.crash()
                    topology.end()
                    broker.start()
                topology.kill()
            until(lambda: out() >= IDS and not broker.depth("in"), 120, "no end comes", 0.1)
            time.sleep(5)
            failed, unmarked = topology.said("failed"), topology.said("unmarked")
        left, came = broker.depth("in"), ids(broker.take("out"))
    missing = {str(i) for i in range(IDS)} - set(came)
    need(not left, f"{left} are left in the queue")
    need(not missing, f"{len(missing)} of {IDS} are missing, {len(missing & failed)} that failed")
    need(not unmarked, f"{len(unmarked)} came again and were not marked as redelivered")
    return (f"each of {IDS} ids passes through Storm in {KILLS} kills of the topology and {KILLS} "
            f"of the broker with it; {len(failed)} failed and were redelivered, "
            f"{len(came) - IDS} came again")


def dead_letters(ports, _):
    with Broker(ports.next(), "storm_drop") as broker:
        broker.queue("dead")
        prepare(broker, **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
        with Topology(broker, ports, "drop") as topology:
            until(lambda: broker.depth("dead") + broker.depth("out") >= IDS, 120,
                  "not all ids come", 0.1)
            time.sleep(2)
            failed = topology.said("failed")
        dead, came = ids(broker.take("dead")), ids(broker.take("out"))
    need(set(dead) == failed and len(dead) == len(failed), "other ids than those that failed died")
    need(len(came) == IDS - len(dead) and not set(came) & set(dead), "some are lost or twice")
    return f"the {len(dead)} ids that fail and are not to come again are those in the dead letters"


def burov4j(*_):
    cannot_be_had("ru.burov4j.storm:storm-rabbitmq:1.0.1")


CASES = [every_id, dead_letters, burov4j]
