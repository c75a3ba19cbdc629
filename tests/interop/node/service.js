// SPDX-License-Identifier: Apache-2.0
// A service of the pub/sub stage: takes messages from a durable queue, notes each in a file, then
// acks it.  usage: node service.js PORT QUEUE FILE
'use strict'
const fs = require('node:fs')
const amqp = require('amqplib')

async function main() {
  const [port, queue, name] = process.argv.slice(2)
  const file = fs.openSync(name, 'a')
  const c = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}/`)
  const ch = await c.createChannel()
  await ch.prefetch(100)
  await ch.consume(queue, m => {
    fs.writeSync(file, `${m.content} ${m.fields.redelivered ? 1 : 0}\n`)
    ch.ack(m)
  })
}

main()
