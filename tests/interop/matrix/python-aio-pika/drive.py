# SPDX-License-Identifier: Apache-2.0
"""The forty scenarios with aio-pika.  usage: drive.py PORT [NUMBER ...]"""
import asyncio
import contextlib
import datetime
import logging

import aio_pika
from aio_pika import DeliveryMode, ExchangeType, Message
from aiormq.exceptions import (ChannelAccessRefused, ChannelLockedResource,
                               ChannelNotFoundEntity, ChannelPreconditionFailed, DeliveryError,
                               InvalidFrameError)

from scenarios import PORT, broker, main, name, part, same

logging.disable(logging.CRITICAL)
FRAME_MAX = 131072
REFUSALS = {403: ChannelAccessRefused, 404: ChannelNotFoundEntity, 405: ChannelLockedResource,
            406: ChannelPreconditionFailed}


def address(login='guest:guest', vhost=''):
    return f'amqp://{login}@127.0.0.1:{PORT}/{vhost}?heartbeat=30'


@contextlib.asynccontextmanager
async def session():
    """A connection and a channel of it, whose publishes are confirmed."""
    c = await aio_pika.connect(address())
    try:
        yield await c.channel(), c
    finally:
        await c.close()


async def queue(ch, **more):
    return await ch.declare_queue(exclusive=True, **more)


async def put(ch, q, *what):
    for each in what:
        await ch.default_exchange.publish(Message(str(each).encode()), q.name)


async def send(x, key, body, **properties):
    await x.publish(Message(body.encode(), **properties), key, mandatory=False)


async def bodies(q):
    out = []
    while True:
        m = await q.get(no_ack=True, fail=False)
        if m is None:
            return out
        out.append(m.body.decode())


async def count(ch, q):
    return (await ch.declare_queue(q.name, passive=True)).declaration_result.message_count


@contextlib.asynccontextmanager
async def refused(code):
    try:
        yield
    except REFUSALS[code]:
        return
    raise AssertionError(f'not refused with {code}')


async def wait(until, limit_s=5):
    end = asyncio.get_running_loop().time() + limit_s
    while not until() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)


async def listen(q, got, **more):
    async def take(message):
        got.append(message)
    return await q.consume(take, **more)


async def connect():
    c = await aio_pika.connect(address())
    about = c.transport.connection.server_properties
    assert about['product'] and about['version'], about
    same(c.transport.connection.heartbeat_timeout, 30)
    ch = await c.channel()
    await ch.close()
    assert ch.is_closed
    await c.close()
    assert c.is_closed


async def login_refused():
    try:
        await aio_pika.connect(address('guest:wrong'))
    except aio_pika.exceptions.AMQPConnectionError as e:
        assert '403' in str(e) or 'ACCESS_REFUSED' in str(e), repr(e)
        return
    raise AssertionError('let in')


@part('tells only that the answer was a close, not its code')
async def vhost_unknown():
    try:
        await aio_pika.connect(address(vhost='nope'))
    except InvalidFrameError as e:
        assert 'Connection.Close' in str(e), e
        return
    raise AssertionError('let in')


async def channels():
    c = await aio_pika.connect(address())
    chs = [await c.channel() for _ in range(50)]
    await asyncio.gather(*(queue(ch) for ch in chs))
    same(len({ch.number for ch in chs}), 50)
    for ch in chs:
        await ch.close()
    await c.close()


async def queue_declare():
    async with session() as (ch, _):
        durable = await ch.declare_queue(name(), durable=True)
        await put(ch, durable, 'a', 'b')
        ok = (await ch.declare_queue(durable.name, passive=True)).declaration_result
        same((ok.message_count, ok.consumer_count), (2, 0))
        await durable.delete(if_unused=False, if_empty=False)
        # The client names a queue itself that was given no name, unless the name is empty.
        assert (await queue(ch, name='')).name.startswith('amq.gen-')
        short = await ch.declare_queue(name(), auto_delete=True)
        tag = await listen(short, [])
        ok = (await ch.declare_queue(short.name, passive=True)).declaration_result
        same(ok.consumer_count, 1)
        await short.cancel(tag)
        async with refused(404):
            await ch.declare_queue(short.name, passive=True)


async def queue_mismatch():
    async with session() as (ch, c):
        q = await ch.declare_queue(name(), durable=True)
        async with refused(406):
            await ch.declare_queue(q.name, durable=False)
        await (await c.channel()).queue_delete(q.name)


async def queue_purge_delete():
    async with session() as (ch, c):
        q = await ch.declare_queue(name())
        used = await queue(ch)
        await put(ch, q, 'a', 'b', 'c')
        same((await q.purge()).message_count, 3)
        await put(ch, q, 'd', 'e')
        async with refused(406):
            await (await c.channel()).queue_delete(q.name, if_empty=True)
        await listen(used, [])
        async with refused(406):
            await (await c.channel()).queue_delete(used.name, if_unused=True)
        same((await q.delete(if_unused=False, if_empty=False)).message_count, 2)


async def exchange_declare():
    async with session() as (ch, _):
        for kind in (ExchangeType.DIRECT, ExchangeType.FANOUT, ExchangeType.TOPIC,
                     ExchangeType.HEADERS):
            x = await ch.declare_exchange(name(), kind, durable=True)
            await ch.declare_exchange(x.name, kind, durable=True)
            await x.delete()
        await ch.get_exchange('amq.topic', ensure=True)
        async with refused(404):
            await ch.get_exchange(x.name, ensure=True)


async def exchange_mismatch():
    async with session() as (ch, _):
        x = await ch.declare_exchange(name(), ExchangeType.DIRECT, auto_delete=True)
        async with refused(406):
            await ch.declare_exchange(x.name, ExchangeType.FANOUT, auto_delete=True)


async def direct():
    async with session() as (ch, _):
        x = await ch.get_exchange('amq.direct')
        qs = [await queue(ch), await queue(ch)]
        for q in qs:
            await q.bind(x, q.name)
        for key in (qs[0].name, qs[1].name, name()):
            await send(x, key, key)
        same([await bodies(q) for q in qs], [[q.name] for q in qs])


async def fanout():
    async with session() as (ch, _):
        x = await ch.declare_exchange(name(), ExchangeType.FANOUT, auto_delete=True)
        qs = [await queue(ch) for _ in range(3)]
        for q in qs:
            await q.bind(x)
        for i in range(5):
            await send(x, str(i), str(i))
        for q in qs:
            same(await bodies(q), list('01234'))


async def topic():
    async with session() as (ch, _):
        x, q = await ch.get_exchange('amq.topic'), await queue(ch)
        for key in ('a.*.c', '#.z', 'k.#'):
            await q.bind(x, key)
        for key in ('a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', ''):
            await send(x, key, key)
        same(await bodies(q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])


async def headers():
    async with session() as (ch, _):
        x = await ch.get_exchange('amq.headers')
        both, either = await queue(ch), await queue(ch)
        wanted = {'kind': 'report', 'size': 7}
        await both.bind(x, '', arguments={**wanted, 'x-match': 'all'})
        await either.bind(x, '', arguments={**wanted, 'x-match': 'any'})
        for body, h in (('2', wanted), ('1', {'kind': 'report'}), ('0', {'size': 8}), ('n', {})):
            await send(x, '', body, headers=h)
        same((await bodies(both), await bodies(either)), (['2'], ['2', '1']))


async def exchange_bind():
    async with session() as (ch, _):
        outer = await ch.declare_exchange(name(), ExchangeType.TOPIC, auto_delete=True)
        inner = await ch.declare_exchange(name(), ExchangeType.FANOUT, auto_delete=True)
        q = await queue(ch)
        await inner.bind(outer, 'in.#')
        await q.bind(inner)
        for key in ('in.a', 'out'):
            await send(outer, key, key)
        same(await bodies(q), ['in.a'])
        await inner.unbind(outer, 'in.#')


async def alternate():
    async with session() as (ch, _):
        spill = await ch.declare_exchange(name(), ExchangeType.FANOUT, auto_delete=True)
        lost = await queue(ch)
        await lost.bind(spill)
        x = await ch.declare_exchange(name(), ExchangeType.DIRECT,
                                      arguments={'alternate-exchange': spill.name})
        await send(x, 'nowhere', 'spilt')
        same(await bodies(lost), ['spilt'])
        await x.delete()


async def unbind():
    async with session() as (ch, _):
        x, q = await ch.get_exchange('amq.direct'), await queue(ch)
        await q.bind(x, q.name)
        await send(x, q.name, 'before')
        await q.unbind(x, q.name)
        await send(x, q.name, 'after')
        same(await bodies(q), ['before'])


async def default_exchange():
    async with session() as (ch, _):
        q = await queue(ch)
        await put(ch, q, 'x')
        m = await q.get(no_ack=True)
        same((m.exchange, m.routing_key, m.body), ('', q.name, b'x'))


async def properties():
    async with session() as (ch, _):
        q = await queue(ch)
        when = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        sent = dict(content_type='text/plain', content_encoding='utf-8',
                    delivery_mode=DeliveryMode.PERSISTENT, priority=3, correlation_id='c',
                    reply_to='r', expiration=60, message_id='m', timestamp=when, type='t',
                    user_id='guest', app_id='a', headers={'a': 'b'})
        await send(ch.default_exchange, q.name, 'x', **sent)
        m = await q.get(no_ack=True)
        same({key: getattr(m, key) for key in sent}, sent)


async def header_types():
    async with session() as (ch, _):
        q = await queue(ch)
        sent = {'text': 'grün', 'small': 1, 'negative': -2, 'large': 1 << 40, 'float': 0.5,
                'yes': True, 'no': False, 'bytes': bytearray(b'\x00\xff'), 'null': None,
                'table': {'deep': {'deeper': -1}}, 'array': [1, 'a', {'n': None}],
                'time': datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)}
        await send(ch.default_exchange, q.name, 'x', headers=sent)
        same((await q.get(no_ack=True)).headers, sent)


async def bodies_():
    async with session() as (ch, _):
        q = await queue(ch)
        for n in (0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, 1048577):
            body = bytes(i * 7 % 251 for i in range(n))
            await ch.default_exchange.publish(Message(body), q.name)
            assert (await q.get(no_ack=True)).body == body, f'{n} bytes differ'


async def confirm():
    async with session() as (ch, _):
        q, x = await queue(ch), ch.default_exchange
        results = await asyncio.gather(*(
            x.publish(Message(str(i).encode(), delivery_mode=DeliveryMode.PERSISTENT), q.name)
            for i in range(1000)))
        same([ok.name for ok in results], ['Basic.Ack'] * 1000)
        same(await count(ch, q), 1000)


async def confirm_mixed():
    async with session() as (ch, _):
        q, x = await queue(ch), ch.default_exchange
        results = await asyncio.gather(*(
            x.publish(Message(b'x', delivery_mode=DeliveryMode(1 + i % 2)),
                      q.name if i % 10 else name(), mandatory=False) for i in range(1000)))
        same({ok.name for ok in results}, {'Basic.Ack'})
        same(await count(ch, q), 900)


async def mandatory():
    async with session() as (_, c):
        ch = await c.channel(on_return_raises=True)
        q, x = await queue(ch), ch.default_exchange
        try:
            await x.publish(Message(b'nobody'), name(), mandatory=True)
        except DeliveryError as e:
            same((e.message.delivery.reply_code, e.message.body), (312, b'nobody'))
        else:
            raise AssertionError('not returned')
        await x.publish(Message(b'x'), q.name, mandatory=True)
        same(await bodies(q), ['x'])


async def exchange_missing():
    async with session() as (ch, c):
        other = await c.channel()
        async with refused(404):
            await send(await ch.get_exchange(name(), ensure=False), '', 'x')
        q = await queue(other)
        await put(other, q, 'on')
        same(await bodies(q), ['on'])


async def get():
    async with session() as (ch, _):
        q = await queue(ch)
        same(await q.get(fail=False), None)
        await put(ch, q, 'a', 'b', 'c')
        m = await q.get()
        same((m.body, m.message_count), (b'a', 2))
        await m.ack()


async def consumed(no_ack):
    async with session() as (ch, c):
        q, got = await queue(ch), []
        await asyncio.gather(*(put(ch, q, i) for i in range(1000)))
        mine = await c.channel()
        await mine.set_qos(prefetch_count=50)
        async with (await mine.get_queue(q.name)).iterator(no_ack=no_ack) as messages:
            async for m in messages:
                got.append(int(m.body))
                if not no_ack:
                    await m.ack()
                if len(got) == 1000:
                    break
        same(got, list(range(1000)))
        same(await count(ch, q), 0)


async def consume():
    await consumed(False)


async def no_ack():
    await consumed(True)


async def prefetch():
    async with session() as (ch, _):
        q, got = await queue(ch), []
        await put(ch, q, *range(30))
        await ch.set_qos(prefetch_count=10)
        await listen(q, got)
        await asyncio.sleep(0.2)
        same(len(got), 10)
        await got[4].ack(multiple=True)
        await asyncio.sleep(0.2)
        same(len(got), 15)


async def prefetch_global():
    async with session() as (ch, _):
        q, got = await queue(ch), []
        await put(ch, q, *range(30))
        await ch.set_qos(prefetch_count=10, global_=True)
        for _ in range(2):
            await listen(q, got)
        await asyncio.sleep(0.2)
        same(len(got), 10)
        await got[9].ack(multiple=True)
        await asyncio.sleep(0.2)
        same(len(got), 20)


async def nack_requeue():
    async with session() as (ch, _):
        q = await queue(ch)
        await put(ch, q, 'a', 'b')
        first = await q.get()
        await first.nack(requeue=True)
        again = await q.get()
        same((again.body, first.redelivered, again.redelivered), (b'a', False, True))


async def reject():
    async with session() as (ch, _):
        q = await queue(ch)
        await put(ch, q, 'a', 'b')
        await (await q.get()).reject(requeue=False)
        same(await bodies(q), ['b'])


async def ack_multiple():
    async with session() as (ch, c):
        q = await queue(ch)
        await put(ch, q, 'a', 'b', 'c', 'd')
        other = await c.channel()
        mine = await other.get_queue(q.name)
        got = [await mine.get() for _ in range(4)]
        await got[2].ack(multiple=True)
        await other.close()   # the fourth comes back
        same(await bodies(q), ['d'])


async def recover():
    async with session() as (ch, _):
        q = await queue(ch)
        await put(ch, q, 'a', 'b')
        for _ in range(2):
            await q.get()
        await (await ch.get_underlay_channel()).basic_recover(requeue=True)
        for body in (b'a', b'b'):
            m = await q.get()
            same((m.body, m.redelivered), (body, True))


async def ack_unknown():
    async with session() as (ch, _):
        below = await ch.get_underlay_channel()
        async with refused(406):
            await below.basic_ack(99)
            await below.closing


async def cancel():
    async with session() as (ch, _):
        q, got = await queue(ch), []
        await put(ch, q, 'a')
        tag = await listen(q, got)
        await wait(lambda: got)
        await q.cancel(tag)
        await put(ch, q, 'b')
        await asyncio.sleep(0.2)
        same(len(got), 1)
        await got[0].ack()
        same(await bodies(q), ['b'])


async def cancel_notify():
    async with session() as (ch, c):
        q, told = await queue(ch), []
        below = await ch.get_underlay_channel()
        below.on_consumer_cancel_callbacks.add(lambda frame: told.append(frame.consumer_tag))
        await listen(q, [], consumer_tag='me')
        await (await c.channel()).queue_delete(q.name)
        await wait(lambda: told)
        same(told, ['me'])


async def exclusive():
    async with session() as (ch, c):
        q = await queue(ch)
        await listen(q, [], exclusive=True)
        other = await (await c.channel()).get_queue(q.name)
        async with refused(403):
            await listen(other, [])
        async with session() as (far, _):
            async with refused(405):
                await far.declare_queue(q.name, passive=True)


async def tx():
    async with session() as (ch, c):
        q = await queue(ch)
        t = await c.channel(publisher_confirms=False)
        mine = await t.get_queue(q.name)
        transaction = t.transaction()
        await transaction.select()
        await put(t, q, 'no')
        await transaction.rollback()
        await put(t, q, 'yes')
        same(await bodies(q), [])
        await transaction.commit()
        m = await mine.get()
        await m.channel.basic_ack(m.delivery_tag)
        await transaction.rollback()
        await m.channel.basic_ack(m.delivery_tag)
        await transaction.commit()
        await t.close()
        same(await bodies(q), [])


async def dead_letter():
    async with session() as (ch, _):
        dead, got = await queue(ch), []
        q = await queue(ch, arguments={'x-message-ttl': 50, 'x-dead-letter-exchange': '',
                                       'x-dead-letter-routing-key': dead.name})
        await put(ch, q, 'late')
        await listen(dead, got)
        await wait(lambda: got)
        death = got[0].headers['x-death'][0]
        same((got[0].body, death['queue'], death['reason'], death['count']),
             (b'late', q.name, 'expired', 1))


async def restart():
    """The robust connection comes back by itself, and its consumers do."""
    c = await aio_pika.connect_robust(address(), reconnect_interval=0.2)
    ch = await c.channel()
    x = await ch.declare_exchange(name(), ExchangeType.TOPIC, durable=True)
    q, got = await ch.declare_queue(name(), durable=True), []
    await q.bind(x, 'a.#')

    def message(i):
        return Message(str(i).encode(), delivery_mode=DeliveryMode.PERSISTENT)
    await asyncio.gather(*(x.publish(message(i), 'a.b') for i in range(100)))
    for last in (99, 100):
        back = asyncio.Event()
        c.reconnect_callbacks.add(lambda *_: back.set(), weak=False)
        await asyncio.to_thread(broker, 'crash')
        await asyncio.to_thread(broker, 'start')
        await back.wait()
        if last == 99:
            await listen(q, got, no_ack=True)
        else:
            await x.publish(message(100), 'a.c')
        await wait(lambda: any(int(m.body) == last for m in got))
        same(sorted({int(m.body) for m in got}), list(range(last + 1)))
    await q.delete(if_unused=False, if_empty=False)
    await x.delete()
    await c.close()


main({**globals(), 'bodies': bodies_})
