// SPDX-License-Identifier: Apache-2.0
// The forty scenarios with amqplib's promises.  usage: drive.js PORT [NUMBER ...]
'use strict'
const assert = require('node:assert')
const amqp = require('amqplib')
const { main, part, port, url, name, sleep, range, sizes, pattern, broker, wait, comes } =
  require('../scenarios.js')

const same = assert.deepStrictEqual
const persistent = { persistent: true }
const noAck = { noAck: true }

// Runs the case with a confirm channel of a connection of its own.
async function session(run) {
  const c = await amqp.connect(url)
  c.on('error', () => {})
  try {
    await run(await confirming(c), c)
  } finally {
    await c.close().catch(() => {})
  }
}

async function confirming(c) {
  const ch = await c.createConfirmChannel()
  ch.on('error', () => {})
  return ch
}

const queue = async (ch, more) => (await ch.assertQueue('', { exclusive: true, ...more })).queue

async function put(ch, q, ...what) {
  for (const each of what) ch.sendToQueue(q, Buffer.from(String(each)))
  await ch.waitForConfirms()
}

async function send(ch, exchange, key, body, options) {
  ch.publish(exchange, key, Buffer.from(body), options)
  await ch.waitForConfirms()
}

async function bodies(ch, q) {
  const out = []
  for (;;) {
    const m = await ch.get(q, noAck)
    if (!m) return out
    out.push(m.content.toString())
  }
}

// The action closes the channel with this code.
async function refused(code, ch, action) {
  const closed = new Promise(done => ch.once('error', done))
  Promise.resolve(action(ch)).catch(() => {})
  const e = await Promise.race([closed, sleep(30000)])
  assert(e, `not refused with ${code}`)
  same(e.code, code, e.message)
}

const cases = {
  connect: async () => {
    const c = await amqp.connect(url + '?heartbeat=30')
    assert(c.connection.serverProperties.product)
    assert(c.connection.serverProperties.version)
    same(c.connection.heartbeat, 30)
    const ch = await c.createChannel()
    await ch.close()
    await c.close()
  },

  'login-refused': () =>
    assert.rejects(amqp.connect(`amqp://guest:wrong@127.0.0.1:${port}/`), /403/),

  'vhost-unknown': part('tells only that the answer was a close, not its code', () =>
    assert.rejects(amqp.connect(url + 'nope'), /got <ConnectionClose channel:0>/)),

  channels: async () => {
    const c = await amqp.connect(url)
    const chs = []
    for (const _ of range(50)) chs.push(await c.createChannel())
    await Promise.all(chs.map(ch => queue(ch)))
    same(new Set(chs.map(ch => ch.ch)).size, 50)
    for (const ch of chs) await ch.close()
    await c.close()
  },

  'queue-declare': () => session(async (ch, c) => {
    const [durable, short] = [name(), name()]
    await ch.assertQueue(durable, { durable: true })
    await put(ch, durable, 'a', 'b')
    const ok = await ch.checkQueue(durable)
    same([ok.messageCount, ok.consumerCount], [2, 0])
    await ch.deleteQueue(durable)
    assert((await queue(ch)).startsWith('amq.gen-'))
    await ch.assertQueue(short, { durable: false, autoDelete: true })
    const { consumerTag } = await ch.consume(short, () => {})
    same((await ch.checkQueue(short)).consumerCount, 1)
    await ch.cancel(consumerTag)
    await refused(404, ch, () => ch.checkQueue(short))
    assert(await queue(await c.createChannel()))
  }),

  'queue-mismatch': () => session(async (ch, c) => {
    const q = name()
    await ch.assertQueue(q, { durable: true })
    await refused(406, ch, () => ch.assertQueue(q, { durable: false }))
    await (await c.createChannel()).deleteQueue(q)
  }),

  'queue-purge-delete': () => session(async (ch, c) => {
    const q = name()
    await ch.assertQueue(q)
    await put(ch, q, 'a', 'b', 'c')
    same((await ch.purgeQueue(q)).messageCount, 3)
    await put(ch, q, 'd', 'e')
    await refused(406, await confirming(c), other => other.deleteQueue(q, { ifEmpty: true }))
    const user = await c.createChannel()
    await user.prefetch(1)
    await user.consume(q, () => {})
    await refused(406, await confirming(c), other => other.deleteQueue(q, { ifUnused: true }))
    await user.close()
    same((await ch.deleteQueue(q)).messageCount, 2)
  }),

  'exchange-declare': () => session(async ch => {
    let x
    for (const kind of ['direct', 'fanout', 'topic', 'headers']) {
      x = name()
      await ch.assertExchange(x, kind)
      await ch.assertExchange(x, kind)
      await ch.deleteExchange(x)
    }
    await ch.checkExchange('amq.topic')
    await refused(404, ch, () => ch.checkExchange(x))
  }),

  'exchange-mismatch': () => session(async ch => {
    const x = name()
    await ch.assertExchange(x, 'direct', { autoDelete: true })
    await refused(406, ch, () => ch.assertExchange(x, 'fanout', { autoDelete: true }))
  }),

  direct: () => session(async ch => {
    const [one, two] = [await queue(ch), await queue(ch)]
    for (const q of [one, two]) await ch.bindQueue(q, 'amq.direct', q)
    for (const key of [one, two, name()]) await send(ch, 'amq.direct', key, key)
    same([await bodies(ch, one), await bodies(ch, two)], [[one], [two]])
  }),

  fanout: () => session(async ch => {
    const x = name()
    await ch.assertExchange(x, 'fanout', { autoDelete: true })
    const qs = [await queue(ch), await queue(ch), await queue(ch)]
    for (const q of qs) await ch.bindQueue(q, x, '')
    for (const i of range(5)) await send(ch, x, String(i), String(i))
    for (const q of qs) same(await bodies(ch, q), ['0', '1', '2', '3', '4'])
  }),

  topic: () => session(async ch => {
    const q = await queue(ch)
    for (const key of ['a.*.c', '#.z', 'k.#']) await ch.bindQueue(q, 'amq.topic', key)
    for (const key of ['a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', '']) {
      await send(ch, 'amq.topic', key, key)
    }
    same(await bodies(ch, q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])
  }),

  headers: () => session(async ch => {
    const [both, either] = [await queue(ch), await queue(ch)]
    const wanted = { kind: 'report', size: 7 }
    await ch.bindQueue(both, 'amq.headers', '', { ...wanted, 'x-match': 'all' })
    await ch.bindQueue(either, 'amq.headers', '', { ...wanted, 'x-match': 'any' })
    for (const [body, headers] of
      [['2', wanted], ['1', { kind: 'report' }], ['0', { size: 8 }], ['n', {}]]) {
      await send(ch, 'amq.headers', '', body, { headers })
    }
    same([await bodies(ch, both), await bodies(ch, either)], [['2'], ['2', '1']])
  }),

  'exchange-bind': () => session(async ch => {
    const [outer, inner, q] = [name(), name(), await queue(ch)]
    await ch.assertExchange(outer, 'topic', { autoDelete: true })
    await ch.assertExchange(inner, 'fanout', { autoDelete: true })
    await ch.bindExchange(inner, outer, 'in.#')
    await ch.bindQueue(q, inner, '')
    for (const key of ['in.a', 'out']) await send(ch, outer, key, key)
    same(await bodies(ch, q), ['in.a'])
    await ch.unbindExchange(inner, outer, 'in.#')
  }),

  alternate: () => session(async ch => {
    const [spill, x, lost] = [name(), name(), await queue(ch)]
    await ch.assertExchange(spill, 'fanout', { autoDelete: true })
    await ch.bindQueue(lost, spill, '')
    await ch.assertExchange(x, 'direct', { alternateExchange: spill })
    await send(ch, x, 'nowhere', 'spilt')
    same(await bodies(ch, lost), ['spilt'])
    await ch.deleteExchange(x)
  }),

  unbind: () => session(async ch => {
    const q = await queue(ch)
    await ch.bindQueue(q, 'amq.direct', q)
    await send(ch, 'amq.direct', q, 'before')
    await ch.unbindQueue(q, 'amq.direct', q)
    await send(ch, 'amq.direct', q, 'after')
    same(await bodies(ch, q), ['before'])
  }),

  'default-exchange': () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'x')
    const m = await ch.get(q, noAck)
    same([m.fields.exchange, m.fields.routingKey, String(m.content)], ['', q, 'x'])
  }),

  properties: () => session(async ch => {
    const q = await queue(ch)
    const sent = {
      contentType: 'text/plain', contentEncoding: 'utf-8', deliveryMode: 2, priority: 3,
      correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm',
      timestamp: 1700000000, type: 't', userId: 'guest', appId: 'a', headers: { a: 'b' },
    }
    await send(ch, '', q, 'x', sent)
    const got = (await ch.get(q, noAck)).properties
    for (const key of Object.keys(sent)) same(got[key], sent[key], key)
  }),

  'header-types': () => session(async ch => {
    const q = await queue(ch)
    const headers = {
      text: 'grün', small: 1, negative: -2, large: 2 ** 40, float: 0.5, yes: true, no: false,
      time: { '!': 'timestamp', value: 1700000000 }, bytes: Buffer.from([0, 255]), empty: null,
      table: { deep: { deeper: -1 } }, array: [1, 'a', { n: null }],
    }
    await send(ch, '', q, 'x', { headers })
    same((await ch.get(q, noAck)).properties.headers, headers)
  }),

  bodies: () => session(async ch => {
    const q = await queue(ch)
    for (const n of sizes(131072)) {
      await send(ch, '', q, pattern(n))
      assert((await ch.get(q, noAck)).content.equals(pattern(n)), `${n} bytes differ`)
    }
  }),

  confirm: () => session(async ch => {
    const q = await queue(ch)
    const seen = Array(1000).fill(0)
    for (const i of range(1000)) {
      ch.sendToQueue(q, Buffer.from(String(i)), persistent, e => { if (!e) seen[i]++ })
    }
    await ch.waitForConfirms()
    assert(seen.every(n => n === 1))
  }),

  'confirm-mixed': () => session(async ch => {
    const q = await queue(ch)
    let good = 0
    for (const i of range(1000)) {
      ch.sendToQueue(i % 10 ? q : name(), Buffer.from('x'), { persistent: i % 2 === 1 },
        e => { if (!e) good++ })
    }
    await ch.waitForConfirms()
    same([good, (await ch.checkQueue(q)).messageCount], [1000, 900])
  }),

  mandatory: () => session(async ch => {
    const q = await queue(ch)
    const order = []
    ch.on('return', m => order.push([m.fields.replyCode, String(m.content)]))
    ch.publish('', name(), Buffer.from('nobody'), { mandatory: true }, () => order.push('ok'))
    await ch.waitForConfirms()
    ch.publish('', q, Buffer.from('x'), { mandatory: true }, () => order.push('ok'))
    await ch.waitForConfirms()
    same(order, [[312, 'nobody'], 'ok', 'ok'])
  }),

  'exchange-missing': () => session(async (ch, c) => {
    const other = await confirming(c)
    await refused(404, ch, () => ch.publish(name(), '', Buffer.from('x')))
    const q = await queue(other)
    await put(other, q, 'on')
    same(await bodies(other, q), ['on'])
  }),

  get: () => session(async ch => {
    const q = await queue(ch)
    same(await ch.get(q), false)
    await put(ch, q, 'a', 'b', 'c')
    const m = await ch.get(q)
    same([String(m.content), m.fields.messageCount], ['a', 2])
    ch.ack(m)
  }),

  consume: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(1000))
    await ch.prefetch(50)
    await ch.consume(q, m => {
      got.push(Number(m.content))
      ch.ack(m)
    })
    await wait(() => got.length >= 1000)
    same(got, range(1000))
    same((await ch.checkQueue(q)).messageCount, 0)
  }),

  'no-ack': () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(1000))
    await ch.consume(q, m => got.push(Number(m.content)), noAck)
    await wait(() => got.length >= 1000)
    same(got, range(1000))
    same((await ch.checkQueue(q)).messageCount, 0)
  }),

  prefetch: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(30))
    await ch.prefetch(10)
    await ch.consume(q, m => got.push(m))
    await comes(got, 10)
    ch.ack(got[4], true)
    await comes(got, 15)
  }),

  'prefetch-global': () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, ...range(30))
    await ch.prefetch(10, true)
    for (const _ of range(2)) await ch.consume(q, m => got.push(m))
    await comes(got, 10)
    ch.ackAll()
    await comes(got, 20)
  }),

  'nack-requeue': () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    const first = await ch.get(q)
    ch.nack(first, false, true)
    const again = await ch.get(q)
    same([String(again.content), first.fields.redelivered, again.fields.redelivered],
      ['a', false, true])
  }),

  reject: () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    ch.reject(await ch.get(q), false)
    same(await bodies(ch, q), ['b'])
  }),

  'ack-multiple': () => session(async (ch, c) => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b', 'c', 'd')
    const other = await c.createChannel()
    const got = []
    for (const _ of range(4)) got.push(await other.get(q))
    other.ack(got[2], true)
    await other.close()   // the fourth comes back
    same(await bodies(ch, q), ['d'])
  }),

  recover: () => session(async ch => {
    const q = await queue(ch)
    await put(ch, q, 'a', 'b')
    for (const _ of range(2)) await ch.get(q)
    await ch.recover()
    for (const body of ['a', 'b']) {
      const m = await ch.get(q)
      same([String(m.content), m.fields.redelivered], [body, true])
    }
  }),

  'ack-unknown': () => session(ch =>
    refused(406, ch, () => ch.ack({ fields: { deliveryTag: 99 } }))),

  cancel: () => session(async ch => {
    const q = await queue(ch)
    const got = []
    await put(ch, q, 'a')
    const { consumerTag } = await ch.consume(q, m => got.push(m))
    await wait(() => got.length)
    await ch.cancel(consumerTag)
    await put(ch, q, 'b')
    await comes(got, 1)
    ch.ack(got[0])
    same(await bodies(ch, q), ['b'])
  }),

  'cancel-notify': () => session(async (ch, c) => {
    const q = await queue(ch)
    const told = []
    await ch.consume(q, m => told.push(m))
    await (await c.createChannel()).deleteQueue(q)
    await wait(() => told.length)
    same(told, [null])
  }),

  exclusive: () => session(async (ch, c) => {
    const q = await queue(ch)
    await ch.consume(q, () => {}, { exclusive: true })
    await refused(403, await confirming(c), other => other.consume(q, () => {}))
    await session(other => refused(405, other, () => other.checkQueue(q)))
  }),

  tx: 'no calls for transactions',

  'dead-letter': () => session(async ch => {
    const dead = await queue(ch)
    const q = await queue(ch,
      { messageTtl: 50, deadLetterExchange: '', deadLetterRoutingKey: dead })
    const got = []
    await put(ch, q, 'late')
    await ch.consume(dead, m => got.push(m))
    await wait(() => got.length)
    const death = got[0].properties.headers['x-death'][0]
    same([String(got[0].content), death.queue, death.reason, death.count],
      ['late', q, 'expired', 1])
  }),

  // The recovery that one asks for connects again and calls `setup`, where the consumer is made.
  restart: async () => {
    const [x, q] = [name(), name()]
    const got = []
    let lost = false
    const setup = async model => {
      const ch = await model.createChannel()
      await ch.assertQueue(q)
      await ch.consume(q, m => got.push(Number(m.content)), noAck)
    }
    await session(async ch => {
      await ch.assertExchange(x, 'topic')
      await ch.assertQueue(q)
      await ch.bindQueue(q, x, 'a.#')
      for (const i of range(100)) ch.publish(x, 'a.b', Buffer.from(String(i)), persistent)
      await ch.waitForConfirms()
      await broker('crash')
    })
    await broker('start')
    const c = await amqp.connect(url, { recovery: { initialDelay: 50, maxDelay: 200, setup } })
    c.on('error', () => {})
    c.on('disconnect', () => { lost = true })
    await wait(() => got.length >= 100)
    same(got, range(100))
    await broker('crash')
    await broker('start')
    await wait(() => lost)
    await session(async ch => {
      ch.publish(x, 'a.c', Buffer.from('100'), persistent)
      await ch.waitForConfirms()
      await wait(() => got.includes(100))
      same([lost, got.includes(100)], [true, true])
      await ch.deleteQueue(q)
      await ch.deleteExchange(x)
    })
    await c.close()
  },
}

main(cases)
