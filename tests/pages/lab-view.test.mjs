// Which stretch the plot shows, and what is said before a run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as view from '../../web/pages/src/lab/view.js'
import * as plan from '../../web/pages/src/lab/plan.js'
import * as prediction from '../../web/pages/src/lab/prediction.js'

const live = () => view.begin(0)

test('a run of known length is shown whole, another one by its newest half minute', () => {
  let v = view.settle(view.begin(1200), -10, 30)
  assert.deepEqual([v.from, v.to], [-10, 1200])
  v = view.settle(live(), 0, 12)
  assert.deepEqual([v.from, v.to], [0, 30])
  v = view.settle(v, 0, 50)
  assert.deepEqual([v.from, v.to], [20, 50])
})

test('what the viewer chose stays while data flow', () => {
  for (const change of [(v) => view.pan(v, -0.25), (v) => view.zoom(v, 2, 25), (v) => view.show(v, 20, 22), (v) => view.home(v, 0)]) {
    const v = change(view.settle(live(), 0, 50))
    assert.equal(v.edge, '')
    assert.equal(view.settle(v, 0, 500), v)
  }
})

test('"follow" brings the edge back with the width that was chosen', () => {
  const v = view.settle(view.follow(view.show(live(), 10, 15)), 0, 80)
  assert.deepEqual([v.from, v.to], [75, 80])
})

test('keys zoom at the live edge without leaving it, a pointer holds its place', () => {
  const v = view.settle(live(), 0, 50)
  const keys = view.zoom(v, 2)
  assert.deepEqual([keys.from, keys.to, keys.edge], [35, 50, 'span'])
  const pointer = view.zoom(v, 2, 30)
  assert.deepEqual([pointer.from, pointer.to, pointer.edge], [25, 40, ''])
})

test('zooming ends at a millisecond', () => {
  let v = view.show(live(), 0, 1)
  for (let i = 0; i < 50; i++) v = view.zoom(v, 2, 0.5)
  assert.ok(v.to - v.from >= view.SPAN_MIN * 0.999)
})

test('two fingers keep the times under them', () => {
  const v = view.pinch(view.show(live(), 0, 10), [2, 8], [0.4, 0.6])
  assert.ok(Math.abs(v.from + (v.to - v.from) * 0.4 - 2) < 1e-9)
  assert.ok(Math.abs(v.from + (v.to - v.from) * 0.6 - 8) < 1e-9)
  const same = view.show(live(), 0, 10)
  assert.equal(view.pinch(same, [2, 8], [0.5, 0.5]), same)
})

test('an axis grows at once and shrinks only when less than half is used', () => {
  const a = view.range(null, 0, 10)
  assert.ok(a[0] < 0 && a[1] > 10)
  assert.equal(view.range(a, 1, 9), a)
  assert.ok(view.range(a, 0, 20)[1] > 20)
  assert.ok(view.range(a, 4, 5)[1] < 6)
  assert.equal(view.range(a, Infinity, -Infinity), a)
  const flat = view.range(null, 5, 5)
  assert.ok(flat[0] < 5 && flat[1] > 5)
})

test('a selection may be drawn in either direction, and is none when it has no width', () => {
  assert.deepEqual(view.ordered([5, 2]), [2, 5])
  assert.equal(view.ordered([5, 5]), null)
  assert.equal(view.ordered(null), null)
  const v = view.show(live(), 0, 10)
  assert.deepEqual(view.extend(view.extend(null, 0.1, v, 4), 0.1, v), [4, 6])
})

// ---- Before a run ----------------------------------------------------------------------------------------------------

const cooling = {
  experiment: 'cooling',
  duration_ms: 1200000,
  pre_ms: 10000,
  channels: [
    { channel: 'water', kind: 'point', target: 'probe-1.temperature', rate_hz: 2, fastest_hz: 5 },
    { channel: 'air', kind: 'point', target: 'air.temperature', rate_hz: 0.5 },
    { channel: 'diff', kind: 'derived', formula: 'water - air', rate_hz: 2 },
  ],
  fields: [
    { field: 'operator', required: true },
    { field: 'note', required: false },
  ],
}

test('rate, duration and size are known before the start', () => {
  const p = plan.plan(cooling)
  assert.equal(p.hz, 4.5)
  assert.equal(p.samples, Math.round(4.5 * 1210))
  assert.ok(p.bytes > p.samples && p.bytes < p.samples * 9)
  assert.equal(plan.plan({ ...cooling, repeat: 3 }).samples, 3 * p.samples)
  assert.ok(Number.isNaN(plan.plan({ ...cooling, duration_ms: undefined }).samples))
  assert.ok(Number.isNaN(plan.plan({ ...cooling, sample: 'by hand' }).samples))
})

test('a rate that a sensor cannot do is told as what it can', () => {
  assert.equal(plan.rate({ rate_hz: 100, fastest_hz: 40 }), 40)
  assert.deepEqual(plan.rates(cooling).map((r) => [r.hz, r.channels.map((c) => c.channel)]), [[2, ['water']], [0.5, ['air']]])
})

test('a sensor that is away is named with its channels', () => {
  const devices = { 'probe-1': { status: 'online' }, air: { status: 'away', reason: 'no answer', remedy: { vi: 'x' } } }
  assert.deepEqual(plan.missing(cooling, devices).map((s) => [s.device, s.channels]), [['air', ['air']]])
  assert.deepEqual(plan.missing(cooling, {}).length, 2)
})

test('what is required and not answered is named, spaces are no answer, and only what was asked is sent', () => {
  assert.deepEqual(plan.unanswered(cooling, { operator: '  ' }), ['operator'])
  assert.deepEqual(plan.unanswered(cooling, { operator: 'Lan' }), [])
  assert.deepEqual(plan.metadata(cooling, { operator: ' Lan ', note: '', other: 'x' }), { operator: 'Lan' })
})

test('numbers are taken as people type them, and nothing is guessed', () => {
  const cases = [['12,5', 12.5], [' -3.2e4 ', -32000], ['−7', -7], [',5', 0.5], ['5.', 5], ['1.234,5', NaN], ['', NaN], ['12 cm', NaN], ['--1', NaN]]
  for (const [text, value] of cases) assert.ok(Object.is(plan.typedNumber(text), value), text)
})

// ---- The prediction --------------------------------------------------------------------------------------------------

test('points lie in order of time, one for each', () => {
  let p = []
  for (const [t, v] of [[5, 1], [1, 2], [3, 3], [3, 4], [NaN, 1]]) p = prediction.add(p, t, v)
  assert.deepEqual(p, [[1, 2], [3, 4], [5, 1]])
  assert.equal(prediction.valueAt(p, 2), 3)
  assert.ok(Number.isNaN(prediction.valueAt(p, 6)))
})

test('a stroke takes the place of what was there, also from right to left, and stays small', () => {
  const p = prediction.sketch([[0, 0], [5, 5], [9, 9]], [[6, 1], [4, 2]])
  assert.deepEqual(p, [[0, 0], [4, 2], [6, 1], [9, 9]])
  const long = Array.from({ length: 5000 }, (_, i) => [i, i])
  assert.equal(prediction.sketch([], long).length, 500)
})

test('typed points: one a line, with comma or point; a wrong line is named', () => {
  assert.deepEqual(prediction.parse('0; 20\n1,5\t18,2\n\n3 17.5'), { points: [[0, 20], [1.5, 18.2], [3, 17.5]], wrong: [] })
  assert.deepEqual(prediction.parse('0; 20\nx 1\n1 2 3').wrong, [2, 3])
})

test('values that differ by rounding only get an axis that can be counted', () => {
  const [lo, hi] = view.range(null, 1.96, 1.9600000000000002)
  assert.ok(hi - lo > 0.1)
  assert.ok(view.range(null, 0, 0)[1] > 0)
  assert.ok(view.range(null, -1e-300, 1e-300)[1] > 0)
})
