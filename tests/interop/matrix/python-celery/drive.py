# SPDX-License-Identifier: Apache-2.0
"""The forty scenarios with Celery: tasks that are sent and executed, its worker's remote control,
and its shell `celery amqp`. What it leaves to the library below has no scenario here.

usage: drive.py PORT [NUMBER ...]
"""
import ast
import contextlib
import datetime
import logging
import re
import time

import amqp.exceptions
from celery import Celery
from celery.bin.amqp import amqp as shell
from celery.bin.base import CLIContext
from celery.contrib.testing.worker import TestWorkController, start_worker
from celery.exceptions import Reject
from click.testing import CliRunner
import kombu.pools
from kombu import Exchange, Queue, binding

from scenarios import PORT, broker, main, name, part, same

FRAME_MAX = 131072
RETRY = {'interval_start': 0.1, 'interval_step': 0, 'max_retries': 50}


def application(*queues, login='guest:guest', vhost='/', **more):
    app = Celery('matrix', broker=f'pyamqp://{login}@127.0.0.1:{PORT}/{vhost}',
                 set_as_current=False)
    kombu.pools.reset()   # connections know what they have declared
    queues = queues or (Queue(name(), durable=True),)
    app.conf.update(**{
        'task_queues': queues, 'task_default_queue': queues[0].name, 'task_ignore_result': True,
        'broker_transport_options': {'confirm_publish': True}, 'worker_prefetch_multiplier': 1,
        'worker_enable_remote_control': False, 'broker_connection_retry_on_startup': True,
        'worker_hijack_root_logger': False, **more})
    app.done = []

    @app.task(bind=True, name='note', shared=False)
    def note(self, what):
        app.done.append((what, self.request))
    app.note = note
    return app


def send(app, *whats, **options):
    for what in whats:
        app.note.apply_async((what,), retry=options.pop('retry', False), **options)


def done(app):
    return [what for what, _ in app.done]


def wait(until, limit_s=8):
    end = time.monotonic() + limit_s
    while not until() and time.monotonic() < end:
        time.sleep(0.02)


class Worker(TestWorkController):
    """One that sees soon that it shall stop; when idle it would sleep for ten seconds."""
    def on_consumer_ready(self, consumer):
        consumer.timer.call_repeatedly(0.05, lambda: None)
        super().on_consumer_ready(consumer)


@contextlib.contextmanager
def working(app, n=0, **more):
    """A worker, until so many tasks were executed."""
    with start_worker(app, perform_ping_check=False, loglevel=logging.CRITICAL,
                      WorkController=Worker, **more) as worker:
        yield worker
        if n:
            wait(lambda: len(app.done) >= n)


def settle(app):
    """Waits until the worker has executed one task; and so has started whole."""
    send(app, 'first')
    wait(lambda: app.done)
    time.sleep(0.3)


def executed(app, n, **more):
    """What a worker executes: so many tasks, and what comes in a short while after them."""
    with working(app, n, **more):
        pass
    return done(app)


def run(app, command, *args):
    """One command of `celery amqp`; what it printed."""
    result = CliRunner().invoke(shell, [command, *map(str, args)],
                                obj=CLIContext(app=app, no_color=False, workdir=None))
    return re.sub(r'\x1b\[[0-9;]*m', '', result.output)


def counts(app, queue):
    """The messages and consumers of a queue; None if it is not there."""
    found = re.search(r'messages:(\d+) consumers:(\d+)', run(app, 'queue.declare', queue, 'true'))
    return found and tuple(map(int, found.groups()))


def delete(app, *queues):
    for queue in queues:
        run(app, 'queue.delete', queue)


def refused(code, action, *args, **named):
    try:
        action(*args, **named)
    except Exception as e:   # celery wraps what the library below tells
        told = e if isinstance(e, amqp.exceptions.AMQPError) else e.__cause__
        same(getattr(told, 'reply_code', repr(e)), code)
        return
    raise AssertionError(f'not refused with {code}')


def passing(kind, *bindings, **more):
    """A queue that goes with its consumer, bound to an exchange that goes with its queue."""
    x = Exchange(name(), kind, durable=False, auto_delete=True, **more)
    return x, Queue(name(), bindings=[binding(x, **each) for each in bindings], durable=False,
                    expires=60)


def connect():
    app = application(worker_heartbeat=30)
    with app.connection_for_write(heartbeat=30) as c:
        c.ensure_connection(max_retries=1)
        about = c.connection.server_properties
        assert about['product'] and about['version'], about
        same(c.connection.heartbeat, 30)
    send(app, 'x')
    same(executed(app, 1, without_heartbeat=False), ['x'])
    delete(app, app.conf.task_default_queue)


def login_refused():
    refused(403, send, application(login='guest:wrong'), 'x')


def vhost_unknown():
    refused(530, send, application(vhost='nope'), 'x')


channels = 'opens its channels itself'


@part('names every queue itself')
def queue_declare():
    """The shell has no exclusive queues, but a worker can consume from one of its own."""
    app, durable, short, mine = application(), name(), name(), name()
    run(app, 'queue.declare', durable, 'false', 'true')
    for body in 'ab':
        run(app, 'basic.publish', body, '', durable)
    same(counts(app, durable), (2, 0))
    delete(app, durable)
    with working(application(Queue(short, durable=False, auto_delete=True),
                             Queue(mine, durable=False, exclusive=True))):
        wait(lambda: counts(app, short) == (0, 1))
        same(counts(app, short), (0, 1))
        assert '405' in run(app, 'queue.declare', mine, 'true')
    for gone in short, mine:
        wait(lambda: counts(app, gone) is None)
        assert '404' in run(app, 'queue.declare', gone, 'true')


def queue_mismatch():
    app = application()
    send(app, 'x')
    q = app.conf.task_default_queue
    refused(406, send, application(Queue(q, durable=False)), 'x')
    delete(app, q)


def queue_purge_delete():
    app = application()
    q = app.conf.task_default_queue
    send(app, 'a', 'b', 'c')
    same(app.control.purge(), 3)
    send(app, 'd', 'e')
    assert '406' in run(app, 'queue.delete', q, 'false', 'true')
    used = application()
    with working(used):
        assert '406' in run(app, 'queue.delete', used.conf.task_default_queue, 'true')
    delete(app, used.conf.task_default_queue)
    assert '2 messages deleted' in run(app, 'queue.delete', q)


def exchange_declare():
    app = application()
    for kind in ('direct', 'fanout', 'topic', 'headers'):
        x = name()
        for _ in range(2):
            assert 'OK' in run(app, 'exchange.declare', x, kind, 'false', 'true')
        assert 'OK' in run(app, 'exchange.delete', x, 'false')
    assert 'OK' in run(app, 'exchange.declare', 'amq.topic', 'topic', 'true')
    assert '404' in run(app, 'exchange.declare', x, 'topic', 'true')


def exchange_mismatch():
    x, q = passing('direct', {'routing_key': 'k'})
    app = application(q)
    send(app, 'x')
    other = Queue(name(), Exchange(x.name, 'fanout', durable=False, auto_delete=True), 'k')
    refused(406, send, application(other), 'x')
    delete(app, q.name)


def sent_to(app, x, **by_body):
    """Each body goes to the exchange with its own options, and all queues are declared before."""
    send(app, 'first')
    app.control.purge()
    for body, options in by_body.items():
        app.send_task('note', (body,), exchange=x.name, retry=False, **options)


def direct():
    x = Exchange(name(), 'direct', durable=False, auto_delete=True)
    qs = [Queue(name(), x, key, durable=False, expires=60) for key in ('one', 'two')]
    apps = [application(q) for q in qs]
    send(apps[1], 'declares')
    apps[1].control.purge()
    sent_to(apps[0], x, **{key: {'routing_key': key} for key in ('one', 'two', 'none')})
    same([executed(app, 1) for app in apps], [['one'], ['two']])
    delete(apps[0], *(q.name for q in qs))


def fanout():
    x = Exchange(name(), 'fanout', durable=False, auto_delete=True)
    apps = [application(Queue(name(), x, durable=False, expires=60)) for _ in range(3)]
    for app in apps:
        send(app, 'declares')
    for app in apps:
        app.control.purge()
    for i in range(5):
        apps[0].send_task('note', (i,), exchange=x.name, routing_key='any', retry=False)
    for app in apps:
        same(executed(app, 5), list(range(5)))
        delete(app, app.conf.task_default_queue)


def topic():
    x, q = passing('topic', *({'routing_key': key} for key in ('a.*.c', '#.z', 'k.#')))
    app = application(q)
    keys = ('a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d')
    sent_to(app, x, **{key: {'routing_key': key} for key in keys})
    same(executed(app, 5), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])
    delete(app, q.name)


def headers():
    wanted = {'kind': 'report', 'size': 7}
    sent = {'2': wanted, '1': {'kind': 'report'}, '0': {'size': 8}, 'n': {}}
    for match, bodies in (('all', ['2']), ('any', ['2', '1'])):
        x, q = passing('headers', {'arguments': {**wanted, 'x-match': match}})
        app = application(q)
        sent_to(app, x, **{body: {'headers': h, 'routing_key': 'any'} for body, h in sent.items()})
        same(executed(app, len(bodies)), bodies)
        delete(app, q.name)


exchange_bind = 'binds queues only'


def alternate():
    spill, lost = passing('fanout', {})
    app = application(lost)
    send(app, 'declares')
    app.control.purge()
    x, q = passing('direct', {'routing_key': 'k'},
                   arguments={'alternate-exchange': spill.name})
    sent_to(application(q), x, spilt={'routing_key': 'nowhere'})
    same(executed(app, 1), ['spilt'])
    delete(app, lost.name, q.name)


unbind = 'never unbinds'


def default_exchange():
    app = application()
    q = app.conf.task_default_queue
    send(app, 'first')
    app.send_task('note', ('second',), exchange='', routing_key=q, retry=False)
    same(executed(app, 2), ['first', 'second'])
    same([app.done[1][1].delivery_info[key] for key in ('exchange', 'routing_key')], ['', q])
    delete(app, q)


def properties():
    """The content's type and encoding, and the id of correlation, are of Celery's own choice."""
    app = application()
    sent = dict(priority=3, reply_to='r', message_id='m', type='t', user_id='guest', app_id='a',
                cluster_id='l', delivery_mode=2, timestamp=1700000000)
    send(app, 'x', expiration=60, headers={'a': 'b'}, **sent)
    executed(app, 1)
    request = app.done[0][1]
    got = request.properties
    sent.update(content_type='application/json', content_encoding='utf-8', expiration='60000',
                correlation_id=request.id)
    same({key: got[key] for key in sent}, sent)
    same(request.headers['a'], 'b')
    delete(app, app.conf.task_default_queue)


def header_types():
    app = application()
    sent = {'text': 'grün', 'small': 1, 'negative': -2, 'large': 1 << 40, 'real': 0.5,
            'yes': True, 'no': False, 'raw': b'\x00\xff', 'null': None,
            'map': {'deep': {'deeper': -1}}, 'array': [1, 'a', {'n': None}],
            'when': datetime.datetime(2026, 1, 2, 3, 4, 5)}
    send(app, 'x', headers=sent)
    executed(app, 1)
    got = {key: app.done[0][1].headers[key] for key in sent}
    got['when'] = got['when'].replace(tzinfo=None)
    same(got, sent)
    delete(app, app.conf.task_default_queue)


def got_body(app, q):
    told = run(app, 'basic.get', q, 'true')
    return ast.literal_eval(told[told.index('{'):told.rindex('}') + 1])['body']


def bodies():
    """The shell sends a body as it is; that of a task is a little longer than what it carries."""
    app, q = application(), name()
    sizes = (0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, 1048577)
    texts = [''.join(chr(48 + i * 7 % 75) for i in range(n)) for n in sizes]
    run(app, 'queue.declare', q)
    for n, text in zip(sizes, texts, strict=True):
        run(app, 'basic.publish', text, '', q)
        assert got_body(app, q) == text, f'{n} bytes differ'
    delete(app, q)
    send(app, *texts)
    got = executed(app, len(sizes))
    for n, one, other in zip(sizes, got, texts, strict=True):
        assert one == other, f'{n} bytes differ'
    delete(app, app.conf.task_default_queue)


def confirm():
    app = application()   # each call returns at its confirm
    send(app, *range(1000))
    same(counts(app, app.conf.task_default_queue)[0], 1000)
    delete(app, app.conf.task_default_queue)


def confirm_mixed():
    app = application()
    q = app.conf.task_default_queue
    send(app, 'declares')
    app.control.purge()
    for i in range(1000):
        send(app, i, delivery_mode=1 + i % 2,
             **({} if i % 10 else {'exchange': 'amq.direct', 'routing_key': name()}))
    same(counts(app, q)[0], 900)
    delete(app, q)


mandatory = 'tells nobody of returned messages'


@part('has one channel a connection, and goes on with a new one')
def exchange_missing():
    app = application()
    send(app, 'on')
    refused(404, app.send_task, 'note', ('x',), exchange=name(), routing_key='k', retry=False)
    send(app, 'and on')
    same(executed(app, 2), ['on', 'and on'])
    delete(app, app.conf.task_default_queue)


def get():
    app, q = application(), name()
    run(app, 'queue.declare', q)
    assert 'No messages in queue' in run(app, 'basic.get', q)
    for body in 'abc':
        run(app, 'basic.publish', body, '', q)
    told = run(app, 'basic.get', q, 'true')
    assert "'body': 'a'" in told and "'message_count': 2" in told, told
    delete(app, q)


def consume():
    app = application(task_acks_late=True, worker_prefetch_multiplier=50)
    send(app, *range(1000))
    same(executed(app, 1000), list(range(1000)))
    same(counts(app, app.conf.task_default_queue), (0, 0))
    delete(app, app.conf.task_default_queue)


def no_ack():
    app = application(Queue(name(), durable=True, no_ack=True))
    send(app, *range(1000))
    same(executed(app, 1000), list(range(1000)))
    same(counts(app, app.conf.task_default_queue), (0, 0))
    delete(app, app.conf.task_default_queue)


def stalled():
    """An application whose worker takes ten tasks and executes none until it is let."""
    app = application(task_acks_late=True, worker_prefetch_multiplier=10)
    app.go = False

    @app.task(name='stall', acks_late=True, shared=False)
    def stall(what):
        wait(lambda: app.go)
        app.done.append((what, None))
    return app


def left(app):
    return counts(app, app.conf.task_default_queue)[0]


def prefetch():
    app = stalled()
    for i in range(30):
        app.send_task('stall', (i,), retry=False)
    with working(app, 30, pool='threads', concurrency=1):
        wait(lambda: left(app) <= 20)
        time.sleep(0.3)
        same((left(app), len(app.done)), (20, 0))
        app.go = True
    same(done(app), list(range(30)))
    delete(app, app.conf.task_default_queue)


prefetch_global = 'asks a server of version 4 for a window per consumer'
nack_requeue = 'requeues with basic.reject'


def reject():
    app = application()

    @app.task(bind=True, name='refuse', acks_late=True, shared=False)
    def refuse(self, what):
        again = self.request.delivery_info['redelivered']
        app.done.append((what, again))
        raise Reject(requeue=what == 'again' and not again)
    for what in ('gone', 'again'):
        app.send_task('refuse', (what,), retry=False)
    executed(app, 3)
    same(sorted(app.done), [('again', False), ('again', True), ('gone', False)])
    same(counts(app, app.conf.task_default_queue), (0, 0))
    delete(app, app.conf.task_default_queue)


ack_multiple = 'acks every task by itself'
recover = 'no call for basic.recover'
ack_unknown = 'acks what it was given only'


def cancel():
    app = stalled()
    app.conf.worker_enable_remote_control = True
    q = app.conf.task_default_queue
    with working(app, pool='threads', concurrency=1):
        settle(app)
        app.send_task('stall', ('held',), retry=False)
        wait(lambda: left(app) == 0)
        time.sleep(0.2)
        told = app.control.cancel_consumer(q, reply=True, timeout=2)
        assert told and 'ok' in list(told[0].values())[0], told
        app.send_task('stall', ('left',), retry=False)
        app.go = True
        wait(lambda: len(app.done) == 2)
        time.sleep(0.2)
        same((done(app), counts(app, q)), (['first', 'held'], (1, 0)))
    same(counts(app, q), (1, 0))
    delete(app, q)


def cancel_notify():
    """The worker is told, declares its queue again and goes on."""
    app = application()
    q = app.conf.task_default_queue
    with working(app, 2):
        settle(app)
        delete(app, q)
        wait(lambda: counts(app, q) == (0, 1))
        send(app, 'second')
    same(done(app), ['first', 'second'])
    delete(app, q)


@part('has no exclusive consumers, only exclusive queues')
def exclusive():
    q = name()
    app = application(Queue(q, durable=False, exclusive=True))
    with working(app):
        refused(405, send, application(Queue(q, durable=False, exclusive=True)), 'x')


tx = 'no transactions'


def dead_letter():
    x, dead = passing('fanout', {})
    app = application(dead)
    send(app, 'declares')
    app.control.purge()
    q = Queue(name(), durable=False, expires=60,
              queue_arguments={'x-message-ttl': 50, 'x-dead-letter-exchange': x.name})
    send(application(q), 'late')
    same(executed(app, 1), ['late'])
    death = app.done[0][1].headers['x-death'][0]
    same([death[key] for key in ('queue', 'reason', 'count')], [q.name, 'expired', 1])
    delete(app, dead.name, q.name)


def restart():
    """The worker connects again by itself, and so does a send that may retry. What was executed
    but not acked yet when the broker was killed is executed again.
    """
    x = Exchange(name(), 'topic')
    app = application(Queue(name(), x, 'a.#'), task_acks_late=True)
    options = dict(exchange=x.name, retry=True, retry_policy=RETRY)
    for i in range(100):
        app.note.apply_async((i,), routing_key='a.b', **options)
    broker('crash')
    broker('start')
    with working(app):
        wait(lambda: len(app.done) == 100)
        same(done(app), list(range(100)))
        wait(lambda: counts(app, app.conf.task_default_queue) == (0, 1))
        broker('crash')
        broker('start')
        app.note.apply_async((100,), routing_key='a.c', **options)
        wait(lambda: 100 in done(app))
    same(sorted(set(done(app))), list(range(101)))
    delete(app, app.conf.task_default_queue)
    run(app, 'exchange.delete', x.name, 'false')


logging.disable(logging.CRITICAL)
main(globals())
