// The samples of a run in the page: what is kept, what is drawn, what is asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUCKETS, Overview } from '../../web/pages/src/lab/overview.js'
import { Trace } from '../../web/pages/src/lab/trace.js'
import { Columns, fromOverview, fromTrace } from '../../web/pages/src/lab/columns.js'
import { RunData, withGaps } from '../../web/pages/src/lab/data.js'

const sine = (t) => Math.sin(t)
function block(t0, dt, n, f = sine) {
  return Float64Array.from({ length: n }, (_, i) => f(t0 + i * dt))
}
function drawn(trace, from, to, px) {
  const out = new Columns(4)
  out.clear()
  fromTrace(trace, from, to, (to - from) / px, out)
  return out
}

test('a ring keeps the newest samples and says from when on it is whole', () => {
  const trace = new Trace(1024)
  for (let i = 0; i < 50; i++) trace.push(i, 0.01, block(i, 0.01, 100))
  assert.equal(trace.n, 1024)
  assert.equal(trace.count, 5000)
  assert.ok(Math.abs(trace.last - 49.99) < 1e-9)
  assert.equal(trace.whole, false)
  assert.ok(Math.abs(trace.rawFrom - (50 - 10.24)) < 1e-9)
})

test('what is told twice after a reconnection counts once', () => {
  const trace = new Trace(1024)
  trace.push(0, 0.1, block(0, 0.1, 20))
  trace.push(1, 0.1, block(1, 0.1, 20))
  assert.equal(trace.count, 30)
  for (let i = 1; i < trace.n; i++) assert.ok(trace.t[trace.at(i)] > trace.t[trace.at(i - 1)])
})

test('a gap that the room tells is a break, and no hole', () => {
  const trace = new Trace(1024)
  trace.push(0, 0.1, block(0, 0.1, 10))
  trace.push(3, 0.1, block(3, 0.1, 10), null, 20)
  assert.equal(trace.lost, 20)
  assert.equal(trace.holes.length, 0)
  const c = drawn(trace, 0, 4, 400)
  assert.equal(c.cut.slice(0, c.n).reduce((n, x) => n + x, 0), 2, 'the beginning, and behind the gap')
})

test('a stretch that was not told is a hole until it is filled, and then no gap', () => {
  const trace = new Trace(1024)
  trace.push(0, 0.1, block(0, 0.1, 10))
  trace.push(2, 0.1, block(2, 0.1, 10))
  assert.equal(trace.holes.length, 1)
  assert.equal(drawn(trace, 0, 3, 300).cut.slice(0, 20).filter(Boolean).length, 2)
  const times = Array.from({ length: 12 }, (_, i) => 0.9 + i * 0.1)
  trace.fill(0.9, 2.05, times, times.map(sine))
  assert.equal(trace.holes.length, 0)
  assert.equal(trace.count, 30)
  const c = drawn(trace, 0, 3, 300)
  assert.equal(c.cut.slice(0, c.n).filter(Boolean).length, 1)
  assert.equal(c.samples, 30)
})

test('an interval that shakes is no hole', () => {
  const trace = new Trace(1024)
  trace.push(0, 0.1, block(0, 0.1, 10))
  trace.push(1.06, 0.1, block(1.06, 0.1, 10))
  assert.equal(trace.holes.length, 0)
})

test('the overview of a run of any length has the same size and every extreme', () => {
  const o = new Overview()
  let least = Infinity
  let most = -Infinity
  for (let i = 0; i < 3_000_000; i++) {
    const v = i === 1_234_567 ? 99 : Math.sin(i / 1000)
    least = Math.min(least, v)
    most = Math.max(most, v)
    o.add(-5 + i / 1000, v, 0.001)
  }
  assert.ok(o.n <= BUCKETS)
  assert.ok(o.width <= 4)
  const out = new Columns()
  out.clear()
  fromOverview(o, -10, 4000, 1, out)
  assert.deepEqual(out.extent(-10, 4000), [least, most])
  assert.equal(out.cut.slice(0, out.n).filter(Boolean).length, 1)
})

test('samples that come before the first bucket find room', () => {
  const o = new Overview(16)
  o.merge(10, 1, 1, 1)
  o.merge(7, 2, 2, 1)
  assert.equal(o.time(0), 7.5)
  assert.equal(o.hi[0], 2)
  o.merge(-20, 3, 3, 1)
  assert.ok(o.n <= 16)
  const out = new Columns()
  out.clear()
  fromOverview(o, -30, 30, 0.1, out)
  assert.deepEqual(out.extent(-30, 30), [1, 3])
})

test('a spike of one sample is in the columns however few there are', () => {
  const trace = new Trace()
  trace.push(0, 0.001, block(0, 0.001, 100_000, (t) => (Math.abs(t - 55.5) < 1e-4 ? 7 : 0)))
  const c = drawn(trace, 0, 100, 300)
  assert.equal(c.samples, 100_000)
  assert.ok(c.n <= 302)
  assert.equal(c.extent(0, 100)[1], 7)
})

test('columns lie on a grid of time: what moves to the left does not change its shape', () => {
  const trace = new Trace()
  trace.push(0, 0.001, block(0, 0.001, 20_000, (t) => Math.sin(t * 900)))
  const one = drawn(trace, 2, 12, 500)
  const two = drawn(trace, 2.02 * 1, 12.02, 500)
  const at = (c, t) => [...c.t.slice(0, c.n)].findIndex((x) => Math.abs(x - t) < 1e-9)
  const t = one.t[250]
  assert.ok(at(two, t) > 0)
  assert.equal(one.hi[250], two.hi[at(two, t)])
})

// ---- RunData ------------------------------------------------------------------------------------------------------

function rig(answer) {
  const asked = []
  const waits = []
  const data = new RunData({
    run: 'r',
    channels: ['a', 'b'],
    call: async (method, params) => {
      asked.push([method, params])
      return answer(params, asked.length)
    },
    wait: (fn, ms) => waits.push([fn, ms]),
  })
  return { data, asked, waits }
}
const head = (channel, t_ms, n, interval_us = 1000, more = {}) => ({ run: 'r', channel, t_ms, n, interval_us, ...more })

test('a short run is read whole, following "more"', async () => {
  const { data, asked } = rig((p, n) => ({
    channels: [{ channel: 'a', t: n === 1 ? [0, 1] : [2, 3], value: [n, null], gaps: n === 1 ? [] : [[2, 5]] }],
    ...(n === 1 && { more: 1.5 }),
  }))
  await data.load({ a: 4 }, 4)
  assert.equal(asked.length, 2)
  assert.equal(asked[1][1].from, 1.5)
  const trace = data.traces.get('a')
  assert.equal(trace.count, 2)
  assert.equal(data.lacks(0, 4, 100), false)
  assert.equal(data.to, 4)
})

test('a long run is looked at in columns, and what is zoomed into is read once', async () => {
  const { data, asked } = rig((p) => ({
    channels: ['a', 'b'].map((channel) => ({
      channel,
      t: Array.from({ length: p.width }, (_, i) => (p.from ?? 0) + (i + 0.5) * (((p.to ?? 1000) - (p.from ?? 0)) / p.width)),
      min: Array(p.width).fill(-1),
      max: Array(p.width).fill(1),
      gap: Array(p.width).fill(false),
    })),
  }))
  await data.load({ a: 1e6, b: 1e6 }, 1000)
  assert.equal(asked[0][1].width, 2000)
  const out = new Columns()
  assert.deepEqual(data.columns('a', 0, 1000, 800, out).extent(0, 1000), [-1, 1])
  data.want(0, 1000, 800)
  assert.equal(asked.length, 1, 'the overview is fine enough')
  data.want(100, 120, 800)
  await new Promise(setImmediate)
  assert.equal(asked.length, 2)
  assert.equal(asked[1][1].width, 1600)
  data.want(101, 121, 800)
  await new Promise(setImmediate)
  assert.equal(asked.length, 2, 'half a width to each side was read with it')
  data.columns('a', 100, 120, 800, out)
  assert.ok(out.n > 700)
})

test('zoomed in far enough, samples are read instead of columns', async () => {
  const { data, asked } = rig((p) => {
    const t = p.width ? Array.from({ length: p.width }, (_, i) => i * 0.5) : [10, 10.001, 10.002]
    return {
      channels: ['a', 'b'].map((channel) =>
        p.width
          ? { channel, t, min: t.map(() => 0), max: t.map(() => 1), gap: t.map(() => false) }
          : { channel, t, value: [1, 2, 3], gaps: [] },
      ),
    }
  })
  await data.load({ a: 1e6, b: 1e6 }, 1000)
  data.want(10, 10.5, 800)
  await new Promise(setImmediate)
  assert.equal(asked[1][1].width, undefined)
  const out = new Columns()
  data.columns('a', 10, 10.5, 800, out)
  assert.equal(out.last[out.n - 1], 3)
})

test('live blocks need no question, a hole among them is read once for all channels', async () => {
  const { data, asked, waits } = rig(() => ({
    channels: ['a', 'b'].map((channel) => ({ channel, t: [0.099, 0.1, 0.2, 0.299], value: [1, 2, 3, 4], gaps: [] })),
  }))
  for (const c of ['a', 'b']) {
    data.block(head(c, 0, 100), new Float64Array(100))
    data.block(head(c, 300, 100), new Float64Array(100))
  }
  assert.equal(asked.length, 0)
  assert.equal(waits.length, 1)
  await waits[0][0]()
  assert.equal(asked.length, 1)
  assert.equal(asked[0][1].from, 0.099)
  for (const c of ['a', 'b']) assert.equal(data.traces.get(c).holes.length, 0)
})

test('irregular samples bring their times', () => {
  const { data } = rig(() => ({ channels: [] }))
  data.block(head('a', 500, 2, 0), Float64Array.of(10, 20, 0.5, 1.75))
  const trace = data.traces.get('a')
  assert.deepEqual([trace.first, trace.last, trace.value], [0.5, 1.75, 20])
  data.block(head('a', 3000, 1, 0), Float64Array.of(30))
  assert.equal(trace.last, 3)
  assert.equal(trace.holes.length, 0)
})

test('a channel that nobody knows, and a block without values, change nothing', () => {
  const { data } = rig(() => ({ channels: [] }))
  data.block(head('x', 0, 1), Float64Array.of(1))
  data.block(head('a', 0, 0), new Float64Array(0))
  assert.equal(data.version, 0)
})

test('gaps of an answer become breaks between the samples', () => {
  const { t, v } = withGaps({ t: [0, 1, 5], value: [1, 2, null], gaps: [[5, 3]] })
  assert.deepEqual(t, [0, 1, 3, 5])
  assert.deepEqual(v, [1, 2, NaN, NaN])
})

test('an hour of 8 kHz stays within its memory', () => {
  const { data } = rig(() => ({ channels: [] }))
  const values = new Float64Array(1000)
  for (let s = 0; s < 3600; s++) data.block(head('a', s * 1000, 1000), values)
  const trace = data.traces.get('a')
  assert.ok(trace.t.length + trace.v.length <= 2 * 131072)
  assert.equal(trace.count, 3_600_000)
})
