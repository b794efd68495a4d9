// The connection: it outlives lost sockets, asks again what may be asked again, and notices silence. Time is the test's own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEAD, DOUBT, Link, SILENT, readBlock } from '../../web/pages/src/lib/link.js'

class Socket {
  constructor() {
    this.sent = []
    this.closed = false
  }
  send(text) {
    this.sent.push(JSON.parse(text))
  }
  close() {
    this.closed = true
  }
  gets(message) {
    this.onmessage?.({ data: typeof message === 'string' || message instanceof ArrayBuffer ? message : JSON.stringify(message) })
  }
  hello(boot = 'b1') {
    this.gets({ method: 'hello', params: { room: { boot } } })
  }
  breaks() {
    this.onclose?.()
  }
  calls(method) {
    return this.sent.filter((m) => m.method === method)
  }
}

// A link in a world where time passes when the test says so.
function stage() {
  const s = { time: 0, sleep: 0, sockets: [], states: [], messages: [], blocks: [], failures: [], timers: new Map(), ids: 0 }
  const world = {
    open: () => {
      const socket = new Socket()
      s.sockets.push(socket)
      return socket
    },
    now: () => s.time,
    wall: () => s.time + s.sleep,
    random: () => 0.5,
    setTimeout: (fn, ms) => {
      s.timers.set(++s.ids, { fn, at: s.time + ms })
      return s.ids
    },
    clearTimeout: (id) => s.timers.delete(id),
    uuid: () => `id-${++s.ids}-0123456789abcdef`,
  }
  s.link = new Link(world, {
    message: (method, params) => s.messages.push([method, params]),
    block: (head, values) => s.blocks.push([head, [...values]]),
    state: (x) => s.states.push(x),
    failed: (n) => s.failures.push(n),
  })
  s.pass = (ms) => {
    const end = s.time + ms
    for (;;) {
      const due = [...s.timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at)[0]
      if (!due) break
      s.timers.delete(due[0])
      s.time = Math.max(s.time, due[1].at)
      due[1].fn()
    }
    s.time = end
  }
  s.last = () => s.sockets.at(-1)
  s.link.start()
  return s
}

test('a request waits for hello, and its answer settles it', async () => {
  const s = stage()
  const answer = s.link.call('scene.list')
  assert.deepEqual(s.last().sent, [])
  s.last().hello()
  const [{ id, method }] = s.last().sent
  assert.equal(method, 'scene.list')
  s.last().gets({ jsonrpc: '2.0', id, result: { scenes: [] } })
  assert.deepEqual(await answer, { scenes: [] })
})

test('an error of the room rejects with its code and what helps', async () => {
  const s = stage()
  s.last().hello()
  const answer = s.link.call('point.write', { target: 'a.b', value: 1 })
  s.last().gets({ id: s.last().sent[0].id, error: { code: -32004, message: 'away', data: { remedy: { vi: 'x' } } } })
  await assert.rejects(answer, (e) => e.code === -32004 && e.data.remedy.vi === 'x')
})

test('what was under way is sent again under the same id after a reconnection', async () => {
  const s = stage()
  s.last().hello()
  const answer = s.link.call('scene.start', { scene: 'lesson' })
  const { id } = s.last().sent[0]
  s.last().breaks()
  assert.equal(s.states.at(-1), 'closed')
  s.pass(1000)
  assert.equal(s.sockets.length, 2)
  s.last().hello()
  assert.equal(s.last().calls('scene.start')[0].id, id)
  s.last().gets({ id, result: { run: 'r' } })
  assert.deepEqual(await answer, { run: 'r' })
})

test('after a restart of the room a change is not repeated, a question is', async () => {
  const s = stage()
  s.last().hello('b1')
  const change = s.link.call('scene.start', { scene: 'lesson' })
  s.link.call('scene.list').catch(() => {})
  s.last().breaks()
  s.pass(1000)
  s.last().hello('b2')
  await assert.rejects(change, (e) => e.code === 'unknown')
  assert.equal(s.last().calls('scene.start').length, 0)
  assert.equal(s.last().calls('scene.list').length, 1)
})

test('a change that was never sent is sent to the room that there is', () => {
  const s = stage()
  s.last().hello('b1')
  s.last().breaks()
  s.link.call('scene.start', { scene: 'lesson' }).catch(() => {})
  s.pass(1000)
  s.last().hello('b2')
  assert.equal(s.last().calls('scene.start').length, 1)
})

test('a request without an answer ends at its deadline', async () => {
  const s = stage()
  s.last().hello()
  const answer = s.link.call('point.write', { target: 'a.b' }, { timeout: 3000 })
  s.pass(3000)
  await assert.rejects(answer, (e) => e.code === 'timeout')
  assert.equal(s.link.calls.size, 0)
})

test('attempts become rarer, up to some seconds, and all are made', () => {
  const s = stage()
  const at = []
  for (let i = 0; i < 12; i++) {
    s.last().breaks()
    const n = s.sockets.length
    while (s.sockets.length === n) s.pass(10)
    at.push(s.time)
  }
  const gaps = at.slice(1).map((t, i) => t - at[i])
  assert.ok(gaps[0] < 400, `${gaps}`)
  assert.ok(gaps.at(-1) >= 4000 && gaps.at(-1) <= 8100, `${gaps}`)
})

test('silence is asked about, then doubted, then ended', () => {
  const s = stage()
  s.last().hello()
  s.pass(SILENT + 1000)
  assert.equal(s.last().calls('web.follow').length, 1)
  s.pass(DOUBT + 1000)
  assert.equal(s.states.at(-1), 'silent')
  s.last().gets({ method: 'state', params: {} })
  assert.equal(s.states.at(-1), 'open')
  const first = s.last()
  s.pass(DEAD + 3000)
  assert.ok(first.closed)
  assert.ok(s.sockets.length > 1)
})

test('a machine that slept reconnects at once, one that did not keeps its connection', () => {
  const s = stage()
  s.last().hello()
  s.link.wake()
  assert.equal(s.sockets.length, 1)
  s.sleep = 3_600_000 // the wall went on, the page's own clock did not
  s.link.wake()
  assert.equal(s.sockets.length, 2)
  assert.equal(s.states.at(-1), 'opening')
})

test('a page whose network went is told at once and tries again when it is back', () => {
  const s = stage()
  s.last().hello()
  s.link.sleep()
  assert.equal(s.states.at(-1), 'closed')
  s.link.wake()
  assert.equal(s.sockets.length, 2)
})

test('no more than 32 requests are under way, the others follow', () => {
  const s = stage()
  s.last().hello()
  for (let i = 0; i < 40; i++) s.link.call('point.read', { target: `a.p${i}` }).catch(() => {})
  assert.equal(s.last().sent.length, 32)
  s.last().gets({ id: s.last().sent[0].id, result: {} })
  assert.equal(s.last().sent.length, 33)
})

test('what a left room says reaches nobody', async () => {
  const s = stage()
  s.last().hello()
  const answer = s.link.call('scene.list')
  const { id } = s.last().sent[0]
  const socket = s.last()
  s.link.stop()
  await assert.rejects(answer, (e) => e.code === 'closed')
  const n = s.messages.length
  socket.gets({ id, result: {} })
  socket.gets({ method: 'state', params: {} })
  assert.equal(s.messages.length, n)
  s.pass(60_000)
  assert.equal(s.sockets.length, 1)
})

function block(head, values) {
  const json = new TextEncoder().encode(JSON.stringify(head))
  const start = Math.ceil((4 + json.length) / 8) * 8
  const data = new ArrayBuffer(start + 8 * values.length)
  new DataView(data).setUint32(0, json.length, true)
  new Uint8Array(data).fill(32, 4, start).set(json, 4)
  new Float64Array(data, start).set(values)
  return data
}

test('a block of samples is read, one that is none is dropped', () => {
  const s = stage()
  s.last().hello()
  s.last().gets(block({ run: 'r', channel: 'c' }, [1.5, NaN, 3]))
  assert.deepEqual(s.blocks[0], [{ run: 'r', channel: 'c' }, [1.5, NaN, 3]])
  const cut = block({ run: 'r' }, [1]).slice(0, -3)
  const lies = new ArrayBuffer(16)
  new DataView(lies).setUint32(0, 4_000_000_000, true)
  for (const bad of [cut, lies, new ArrayBuffer(2), new ArrayBuffer(8)]) assert.equal(readBlock(bad), null)
  s.last().gets('{"half')
  assert.equal(s.states.at(-1), 'open')
})
