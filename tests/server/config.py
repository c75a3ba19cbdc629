#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where the configuration comes from, and what is said when it is wrong.

usage: config.py BUILD
"""
import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile

import rig
from rig import check


def write(path, text, mode=0o600):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


class Check:
    """leveret --check-config, with an environment of its own."""

    def __init__(self, *words, typed="", **environment):
        r = subprocess.run([f"{BUILD}/leveret", "--check-config", *words], env=environment,
                           capture_output=True, text=True, timeout=10, input=typed)
        self.code, self.error = r.returncode, r.stderr.strip()
        self.values = dict(line.split(" = ", 1) for line in r.stdout.splitlines())

    def __getitem__(self, key):
        return self.values.get(key)


def sources(where):
    conf = write(f"{where}/leveret.conf", "heartbeat = 1\nframe_max = 8KB\nchannel_max = 1\n"
                 "default_user = file\nnum_acceptors.tcp = 10\n")
    write(f"{where}/conf.d/20-b.conf", "heartbeat = 3\nchannel_max = 3\ndefault_user = 'b # b'\n")
    write(f"{where}/conf.d/10-a.conf", "heartbeat = 2\n")
    c = Check("-c", conf)
    check("files, conf.d in order of names", (c.code, c["frame_max"], c["heartbeat"],
          c["default_user"]) == (0, "8192", "3", "'b # b'"), c.values)
    c = Check("-c", conf, "heartbeat=5", RABBITMQ_DEFAULT_USER="env", RABBITMQ_NODE_PORT="5999",
              RABBITMQ_NODE_IP_ADDRESS="::1", RABBITMQ_DEFAULT_VHOST="v")
    check("the environment over files, arguments over it",
          (c["default_user"], c["listeners.tcp.default"], c["default_vhost"], c["heartbeat"]) ==
          ("env", "[::1]:5999", "v", "5"), c.values)
    c = Check("default_user=arg", RABBITMQ_CONFIG_FILE=f"{where}/leveret",
              RABBITMQ_DEFAULT_USER="env")
    check("RABBITMQ_CONFIG_FILE without its ending",
          (c["channel_max"], c["default_user"]) == ("3", "arg"), c.error)
    c = Check(RABBITMQ_CONFIG_FILES=f"{where}/conf.d/*.conf", RABBITMQ_MNESIA_BASE="/base")
    check("RABBITMQ_CONFIG_FILES, RABBITMQ_MNESIA_BASE",
          (c["heartbeat"], c["data_dir"]) == ("3", "/base/leveret"), c.values)
    c = Check(CONFIGURATION_DIRECTORY=where, STATE_DIRECTORY="/state")
    check("systemd's directories", (c["heartbeat"], c["data_dir"]) == ("3", "/state"), c.values)
    c = Check("data_dir=/said", STATE_DIRECTORY="/state")
    check("what is said goes before them", c["data_dir"] == "/said", c.values)


def secrets(where):
    password = write(f"{where}/password", "s3cret\n")
    c = Check(RABBITMQ_DEFAULT_PASS_FILE=password)
    check("secrets are not printed", (c.code, c["default_pass"]) == (0, "********"), c.values)
    c = Check(RABBITMQ_DEFAULT_USER_FILE=password)
    check("a value from a file, without the end of its line", c["default_user"] == "s3cret")
    c = Check(RABBITMQ_DEFAULT_PASS_FILE=f"{where}/none")
    check("a file that is not there", c.code == 2 and c.error ==
          f"leveret: RABBITMQ_DEFAULT_PASS_FILE: {where}/none: No such file or directory", c.error)
    c = Check(RABBITMQ_DEFAULT_PASS_FILE=password, RABBITMQ_DEFAULT_PASS="x")
    check("not both", c.code == 2 and "both RABBITMQ_DEFAULT_PASS and" in c.error, c.error)
    write(f"{where}/credentials/default_user", "credential")
    c = Check(CREDENTIALS_DIRECTORY=f"{where}/credentials")
    check("systemd's credentials", c["default_user"] == "credential", c.error)
    c = Check("default_pass=" + "x" * 300)
    check("nor named when they are wrong", c.code == 2 and "xxx" not in c.error, c.error)


def encode(value, passphrase, *how):
    r = subprocess.run([f"{BUILD}/leveretctl", "encode", "-q", *how, value], text=True,
                       capture_output=True, input=passphrase)
    return r.stdout.strip()[len('{encrypted,<<"'):-len('">>}')]


def encrypted(where):
    """Passwords as RabbitMQ's tools encrypt them, and nowhere in the clear."""
    by_rabbitmq = ("aUGi6uOGgNU5YPYBl2Yvw/TYciCXrZJ5o+J7V9zKk7KhtqdwZrFwsvVL3dIgZzx5LdpWNKzC"
                   "6el6KnY1jdsQCA==")
    passphrase = write(f"{where}/passphrase", "mypassphrase\nanother line\n")
    conf = write(f"{where}/sealed/leveret.conf", f"default_pass = encrypted:{by_rabbitmq}\n"
                 f"config_entry_decoder.passphrase = file:{passphrase}\ndefault_user = kate\n")
    c = Check("-c", conf)
    check("a file says the passphrase", (c.code, c["default_pass"],
          c["config_entry_decoder.passphrase"]) == (0, "********", "********"), c.error)
    c = Check("-c", conf, "config_entry_decoder.passphrase=wrong-Passphrase")
    check("a wrong one", c.code == 2 and f"{conf}:1: default_pass: cannot be decrypted" in c.error
          and "wrong-Passphrase" not in c.error, c.error)
    c = Check("-c", conf, f"config_entry_decoder.passphrase=file:{where}/nowhere")
    check("a file that is not there", c.code == 2 and c.error.endswith(
          f"config_entry_decoder.passphrase: {where}/nowhere: No such file or directory"), c.error)
    c = Check("-c", conf, "config_entry_decoder.passphrase=prompt", typed="mypassphrase\n")
    check("it is typed", c.code == 0, c.error)
    c = Check("-c", conf, "config_entry_decoder.passphrase=prompt", typed="")
    check("nobody types it", c.code == 2 and "there is no config_entry_decoder.passphrase" in
          c.error, c.error)
    c = Check("config_entry_decoder.passphrase=prompt", typed="")
    check("nobody is asked for nothing", c.code == 0, c.error)
    write(f"{where}/locked/config_entry_decoder.passphrase", "mypassphrase")
    c = Check(f"default_pass=encrypted:{by_rabbitmq}", CREDENTIALS_DIRECTORY=f"{where}/locked")
    check("a credential of systemd's", c.code == 0, c.error)
    how = ("--cipher", "aes_256_cbc", "--hash", "sha512", "--iterations", "1000")
    secret = encode('<<"s3cret">>', "pass", *how)
    hard = write(f"{where}/hard/leveret.conf", "config_entry_decoder.cipher = aes_256_cbc\n"
                 "config_entry_decoder.hash = sha512\nconfig_entry_decoder.iterations = 1000\n"
                 f"default_pass = encrypted:{secret}\n"
                 "config_entry_decoder.passphrase = pass\n")
    check("another cipher, hash, and more iterations", Check("-c", hard).code == 0)
    check("... and not as is usual", Check("-c", hard, "config_entry_decoder.hash=sha").code == 2)
    secret = encode('"s3cret-of-lena"', "mypassphrase")
    b = rig.Broker(BUILD, f"{where}/encrypted", "-c", conf, "log.default.level=debug",
                   f"default_users.lena.password=encrypted:{secret}",
                   "ssl_options.password=plain-Secret")
    check("who knows what was encrypted may log in", b.ask("authenticate_user", "kate",
          "pass-Of-default")[0] == 0, b.said)
    check("... as a user of new virtual hosts", b.ask("authenticate_user", "lena",
          "s3cret-of-lena")[0] == 0, b.rows("list_users"))
    with open(f"/proc/{b.process.pid}/cmdline") as f:
        shown = f.read()
    check("lists of processes show no secret", "plain-Secret" not in shown and secret not in shown
          and f"data_dir={where}/encrypted" in shown and "ssl_options.password=***" in shown,
          shown)
    code, out, err = b.ask("reload_config")
    check("it is read again", code == 0, (out, err))
    shown = b.ask("environment")[1]
    check("what is in force is told without", "default_pass" in shown and not any(
          word in shown for word in ("pass-Of-default", "mypassphrase", "s3cret", "plain-Secret")),
          shown)
    write(passphrase, "another\n")
    code, out, err = b.ask("reload_config")
    check("what cannot be decrypted leaves all as it is", code != 0 and "cannot be decrypted" in
          out + err, (out, err))
    check("it ends in order, and has told no secret", b.end() == 0 and not any(
          word in b.said for word in ("pass-Of-default", "mypassphrase", "s3cret", "plain-Secret")),
          b.said)


def overview(broker):
    c = http.client.HTTPConnection("127.0.0.1", broker.web, timeout=10)
    c.request("GET", "/api/overview", headers={
        "Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()})
    told = json.loads(c.getresponse().read())
    c.close()
    return told


def process(where):
    """Files about the process, and what people are told of it."""
    pid, motd = f"{where}/leveret.pid", write(f"{where}/motd", "Mind the rabbit.\nTwice.\n")
    web = rig.free_port()
    os.environ.update(RABBITMQ_PID_FILE=pid, RABBITMQ_MOTD_FILE=motd)
    b = rig.Broker(BUILD, f"{where}/process", f"management.tcp.port={web}",
                   "management.tcp.ip=127.0.0.1", "cluster_tags.region=eu", "node_tags.rack=7",
                   "default_queue_type=quorum")
    del os.environ["RABBITMQ_PID_FILE"], os.environ["RABBITMQ_MOTD_FILE"]
    b.web = web
    check("RABBITMQ_PID_FILE", open(pid).read() == f"{b.process.pid}\n")
    check("RABBITMQ_MOTD_FILE", "] Mind the rabbit.\n" in b.said and "] Twice.\n" in b.said, b.said)
    told = overview(b)
    check("tags are shown", (told["cluster_tags"], told["node_tags"]) ==
          ({"region": "eu"}, {"rack": "7"}), told)
    check("the type of queues is shown", told["default_queue_type"] == "quorum", told)
    c = b.channel()
    c.queue_declare("lasting", durable=True)
    c.queue_declare("passing", exclusive=True)
    c.queue_declare("other", durable=True, arguments={"x-queue-type": "classic"})
    check("default_queue_type is of those that say none and can be of it",
          dict(b.rows("list_queues", "-q", "name", "type")[-3:]) ==
          {"lasting": "quorum", "passing": "classic", "other": "classic"},
          b.rows("list_queues", "-q", "name", "type"))
    c.connection.close()
    check("it ends in order", b.end() == 0)
    check("the file goes with it", not os.path.exists(pid))
    b = rig.Broker(BUILD, f"{where}/process", f"pid_file={where}/none/leveret.pid")
    check("a file that cannot be", b.end(0) == 2 and f"pid_file: {where}/none/leveret.pid: No such"
          in b.said, b.said)


def founding(where):
    conf = write(f"{where}/founding.conf", """
default_users.kate.password = s3cret-of-kate
default_users.kate.tags = monitoring
default_users.kate.vhost_pattern = ^team-
default_users.kate.write = ^k
default_limits.vhosts.team.pattern = ^team-
default_limits.vhosts.team.max_connections = 1
default_policies.operator.short.vhost_pattern = ^team-
default_policies.operator.short.message_ttl = 2h
credential_validator.validation_backend = rabbit_credential_validator_password_regexp
credential_validator.regexp = [0-9]$
""")
    c = Check("-c", conf)
    check("passwords of such users are not printed", c.code == 0 and
          c["default_users.kate.password"] == "********" and "s3cret" not in str(c.values), c.error)
    b = rig.Broker(BUILD, f"{where}/founding", "-c", conf, "log.default.level=debug")
    b.ask("add_vhost", "team-a")
    b.ask("add_vhost", "b")
    check("users", ["kate", ".*", "^k", ".*"] in b.rows("list_permissions", "-p", "team-a") and
          b.ask("authenticate_user", "kate", "s3cret-of-kate")[0] == 0 and
          "kate" not in str(b.rows("list_permissions", "-p", "b")),
          (b.rows("list_permissions", "-p", "team-a"), b.rows("list_permissions", "-p", "b", "-q")))
    check("policies", '{"message-ttl":7200000}' in
          b.ask("list_operator_policies", "-p", "team-a")[1] and
          "ttl" not in b.ask("list_operator_policies", "-p", "b")[1])
    check("limits", '{"max-connections":1}' in b.ask("list_vhost_limits", "-p", "team-a")[1],
          b.ask("list_vhost_limits", "-p", "team-a"))
    code, _, error = b.ask("add_user", "lena", "abc")
    check("a password that does not fit", code != 0 and
          "provided password does not match the validator regular expression" in error, error)
    check("... and one that does", b.ask("add_user", "lena", "abc1")[0] == 0)
    write(conf, "credential_validator.validation_backend = "
          "rabbit_credential_validator_min_password_length\ncredential_validator.min_length = 9\n"
          "password_hashing_module = rabbit_password_hashing_sha512\n")
    b.ask("reload_config")
    code, _, error = b.ask("add_user", "mona", "abc1")
    check("one that is too short", code != 0 and "minimum required password length is 9" in error,
          error)
    path = f"{where}/exported.json"
    b.ask("add_user", "mona", "abcdefgh1")
    b.ask("export_definitions", path)
    hashings = {u["name"]: u["hashing_algorithm"] for u in json.load(open(path))["users"]}
    check("how passwords are kept", (hashings["lena"], hashings["mona"]) ==
          ("rabbit_password_hashing_sha256", "rabbit_password_hashing_sha512"), hashings)
    b.ask("add_vhost", "team-b")
    check("what is taken out of the file is not given", "kate" not in
          str(b.rows("list_permissions", "-p", "team-b")))
    check("it ends in order, and has told no password", b.end() == 0 and "s3cret" not in b.said)


def mistakes(where):
    conf = write(f"{where}/wrong/wrong.conf", "heartbeat = 5\n\nhartbeat = 5\n")
    c = Check("-c", conf)
    check("an unknown key: file, line and the nearest", c.code == 2 and c.error ==
          f"leveret: {conf}:3: hartbeat: unknown key; the nearest one is heartbeat (--help lists "
          "all)", c.error)
    c = Check("max_message_size=2XB")
    check("an argument", c.code == 2 and
          "argument: max_message_size: '2XB' is not a size" in c.error, c.error)
    c = Check("max_message_size=50mb", "disk_free_limit.absolute=2GB", "frame_max=500KB")
    check("sizes", (c["max_message_size"], c["disk_free_limit.absolute"], c["frame_max"]) ==
          (str(50 << 20), str(2 << 30), str(500 << 10)), c.error)
    for name in ["RABBITMQ_SSL_CERTFILE", "RABBITMQ_VM_MEMORY_HIGH_WATERMARK",
                 "RABBITMQ_MANAGEMENT_SSL_KEYFILE"]:
        c = Check(**{name: "x"})
        check(f"{name} is gone", c.code == 2 and "instead of it set " in c.error, c.error)
    c = Check("no_equals_sign")
    check("what is neither option nor key", c.code == 2 and "see --help" in c.error, c.error)


class Broker(rig.Broker):
    """One that has definitions to load; n counts the lines about them."""

    def __init__(self, where, path, *more):
        super().__init__(BUILD, f"{where}/data", f"load_definitions={path}", *more)
        self.n = self.said.count("definitions were taken in from")


def user(name, tags=()):
    salted = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    return {"name": name, "password_hash": salted, "tags": list(tags),
            "hashing_algorithm": "rabbit_password_hashing_sha256"}


def definitions(where):
    queues = [{"name": f"q{i}", "vhost": "/", "durable": True, "auto_delete": False,
               "arguments": {}} for i in range(500)]
    path = write(f"{where}/d/b.json", json.dumps({
        "users": [user("alice", ["administrator"])], "vhosts": [{"name": "/"}, {"name": "v"}],
        "queues": queues}))
    write(f"{where}/d/c.json", json.dumps({"queues": [dict(queues[0], name="c", vhost="v")]}))
    write(f"{where}/d/readme.txt", "{")
    b = Broker(where, path)
    check("queues are there", (b.ready, b.n, len(b.rows("list_queues"))) == (True, 1, 500), b.said)
    check("with users in them no default user is made", b.rows("list_users", "-q")[-1][0] ==
          "alice" and len(b.rows("list_users", "-q")) <= 2, b.rows("list_users", "-q"))
    b.end()
    b = Broker(where, f"{where}/d", "definitions.skip_if_unchanged=true")
    check("a directory", (b.n, len(b.rows("list_queues", "-p", "v"))) == (2, 1), b.said)
    b.end()
    b = Broker(where, f"{where}/d", "definitions.skip_if_unchanged=true")
    check("what has not changed", b.n == 0 and "are left alone" in b.said, b.said)
    b.end()
    write(f"{where}/d/c.json", json.dumps({"queues": [dict(queues[0], name="d", vhost="v")]}))
    b = Broker(where, f"{where}/d", "definitions.skip_if_unchanged=true")
    check("what has", (b.n, len(b.rows("list_queues", "-p", "v"))) == (2, 2), b.said)
    b.end()
    b = Broker(f"{where}/d", write(f"{where}/empty.json", "{}"))
    check("without users in them there is the default one", b.rows("list_users", "-q")[-1][0] ==
          "guest", b.rows("list_users", "-q"))
    b.end()
    wrong = {'{"queues": [': "load_definitions: {0}: the definitions are no object",
             '{"queues": [{"name": "x", "vhost": "nope"}]}': "{0}: queues, number 1: "}
    for text, wanted in wrong.items():
        bad = write(f"{where}/bad.json", text)
        b = Broker(where, bad)
        check("what cannot be taken in ends the start, with its place",
              (b.end(0), wanted.format(bad) in b.said) == (2, True), b.said)
    b = Broker(where, f"{where}/none.json")
    check("nor does a file that is not there", b.end(0) == 2 and
          f"{where}/none.json: No such file" in b.said, b.said)


def main():
    with tempfile.TemporaryDirectory() as where:
        sources(where)
        secrets(where)
        encrypted(where)
        mistakes(where)
        process(where)
        founding(where)
        definitions(where)
    return rig.finish("config")


BUILD = os.path.abspath(sys.argv[1])
sys.exit(main())
