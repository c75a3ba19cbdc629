# SPDX-License-Identifier: Apache-2.0
"""The forty scenarios with kombu over py-amqp.  usage: drive.py PORT [NUMBER ...]"""
import datetime
import socket
import time

import amqp.exceptions
from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.exceptions import OperationalError

from scenarios import PORT, broker, main, name, same

FRAME_MAX = 131072


def open_connection(login='guest:guest', vhost='/', **more):
    c = Connection(f'amqp://{login}@127.0.0.1:{PORT}/{vhost}', connect_timeout=10,
                   transport_options={'confirm_publish': True}, **more)
    c.connect()
    return c


class Session:
    """A connection with a channel whose publishes are confirmed."""
    def __enter__(self):
        self.connection = open_connection()
        return self.connection.channel()

    def __exit__(self, *_):
        self.connection.close()


def another(ch):
    """Another channel of the channel's connection."""
    return ch.connection.client.channel()


def queue(ch, what='', **more):
    more = {'exclusive': True, **more} if not what else more
    q = Queue(what, durable=more.pop('durable', False), **more)(ch)
    q.queue_declare()   # and that notes the name that the server gave
    return q


def exchange(ch, kind, **more):
    x = Exchange(name(), kind, durable=False, auto_delete=True, **more)(ch)
    x.declare()
    return x


def count(ch, q):
    return ch.queue_declare(q.name, passive=True).message_count


def publish(ch, x, key, body, **properties):
    body = body if isinstance(body, bytes) else str(body).encode()
    properties.setdefault('delivery_mode', 1)
    Producer(ch).publish(body, routing_key=key, exchange=x, serializer=None,
                         content_type=properties.pop('content_type', 'application/data'),
                         content_encoding=properties.pop('content_encoding', 'binary'),
                         **properties)


def put(ch, q, *what):
    for each in what:
        publish(ch, '', q.name, each)


def text(m):
    return m.body.decode() if isinstance(m.body, bytes) else bytes(m.body).decode()


def bodies(q):
    out = []
    while (m := q.get(no_ack=True)) is not None:
        out.append(text(m))
    return out


def refused(code, action, *args, **named):
    try:
        action(*args, **named)
    except amqp.exceptions.AMQPError as e:
        same(e.reply_code, code)
        return
    raise AssertionError(f'not refused with {code}')


def drain(ch, until=lambda: False, limit_s=5):
    end = time.monotonic() + limit_s
    while not until() and time.monotonic() < end:
        try:
            ch.connection.client.drain_events(timeout=0.1)
        except socket.timeout:
            pass


def listen(ch, q, got, **more):
    consumer = Consumer(ch, [q], on_message=got.append, accept=['application/data'], **more)
    consumer.consume()
    return consumer


def connect():
    c = open_connection(heartbeat=30)
    about = c.connection.server_properties
    assert about['product'] and about['version'], about
    same(c.connection.heartbeat, 30)
    ch = c.channel()
    assert ch.is_open
    ch.close()
    c.close()
    assert not c.connected


def login_refused():
    refused(403, open_connection, login='guest:wrong')


def vhost_unknown():
    refused(530, open_connection, vhost='nope')


def channels():
    c = open_connection()
    chs = [c.channel() for _ in range(50)]
    for ch in chs:
        queue(ch)
    same(len({ch.channel_id for ch in chs}), 50)
    for ch in chs:
        ch.close()
    c.close()


def queue_declare():
    with Session() as ch:
        durable = queue(ch, name(), durable=True)
        put(ch, durable, 'a', 'b')
        ok = ch.queue_declare(durable.name, passive=True)
        same((ok.message_count, ok.consumer_count), (2, 0))
        durable.delete()
        assert queue(ch).name.startswith('amq.gen-')
        short = queue(ch, name(), auto_delete=True)
        consumer = listen(ch, short, [])
        same(ch.queue_declare(short.name, passive=True).consumer_count, 1)
        consumer.cancel()
        refused(404, ch.queue_declare, short.name, passive=True)


def queue_mismatch():
    with Session() as ch:
        q = queue(ch, name(), durable=True)
        refused(406, queue, ch, q.name, durable=False)
        another(ch).queue_delete(q.name)


def queue_purge_delete():
    with Session() as ch:
        q, used = queue(ch, name()), queue(ch)
        put(ch, q, 'a', 'b', 'c')
        same(q.purge(), 3)
        put(ch, q, 'd', 'e')
        refused(406, another(ch).queue_delete, q.name, if_empty=True)
        listen(ch, used, [])
        refused(406, another(ch).queue_delete, used.name, if_unused=True)
        same(q.delete(), 2)


def exchange_declare():
    with Session() as ch:
        for kind in ('direct', 'fanout', 'topic', 'headers'):
            x = Exchange(name(), kind)(ch)
            x.declare()
            x.declare()
            x.delete()
        Exchange('amq.topic', 'topic')(ch).declare(passive=True)
        refused(404, Exchange(name(), 'topic')(ch).declare, passive=True)


def exchange_mismatch():
    with Session() as ch:
        x = exchange(ch, 'direct')
        refused(406, Exchange(x.name, 'fanout', durable=False, auto_delete=True)(ch).declare)


def direct():
    with Session() as ch:
        qs = [queue(ch), queue(ch)]
        for q in qs:
            q.bind_to('amq.direct', q.name)
        for key in (qs[0].name, qs[1].name, name()):
            publish(ch, 'amq.direct', key, key)
        same([bodies(q) for q in qs], [[q.name] for q in qs])


def fanout():
    with Session() as ch:
        x = exchange(ch, 'fanout')
        qs = [queue(ch) for _ in range(3)]
        for q in qs:
            q.bind_to(x)
        for i in range(5):
            publish(ch, x.name, str(i), i)
        for q in qs:
            same(bodies(q), list('01234'))


def topic():
    with Session() as ch:
        q = queue(ch)
        for key in ('a.*.c', '#.z', 'k.#'):
            q.bind_to('amq.topic', key)
        for key in ('a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', ''):
            publish(ch, 'amq.topic', key, key)
        same(bodies(q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])


def headers():
    with Session() as ch:
        both, either = queue(ch), queue(ch)
        wanted = {'kind': 'report', 'size': 7}
        both.bind_to('amq.headers', '', {**wanted, 'x-match': 'all'})
        either.bind_to('amq.headers', '', {**wanted, 'x-match': 'any'})
        for body, h in (('2', wanted), ('1', {'kind': 'report'}), ('0', {'size': 8}), ('n', {})):
            publish(ch, 'amq.headers', '', body, headers=h)
        same((bodies(both), bodies(either)), (['2'], ['2', '1']))


def exchange_bind():
    with Session() as ch:
        outer, inner, q = exchange(ch, 'topic'), exchange(ch, 'fanout'), queue(ch)
        inner.bind_to(outer, 'in.#')
        q.bind_to(inner)
        for key in ('in.a', 'out'):
            publish(ch, outer.name, key, key)
        same(bodies(q), ['in.a'])
        inner.unbind_from(outer, 'in.#')


def alternate():
    with Session() as ch:
        spill, lost = exchange(ch, 'fanout'), queue(ch)
        lost.bind_to(spill)
        x = exchange(ch, 'direct', arguments={'alternate-exchange': spill.name})
        publish(ch, x.name, 'nowhere', 'spilt')
        same(bodies(lost), ['spilt'])
        x.delete()


def unbind():
    with Session() as ch:
        q = queue(ch)
        q.bind_to('amq.direct', q.name)
        publish(ch, 'amq.direct', q.name, 'before')
        q.unbind_from(Exchange('amq.direct'), q.name)
        publish(ch, 'amq.direct', q.name, 'after')
        same(bodies(q), ['before'])


def default_exchange():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'x')
        m = q.get(no_ack=True)
        same((m.delivery_info['exchange'], m.delivery_info['routing_key'], text(m)),
             ('', q.name, 'x'))


def properties():
    with Session() as ch:
        q = queue(ch)
        sent = dict(delivery_mode=2, priority=3, correlation_id='c', reply_to='r', message_id='m',
                    timestamp=1700000000, type='t', user_id='guest', app_id='a', cluster_id='l')
        publish(ch, '', q.name, 'x', content_type='text/plain', content_encoding='utf-8',
                headers={'a': 'b'}, expiration=60, **sent)
        m = q.get(no_ack=True)
        got = m.properties
        when = got['timestamp']
        got['timestamp'] = int(when.timestamp()) if hasattr(when, 'timestamp') else when
        same({key: got[key] for key in sent}, sent)
        same((m.content_type, m.content_encoding, m.headers, got['expiration']),
             ('text/plain', 'utf-8', {'a': 'b'}, '60000'))


def header_types():
    """The client has text for bytes, or bytes where they are no text."""
    with Session() as ch:
        q = queue(ch)
        sent = {'text': 'grün', 'small': 1, 'negative': -2, 'large': 1 << 40, 'float': 0.5,
                'yes': True, 'no': False, 'bytes': b'\x00\xff', 'null': None,
                'table': {'deep': {'deeper': -1}}, 'array': [1, 'a', {'n': None}],
                'time': datetime.datetime(2026, 1, 2, 3, 4, 5)}
        publish(ch, '', q.name, 'x', headers=sent)
        got = q.get(no_ack=True).headers
        got['time'] = got['time'].replace(tzinfo=None)
        same(got, sent)


def bodies_():
    with Session() as ch:
        q = queue(ch)
        for n in (0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, 1048577):
            body = bytes(i * 7 % 251 for i in range(n))
            publish(ch, '', q.name, body)
            got = q.get(no_ack=True).body
            assert (got or b'') == body, f'{n} bytes differ'


def confirm():
    with Session() as ch:   # each call returns at its confirm
        q = queue(ch)
        for i in range(1000):
            publish(ch, '', q.name, i, delivery_mode=2)
        same(count(ch, q), 1000)


def confirm_mixed():
    with Session() as ch:
        q = queue(ch)
        for i in range(1000):
            publish(ch, '', q.name if i % 10 else name(), 'x', delivery_mode=1 + i % 2)
        same(count(ch, q), 900)


def mandatory():
    with Session() as ch:
        q, order = queue(ch), []
        p = Producer(ch, on_return=lambda e, x, key, m: order.append((e.reply_code, bytes(m.body))))
        for key in (name(), q.name):
            p.publish(b'nobody', routing_key=key, exchange='', mandatory=True, serializer=None,
                      content_type='application/data', content_encoding='binary')
            order.append('ok')
        same(order, [(312, b'nobody'), 'ok', 'ok'])


def exchange_missing():
    with Session() as ch:
        other = another(ch)
        refused(404, publish, ch, name(), '', 'x')
        q = queue(other)
        put(other, q, 'on')
        same(bodies(q), ['on'])


def get():
    with Session() as ch:
        q = queue(ch)
        same(q.get(), None)
        put(ch, q, 'a', 'b', 'c')
        m = q.get()
        same((text(m), m.delivery_info['message_count']), ('a', 2))
        m.ack()


def consume():
    with Session() as ch:
        q, got = queue(ch), []
        put(ch, q, *range(1000))

        def take(m):
            got.append(int(text(m)))
            m.ack()
        consumer = Consumer(ch, [q], on_message=take, prefetch_count=50)
        consumer.consume()
        drain(ch, lambda: len(got) >= 1000)
        same((got, count(ch, q)), (list(range(1000)), 0))


def no_ack():
    with Session() as ch:
        q, got = queue(ch), []
        put(ch, q, *range(1000))
        listen(ch, q, got, no_ack=True)
        drain(ch, lambda: len(got) >= 1000)
        same(([int(text(m)) for m in got], count(ch, q)), (list(range(1000)), 0))


def prefetch():
    with Session() as ch:
        q, got = queue(ch), []
        put(ch, q, *range(30))
        listen(ch, q, got, prefetch_count=10)
        drain(ch, limit_s=0.3)
        same(len(got), 10)
        got[4].ack(multiple=True)
        drain(ch, limit_s=0.3)
        same(len(got), 15)


def prefetch_global():
    with Session() as ch:
        q, got = queue(ch), []
        put(ch, q, *range(30))
        consumers = [Consumer(ch, [q], on_message=got.append) for _ in range(2)]
        consumers[0].qos(prefetch_count=10, apply_global=True)
        for consumer in consumers:
            consumer.consume()
        drain(ch, limit_s=0.3)
        same(len(got), 10)
        got[9].ack(multiple=True)
        drain(ch, limit_s=0.3)
        same(len(got), 20)


nack_requeue = 'no call for basic.nack; requeue() sends basic.reject'


def reject():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b')
        q.get().requeue()
        again = q.get()
        same((text(again), again.delivery_info['redelivered']), ('a', True))
        again.reject()
        same(bodies(q), ['b'])


def ack_multiple():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b', 'c', 'd')
        other = another(ch)
        got = [q(other).get() for _ in range(4)]
        got[2].ack(multiple=True)
        other.close()   # the fourth comes back
        same(bodies(q), ['d'])


def recover():
    with Session() as ch:
        q = queue(ch)
        put(ch, q, 'a', 'b')
        q.get(), q.get()
        Consumer(ch, [q], auto_declare=False).recover(requeue=True)
        for body in ('a', 'b'):
            m = q.get()
            same((text(m), m.delivery_info['redelivered']), (body, True))


def ack_unknown():
    with Session() as ch:
        ch.basic_ack(99)
        refused(406, queue, ch)


def cancel():
    with Session() as ch:
        q, got = queue(ch, name()), []   # an exclusive one would go with its consumer
        put(ch, q, 'a')
        consumer = listen(ch, q, got)
        drain(ch, lambda: got)
        consumer.cancel()
        put(ch, q, 'b')
        drain(ch, limit_s=0.2)
        same(len(got), 1)
        got[0].ack()
        same(bodies(q), ['b'])
        q.delete()


def cancel_notify():
    with Session() as ch:
        q = queue(ch)
        listen(ch, q, [])
        try:
            another(ch).queue_delete(q.name)
            drain(ch)
        except amqp.exceptions.ConsumerCancelled:
            return
        raise AssertionError('not told')


def exclusive():
    with Session() as ch:
        q = queue(ch)
        ch.basic_consume(q.name, exclusive=True, callback=lambda m: None)
        refused(403, listen, another(ch), q, [])
        with Session() as far:
            refused(405, far.queue_declare, q.name, passive=True)


def tx():
    with Session() as ch:
        q = queue(ch, name(), auto_delete=True)
        c = Connection(f'amqp://guest:guest@127.0.0.1:{PORT}//')   # nothing is confirmed here
        t = c.channel()
        t.tx_select()
        put(t, q, 'no')
        t.tx_rollback()
        put(t, q, 'yes')
        same(bodies(q), [])
        t.tx_commit()
        m = q(t).get()
        same(text(m), 'yes')
        t.basic_ack(m.delivery_tag)
        t.tx_rollback()
        t.basic_ack(m.delivery_tag)
        t.tx_commit()
        c.close()
        same(bodies(q), [])
        q.delete()


def dead_letter():
    with Session() as ch:
        dead, got = queue(ch), []
        q = queue(ch, queue_arguments={'x-message-ttl': 50, 'x-dead-letter-exchange': '',
                                       'x-dead-letter-routing-key': dead.name})
        put(ch, q, 'late')
        listen(ch, dead, got)
        drain(ch, lambda: got)
        death = got[0].headers['x-death'][0]
        same((text(got[0]), death['queue'], death['reason'], death['count']),
             ('late', q.name, 'expired', 1))


def restart():
    """A publish that may retry connects again by itself."""
    x = Exchange(name(), 'topic')
    q = Queue(name(), x, routing_key='a.#')
    c = open_connection()
    p = Producer(c)

    def send(key, body):
        p.publish(str(body).encode(), routing_key=key, exchange=x, declare=[x, q], retry=True,
                  retry_policy={'interval_start': 0.1, 'max_retries': 20}, serializer=None,
                  content_type='application/data', content_encoding='binary')
    for i in range(100):
        send('a.b', i)
    broker('crash')
    try:
        c.drain_events(timeout=2)
        raise AssertionError('the crash was not noticed')
    except (OperationalError, OSError):
        broker('start')
    send('a.c', 100)
    with Session() as ch:
        same(bodies(q(ch)), [str(i) for i in range(101)])
        q(ch).delete()
        x(ch).delete()
    c.close()


main({**globals(), 'bodies': bodies_})
