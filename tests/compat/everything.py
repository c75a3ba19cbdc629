# SPDX-License-Identifier: Apache-2.0
"""Definitions with one of everything, in the form that RabbitMQ takes: names in many alphabets,
users with hashes of every algorithm, numbers of every kind, bindings between all."""
import base64
import hashlib

SALT = b"\x01\x02\x03\x04"
VHOSTS = ["/", "rot & grün", "данные"]


def hashed(algorithm, password):
    digest = hashlib.new(algorithm, SALT + password.encode()).digest()
    return base64.b64encode(SALT + digest).decode()


def user(name, algorithm, tags, **more):
    return {"name": name, "password_hash": hashed(algorithm, name), "tags": tags,
            "hashing_algorithm": f"rabbit_password_hashing_{algorithm}", "limits": {}, **more}


def queue(name, vhost="/", durable=True, auto_delete=False, **arguments):
    return {"name": name, "vhost": vhost, "durable": durable, "auto_delete": auto_delete,
            "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}


def exchange(name, kind, vhost="/", durable=True, auto_delete=False, internal=False, **arguments):
    return {"name": name, "vhost": vhost, "type": kind, "durable": durable, "internal": internal,
            "auto_delete": auto_delete,
            "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}


def binding(source, destination, key, vhost="/", kind="queue", **arguments):
    return {"source": source, "vhost": vhost, "destination": destination, "routing_key": key,
            "destination_type": kind, "arguments": arguments}


def policy(name, pattern, definition, vhost="/", priority=0, apply_to="queues"):
    return {"name": name, "vhost": vhost, "pattern": pattern, "definition": definition,
            "priority": priority, "apply-to": apply_to}


def parameter(component, name, value, vhost="/"):
    return {"component": component, "name": name, "value": value, "vhost": vhost}


NUMBERS = {"zero": 0, "byte": 200, "short": -30000, "long": 2147483648, "longest": 2**63 - 1,
           "least": -2**63, "real": 0.1, "whole": 3.0, "large": 1e300, "truth": True,
           "text": "größe", "nothing": "", "list": [1, "zwei", 3.5, [False]],
           "table": {"inner": {"deep": [{"deeper": 1}]}}}


def everything():
    return {
        "users": [
            user("guest", "sha256", ["administrator"]), user("alt", "md5", ["management"]),
            user("neu", "sha512", ["monitoring", "policymaker"],
                 limits={"max-connections": 7, "max-channels": 70}),
            user("José ☂", "sha256", []),
            {"name": "ohne", "password_hash": "", "tags": ["eigenes"],
             "hashing_algorithm": "rabbit_password_hashing_sha256", "limits": {}},
        ],
        "vhosts": [{"name": "/"},
                   {"name": VHOSTS[1], "metadata": {"description": "für alles",
                                                    "tags": ["eins", "zwei"]}},
                   {"name": VHOSTS[2]}],
        "permissions": [
            {"user": u, "vhost": v, "configure": c, "write": ".*", "read": r}
            for u, v, c, r in [("guest", "/", ".*", ".*"), ("guest", VHOSTS[1], ".*", ".*"),
                               ("neu", "/", "^neu\\..*|x{2,3}", ""),
                               ("José ☂", VHOSTS[2], "", "ж")]
        ],
        "topic_permissions": [
            {"user": "neu", "vhost": "/", "exchange": "amq.topic", "write": "^a\\.", "read": ".*"},
            {"user": "neu", "vhost": VHOSTS[1], "exchange": "", "write": "", "read": "b"},
        ],
        "parameters": [
            parameter("vhost-limits", "limits", {"max-connections": 100, "max-queues": 500}),
            parameter("vhost-limits", "limits", {"max-queues": 5}, VHOSTS[2]),
            parameter("operator_policy", "grenze", {
                "pattern": "^groß", "definition": {"max-length": 1000, "expires": 900000},
                "priority": 3, "apply-to": "queues"}),
        ],
        "global_parameters": [{"name": "mqtt_default_vhosts", "value": {"O=client": "/"}},
                              {"name": "zahl", "value": 12}, {"name": "liste", "value": ["a", 1]}],
        "policies": [
            policy("länge", "^q\\.", {"max-length": 10000, "overflow": "reject-publish"}),
            policy("toter Brief", ".*", {"dead-letter-exchange": "dlx",
                                         "dead-letter-routing-key": "x"}, priority=-1),
            policy("anders", "^x", {"alternate-exchange": "amq.fanout"}, VHOSTS[1], 9,
                   "exchanges"),
            policy("frist", "^t", {"message-ttl": 86400000}, VHOSTS[2], 2**31, "all"),
        ],
        "queues": [
            queue("q.klassisch", x_queue_type="classic"), queue("q.schlicht"),
            queue("q.quorum", x_queue_type="quorum", x_delivery_limit=5),
            queue("q.strom", x_queue_type="stream", x_max_length_bytes=20000000000,
                  x_max_age="7D", x_stream_max_segment_size_bytes=100000000),
            queue("q.vorrang", x_max_priority=10),
            queue("q.fertig", x_message_ttl=60000, x_expires=3600000, x_max_length=0,
                  x_max_length_bytes=1 << 40, x_overflow="reject-publish-dlx",
                  x_dead_letter_exchange="dlx", x_dead_letter_routing_key="tot",
                  x_single_active_consumer=True, x_queue_mode="lazy"),
            queue("flüchtig ☃", durable=False), queue("q.auto", auto_delete=True),
            queue("очередь", VHOSTS[2]), queue("q/mit %2F+ \"zeichen\"", VHOSTS[1]),
            queue("eigenes", eigenes=NUMBERS),
        ],
        "exchanges": [
            exchange("dlx", "fanout"), exchange("thema", "topic", alternate_exchange="dlx"),
            exchange("kopf", "headers", VHOSTS[1], internal=True),
            exchange("direkt", "direct", durable=False), exchange("weg", "topic", auto_delete=True),
            exchange("streuung", "x-consistent-hash", hash_header="kunde"),
            exchange("верх", "topic", VHOSTS[2], eigenes=NUMBERS),
        ],
        "bindings": [
            binding("thema", "q.klassisch", "a.*.#"), binding("thema", "q.klassisch", ""),
            binding("amq.direct", "q.quorum", "schlüssel"), binding("dlx", "q.schlicht", "egal"),
            binding("thema", "dlx", "#.tot", kind="exchange"),
            binding("weg", "q.auto", "#"), binding("streuung", "q.vorrang", "20"),
            binding("direkt", "flüchtig ☃", "k"),
            binding("kopf", "q/mit %2F+ \"zeichen\"", "", VHOSTS[1],
                    **{"x-match": "all", **NUMBERS}),
            binding("kopf", "q/mit %2F+ \"zeichen\"", "", VHOSTS[1], **{"x-match": "any", "a": 1}),
            binding("верх", "очередь", "ключ.*", VHOSTS[2], eigenes=NUMBERS),
        ],
    }
