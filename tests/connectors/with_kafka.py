# SPDX-License-Identifier: Apache-2.0
"""Kafka Connect with Camel's spring-rabbitmq connectors: queue `in`, topic `ids`, queue `out`."""
import json
import subprocess
import time
import urllib.error
import urllib.request

from rig import BUILD, Broker, Peer, build, cannot_be_had, need, unpack, until

CAMEL = "org.apache.camel.kafkaconnector:camel-spring-rabbitmq-{}-kafka-connector:4.18.0"
IDS, KILLS = 4000, 3

KAFKA = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{kafka},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{kafka}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/log
num.partitions=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
"""

WORKER = """\
bootstrap.servers=127.0.0.1:{kafka}
listeners=http://127.0.0.1:{rest}
plugin.path={plugins}
plugin.discovery=hybrid_warn
offset.storage.file.filename={folder}/offsets
offset.flush.interval.ms=500
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.converters.ByteArrayConverter
consumer.auto.offset.reset=earliest
consumer.session.timeout.ms=6000
"""

# The connector as it comes.  It acks what it has put into a queue of its own memory: the broker may
# be killed, the worker may not.
KAMELET = """\
name=source
connector.class=org.apache.camel.kafkaconnector.springrabbitmqsource.\\
CamelSpringrabbitmqsourceSourceConnector
tasks.max=1
topics=ids
camel.kamelet.spring-rabbitmq-source.host=127.0.0.1
camel.kamelet.spring-rabbitmq-source.port={broker}
camel.kamelet.spring-rabbitmq-source.username=guest
camel.kamelet.spring-rabbitmq-source.password=guest
camel.kamelet.spring-rabbitmq-source.exchangeName=into
camel.kamelet.spring-rabbitmq-source.queues=in
camel.kamelet.spring-rabbitmq-source.routingKey=in
"""

# The same jars with an address in place of the kamelet: InOut, and so each message is acked when
# Kafka has it.
SOURCE = """\
name=source
connector.class=org.apache.camel.kafkaconnector.CamelSourceConnector
tasks.max=1
topics=ids
camel.source.maxPollDuration=10
camel.source.url=spring-rabbitmq:into?queues=in&routingKey=in&exchangePattern=InOut\
&autoDeclare=false&concurrentConsumers=20
camel.beans.factory=#class:org.springframework.amqp.rabbit.connection.CachingConnectionFactory
camel.beans.factory.host=127.0.0.1
camel.beans.factory.port={broker}
"""

SINK = """\
name=sink
connector.class=org.apache.camel.kafkaconnector.CamelSinkConnector
tasks.max=1
topics=ids
camel.sink.url=spring-rabbitmq:default?routingKey=out&confirm=enabled&confirmTimeout=5000
camel.beans.factory=#class:org.springframework.amqp.rabbit.connection.CachingConnectionFactory
camel.beans.factory.host=127.0.0.1
camel.beans.factory.port={broker}
camel.beans.factory.publisherConfirmType=SIMPLE
camel.error.handler.max.redeliveries=60
camel.error.handler.redelivery.delay=500
"""


CLASSES = f"{BUILD}/connect/lib/*"


class Kafka(Peer):
    """One node of Kafka, its own controller."""

    def __init__(self, ports):
        super().__init__("kafka")
        build("connect")
        self.port = ports.next()
        self.settings = self.folder / "server.properties"
        self.settings.write_text(KAFKA.format(kafka=self.port, controller=ports.next(),
                                              folder=self.folder))
        subprocess.run(self.java("512m", CLASSES, "kafka.tools.StorageTool", "format",
                                 "-t", "A" * 22, "-c", self.settings),
                       check=True, capture_output=True)

    def command(self):
        return self.java("512m", CLASSES, "kafka.Kafka", self.settings)

    def start(self):
        super().start()
        self.next("Kafka Server started", 180)

    def topic(self):
        """All bodies in the topic."""
        reader = self.java("512m", CLASSES, "org.apache.kafka.tools.consumer.ConsoleConsumer",
                           "--bootstrap-server", f"127.0.0.1:{self.port}", "--topic", "ids",
                           "--from-beginning", "--timeout-ms", "10000")
        return subprocess.check_output(reader, stderr=subprocess.DEVNULL, text=True).split()


class Worker(Peer):
    """A standalone worker of Kafka Connect; a task that failed is started again."""

    def __init__(self, kafka, broker, ports, *connectors):
        super().__init__("connect")
        plugins = unpack("camel", CAMEL.format("source") + ":tar.gz:package")
        self.rest = ports.next()
        self.tasks = 0
        self.files = []
        for i, text in enumerate([WORKER, *connectors]):
            self.files.append(self.folder / f"{i}.properties")
            self.files[-1].write_text(text.format(kafka=kafka.port, rest=self.rest,
                                                  plugins=plugins, broker=broker.port,
                                                  folder=self.folder))

    def command(self):
        return self.java("512m", CLASSES, "org.apache.kafka.connect.cli.ConnectStandalone",
                         *self.files)

    def ask(self, method, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.rest}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def look_after(self):
        super().look_after()
        try:
            for name in self.ask("GET", "connectors"):
                if any(task["state"] == "FAILED"
                       for task in self.ask("GET", f"connectors/{name}/status")["tasks"]):
                    self.tasks += 1
                    self.ask("POST", f"connectors/{name}/restart?includeTasks=true&onlyFailed=true")
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            pass   # it is starting


def prepare(broker, count):
    broker.queue("in")
    broker.fill("in", count)
    with broker.connect() as connection:
        channel = connection.channel()
        channel.exchange_declare("into", "direct", durable=True)
        channel.queue_bind("in", "into", "in")
        channel.queue_declare("out", durable=True)


def compare(where, came, count):
    """Failure if one is missing; how many came again."""
    missing = {str(i) for i in range(count)} - set(came)
    need(not missing, f"{len(missing)} of {count} are missing in {where}")
    return len(came) - count


def there_and_back(ports, chance):
    with Broker(ports.next(), "kafka") as broker, Kafka(ports) as kafka:
        prepare(broker, IDS)

        def out():
            worker.look_after()
            return broker.depth("out")

        with Worker(kafka, broker, ports, SOURCE, SINK) as worker:
            for kill in range(2 * KILLS):
                goal = int(IDS * (kill + chance.random()) / (2 * KILLS + 1))
                until(lambda: out() > goal, 180, f"the sink does not go on past {goal}", 0.1)
                (broker if kill % 2 else worker).kill()
            until(lambda: out() >= IDS and not broker.depth("in"), 180, "no end comes", 0.1)
            time.sleep(3)
        left, topic, came = broker.depth("in"), kafka.topic(), broker.take("out")
    need(not left, f"{left} are left in the queue")
    in_topic = compare("the topic", topic, IDS)
    again = compare("the queue behind it", [body.decode() for _, _, body in came], IDS)
    return (f"each of {IDS} messages comes into Kafka and back through {KILLS} kills of Kafka "
            f"Connect and {KILLS} of the broker; {in_topic} are twice in the topic, {again} in "
            f"the queue behind it; {worker.tasks} restarts of tasks")


def as_it_comes(ports, chance):
    with Broker(ports.next(), "kafka_kamelet") as broker, Kafka(ports) as kafka:
        prepare(broker, IDS)

        def left():
            worker.look_after()
            return broker.depth("in")

        with Worker(kafka, broker, ports, KAMELET) as worker:
            for kill in range(KILLS):
                goal = int(IDS * (1 - (kill + chance.random()) / KILLS))
                until(lambda: left() <= goal, 180, f"more than {goal} are left", 0.02)
                broker.kill()
            until(lambda: not left(), 180, "no end comes", 0.1)
            time.sleep(3)
        left, topic = broker.depth("in"), kafka.topic()
    need(not left, f"{left} are left in the queue")
    again = compare("the topic", topic, IDS)
    return (f"each of {IDS} messages comes into Kafka through {KILLS} kills of the broker with "
            f"the source as it comes; {again} are twice in the topic")


def sink_package(*_):
    """Camel's sink is in the jars of its source; the package that presets it is not served."""
    cannot_be_had(CAMEL.format("sink"))


CASES = [there_and_back, as_it_comes, sink_package]
