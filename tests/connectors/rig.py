# SPDX-License-Identifier: Apache-2.0
"""What every peer needs: the broker, a program that is killed and followed, Maven, ports."""
import atexit
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pika

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "connectors"
PERSISTENT = 2


class Failure(Exception):
    """What was to be shown was not."""


class Absent(Exception):
    """What Maven says of an artifact that cannot be had."""


def need(truth, words):
    if not truth:
        raise Failure(words)


def until(true, seconds, words, pause=0.005):
    """Waits until true() is; gives back what it said."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if said := true():
            return said
        time.sleep(pause)
    raise Failure(f"after {seconds} s: {words}")


class Peer:
    """A program that can be killed and started again, with a folder of its own; what it says goes
    to a file, and is followed there.  Who is one says how it is started: command()."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.log = BUILD / f"{name}.log"
        self.log.unlink(missing_ok=True)
        self.read = self.starts = 0
        self.process = None
        atexit.register(self.end)

    def java(self, heap, *command):
        return ["java", "-XX:TieredStopAtLevel=1", f"-Xmx{heap}",
                f"-Djava.io.tmpdir={self.folder}", "-cp", *command]

    def start(self):
        self.starts += 1
        with open(self.log, "ab") as out:
            self.read = out.tell()
            self.process = subprocess.Popen(list(map(str, self.command())), cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def end(self):
        if self.process and self.lives():
            self.process.kill()
            self.process.wait()

    def kill(self):
        self.end()
        self.start()

    def lives(self):
        return self.process.poll() is None

    def look_after(self):
        """Starts it again if it has ended by itself."""
        if not self.lives():
            self.start()

    def next(self, pattern, seconds):
        """The next line with the pattern behind those that were read; Failure if none comes."""
        def line():
            with open(self.log, "rb") as file:
                file.seek(self.read)
                text = file.read()
            for each in text.split(b"\n")[:-1]:
                self.read += len(each) + 1
                if found := re.search(pattern, each.decode(errors="replace")):
                    return found
            need(self.lives(), f"{self.log.name}: ended with {self.process.poll()}")
            return None
        return until(line, seconds, f"{self.log.name} does not say {pattern!r}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.folder)


class Broker:
    """A broker with an empty folder of its own (tests/interop/broker.sh)."""

    def __init__(self, port, name):
        self.port = port
        self.log = BUILD / f"{name}.broker.log"
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.environment = {
            **os.environ, "INTEROP_DIR": str(self.folder), "INTEROP_PORT": str(port),
            "INTEROP_BROKER": os.environ.get("BROKER", str(ROOT / "build" / "leveret"))}
        self.start()

    def script(self, verb):
        done = subprocess.run([ROOT / "tests/interop/broker.sh", verb], env=self.environment,
                              capture_output=True, text=True, check=False)
        need(done.returncode == 0 and "FAIL" not in done.stdout,
             f"broker {verb}: {done.stdout}{done.stderr}")

    def start(self):
        self.script("start")

    def crash(self):
        self.script("crash")

    def kill(self):
        self.crash()
        self.start()

    def signal(self, number):
        os.kill(int((self.folder / "broker.pid").read_text()), number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Stops it; Failure if it broke a rule of its own."""
        try:
            self.script("stop")
        finally:
            self.log.write_bytes((self.folder / "broker.log").read_bytes())
            shutil.rmtree(self.folder, ignore_errors=True)
        bad = re.search(r"must\(|ERROR: |runtime error", self.log.read_text())
        need(not bad, f"{self.log.name}: {bad and bad[0]}")

    def connect(self):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port))

    def queue(self, name, **arguments):
        with self.connect() as connection:
            connection.channel().queue_declare(name, durable=True, arguments=arguments)

    def fill(self, queue, count):
        """Puts the numbers from 0 on into a queue, as bodies and as correlation ids."""
        with self.connect() as connection:
            channel = connection.channel()
            channel.tx_select()
            for i in range(count):
                name = str(i)
                channel.basic_publish("", queue, name.encode(), pika.BasicProperties(
                    delivery_mode=PERSISTENT, correlation_id=name))
                if i % 1000 == 999:
                    channel.tx_commit()
            channel.tx_commit()

    def depth(self, queue):
        with self.connect() as connection:
            return connection.channel().queue_declare(queue, passive=True).method.message_count

    def take(self, queue):
        """All that is ready in a queue: method, properties and body of each."""
        taken = []
        with self.connect() as connection:
            channel = connection.channel()
            for each in channel.consume(queue, auto_ack=True, inactivity_timeout=1):
                if each[0] is None:
                    break
                taken.append(each)
            channel.cancel()
        return taken


class Ports:
    """Free ports; CONNECTORS_PORTS=N: N and those behind it."""

    def __init__(self):
        self.at = int(os.environ.get("CONNECTORS_PORTS", 0))

    def next(self):
        if not self.at:
            return int(subprocess.check_output([ROOT / "tests/free_port.sh"]))
        self.at += 1
        return self.at - 1


def maven(log, *arguments):
    with open(BUILD / f"{log}.maven.log", "w", encoding="utf-8") as out:
        code = subprocess.run(["mvn", "-B", *arguments], stdout=out, stderr=out,
                              stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        wrong = re.findall(r"ERROR\] (.*)", pathlib.Path(out.name).read_text())
        raise Failure(f"Maven: {wrong[0] if wrong else code}")


def build(name):
    """Compiles a peer's sources with the jars of its pom.xml; gives back the class path."""
    maven(name, "-f", str(HERE / name / "pom.xml"), "compile", "dependency:copy-dependencies",
          "-DincludeScope=runtime")
    return f"{BUILD / name / 'classes'}:{BUILD / name / 'lib'}/*"


def cannot_be_had(artifact):
    """Asks Maven; Absent with its answer, Failure if it has it after all."""
    try:
        maven("absent", "-U", "dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false")
    except Failure as failure:
        said = re.search(r"Could not find artifact \S+", str(failure))
        raise Absent(said[0] if said else failure) from None
    raise Failure(f"{artifact} can be had now, and should be tried")


def unpack(name, artifact, *leave_out):
    """A package of Maven's that is a tar file, in a folder of its own; gives back the folder."""
    folder = BUILD / name
    mark = folder / "unpacked"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        maven(name, "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")
        packed = next(folder.glob("*.tar.gz"))
        subprocess.run(["tar", "-xzf", packed, "-C", folder,
                        *(f"--exclude={each}" for each in leave_out)], check=True)
        packed.unlink()
        mark.touch()
    return folder
