// SPDX-License-Identifier: Apache-2.0
// The forty scenarios with @cloudamqp/amqp-client: its channels, and its session where it recovers.
// usage: drive.js PORT [NUMBER ...]
'use strict'
const assert = require('node:assert')
const { AMQPClient, AMQPSession } = require('@cloudamqp/amqp-client')
const { main, part, port, url, name, sleep, range, sizes, pattern, broker, wait, comes } =
  require('../scenarios.js')

const same = assert.deepStrictEqual
const persistent = { deliveryMode: 2 }
const exclusive = { exclusive: true, durable: false, autoDelete: false }
const quiet = () => {}

// The query of an address sets frameMax and heartbeat.
async function connect(query = '') {
  const c = new AMQPClient(url + query)
  c.onerror = quiet
  await c.connect()
  return c
}

async function confirming(c) {
  const ch = await c.channel()
  await ch.confirmSelect()
  return ch
}

// Runs the case with a confirm channel of a connection of its own.
async function session(run, query) {
  const c = await connect(query)
  try {
    await run(await confirming(c), c)
  } finally {
    if (!c.closed) await c.close().catch(quiet)
  }
}

const queue = async (ch, args) => (await ch.queueDeclare('', exclusive, args)).name

async function put(ch, q, ...what) {
  await Promise.all(what.map(each => ch.basicPublish('', q, String(each))))
}

async function bodies(ch, q) {
  const out = []
  for (;;) {
    const m = await ch.basicGet(q, { noAck: true })
    if (!m) return out
    out.push(m.bodyString() ?? '')
  }
}

// The call is refused with this code, which the error's text holds.
async function refused(code, call) {
  const e = await Promise.race([call.then(() => null, e => e), sleep(30000)])
  assert(e, `not refused with ${code}`)
  assert(e.message.includes(`(${code})`), e.message)
}

const cases = {
  connect: part('does not keep the properties of the server', async () => {
    const c = await connect('?heartbeat=30')
    same(c.heartbeat, 30)
    const ch = await c.channel()
    await ch.close()
    await c.close()
    assert(c.closed)
  }),

  'login-refused': async () => {
    const c = new AMQPClient(`amqp://guest:wrong@127.0.0.1:${port}/`)
    c.onerror = quiet
    await refused(403, c.connect())
  },

  'vhost-unknown': async () => {
    const c = new AMQPClient(url + 'nope')
    c.onerror = quiet
    await refused(530, c.connect())
  },

  channels: async () => {
    const c = await connect()
    const chs = []
    for (const _ of range(50)) chs.push(await c.channel())
    await Promise.all(chs.map(ch => queue(ch)))
    same(new Set(chs.map(ch => ch.id)).size, 50)
    for (const ch of chs) await ch.close()
    await c.close()
  },

  'queue-declare': () => session(async ch => {
    const [durable, short] = [name(), name()]
    await ch.queueDeclare(durable, { durable: true })
    await put(ch, durable, 'a', 'b')
    const ok = await ch.queueDeclare(durable, { passive: true })
    same([ok.messageCount, ok.consumerCount], [2, 0])
    await ch.queueDelete(durable)
    assert((await queue(ch)).startsWith('amq.gen-'))
    await ch.queueDeclare(short, { durable: false, autoDelete: true })
    const consumer = await ch.basicConsume(short, {}, quiet)
    same((await ch.queueDeclare(short, { passive: true })).consumerCount, 1)
    await consumer.cancel()
    await refused(404, ch.queueDeclare(short, { passive: true }))
  }),

  'queue-mismatch': () => session(async (ch, c) => {
    const q = name()
    await ch.queueDeclare(q, { durable: true })
    await refused(406, ch.queueDeclare(q, { durable: false }))
    await (await c.channel()).queueDelete(q)
  }),

  'queue-purge-delete': () => session(async (ch, c) => {
    const q = name()
    await ch.queueDeclare(q)
    await put(ch, q, 'a', 'b', 'c')
    same((await ch.queuePurge(q)).messageCount, 3)
    await put(ch, q, 'd', 'e')
    await refused(406, (await c.channel()).queueDelete(q, { ifEmpty: true }))
    const user = await c.channel()
    await user.prefetch(1)
    await user.basicConsume(q, { noAck: false }, quiet)
    await refused(406, (await c.channel()).queueDelete(q, { ifUnused: true }))
    await user.close()
    same((await ch.queueDelete(q)).messageCount, 2)
  }),

  'exchange-declare': () => session(async ch => {
    let x
    for (const kind of ['direct', 'fanout', 'topic', 'headers']) {
      x = name()
      await ch.exchangeDeclare(x, kind)
      await ch.exchangeDeclare(x, kind)
      await ch.exchangeDelete(x)
    }
    await ch.exchangeDeclare('amq.topic', '', { passive: true })
    await refused(404, ch.exchangeDeclare(x, '', { passive: true }))
  }),

  'exchange-mismatch': () => session(async ch => {
    const x = name()
    await ch.exchangeDeclare(x, 'direct', { autoDelete: true })
    await refused(406, ch.exchangeDeclare(x, 'fanout', { autoDelete: true }))
  }),

  direct: () => session(async ch => {
    const [one, two] = [await queue(ch), await queue(ch)]
    for (const q of [one, two]) await ch.queueBind(q, 'amq.direct', q)
    for (const key of [one, two, name()]) await ch.basicPublish('amq.direct', key, key)
    same([await bodies(ch, one), await bodies(ch, two)], [[one], [two]])
  }),

  fanout: () => session(async ch => {
    const x = name()
    await ch.exchangeDeclare(x, 'fanout', { autoDelete: true })
    const qs = [await queue(ch), await queue(ch), await queue(ch)]
    for (const q of qs) await ch.queueBind(q, x, '')
    for (const i of range(5)) await ch.basicPublish(x, String(i), String(i))
    for (const q of qs) same(await bodies(ch, q), ['0', '1', '2', '3', '4'])
  }),

  topic: () => session(async ch => {
    const q = await queue(ch)
    for (const key of ['a.*.c', '#.z', 'k.#']) await ch.queueBind(q, 'amq.topic', key)
    for (const key of ['a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', '']) {
      await ch.basicPublish('amq.topic', key, key)
    }
    same(await bodies(ch, q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])
  }),

  headers: () => session(async ch => {
    const [both, either] = [await queue(ch), await queue(ch)]
    const wanted = { kind: 'report', size: 7 }
    await ch.queueBind(both, 'amq.headers', '', { ...wanted, 'x-match': 'all' })
    await ch.queueBind(either, 'amq.headers', '', { ...wanted, 'x-match': 'any' })
    for (const [body, headers] of
      [['2', wanted], ['1', { kind: 'report' }], ['0', { size: 8 }], ['n', {}]]) {
      await ch.basicPublish('amq.headers', '', body, { headers })
    }
    same([await bodies(ch, both), await bodies(ch, either)], [['2'], ['2', '1']])
  }),

  'exchange-bind': () => session(async ch => {
    const [outer, inner, q] = [name(), name(), await queue(ch)]
    await ch.exchangeDeclare(outer, 'topic', { autoDelete: true })
    await ch.exchangeDeclare(inner, 'fanout', { autoDelete: true })
    await ch.exchangeBind(inner, outer, 'in.#')
    await ch.queueBind(q, inner, '')
    for (const key of ['in.a', 'out']) await ch.basicPublish(outer, key, key)
    same(await bodies(ch, q), ['in.a'])
    await ch.exchangeUnbind(inner, outer, 'in.#')
  }),

  alternate: () => session(async ch => {
    const [spill, x, lost] = [name(), name(), await queue(ch)]
    await ch.exchangeDeclare(spill, 'fanout', { autoDelete: true })
    await ch.queueBind(lost, spill, '')
    await ch.exchangeDeclare(x, 'direct', {}, { 'alternate-exchange': spill })
    await ch.basicPublish(x, 'nowhere', 'spilt')
    same(await bodies(ch, lost), ['spilt'])
    await ch.exchangeDelete(x)
  }),

  unbind: () => session(async ch => {
    const q = await queue(ch)
    await ch.queueBind(q, 'amq.direct', q)
    await ch.basicPublish('amq.direct', q, 'before')
    await ch.queueUnbind(q, 'amq.direct', q)
    await ch.basicPublish('amq.direct', q, 'after')
    same(await bodies(ch, q), ['before'])
  }),

  'default-exchange': () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'x')
    const m = await ch.basicGet(q)
    same([m.exchange, m.routingKey, m.bodyString()], ['', q, 'x'])
  }),

  properties: () => session(async ch => {
    const q = await queue(ch)
    const sent = {
      contentType: 'text/plain', contentEncoding: 'utf-8', deliveryMode: 2, priority: 3,
      correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm',
      timestamp: new Date(1700000000000), type: 't', userId: 'guest', appId: 'a',
      headers: { a: 'b' },
    }
    await ch.basicPublish('', q, 'x', sent)
    same({ ...(await ch.basicGet(q)).properties }, sent)
  }),

  'header-types': () => session(async ch => {
    const q = await queue(ch)
    const headers = {
      text: 'grün', small: 1, negative: -2, large: 2 ** 40, float: 0.5, yes: true, no: false,
      time: new Date(1700000000000), bytes: new Uint8Array([0, 255]), empty: null,
      table: { deep: { deeper: -1 } }, array: [1, 'a', { n: null }],
    }
    await ch.basicPublish('', q, 'x', { headers })
    const got = { ...(await ch.basicGet(q)).properties.headers }
    got.bytes = new Uint8Array(got.bytes)
    same(got, headers)
  }),

  bodies: async () => {
    for (const frameMax of [8192, 131072]) {
      await session(async (ch, c) => {
        same(c.frameMax, frameMax)
        const q = await queue(ch)
        for (const n of sizes(frameMax)) {
          await ch.basicPublish('', q, pattern(n))
          const m = await ch.basicGet(q)
          assert(Buffer.from(m.body ?? []).equals(pattern(n)), `${n} bytes differ`)
        }
      }, `?frameMax=${frameMax}`)
    }
  },

  confirm: () => session(async ch => {
    const q = await queue(ch)
    const tags = await Promise.all(range(1000).map(i =>
      ch.basicPublish('', q, String(i), persistent)))
    same(tags, range(1000).map(i => i + 1))
    same((await ch.queueDeclare(q, { ...exclusive, passive: true })).messageCount, 1000)
  }),

  'confirm-mixed': () => session(async ch => {
    const q = await queue(ch)
    const tags = await Promise.all(range(1000).map(i =>
      ch.basicPublish('', i % 10 ? q : name(), 'x', i % 2 ? persistent : {})))
    same(new Set(tags).size, 1000)
    same((await ch.queueDeclare(q, { ...exclusive, passive: true })).messageCount, 900)
  }),

  mandatory: () => session(async ch => {
    const q = await queue(ch)
    const order = []
    ch.onReturn = m => order.push([m.replyCode, m.bodyString()])
    await ch.basicPublish('', name(), 'nobody', {}, true).then(() => order.push('ok'))
    await ch.basicPublish('', q, 'x', {}, true).then(() => order.push('ok'))
    same(order, [[312, 'nobody'], 'ok', 'ok'])
  }),

  'exchange-missing': () => session(async (ch, c) => {
    const other = await confirming(c)
    await refused(404, ch.basicPublish(name(), '', 'x'))
    const q = await queue(other)
    await put(other, q, 'on')
    same(await bodies(other, q), ['on'])
  }),

  get: () => session(async ch => {
    const q = await queue(ch)
    same(await ch.basicGet(q), null)
    await put(ch, q, 'a', 'b', 'c')
    const m = await ch.basicGet(q, { noAck: false })
    same([m.bodyString(), m.messageCount], ['a', 2])
    await m.ack()
  }),

  consume: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(1000))
    await ch.prefetch(50)
    const consumer = await ch.basicConsume(q, { noAck: false }, m => {
      got.push(Number(m.bodyString()))
      m.ack()
    })
    await wait(() => got.length >= 1000)
    await consumer.cancel()
    same(got, range(1000))
    same((await ch.queueDelete(q)).messageCount, 0)
  }),

  'no-ack': () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(1000))
    await ch.basicConsume(q, { noAck: true }, m => got.push(Number(m.bodyString())))
    await wait(() => got.length >= 1000)
    same(got, range(1000))
    same((await ch.queueDelete(q)).messageCount, 0)
  }),

  prefetch: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(30))
    await ch.prefetch(10)
    await ch.basicConsume(q, { noAck: false }, m => { got.push(m) })
    await comes(got, 10)
    await got[4].ack(true)
    await comes(got, 15)
  }),

  'prefetch-global': () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(30))
    await ch.basicQos(10, 0, true)
    for (const _ of range(2)) {
      await ch.basicConsume(q, { noAck: false }, m => { got.push(m) })
    }
    await comes(got, 10)
    await got[9].ack(true)
    await comes(got, 20)
  }),

  'nack-requeue': () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    const first = await ch.basicGet(q, { noAck: false })
    await first.nack(true)
    const again = await ch.basicGet(q, { noAck: false })
    same([again.bodyString(), first.redelivered, again.redelivered], ['a', false, true])
  }),

  reject: () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    await (await ch.basicGet(q, { noAck: false })).reject(false)
    same(await bodies(ch, q), ['b'])
  }),

  'ack-multiple': () => session(async (ch, c) => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b', 'c', 'd')
    const other = await c.channel()
    const got = []
    for (const _ of range(4)) got.push(await other.basicGet(q, { noAck: false }))
    await got[2].ack(true)
    await other.close()   // the fourth comes back
    same(await bodies(ch, q), ['d'])
  }),

  recover: () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    for (const _ of range(2)) await ch.basicGet(q, { noAck: false })
    await ch.basicRecover(true)
    for (const body of ['a', 'b']) {
      const m = await ch.basicGet(q, { noAck: false })
      same([m.bodyString(), m.redelivered], [body, true])
    }
  }),

  'ack-unknown': () => session(async ch => {
    await ch.basicAck(99)
    await refused(406, queue(ch))
  }),

  cancel: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, 'a')
    const consumer = await ch.basicConsume(q, { noAck: false }, m => { got.push(m) })
    await wait(() => got.length)
    await consumer.cancel()
    await put(ch, q, 'b')
    await comes(got, 1)
    await got[0].ack()
    same(await bodies(ch, q), ['b'])
  }),

  'cancel-notify': () => session(async (ch, c) => {
    const q = await queue(ch)
    const consumer = await ch.basicConsume(q, {}, quiet)
    const told = assert.rejects(consumer.wait(30000), /cancelled by the server/)
    await (await c.channel()).queueDelete(q)
    await told
  }),

  exclusive: () => session(async (ch, c) => {
    const q = await queue(ch)
    await ch.basicConsume(q, { exclusive: true }, quiet)
    await refused(403, (await c.channel()).basicConsume(q, {}, quiet))
    await session(other => refused(405, other.queueDeclare(q, { passive: true })))
  }),

  tx: () => session(async (ch, c) => {
    const q = await queue(ch)
    const t = await c.channel()
    await t.txSelect()
    await t.basicPublish('', q, 'no')
    await t.txRollback()
    await t.basicPublish('', q, 'yes')
    same(await bodies(ch, q), [])
    await t.txCommit()
    const m = await t.basicGet(q, { noAck: false })
    same(m.bodyString(), 'yes')
    await t.basicAck(m.deliveryTag)
    await t.txRollback()
    await t.basicAck(m.deliveryTag)
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
    await ch.basicConsume(dead, {}, m => { got.push(m) })
    await wait(() => got.length)
    const death = got[0].properties.headers['x-death'][0]
    same([got[0].bodyString(), death.queue, death.reason, Number(death.count)],
      ['late', q, 'expired', 1])
  }),

  // The session connects again by itself and subscribes again.
  restart: async () => {
    const [x, q] = [name(), name()]
    const got = []
    let connects = 0
    const s = await AMQPSession.connect(url,
      { reconnectInterval: 100, maxReconnectInterval: 200, onconnect: () => connects++ })
    await session(async ch => {
      await ch.exchangeDeclare(x, 'topic')
      await ch.queueDeclare(q)
      await ch.queueBind(q, x, 'a.#')
      await Promise.all(range(100).map(i => ch.basicPublish(x, 'a.b', String(i), persistent)))
    })
    await broker('crash')
    await broker('start')
    await wait(() => connects === 2)
    const there = await s.queue(q)
    await there.subscribe(m => { got.push(Number(m.bodyString())) })
    await wait(() => got.length >= 100)
    same(got, range(100))
    await broker('crash')
    await broker('start')
    await wait(() => connects === 3)
    await session(async ch => {
      await ch.basicPublish(x, 'a.c', '100', persistent)
      await wait(() => got.includes(100))
      assert(got.includes(100), 'the subscription did not come back')
      await ch.queueDelete(q)
      await ch.exchangeDelete(x)
    })
    await s.stop()
  },
}

main(cases)
