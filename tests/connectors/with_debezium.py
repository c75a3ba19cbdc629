# SPDX-License-Identifier: Apache-2.0
"""Debezium Server's rabbitmq sink: the changes of a PostgreSQL, published with confirms."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

from rig import Broker, Failure, Peer, need, unpack, until

DEBEZIUM = "io.debezium:debezium-server-dist:3.6.1.Final:tar.gz"
CHANGES, KILLS, ROWS = 30_000, 3, 50
TABLES = ["account", "teller", "history"]   # no queue is bound for the last

PROPERTIES = """\
quarkus.http.host=127.0.0.1
quarkus.http.port={http}
quarkus.log.level=INFO
quarkus.log.console.json=false
debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector
debezium.source.plugin.name=pgoutput
debezium.source.database.hostname=127.0.0.1
debezium.source.database.port={postgres}
debezium.source.database.user=postgres
debezium.source.database.password=none
debezium.source.database.dbname=postgres
debezium.source.topic.prefix=inv
debezium.source.snapshot.mode=no_data
debezium.source.offset.storage.file.filename={folder}/offsets
debezium.source.offset.flush.interval.ms=0
debezium.format.value.schemas.enable=false
debezium.sink.type=rabbitmq
debezium.sink.rabbitmq.connection.host=127.0.0.1
debezium.sink.rabbitmq.connection.port={broker}
debezium.sink.rabbitmq.connection.username=guest
debezium.sink.rabbitmq.connection.password=guest
debezium.sink.rabbitmq.connection.virtual.host=/
debezium.sink.rabbitmq.exchange=cdc
debezium.sink.rabbitmq.routingKey.source=topic
"""


def installed_java(at_least):
    """The command of an installed Java of that version or a newer one."""
    for release in sorted(pathlib.Path("/usr/lib/jvm").glob("*/release")):
        for line in release.read_text().splitlines():
            if line.startswith('JAVA_VERSION="') and \
                    int(line.split('"')[1].split(".")[0]) >= at_least:
                return release.parent / "bin" / "java"
    raise Failure(f"there is no Java {at_least} or newer in /usr/lib/jvm")


class Postgres:
    """A database of its own in an empty folder."""

    def __init__(self, port):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        need(programs, "there is no PostgreSQL in /usr/lib/postgresql")
        self.bin = programs[-1]
        self.port = port
        self.folder = pathlib.Path(tempfile.mkdtemp())
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.run("initdb", "-A", "trust", "-U", "postgres", self.folder / "data")
        self.run("pg_ctl", "-w", "-D", self.folder / "data", "-l", self.folder / "log", "-o",
                 f"-p {port} -k {self.folder} -c listen_addresses=127.0.0.1 -c wal_level=logical "
                 "-c fsync=off", "start")

    def run(self, program, *arguments, **more):
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run([*as_postgres, self.bin / program, *arguments], text=True, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
        need(done.returncode == 0, f"{program}: {done.stdout}")
        return done.stdout

    def sql(self, text):
        return self.run("psql", "-qAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
                        "-v", "ON_ERROR_STOP=1", input=text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("pg_ctl", "-w", "-m", "immediate", "-D", self.folder / "data", "stop")
        shutil.rmtree(self.folder)


class Debezium(Peer):
    """The server.  It ends when the broker is away, and has to be looked after."""

    def __init__(self, broker, postgres, http):
        super().__init__("debezium")
        home = unpack("debezium", DEBEZIUM, "*/connectors") / "debezium-server"
        (self.folder / "config").mkdir()
        (self.folder / "config" / "application.properties").write_text(PROPERTIES.format(
            http=http, postgres=postgres.port, broker=broker.port, folder=self.folder))
        classes = f"{next(home.glob('*runner.jar'))}:{home}/lib/*"
        self.program = [installed_java(21),
                        *self.java("512m", classes, "io.debezium.server.Main")[1:]]

    def command(self):
        return self.program


def changes(chance, first, count):
    """Transactions of three changes each, in SQL; every change has a number of its own."""
    text = []
    for number in range(first, first + count, len(TABLES)):
        text.append("BEGIN;")
        for i, table in enumerate(TABLES):
            text.append(f"INSERT INTO {table} VALUES ({chance.randrange(ROWS)}, {number + i}) "
                        "ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number;")
        text.append("COMMIT;")
    return "\n".join(text)


def numbers(broker, queue):
    """The numbers of the changes in a queue, in the order they came."""
    return [json.loads(body)["after"]["number"] for _, _, body in broker.take(queue)]


def in_order(came, restarts):
    """In the order of the commits, but for what each restart sends again; how many came again."""
    known, highest, back = set(), -1, 0
    for before, number in zip([-1, *came], came):
        back += number <= before
        need(number in known or number > highest, f"change {number} comes behind {highest}")
        known.add(number)
        highest = max(highest, number)
    need(back <= restarts, f"the order goes back {back} times, with {restarts} restarts")
    return len(came) - len(known)


def prepare(broker, postgres):
    """What finds no queue takes the alternate exchange."""
    with broker.connect() as connection:
        channel = connection.channel()
        channel.exchange_declare("rest", "fanout", durable=True)
        channel.exchange_declare("cdc", "topic", durable=True,
                                 arguments={"alternate-exchange": "rest"})
        for queue in ["bound", "unbound"]:
            channel.queue_declare(queue, durable=True)
        for table in TABLES[:2]:
            channel.queue_bind("bound", "cdc", f"inv.public.{table}")
        channel.queue_bind("unbound", "rest")
    for table in TABLES:
        postgres.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, number int)")


def every_change(ports, chance):
    with Broker(ports.next(), "debezium") as broker, Postgres(ports.next()) as postgres:
        prepare(broker, postgres)

        def there():
            debezium.look_after()
            return broker.depth("bound") + broker.depth("unbound")

        def active():
            debezium.look_after()
            return postgres.sql("SELECT 1 FROM pg_replication_slots WHERE active")

        with Debezium(broker, postgres, ports.next()) as debezium:
            until(active, 180, "Debezium does not follow the database")
            slices = 2 * KILLS + 1
            count = CHANGES // slices // len(TABLES) * len(TABLES)
            for kill in range(slices):
                text, base = changes(chance, kill * count, count), there()
                work = threading.Thread(target=postgres.sql, args=[text])
                work.start()
                goal = base + chance.randrange(count // 10, count * 9 // 10)
                until(lambda: there() >= goal, 180, f"Debezium does not go on past {base}")
                if kill < 2 * KILLS:
                    (broker if kill % 2 else debezium).kill()
                work.join()
            until(lambda: there() >= slices * count, 180, "not all of the changes come")
            time.sleep(3)
            restarts = debezium.starts - 1
        bound, unbound = numbers(broker, "bound"), numbers(broker, "unbound")
    again = in_order(bound, restarts) + in_order(unbound, restarts)
    missing = set(range(slices * count)) - set(bound) - set(unbound)
    need(not missing, f"{len(missing)} changes are missing, the first is {min(missing, default=0)}")
    need(all(n % 3 == 2 for n in unbound) and all(n % 3 != 2 for n in bound), "a wrong queue")
    return (f"each of {slices * count} changes came, in the order of the commits, through {KILLS} "
            f"kills of Debezium and {KILLS} of the broker; {again} came again in {restarts} "
            f"restarts; {len(set(unbound))} had no queue and took the alternate exchange")


CASES = [every_change]
