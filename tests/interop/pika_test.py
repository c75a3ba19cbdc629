#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a RabbitMQ user does with pika, case by case, against a broker on a port.

usage: pika_test.py PORT     broker.sh says what else is needed to restart the broker
       pika_test.py PORT worker PARTITION ...     one of them that consume a super stream
"""
import datetime
import os
import subprocess
import sys
import threading
import time
import uuid

import pika
from pika.exceptions import (ChannelClosedByBroker, ConnectionClosedByBroker, NackError,
                             ProbableAuthenticationError, UnroutableError)

PORT = int(sys.argv[1])
PERSISTENT = pika.BasicProperties(delivery_mode=2)


def connect(**more):
    return pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', PORT, **more))


def name():
    return 'q-' + uuid.uuid4().hex


def broker(verb):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'broker.sh')
    subprocess.run([script, verb], check=True)


class Session:
    def __enter__(self):
        self.connection = connect()
        return self.connection.channel()

    def __exit__(self, *_):
        try:
            if self.connection.is_open:
                self.connection.close()
        except pika.exceptions.StreamLostError:
            pass   # the broker was crashed meanwhile


def get(ch, queue, auto_ack=True):
    method, props, body = ch.basic_get(queue, auto_ack=auto_ack)
    return (method, props, body)


def bodies(ch, queue):
    out = []
    while True:
        method, _, body = ch.basic_get(queue, auto_ack=True)
        if method is None:
            return out
        out.append(body)


def comes(ch, got, n):
    """So many come, and what else comes in a while."""
    until = time.monotonic() + 30
    while len(got) < n and time.monotonic() < until:
        ch.connection.process_data_events(0.1)
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        ch.connection.process_data_events(0.1)


def refused(code, text, action):
    """The action closes the channel with this code; the text holds these words."""
    with Session() as ch:
        try:
            action(ch)
            ch.queue_declare(name(), exclusive=True)
        except ChannelClosedByBroker as e:
            assert e.reply_code == code, e
            assert text in e.reply_text, e.reply_text
            return
        raise AssertionError('not refused')


def direct():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        assert q.startswith('amq.gen-')
        ch.exchange_declare('i.direct', 'direct', auto_delete=True)
        ch.queue_bind(q, 'i.direct', 'one')
        ch.queue_bind(q, 'i.direct', 'two')
        ch.confirm_delivery()
        for key in ('one', 'two', 'three'):
            ch.basic_publish('i.direct', key, key.encode())
        assert bodies(ch, q) == [b'one', b'two']
        ch.queue_unbind(q, 'i.direct', 'one')
        ch.basic_publish('i.direct', 'one', b'x')
        assert bodies(ch, q) == []


def fanout():
    with Session() as ch:
        ch.exchange_declare('i.fanout', 'fanout', durable=True)
        qs = [ch.queue_declare('', exclusive=True).method.queue for _ in range(3)]
        for q in qs:
            ch.queue_bind(q, 'i.fanout')
        ch.confirm_delivery()
        ch.basic_publish('i.fanout', 'whatever', b'all', PERSISTENT)
        assert [bodies(ch, q) for q in qs] == [[b'all']] * 3
        ch.exchange_delete('i.fanout')


def topic():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        for key in ('a.*.c', '#.z', 'k.#'):
            ch.queue_bind(q, 'amq.topic', key)
        ch.confirm_delivery()
        for key in ('a.b.c', 'a.c', 'z', 'q.z', 'k', 'k.l.m', 'a.b.c.d'):
            ch.basic_publish('amq.topic', key, key.encode())
        assert bodies(ch, q) == [b'a.b.c', b'z', b'q.z', b'k', b'k.l.m']


def headers():
    with Session() as ch:
        both = ch.queue_declare('', exclusive=True).method.queue
        either = ch.queue_declare('', exclusive=True).method.queue
        args = {'kind': 'report', 'size': 7}
        ch.queue_bind(both, 'amq.headers', '', {**args, 'x-match': 'all'})
        ch.queue_bind(either, 'amq.headers', '', {**args, 'x-match': 'any'})
        ch.confirm_delivery()
        for h in ({'kind': 'report', 'size': 7}, {'kind': 'report'}, {'size': 8}, {}):
            ch.basic_publish('amq.headers', '', repr(h).encode(), pika.BasicProperties(headers=h))
        assert len(bodies(ch, both)) == 1
        assert len(bodies(ch, either)) == 2
        ch.queue_bind(both, 'amq.headers', '', {'x-kind': 'r', 'x-match': 'all-with-x'})
        ch.queue_bind(either, 'amq.headers', '', {'x-kind': 'r', 'n': 1, 'x-match': 'any-with-x'})
        ch.basic_publish('amq.headers', '', b'x', pika.BasicProperties(headers={'x-kind': 'r'}))
        assert bodies(ch, both) == [b'x'] and bodies(ch, either) == [b'x']


def exchange_to_exchange_and_alternate():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        lost = ch.queue_declare('', exclusive=True).method.queue
        ch.exchange_declare('i.spill', 'fanout', auto_delete=True)
        ch.queue_bind(lost, 'i.spill')
        ch.exchange_declare('i.source', 'topic', auto_delete=True,
                            arguments={'alternate-exchange': 'i.spill'})
        ch.exchange_declare('i.inner', 'fanout', internal=True, auto_delete=True)
        ch.exchange_bind('i.inner', 'i.source', 'in.#')
        ch.queue_bind(q, 'i.inner')
        ch.confirm_delivery()
        ch.basic_publish('i.source', 'in.a', b'in', mandatory=True)
        ch.basic_publish('i.source', 'out', b'out', mandatory=True)
        assert bodies(ch, q) == [b'in'] and bodies(ch, lost) == [b'out']
    refused(403, "ACCESS_REFUSED - cannot publish to internal exchange 'i.inner2' in vhost '/'",
            lambda ch: (ch.exchange_declare('i.inner2', 'fanout', internal=True,
                                            auto_delete=True),
                        ch.basic_publish('i.inner2', '', b'')))


def properties_come_back():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        sent = pika.BasicProperties(
            content_type='text/plain', content_encoding='utf-8', delivery_mode=2, priority=3,
            correlation_id='c', reply_to='r', expiration='60000', message_id='m',
            timestamp=1700000000, type='t', user_id='guest', app_id='a', cluster_id='',
            headers={'int': 1, 'big': 1 << 40, 'text': 'x', 'list': [1, 'a', {'n': None}],
                     'yes': True, 'table': {'deep': {'deeper': -1}}, 'bytes': b'\0\1'})
        ch.confirm_delivery()
        body = bytes(range(256)) * 2000
        ch.basic_publish('', q, body, sent)
        _, props, got = get(ch, q)
        assert got == body
        assert props.headers == {**sent.headers, 'bytes': props.headers['bytes']}, props.headers
        for field in ('content_type', 'priority', 'correlation_id', 'reply_to', 'expiration',
                      'message_id', 'timestamp', 'type', 'user_id', 'app_id'):
            assert getattr(props, field) == getattr(sent, field), field


def prefetch():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.confirm_delivery()
        for i in range(20):
            ch.basic_publish('', q, str(i).encode())
        ch.basic_qos(prefetch_count=3)
        got = []
        ch.basic_consume(q, lambda c, m, p, b: got.append((m.delivery_tag, b)))
        comes(ch, got, 3)
        assert [b for _, b in got] == [b'0', b'1', b'2'], got
        ch.basic_ack(2, multiple=True)
        comes(ch, got, 5)
        assert [b for _, b in got] == [b'0', b'1', b'2', b'3', b'4'], got
        assert [t for t, _ in got] == [1, 2, 3, 4, 5]


def nack_requeues_in_place():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.confirm_delivery()
        for i in range(4):
            ch.basic_publish('', q, str(i).encode())
        tags = [ch.basic_get(q)[0].delivery_tag for _ in range(3)]
        ch.basic_nack(tags[1], requeue=True)
        m, _, body = ch.basic_get(q)
        assert body == b'1' and m.redelivered
        ch.basic_reject(m.delivery_tag, requeue=False)
        ch.basic_nack(0, multiple=True, requeue=True)
        assert bodies(ch, q) == [b'0', b'2', b'3']


def unacked_come_back_when_the_channel_goes():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.confirm_delivery()
        ch.basic_publish('', q, b'x')
        other = ch.connection.channel()
        m, _, _ = other.basic_get(q)
        assert not m.redelivered
        other.close()
        m, _, body = ch.basic_get(q, auto_ack=True)
        assert m.redelivered and body == b'x'


def mandatory_returns():
    with Session() as ch:
        ch.confirm_delivery()
        try:
            ch.basic_publish('', name(), b'nobody', mandatory=True)
        except UnroutableError as e:
            r = e.messages[0].method
            assert (r.reply_code, r.reply_text) == (312, 'NO_ROUTE')
        else:
            raise AssertionError('not returned')


def transactions():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.tx_select()
        ch.basic_publish('', q, b'no')
        ch.tx_rollback()
        ch.basic_publish('', q, b'yes')
        assert bodies(ch.connection.channel(), q) == []
        ch.tx_commit()
        other = ch.connection.channel()
        assert bodies(other, q) == [b'yes']
        ch.basic_publish('', q, b'ack me')
        ch.tx_commit()
        m, _, _ = ch.basic_get(q)
        ch.basic_ack(m.delivery_tag)
        ch.tx_rollback()
        ch.basic_ack(m.delivery_tag)
        ch.tx_commit()
        assert bodies(other, q) == []


def recover():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.confirm_delivery()
        ch.basic_publish('', q, b'x')
        assert not ch.basic_get(q)[0].redelivered
        ch.basic_recover(requeue=True)
        assert ch.basic_get(q)[0].redelivered


def cancel_notify():
    with Session() as ch:
        q = ch.queue_declare(name(), auto_delete=True).method.queue
        told = []
        ch.add_on_cancel_callback(lambda m: told.append(m.method.consumer_tag))
        ch.basic_consume(q, lambda *a: None, consumer_tag='me')
        ch.connection.channel().queue_delete(q)
        comes(ch, told, 1)
        assert told == ['me'], told


def counts_and_purge():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.confirm_delivery()
        for _ in range(5):
            ch.basic_publish('', q, b'x')
        assert ch.queue_declare(q, passive=True).method.message_count == 5
        assert ch.queue_purge(q).method.message_count == 5
        assert ch.queue_delete(q, if_empty=True).method.message_count == 0


def exclusive_queues_go_with_their_connection():
    with Session() as ch:
        q = ch.queue_declare(name(), exclusive=True).method.queue
        with Session() as other:
            try:
                other.queue_declare(q, passive=True)
            except ChannelClosedByBroker as e:
                assert e.reply_code == 405 and 'RESOURCE_LOCKED' in e.reply_text
            else:
                raise AssertionError('not locked')
    refused(404, f"NOT_FOUND - no queue '{q}' in vhost '/'",
            lambda ch: ch.queue_declare(q, passive=True))


def auto_delete_queues_go_with_their_last_consumer():
    with Session() as ch:
        q = ch.queue_declare(name(), auto_delete=True).method.queue
        ch.basic_consume(q, lambda *a: None, consumer_tag='c')
        ch.basic_cancel('c')
        refused(404, 'no queue', lambda c: c.queue_declare(q, passive=True))


def errors():
    refused(404, "NOT_FOUND - no exchange 'nope' in vhost '/'",
            lambda ch: ch.basic_publish('nope', '', b''))
    refused(404, "NOT_FOUND - no queue 'nope' in vhost '/'", lambda ch: ch.basic_get('nope'))
    q = name()
    refused(406, f"PRECONDITION_FAILED - inequivalent arg 'durable' for queue '{q}' in vhost '/': "
                 "received 'true' but current is 'false'",
            lambda ch: (ch.queue_declare(q, auto_delete=True),
                        ch.queue_declare(q, auto_delete=True, durable=True)))
    refused(406, 'PRECONDITION_FAILED - unknown delivery tag 99', lambda ch: ch.basic_ack(99))
    refused(403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
            lambda ch: ch.exchange_declare('amq.mine', 'direct'))
    refused(406, "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.direct' in vhost "
                 "'/': received 'fanout' but current is 'direct'",
            lambda ch: ch.exchange_declare('amq.direct', 'fanout', durable=True))


    refused(405, 'RESOURCE_LOCKED - cannot obtain exclusive access to locked queue',
            lambda ch: locked(ch))
    refused(403, 'ACCESS_REFUSED - operation not permitted on the default exchange',
            lambda ch: ch.queue_bind(ch.queue_declare('', exclusive=True).method.queue, '', 'k'))
    refused(403, "ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not "
                 "allowed", lambda ch: ch.exchange_delete('amq.direct'))
    refused(403, 'in exclusive use', exclusive_consumer)
    refused(406, 'PRECONDITION_FAILED - cannot switch from tx to confirm mode',
            lambda ch: (ch.tx_select(), ch.confirm_delivery()))
    refused(406, 'PRECONDITION_FAILED - channel is not transactional', lambda ch: ch.tx_commit())
    refused(406, "PRECONDITION_FAILED - user_id property set to 'me' but authenticated user was "
                 "'guest'",
            lambda ch: ch.basic_publish('', 'q', b'', pika.BasicProperties(user_id='me')))
    refused(406, "PRECONDITION_FAILED - invalid expiration 'soon': no_integer",
            lambda ch: ch.basic_publish('', 'q', b'', pika.BasicProperties(expiration='soon')))


def locked(ch):
    with Session() as owner:
        ch.basic_get(owner.queue_declare(name(), exclusive=True).method.queue)


def exclusive_consumer(ch):
    q = ch.queue_declare(name(), exclusive=True).method.queue
    ch.basic_consume(q, lambda *a: None, exclusive=True)
    ch.basic_consume(q, lambda *a: None)


def connection_errors():
    c = connect()
    try:
        c.channel().exchange_declare('x', 'no-such-type')
        raise AssertionError('not refused')
    except (ConnectionClosedByBroker, ChannelClosedByBroker) as e:
        assert 'invalid exchange type' in e.reply_text or 'unknown exchange type' in e.reply_text, e
    for credentials in (pika.PlainCredentials('guest', 'wrong'), pika.PlainCredentials('x', 'y')):
        try:
            connect(credentials=credentials)
            raise AssertionError('let in')
        except ProbableAuthenticationError as e:
            assert 'ACCESS_REFUSED' in str(e), e
    try:
        connect(virtual_host='nope')
        raise AssertionError('let in')
    except (ConnectionClosedByBroker, pika.exceptions.ProbableAccessDeniedError) as e:
        assert 'vhost nope not found' in str(e), e


def dead_letters():
    with Session() as ch:
        dead = ch.queue_declare('', exclusive=True).method.queue
        q = ch.queue_declare('', exclusive=True, arguments={
            'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead}).method.queue
        ch.confirm_delivery()
        ch.basic_publish('', q, b'x', pika.BasicProperties(headers={'mine': 1, 'x-death': 'lie'}))
        for _ in range(2):   # sent again by a client, the history is only data
            m, props, _ = ch.basic_get(q)
            ch.basic_reject(m.delivery_tag, requeue=False)
            m, props, body = get(ch, dead)
            assert body == b'x' and m.exchange == '' and m.routing_key == dead
            h = props.headers
            death = h['x-death'][0]
            assert len(h['x-death']) == 1 and death['count'] == 1, h
            assert (death['queue'], death['reason'], death['exchange']) == (q, 'rejected', '')
            assert death['routing-keys'] == [q]
            assert (h['x-first-death-queue'], h['x-last-death-reason']) == (q, 'rejected')
            assert h['mine'] == 1
            ch.basic_publish('', q, body, props)


def time_to_live():
    with Session() as ch:
        dead = ch.queue_declare('', exclusive=True).method.queue
        q = ch.queue_declare('', exclusive=True, arguments={
            'x-message-ttl': 2000, 'x-dead-letter-exchange': 'amq.direct',
            'x-dead-letter-routing-key': 'late'}).method.queue
        ch.queue_bind(dead, 'amq.direct', 'late')
        ch.confirm_delivery()
        ch.basic_publish('', q, b'queue')
        ch.basic_publish('', q, b'own', pika.BasicProperties(expiration='40'))
        until = time.monotonic() + 30
        while ch.queue_declare(dead, passive=True).method.message_count < 2:
            assert time.monotonic() < until, 'they do not expire'
            time.sleep(0.05)
        assert ch.queue_declare(q, passive=True).method.message_count == 0
        first, second = get(ch, dead), get(ch, dead)  # each at its own time, wherever it stands
        assert first[2] == b'own' and second[2] == b'queue'
        death = first[1].headers['x-death'][0]
        assert death['reason'] == 'expired' and death['original-expiration'] == '40'
        assert first[1].expiration is None
        none = ch.queue_declare('', exclusive=True, arguments={'x-message-ttl': 0}).method.queue
        ch.basic_publish('', none, b'gone')
        assert bodies(ch, none) == []
        got = []
        ch.basic_consume(none, lambda c, m, p, b: got.append(b))
        ch.basic_publish('', none, b'taken')
        comes(ch, got, 1)
        assert got == [b'taken'], got
    refused(406, "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'i.bad' in "
                 "vhost '/': {value_negative,-1}",
            lambda ch: ch.queue_declare('i.bad', arguments={'x-message-ttl': -1}))
    refused(406, 'routing_key_but_no_dlx_defined', lambda ch: ch.queue_declare(
        'i.bad', arguments={'x-dead-letter-routing-key': 'k'}))


def large_bodies():
    with Session() as ch:
        q = ch.queue_declare('', exclusive=True).method.queue
        ch.confirm_delivery()
        for n in (0, 1, 131064, 131065, 3 << 20):
            ch.basic_publish('', q, b'x' * n)
            assert len(get(ch, q)[2]) == n


def consumer_sees_all_in_order():
    with Session() as ch:
        q = ch.queue_declare(name(), durable=True).method.queue
        ch.confirm_delivery()
        for i in range(500):
            ch.basic_publish('', q, str(i).encode(), PERSISTENT)
        ch.basic_qos(prefetch_count=50)
        got = []
        for method, _, body in ch.consume(q, inactivity_timeout=30):
            if method is None:
                break
            got.append(int(body))
            ch.basic_ack(method.delivery_tag)
            if len(got) == 500:
                break
        assert got == list(range(500))
        ch.cancel()
        ch.queue_delete(q)


def crash_keeps_what_was_confirmed():
    x, q, fleeting = name(), name(), name()
    with Session() as ch:
        ch.exchange_declare(x, 'topic', durable=True)
        ch.queue_declare(q, durable=True)
        ch.queue_declare(fleeting)
        ch.queue_bind(q, x, 'a.#')
        ch.confirm_delivery()
        for i in range(100):
            ch.basic_publish(x, 'a.b', str(i).encode(), PERSISTENT)
        ch.basic_publish(x, 'a.b', b'transient')
        other = ch.connection.channel()
        other.tx_select()
        m, _, body = other.basic_get(q)
        assert body == b'0'
        other.basic_ack(m.delivery_tag)
        other.tx_commit()
        assert other.basic_get(q)[2] == b'1'   # and it stays unacked
        broker('crash')
        broker('start')
    with Session() as ch:
        ch.confirm_delivery()
        ch.basic_publish(x, 'a.c', b'after', PERSISTENT, mandatory=True)
        left = bodies(ch, q)
        assert left == [str(i).encode() for i in range(1, 100)] + [b'after'], left[:5]
        ch.queue_delete(q)
        ch.exchange_delete(x)
    refused(404, 'no queue', lambda ch: ch.queue_declare(fleeting, passive=True))


def offsets(ch, queue, start, n):
    """The offsets of the first n messages from there on, whose bodies say what they should be."""
    got = []
    for method, props, body in ch.consume(queue, arguments={'x-stream-offset': start}):
        got.append(props.headers['x-stream-offset'])
        assert int(body) == got[-1], (body, got)
        ch.basic_ack(method.delivery_tag)
        if len(got) == n:
            ch.cancel()
            return got


def streams():
    stream = name()
    with Session() as ch:
        ch.queue_declare(stream, durable=True, arguments={'x-queue-type': 'stream'})
        ch.confirm_delivery()
        ch.basic_qos(prefetch_count=5)
        for i in range(10):
            ch.basic_publish('', stream, str(i))
        time.sleep(1.1)
        since = datetime.datetime.fromtimestamp(int(time.time()), datetime.timezone.utc)
        for i in range(10, 20):
            ch.basic_publish('', stream, str(i))
        assert offsets(ch, stream, 'first', 20) == list(range(20))
        assert offsets(ch, stream, since, 10) == list(range(10, 20))
        assert offsets(ch, stream, 7, 13) == list(range(7, 20))
        ch.queue_delete(stream)


def late_reader_of_a_table():
    """One value of each key that is left, and then what comes, without a gap."""
    stream = name()

    def set_row(ch, key, value):
        ch.basic_publish('', stream, value, pika.BasicProperties(headers={'id': key}))

    with Session() as ch:
        ch.queue_declare(stream, durable=True, arguments={
            'x-queue-type': 'stream', 'x-compact-key': 'header:id', 'x-compact-lag': '1s'})
        ch.confirm_delivery()
        ch.basic_qos(prefetch_count=100)
        table = {}
        for i in range(400):
            key = i % 7 if i % 3 else i % 20
            table[key] = b'' if i % 19 == 0 else b'%d' % i
            set_row(ch, key, table[key])
        until = time.monotonic() + 20
        while ch.queue_declare(stream, passive=True).method.message_count > len(table):
            assert time.monotonic() < until, 'it does not get shorter'
            time.sleep(0.1)
        read, last, live = {}, -1, 0
        for method, props, body in ch.consume(stream, arguments={'x-stream-offset': 'first'}):
            offset, key = props.headers['x-stream-offset'], props.headers['id']
            assert offset > last and offset in (range(400) if last < 399 else [last + 1]), offset
            assert offset >= 400 or key not in read, key
            read[key], last = body, offset
            ch.basic_ack(method.delivery_tag)
            if offset == 399:
                assert read == table, (read, table)
            if offset >= 399 and live < 50:
                key = live % 5
                table[key] = b'live %d' % live
                set_row(ch, key, table[key])
                live += 1
            if offset == 449:
                ch.cancel()
                break
        assert read == table, (read, table)
        ch.queue_delete(stream)


def work(partitions):
    """Consumes them all, and says what comes before it acks it."""
    with Session() as ch:
        ch.basic_qos(prefetch_count=10)
        for partition in partitions:
            def on_message(ch, method, _, body, partition=partition):
                print(time.monotonic(), partition, body.decode(), flush=True)
                ch.basic_ack(method.delivery_tag)
            ch.basic_consume(partition, on_message, arguments={
                'x-stream-offset': 'first', 'x-stream-offset-name': 'workers'})
        ch.start_consuming()


class Workers:
    """Processes; what they said is [(when, who, partition, key, number)]."""

    def __init__(self, n, partitions):
        self.said = []
        self.all = [subprocess.Popen([sys.executable, __file__, str(PORT), 'worker', *partitions],
                                     stdout=subprocess.PIPE, text=True) for _ in range(n)]
        self.threads = [threading.Thread(target=self.listen, args=[i]) for i in range(n)]
        for thread in self.threads:
            thread.start()

    def listen(self, who):
        for line in self.all[who].stdout:
            when, partition, key, number = line.split()
            self.said.append((float(when), who, partition, key, int(number)))

    def seen(self):
        return {(key, number) for _, _, _, key, number in list(self.said)}

    def await_seen(self, n):
        limit = time.monotonic() + 120
        while len(self.seen()) < n:
            assert time.monotonic() < limit, f'{len(self.seen())} of {n} came'
            time.sleep(0.05)

    def kill(self, who):
        self.all[who].kill()
        self.all[who].wait()
        self.threads[who].join()


def check_partition(said):
    """One worker after the other, none of them twice; each key in order, and none passed over."""
    workers = [who for who, _, _ in said]
    changes = [w for i, w in enumerate(workers) if i == 0 or w != workers[i - 1]]
    assert len(changes) == len(set(changes)), changes
    last = {}
    for i, (who, key, number) in enumerate(said):
        came_by, before = last.get(key, (who, -1))
        assert number == before + 1 or (came_by != who and number <= before), (i, key, number)
        last[key] = who, number


def consume_super_stream(arguments):
    """Three workers; two die one after the other while somebody publishes."""
    x, keys, rounds = name(), [f'key{i}' for i in range(20)], 30
    partitions = [f'{x}-{i}' for i in range(4)]
    with Session() as ch:
        ch.exchange_declare(x, 'x-super-stream', durable=True)
        for i, partition in enumerate(partitions):
            ch.queue_declare(partition, durable=True,
                             arguments={**arguments, 'x-single-active-consumer': True})
            ch.queue_bind(partition, x, str(i))
        ch.confirm_delivery()
        workers = Workers(3, partitions)
        for i in range(rounds):
            for key in keys:
                ch.basic_publish(x, key, f'{key} {i}', PERSISTENT, mandatory=True)
            if i in (9, 19):
                workers.await_seen(len(keys) * i)
                workers.kill(i // 10)
        workers.await_seen(len(keys) * rounds)
        workers.kill(2)
        for partition in partitions:
            check_partition([(who, key, number) for _, who, where, key, number
                             in sorted(workers.said) if where == partition])
            ch.queue_delete(partition)
        assert len({where for _, _, where, _, _ in workers.said}) == 4
        ch.exchange_delete(x)


def super_stream_of_streams():
    consume_super_stream({'x-queue-type': 'stream'})


def super_stream_of_queues():
    consume_super_stream({})


def retention():
    """While a consumer takes what comes, another reads what there was, twice."""
    queue = name()
    taken = []

    def work(ready):
        with Session() as ch:
            ch.basic_qos(prefetch_count=10)
            for method, _, body in ch.consume(queue, inactivity_timeout=30):
                taken.append(int(body))
                ch.basic_ack(method.delivery_tag)
                ready.set()
                if len(taken) == 400:
                    ch.cancel()
                    return

    with Session() as ch:
        ch.queue_declare(queue, durable=True, arguments={'x-retain-ms': 3600000})
        ch.confirm_delivery()
        ch.basic_qos(prefetch_count=20)
        ready = threading.Event()
        worker = threading.Thread(target=work, args=[ready])
        worker.start()
        for i in range(200):
            ch.basic_publish('', queue, str(i), PERSISTENT)
        assert ready.wait(30)
        assert offsets(ch, queue, 'first', 200) == list(range(200))
        for i in range(200, 400):
            ch.basic_publish('', queue, str(i), PERSISTENT)
        assert offsets(ch, queue, 0, 400) == list(range(400))
        assert offsets(ch, queue, 'last', 1) == [399]
        worker.join(30)
        assert taken == list(range(400)), taken
        assert ch.queue_declare(queue, passive=True).method.message_count == 0
        ch.queue_delete(queue)


def stopping_says_so():
    c = connect()
    stop = threading.Thread(target=broker, args=['stop'])
    stop.start()
    try:
        while True:
            c.process_data_events(1)
    except ConnectionClosedByBroker as e:
        assert e.reply_code == 320, e
        assert e.reply_text.startswith('CONNECTION_FORCED - broker forced connection closure'), e
    stop.join()
    broker('start')


def main():
    failed = 0
    cases = [
        direct, fanout, topic, headers, exchange_to_exchange_and_alternate, properties_come_back,
        prefetch, nack_requeues_in_place, unacked_come_back_when_the_channel_goes,
        mandatory_returns, transactions, recover, cancel_notify, counts_and_purge,
        exclusive_queues_go_with_their_connection, auto_delete_queues_go_with_their_last_consumer,
        errors, connection_errors,
        dead_letters, time_to_live, streams, late_reader_of_a_table, super_stream_of_streams,
        super_stream_of_queues, retention, large_bodies, consumer_sees_all_in_order,
        crash_keeps_what_was_confirmed, stopping_says_so]
    for case in cases:
        try:
            case()
            print('ok', case.__name__)
        except Exception as e:  # every trouble is this case's
            failed += 1
            print('FAIL', case.__name__ + ':', type(e).__name__, e)
    print('passed', len(cases) - failed, 'failed', failed, 'pika')
    sys.exit(failed != 0)


if sys.argv[2:3] == ['worker']:
    work(sys.argv[3:])
else:
    main()
