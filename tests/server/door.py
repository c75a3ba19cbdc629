#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""leveretctl against a running broker with real clients: every verb, who may ask, and callers that
mean harm.

usage: door.py BUILD
"""
import json
import os
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

import pika

from rig import PERSISTENT, Broker, check, finish

NOBODY, BINDINGS = 65534, 4000
GUEST = "guest", "guest"


def request(*words):
    body = b"".join(struct.pack("<I", len(w)) + w for w in words)
    return b"LVR1" + struct.pack("<I", len(body)) + body


def try_lists(b):
    c = b.connect()
    ch = c.channel()
    ch.queue_declare("one", durable=True, arguments={"x-max-length": 9})
    ch.queue_declare("two", exclusive=True)
    ch.exchange_declare("x", "topic")
    ch.queue_bind("one", "x", "k.#")
    ch.basic_publish("x", "k.1", b"a", PERSISTENT)
    ch.basic_publish("x", "k.2", b"bb", PERSISTENT)
    ch.basic_get("one")
    ch.basic_qos(prefetch_count=5)
    ch.basic_consume("two", lambda *_: None, consumer_tag="tag")
    code, out, _ = b.ask("list_queues")
    check("list_queues has banner and headers", out.splitlines()[:3] == [
        "Timeout: 60.0 seconds ...", "Listing queues for vhost / ...", "name\tmessages"], out)
    check("list_queues counts", b.rows("list_queues") == [["one", "2"], ["two", "0"]],
          b.rows("list_queues"))
    columns = "name messages_ready messages_unacknowledged message_bytes_ready consumers durable " \
              "auto_delete exclusive arguments state type policy"
    check("list_queues with columns", b.rows("list_queues", *columns.split()) == [
        ["one", "1", "1", "2", "0", "true", "false", "false", '[{"x-max-length",9}]', "running",
         "classic", ""],
        ["two", "0", "0", "0", "1", "false", "false", "true", "[]", "running", "classic", ""]],
          b.rows("list_queues", *columns.split()))
    columns = "name message_bytes message_bytes_unacknowledged message_bytes_persistent " \
              "message_bytes_ram messages_persistent messages_paged_out consumer_capacity"
    check("list_queues with bytes", b.rows("list_queues", *columns.split()) == [
        ["one", "3", "1", "3", "3", "2", "0", "0.0"], ["two", "0", "0", "0", "0", "0", "0", "1.0"]],
          b.rows("list_queues", *columns.split()))
    _, out, _ = b.ask("list_queues", "name", "arguments", "--formatter", "json")
    check("list_queues as JSON", json.loads(out) == [
        {"name": "one", "arguments": {"x-max-length": 9}}, {"name": "two", "arguments": {}}], out)
    check("list_exchanges", ["x", "topic"] in b.rows("list_exchanges"))
    check("list_bindings", b.rows("list_bindings") == [
        ["", "exchange", "one", "queue", "one", "[]"],
        ["", "exchange", "two", "queue", "two", "[]"],
        ["x", "exchange", "one", "queue", "k.#", "[]"]], b.rows("list_bindings"))
    port = str(c._impl._transport._sock.getsockname()[1]) if hasattr(c._impl, "_transport") else ""
    rows = b.rows("list_connections", "user", "peer_host", "peer_port", "state", "channels")
    check("list_connections", len(rows) == 1 and rows[0][0:2] == ["guest", "127.0.0.1"] and
          rows[0][3:] == ["running", "1"] and (not port or rows[0][2] == port), rows)
    check("list_channels", b.rows("list_channels", "number", "user", "consumer_count",
                                  "messages_unacknowledged", "prefetch_count", "confirm") ==
          [["1", "guest", "1", "1", "5", "false"]])
    rows = b.rows("list_consumers")
    check("list_consumers", len(rows) == 1 and rows[0][0] == "two" and
          rows[0][2:] == ["tag", "true", "5", "true", "[]"], rows)
    ch.queue_delete("one")
    c.close()


def try_policies(b):
    c = b.connect()
    ch = c.channel()
    ch.queue_declare("one")
    ch.queue_declare("two", arguments={"x-max-length": 9})
    ch.basic_publish("", "one", b"a")
    ch.basic_publish("", "one", b"b")
    definition = '{"max-length":1, "dead-letter-exchange":"x"}'
    code, out, err = b.ask("set_policy", "p", "^one", definition, "--priority", "3", "--apply-to",
                           "queues")
    check("set_policy says what it does", (code, out, err) == (
        0, f'Setting policy "p" for pattern "^one" to "{definition}" with priority "3" '
        'for vhost "/" ...\n', ""), (code, out, err))
    check("it is in effect when that is said", b.rows("list_queues") == [
        ["one", "1"], ["two", "0"]], b.rows("list_queues"))
    _, out, _ = b.ask("list_policies")
    check("list_policies", out.splitlines() == [
        'Listing policies for vhost "/" ...',
        "vhost\tname\tpattern\tapply-to\tdefinition\tpriority",
        '/\tp\t^one\tqueues\t{"dead-letter-exchange":"x","max-length":1}\t3'], out)
    code, out, err = b.ask("set_operator_policy", "o", "", '{"expires":1000000}')
    check("set_operator_policy", (code, out, err) == (
        0, 'Setting operator policy override "o" for pattern "" to "{"expires":1000000}" with '
        'priority "0" for vhost "/" ...\n', ""), (code, out, err))
    columns = "name policy operator_policy effective_policy_definition policy_origins".split()
    check("columns of policies", b.rows("list_queues", *columns) == [
        ["one", "p", "o", '[{<<"dead-letter-exchange">>, x}, {<<"expires">>, 1000000}, '
         '{<<"max-length">>, 1}]', '[{<<"dead-letter-exchange">>, p}, {<<"expires">>, o}, '
         '{<<"max-length">>, p}]'],
        ["two", "", "o", '[{<<"expires">>, 1000000}]', '[{<<"expires">>, o}]']],
          b.rows("list_queues", *columns))
    _, out, _ = b.ask("list_queues", *columns[:4], "--formatter", "json")
    check("the same as JSON", json.loads(out)[1] == {
        "name": "two", "policy": "", "operator_policy": "o",
        "effective_policy_definition": [["expires", 1000000]]}, out)
    _, out, _ = b.ask("list_operator_policies", "--formatter", "json")
    check("list_operator_policies as JSON", json.loads(out) == [
        {"vhost": "/", "name": "o", "pattern": "", "apply-to": "all",
         "definition": '{"expires":1000000}', "priority": 0}], out)
    check("the policy of exchanges",
          ["amq.topic", ""] in b.rows("list_exchanges", "name", "policy"))
    check("a policy that is none", b.ask("set_policy", "q", "(", '{"max-length":-1}', "-q") == (
        69, "", "Error:\nValidation failed\n\n-1 is not a valid maximum length\npattern should be "
        'regular expression but is invalid: {"missing closing parenthesis",1}\n\n'))
    check("clear_policy", b.ask("clear_policy", "p") == (
        0, 'Clearing policy "p" on vhost "/" ...\n', ""))
    check("clear_operator_policy", b.ask("clear_operator_policy", "o")[0] == 0)
    check("one that is not there", b.ask("clear_policy", "p", "-q") == (
        69, "", "Error:\nParameter does not exist\n"))
    check("no policy is left", b.rows("list_policies") == [] and
          b.rows("list_queues", "policy") == [[""], [""]])
    ch.queue_delete("one")
    ch.queue_delete("two")
    c.close()


def try_making(b):
    limit = ["--arguments", '{"x-max-length": 5}']
    check("create_queue", b.ask("create_queue", *limit, "bills")[0] == 0 and
          b.rows("list_queues", "name", "durable", "arguments") == [
              ["bills", "true", '[{"x-max-length",5}]']])
    check("... again", b.ask("create_queue", *limit, "bills")[0] == 0)
    for words, code, why in (
            (["create_queue", "bills"], 65, "other properties"),
            (["create_queue", "--arguments", "[1]", "x"], 64, "an object of JSON"),
            (["create_queue", "--arguments", "{", "x"], 69, "JSON"),
            (["create_queue", "amq.x"], 65, "reserved prefix"),
            (["create_queue", "-p", "nowhere", "x"], 65, "does not exist"),
            (["create_queue", "--arguments", '{"x-max-length": -1}', "x"], 65, "x-max-length"),
            (["create_exchange", "nonsense", "x"], 65, "unknown exchange type"),
            (["delete_exchange", "amq.topic"], 65, "not allowed"),
            (["delete_exchange", "nosuch"], 65, "no exchange 'nosuch'"),
            (["restart_queue", "x"], 65, "no queue 'x'")):
        got = b.ask(*words)
        check(f"{' '.join(words)} is refused", got[0] == code and why in got[2], got)
    check("create_exchange", b.ask("create_exchange", "--transient", "--internal", "--auto-delete",
                                   "topic", "news")[0] == 0 and
          ["news", "topic", "false", "true", "true"] in b.rows(
              "list_exchanges", "name", "type", "durable", "auto_delete", "internal"))
    ch = b.connect().channel()
    ch.queue_bind("bills", "news", "#")
    got = b.ask("delete_exchange", "--if-unused", "news")
    check("delete_exchange that is in use", got[0] == 65 and "in use" in got[2], got)
    check("delete_exchange", b.ask("delete_exchange", "news")[0] == 0 and
          "news" not in [r[0] for r in b.rows("list_exchanges")])
    check("restart_queue", b.ask("restart_queue", "bills")[0] == 0)
    ch.connection.close()


def try_messages(b):
    """Published, followed and taken by hand."""
    props = '{"delivery_mode": 2, "headers": {"a": 1}}'
    check("publish", b.ask("publish", "--properties", props, "", "bills", "hello")[0] == 0)
    check("publish what the input has, whatever it looks like",
          b.ask("publish", "", "bills", input="--quiet\n")[0] == 0)
    for words, code, why in (
            (["publish", "", "nosuch", "x"], 69, "No queue took"),
            (["publish", "nosuch", "bills", "x"], 65, "no exchange 'nosuch'"),
            (["publish", "--properties", "7", "", "bills", "x"], 64, "an object of JSON"),
            (["publish", "--user", "nobody", "", "bills", "x"], 67, "does not exist"),
            (["publish", "x" * 256, "bills", "x"], 64, "255"),
            (["consume", "nosuch"], 65, "no queue 'nosuch'"),
            (["consume", "x" * 256], 64, "255"),
            (["consume", "--requeue", "--reject", "bills"], 64, "two things"),
            (["consume", "--count", "many", "bills"], 64, "a number"),
            (["tail", "nosuch"], 65, "no queue 'nosuch'"),
            (["tail", "--duration", "x", "bills"], 64, "a number")):
        got = b.ask(*words)
        check(f"{words[0]} {words[1][:20]} is refused", got[0] == code and why in got[2], got)
    b.ask("add_user", "reader", "pw")
    b.ask("set_permissions", "reader", "", "", ".*")
    got = b.ask("publish", "--user", "reader", "", "bills", "x")
    check("publish as one who may not", got[0] == 69 and "ACCESS_REFUSED" in got[2], got)
    code, out, _ = b.ask("consume", "--requeue", "--count", "9", "--formatter", "json", "bills")
    got = json.loads(out)
    check("consume and put back", code == 0 and [m["payload"] for m in got] == [
        "hello", "--quiet\n"] and got[0]["properties"] == {
            "delivery_mode": 2, "headers": {"a": 1}}, got)
    check("consume", b.rows("consume", "bills") == [["true", "", "bills", "1", "5", "hello"]])
    check("... and it is gone", b.rows("list_queues", "messages") == [["1"]])
    check("consume and drop", b.ask("consume", "--reject", "bills")[0] == 0 and
          b.rows("list_queues", "messages") == [["0"]])
    body = "0123456789" * 300000
    check("a message that is more than a piece", b.ask("publish", "", "bills", input=body)[0] == 0
          and b.rows("consume", "bills")[0][5] == body)
    tail = subprocess.Popen([f"{b.build}/leveretctl", "--data-dir", b.data, "tail", "--formatter",
                             "json_stream", "bills"], stdout=subprocess.PIPE, text=True)
    for i in range(20):          # it begins at some time, with what comes then
        b.ask("publish", "", "bills", f"message {i}")
        if select.select([tail.stdout], [], [], 0.2)[0]:
            break
    b.ask("publish", "", "bills", "last")
    lines = []
    while not lines or lines[-1]["payload"] != "last":
        lines.append(json.loads(tail.stdout.readline()))
    tail.terminate()
    tail.wait()
    check("tail", lines[-1]["sequence"] == lines[0]["sequence"] + len(lines) - 1, lines)
    code, out, _ = b.ask("tail", "-s", "--from", "1", "--count", "1", "--search", "last", "bills")
    check("tail until so many were seen", code == 0 and out.endswith("\tlast\n"), out)
    check("tail ends in time", b.ask("tail", "--duration", "1", "bills")[0] == 0)
    code, out, _ = b.ask("create_queue", "other")
    code, out, _ = b.ask("move", "--json", "bills", "other")
    lines = [json.loads(line) for line in out.splitlines()]
    check("a long job as objects, line by line", code == 0 and lines[-1]["messages"] > 0 and
          all("progress" in line for line in lines[:-1]), out)
    b.ask("delete_queue", "other")
    events = subprocess.Popen([f"{b.build}/leveretctl", "--data-dir", b.data,
                               "consume_event_stream", "--duration", "20", "--pattern", "queue.*"],
                              stdout=subprocess.PIPE, text=True)
    for i in range(50):
        b.ask("create_queue", f"event {i}")
        if select.select([events.stdout], [], [], 0.2)[0]:
            break
    event = json.loads(events.stdout.readline())
    check("consume_event_stream", event["event"] == "queue.created" and
          event["name"].startswith("event "), event)
    events.terminate()
    events.wait()
    b.ask("delete_queue", "bills")


def try_reset(b):
    b.ask("set_cluster_name", "hares")
    check("set_cluster_name", "Cluster name: hares\n" in b.ask("cluster_status")[1] and
          json.loads(b.ask("cluster_status", "--formatter=json")[1])["cluster_name"] == "hares")
    got = b.ask("reset")
    check("reset while clients are let in", got[0] == 64 and "stop_app" in got[2], got)
    b.ask("add_vhost", "other")
    b.ask("create_queue", "-p", "other", "q")
    b.ask("publish", "-p", "other", "--user", "guest", "", "q", "x")
    b.ask("set_policy", "p", ".*", '{"max-length": 1}')
    b.ask("change_password", "guest", "changed")
    b.ask("stop_app")
    check("reset", b.ask("reset")[0] == 0)
    b.ask("start_app")
    here = json.loads(b.ask("export_definitions")[1])
    check("... leaves what a new broker has", [v["name"] for v in here["vhosts"]] == ["/"] and
          [u["name"] for u in here["users"]] == ["guest"] and
          b.ask("authenticate_user", *GUEST)[0] == 0 and
          not any(here[k] for k in ("queues", "exchanges", "bindings", "policies", "parameters",
                                    "topic_permissions", "global_parameters")) and
          len(here["permissions"]) == 1, here)
    check("nothing is deprecated", b.rows("list_deprecated_features") == [] and
          b.ask("check_if_any_deprecated_features_are_used")[0] == 0)


def try_tracing(b):
    check("trace_on", b.ask("trace_on") == (
        0, 'Starting tracing for vhost "/" ...\nTrace enabled for vhost /\n', ""))
    check("it is shown", b.rows("list_vhosts", "tracing") == [["true"]])
    check("trace_off", b.ask("trace_off", "-q") == (0, "", ""))
    check("parameters", b.ask("set_parameter", "leveret", "merge-policies", "true")[0] == 0 and
          b.rows("list_parameters") == [["leveret", "merge-policies", "true"]] and
          b.ask("clear_parameter", "leveret", "merge-policies")[0] == 0 and
          b.rows("list_parameters") == [])
    check("global parameters", b.ask("set_global_parameter", "g", '{"a": [1.50, "x"]}')[0] == 0 and
          b.rows("list_global_parameters") == [["g", '{"a":[1.5,"x"]}']] and
          b.ask("clear_global_parameter", "g")[0] == 0)
    check("set_cluster_name", b.ask("set_cluster_name", "north") == (
        0, "Setting cluster name to north ...\n", "") and
          b.rows("list_global_parameters") == [["cluster_name", '"north"']])
    check("cluster_status says it", "Cluster name: north" in b.ask("cluster_status")[1] and
          json.loads(b.ask("cluster_status", "--formatter", "json")[1])["cluster_name"] == "north")
    check("no name", b.ask("set_cluster_name", "", "-q")[0] == 69)
    check("the configured one", b.ask("clear_global_parameter", "cluster_name")[0] == 0 and
          "Cluster name: leveret" in b.ask("cluster_status")[1])


def try_replay(b):
    c = b.connect()
    ch = c.channel()
    ch.queue_declare("r", durable=True, arguments={"x-retain-ms": 3600000})
    ch.confirm_delivery()
    for i in range(300):
        ch.basic_publish("", "r", b"%d" % i, PERSISTENT)
    ch.queue_purge("r")
    check("what is retained is listed", ["r", "0", "300", "0", "300"] in b.rows(
        "list_queues", "name", "messages", "messages_retained", "first_offset", "next_offset"))
    check("replay", b.ask("replay", "r", "100", "299") == (
        0, "Putting messages of queue 'r' in vhost '/' back ...\nReplayed 200 messages\n", ""))
    came = [int(ch.basic_get("r", auto_ack=True)[2]) for _ in range(200)]
    check("they are there, in order", came == list(range(100, 300)), came)
    code, _, err = b.ask("replay", "r", "100", "300")
    check("not more than there is", code == 65 and "offsets 0 to 299 are retained" in err, err)
    check("nor a part of it", ch.basic_get("r", auto_ack=True)[0] is None)
    check("replay -q", b.ask("replay", "-q", "r", "last", "last") == (
        0, "Replayed 1 messages\n", ""))
    ch.queue_delete("r")
    c.close()


def try_changes(b):
    c = b.connect()
    ch = c.channel()
    ch.queue_declare("q", durable=True)
    for _ in range(10):
        ch.basic_publish("", "q", b"a", PERSISTENT)
    while b.rows("list_queues", "messages") and ["q", "10"] not in b.rows("list_queues"):
        time.sleep(0.01)
    code, _, err = b.ask("delete_queue", "q", "--if-empty")
    check("delete_queue --if-empty keeps what is not", code == 64 and "not empty" in err, err)
    check("purge_queue", b.ask("purge_queue", "q")[0] == 0 and
          ["q", "0"] in b.rows("list_queues"))
    code, out, _ = b.ask("delete_queue", "q")
    check("delete_queue", code == 0 and "successfully deleted with 0 ready" in out and
          ["q", "0"] not in b.rows("list_queues"), out)
    check("delete_queue once more", b.ask("delete_queue", "q")[0] == 64)
    pid = b.rows("list_connections", "pid")[0][0]
    check("close_connection", b.ask("close_connection", pid, "tea time")[0] == 0)
    try:
        c.process_data_events(60)
        why = None
    except pika.exceptions.AMQPError as e:
        why = e.args
    check("its client is told", why and why[0] == 320 and "tea time" in why[1], why)
    clients = [b.connect() for _ in range(3)]
    code, out, _ = b.ask("close_all_connections", "-q", "bye")
    check("close_all_connections", out == "Closed 3 connections\n", out)
    for each in clients:
        try:
            each.process_data_events(60)
            each = None
        except pika.exceptions.AMQPError:
            pass
    check("all are gone", b.rows("list_connections") == [], b.rows("list_connections"))


def alarms(b):
    return json.loads(b.ask("status", "--formatter=json")[1])["alarms"]


def log_in(b, user, password, vhost="/"):
    return pika.BlockingConnection(pika.ConnectionParameters(
        "127.0.0.1", b.port, vhost, pika.PlainCredentials(user, password)))


def refused(b, *who):
    try:
        log_in(b, *who).close()
    except pika.exceptions.AMQPConnectionError:
        return True
    return False


def try_tenants(b):
    code, out, err = b.ask("add_user", "kate", input="rose bud\n")
    check("add_user reads the password", code == 0 and "Done." in out, (code, out, err))
    check("... without asking a pipe for it", err == "", err)
    check("a user without rights stays outside", refused(b, "kate", "rose bud"))
    check("add_vhost", b.ask("add_vhost", "red")[0] == 0)
    check("set_permissions", b.ask("set_permissions", "-p", "red", "kate", "^k", "", "^k")[0] == 0)
    c = log_in(b, "kate", "rose bud", "red")
    ch = c.channel()
    ch.queue_declare("k1")
    try:
        ch.queue_declare("x1")
        check("a right that is not there", False)
    except pika.exceptions.ChannelClosedByBroker as e:
        check("a right that is not there", e.reply_code == 403, e)
    check("list_permissions", b.rows("list_permissions", "-p", "red") == [["kate", "^k", "", "^k"]])
    check("change_password reads it too",
          b.ask("change_password", "kate", input="bud")[0] == 0 and refused(b, "kate", "rose bud"))
    code, out, _ = b.ask("hash_password", "bud")
    code = b.ask("add_user", "--pre-hashed-password", "twin", out.splitlines()[-1])[0]
    check("a hash that was printed is taken", code == 0 and b.ask(
        "authenticate_user", "twin", "bud")[0] == 0, out)
    check("a user who is called as a verb has the password that was said",
          b.ask("add_user", "backup", "secret")[0] == 0 and
          b.ask("authenticate_user", "backup", input="secret")[0] == 0 and
          b.ask("delete_user", "backup")[0] == 0)
    code, _, err = b.ask("import_definitions", *["-q"] * 255, input="{}")
    check("too many arguments", code == 64 and "too many" in err, (code, err))
    code, _, err = b.ask("add_user", "third", input="")
    check("no password at all", code == 64 and "not enough" in err, err)
    path = f"{b.data}/definitions.json"
    code, out, err = b.ask("export_definitions", path)
    with open(path, encoding="utf-8") as f:
        there = json.load(f)
    check("export_definitions to a file", code == 0 and out == "" and
          {"kate", "twin"} < {u["name"] for u in there["users"]}, (code, out, err))
    check("... which is for its owner alone", os.stat(path).st_mode & 0o777 == 0o600)
    os.chmod(path, 0o640)
    os.symlink(path, f"{b.data}/link.json")
    code = b.ask("export_definitions", f"{b.data}/link.json")[0]
    check("... unless it was there before, behind a link, too", code == 0 and
          os.path.islink(f"{b.data}/link.json") and os.stat(path).st_mode & 0o777 == 0o640)
    code, _, err = b.ask("export_definitions", "-p", "nowhere", path)
    with open(path, encoding="utf-8") as f:
        check("an export that is refused leaves what was there", code == 65 and
              json.load(f) == there and "does not exist" in err, err)
    full = subprocess.run(["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh",
                           os.path.abspath(f"{b.build}/leveretctl"), "--data-dir", b.data,
                           "export_definitions", path], capture_output=True, timeout=60)
    with open(path, encoding="utf-8") as f:
        check("... and so does one for which there is no room", full.returncode == 70 and
              json.load(f) == there, full)
    check("... and nothing beside it", [n for n in os.listdir(b.data) if n.startswith(
        "definitions.json")] == ["definitions.json"], os.listdir(b.data))
    check("delete_user before an import", b.ask("delete_user", "twin")[0] == 0)
    code, out, err = b.ask("import_definitions", path)
    check("import_definitions from a file", code == 0 and b.ask(
        "authenticate_user", "twin", "bud")[0] == 0, (code, out, err))
    code, out, _ = b.ask("export_definitions")
    check("... and from the input", b.ask("import_definitions", input=out)[0] == 0)
    code, out, err = b.ask("export_definitions", "-p", "red", path)
    with open(path, encoding="utf-8") as f:
        there = json.load(f)
    check("export_definitions of one virtual host to a file", code == 0 and out == "" and
          "users" not in there and [q["name"] for q in there["queues"]] == ["k1"], (code, err))
    check("... and import_definitions into another", b.ask("add_vhost", "green")[0] == 0 and
          b.ask("import_definitions", path, "--vhost", "green")[0] == 0 and
          b.rows("list_queues", "-p", "green", "name") == [["k1"]] and
          b.ask("delete_vhost", "green")[0] == 0)
    code, _, err = b.ask("import_definitions", "/nowhere/x")
    check("a file that is not there", code == 65 and "cannot be read" in err, err)
    code, _, err = b.ask("export_definitions", "/nowhere/x")
    check("a file that cannot be made", code == 65 and "cannot be written" in err, err)
    check("delete_vhost", b.ask("delete_vhost", "red")[0] == 0)
    try:
        c.channel()
        check("its connections are closed", False)
    except pika.exceptions.ConnectionClosedByBroker as e:
        check("its connections are closed", e.reply_code == 320 and "is deleted" in e.reply_text, e)
    codes = [b.ask("delete_user", u)[0] for u in ("kate", "twin", "twin")]
    check("delete_user", codes == [0, 0, 67], codes)
    check("no password is in the log", "bud" not in b.said)


def try_alarms(b):
    told = []
    c = b.connect()
    c.add_on_connection_blocked_callback(lambda _, m: told.append(m.method.reason))
    c.add_on_connection_unblocked_callback(lambda *_: told.append("unblocked"))
    check("no alarm to begin with", alarms(b) == [])
    code, out, _ = b.ask("set_vm_memory_high_watermark", "absolute", "1MB")
    check("set_vm_memory_high_watermark", code == 0 and "to 1MB bytes" in out, out)
    c.channel().basic_publish("", "nowhere", b"x")
    c.process_data_events(60)
    check("a publisher is told", told == ["low on memory"] and alarms(b) == ["memory"], told)
    check("... by the disk as well", b.ask("set_disk_free_limit", "900TB")[0] == 0 and
          alarms(b) == ["memory", "disk"])
    text = b.ask("status")[1]
    check("status says so", "Memory alarm" in text and "Free disk space alarm" in text, text)
    b.ask("set_disk_free_limit", "mem_relative", "0.0")
    b.ask("set_vm_memory_high_watermark", "0.9")
    c.process_data_events(60)
    check("it goes on", told[1:] == ["unblocked"] and alarms(b) == [], told)
    for bad in (["1.5"], ["absolute", "much"], ["relative", "0.4"]):
        check(f"set_vm_memory_high_watermark {' '.join(bad)}",
              b.ask("set_vm_memory_high_watermark", *bad)[0] == 64)
    check("set_disk_free_limit -1", b.ask("set_disk_free_limit", "-1")[0] == 64)
    c.close()


def try_life(b):
    for verb in (["await_startup"], ["check_running"], ["check_alarms"], ["check_local_alarms"],
                 ["check_virtual_hosts"], ["check_port_connectivity"], ["rotate_logs"],
                 ["check_port_listener", str(b.port)]):
        check(" ".join(verb), b.ask(*verb)[0] == 0)
    check("check_port_listener of another port", b.ask("check_port_listener", "1")[0] == 69)
    check("check_port_listener any", b.ask("check_port_listener", "any")[0] == 64)
    c = b.connect()
    check("suspend_listeners", b.ask("suspend_listeners")[0] == 0 and refused(b, *GUEST))
    check("who is there stays", c.channel().is_open)
    check("... and it shows", b.ask("check_running")[0] == 69 and
          b.ask("check_port_connectivity")[0] == 69 and
          b.ask("check_port_listener", str(b.port))[0] == 69)
    check("resume_listeners", b.ask("resume_listeners")[0] == 0 and not refused(b, *GUEST))
    check("once more", b.ask("resume_listeners")[0] == 0 and not refused(b, *GUEST))
    check("stop_app", b.ask("stop_app")[0] == 0 and refused(b, *GUEST))
    try:
        c.process_data_events(60)
        why = None
    except pika.exceptions.AMQPError as e:
        why = e.args
    check("its clients are told", why and why[0] == 320 and "shutdown" in why[1], why)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", b.port))
        s.listen()
        code, _, err = b.ask("start_app")
        check("start_app where another listens", code == 69 and str(b.port) in err, err)
    check("start_app", b.ask("start_app")[0] == 0 and not refused(b, *GUEST))
    check("set_log_level", b.ask("set_log_level", "debug")[0] == 0 and not refused(b, *GUEST))
    b.ask("set_log_level", "info")
    check("... takes effect", b.says("accepted 127.0.0.1"))
    check("set_log_level loud", b.ask("set_log_level", "loud")[0] == 64)


def try_checks(b):
    for verb in (["is_running"], ["is_booting"], ["check_protocol_listener", "amqp"],
                 ["check_protocol_listener", "amqp091"], ["check_if_node_is_quorum_critical"],
                 ["check_if_node_is_mirror_sync_critical"], ["await_online_quorum_plus_one"],
                 ["await_online_nodes", "1"], ["rebalance", "all"], ["force_gc"],
                 ["check_certificate_expiration", "--unit", "days", "--within", "30"],
                 ["enable_feature_flag", "all"], ["enable_feature_flag", "quorum_queue"]):
        check(" ".join(verb), b.ask(*verb)[0] == 0)
    for verb, code, why in (
            (["check_protocol_listener", "mqtt"], 69, "Found listeners for the following"),
            (["check_port_listener", "1"], 69, f"use the following ports: {b.port}"),
            (["check_certificate_expiration", "--unit", "moons"], 64, "not one of days"),
            (["check_certificate_expiration", "--within", "9999"], 64, "up to 1000"),
            (["await_online_nodes", "2"], 69, "one node"),
            (["cipher_suites"], 69, "does not listen with TLS"),
            (["enable_feature_flag", "khepri"], 70, "not supported"),
            (["quorum_status", "nothing"], 69, "not_found"),
            (["quorum_status", "-p", "nowhere", "nothing"], 65, "does not exist")):
        got, out, err = b.ask(*verb)
        check(" ".join(verb), got == code and why in err, (got, out, err))
    check("checks as JSON", json.loads(b.ask("check_running", "--formatter", "json")[1]) == {
        "result": "ok"} and json.loads(b.ask("ping", "--formatter", "json")[1]) == {
            "message": "Ping succeeded"})
    code, out, _ = b.ask("listeners", "--formatter", "json")
    check("listeners", [(x["port"], x["protocol"]) for x in json.loads(out)["listeners"]] == [
        (b.port, "amqp")] and f"port: {b.port}, protocol: amqp" in b.ask("listeners")[1], out)
    ch = b.connect().channel()
    ch.queue_declare("quorum", durable=True, arguments={"x-queue-type": "quorum"})
    ch.queue_declare("classic")
    check("quorum_status", b.rows("quorum_status", "quorum")[0][1] == "leader")
    code, _, err = b.ask("quorum_status", "classic")
    check("... of a classic queue", code == 69 and "classic_queue_not_supported" in err, err)
    for q in ("quorum", "classic"):
        ch.queue_delete(q)
    parts = json.loads(b.ask("memory_breakdown", "--formatter=json")[1])
    check("memory_breakdown", set(parts) == {"binary", "msg_index", "code", "other_system"} and
          all(parts[x]["bytes"] > 0 for x in ("code", "other_system")), parts)
    flags = json.loads(b.ask("list_feature_flags", "--formatter", "json")[1])
    check("list_feature_flags", {"name": "user_limits", "state": "enabled"} in flags)
    check("cluster_status", "Maintenance status" in b.ask("cluster_status")[1] and
          json.loads(b.ask("cluster_status", "--formatter", "json")[1])["partitions"] == {})
    code, out, _ = b.ask("log_tail", "--number", "3")
    check("log_tail", code == 0 and out.count("\n") == 4 and "[" in out, out)
    check("log_tail as JSON", all(set(json.loads(line)) == {"time", "level", "text"} for line in
                                  b.ask("log_tail", "--formatter", "json")[1].splitlines()))
    stream = subprocess.Popen([f"{b.build}/leveretctl", "--data-dir", b.data, "log_tail_stream"],
                              stdout=subprocess.PIPE, text=True)
    check("log_tail_stream begins", "Streaming" in stream.stdout.readline())
    ch.connection.close()
    check("... and shows what is logged", "127.0.0.1" in stream.stdout.readline())
    stream.terminate()
    stream.wait()
    stream.stdout.close()


def try_plugins(b):
    names = b.ask("list_plugins", "-m", "-q")[1].split()
    check("list_plugins", "rabbitmq_management" in names, names)
    check("enable what is built in", b.ask("enable_plugins", "rabbitmq_management")[0] == 0)
    code, _, err = b.ask("enable_plugins", "rabbitmq_management", "rabbitmq_mqtt")
    check("... what is not", code == 70 and "{:plugins_not_found, [:rabbitmq_mqtt]}" in err, err)
    check("is_enabled", b.ask("is_enabled", "rabbitmq_management")[0] == 0 and
          b.ask("is_enabled", "rabbitmq_management", "rabbitmq_mqtt")[0] == 69)
    check("disable", b.ask("disable_plugins", "rabbitmq_management")[0] == 69)


def try_manners(b, scratch):
    check("ping", b.ask("ping")[:2] == (0, f"Will ping the broker in {b.data}\nPing succeeded\n"))
    code, out, _ = b.ask("status", "--formatter", "json")
    s = json.loads(out)
    check("status", code == 0 and s["runtime"]["pid"] == b.process.pid and
          s["data"]["data_directory"] == b.data and s["listeners"][0]["port"] == b.port, out)
    check("status has what scripts look for", s["pid"] == b.process.pid and
          s["data_directory"] == b.data and s["is_under_maintenance"] is False and
          "rabbitmq_management" in s["active_plugins"] and
          s["file_descriptors"]["total_limit"] > 100 and s["rabbitmq_version"] and
          s["uptime"] >= 0 and s["totals"]["queue_count"] >= 0, out)
    text = b.ask("status")[1]
    check("status in sections", [line for line in text.splitlines() if line in (
        "Runtime", "Plugins", "Data directory", "Log file(s)", "Alarms", "Memory",
        "File Descriptors", "Free Disk Space", "Totals", "Listeners")] == [
            "Runtime", "Data directory", "Alarms", "Memory", "Free Disk Space", "Totals",
            "Plugins", "Log file(s)", "File Descriptors", "Listeners"], text)
    check("version", b.ask("version")[1].startswith("0."))
    code, out, err = b.ask("lst_queues")
    check("an unknown verb", code == 64 and out == "" and
          "Command 'lst_queues' not found. \nDid you mean 'list_queues'? \n" in err, err)
    r = subprocess.run([f"{b.build}/leveretctl", "help", "set_policy"], capture_output=True,
                       text=True)
    check("help of one verb has an example", r.returncode == 0 and
          "leveretctl set_policy -p orders" in r.stdout, r)
    whole = b.ask("help")
    check("help behind options", whole[0] == 0 and whole[1].startswith("usage: leveretctl") and
          b.ask("--help") == b.ask("-h") == b.ask("-q", "help") == whole, whole)
    one = (r.returncode, r.stdout, r.stderr)
    for words in (["help", "set_policy"], ["-p", "/", "help", "set_policy"],
                  ["set_policy", "--help"], ["--host", "nowhere", "help", "set_policy"],
                  ["set_policy", "-p", "/", "a", "--help"]):
        check(f"{' '.join(words)}", b.ask(*words) == one, b.ask(*words))
    code, out, err = b.ask("-q", "help", "set_polic")
    check("help of none", code == 64 and out == "" and "the nearest is set_policy" in err, err)
    code, out, err = b.ask("list_queues", "nme")
    check("an unknown column", code == 64 and out == "" and
          "Error (argument validation): Info key(s) nme are not supported" in err, err)
    check("an unknown virtual host", b.ask("list_queues", "-p", "other")[0] == 65)
    other = f"{scratch}/rabbitmqctl"
    os.symlink(os.path.abspath(f"{b.build}/leveretctl"), other)
    r = subprocess.run([other, "-n", "rabbit@here", "-q", "list_queues", "--vhost", "/"],
                       capture_output=True, text=True, env={"LEVERET_DATA_DIR": b.data})
    check("as rabbitmqctl, with -n, by the environment", r.returncode == 0 and
          r.stdout.startswith("name\tmessages\n"), r)
    code, _, err = b.ask("ping", "--data-dir", scratch)
    check("where there is no broker", code == 69 and "no broker runs" in err, err)
    began = time.monotonic()
    for _ in range(20):
        b.ask("ping")
    print(f"   a call takes {(time.monotonic() - began) * 50:.1f} ms, the process too")


def as_nobody(b, *words):
    copy = f"{os.path.dirname(b.data)}/ctl"
    shutil.copy(f"{b.build}/leveretctl", copy)
    r = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                        copy, "--data-dir", b.data, *words],
                       capture_output=True, text=True, timeout=10)
    return r.returncode, r.stdout, r.stderr


def try_strangers(b):
    path = f"{b.data}/ctl.sock"
    mode = os.stat(path).st_mode
    check("the door is a socket of mode 0600", stat.S_ISSOCK(mode) and mode & 0o777 == 0o600)
    if os.geteuid() != 0:
        print("   not root: another user cannot be tried")
        return
    os.chmod(os.path.dirname(b.data), 0o755)
    os.chmod(b.data, 0o755)
    code, out, err = as_nobody(b, "list_queues")
    check("another user cannot open it", code == 69 and "Permission denied" in err, err)
    os.chmod(path, 0o666)
    code, out, err = as_nobody(b, "stop")
    check("nor is let in when the door stands open", code == 69 and out == "" and
          "hung up" in err, (code, out, err))
    check("the operator hears of it", b.says(f"user {NOBODY} is not let in"))
    os.chmod(path, 0o600)
    os.chmod(b.data, 0o750)


def is_sent_away(s):
    try:
        return s.recv(1) == b""
    except OSError:
        return False


def try_harm(b):
    garbage = b.door()
    garbage.sendall(b"GET / HTTP/1.1\r\n\r\n")
    check("garbage is sent away", is_sent_away(garbage))
    much = b.door()
    much.sendall(b"LVR1" + struct.pack("<I", 1 << 30))
    check("a request that would be too long is sent away", is_sent_away(much))
    behind = b.door()
    behind.sendall(request(b"ping") + b"x")
    check("bytes behind a request are too many", is_sent_away(behind))
    silent = [b.door() for _ in range(100)]
    check("a hundred who are silent leave room for one who asks", b.ask("ping")[0] == 0)
    check("and are sent away", is_sent_away(silent[99]))
    for s in silent:
        s.close()
    slow = b.door()
    for byte in request(b"ping"):
        slow.sendall(bytes([byte]))
    check("byte by byte is as good", b"Ping succeeded" in output_of(slow))


def totals(b):
    return json.loads(b.ask("status", "--formatter=json")[1])["totals"]


def output_of(s):
    got, out = b"", b""
    while part := s.recv(1 << 20):
        got += part
    while got:
        kind, n = struct.unpack_from("<BI", got)
        out += got[5:5 + n] if kind == 1 else b""
        got = got[5 + n:]
    return out


def try_long_list(b):
    """Whoever asks and does not read keeps nobody waiting, and takes no memory."""
    c = b.connect()
    ch = c.channel()
    ch.queue_declare("q")
    for i in range(BINDINGS):
        ch._impl.queue_bind("q", "amq.topic", f"k.{i}", {"long": "x" * 2000}, lambda _: None)
        if i % 500 == 499:
            c.process_data_events(0)
    while totals(b)["binding_count"] < BINDINGS:
        c.process_data_events(0.05)
    lazy = b.door()
    lazy.sendall(request(b"list_bindings", b"-s"))
    before = resident(b)
    check("others are served meanwhile", b.ask("ping")[0] == 0)
    ch.queue_unbind("q", "amq.topic", f"k.{BINDINGS // 2}", {"long": "x" * 2000})
    check("the list is not there whole", resident(b) - before < 3 << 20, resident(b) - before)
    got = output_of(lazy).count(b"\n")
    check("and it comes to its end", got in (BINDINGS, BINDINGS + 1), got)
    rows = b.rows("list_bindings")
    check("a list whole", len(rows) == BINDINGS, len(rows))
    ch.queue_delete("q")
    c.close()


def resident(b):
    with open(f"/proc/{b.process.pid}/statm") as f:
        return int(f.read().split()[1]) * 4096


def try_ends(build, scratch):
    data = f"{scratch}/data"
    b = Broker(build, data)
    b.end(signal.SIGKILL)
    check("kill -9 leaves the socket", os.path.exists(f"{data}/ctl.sock"))
    check("which answers nobody", b.ask("ping")[0] == 69)
    b = Broker(build, data)
    check("the next start takes its place", b.ask("ping")[0] == 0)
    client = b.connect()
    code, out, _ = b.ask("stop")
    gone = b.process.wait(20) is not None
    check("stop returns when the process is gone", code == 0 and gone, (code, out))
    check("it ended in order", b.end() == 0 and " stopped" in b.said, b.said)
    check("and took its socket along", not os.path.exists(f"{data}/ctl.sock"))
    deep = f"{scratch}/{'d' * 120}/data"
    os.mkdir(os.path.dirname(deep))
    b = Broker(build, deep)
    check("a path too long for a socket will do", b.ask("ping")[0] == 0, b.said)
    b.end()
    del client


def main():
    build, scratch = sys.argv[1], tempfile.mkdtemp()
    try:
        b = Broker(build, f"{scratch}/data")
        try:
            try_lists(b)
            try_policies(b)
            try_making(b)
            try_messages(b)
            try_reset(b)
            try_tracing(b)
            try_replay(b)
            try_changes(b)
            try_tenants(b)
            try_alarms(b)
            try_life(b)
            try_checks(b)
            try_plugins(b)
            try_manners(b, scratch)
            try_strangers(b)
            try_harm(b)
            try_long_list(b)
        finally:
            check("the broker ends in order", b.end() == 0, b.said)
        try_ends(build, scratch)
    finally:
        shutil.rmtree(scratch)
    sys.exit(finish("door"))


main()
