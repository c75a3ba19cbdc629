# SPDX-License-Identifier: Apache-2.0
"""The forty scenarios with pika's BlockingConnection.  usage: drive.py PORT [NUMBER ...]"""
import datetime
import time

import pika
from pika.exceptions import (AMQPConnectionError, ChannelClosedByBroker, ConnectionClosedByBroker,
                             ProbableAccessDeniedError, ProbableAuthenticationError,
                             UnroutableError)

from scenarios import PORT, broker, main, name, part, same

PERSISTENT = pika.BasicProperties(delivery_mode=2)
FRAME_MAX = 131072


def open_connection(**more):
    return pika.BlockingConnection(
        pika.ConnectionParameters('127.0.0.1', PORT, heartbeat=30, **more))


class Session:
    """A connection with a channel whose publishes are confirmed."""
    def __init__(self, confirm=True):
        self.confirm = confirm

    def __enter__(self):
        self.connection = open_connection()
        ch = self.connection.channel()
        if self.confirm:
            ch.confirm_delivery()
        return ch

    def __exit__(self, *_):
        if self.connection.is_open:
            self.connection.close()


def queue(ch, **more):
    return ch.queue_declare('', exclusive=True, **more).method.queue


def put(ch, q, *what):
    for each in what:
        ch.basic_publish('', q, each.encode())


def bodies(ch, q):
    out = []
    while True:
        method, _, body = ch.basic_get(q, auto_ack=True)
        if method is None:
            return out
        out.append(body.decode())


def refused(code, action, *args, **named):
    try:
        action(*args, **named)
    except (ChannelClosedByBroker, ConnectionClosedByBroker) as e:
        same(e.reply_code, code)
        return e.reply_text
    raise AssertionError(f'not refused with {code}')


def wait(ch, until, limit_s=5):
    end = time.monotonic() + limit_s
    while not until() and time.monotonic() < end:
        ch.connection.process_data_events(0.05)


def connect():
    c = open_connection()
    about = c._impl.server_properties
    assert about['product'] and about['version'], about
    same(c._impl.params.heartbeat, 30)
    ch = c.channel()
    assert ch.is_open
    ch.close()
    c.close()
    assert c.is_closed


def login_refused():
    try:
        open_connection(credentials=pika.PlainCredentials('guest', 'wrong'))
    except ProbableAuthenticationError as e:
        assert '403' in str(e), e
        return
    raise AssertionError('let in')


def vhost_unknown():
    try:
        open_connection(virtual_host='nope')
    except (ConnectionClosedByBroker, ProbableAccessDeniedError) as e:
        assert '530' in str(e), e
        return
    raise AssertionError('let in')


def channels():
    c = open_connection()
    chs = [c.channel() for _ in range(50)]
    for ch in chs:
        queue(ch)
    same(len({ch.channel_number for ch in chs}), 50)
    for ch in chs:
        ch.close()
    c.close()


def queue_declare():
    with Session() as ch:
        durable = name()
        ch.queue_declare(durable, durable=True)
        put(ch, durable, 'a', 'b')
        ok = ch.queue_declare(durable, passive=True).method
        same((ok.message_count, ok.consumer_count), (2, 0))
        ch.queue_delete(durable)
        assert queue(ch).startswith('amq.gen-')
        short = ch.queue_declare(name(), auto_delete=True).method.queue
        tag = ch.basic_consume(short, lambda *a: None)
        same(ch.queue_declare(short, passive=True).method.consumer_count, 1)
        ch.basic_cancel(tag)
        refused(404, ch.queue_declare, short, passive=True)


def queue_mismatch():
    with Session() as ch:
        q = name()
        ch.queue_declare(q, durable=True)
        refused(406, ch.queue_declare, q, durable=False)
        ch.connection.channel().queue_delete(q)


def queue_purge_delete():
    with Session() as ch:
        q = name()
        ch.queue_declare(q)
        put(ch, q, 'a', 'b', 'c')
        same(ch.queue_purge(q).method.message_count, 3)
        put(ch, q, 'd', 'e')
        refused(406, ch.queue_delete, q, if_empty=True)
        other = ch.connection.channel()
        third = ch.connection.channel()
        third.basic_qos(prefetch_count=1)
        tag = third.basic_consume(q, lambda *a: None)
        refused(406, other.queue_delete, q, if_unused=True)
        third.basic_cancel(tag)
        third.close()
        same(ch.connection.channel().queue_delete(q).method.message_count, 2)


def exchange_declare():
    with Session() as ch:
        for kind in ('direct', 'fanout', 'topic', 'headers'):
            x = name()
            ch.exchange_declare(x, kind, durable=True)
            ch.exchange_declare(x, kind, durable=True)
            ch.exchange_delete(x)
        ch.exchange_declare('amq.topic', passive=True)
        refused(404, ch.exchange_declare, x, passive=True)


def exchange_mismatch():
    with Session() as ch:
        x = name()
        ch.exchange_declare(x, 'direct', auto_delete=True)
        refused(406, ch.exchange_declare, x, 'fanout', auto_delete=True)


def direct():
    with Session() as ch:
        one, two = queue(ch), queue(ch)
        ch.queue_bind(one, 'amq.direct', one)
        ch.queue_bind(two, 'amq.direct', two)
        for key in (one, two, name()):
            ch.basic_publish('amq.direct', key, key.encode())
        same((bodies(ch, one), bodies(ch, two)), ([one], [two]))


def fanout():
    with Session() as ch:
        x = name()
        ch.exchange_declare(x, 'fanout', auto_delete=True)
        qs = [queue(ch) for _ in range(3)]
        for q in qs:
            ch.queue_bind(q, x)
        for i in range(5):
            ch.basic_publish(x, str(i), str(i).encode())
        for q in qs:
            same(bodies(ch, q), list('01234'))


def topic():
    with Session() as ch:
        q = queue(ch)
        for key in ('a.*.c', '#.z', 'k.#'):
            ch.queue_bind(q, 'amq.topic', key)
        for key in ('a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', ''):
            ch.basic_publish('amq.topic', key, key.encode())
        same(bodies(ch, q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])


def headers():
    with Session() as ch:
        both, either = queue(ch), queue(ch)
        wanted = {'kind': 'report', 'size': 7}
        ch.queue_bind(both, 'amq.headers', '', {**wanted, 'x-match': 'all'})
        ch.queue_bind(either, 'amq.headers', '', {**wanted, 'x-match': 'any'})
        for body, h in (('2', wanted), ('1', {'kind': 'report'}), ('0', {'size': 8}), ('n', {})):
            ch.basic_publish('amq.headers', '', body.encode(), pika.BasicProperties(headers=h))
        same((bodies(ch, both), bodies(ch, either)), (['2'], ['2', '1']))


def exchange_bind():
    with Session() as ch:
        outer, inner, q = name(), name(), queue(ch)
        ch.exchange_declare(outer, 'topic', auto_delete=True)
        ch.exchange_declare(inner, 'fanout', auto_delete=True)
        ch.exchange_bind(inner, outer, 'in.#')
        ch.queue_bind(q, inner)
        for key in ('in.a', 'out'):
            ch.basic_publish(outer, key, key.encode())
        same(bodies(ch, q), ['in.a'])
        ch.exchange_unbind(inner, outer, 'in.#')


def alternate():
    with Session() as ch:
        spill, x, lost = name(), name(), queue(ch)
        ch.exchange_declare(spill, 'fanout', auto_delete=True)
        ch.queue_bind(lost, spill)
        ch.exchange_declare(x, 'direct', arguments={'alternate-exchange': spill})
        ch.basic_publish(x, 'nowhere', b'spilt', mandatory=True)
        same(bodies(ch, lost), ['spilt'])
        ch.exchange_delete(x)


def unbind():
    with Session() as ch:
        q = queue(ch)
        ch.queue_bind(q, 'amq.direct', q)
        ch.basic_publish('amq.direct', q, b'before')
        ch.queue_unbind(q, 'amq.direct', q)
        ch.basic_publish('amq.direct', q, b'after')
        same(bodies(ch, q), ['before'])


def default_exchange():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'x')
        method, _, body = ch.basic_get(q, auto_ack=True)
        same((method.exchange, method.routing_key, body), ('', q, b'x'))


def properties():
    with Session() as ch:
        q = queue(ch)
        sent = pika.BasicProperties(
            content_type='text/plain', content_encoding='utf-8', delivery_mode=2, priority=3,
            correlation_id='c', reply_to='r', expiration='60000', message_id='m',
            timestamp=1700000000, type='t', user_id='guest', app_id='a', cluster_id='l',
            headers={'a': 'b'})
        ch.basic_publish('', q, b'x', sent)
        _, got, _ = ch.basic_get(q, auto_ack=True)
        same(vars(got), vars(sent))


@part('has no way to send a float')
def header_types():
    with Session() as ch:
        q = queue(ch)
        sent = {'text': 'grün', 'small': 1, 'negative': -2, 'large': 1 << 40, 'yes': True,
                'no': False, 'bytes': b'\x00\xff', 'null': None,
                'table': {'deep': {'deeper': -1}}, 'array': [1, 'a', {'n': None}],
                'time': datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)}
        ch.basic_publish('', q, b'x', pika.BasicProperties(headers=sent))
        _, got, _ = ch.basic_get(q, auto_ack=True)
        if got.headers['time'].tzinfo is None:
            sent['time'] = sent['time'].replace(tzinfo=None)
        same(got.headers, sent)


def sizes():
    yield from (0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, 1048577)


def bodies_():
    with Session() as ch:
        q = queue(ch)
        for n in sizes():
            body = bytes(i * 7 % 251 for i in range(n))
            ch.basic_publish('', q, body)
            got = ch.basic_get(q, auto_ack=True)[2]
            assert got == body, f'{n} bytes differ'


def confirm():
    with Session() as ch:
        q = queue(ch)
        for i in range(1000):   # each call returns at its confirm
            ch.basic_publish('', q, str(i).encode(), PERSISTENT)
        same(ch.queue_declare(q, passive=True).method.message_count, 1000)


def confirm_mixed():
    with Session() as ch:
        q = queue(ch)
        for i in range(1000):
            ch.basic_publish('', name() if i % 10 == 0 else q, b'x',
                             PERSISTENT if i % 2 else None)
        same(ch.queue_declare(q, passive=True).method.message_count, 900)


def mandatory():
    with Session() as ch:
        q = queue(ch)
        try:
            ch.basic_publish('', name(), b'nobody', mandatory=True)
        except UnroutableError as e:
            same((e.messages[0].method.reply_code, e.messages[0].body), (312, b'nobody'))
        else:
            raise AssertionError('not returned')
        ch.basic_publish('', q, b'x', mandatory=True)
        same(bodies(ch, q), ['x'])


def exchange_missing():
    with Session() as ch:
        other = ch.connection.channel()
        refused(404, ch.basic_publish, name(), '', b'x')
        q = queue(other)
        put(other, q, 'on')
        same(bodies(other, q), ['on'])


def get():
    with Session() as ch:
        q = queue(ch)
        same(ch.basic_get(q)[0], None)
        put(ch, q, 'a', 'b', 'c')
        method, _, body = ch.basic_get(q)
        same((body, method.message_count), (b'a', 2))
        ch.basic_ack(method.delivery_tag)


def consumed(ch, q, n, auto_ack):
    got = []
    for method, _, body in ch.consume(q, auto_ack=auto_ack, inactivity_timeout=3):
        if method is None:
            break
        got.append(int(body))
        if not auto_ack:
            ch.basic_ack(method.delivery_tag)
        if len(got) == n:
            break
    ch.cancel()
    return got


def consume():
    with Session(confirm=False) as ch:
        q = queue(ch)
        put(ch, q, *map(str, range(1000)))
        ch.basic_qos(prefetch_count=50)
        same(consumed(ch, q, 1000, False), list(range(1000)))
        same(ch.queue_declare(q, passive=True).method.message_count, 0)


def no_ack():
    with Session(confirm=False) as ch:
        q = queue(ch)
        put(ch, q, *map(str, range(1000)))
        same(consumed(ch, q, 1000, True), list(range(1000)))
        same(ch.queue_declare(q, passive=True).method.message_count, 0)


def prefetch():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, *map(str, range(30)))
        ch.basic_qos(prefetch_count=10)
        got = []
        ch.basic_consume(q, lambda c, m, p, b: got.append(m.delivery_tag))
        ch.connection.process_data_events(0.3)
        same(len(got), 10)
        ch.basic_ack(got[4], multiple=True)
        ch.connection.process_data_events(0.3)
        same(len(got), 15)


def prefetch_global():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, *map(str, range(30)))
        ch.basic_qos(prefetch_count=10, global_qos=True)
        got = []
        for _ in range(2):
            ch.basic_consume(q, lambda c, m, p, b: got.append(m.delivery_tag))
        ch.connection.process_data_events(0.3)
        same(len(got), 10)
        ch.basic_ack(0, multiple=True)
        ch.connection.process_data_events(0.3)
        same(len(got), 20)


def nack_requeue():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b')
        first = ch.basic_get(q)[0]
        assert not first.redelivered
        ch.basic_nack(first.delivery_tag, requeue=True)
        again, _, body = ch.basic_get(q)
        same((body, again.redelivered), (b'a', True))


def reject():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b')
        ch.basic_reject(ch.basic_get(q)[0].delivery_tag, requeue=False)
        same(bodies(ch, q), ['b'])


def ack_multiple():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b', 'c', 'd')
        other = ch.connection.channel()
        tags = [other.basic_get(q)[0].delivery_tag for _ in range(4)]
        other.basic_ack(tags[2], multiple=True)
        other.close()   # the fourth comes back
        same(bodies(ch, q), ['d'])


def recover():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b')
        ch.basic_get(q)
        ch.basic_get(q)
        ch.basic_recover(requeue=True)
        for body in (b'a', b'b'):
            method, _, got = ch.basic_get(q)
            same((got, method.redelivered), (body, True))


def ack_unknown():
    with Session() as ch:
        ch.basic_ack(99)
        refused(406, queue, ch)


def cancel():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a')
        got = []
        tag = ch.basic_consume(q, lambda c, m, p, b: got.append(m.delivery_tag))
        wait(ch, lambda: got)
        ch.basic_cancel(tag)
        put(ch, q, 'b')
        ch.connection.process_data_events(0.3)
        same(len(got), 1)
        ch.basic_ack(got[0])
        same(bodies(ch, q), ['b'])


def cancel_notify():
    with Session() as ch:
        q = queue(ch)
        told = []
        ch.add_on_cancel_callback(lambda frame: told.append(frame.method.consumer_tag))
        ch.basic_consume(q, lambda *a: None, consumer_tag='me')
        ch.connection.channel().queue_delete(q)
        wait(ch, lambda: told)
        same(told, ['me'])


def exclusive():
    with Session() as ch:
        q = queue(ch)
        ch.basic_consume(q, lambda *a: None, exclusive=True)
        refused(403, ch.connection.channel().basic_consume, q, lambda *a: None)
        with Session() as other:
            refused(405, other.queue_declare, q, passive=True)


def tx():
    with Session() as ch:
        q = queue(ch)
        t = ch.connection.channel()
        t.tx_select()
        put(t, q, 'no')
        t.tx_rollback()
        put(t, q, 'yes')
        same(bodies(ch, q), [])
        t.tx_commit()
        tag = t.basic_get(q)[0].delivery_tag
        t.basic_ack(tag)
        t.tx_rollback()
        t.basic_ack(tag)
        t.tx_commit()
        t.close()
        same(bodies(ch, q), [])


def dead_letter():
    with Session() as ch:
        dead = queue(ch)
        q = queue(ch, arguments={'x-message-ttl': 50, 'x-dead-letter-exchange': '',
                                 'x-dead-letter-routing-key': dead})
        put(ch, q, 'late')
        got = []
        ch.basic_consume(dead, lambda c, m, p, b: got.append((p.headers['x-death'][0], b)))
        wait(ch, lambda: got)
        death, body = got[0]
        same((body, death['queue'], death['reason'], death['count']), (b'late', q, 'expired', 1))


@part('leaves it to its user to connect again')
def restart():
    x, q = name(), name()
    ch = open_connection().channel()
    ch.confirm_delivery()
    ch.exchange_declare(x, 'topic', durable=True)
    ch.queue_declare(q, durable=True)
    ch.queue_bind(q, x, 'a.#')
    for i in range(100):
        ch.basic_publish(x, 'a.b', str(i).encode(), PERSISTENT)
    broker('crash')
    try:
        ch.connection.process_data_events(1)
        raise AssertionError('the crash was not noticed')
    except AMQPConnectionError:
        pass
    broker('start')
    with Session() as ch:
        ch.basic_publish(x, 'a.c', b'100', PERSISTENT, mandatory=True)
        same(bodies(ch, q), [str(i) for i in range(101)])
        ch.queue_delete(q)
        ch.exchange_delete(x)


main({**globals(), 'bodies': bodies_})
