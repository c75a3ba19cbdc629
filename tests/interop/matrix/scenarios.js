// SPDX-License-Identifier: Apache-2.0
// Runs a Node client's scenarios. A driver has a function for each scenario, under the name it has
// in ../scenarios.tsv; a string instead of a function says why the client has no way to do it.
// `part` makes a function of which the client can do only a part.
'use strict'
const assert = require('node:assert')
const { execFile } = require('node:child_process')
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')

const limit = 60000
const port = process.argv[2]
const url = `amqp://guest:guest@127.0.0.1:${port}/`
const name = () => `m-${randomUUID()}`
const sleep = ms => new Promise(done => setTimeout(done, ms))
const range = n => [...Array(n).keys()]
const sizes = frameMax => [0, 1, 4096, frameMax - 8, frameMax, 1048577]
const pattern = n => Buffer.from(Uint8Array.from({ length: n }, (_, i) => (i * 7) % 251))
const broker = verb => promisify(execFile)(path.join(__dirname, '..', 'broker.sh'), [verb])

async function wait(until, ms = 30000) {
  const end = Date.now() + ms
  while (!until() && Date.now() < end) await sleep(20)
}

// So many come, and no more in a while.
async function comes(got, n) {
  await wait(() => got.length >= n)
  await sleep(200)
  assert.strictEqual(got.length, n)
}

// What runs is the part of a scenario that the client can do; why says what it cannot.
const part = (why, run) => Object.assign(() => run(), { part: why })

function late() {
  let timer
  const promise = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not done in ${limit} ms`)), limit)
  })
  return { promise, stop: () => clearTimeout(timer) }
}

// Runs all scenarios, or those whose numbers stand behind the port.
async function main(cases) {
  const file = path.join(__dirname, '..', 'scenarios.tsv')
  const chosen = process.argv.slice(3)
  let failed = 0
  process.on('unhandledRejection', () => {})
  for (const line of fs.readFileSync(file, 'utf8').trim().split('\n')) {
    const [number, what] = line.split('\t')
    const run = cases[what]
    if (chosen.length && !chosen.includes(number)) continue
    if (typeof run === 'string') {
      console.log(`none ${number} ${what}: ${run}`)
      continue
    }
    const clock = late()
    try {
      await Promise.race([run(), clock.promise])
      console.log(run.part ? `part ${number} ${what}: ${run.part}` : `ok ${number} ${what}`)
    } catch (e) {
      failed++
      const why = String(e.message).split(/\s+/).join(' ').slice(0, 500)
      console.log(`FAIL ${number} ${what}: ${why}`)
    }
    clock.stop()
  }
  process.exit(failed ? 1 : 0)
}

module.exports = { main, part, port, url, name, sleep, range, sizes, pattern, broker, wait, comes }
