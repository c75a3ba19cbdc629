// SPDX-License-Identifier: Apache-2.0
// What a RabbitMQ user does with amqplib, case by case.  usage: node cases.js PORT
'use strict'
const assert = require('node:assert')
const { execFile } = require('node:child_process')
const path = require('node:path')
const { promisify } = require('node:util')
const amqp = require('amqplib')

const port = process.argv[2]
const url = `amqp://guest:guest@127.0.0.1:${port}/`
const script = path.join(__dirname, '..', 'broker.sh')
const broker = verb => promisify(execFile)(script, [verb])
const exclusive = { exclusive: true }
const persistent = { persistent: true }
let names = 0
const name = () => `node-${process.pid}-${names++}`
const sleep = ms => new Promise(done => setTimeout(done, ms))

// So many come, and what else comes in a while.
async function comes(got, n) {
  const end = Date.now() + 30000
  while (got.length < n && Date.now() < end) await sleep(20)
  await sleep(200)
}

async function connect() {
  const c = await amqp.connect(url)
  c.on('error', () => {})
  return c
}

// Runs the case with a confirm channel of a connection of its own.
async function session(run) {
  const c = await connect()
  try {
    const ch = await c.createConfirmChannel()
    ch.on('error', () => {})
    await run(ch, c)
  } finally {
    await c.close().catch(() => {})
  }
}

async function queue(ch, options = exclusive) {
  return (await ch.assertQueue('', options)).queue
}

async function put(ch, exchange, key, body, options) {
  ch.publish(exchange, key, Buffer.from(body), options)
  await ch.waitForConfirms()
}

async function bodies(ch, q) {
  const out = []
  for (;;) {
    const m = await ch.get(q, { noAck: true })
    if (!m) return out
    out.push(m.content.toString())
  }
}

// The offsets of the first n messages from there on, whose bodies say what they should be.
async function offsets(ch, q, start, n) {
  const got = []
  const all = new Promise(done => {
    ch.consume(q, m => {
      if (!m || got.length === n) return
      got.push(m.properties.headers['x-stream-offset'])
      ch.ack(m)
      assert.strictEqual(Number(m.content.toString()), got[got.length - 1])
      if (got.length === n) done()
    }, { consumerTag: `offsets-${n}`, arguments: { 'x-stream-offset': start } })
  })
  await all
  await ch.cancel(`offsets-${n}`)
  return got
}

// The action closes its channel with this code and a text that holds these words.
async function refused(code, text, action, confirm = true) {
  const c = await connect()
  const ch = await (confirm ? c.createConfirmChannel() : c.createChannel())
  const closed = new Promise(done => ch.on('error', done))
  const late = sleep(30000).then(() => new Error('not refused'))
  const other = action(ch, c)
  Promise.resolve(other).catch(() => {})
  const e = await Promise.race([closed, late])
  await c.close().catch(() => {})
  assert.strictEqual(e.code, code, e.message)
  assert(e.message.includes(text), e.message)
}

const cases = {
  direct: () => session(async ch => {
    const q = await queue(ch)
    assert(q.startsWith('amq.gen-'))
    const x = name()
    await ch.assertExchange(x, 'direct', { autoDelete: true })
    for (const key of ['one', 'two']) await ch.bindQueue(q, x, key)
    for (const key of ['one', 'two', 'three']) await put(ch, x, key, key)
    assert.deepStrictEqual(await bodies(ch, q), ['one', 'two'])
  }),

  fanout: () => session(async ch => {
    const x = name()
    await ch.assertExchange(x, 'fanout')
    const qs = [await queue(ch), await queue(ch), await queue(ch)]
    for (const q of qs) await ch.bindQueue(q, x, '')
    await put(ch, x, 'any', 'all', persistent)
    for (const q of qs) assert.deepStrictEqual(await bodies(ch, q), ['all'])
    await ch.deleteExchange(x)
  }),

  topic: () => session(async ch => {
    const q = await queue(ch)
    for (const key of ['a.*.c', '#.z', 'k.#']) await ch.bindQueue(q, 'amq.topic', key)
    for (const key of ['a.b.c', 'a.c', 'z', 'q.z', 'k', 'k.l.m', 'a.b.c.d']) {
      await put(ch, 'amq.topic', key, key)
    }
    assert.deepStrictEqual(await bodies(ch, q), ['a.b.c', 'z', 'q.z', 'k', 'k.l.m'])
  }),

  headers: () => session(async ch => {
    const both = await queue(ch)
    const either = await queue(ch)
    const h = { kind: 'report', size: 7 }
    await ch.bindQueue(both, 'amq.headers', '', { ...h, 'x-match': 'all' })
    await ch.bindQueue(either, 'amq.headers', '', { ...h, 'x-match': 'any' })
    for (const headers of [h, { kind: 'report' }, { size: 8 }, {}]) {
      await put(ch, 'amq.headers', '', JSON.stringify(headers), { headers })
    }
    assert.strictEqual((await bodies(ch, both)).length, 1)
    assert.strictEqual((await bodies(ch, either)).length, 2)
  }),

  exchange_to_exchange_and_alternate: () => session(async ch => {
    const [x, inner, spill] = [name(), name(), name()]
    const [q, lost] = [await queue(ch), await queue(ch)]
    await ch.assertExchange(spill, 'fanout', { autoDelete: true })
    await ch.bindQueue(lost, spill, '')
    await ch.assertExchange(x, 'topic', { autoDelete: true, alternateExchange: spill })
    await ch.assertExchange(inner, 'fanout', { autoDelete: true, internal: true })
    await ch.bindExchange(inner, x, 'in.#')
    await ch.bindQueue(q, inner, '')
    await put(ch, x, 'in.a', 'in')
    await put(ch, x, 'out', 'out')
    assert.deepStrictEqual(await bodies(ch, q), ['in'])
    assert.deepStrictEqual(await bodies(ch, lost), ['out'])
    await refused(403, `cannot publish to internal exchange '${inner}' in vhost '/'`,
      other => other.publish(inner, '', Buffer.from('')))
  }),

  properties_come_back: () => session(async ch => {
    const q = await queue(ch)
    const sent = {
      contentType: 'text/plain', contentEncoding: 'utf-8', deliveryMode: 2, priority: 3,
      correlationId: 'c', replyTo: 'r', expiration: '60000', messageId: 'm',
      timestamp: 1700000000, type: 't', userId: 'guest', appId: 'a',
      headers: { int: 1, big: 2 ** 40, text: 'x', list: [1, 'a', { n: null }], yes: true,
        real: 0.5, table: { deep: { deeper: -1 } } },
    }
    await put(ch, '', q, 'x'.repeat(300000), sent)
    const m = await ch.get(q, { noAck: true })
    assert.strictEqual(m.content.length, 300000)
    for (const key of Object.keys(sent)) {
      assert.deepStrictEqual(m.properties[key], sent[key], key)
    }
  }),

  prefetch: () => session(async ch => {
    const q = await queue(ch)
    for (let i = 0; i < 20; i++) await put(ch, '', q, String(i))
    const got = []
    await ch.prefetch(3)
    await ch.consume(q, m => got.push(m))
    await comes(got, 3)
    assert.deepStrictEqual(got.map(m => m.content.toString()), ['0', '1', '2'])
    ch.ack(got[1], true)
    await comes(got, 5)
    assert.deepStrictEqual(got.map(m => m.fields.deliveryTag), [1, 2, 3, 4, 5])
  }),

  nack_requeues_in_place: () => session(async ch => {
    const q = await queue(ch)
    for (let i = 0; i < 4; i++) await put(ch, '', q, String(i))
    const got = [await ch.get(q), await ch.get(q), await ch.get(q)]
    ch.nack(got[1], false, true)
    const again = await ch.get(q)
    assert.strictEqual(again.content.toString(), '1')
    assert(again.fields.redelivered && !got[1].fields.redelivered)
    ch.reject(again, false)
    ch.nackAll(true)
    assert.deepStrictEqual(await bodies(ch, q), ['0', '2', '3'])
  }),

  unacked_come_back_when_the_channel_goes: () => session(async (ch, c) => {
    const q = await queue(ch)
    await put(ch, '', q, 'x')
    const other = await c.createChannel()
    assert.strictEqual((await other.get(q)).fields.redelivered, false)
    await other.close()
    assert.strictEqual((await ch.get(q)).fields.redelivered, true)
  }),

  mandatory_returns: () => session(async ch => {
    const order = []
    const returned = new Promise(done => ch.on('return', m => done(order.push('return') && m)))
    ch.publish('', name(), Buffer.from('nobody'), { mandatory: true }, () => order.push('confirm'))
    const m = await returned
    await ch.waitForConfirms()
    assert.deepStrictEqual([m.fields.replyCode, m.fields.replyText], [312, 'NO_ROUTE'])
    assert.strictEqual(m.content.toString(), 'nobody')
    assert.deepStrictEqual(order, ['return', 'confirm'])
  }),

  get_counts_what_is_left: () => session(async ch => {
    const q = await queue(ch)
    assert.strictEqual(await ch.get(q), false)
    for (let i = 0; i < 3; i++) await put(ch, '', q, 'x')
    assert.strictEqual((await ch.get(q)).fields.messageCount, 2)
    assert.strictEqual((await ch.checkQueue(q)).messageCount, 2)
    assert.strictEqual((await ch.purgeQueue(q)).messageCount, 2)
  }),

  // amqplib has no calls for transactions of its own, so they are made of its method table.
  transactions: () => session(async (ch, c) => {
    const defs = require(path.join(__dirname, 'node_modules/amqplib/lib/defs'))
    const q = await queue(ch)
    const t = await c.createChannel()
    const tx = verb => t.rpc(defs[`Tx${verb}`], {}, defs[`Tx${verb}Ok`])
    await tx('Select')
    t.sendToQueue(q, Buffer.from('no'))
    await tx('Rollback')
    t.sendToQueue(q, Buffer.from('yes'))
    assert.deepStrictEqual(await bodies(ch, q), [])
    await tx('Commit')
    const m = await t.get(q)
    assert.strictEqual(m.content.toString(), 'yes')
    t.ack(m)
    await tx('Rollback')
    t.ack(m)
    await tx('Commit')
    await t.close()
    assert.deepStrictEqual(await bodies(ch, q), [])
  }),

  recover: () => session(async ch => {
    const q = await queue(ch)
    await put(ch, '', q, 'x')
    assert(!(await ch.get(q)).fields.redelivered)
    await ch.recover()
    assert((await ch.get(q)).fields.redelivered)
  }),

  cancel_notify: () => session(async (ch, c) => {
    const q = await queue(ch)
    const told = new Promise(done => ch.consume(q, done, { consumerTag: 'me' }))
    await ch.checkQueue(q)
    await (await c.createChannel()).deleteQueue(q)
    assert.strictEqual(await told, null)
  }),

  exclusive_queues_go_with_their_connection: async () => {
    let q
    await session(async ch => {
      q = await queue(ch)
      await refused(405, `RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '${q}'`,
        other => other.checkQueue(q))
    })
    await refused(404, `NOT_FOUND - no queue '${q}' in vhost '/'`, ch => ch.checkQueue(q))
  },

  auto_delete_queues_go_with_their_last_consumer: () => session(async ch => {
    const q = await queue(ch, { autoDelete: true })
    await ch.consume(q, () => {}, { consumerTag: 'c' })
    await ch.cancel('c')
    await refused(404, 'no queue', other => other.checkQueue(q))
  }),

  errors: async () => {
    await refused(404, "NOT_FOUND - no exchange 'nope' in vhost '/'",
      ch => ch.publish('nope', '', Buffer.from('')))
    await refused(404, "NOT_FOUND - no queue 'nope' in vhost '/'", ch => ch.get('nope'))
    const q = name()
    await refused(406, `PRECONDITION_FAILED - inequivalent arg 'durable' for queue '${q}' in ` +
      "vhost '/': received 'true' but current is 'false'", async ch => {
      await ch.assertQueue(q, { durable: false, autoDelete: true })
      await ch.assertQueue(q, { durable: true, autoDelete: true })
    })
    await refused(406, 'PRECONDITION_FAILED - unknown delivery tag 99',
      ch => ch.ack({ fields: { deliveryTag: 99 } }))
    await refused(403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix",
      ch => ch.assertExchange('amq.mine', 'direct'))
    await refused(406, "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.direct'",
      ch => ch.assertExchange('amq.direct', 'fanout'))
    await refused(403, 'ACCESS_REFUSED - operation not permitted on the default exchange',
      async ch => ch.bindQueue(await queue(ch), '', 'k'))
    await refused(403, 'in exclusive use', async ch => {
      const mine = await queue(ch)
      await ch.consume(mine, () => {}, { exclusive: true })
      await ch.consume(mine, () => {})
    })
  },

  bad_logins: async () => {
    for (const who of ['guest:wrong', 'nobody:guest']) {
      await assert.rejects(amqp.connect(`amqp://${who}@127.0.0.1:${port}/`),
        /403 \(ACCESS-REFUSED\).*Login was refused using authentication mechanism PLAIN/)
    }
    await assert.rejects(amqp.connect(`amqp://127.0.0.1:${port}/nope`),
      /ConnectionClose/)
  },

  connection_errors: async () => {
    const c = await connect()
    const closed = new Promise(done => c.on('error', done))
    const ch = await c.createChannel()
    ch.on('error', () => {})
    const q = await queue(ch)
    await ch.consume(q, () => {}, { consumerTag: 't' })
    ch.consume(q, () => {}, { consumerTag: 't' }).catch(() => {})
    const e = await Promise.race([closed, sleep(30000).then(() => new Error('not closed'))])
    assert.strictEqual(e.code, 530, e.message)
    assert(e.message.includes("attempt to reuse consumer tag 't'"), e.message)
  },

  large_bodies: () => session(async ch => {
    const q = await queue(ch)
    for (const n of [0, 1, 131064, 131065, 3 << 20]) {
      await put(ch, '', q, Buffer.alloc(n, 'x'))
      assert.strictEqual((await ch.get(q, { noAck: true })).content.length, n)
    }
  }),

  consumer_sees_all_in_order: () => session(async ch => {
    const q = await queue(ch, { durable: true })
    for (let i = 0; i < 2000; i++) ch.sendToQueue(q, Buffer.from(String(i)), persistent)
    await ch.waitForConfirms()
    await ch.prefetch(50)
    const got = []
    await new Promise(done => ch.consume(q, m => {
      if (!m) return   // the queue is deleted at the end
      got.push(Number(m.content))
      ch.ack(m)
      if (got.length === 2000) done()
    }))
    assert(got.every((n, i) => n === i))
    await ch.deleteQueue(q)
  }),

  crash_keeps_what_was_confirmed: async () => {
    const [x, q, fleeting] = [name(), name(), name()]
    await session(async (ch, c) => {
      await ch.assertExchange(x, 'topic')
      await ch.assertQueue(q)
      await ch.assertQueue(fleeting, { durable: false })
      await ch.bindQueue(q, x, 'a.#')
      for (let i = 0; i < 100; i++) ch.publish(x, 'a.b', Buffer.from(String(i)), persistent)
      await put(ch, x, 'a.b', 'transient')
      assert.strictEqual((await ch.get(q)).content.toString(), '0')   // stays unacked
      const closed = new Promise(done => c.on('close', done))
      await broker('crash')
      await closed
    })
    await broker('start')
    await session(async ch => {
      await put(ch, x, 'a.c', '100', persistent)
      assert.deepStrictEqual((await bodies(ch, q)).map(Number), [...Array(101).keys()])
      await ch.deleteQueue(q)
      await ch.deleteExchange(x)
    })
    await refused(404, 'no queue', ch => ch.checkQueue(fleeting))
  },

  streams: () => session(async ch => {
    const q = name()
    const range = (from, to) => [...Array(to).keys()].slice(from)
    await ch.assertQueue(q, { durable: true, arguments: { 'x-queue-type': 'stream' } })
    await ch.prefetch(5)
    for (const i of range(0, 10)) await put(ch, '', q, String(i))
    await sleep(1100)
    const since = { '!': 'timestamp', value: Math.floor(Date.now() / 1000) }
    for (const i of range(10, 20)) await put(ch, '', q, String(i))
    assert.deepStrictEqual(await offsets(ch, q, 'first', 20), range(0, 20))
    assert.deepStrictEqual(await offsets(ch, q, since, 10), range(10, 20))
    assert.deepStrictEqual(await offsets(ch, q, 7, 13), range(7, 20))
    await ch.deleteQueue(q)
  }),

  stopping_says_so: async () => {
    const c = await connect()
    const closed = new Promise(done => c.on('close', done))
    const [e] = await Promise.all([closed, broker('stop')])
    await broker('start')
    assert.strictEqual(e.code, 320)
    assert(e.message.includes('CONNECTION_FORCED - broker forced connection closure'), e.message)
  },
}

async function main() {
  let failed = 0
  for (const [what, run] of Object.entries(cases)) {
    try {
      await run()
      console.log(`ok ${what}`)
    } catch (e) {
      failed++
      console.log(`FAIL ${what}: ${String(e.message).replaceAll('\n', ' ')}`)
    }
  }
  process.exit(failed ? 1 : 0)
}

main()
