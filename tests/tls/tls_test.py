#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TLS and EXTERNAL on the wire, case by case, with the standard library's TLS.

usage: tls_test.py BROKER CERTIFICATES [CASE ...]
"""
import base64
import http.client
import json
import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

BROKER, CERTS = sys.argv[1], sys.argv[2]
HEADER = b"AMQP\0\0\x09\x01"


def free_port():
    """One that the kernel gives to nobody by itself meanwhile."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        first = int(f.read().split()[0])
    while True:
        try:
            with socket.socket() as s:
                s.bind(("127.0.0.1", random.randrange(10100, max(first, 10101))))
                return s.getsockname()[1]
        except OSError:
            pass


def cert(name):
    return os.path.join(CERTS, name)


class Broker:
    """A broker with a TLS and a clear port, for one case."""

    def __init__(self, *keys, server="server"):
        self.dir = tempfile.TemporaryDirectory()
        self.clear, self.port, self.web = free_port(), free_port(), free_port()
        for end in (".pem", ".key"):
            with open(cert(server + end), "rb") as f, open(self.file(end), "wb") as t:
                t.write(f.read())
        self.log = open(os.path.join(self.dir.name, "log"), "w+")
        self.process = subprocess.Popen(
            [BROKER, f"listeners.tcp.1=127.0.0.1:{self.clear}",
             f"listeners.ssl.1=127.0.0.1:{self.port}", f"data_dir={self.dir.name}/data",
             f"ssl_options.certfile={self.file('.pem')}",
             f"ssl_options.keyfile={self.file('.key')}",
             f"ssl_options.cacertfile={cert('ca.pem')}", f"management.tcp.port={self.web}",
             "management.tcp.ip=127.0.0.1", *keys], stderr=self.log)

    def file(self, end):
        return os.path.join(self.dir.name, "server" + end)

    def says(self, text, seconds=60):
        end = time.time() + seconds
        while time.time() < end and self.process.poll() is None:
            if text in open(self.log.name).read():
                return True
            time.sleep(0.01)
        return text in open(self.log.name).read()

    def __enter__(self):
        if not self.says(" ready: "):
            raise AssertionError("no broker: " + open(self.log.name).read())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        code = self.process.wait(60)
        self.log.close()
        self.dir.cleanup()
        assert code == 0, f"the broker ended with {code}"


def context(client=None, ca="ca", version=None, verify=True):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations(cert(ca + ".pem"))
    if not verify:
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    if client:
        c.load_cert_chain(cert(client + ".pem"), cert(client + ".key"))
    if version:
        c.minimum_version = c.maximum_version = version
    return c


def dial(b, c=None, **more):
    raw = socket.create_connection(("127.0.0.1", b.port), timeout=30)
    return (c or context()).wrap_socket(raw, server_hostname="localhost", **more)


# ---- as much AMQP as is needed ----

def short(s):
    return bytes([len(s)]) + s


def frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def method(channel, class_id, number, arguments=b""):
    return frame(1, channel, struct.pack(">HH", class_id, number) + arguments)


def read(s, n):
    out = b""
    while len(out) < n:
        got = s.recv(n - len(out))
        if not got:
            raise EOFError
        out += got
    return out


def next_frame(s):
    kind, channel, n = struct.unpack(">BHI", read(s, 7))
    payload = read(s, n + 1)[:-1]
    return kind, channel, payload


def expect(s, class_id, number):
    while True:
        kind, _, payload = next_frame(s)
        if kind != 8:
            assert struct.unpack(">HH", payload[:4]) == (class_id, number), payload[:60]
            return payload[4:]


def mechanisms(start):
    n = struct.unpack(">I", start[2:6])[0]
    rest = start[6 + n:]
    return rest[4:4 + struct.unpack(">I", rest[:4])[0]].split()


CAPABLE = short(b"capabilities") + b"F" + struct.pack(">I", 31) + \
    short(b"authentication_failure_close") + b"t\x01"


def log_in(s, mechanism=b"PLAIN", response=b"\0guest\0guest"):
    s.sendall(HEADER)
    offered = mechanisms(expect(s, 10, 10))
    s.sendall(method(0, 10, 11, struct.pack(">I", len(CAPABLE)) + CAPABLE + short(mechanism) +
                     struct.pack(">I", len(response)) + response + short(b"en_US")))
    return offered


def open_channel(s):
    expect(s, 10, 30)
    s.sendall(method(0, 10, 31, struct.pack(">HIH", 2047, 131072, 0)) +
              method(0, 10, 40, short(b"/") + b"\0\0") + method(1, 20, 10, b"\0"))
    expect(s, 10, 41)
    expect(s, 20, 11)


def enter(s, **more):
    offered = log_in(s, **more)
    open_channel(s)
    return offered


def close(s):
    s.sendall(method(0, 10, 50, b"\0\0\0\0\0\0\0"))
    expect(s, 10, 51)
    s.close()


def works(s, **more):
    enter(s, **more)
    close(s)


def ask(port, path, user="guest:guest", c=None):
    """Status and text of an answer over HTTP, or with a context over HTTPS."""
    credentials = base64.b64encode(user.encode()).decode() if user else ""
    if c:
        h = http.client.HTTPSConnection("localhost", port, timeout=30, context=c)
    else:
        h = http.client.HTTPConnection("localhost", port, timeout=30)
    h.request("GET", path, headers={"Authorization": "Basic " + credentials} if user else {})
    r = h.getresponse()
    text = r.read().decode()
    h.close()
    return r.status, text


def refused(b, c):
    """The handshake fails, or (TLS 1.3 tells late) the first read does."""
    try:
        s = dial(b, c)
        s.sendall(HEADER)
        read(s, 1)
    except TimeoutError:
        raise AssertionError("neither let in nor refused") from None
    except (ssl.SSLError, ConnectionError, EOFError):
        return
    raise AssertionError("it was let in")


# ---- cases ----

def both_versions_work():
    with Broker() as b:
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            works(dial(b, context(version=v)))


def a_version_that_is_not_named_is_refused():
    with Broker("ssl_options.versions.1=tlsv1.3") as b:
        refused(b, context(version=ssl.TLSVersion.TLSv1_2))
        works(dial(b, context(version=ssl.TLSVersion.TLSv1_3)))


def the_quickest_cipher_is_preferred():
    with Broker() as b:
        s = dial(b, context(version=ssl.TLSVersion.TLSv1_3))
        assert s.cipher()[0] == "TLS_AES_128_GCM_SHA256", s.cipher()
        works(s)


def a_cipher_can_be_chosen():
    with Broker("ssl_options.ciphers.1=ECDHE-ECDSA-AES256-GCM-SHA384",
                "ssl_options.ciphers.2=TLS_CHACHA20_POLY1305_SHA256") as b:
        s = dial(b, context(version=ssl.TLSVersion.TLSv1_2))
        assert s.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384", s.cipher()
        works(s)
        s = dial(b, context(version=ssl.TLSVersion.TLSv1_3))
        assert s.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256", s.cipher()
        works(s)


def peers_are_verified_when_asked():
    with Broker("ssl_options.verify=verify_peer",
                "ssl_options.fail_if_no_peer_cert=true") as b:
        works(dial(b, context("guest")))
        for who in (None, "stranger", "expired"):
            refused(b, context(who))
        works(dial(b, context("guest")))


def a_certificate_may_be_left_out_when_that_is_allowed():
    with Broker("ssl_options.verify=verify_peer") as b:
        assert b"EXTERNAL" not in enter(dial(b, context()))
        refused(b, context("stranger"))


def external(name, client="guest", *keys):
    with Broker("ssl_options.verify=verify_peer", f"default_user={name}", *keys) as b:
        s = dial(b, context(client))
        assert b"EXTERNAL" in enter(s, mechanism=b"EXTERNAL", response=b"")
        close(s)


def external_by_distinguished_name():
    external("CN=guest,O=Leveret")


def external_by_common_name():
    external("guest", "guest", "ssl_cert_login_from=common_name")


def external_by_alternative_name():
    external("guest", "guest", "ssl_cert_login_from=subject_alternative_name",
             "ssl_cert_login_san_index=1")
    external("guest@example.com", "guest", "ssl_cert_login_from=subject_alternative_name",
             "ssl_cert_login_san_type=email")


def how_a_connection_is_secured_is_told():
    """Over HTTP, of a client with a certificate, of one without, and of one in the clear."""
    told = ["ssl", "ssl_protocol", "ssl_key_exchange", "ssl_cipher", "ssl_hash",
            "peer_cert_subject", "peer_cert_issuer", "auth_mechanism", "peer_cert_validity"]
    with Broker("ssl_options.verify=verify_peer", "ssl_cert_login_from=common_name") as b:
        held = [dial(b, context("guest", version=ssl.TLSVersion.TLSv1_3)),
                dial(b, context(version=ssl.TLSVersion.TLSv1_2)),
                socket.create_connection(("127.0.0.1", b.clear), timeout=30)]
        enter(held[0], mechanism=b"EXTERNAL", response=b"")
        enter(held[1])
        enter(held[2])
        rows = json.loads(ask(b.web, "/api/connections?columns=" + ",".join(told))[1])
        rows = [[row[key] for key in told] for row in rows]
        assert rows[0][:8] == [True, "tlsv1.3", "any", "aes_128_gcm", "aead",
                               "CN=guest,O=Leveret", "CN=ca", "EXTERNAL"], rows[0]
        assert re.fullmatch(r"20\d\d-.*Z - 20\d\d-.*Z", rows[0][8]), rows[0]
        assert rows[1] == [True, "tlsv1.2", "ecdhe_ecdsa", "aes_256_gcm", "aead", None, None,
                           "PLAIN", None], rows[1]
        assert rows[2] == [False] + 6 * [None] + ["PLAIN", None], rows[2]
        for s in held:
            s.close()


def web_keys(port, *more):
    return [f"management.ssl.port={port}", "management.ssl.ip=127.0.0.1", *more]


def fails(port, c):
    """No answer over HTTPS: the handshake fails, or its end is told with the first read."""
    try:
        ask(port, "/api/whoami", c=c)
    except (OSError, http.client.HTTPException):
        return True
    return False


def clients_of_the_http_api_are_verified_when_asked():
    """By the authority that its own key names, and not by that of AMQP."""
    port = free_port()
    with Broker(*web_keys(port, "management.ssl.verify=verify_peer",
                          "management.ssl.fail_if_no_peer_cert=true",
                          f"management.ssl.cacertfile={cert('other.pem')}")) as b:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            assert ask(port, "/api/whoami", c=context("stranger", version=version))[0] == 200
            for who in (None, "guest", "expired"):
                assert fails(port, context(who, version=version)), (who, version)
        assert ask(port, "/api/whoami", user="guest:no", c=context("stranger"))[0] == 401
        assert ask(port, "/api/whoami", user=None, c=context("stranger"))[0] == 401
        works(dial(b))   # AMQP does not ask for one
    with Broker(*web_keys(port, "management.ssl.verify=verify_peer")) as b:
        for who in (None, "guest"):
            assert ask(port, "/api/whoami", c=context(who))[0] == 200
        assert fails(port, context("stranger"))
        b.process.send_signal(signal.SIGHUP)
        assert b.says("the configuration was read again")
        assert fails(port, context("stranger"))
        assert ask(port, "/api/whoami", c=context("guest"))[0] == 200


def who_scrapes_over_tls_is_verified_when_asked():
    port = free_port()
    keys = [f"prometheus.ssl.port={port}", "prometheus.ssl.ip=127.0.0.1",
            "prometheus.ssl.verify=verify_peer"]
    with Broker(*keys, "prometheus.ssl.fail_if_no_peer_cert=true",
                f"prometheus.ssl.cacertfile={cert('other.pem')}"):
        assert ask(port, "/metrics", user=None, c=context("stranger"))[0] == 200
        for who in (None, "guest", "expired"):
            assert fails(port, context(who)), who
    with Broker(*keys):
        for who in (None, "guest"):
            assert ask(port, "/metrics", user=None, c=context(who))[0] == 200
        assert fails(port, context("stranger"))


def lasts(port, said=b"", c=None, hears=b""):
    """Seconds for which there is a connection that says this and no more; with a context over
    TLS."""
    began = time.monotonic()
    s = socket.create_connection(("127.0.0.1", port), timeout=40)
    if c:
        s = c.wrap_socket(s, server_hostname="localhost")
    heard = b""
    try:
        s.sendall(said)
        while piece := s.recv(4096):
            heard += piece
    except ConnectionError:
        pass
    s.close()
    assert heard.startswith(hears), heard
    return time.monotonic() - began


def clients_of_the_http_api_have_their_time():
    """management.ssl.request_timeout for handshake and head, idle_timeout between requests; other
    times in the clear."""
    port = free_port()
    with Broker(*web_keys(port, "management.ssl.request_timeout=2000",
                          "management.ssl.idle_timeout=1500",
                          "management.tcp.request_timeout=60000")) as b:
        assert 1.9 < lasts(port) < 20
        assert 1.9 < lasts(port, b"\x16\x03\x01\x02") < 20
        request = b"GET /api/version HTTP/1.1\r\nHost: h\r\n\r\n"
        assert 1.9 < lasts(port, request[:-4], context()) < 20
        assert 1.4 < lasts(port, request, context(), b"HTTP/1.1 200 ") < 20
        clear = socket.create_connection(("127.0.0.1", b.web), timeout=30)
        clear.sendall(request[:-4])
        time.sleep(3)
        clear.sendall(b"\r\nConnection: close\r\n\r\n")
        assert clear.recv(4096).startswith(b"HTTP/1.1 200 ")
        clear.close()


def external_with_another_name_is_refused():
    with Broker("ssl_options.verify=verify_peer", "ssl_cert_login_from=common_name") as b:
        s = dial(b, context("nobody"))
        log_in(s, mechanism=b"EXTERNAL", response=b"")
        text = expect(s, 10, 50)
        assert b"ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL" in text


def external_is_not_offered_in_the_clear():
    with Broker("ssl_options.verify=verify_peer") as b:
        s = socket.create_connection(("127.0.0.1", b.clear), timeout=30)
        assert log_in(s, mechanism=b"EXTERNAL", response=b"") == [b"PLAIN", b"AMQPLAIN"]
        s.settimeout(40)
        assert s.recv(1) == b"", "an unknown mechanism ends in silence"


def mechanisms_can_be_chosen():
    with Broker("auth_mechanisms.1=PLAIN") as b:
        assert enter(dial(b)) == [b"PLAIN"]


def sessions_are_resumed():
    with Broker() as b:
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            c = context(version=v)
            first = dial(b, c)
            enter(first)
            session = first.session
            close(first)
            again = dial(b, c, session=session)
            assert again.session_reused, v
            works(again)


def sighup_reads_the_certificates_again():
    with Broker() as b:
        before = dial(b)
        enter(before)
        old = before.getpeercert(True)
        for end in (".pem", ".key"):
            with open(cert("server2" + end), "rb") as f, open(b.file(end), "wb") as t:
                t.write(f.read())
        b.process.send_signal(signal.SIGHUP)
        assert b.says("the configuration was read again")
        after = dial(b)
        assert after.getpeercert(True) != old
        works(after)
        close(before)


def a_bad_certificate_at_sighup_changes_nothing():
    with Broker() as b:
        with open(b.file(".pem"), "w") as t:
            t.write("this is no certificate\n")
        b.process.send_signal(signal.SIGHUP)
        assert b.says("the configuration in force stays: ssl_options.certfile")
        works(dial(b))


def large_bodies_come_back():
    with Broker() as b:
        s = dial(b)
        enter(s)
        s.sendall(method(1, 50, 10, b"\0\0" + short(b"q") + b"\0" + b"\0\0\0\0"))
        expect(s, 50, 11)
        for n in (1 << 20, 16 << 20):
            body = random.Random(n).randbytes(n)
            out = method(1, 60, 40, b"\0\0" + short(b"") + short(b"q") + b"\0")
            out += frame(2, 1, struct.pack(">HHQH", 60, 0, n, 0))
            for at in range(0, n, 131064):
                out += frame(3, 1, body[at:at + 131064])
            s.sendall(out + method(1, 60, 70, b"\0\0" + short(b"q") + b"\x01"))
            expect(s, 60, 71)
            next_frame(s)
            got = b""
            while len(got) < n:
                got += next_frame(s)[2]
            assert got == body
        close(s)


def a_hello_in_single_bytes():
    with Broker() as b:
        raw = socket.create_connection(("127.0.0.1", b.port), timeout=30)
        inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
        t = context().wrap_bio(inside, outside, server_hostname="localhost")
        while True:
            try:
                t.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            for byte in outside.read():
                raw.sendall(bytes([byte]))
            if done:
                break
            inside.write(raw.recv(65536))
        t.write(HEADER)
        raw.sendall(outside.read())
        while True:
            try:
                assert t.read(4)[0] == 1
                break
            except ssl.SSLWantReadError:
                inside.write(raw.recv(65536))


def garbage_is_no_hello():
    with Broker() as b:
        dice = random.Random(1)
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", b.port), timeout=30) as raw:
                raw.sendall(dice.randbytes(dice.randrange(1, 3000)))
                raw.settimeout(40)
                try:
                    while raw.recv(4096):
                        pass
                except ConnectionError:
                    pass
                except socket.timeout:
                    raise AssertionError("it still listens") from None
        works(dial(b))


def garbage_inside_a_session():
    with Broker() as b:
        dice = random.Random(2)
        for _ in range(50):
            raw = socket.create_connection(("127.0.0.1", b.port), timeout=30)
            s = context().wrap_socket(raw, server_hostname="localhost")
            s.sendall(HEADER)
            expect(s, 10, 10)
            socket.socket(fileno=os.dup(s.fileno())).sendall(dice.randbytes(500))
            s.close()
        works(dial(b))


def silence_after_the_hello_is_not_waited_for():
    with Broker("handshake_timeout=700") as b:
        began = time.monotonic()
        raw = socket.create_connection(("127.0.0.1", b.port), timeout=30)
        t = context().wrap_bio(ssl.MemoryBIO(), out := ssl.MemoryBIO(), server_hostname="localhost")
        try:
            t.do_handshake()
        except ssl.SSLWantReadError:
            pass
        raw.sendall(out.read()[:100])
        raw.settimeout(40)
        while raw.recv(4096):
            pass
        assert 0.6 < time.monotonic() - began < 9


def the_clear_port_takes_no_tls_and_the_other_nothing_else():
    with Broker() as b:
        with socket.create_connection(("127.0.0.1", b.port), timeout=30) as raw:
            raw.sendall(HEADER)
            got = raw.recv(4096)
            assert not got.startswith(b"\x01"), got
        raw = socket.create_connection(("127.0.0.1", b.clear), timeout=30)
        try:
            context().wrap_socket(raw, server_hostname="localhost")
        except (ssl.SSLError, ConnectionError, OSError):
            pass
        else:
            raise AssertionError("TLS on the clear port")
        works(dial(b))


def renegotiation_is_refused():
    with Broker("ssl_options.versions.1=tlsv1.2") as b:
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{b.port}", "-tls1_2"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        said = b""
        while b"Extended master secret" not in said:
            got = os.read(client.stdout.fileno(), 65536)
            assert got, said
            said += got
        client.stdin.write(b"R\n")   # a line that begins so: its user wants to renegotiate
        said, _ = client.communicate(timeout=60)
        assert b"RENEGOTIATING" in said and b"no renegotiation" in said, said
        works(dial(b))


def the_handshake_has_a_timeout_of_its_own():
    with Broker("ssl_handshake_timeout=1000") as b:
        began = time.monotonic()
        late = socket.create_connection(("127.0.0.1", b.port), timeout=30)
        late.sendall(b"\x16\x03\x01\x02")
        patient = dial(b)
        assert late.recv(1) == b""
        assert 0.9 < time.monotonic() - began < 4.5   # otherwise it is five seconds
        time.sleep(1)
        works(patient)


def the_end_is_said():
    with Broker() as b:
        s = dial(b)
        enter(s)
        s.sendall(method(0, 10, 50, b"\0\0\0\0\0\0\0"))
        expect(s, 10, 51)
        s.close()
        s = dial(b)
        enter(s)
        b.process.terminate()
        expect(s, 10, 50)
        s.sendall(method(0, 10, 51))
        assert s.recv(1) == b"", "close_notify, not a cut"
        b.process.wait(60)


def configuration_is_checked():
    def run(*keys):
        r = subprocess.run([BROKER, "listeners.tcp.default=none",
                            f"listeners.ssl.1=127.0.0.1:{free_port()}",
                            f"data_dir={tempfile.mkdtemp()}", *keys], capture_output=True,
                           timeout=20)
        return r.returncode, r.stderr.decode()
    good = [f"ssl_options.certfile={cert('server.pem')}",
            f"ssl_options.keyfile={cert('server.key')}"]
    for keys, text in [
        ([], "needs ssl_options.certfile"),
        (["ssl_options.certfile=/nowhere.pem", good[1]], "ssl_options.certfile: '/nowhere.pem'"),
        ([good[0], f"ssl_options.keyfile={cert('guest.key')}"], "keyfile"),
        ([*good, "ssl_options.verify=verify_peer"], "needs ssl_options.cacertfile"),
        ([*good, "ssl_options.versions.1=tlsv1.1"], "is not one of: tlsv1.2 tlsv1.3"),
        ([*good, "ssl_options.ciphers.1=NOSUCH"], "ssl_options.ciphers"),
    ]:
        code, said = run(*keys)
        assert code == 2 and text in said, (code, said)

CASES = [f for name, f in list(globals().items())
         if getattr(f, "__module__", "") == "__main__" and callable(f) and
         not isinstance(f, type) and f.__code__.co_argcount == 0 and name != "free_port"]


def main():
    failed = 0
    wanted = sys.argv[3:]
    cases = [c for c in CASES if not wanted or c.__name__ in wanted]
    for case in cases:
        try:
            case()
            print("ok", case.__name__.replace("_", " "), flush=True)
        except Exception as e:  # a case may fail in any way
            failed += 1
            print(f"FAIL {case.__name__}: {type(e).__name__} {e}", flush=True)
    print(f"passed {len(cases) - failed} failed {failed} tls")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
