// SPDX-License-Identifier: Apache-2.0
// The forty scenarios with rabbitmq-client: its channels, and its publisher and consumer where it
// recovers.  usage: drive.js PORT [NUMBER ...]
'use strict'
const assert = require('node:assert')
const { Connection } = require('rabbitmq-client')
const { main, part, url, name, sleep, range, sizes, pattern, broker, wait, comes } =
  require('../scenarios.js')

const same = assert.deepStrictEqual
const quiet = () => {}

async function connect(more) {
  const c = new Connection({ url, retryLow: 100, retryHigh: 200, ...more })
  c.on('error', quiet)
  await c.onConnect(5000)
  return c
}

async function plain(c) {
  const ch = await c.acquire({ emitErrorsFromChannel: true })
  ch.on('error', quiet)
  return ch
}

async function confirming(c) {
  const ch = await plain(c)
  await ch.confirmSelect()
  return ch
}

// Runs the case with a confirm channel of a connection of its own.
async function session(run, more) {
  const c = await connect(more)
  const chs = []
  const acquire = c.acquire
  c.acquire = async options => {
    const ch = await acquire.call(c, options)
    chs.push(ch)
    return ch
  }
  try {
    await run(await confirming(c), c)
  } finally {
    for (const ch of chs) await ch.close().catch(quiet)
    await c.close()
  }
}

// Runs the part of the case that the client can do.
const partly = (why, run) => part(why, () => session(run))

const queue = async (ch, args) =>
  (await ch.queueDeclare({ queue: '', exclusive: true, arguments: args })).queue
const count = async (ch, queue) =>
  (await ch.queueDeclare({ queue, passive: true })).messageCount
const take = (ch, queue) => ch.basicGet({ queue })

async function send(ch, exchange, routingKey, body, more) {
  await ch.basicPublish({ exchange, routingKey, ...more }, body)
}

async function put(ch, q, ...what) {
  await Promise.all(what.map(each => ch.basicPublish(q, String(each))))
}

async function bodies(ch, queue) {
  const out = []
  for (;;) {
    const m = await ch.basicGet({ queue, noAck: true })
    if (!m) return out
    out.push(String(m.body))
  }
}

// The call is refused with the code of this name.
async function refused(code, call) {
  const e = await Promise.race([call.then(() => null, e => e), sleep(30000)])
  assert(e, `not refused with ${code}`)
  same(e.code, code, e.message)
}

// Nobody waits for what is refused here, so the channel tells its listeners.
function complains(code, ch, act) {
  const told = new Promise((_, fail) => ch.once('error', fail))
  act()
  return refused(code, told)
}

// The client connects again and again; what went wrong is told by an event.
async function barred(code, more) {
  const c = new Connection({ url, ...more })
  const e = await new Promise(done => c.once('error', done))
  c.on('error', quiet)
  c.unsafeDestroy()
  same(e.code, code, e.message)
}

const cases = {
  connect: part('does not keep the properties of the server', async () => {
    const c = await connect({ heartbeat: 30 })
    assert(c.ready)
    const ch = await c.acquire()
    assert(ch.active)
    await ch.close()
    await c.close()
  }),

  'login-refused': () => barred('ACCESS_REFUSED', { url: url.replace('guest@', 'wrong@') }),

  'vhost-unknown': () => barred('NOT_ALLOWED', { url: url + 'nope' }),

  channels: async () => {
    const c = await connect()
    const chs = []
    for (const _ of range(50)) chs.push(await c.acquire())
    await Promise.all(chs.map(ch => queue(ch)))
    same(new Set(chs.map(ch => ch.id)).size, 50)
    for (const ch of chs) await ch.close()
    await c.close()
  },

  'queue-declare': () => session(async ch => {
    const [durable, short] = [name(), name()]
    await ch.queueDeclare({ queue: durable, durable: true })
    await put(ch, durable, 'a', 'b')
    const ok = await ch.queueDeclare({ queue: durable, passive: true })
    same([ok.messageCount, ok.consumerCount], [2, 0])
    await ch.queueDelete(durable)
    assert((await queue(ch)).startsWith('amq.gen-'))
    await ch.queueDeclare({ queue: short, autoDelete: true })
    const { consumerTag } = await ch.basicConsume({ queue: short }, quiet)
    same((await ch.queueDeclare({ queue: short, passive: true })).consumerCount, 1)
    await ch.basicCancel(consumerTag)
    await refused('NOT_FOUND', ch.queueDeclare({ queue: short, passive: true }))
  }),

  'queue-mismatch': () => session(async (ch, c) => {
    const q = name()
    await ch.queueDeclare({ queue: q, durable: true })
    await refused('PRECONDITION_FAILED', ch.queueDeclare({ queue: q, durable: false }))
    await c.queueDelete(q)
  }),

  'queue-purge-delete': () => session(async (ch, c) => {
    const q = name()
    await ch.queueDeclare(q)
    await put(ch, q, 'a', 'b', 'c')
    same((await ch.queuePurge(q)).messageCount, 3)
    await put(ch, q, 'd', 'e')
    await refused('PRECONDITION_FAILED',
      (await plain(c)).queueDelete({ queue: q, ifEmpty: true }))
    const user = await plain(c)
    await user.basicQos({ prefetchCount: 1 })
    await user.basicConsume({ queue: q }, quiet)
    await refused('PRECONDITION_FAILED',
      (await plain(c)).queueDelete({ queue: q, ifUnused: true }))
    await user.close()
    same((await ch.queueDelete(q)).messageCount, 2)
  }),

  'exchange-declare': () => session(async ch => {
    let exchange
    for (const type of ['direct', 'fanout', 'topic', 'headers']) {
      exchange = name()
      await ch.exchangeDeclare({ exchange, type, durable: true })
      await ch.exchangeDeclare({ exchange, type, durable: true })
      await ch.exchangeDelete({ exchange })
    }
    await ch.exchangeDeclare({ exchange: 'amq.topic', passive: true })
    await refused('NOT_FOUND', ch.exchangeDeclare({ exchange, passive: true }))
  }),

  'exchange-mismatch': () => session(async ch => {
    const exchange = name()
    await ch.exchangeDeclare({ exchange, type: 'direct', autoDelete: true })
    await refused('PRECONDITION_FAILED',
      ch.exchangeDeclare({ exchange, type: 'fanout', autoDelete: true }))
  }),

  direct: () => session(async ch => {
    const [one, two] = [await queue(ch), await queue(ch)]
    for (const queue of [one, two]) {
      await ch.queueBind({ queue, exchange: 'amq.direct', routingKey: queue })
    }
    for (const key of [one, two, name()]) await send(ch, 'amq.direct', key, key)
    same([await bodies(ch, one), await bodies(ch, two)], [[one], [two]])
  }),

  fanout: () => session(async ch => {
    const exchange = name()
    await ch.exchangeDeclare({ exchange, type: 'fanout', autoDelete: true })
    const qs = [await queue(ch), await queue(ch), await queue(ch)]
    for (const queue of qs) await ch.queueBind({ queue, exchange })
    for (const i of range(5)) await send(ch, exchange, String(i), String(i))
    for (const q of qs) same(await bodies(ch, q), ['0', '1', '2', '3', '4'])
  }),

  topic: () => session(async ch => {
    const q = await queue(ch)
    for (const routingKey of ['a.*.c', '#.z', 'k.#']) {
      await ch.queueBind({ queue: q, exchange: 'amq.topic', routingKey })
    }
    for (const key of ['a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', '']) {
      await send(ch, 'amq.topic', key, key)
    }
    same(await bodies(ch, q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])
  }),

  headers: () => session(async ch => {
    const [both, either] = [await queue(ch), await queue(ch)]
    const wanted = { kind: 'report', size: 7 }
    for (const [queue, match] of [[both, 'all'], [either, 'any']]) {
      await ch.queueBind(
        { queue, exchange: 'amq.headers', arguments: { ...wanted, 'x-match': match } })
    }
    for (const [body, headers] of
      [['2', wanted], ['1', { kind: 'report' }], ['0', { size: 8 }], ['n', {}]]) {
      await send(ch, 'amq.headers', '', body, { headers })
    }
    same([await bodies(ch, both), await bodies(ch, either)], [['2'], ['2', '1']])
  }),

  'exchange-bind': () => session(async ch => {
    const [source, destination, queue_] = [name(), name(), await queue(ch)]
    await ch.exchangeDeclare({ exchange: source, type: 'topic', autoDelete: true })
    await ch.exchangeDeclare({ exchange: destination, type: 'fanout', autoDelete: true })
    await ch.exchangeBind({ destination, source, routingKey: 'in.#' })
    await ch.queueBind({ queue: queue_, exchange: destination })
    for (const key of ['in.a', 'out']) await send(ch, source, key, key)
    same(await bodies(ch, queue_), ['in.a'])
    await ch.exchangeUnbind({ destination, source, routingKey: 'in.#' })
  }),

  alternate: () => session(async ch => {
    const [spill, x, lost] = [name(), name(), await queue(ch)]
    await ch.exchangeDeclare({ exchange: spill, type: 'fanout', autoDelete: true })
    await ch.queueBind({ queue: lost, exchange: spill })
    await ch.exchangeDeclare(
      { exchange: x, type: 'direct', arguments: { 'alternate-exchange': spill } })
    await send(ch, x, 'nowhere', 'spilt')
    same(await bodies(ch, lost), ['spilt'])
    await ch.exchangeDelete({ exchange: x })
  }),

  unbind: () => session(async ch => {
    const q = await queue(ch)
    const binding = { queue: q, exchange: 'amq.direct', routingKey: q }
    await ch.queueBind(binding)
    await send(ch, 'amq.direct', q, 'before')
    await ch.queueUnbind(binding)
    await send(ch, 'amq.direct', q, 'after')
    same(await bodies(ch, q), ['before'])
  }),

  'default-exchange': () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'x')
    const m = await take(ch, q)
    same([m.exchange, m.routingKey, m.body], ['', q, 'x'])
  }),

  properties: () => session(async ch => {
    const q = await queue(ch)
    const sent = {
      contentType: 'text/plain', contentEncoding: 'utf-8', durable: true, priority: 3,
      correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm',
      timestamp: 1700000000, type: 't', userId: 'guest', appId: 'a', clusterId: 'l',
      headers: { a: 'b' },
    }
    await send(ch, '', q, Buffer.from('x'), sent)
    const got = await take(ch, q)
    for (const key of Object.keys(sent)) same(got[key], sent[key], key)
  }),

  'header-types': partly('sends no timestamps in headers, and bytes only as text', async ch => {
    const q = await queue(ch)
    const headers = {
      text: 'grün', small: 1, negative: -2, large: 2 ** 40, float: 0.5, yes: true, no: false,
      empty: null, table: { deep: { deeper: -1 } }, array: [1, 'a', { n: null }],
    }
    await send(ch, '', q, 'x', { headers })
    same({ ...(await take(ch, q)).headers }, headers)
  }),

  bodies: async () => {
    for (const frameMax of [8192, 131072]) {
      await session(async ch => {
        const q = await queue(ch)
        for (const n of sizes(frameMax)) {
          await send(ch, '', q, pattern(n))
          assert((await take(ch, q)).body.equals(pattern(n)), `${n} bytes differ`)
        }
      }, { frameMax })
    }
  },

  confirm: () => session(async ch => {
    const q = await queue(ch)
    let confirmed = 0
    await Promise.all(range(1000).map(i =>
      send(ch, '', q, String(i), { durable: true }).then(() => confirmed++)))
    same([confirmed, await count(ch, q)], [1000, 1000])
  }),

  'confirm-mixed': () => session(async ch => {
    const q = await queue(ch)
    let confirmed = 0
    await Promise.all(range(1000).map(i =>
      send(ch, '', i % 10 ? q : name(), 'x', { durable: i % 2 === 1 }).then(() => confirmed++)))
    same([confirmed, await count(ch, q)], [1000, 900])
  }),

  mandatory: partly('tells its listeners of the return only after the confirm', async ch => {
    const q = await queue(ch)
    const order = []
    ch.on('basic.return', m => order.push([m.replyCode, m.body]))
    const mandatory = { mandatory: true }
    await send(ch, '', name(), 'nobody', mandatory).then(() => order.push('ok'))
    await send(ch, '', q, 'x', mandatory).then(() => order.push('ok'))
    await wait(() => order.length >= 3)
    same(order.filter(each => each !== 'ok'), [[312, 'nobody']])
    same(order.length, 3)
  }),

  'exchange-missing': () => session(async (ch, c) => {
    const other = await confirming(c)
    await refused('NOT_FOUND', send(ch, name(), '', 'x'))
    const q = await queue(other)
    await put(other, q, 'on')
    same(await bodies(other, q), ['on'])
  }),

  get: () => session(async ch => {
    const q = await queue(ch)
    same(await take(ch, q), undefined)
    await put(ch, q, 'a', 'b', 'c')
    const m = await take(ch, q)
    same([m.body, m.messageCount], ['a', 2])
    ch.basicAck(m)
  }),

  consume: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(1000))
    await ch.basicQos({ prefetchCount: 50 })
    const { consumerTag } = await ch.basicConsume({ queue: q }, m => {
      got.push(Number(m.body))
      ch.basicAck({ deliveryTag: m.deliveryTag })
    })
    await wait(() => got.length >= 1000)
    await ch.basicCancel(consumerTag)
    same(got, range(1000))
    same(await count(ch, q), 0)
  }),

  'no-ack': () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(1000))
    await ch.basicConsume({ queue: q, noAck: true }, m => got.push(Number(m.body)))
    await wait(() => got.length >= 1000)
    same(got, range(1000))
    same(await count(ch, q), 0)
  }),

  prefetch: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(30))
    await ch.basicQos({ prefetchCount: 10 })
    await ch.basicConsume({ queue: q }, m => got.push(m))
    await comes(got, 10)
    ch.basicAck({ deliveryTag: got[4].deliveryTag, multiple: true })
    await comes(got, 15)
  }),

  'prefetch-global': () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(30))
    await ch.basicQos({ prefetchCount: 10, global: true })
    for (const _ of range(2)) await ch.basicConsume({ queue: q }, m => got.push(m))
    await comes(got, 10)
    ch.basicAck({ deliveryTag: got[9].deliveryTag, multiple: true })
    await comes(got, 20)
  }),

  'nack-requeue': () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    const first = await take(ch, q)
    ch.basicNack({ deliveryTag: first.deliveryTag, requeue: true })
    const again = await take(ch, q)
    same([again.body, first.redelivered, again.redelivered], ['a', false, true])
  }),

  reject: partly('has no call for basic.reject; what it rejects it nacks', async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    ch.basicNack({ deliveryTag: (await take(ch, q)).deliveryTag, requeue: false })
    same(await bodies(ch, q), ['b'])
  }),

  'ack-multiple': () => session(async (ch, c) => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b', 'c', 'd')
    const other = await c.acquire()
    const got = []
    for (const _ of range(4)) got.push(await take(other, q))
    other.basicAck({ deliveryTag: got[2].deliveryTag, multiple: true })
    await other.close()   // the fourth comes back
    same(await bodies(ch, q), ['d'])
  }),

  recover: () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    for (const _ of range(2)) await take(ch, q)
    await ch.basicRecover({ requeue: true })
    for (const body of ['a', 'b']) {
      const m = await take(ch, q)
      same([m.body, m.redelivered], [body, true])
    }
  }),

  'ack-unknown': () => session(ch =>
    complains('PRECONDITION_FAILED', ch, () => ch.basicAck({ deliveryTag: 99 }))),

  cancel: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, 'a')
    const { consumerTag } = await ch.basicConsume({ queue: q }, m => got.push(m))
    await wait(() => got.length)
    await ch.basicCancel(consumerTag)
    await put(ch, q, 'b')
    await comes(got, 1)
    ch.basicAck({ deliveryTag: got[0].deliveryTag })
    same(await bodies(ch, q), ['b'])
  }),

  'cancel-notify': () => session(async (ch, c) => {
    const q = await queue(ch)
    const told = []
    ch.on('basic.cancel', tag => told.push(tag))
    await ch.basicConsume({ queue: q, consumerTag: 'me' }, quiet)
    await c.queueDelete(q)
    await wait(() => told.length)
    same(told, ['me'])
  }),

  exclusive: () => session(async (ch, c) => {
    const q = await queue(ch)
    await ch.basicConsume({ queue: q, exclusive: true }, quiet)
    await refused('ACCESS_REFUSED', (await plain(c)).basicConsume({ queue: q }, quiet))
    await session(other =>
      refused('RESOURCE_LOCKED', other.queueDeclare({ queue: q, passive: true })))
  }),

  tx: () => session(async (ch, c) => {
    const q = await queue(ch)
    const t = await c.acquire()
    await t.txSelect()
    await t.basicPublish(q, 'no')
    await t.txRollback()
    await t.basicPublish(q, 'yes')
    same(await bodies(ch, q), [])
    await t.txCommit()
    const { deliveryTag } = await take(t, q)
    t.basicAck({ deliveryTag })
    await t.txRollback()
    t.basicAck({ deliveryTag })
    await t.txCommit()
    await t.close()
    same(await bodies(ch, q), [])
  }),

  'dead-letter': () => session(async ch => {
    const dead = await queue(ch)
    const q = await queue(ch, { 'x-message-ttl': 50, 'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead })
    const got = []
    await put(ch, q, 'late')
    await ch.basicConsume({ queue: dead }, m => got.push(m))
    await wait(() => got.length)
    const death = got[0].headers['x-death'][0]
    same([got[0].body, death.queue, death.reason, death.count], ['late', q, 'expired', 1])
  }),

  // The connection, its consumer and its publisher come back by themselves.
  restart: async () => {
    const [x, q] = [name(), name()]
    const got = []
    await session(async ch => {
      await ch.exchangeDeclare({ exchange: x, type: 'topic', durable: true })
      await ch.queueDeclare({ queue: q, durable: true })
      await ch.queueBind({ queue: q, exchange: x, routingKey: 'a.#' })
      await Promise.all(range(100).map(i =>
        send(ch, x, 'a.b', String(i), { durable: true })))
      await broker('crash')
    })
    await broker('start')
    const c = await connect()
    const p = c.createPublisher({ confirm: true, maxAttempts: 5 })
    const s = c.createConsumer({ queue: q, queueOptions: { durable: true } },
      m => { got.push(Number(m.body)) })
    s.on('error', quiet)
    await wait(() => got.length >= 100)
    same(got, range(100))
    await broker('crash')
    await wait(() => !c.ready)
    assert(!c.ready)
    await broker('start')
    await p.send({ exchange: x, routingKey: 'a.c', durable: true }, '100')
    await wait(() => got.includes(100))
    assert(got.includes(100), 'the consumer did not come back')
    await s.close()
    await p.close()
    await c.queueDelete(q)
    await c.close()
  },
}

main(cases)
